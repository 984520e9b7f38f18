// A peer that sends TLS records, a device that decrypts the segments it is told to, and a driver
// that writes down what it was asked.
#pragma once

#include <cstdint>
#include <vector>

#include "host_stack/host.h"
#include "protocol/record_aead.h"

namespace tlsnic::host::test {

FourTuple test_tuple();
TrafficKeys test_keys(TlsVersion version, TlsCipher cipher, std::uint8_t seed = 1);

// An Ethernet frame with right checksums.
netdev::SkBuff frame(const FourTuple& tuple, std::uint32_t sequence, Bytes payload,
                     std::uint8_t flags = tcp_ack, bool marked = false);

// What was sent, twice: as on the wire and as a device in sync would leave it.
class Peer {
 public:
  explicit Peer(const TrafficKeys& keys, std::uint64_t record_number = 0)
      : aead_(keys), number_(record_number) {}

  // padding: zero bytes, TLS 1.3 only. Returns the stream offset of the record.
  std::size_t send_record(std::uint8_t type, Bytes plaintext, std::size_t padding = 0);
  // Application data of so many bytes, all different from one record to the next.
  std::size_t send_data(std::size_t length);
  // Records from now on are under `keys`, but the device goes on with the old ones.
  void change_keys(const TrafficKeys& keys);

  netdev::SkBuff segment(std::uint32_t first_sequence, std::size_t start, std::size_t end,
                         bool marked) const;

  std::vector<std::uint8_t> wire;
  std::vector<std::uint8_t> device;     // framing, nonces and tags as on the wire
  std::vector<std::uint8_t> plaintext;  // of all records, one after the other
  std::vector<std::size_t> starts;      // of records

 private:
  RecordAead aead_;
  std::uint64_t number_;
  std::unique_ptr<RecordAead> device_aead_;  // where it differs
  std::uint64_t device_number_ = 0;
};

class FakeDriver : public netdev::TlsDevOps {
 public:
  struct Added {
    netdev::TlsCryptoInfo crypto_info;
    std::uint32_t start_sequence;
  };

  int tls_dev_add(netdev::TlsConnection& connection, netdev::TlsDirection direction,
                  const netdev::TlsCryptoInfo& crypto_info, std::uint32_t start_sequence) override;
  void tls_dev_del(netdev::TlsConnection& connection, netdev::TlsDirection direction) override;
  int tls_dev_resync(netdev::TlsConnection& connection, std::uint32_t sequence,
                     std::uint64_t record_number, netdev::TlsDirection direction) override;

  int add_result = 0;
  netdev::TlsRxResyncType resync_type = netdev::TlsRxResyncType::driver_req;
  netdev::TlsConnection* connection = nullptr;  // present in the device
  std::vector<Added> added;
  int deleted = 0;
  std::vector<ResyncAnswer> answers;
};

// A host with one socket whose device takes connections. Stream offset 0 is first_sequence.
struct World {
  explicit World(std::uint32_t first_sequence = 1000, const HostSettings& settings = {});

  // Bytes [start, end) of the peer's stream arrive.
  void arrive(const Peer& peer, std::size_t start, std::size_t end, bool marked);
  // All complete records; fails the test on an error.
  std::vector<RecordInfo> read_all(std::vector<std::uint8_t>& plaintext);

  std::uint32_t first_sequence;
  FakeDriver driver;
  Host host;
  Socket& socket;
};

}  // namespace tlsnic::host::test
