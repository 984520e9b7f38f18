// Two hosts and a wire without chips; on each host one application, a SystemC thread with OpenSSL.
#pragma once

#include <functional>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "host_stack/openssl/tls_session.h"
#include "host_stack/syscalls/simulation_scheduler.h"
#include "scenarios/simulation_clock.h"
#include "tests/support/capture_builder.h"

namespace tlsnic::host::test {

using ByteVector = std::vector<std::uint8_t>;
using testing::Side;

struct WorldSettings {
  TlsSettings client;
  TlsSettings server;
  HostSettings hosts;
  std::uint64_t seed = 1;
  std::uint64_t delay_ns = 10'000;
  bool other_certificate = false;  // the server's is not the one that the client expects
  bool offload = false;  // the devices take every connection, and leave it to the fallbacks
};

// One per process.
class OpensslWorld {
 public:
  // What an application does, from the handshake on.
  using Application = std::function<void(TlsSession&)>;

  explicit OpensslWorld(const WorldSettings& settings);
  ~OpensslWorld();

  // Until both applications are done; false if one is not after 1000 s.
  bool run(const Application& client, const Application& server);

  Host& host(Side side) { return side == Side::client ? client_ : server_; }
  std::uint64_t counter(Side side, TlsCounter counter) { return host(side).tls_stat()[counter]; }
  std::string key_log() const { return key_log_; }
  void write_capture(const std::string& path) const;

  // May change a frame; its checksums are repaired afterwards.
  std::function<void(Side from, MutableBytes payload)> meddle;

 private:
  class Device;

  struct Running {
    explicit Running(Host& host) : process(host, scheduler) {}
    SimulationScheduler scheduler;
    Process process;
    int fd = -1;
  };

  void spawn(Side side, TcpSocket& connection, const Application& application);
  void carry(Side from, const netdev::TxSkb& skb);

  WorldSettings settings_;
  scenarios::SimulationClock clock_;
  DeterministicRandom random_;
  Identity identity_;
  Identity expected_identity_;
  TlsContext client_context_;
  TlsContext server_context_;
  std::unique_ptr<Device> devices_[2];
  Host client_;
  Host server_;
  std::vector<testing::BuiltFrame> frames_;
  std::string key_log_;
  int done_ = 0;
  std::list<Running> running_;  // the last member: sockets go before hosts
};

// The same for both sides.
WorldSettings settings_of(TlsVersion version, TlsCipher cipher = TlsCipher::aes_gcm_128);
ByteVector some_bytes(std::size_t size, std::uint32_t seed = 1);
// Exactly so many bytes, by SSL_read() or as data records of the socket; Catch2 assertions.
ByteVector read_all(TlsSession& session, std::size_t size);
ByteVector read_records(TlsSession& session, std::size_t size);
// A record of the socket, or what is left of it, as far as there is room for; its type.
std::uint8_t read_record(TlsSession& session, ByteVector& out);

}  // namespace tlsnic::host::test
