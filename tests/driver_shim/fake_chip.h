// A chip that runs the transmit ring's operations at once, with the real chip's units and without
// its time, and writes down what they were.
#pragma once

#include <fmt/format.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <systemc>

#include "host_stack/netdev/dma_memory.h"
#include "hw_model/abi/registers.h"
#include "hw_model/tls/tx_unit.h"

namespace tlsnic::testing {

struct FakeChip : sc_core::sc_module {
  using Words = std::vector<std::string>;
  using Buffer = std::vector<std::uint8_t>;

  FakeChip(sc_core::sc_module_name name, netdev::DmaMemory& host_memory,
           const hw::NicParameters& parameters)
      : sc_module(name),
        registers("registers"),
        msix("msix"),
        memory(host_memory),
        keys(parameters.max_keys),
        unit(parameters, keys),
        bar_(TLSNIC_BAR_SIZE) {
    registers.register_b_transport(this, &FakeChip::transport);
    set(TLSNIC_REG_ID, TLSNIC_ID);
    set(TLSNIC_REG_ABI_VERSION, TLSNIC_ABI_VERSION);
    set(TLSNIC_REG_CAPABILITIES, 0xffffffff);
    set(TLSNIC_REG_MAX_KEYS, parameters.max_keys);
    set(TLSNIC_REG_MAX_CONTEXTS, parameters.max_contexts);
    set(TLSNIC_REG_MAX_TX_CONTEXTS, parameters.max_contexts);
  }

  // While they are held, doorbells of that kind wait.
  void hold_tx(bool hold) {
    tx_held_ = hold;
    run_tx();
  }
  void hold_commands(bool hold) {
    commands_held_ = hold;
    run_commands();
  }
  // What was run since the last call: "static!" (with fence), "progress 1000 #0", "nop", "dump 5",
  // "send 1000+100 tls", and "= STATUS" behind what was refused.
  Words take_log() { return std::exchange(log_, {}); }

  tlm_utils::simple_target_socket<FakeChip> registers;
  tlm_utils::simple_initiator_socket<FakeChip> msix;
  netdev::DmaMemory& memory;
  hw::KeyTable keys;
  hw::TxUnit unit;
  std::vector<Buffer> frames;
  std::vector<std::uint32_t> opcodes;  // of commands
  std::uint32_t longest_packet = 0;    // in descriptors
  std::uint8_t key_create_status = TLSNIC_STATUS_OK;

 private:
  template <typename T>
  T get(std::uint32_t offset) const {
    T value;
    std::memcpy(&value, bar_.data() + offset, sizeof value);
    return value;
  }
  void set(std::uint32_t offset, std::uint32_t value) {
    std::memcpy(bar_.data() + offset, &value, sizeof value);
  }
  template <typename T>
  MutableBytes slot(std::uint32_t address, std::uint32_t entries, std::uint32_t index) {
    return memory.at(get<std::uint64_t>(address) +
                         std::uint64_t{index % get<std::uint32_t>(entries)} * sizeof(T),
                     sizeof(T));
  }

  void transport(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
    const std::uint64_t offset = payload.get_address();
    std::uint8_t* place = bar_.data() + offset;
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    if (payload.is_read()) {
      std::memcpy(payload.get_data_ptr(), place, payload.get_data_length());
      return;
    }
    std::memcpy(place, payload.get_data_ptr(), payload.get_data_length());
    if (offset == TLSNIC_DB_CMD_PRODUCER) run_commands();
    if (offset == TLSNIC_DB_TX_PRODUCER) run_tx();
    if (offset == TLSNIC_DB_TX_ARM) {
      armed_ = true;
      if (get<std::uint32_t>(TLSNIC_DB_TX_ARM) != completed_) interrupt_tx();
    }
  }

  void interrupt(std::uint32_t vector) {
    tlm::tlm_generic_payload payload;
    payload.set_command(tlm::TLM_WRITE_COMMAND);
    payload.set_address(vector * 16);
    payload.set_data_ptr(reinterpret_cast<std::uint8_t*>(&vector));
    payload.set_data_length(sizeof vector);
    sc_core::sc_time delay;
    msix->b_transport(payload, delay);
  }
  void interrupt_tx() {
    if (!std::exchange(armed_, false)) return;
    interrupt(TLSNIC_VECTOR_TX);
  }

