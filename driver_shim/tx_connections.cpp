#include "driver_shim/tx_connections.h"

#include <cerrno>

#include "driver_shim/commands.h"
#include "driver_shim/tx_segment.h"

namespace tlsnic::driver {

std::uint32_t TxConnections::most_operations(std::uint32_t mtu) {
  // Parameters and a NOP, twice for a first segment; DUMPs end at the ends of pieces, too.
  return 6 + TxQueue::max_pieces + max_record / mtu + 1;
}

int TxConnections::add(netdev::TlsConnection& connection, const netdev::TlsCryptoInfo& crypto_info,
                       std::uint32_t start_sequence) {
  const auto chip = take_context_and_key(objects_.tx_contexts, objects_.keys);
  if (!chip) return -ENOSPC;
  const std::uint32_t context = chip->context;
  if (context >= entries_.size()) entries_.resize(context + 1);
  auto entry = std::make_unique<TxConnection>();
  entry->chip = *chip;
  entry->connection = &connection;
  entry->crypto_info = crypto_info;
  entry->expected_sequence = entry->chip_sequence = start_sequence;
  entry->record_number = crypto_info.record_number;
  entries_[context] = std::move(entry);
  connection.driver_state_tx = std::make_unique<ContextState>(context);
  ++added_;

  commands_.post(make_key_command(chip->key, crypto_info.keys),
                 [this, context](std::uint8_t status) {
                   if (status != TLSNIC_STATUS_OK) created(context, false);
                 });
  commands_.post(
      make_command(TLSNIC_CMD_TX_CONTEXT_CREATE, context),
      [this, context](std::uint8_t status) { created(context, status == TLSNIC_STATUS_OK); });
  return 0;
}

void TxConnections::created(std::uint32_t context, bool ok) {
  TxConnection& entry = *entries_[context];
  if (entry.connection == nullptr || entry.state != TxConnection::State::starting) return;
  entry.state = ok ? TxConnection::State::ready : TxConnection::State::refused;
  backlog_.release(*entry.connection);
}

void TxConnections::remove(netdev::TlsConnection& connection) {
  TxConnection* entry = find(connection);
  if (entry == nullptr) return;
  backlog_.detach(connection);
  entry->connection = nullptr;
  const std::uint32_t context = entry->chip.context;
  connection.driver_state_tx.reset();
  ++removed_;
  parting_.push_back({context, tx_.position()});
  poll();
}

TxConnection* TxConnections::find(const netdev::TlsConnection& connection) const {
  const auto* state = static_cast<const ContextState*>(connection.driver_state_tx.get());
  return state == nullptr ? nullptr : entries_[state->context].get();
}

void TxConnections::poll() {
  while (!parting_.empty() && tx_.has_passed(parting_.front().position)) {
    const std::uint32_t context = parting_.front().context;
    parting_.pop_front();
    destroy(context);
  }
}

void TxConnections::destroy(std::uint32_t context) {
  const ContextAndKey chip = entries_[context]->chip;
  commands_.post(make_command(TLSNIC_CMD_TX_CONTEXT_DESTROY, chip.context));
  commands_.post(make_command(TLSNIC_CMD_KEY_DESTROY, chip.key), [this, chip](std::uint8_t) {
    entries_[chip.context].reset();
    objects_.tx_contexts.give_back(chip.context);
    objects_.keys.give_back(chip.key);
    ++destroyed_;
  });
}

void TxConnections::post_static_params(TxConnection& entry, bool fence) {
  const TrafficKeys& keys = entry.crypto_info.keys;
  tlsnic_tx_static_params params{};
  params.key_index = entry.chip.key;
  std::copy(keys.iv.begin(), keys.iv.end(), params.iv);
  params.tls_version = version_code(keys.version);
  tx_.static_params(entry.chip.context, params, fence);
  entry.has_static_params = true;
}

void TxConnections::post_progress_params(TxConnection& entry, std::uint32_t sequence,
                                         std::uint64_t number, bool fence) {
  tlsnic_tx_progress_params params{};
  params.record_number = number;
  params.next_record_tcp_sn = sequence;
  tx_.progress_params(entry.chip.context, params, fence);
  entry.record_number = number;
  entry.chip_sequence = sequence;
  entry.is_placed = true;
}

void TxConnections::post_dumps(TxConnection& entry, const netdev::TlsTxRecord& record,
                               std::uint32_t sequence) {
  const std::uint32_t size = sequence - record.start_sequence;
  gsl::span<const netdev::TxPiece> pieces = record.pieces;
  std::optional<netdev::TxPiece> whole;
  if (pieces.size() > TxQueue::max_pieces) {
    whole = copy_pieces(pieces, 0, size);
    pieces =
        whole ? gsl::span<const netdev::TxPiece>(&*whole, 1) : gsl::span<const netdev::TxPiece>();
  }
  // Should the record's pieces be fewer bytes, the chip refuses the packet that follows.
  slice_pieces(pieces, 0, size, mtu_, [&](netdev::TxPiece piece) {
    const std::uint32_t at = entry.chip_sequence;
    entry.chip_sequence += piece.size;
    tx_.dump(entry.chip.context, at, std::move(piece));
  });
}

}  // namespace tlsnic::driver
