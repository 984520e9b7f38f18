#include "hw_model/nic.h"

#include <algorithm>

namespace tlsnic::hw {
namespace {

// SystemC's default resolution is 1 ps, so a time's value is a number of picoseconds.
Picoseconds now() {
  return sc_core::sc_time_stamp().value();
}

void notify_at(sc_core::sc_event& event, Picoseconds when) {
  event.notify(sc_core::sc_time::from_value(std::max(when, now()) - now()));
}

}  // namespace

Nic::Nic(sc_core::sc_module_name name, const NicParameters& parameters)
    : sc_module(name),
      registers("registers"),
      dma("dma"),
      msix("msix"),
      parameters_(parameters),
      bar_(TLSNIC_BAR_SIZE),
      mac_(parameters),
      parser_(parameters.parser, parameters.clock_period),
      checksum_(parameters.checksum, parameters.clock_period),
      flow_stage_("flow", parameters.flow, parameters.clock_period),
      rx_(parameters),
      tls_stage_("tls", parameters.tls, parameters.clock_period),
      rx_ring_(dma),
      dma_stage_("dma", parameters.dma, parameters.clock_period),
      command_unit_(rx_, dma),
      command_ring_(dma) {
  const auto set = [this](std::uint32_t offset, std::uint32_t value) {
    std::memcpy(bar_.data() + offset, &value, sizeof value);
  };
  set(TLSNIC_REG_ID, TLSNIC_ID);
  set(TLSNIC_REG_ABI_VERSION, TLSNIC_ABI_VERSION);
  set(TLSNIC_REG_CAPABILITIES, TLSNIC_CAP_RX_TLS12_AES_GCM_128 | TLSNIC_CAP_RX_TLS12_AES_GCM_256 |
                                   TLSNIC_CAP_RX_TLS13_AES_GCM_128 |
                                   TLSNIC_CAP_RX_TLS13_AES_GCM_256);
  set(TLSNIC_REG_MAX_KEYS, parameters.max_keys);
  set(TLSNIC_REG_MAX_CONTEXTS, parameters.max_contexts);
  registers.register_b_transport(this, &Nic::access_register);

  SC_HAS_PROCESS(Nic);
  SC_METHOD(run_tls);
  sensitive << tls_start_;
  dont_initialize();
  SC_METHOD(run_dma);
  sensitive << dma_end_;
  dont_initialize();
  SC_METHOD(run_command);
  sensitive << command_end_;
  dont_initialize();
}

// ---- receive path

bool Nic::receive(const Frame& frame) {
  if (mac_.is_full()) return false;
  Packet* packet = mac_.receive(frame, now());
  parser_.process(*packet);
  checksum_.process(*packet);
  packet->ready = flow_stage_.pass(packet->ready, 0);
  before_tls_.push_back(packet);
  if (before_tls_.size() == 1) schedule_tls();
  return true;
}

void Nic::schedule_tls() {
  notify_at(tls_start_, tls_stage_.start_time(before_tls_.front()->ready));
}

void Nic::run_tls() {
  Packet* packet = before_tls_.front();
  before_tls_.pop_front();
  const RxUnit::Work work = rx_.process(*packet);
  const Picoseconds extra =
      work.records * parameters_.tls_cycles_per_record * parameters_.clock_period +
      (work.context_fetched ? parameters_.context_fetch : 0);
  packet->ready = tls_stage_.pass(packet->ready, work.aead_bytes, extra);
  before_dma_.push_back(packet);
  if (before_dma_.size() == 1) start_dma();
  if (!before_tls_.empty()) schedule_tls();
}

// Packets follow one another through the DMA unit as fast as it takes them; its latency is that of
// each packet, not of the unit.
void Nic::start_dma() {
  while (running_ && !before_dma_.empty() && rx_ring_.reserve(before_dma_.front()->size)) {
    Packet* packet = before_dma_.front();
    before_dma_.pop_front();
    packet->ready = dma_stage_.pass(std::max(packet->ready, now()), packet->size);
    in_dma_.push_back(packet);
    if (in_dma_.size() == 1) notify_at(dma_end_, packet->ready);
  }
}

void Nic::run_dma() {
  Packet* packet = in_dma_.front();
  in_dma_.pop_front();
  if (!in_dma_.empty()) notify_at(dma_end_, in_dma_.front()->ready);
  rx_ring_.deliver(*packet);
  if (probe != nullptr) probe->packet_received(*packet);
  const bool was_full = mac_.is_full();
  mac_.release(packet);
  if (was_full) resumed_.notify(sc_core::SC_ZERO_TIME);
  interrupt_if_armed();
}

void Nic::interrupt(std::uint32_t vector) {
  msix.write(vector * 16, &vector, sizeof vector);
}

void Nic::interrupt_if_armed() {
  if (!armed_) return;
  armed_ = false;
  interrupt(TLSNIC_VECTOR_RX);
}

// ---- commands

void Nic::schedule_command() {
  if (command_running_ || !running_ || command_ring_.empty()) return;
  command_running_ = true;
  const bool firmware = CommandUnit::needs_firmware(command_ring_.front().opcode);
  notify_at(command_end_,
            now() + (firmware ? parameters_.firmware_command : parameters_.fast_command));
}

void Nic::run_command() {
  command_running_ = false;
  if (!running_ || command_ring_.empty()) return;
  const tlsnic_command command = command_ring_.front();
  if (command.opcode == TLSNIC_CMD_RX_CONTEXT_DESTROY && holds_packets_of(command.object)) {
    command_running_ = true;
    notify_at(command_end_, now() + parameters_.fast_command);
    return;
  }
  command_ring_.complete(command, command_unit_.run(command, probe));
  interrupt(TLSNIC_VECTOR_COMMAND);
  schedule_command();
}

bool Nic::holds_packets_of(std::uint32_t context) const {
  const auto belongs = [context](const Packet* packet) { return packet->context == context; };
  return std::any_of(before_dma_.begin(), before_dma_.end(), belongs) ||
         std::any_of(in_dma_.begin(), in_dma_.end(), belongs);
}

// ---- registers

void Nic::access_register(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
  const std::uint64_t offset = payload.get_address();
  const unsigned size = payload.get_data_length();
  if ((size != 4 && size != 8) || offset % size != 0 || offset > TLSNIC_BAR_SIZE - size) {
    payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    return;
  }
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  if (payload.is_read()) {
    std::memcpy(payload.get_data_ptr(), bar_.data() + offset, size);
    return;
  }
  if (offset < TLSNIC_REG_CMD_RING_ADDRESS) return;  // identity cannot be written
  std::memcpy(bar_.data() + offset, payload.get_data_ptr(), size);
  if (offset >= TLSNIC_DB_CONTROL && size == 4)
    ring_doorbell(static_cast<std::uint32_t>(offset),
                  register32(static_cast<std::uint32_t>(offset)));
}

std::uint32_t Nic::register32(std::uint32_t offset) const {
  std::uint32_t value;
  std::memcpy(&value, bar_.data() + offset, sizeof value);
  return value;
}

RingLocation Nic::ring_at(std::uint32_t address_offset, std::uint32_t entries_offset) const {
  RingLocation ring;
  std::memcpy(&ring.address, bar_.data() + address_offset, sizeof ring.address);
  ring.entries = register32(entries_offset);
  return ring;
}

void Nic::ring_doorbell(std::uint32_t offset, std::uint32_t value) {
  switch (offset) {
    case TLSNIC_DB_CONTROL:
      value == 0 ? stop() : start();
      break;
    case TLSNIC_DB_CMD_PRODUCER:
      command_ring_.set_producer(value);
      schedule_command();
      break;
    case TLSNIC_DB_RX_PRODUCER:
      rx_ring_.set_producer(value);
      start_dma();
      break;
    case TLSNIC_DB_RX_ARM:
      armed_ = true;
      // Completions that the driver has not seen yet count as news.
      if (running_ && value != rx_ring_.completions_written()) interrupt_if_armed();
      break;
    default:
      break;
  }
}

void Nic::start() {
  halt();
  running_ =
      rx_ring_.configure(ring_at(TLSNIC_REG_RX_RING_ADDRESS, TLSNIC_REG_RX_RING_ENTRIES),
                         ring_at(TLSNIC_REG_RX_CQ_ADDRESS, TLSNIC_REG_RX_CQ_ENTRIES)) &&
      command_ring_.configure(ring_at(TLSNIC_REG_CMD_RING_ADDRESS, TLSNIC_REG_CMD_RING_ENTRIES),
                              ring_at(TLSNIC_REG_CMD_CQ_ADDRESS, TLSNIC_REG_CMD_CQ_ENTRIES));
}

void Nic::stop() {
  halt();
  armed_ = false;
  rx_ring_.stop();
  command_ring_.stop();
  rx_ = RxUnit(parameters_);
  // The connections that these packets were decrypted for are gone.
  for (Packet* packet : before_dma_) {
    if (packet->context == TLSNIC_NO_CONTEXT) continue;
    packet->tls = TLSNIC_TLS_NOT_DECRYPTED;
    packet->context = TLSNIC_NO_CONTEXT;
    packet->outcome = {RxReason::no_context};
  }
}

// Takes back what is under way to rings that will not be there when it ends. Packets stay in the
// chip for the next rings: none is lost.
void Nic::halt() {
  running_ = false;
  command_running_ = false;
  command_end_.cancel();
  dma_end_.cancel();
  while (!in_dma_.empty()) {
    in_dma_.back()->ready = now();
    before_dma_.push_front(in_dma_.back());
    in_dma_.pop_back();
  }
}

std::vector<StageStatistics> Nic::unit_statistics() const {
  return {mac_.statistics(),        parser_.stage.statistics(), checksum_.stage.statistics(),
          flow_stage_.statistics(), tls_stage_.statistics(),    dma_stage_.statistics()};
}

}  // namespace tlsnic::hw
