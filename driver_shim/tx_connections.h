// Connections whose transmit side is in the chip: key and context, made by commands and destroyed
// when the ring has passed the last operation that names them; and the operations that place a
// context in the stream.
//
// Accuracy: while firmware makes key and context, in Linux tls_dev_add() and the application sleep;
// here the connection's segments are held back (TxBacklog).
// Limitations: a chip that refuses what it has room for leaves the connection to the software
// fallback; Linux would have got the error from tls_dev_add().
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "driver_shim/chip_objects.h"
#include "driver_shim/command_queue.h"
#include "driver_shim/tx_backlog.h"
#include "driver_shim/tx_queue.h"

namespace tlsnic::driver {

struct TxConnection {
  enum class State : std::uint8_t { starting, ready, refused };

  ContextAndKey chip;
  netdev::TlsConnection* connection = nullptr;  // null once deleted
  netdev::TlsCryptoInfo crypto_info;
  State state = State::starting;

  // What follows is the personality's to use.
  std::uint32_t expected_sequence = 0;  // of the next payload byte
  bool has_static_params = false;
  bool is_placed = false;           // the chip's context stands where chip_sequence says
  std::uint32_t chip_sequence = 0;  // placed or to be placed; at the beginning the start
  std::uint64_t record_number = 0;  // of the last progress parameters, or those to come
};

class TxConnections {
 public:
  // The longest record, header to tag, in bytes (TLS 1.3 with padding).
  static constexpr std::uint32_t max_record = 16384 + 256 + 5;
  // Descriptors that a segment takes beside its own: parameters, NOPs and DUMPs.
  static std::uint32_t most_operations(std::uint32_t mtu);

  TxConnections(CommandQueue& commands, TxQueue& tx, TxBacklog& backlog, ChipObjects& objects,
                std::uint32_t mtu)
      : commands_(commands), tx_(tx), backlog_(backlog), objects_(objects), mtu_(mtu) {}

  // 0, or -ENOSPC.
  int add(netdev::TlsConnection& connection, const netdev::TlsCryptoInfo& crypto_info,
          std::uint32_t start_sequence);
  void remove(netdev::TlsConnection& connection);
  // Null if it is not in the chip.
  TxConnection* find(const netdev::TlsConnection& connection) const;
  // Destroys what the ring has done with.
  void poll();

  void post_static_params(TxConnection& entry, bool fence);
  // At the beginning of record `number`, at `sequence`.
  void post_progress_params(TxConnection& entry, std::uint32_t sequence, std::uint64_t number,
                            bool fence);
  // The record's bytes before `sequence` pass through the context again, in DUMPs of the MTU at
  // most. record: longer than that, and no longer than max_record.
  void post_dumps(TxConnection& entry, const netdev::TlsTxRecord& record, std::uint32_t sequence);

  std::uint64_t added() const { return added_; }
  std::uint64_t removed() const { return removed_; }
  std::uint64_t destroyed() const { return destroyed_; }

 private:
  struct Parting {
    std::uint32_t context;
    std::uint32_t position;  // in the ring, after its last operation
  };
  void created(std::uint32_t context, bool ok);
  void destroy(std::uint32_t context);

  CommandQueue& commands_;
  TxQueue& tx_;
  TxBacklog& backlog_;
  ChipObjects& objects_;
  std::uint32_t mtu_;
  std::vector<std::unique_ptr<TxConnection>> entries_;  // by context
  std::deque<Parting> parting_;                         // in the order of their positions
  std::uint64_t added_ = 0;
  std::uint64_t removed_ = 0;
  std::uint64_t destroyed_ = 0;
};

}  // namespace tlsnic::driver
