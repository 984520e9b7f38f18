// What two processes do with a connection between them, made from one number.
//
// The steps are in an order in which they could be done one by one. The processes keep only the
// order of their own, and never wait for ever nevertheless: whoever is about to send so much that
// it may not fit has a peer whose next steps are to read it. What a call returns does not depend on
// the time, since no call asks for what may have arrived or not.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tlsnic::host::test {

enum class Call : std::uint8_t {
  setsockopt,
  getsockopt,
  send,
  write,
  sendmsg,
  sendfile,
  splice_in,  // write() or vmsplice() to a pipe, and splice() from it
  recv,
  read,
  recvmsg,
  splice_out,  // splice() to a pipe, and read() from it
  poll_in,     // without a time-out
  disconnect,  // connect() with AF_UNSPEC
  shutdown,    // SHUT_WR
};

struct Step {
  std::size_t side = 0;  // client, server
  Call call = Call::send;
  std::vector<std::size_t> buffers;         // sizes
  int flags = 0;                            // of the call
  std::optional<std::uint8_t> record_type;  // sendmsg(): in a control message
  int control_type = 1;                     // ... of this type: TLS_SET_RECORD_TYPE
  std::size_t control = 0;                  // recvmsg(): bytes for control messages
  std::size_t excess = 0;                   // sendfile(), splice(): asked for beyond what there is
  std::size_t offset = 0;                   // sendfile(): where in the file, if not 0
  bool is_bad_address = false;              // recv()
  int level = 0;                            // of the option
  int option = 0;
  std::vector<std::uint8_t> value;  // of the option; for getsockopt() its size counts

  std::size_t position = 0;  // of the first byte among what its sender sends
  long result = 0;           // what the call must return
  int error = 0;             // errno, if that is -1

  std::size_t size() const;  // of all buffers
};

struct Plan {
  std::string title;                                // what connection it is
  std::vector<Step> steps;                          // of both sides
  std::array<std::vector<std::uint8_t>, 2> stream;  // all bytes that client and server send
};

Plan make_plan(std::uint64_t seed);

}  // namespace tlsnic::host::test
