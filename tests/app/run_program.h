// The product's program as a user runs it.
#pragma once

#include <string>
#include <vector>

#include "tests/scenarios/made_capture.h"

namespace tlsnic::testing {

struct ProgramResult {
  int status = -1;  // exit status; -1: ended by a signal
  std::string out;  // standard output
  std::string err;  // standard error
};

// Runs `tlsnic arguments...` in `directory`, standard input from /dev/null.
ProgramResult run_program(const std::string& directory, const std::vector<std::string>& arguments);

// Like `find directory`: every file and folder below it, sorted.
std::vector<std::string> tree(const std::string& directory);

// A short session: x.pcap and x.keys. The server sends 2 records, the client 1.
class SmallCapture {
 public:
  SmallCapture();

  ProgramResult run(const std::vector<std::string>& arguments) const {
    return run_program(directory.path(), arguments);
  }
  std::string file(const std::string& name) const { return directory.file(name); }
  void write(const std::string& name, const std::string& text) const;

  ScratchDirectory directory;
  MadeCapture made;
  std::size_t server_data = 0;  // number of the frame with the server's first record
  std::unique_ptr<TlsConversation> tls;
};

}  // namespace tlsnic::testing
