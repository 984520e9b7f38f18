// "What if this frame had come later, twice, damaged, not at all?" - changes to a capture, by
// Wireshark frame number.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "protocol/frame.h"
#include "protocol/random.h"

namespace tlsnic::scenarios {

// All repeatable. Positions are bytes of the frame, from 0.
struct WhatIf {
  std::map<std::uint64_t, std::uint64_t> late;  // frame -> arrives after so many following frames
  std::vector<std::uint64_t> drop;
  std::vector<std::uint64_t> duplicate;  // the copy arrives right after
  // frame, byte: the byte's bits are inverted. Of a duplicated frame the first copy is changed.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> corrupt;  // checksum left as it is
  std::vector<std::pair<std::uint64_t, std::uint64_t>> tamper;   // checksum made right again
  double random_late_probability = 0;                            // for each frame with TCP payload
  std::uint64_t random_late_by = 0;
  double random_drop_probability = 0;
  std::uint64_t seed = 1;

  bool empty() const;
};

// Parse "F:N", "F", "F:BYTE", "P:N", "P" (probability, or with % per cent) into `what_if`; throw
// traces::InputError.
void add_late(WhatIf& what_if, std::string_view text);
void add_frame(std::vector<std::uint64_t>& frames, std::string_view option, std::string_view text);
void add_byte(std::vector<std::pair<std::uint64_t, std::uint64_t>>& bytes, std::string_view option,
              std::string_view text);
void set_random_late(WhatIf& what_if, std::string_view text);
void set_random_drop(WhatIf& what_if, std::string_view text);

// A frame on its way from the capture to a chip.
struct ReplayedFrame {
  std::uint64_t number = 0;
  std::optional<std::uint64_t> stream;
  bool to_server = false;  // goes to the server's end
  bool is_tls_stream = false;
  std::uint32_t sequence = 0;
  std::uint32_t payload_length = 0;
  Bytes bytes;
};

class WhatIfFilter {
 public:
  using Deliver = std::function<void(const ReplayedFrame&)>;

  WhatIfFilter(WhatIf what_if, Deliver deliver);

  // Passes on the frame as the capture has it, changed, later, twice or never.
  void frame(const ReplayedFrame& frame);
  // Releases what is still held back. Throws traces::InputError if a frame that was asked for does
  // not exist; `frames` is the capture's last frame number.
  void end(std::string_view capture, std::uint64_t frames);

 private:
  struct Held {
    ReplayedFrame frame;
    std::vector<std::uint8_t> bytes;
    std::uint64_t frames_to_wait;
  };
  static std::uint64_t direction_key(const ReplayedFrame& frame);
  void change(const ReplayedFrame& frame, std::vector<std::uint8_t>& bytes) const;
  void release(std::vector<Held>& held);

  WhatIf what_if_;
  Deliver deliver_;
  bool active_;
  Random random_;
  std::unordered_map<std::uint64_t, std::vector<Held>> held_;  // by stream and direction
};

}  // namespace tlsnic::scenarios
