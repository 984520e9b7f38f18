// What every reader of user input throws.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace tlsnic::traces {

// Input (or a file to be written) that cannot be used. what() is one line for the user:
// "FILE: PLACE: found X, expected Y".
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// `place` is a line, a frame, a byte offset or the step that failed ("open").
inline InputError input_error(std::string_view file, std::string_view place, std::string_view found,
                              std::string_view expected) {
  std::string line;
  line.append(file).append(": ").append(place).append(": found ").append(found);
  return InputError(line.append(", expected ").append(expected));
}

}  // namespace tlsnic::traces
