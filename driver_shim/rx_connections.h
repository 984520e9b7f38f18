// Connections whose receive side is in the chip: key, context and flow rule, made and destroyed by
// commands; and the questions and answers of a resync.
#pragma once

#include <functional>
#include <unordered_map>
#include <vector>

#include "driver_shim/chip_objects.h"
#include "driver_shim/command_queue.h"
#include "host_stack/netdev/tls_dev.h"

namespace tlsnic::driver {

struct RxConnection {
  ContextAndKey chip;
  netdev::TlsConnection* connection = nullptr;  // null once deleted
  FourTuple flow;
  netdev::TlsCryptoInfo crypto_info;
  bool rule_added = false;
};

class RxConnections {
 public:
  // The candidate's first header byte, or nothing if the chip follows none.
  using ProgressDone = std::function<void(std::optional<std::uint32_t> candidate)>;

  RxConnections(netdev::DmaMemory& memory, CommandQueue& commands, ChipObjects& objects)
      : memory_(memory), commands_(commands), objects_(objects) {}

  // Posts everything but the flow rule. Null if a table is full. ready: when the chip has taken it.
  RxConnection* add(netdev::TlsConnection& connection, const netdev::TlsCryptoInfo& crypto_info,
                    std::uint32_t start_sequence, std::function<void(std::uint32_t context)> ready);
  // False if it is not in the chip.
  bool remove(netdev::TlsConnection& connection);
  RxConnection* find(const netdev::TlsConnection& connection);
  // Deleted ones too, until the chip has parted with them.
  RxConnection* find(std::uint32_t context);

  // A rule that cannot be added is ignored: the connection is then never decrypted by the chip.
  void add_rule(RxConnection& entry);
  // At the start, and as the answer to a resync request.
  void post_static_params(const RxConnection& entry, std::uint64_t record_number,
                          std::uint32_t resync_tcp_sn);
  // A record begins there; its number is in the static parameters posted before.
  void post_progress_params(const RxConnection& entry, std::uint32_t next_record_tcp_sn,
                            CommandQueue::Done done = {});
  void query_progress(const RxConnection& entry, ProgressDone done);

  std::uint64_t added() const { return added_; }
  std::uint64_t removed() const { return removed_; }

 private:
  netdev::DmaMemory& memory_;
  CommandQueue& commands_;
  ChipObjects& objects_;
  std::unordered_map<std::uint32_t, RxConnection> entries_;  // by context
  std::vector<netdev::DmaAddress> progress_buffers_;         // by context, kept for the next user
  std::uint64_t added_ = 0;
  std::uint64_t removed_ = 0;
};

}  // namespace tlsnic::driver
