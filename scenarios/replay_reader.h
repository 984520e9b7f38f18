// The applications of one end in a replay: a TLS library that reads the handshake and hands the
// keys to kTLS, then a reader of records. When it reads is a parameter, because a resync is
// confirmed only as fast as the application reads (facts 1.10).
#pragma once

#include <queue>
#include <systemc>
#include <unordered_map>
#include <vector>

#include "host_stack/host.h"
#include "scenarios/connection.h"
#include "scenarios/parameters.h"

namespace tlsnic::scenarios {

// Why the stream that a socket has read ends before what was captured of it; empty if it does not.
std::string cut_of(const ReceiveSide& side);

class ReplayReader : public sc_core::sc_module, private host::Probe {
 public:
  // receives: the direction that arrives at this end.
  ReplayReader(sc_core::sc_module_name name, host::Host& host, traces::Direction receives,
               const Parameters& parameters);
  // The host goes later, and watches its connections leave the device then.
  ~ReplayReader() override;

  // Opens the socket that receives this connection. initial_sequence: of the sender's SYN.
  void open(Connection& connection, std::uint32_t initial_sequence);
  // What the capture tells about the connection has changed: a reader that waited may go on.
  void reconsider(Connection& connection);

 private:
  struct Wake {
    std::uint64_t time_ps;
    std::uint64_t order;  // of scheduling: equal times keep it
    Connection* connection;
    bool operator>(const Wake& other) const {
      return time_ps != other.time_ps ? time_ps > other.time_ps : order > other.order;
    }
  };

  void wake_after(Connection& connection, std::uint64_t delay_ns);
  void run();
  void read(Connection& connection);
  // Each reads once; false if there was nothing to read now.
  bool read_handshake(Connection& connection);
  bool install_keys(Connection& connection);
  bool read_record(Connection& connection);
  bool discard(Connection& connection);
  void take(Connection& connection, const host::Record& record);
  static bool has_key_update(ReceiveSide& side, const host::Record& record);
  void set_keys_again(Connection& connection, bool is_key_update);
  void failed(Connection& connection, int error);
  void close(Connection& connection);
  void device_rx_resync_send(const netdev::TlsConnection& connection, std::uint32_t sequence,
                             std::uint64_t record_number, int result) override;

  host::Host& host_;
  traces::Direction receives_;
  ReaderParameters parameters_;
  std::uint64_t keys_delay_ns_;
  std::unordered_map<host::Socket*, Connection*> connections_;
  std::priority_queue<Wake, std::vector<Wake>, std::greater<>> wakes_;
  std::uint64_t order_ = 0;
  sc_core::sc_event wake_event_;
};

}  // namespace tlsnic::scenarios
