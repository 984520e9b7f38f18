#include "tests/hw_model/nic/bench.h"

#include <stdexcept>
#include <utility>

namespace tlsnic::testing {
namespace {

void require(bool condition, const char* what) {
  if (!condition) throw std::logic_error(what);
}

}  // namespace

tlsnic_command make_command(std::uint32_t opcode, std::uint32_t object) {
  tlsnic_command command{};
  command.opcode = static_cast<std::uint8_t>(opcode);
  command.object = object;
  return command;
}

tlsnic_command key_create(const TestConnection& connection) {
  auto command = make_command(TLSNIC_CMD_KEY_CREATE, connection.index);
  command.body.key.length = static_cast<std::uint32_t>(connection.keys.key_size());
  std::copy_n(connection.keys.key.begin(), connection.keys.key_size(), command.body.key.key);
  return command;
}

tlsnic_command static_params(const TestConnection& connection, std::uint64_t record_number,
                             std::uint32_t resync_tcp_sn) {
  auto command = make_command(TLSNIC_CMD_RX_STATIC_PARAMS, connection.index);
  auto& params = command.body.rx_static;
  params.initial_record_number = record_number;
  params.resync_tcp_sn = resync_tcp_sn;
  params.key_index = connection.index;
  std::copy(connection.keys.iv.begin(), connection.keys.iv.end(), params.iv);
  params.tls_version =
      connection.keys.version == TlsVersion::tls13 ? TLSNIC_TLS_1_3 : TLSNIC_TLS_1_2;
  return command;
}

tlsnic_command progress_params(const TestConnection& connection) {
  auto command = make_command(TLSNIC_CMD_RX_PROGRESS_PARAMS, connection.index);
  command.body.rx_progress.next_record_tcp_sn = connection.start;
  return command;
}

tlsnic_command flow_command(std::uint32_t opcode, const TestConnection& connection) {
  auto command = make_command(opcode, connection.index);
  tlsnic_flow& flow = command.body.flow;
  const FourTuple& tuple = connection.tuple;
  std::copy_n(tuple.source.address.bytes.begin(), 16, flow.source);
  std::copy_n(tuple.destination.address.bytes.begin(), 16, flow.destination);
  flow.source_port = tuple.source.port;
  flow.destination_port = tuple.destination.port;
  flow.is_ipv6 = tuple.source.address.is_ipv6 ? 1 : 0;
  return command;
}

tlsnic_command dma_command(std::uint32_t opcode, std::uint32_t object, std::uint64_t address) {
  auto command = make_command(opcode, object);
  command.body.dma.address = address;
  return command;
}

Bench::Bench(const hw::NicParameters& parameters, sc_core::sc_module_name name)
    : sc_module(name), memory("memory"), nic("nic", parameters), bus_("bus") {
  bus_.bind(nic.registers);
  nic.dma.socket.bind(memory.dma);
  nic.msix.socket.bind(memory.msix);
  nic.probe = this;
  nic.wire = this;
  SC_HAS_PROCESS(Bench);
  SC_METHOD(pump);
  sensitive << nic.resumed();
  dont_initialize();
}

void Bench::elaborate() {
  if (std::exchange(elaborated_, true)) return;
  // A chip that has come to rest is asked to settle again: nothing to warn about.
  sc_core::sc_report_handler::set_actions(sc_core::SC_ID_NO_SC_START_ACTIVITY_,
                                          sc_core::SC_DO_NOTHING);
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
}

// ---- time and wire

void Bench::run(std::uint64_t ps) {
  elaborate();
  sc_core::sc_start(sc_core::sc_time::from_value(ps));
}

void Bench::settle() {
  elaborate();
  sc_core::sc_start(sc_core::sc_time(1, sc_core::SC_SEC), sc_core::SC_EXIT_ON_STARVATION);
  require(!sc_core::sc_pending_activity(), "the chip does not come to rest");
}

void Bench::send(Buffer frame) {
  elaborate();
  wire_.push_back(std::move(frame));
  pump();
}

void Bench::pump() {
  while (!wire_.empty() && nic.receive({frame_id_, wire_.front()})) {
    ++frame_id_;
    wire_.pop_front();
  }
}

void Bench::frame_transmitted(Bytes frame) {
  Buffer bytes(frame.begin(), frame.end());
  if (on_sent) {
    on_sent(std::move(bytes));
  } else {
    sent.push_back({now(), std::move(bytes)});
  }
}

void Bench::packet_received(const hw::Packet& packet) {
  seen.push_back({now(), packet.arrival, packet.outcome.reason});
}

void Bench::resync_answered(std::uint32_t, std::uint32_t, bool accepted) {
  answers_seen.push_back(accepted);
}

// ---- registers

bool Bench::access(tlm::tlm_command command, std::uint64_t offset, void* data, unsigned size) {
  elaborate();
  tlm::tlm_generic_payload payload;
  payload.set_command(command);
  payload.set_address(offset);
  payload.set_data_ptr(static_cast<unsigned char*>(data));
  payload.set_data_length(size);
  payload.set_streaming_width(size);
  payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  bus_->b_transport(payload, delay);
  return payload.is_response_ok();
}

std::uint32_t Bench::read32(std::uint32_t offset) {
  std::uint32_t value = 0;
  require(access(tlm::TLM_READ_COMMAND, offset, &value, sizeof value), "register read refused");
  return value;
}

void Bench::write32(std::uint32_t offset, std::uint32_t value) {
  require(access(tlm::TLM_WRITE_COMMAND, offset, &value, sizeof value), "register write refused");
}

void Bench::write64(std::uint32_t offset, std::uint64_t value) {
  require(access(tlm::TLM_WRITE_COMMAND, offset, &value, sizeof value), "register write refused");
}

// ---- the driver: rings

void Bench::set_up_rings(const RingSizes& wanted) {
  sizes = wanted;
  memory.reset();
  command_ring = memory.allocate(sizes.commands * sizeof(tlsnic_command), false);
  command_cq = memory.allocate(sizes.command_completions * sizeof(tlsnic_command_completion));
  rx_ring = memory.allocate(sizes.buffers * sizeof(tlsnic_rx_descriptor), false);
  rx_cq = memory.allocate(sizes.completions * sizeof(tlsnic_rx_completion));
  tx_ring = memory.allocate(sizes.tx_descriptors * sizeof(tlsnic_tx_descriptor), false);
  tx_cq = memory.allocate(sizes.tx_completions * sizeof(tlsnic_tx_completion));
  scratch_ = memory.allocate(TLSNIC_RX_CONTEXT_MAX_SIZE);
  command_producer_ = command_consumer_ = rx_producer_ = completion_index_ = 0;
  tx_producer_ = tx_consumer_ = tx_completion_index_ = 0;
  free_.clear();
  in_ring_.clear();
  for (std::uint32_t i = 0; i < sizes.buffers; ++i)
    free_.push_back({memory.allocate(sizes.buffer_bytes), sizes.buffer_bytes});
  write64(TLSNIC_REG_CMD_RING_ADDRESS, command_ring);
  write32(TLSNIC_REG_CMD_RING_ENTRIES, sizes.commands);
  write64(TLSNIC_REG_CMD_CQ_ADDRESS, command_cq);
  write32(TLSNIC_REG_CMD_CQ_ENTRIES, sizes.command_completions);
  write64(TLSNIC_REG_RX_RING_ADDRESS, rx_ring);
  write32(TLSNIC_REG_RX_RING_ENTRIES, sizes.buffers);
  write64(TLSNIC_REG_RX_CQ_ADDRESS, rx_cq);
  write32(TLSNIC_REG_RX_CQ_ENTRIES, sizes.completions);
  write64(TLSNIC_REG_TX_RING_ADDRESS, tx_ring);
  write32(TLSNIC_REG_TX_RING_ENTRIES, sizes.tx_descriptors);
  write64(TLSNIC_REG_TX_CQ_ADDRESS, tx_cq);
  write32(TLSNIC_REG_TX_CQ_ENTRIES, sizes.tx_completions);
}

void Bench::bring_up(const RingSizes& wanted) {
  set_up_rings(wanted);
  write32(TLSNIC_DB_CONTROL, 1);
  offer(sizes.buffers);
}

void Bench::offer(std::uint32_t count) {
  for (; count > 0 && !free_.empty(); --count) {
    const Slot slot = free_.front();
    free_.pop_front();
    memory.store(rx_ring + rx_producer_ % sizes.buffers * sizeof(tlsnic_rx_descriptor),
                 tlsnic_rx_descriptor{slot.address, slot.size, 0});
    ++rx_producer_;
    in_ring_.push_back(slot);
  }
  ring_rx_producer();
}

std::optional<Received> Bench::receive() {
  const auto completion = memory.load<tlsnic_rx_completion>(
      rx_cq + completion_index_ % sizes.completions * sizeof(tlsnic_rx_completion));
  const std::uint8_t phase = completion_index_ / sizes.completions % 2 == 0 ? 1 : 0;
  if (completion.phase != phase) return std::nullopt;
  ++completion_index_;
  Received received{completion, {}};
  require(completion.buffers <= in_ring_.size(), "more buffers used than offered");
  for (std::uint16_t i = 0; i < completion.buffers; ++i) {
    const Slot slot = in_ring_.front();
    in_ring_.pop_front();
    free_.push_back(slot);
    const std::size_t left = completion.byte_count - received.bytes.size();
    const std::uint8_t* bytes = memory.at(slot.address);
    received.bytes.insert(received.bytes.end(), bytes,
                          bytes + std::min<std::size_t>(left, slot.size));
  }
  require(received.bytes.size() == completion.byte_count, "buffers too small for the frame");
  return received;
}

std::vector<Received> Bench::receive_all() {
  std::vector<Received> all;
  while (auto received = receive()) all.push_back(std::move(*received));
  return all;
}

Received Bench::pass(Buffer frame) {
  send(std::move(frame));
  settle();
  auto all = receive_all();
  require(all.size() == 1, "not exactly one frame came");
  offer(sizes.buffers);
  return all[0];
}

// ---- the driver: commands

void Bench::post(tlsnic_command command) {
  command.token = static_cast<std::uint16_t>(command_producer_ * 7 + 3);
  memory.store(command_ring + command_producer_ % sizes.commands * sizeof command, command);
  write32(TLSNIC_DB_CMD_PRODUCER, ++command_producer_);
}

std::optional<tlsnic_command_completion> Bench::poll_command() {
  const auto completion = memory.load<tlsnic_command_completion>(
      command_cq +
      command_consumer_ % sizes.command_completions * sizeof(tlsnic_command_completion));
  const std::uint8_t phase = command_consumer_ / sizes.command_completions % 2 == 0 ? 1 : 0;
  if (completion.phase != phase) return std::nullopt;
  require(completion.token == static_cast<std::uint16_t>(command_consumer_ * 7 + 3), "wrong token");
  ++command_consumer_;
  return completion;
}

std::uint8_t Bench::command(const tlsnic_command& command) {
  post(command);
  settle();
  const auto completion = poll_command();
  require(completion.has_value(), "the command was not answered");
  require(completion->opcode == command.opcode, "wrong opcode in the answer");
  require(completion->object == command.object, "wrong object in the answer");
  return completion->status;
}

void Bench::succeed(const tlsnic_command& wanted) {
  require(command(wanted) == TLSNIC_STATUS_OK, "a command failed that must not");
}

void Bench::install(const TestConnection& connection) {
  succeed(key_create(connection));
  succeed(make_command(TLSNIC_CMD_RX_CONTEXT_CREATE, connection.index));
  succeed(static_params(connection, connection.record_number));
  succeed(progress_params(connection));
  succeed(flow_command(TLSNIC_CMD_FLOW_ADD, connection));
}

tlsnic_rx_context Bench::dump_context(std::uint32_t context) {
  succeed(dma_command(TLSNIC_CMD_RX_CONTEXT_DUMP, context, scratch_));
  return memory.load<tlsnic_rx_context>(scratch_);
}

tlsnic_rx_progress Bench::progress(std::uint32_t context) {
  succeed(dma_command(TLSNIC_CMD_RX_PROGRESS_QUERY, context, scratch_));
  return memory.load<tlsnic_rx_progress>(scratch_);
}

// ---- the driver: transmit

namespace {

std::uint32_t tx_token(std::uint32_t index) {
  return index * 2654435761u + 17;
}

}  // namespace

std::uint64_t Bench::put(Bytes bytes) {
  const std::uint64_t address = memory.allocate(bytes.size(), false);
  std::copy(bytes.begin(), bytes.end(), memory.at(address));
  return address;
}

void Bench::post_tx(tlsnic_tx_descriptor descriptor) {
  descriptor.token = tx_token(tx_producer_);
  memory.store(tx_ring + tx_producer_++ % sizes.tx_descriptors * sizeof descriptor, descriptor);
}

void Bench::post_packet(Bytes packet, unsigned flags, std::uint32_t context, std::uint16_t mss,
                        std::size_t piece) {
  const std::uint64_t address = put(packet);
  for (std::size_t at = 0; at < packet.size(); at += piece) {
    const std::size_t size = std::min(piece, packet.size() - at);
    const unsigned last = at + size == packet.size() ? TLSNIC_TX_LAST : 0;
    post_tx(at == 0 ? tx_fragment(address, size, flags | TLSNIC_TX_FIRST | last, context, mss)
                    : tx_fragment(address + at, size, last));
  }
}

std::optional<tlsnic_tx_completion> Bench::poll_tx() {
  const auto completion = memory.load<tlsnic_tx_completion>(
      tx_cq + tx_completion_index_ % sizes.tx_completions * sizeof(tlsnic_tx_completion));
  const std::uint8_t phase = tx_completion_index_ / sizes.tx_completions % 2 == 0 ? 1 : 0;
  if (completion.phase != phase) return std::nullopt;
  ++tx_completion_index_;
  tx_consumer_ += completion.descriptors;
  require(completion.token == tx_token(tx_consumer_ - 1), "wrong token");
  return completion;
}

tlsnic_tx_completion Bench::transmit(const tlsnic_tx_descriptor& descriptor) {
  post_tx(descriptor);
  ring_tx_producer();
  settle();
  const auto completion = poll_tx();
  require(completion.has_value() && !poll_tx(), "not exactly one completion came");
  return *completion;
}

tlsnic_tx_completion Bench::transmit(Bytes packet, unsigned flags, std::uint32_t context,
                                     std::uint16_t mss) {
  return transmit(tx_fragment(put(packet), packet.size(), flags | TLSNIC_TX_FIRST | TLSNIC_TX_LAST,
                              context, mss));
}

void Bench::install_tx(const TestConnection& connection) {
  succeed(key_create(connection));
  succeed(make_command(TLSNIC_CMD_TX_CONTEXT_CREATE, connection.index));
  const auto take = [this](const tlsnic_tx_descriptor& descriptor) {
    require(transmit(descriptor).status == TLSNIC_TX_OK, "an operation failed that must not");
  };
  take(tx_static_params(connection.index, connection.index, connection.keys));
  take(tx_progress_params(connection.index, connection.start, connection.record_number));
}

tlsnic_tx_context Bench::dump_tx_context(std::uint32_t context) {
  succeed(dma_command(TLSNIC_CMD_TX_CONTEXT_DUMP, context, scratch_));
  return memory.load<tlsnic_tx_context>(scratch_);
}

}  // namespace tlsnic::testing