  void run_commands() {
    while (!commands_held_ && command_ != get<std::uint32_t>(TLSNIC_DB_CMD_PRODUCER)) {
      tlsnic_command command;
      std::memcpy(
          &command,
          slot<tlsnic_command>(TLSNIC_REG_CMD_RING_ADDRESS, TLSNIC_REG_CMD_RING_ENTRIES, command_)
              .data(),
          sizeof command);
      opcodes.push_back(command.opcode);
      tlsnic_command_completion completion{};
      completion.status = run(command);
      completion.phase = (command_ & get<std::uint32_t>(TLSNIC_REG_CMD_CQ_ENTRIES)) == 0 ? 1 : 0;
      std::memcpy(slot<tlsnic_command_completion>(TLSNIC_REG_CMD_CQ_ADDRESS,
                                                  TLSNIC_REG_CMD_CQ_ENTRIES, command_++)
                      .data(),
                  &completion, sizeof completion);
      interrupt(TLSNIC_VECTOR_COMMAND);
    }
  }
  std::uint8_t run(const tlsnic_command& command) {
    switch (command.opcode) {
      case TLSNIC_CMD_KEY_CREATE:
        if (key_create_status != TLSNIC_STATUS_OK) return key_create_status;
        if (keys.has(command.object)) return TLSNIC_STATUS_IN_USE;
        keys.create(command.object, Bytes(command.body.key.key, command.body.key.length));
        return TLSNIC_STATUS_OK;
      case TLSNIC_CMD_KEY_DESTROY:
        return keys.destroy(command.object) ? TLSNIC_STATUS_OK : TLSNIC_STATUS_BAD_OBJECT;
      case TLSNIC_CMD_TX_CONTEXT_CREATE:
        return unit.create_context(command.object);
      case TLSNIC_CMD_TX_CONTEXT_DESTROY:
        return unit.destroy_context(command.object);
      default:
        return TLSNIC_STATUS_BAD_OPCODE;
    }
  }

  void run_tx() {
    while (!tx_held_ && tx_ != get<std::uint32_t>(TLSNIC_DB_TX_PRODUCER)) {
      tlsnic_tx_descriptor descriptor;
      std::memcpy(
          &descriptor,
          slot<tlsnic_tx_descriptor>(TLSNIC_REG_TX_RING_ADDRESS, TLSNIC_REG_TX_RING_ENTRIES, tx_++)
              .data(),
          sizeof descriptor);
      const hw::TxRead wanted = job_.take(descriptor);
      if (!wanted.into.empty()) {
        const Bytes from = memory.readable(wanted.address, wanted.into.size());
        if (from.empty())
          job_.refuse_address();
        else
          std::copy(from.begin(), from.end(), wanted.into.begin());
      }
      if (job_.is_complete()) run_job();
    }
    interrupt_tx();
  }
  void run_job() {
    unit.process(job_);
    for (std::uint32_t i = 0; i < job_.frames(); ++i) {
      frames.emplace_back(job_.frame_size(i));
      job_.write_frame(i, frames.back());
    }
    tlsnic_tx_completion completion = job_.completion();
    if (job_.is_packet()) longest_packet = std::max(longest_packet, completion.descriptors);
    log_.push_back(describe(completion.status));
    completion.phase = (completed_ & get<std::uint32_t>(TLSNIC_REG_TX_CQ_ENTRIES)) == 0 ? 1 : 0;
    std::memcpy(
        slot<tlsnic_tx_completion>(TLSNIC_REG_TX_CQ_ADDRESS, TLSNIC_REG_TX_CQ_ENTRIES, completed_++)
            .data(),
        &completion, sizeof completion);
    job_.reset();
  }
  std::string describe(std::uint8_t status) {
    const tlsnic_tx_descriptor& first = job_.first;
    std::string text;
    if (first.opcode == TLSNIC_TX_OP_STATIC_PARAMS) text = "static";
    if (first.opcode == TLSNIC_TX_OP_PROGRESS_PARAMS)
      text = fmt::format("progress {} #{}", first.body.progress.next_record_tcp_sn,
                         first.body.progress.record_number);
    if (first.opcode == TLSNIC_TX_OP_NOP) text = "nop";
    if (first.opcode == TLSNIC_TX_OP_DUMP) text = fmt::format("dump {}", first.body.dump.length);
    if (job_.is_packet())
      text = fmt::format("send {}+{}{}", job_.parsed.sequence, job_.parsed.payload_length,
                         job_.has(TLSNIC_TX_TLS) ? " tls" : "");
    if ((first.flags & TLSNIC_TX_FENCE) != 0) text += "!";
    if (status != TLSNIC_TX_OK) text += fmt::format(" = {}", status);
    return text;
  }

  std::vector<std::uint8_t> bar_;
  hw::TxJob job_;
  Words log_;
  std::uint32_t tx_ = 0;
  std::uint32_t completed_ = 0;
  std::uint32_t command_ = 0;
  bool armed_ = false;
  bool tx_held_ = false;
  bool commands_held_ = false;
};

}  // namespace tlsnic::testing
