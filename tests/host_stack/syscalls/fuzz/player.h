// Plays a fuzz input as system calls of two processes with a kTLS connection between them, without
// SystemC. Everything is non-blocking. What goes against a rule aborts the program.
#pragma once

#include <array>

#include "tests/host_stack/syscalls/fuzz/input.h"
#include "tests/host_stack/syscalls/fuzz/sent_stream.h"
#include "tests/host_stack/syscalls/two_processes.h"

namespace tlsnic::host::test {

class Player {
 public:
  explicit Player(Bytes input);
  void run();

 private:
  struct End {
    Process* process = nullptr;
    int fd = -1;
    int pipe[2] = {-1, -1};
    // What this end sends.
    SentStream stream;
    bool has_keys = false;    // TLS_TX here, TLS_RX at the peer
    bool is_known = true;     // nothing that the stream does not know was sent, or changed the keys
    bool is_whole = true;     // ... and all of it must arrive
    bool is_shut = false;     // SHUT_WR
    std::uint8_t tx_key = 0;  // generation
    std::uint8_t rx_key = 0;  // at the peer
    bool is_expired = false;  // the peer's last read said so
  };

  End& peer(const End& end) { return &end == &ends_[0] ? ends_[1] : ends_[0]; }
  std::vector<std::uint8_t> crypto_info(std::uint8_t generation) const;
  void set_keys(End& sender, bool is_tx, std::uint8_t generation);
  void connect();
  void step();

  // sending
  void send(End& end);
  void sendmsg_raw(End& end);
  void send_control(End& end, std::uint8_t type, std::size_t size, int flags);
  void update_key(End& end);
  void send_file(End& end);
  void splice_in(End& end);
  void inject(End& end);
  void sent(End& end, long result, std::size_t most);
  std::size_t max_payload(End& end);

  // receiving
  void recv(End& end, std::size_t size, int flags);
  void recvmsg(End& end);
  void splice_out(End& end, std::size_t size);
  void received(End& end, long result, std::size_t most, const std::uint8_t* bytes,
                std::optional<std::uint8_t> type, int flags);
  void renew_key(End& end);

  // the rest
  void set_option(End& end);
  void get_option(End& end);
  void poll(End& end);
  void shutdown(End& end);

  void drain();
  bool flush(End& end);

  Input input_;
  TwoProcesses world_;
  std::array<End, 2> ends_;
  std::uint16_t version_ = 0;
  std::uint16_t cipher_ = 0;
};

}  // namespace tlsnic::host::test
