// A client that reads by kTLS, in software or from a device, what a server sends it byte by byte.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/record_aead.h"
#include "tests/host_stack/socket/two_hosts.h"

namespace tlsnic::host::test {

enum class RxMode { sw12, hw12, sw13, hw13 };

constexpr std::initializer_list<RxMode> all_modes = {RxMode::sw12, RxMode::hw12, RxMode::sw13,
                                                     RxMode::hw13};
inline bool is_tls13(RxMode mode) {
  return mode == RxMode::sw13 || mode == RxMode::hw13;
}

TrafficKeys receive_keys(RxMode mode, std::uint8_t seed = 1);

// What a recvmsg() gave.
struct Received {
  bool is_over = false;
  int error = 0;  // 0 if bytes were copied, as the caller sees it
  std::string text;
  std::optional<int> type;
  bool end_of_record = false;
  bool control_truncated = false;
};

struct ReceiveFlags {
  bool peek = false;
  bool wait_all = false;
  bool control = true;
  std::size_t low_water = 1;
  bool may_wait = false;
};

Received receive(TcpSocket& socket, std::size_t size, ReceiveFlags flags = {});

class ReceiveWorld : private netdev::TlsDevOps {
 public:
  // The connection is there, its keys are not.
  explicit ReceiveWorld(RxMode mode, HostSettings settings = {});

  // setsockopt(TLS_RX); 0 or errno.
  int set_keys(std::uint8_t seed = 1, std::uint64_t record_number = 0);

  // Made, not yet sent. padding: TLS 1.3 only.
  void add_record(std::uint8_t type, const std::string& text, std::size_t padding = 0);
  void add_data(const std::string& text) { add_record(record_application_data, text); }
  void add_bytes(const std::vector<std::uint8_t>& bytes);
  // Flips a bit of the last record's tag.
  void spoil_last();
  // What follows is under other keys, from record 0.
  void change_keys(std::uint8_t seed);
  void set_record_number(std::uint64_t number) { number_ = number; }

  // The first bytes that were not sent yet, all of them by default, go and arrive.
  void send(std::size_t bytes = SIZE_MAX);
  Bytes unsent() const { return Bytes(wire_).subspan(sent_); }
  void send_end();  // FIN
  void send_all() { send(); }
  // All of it as data records, then sent.
  void send_data(std::initializer_list<const char*> texts);

  TcpSocket& reader() { return *hosts.at_client; }
  Received receive(std::size_t size, ReceiveFlags flags = {}) {
    return test::receive(reader(), size, flags);
  }
  std::uint64_t counter(TlsCounter counter) const { return hosts.client.tls_stat()[counter]; }

  TwoHosts hosts;
  int installed = 0;  // contexts in the device
  // Whether the device decrypts the frame that starts at this stream offset.
  std::function<bool(std::size_t)> marks;

 private:
  int tls_dev_add(netdev::TlsConnection&, netdev::TlsDirection, const netdev::TlsCryptoInfo&,
                  std::uint32_t) override;
  void tls_dev_del(netdev::TlsConnection&, netdev::TlsDirection) override { --installed; }
  int tls_dev_resync(netdev::TlsConnection&, std::uint32_t, std::uint64_t,
                     netdev::TlsDirection) override {
    return 0;
  }
  void decrypt(netdev::SkBuff& skb) const;

  RxMode mode_;
  std::unique_ptr<RecordAead> aead_;
  std::uint64_t number_ = 0;
  std::vector<std::uint8_t> wire_;
  std::vector<std::uint8_t> image_;  // as a device leaves it
  std::size_t sent_ = 0;
};

}  // namespace tlsnic::host::test
