#include "hw_model/nic.h"

#include <algorithm>

#include "hw_model/timing/event.h"

namespace tlsnic::hw {
namespace {

constexpr std::uint32_t capabilities =
    TLSNIC_CAP_RX_TLS12_AES_GCM_128 | TLSNIC_CAP_RX_TLS12_AES_GCM_256 |
    TLSNIC_CAP_RX_TLS13_AES_GCM_128 | TLSNIC_CAP_RX_TLS13_AES_GCM_256 |
    TLSNIC_CAP_TX_TLS12_AES_GCM_128 | TLSNIC_CAP_TX_TLS12_AES_GCM_256 |
    TLSNIC_CAP_TX_TLS13_AES_GCM_128 | TLSNIC_CAP_TX_TLS13_AES_GCM_256 | TLSNIC_CAP_TX_CHECKSUM |
    TLSNIC_CAP_TX_SEGMENTATION | TLSNIC_CAP_RX_LRO;

}  // namespace

Nic::Nic(sc_core::sc_module_name name, const NicParameters& parameters)
    : sc_module(name),
      registers("registers"),
      dma("dma"),
      msix("msix"),
      parameters_(parameters),
      bar_(TLSNIC_BAR_SIZE),
      keys_(parameters.max_keys),
      rx_("rx", parameters_, keys_, dma, msix, probe),
      tx_("tx", parameters_, keys_, dma, msix, wire, probe),
      command_unit_(keys_, rx_.unit, tx_.unit, dma),
      command_ring_(dma),
      command_interrupt_(msix, TLSNIC_VECTOR_COMMAND) {
  set_identity();
  registers.register_b_transport(this, &Nic::access_register);

  SC_HAS_PROCESS(Nic);
  SC_METHOD(run_command);
  sensitive << command_end_;
  dont_initialize();
  SC_METHOD(look_again);
  sensitive << rx_.departed();
  dont_initialize();
}

void Nic::set_identity() {
  const auto set = [this](std::uint32_t offset, std::uint32_t value) {
    std::memcpy(bar_.data() + offset, &value, sizeof value);
  };
  set(TLSNIC_REG_ID, TLSNIC_ID);
  set(TLSNIC_REG_ABI_VERSION, TLSNIC_ABI_VERSION);
  set(TLSNIC_REG_CAPABILITIES, capabilities);
  set(TLSNIC_REG_MAX_KEYS, parameters_.max_keys);
  set(TLSNIC_REG_MAX_CONTEXTS, rx_.unit.contexts.capacity());
  set(TLSNIC_REG_MAX_TX_CONTEXTS, tx_.unit.contexts.capacity());
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
  if (command.opcode == TLSNIC_CMD_RX_CONTEXT_DESTROY && rx_.holds_packets_of(command.object)) {
    command_running_ = true;
    command_waits_since_ = now();
    rx_.watch_departure();
    return;
  }
  command_ring_.complete(command, command_unit_.run(command, probe));
  command_interrupt_.raise();
  schedule_command();
}

// The unit looks every `fast_command`; what changes nothing is left out.
void Nic::look_again() {
  if (!command_waits_since_) return;  // halted in this instant
  const Picoseconds interval = std::max<Picoseconds>(parameters_.fast_command, 1);
  const Picoseconds waited = now() - *command_waits_since_;
  notify_at(command_end_, *command_waits_since_ + (waited + interval - 1) / interval * interval);
  command_waits_since_.reset();
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
      rx_.set_producer(value);
      break;
    case TLSNIC_DB_RX_ARM:
      rx_.arm(value);
      break;
    case TLSNIC_DB_TX_PRODUCER:
      tx_.set_producer(value);
      break;
    case TLSNIC_DB_TX_ARM:
      tx_.arm(value);
      break;
    default:
      break;
  }
}

void Nic::start() {
  halt();
  running_ =
      rx_.configure(ring_at(TLSNIC_REG_RX_RING_ADDRESS, TLSNIC_REG_RX_RING_ENTRIES),
                    ring_at(TLSNIC_REG_RX_CQ_ADDRESS, TLSNIC_REG_RX_CQ_ENTRIES)) &&
      tx_.configure(ring_at(TLSNIC_REG_TX_RING_ADDRESS, TLSNIC_REG_TX_RING_ENTRIES),
                    ring_at(TLSNIC_REG_TX_CQ_ADDRESS, TLSNIC_REG_TX_CQ_ENTRIES)) &&
      command_ring_.configure(ring_at(TLSNIC_REG_CMD_RING_ADDRESS, TLSNIC_REG_CMD_RING_ENTRIES),
                              ring_at(TLSNIC_REG_CMD_CQ_ADDRESS, TLSNIC_REG_CMD_CQ_ENTRIES));
  if (!running_) return;
  rx_.run(register32(TLSNIC_REG_FEATURES));
  tx_.run();
}

void Nic::stop() {
  halt();
  rx_.reset();
  tx_.reset();
  command_ring_.stop();
  keys_ = KeyTable(parameters_.max_keys);
}

void Nic::halt() {
  running_ = false;
  command_running_ = false;
  command_waits_since_.reset();
  command_end_.cancel();
  rx_.halt();
  tx_.halt();
}

std::vector<StageStatistics> Nic::unit_statistics() const {
  std::vector<StageStatistics> out;
  rx_.append_statistics(out);
  tx_.append_statistics(out);
  return out;
}

}  // namespace tlsnic::hw
