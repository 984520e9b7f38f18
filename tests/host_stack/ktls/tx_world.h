// A sender above a TCP that only writes down, and a device whose driver does as it is told.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host_stack/ktls/tx.h"

namespace tlsnic::host::test {

using ByteVector = std::vector<std::uint8_t>;

// Bytes that differ from one seed to the next.
ByteVector some_bytes(std::size_t size, std::uint32_t seed = 1);
ByteVector flatten(gsl::span<const netdev::TxPiece> pieces);
TxCryptoInfo crypto_info(TlsVersion version, TlsCipher cipher, std::uint64_t record_number = 0,
                         std::uint64_t explicit_nonce = 0, std::uint8_t seed = 1);

class FakeTcp : public TcpSendSide {
 public:
  explicit FakeTcp(std::uint32_t first_sequence) : first_sequence_(first_sequence) {}

  std::uint32_t write_seq() const override { return sequence_at(size()); }
  std::uint32_t snd_una() const override { return sequence_at(acked); }
  std::size_t writable() const override { return room; }
  void append(netdev::TxPiece piece, bool decrypted, bool more) override;
  void fence() override { fences.insert(size()); }
  int send_error() const override { return pending_error; }
  void report_error(int error) override { reported.push_back(error); }

  std::uint32_t sequence_at(std::size_t offset) const {
    return first_sequence_ + static_cast<std::uint32_t>(offset);
  }
  std::size_t size() const { return bytes.size(); }
  // Plain bytes from before TLS.
  void write_plain(const ByteVector& data);
  // The first offset past `offset` that a segment beginning there may not reach across.
  std::size_t run_end(std::size_t offset) const;
  // A segment of stream bytes [start, end), to be within one run. May be cut into several pieces.
  netdev::TxSkb segment(std::size_t start, std::size_t end) const;

  std::size_t room = std::size_t{1} << 40;
  std::size_t acked = 0;         // stream offset
  ByteVector bytes;              // as appended
  std::vector<bool> decrypted;   // for each byte
  std::set<std::size_t> fences;  // stream offsets
  std::vector<netdev::TxPiece> pieces;
  bool last_more = false;
  int pending_error = 0;
  std::vector<int> reported;

 private:
  std::uint32_t first_sequence_;
};

// What it was asked, one line each: "add 1000 #0", "resync 1500 #3", "del".
class TxDriver : public netdev::TlsDevOps {
 public:
  int tls_dev_add(netdev::TlsConnection& connection, netdev::TlsDirection direction,
                  const netdev::TlsCryptoInfo& info, std::uint32_t start_sequence) override;
  void tls_dev_del(netdev::TlsConnection& connection, netdev::TlsDirection direction) override;
  int tls_dev_resync(netdev::TlsConnection& connection, std::uint32_t sequence,
                     std::uint64_t record_number, netdev::TlsDirection direction) override;

  int add_result = 0;
  int resync_result = 0;
  std::vector<std::string> log;
  netdev::TlsCryptoInfo installed;
};

struct TxProbe : Probe {
  void record_sent(const netdev::TlsConnection&, const SentRecordInfo& record,
                   bool was_sealed) override {
    records.push_back(record);
    sealed.push_back(was_sealed);
  }
  void device_tx_resync_request(const netdev::TlsConnection&, std::uint32_t, std::uint32_t,
                                bool repeated) override {
    requests.push_back(repeated);
  }
  void tx_fallback(const netdev::TlsConnection&, std::uint32_t, std::uint32_t,
                   FallbackOutcome outcome) override {
    outcomes.push_back(outcome);
  }

  std::vector<SentRecordInfo> records;
  std::vector<bool> sealed;
  std::vector<bool> requests;
  std::vector<FallbackOutcome> outcomes;
};

struct TxWorld {
  explicit TxWorld(bool hardware, std::uint32_t first_sequence = 1000, TxSettings settings = {});

  // The segment [start, end) of the stream as it leaves through `device`; empty if dropped.
  std::optional<ByteVector> transmit(std::size_t start, std::size_t end,
                                     const netdev::NetDevice& device);
  void ack(std::size_t offset);
  // Sends until everything is taken, giving TCP `room` bytes whenever it is full.
  void send_all(Bytes data, SendFlags flags, std::size_t room);

  TxDriver driver;
  netdev::NetDevice nic;
  netdev::NetDevice other;
  netdev::TlsConnection connection;
  FakeTcp tcp;
  TlsStat stat;
  TxProbe probe;
  ProbeSlot probes;
  std::optional<Tx> tx;
};

}  // namespace tlsnic::host::test
