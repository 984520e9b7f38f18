// One of the two processes: does its steps of a plan and writes down what came of them.
#pragma once

#include <string>
#include <vector>

#include "host_stack/syscalls/process.h"
#include "tests/host_stack/syscalls/random_calls/plan.h"

namespace tlsnic::host::test {

class Caller {
 public:
  // fd: a connected socket of this process. All outlive the caller.
  Caller(Process& process, int fd, const Plan& plan, std::size_t side, std::string& log);
  ~Caller();
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  // Appends a line per step to the log. A line ends in " WRONG: ..." if the call did not return
  // what it must, or not the bytes that were sent.
  void run();

 private:
  // What a call came back with, beside errno.
  struct Outcome {
    long result = 0;
    bool has_bytes = false;  // in what_came_, `result` of them
    std::string more{};      // of the line
  };

  Outcome call(const Step& step);
  Outcome get_option(const Step& step);
  Outcome send_message(const Step& step);
  Outcome send_file(const Step& step);
  Outcome splice_in(const Step& step);
  Outcome receive_message(const Step& step);
  Outcome splice_out(const Step& step);
  Outcome poll_in();
  void write_down_call(const Step& step);
  void write_down(const Step& step, const Outcome& outcome, int error);
  std::uint8_t* bytes_to_send(const Step& step);
  std::vector<iovec> buffers(const Step& step, std::uint8_t* memory) const;

  Process& process_;
  int fd_;
  Plan plan_;  // with bytes of its own: the kernel's interface wants them writable
  std::size_t side_;
  std::string& log_;
  int pipe_[2] = {-1, -1};
  std::vector<std::uint8_t> what_came_;
};

}  // namespace tlsnic::host::test
