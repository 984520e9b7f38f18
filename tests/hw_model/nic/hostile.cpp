#include "tests/hw_model/nic/hostile.h"

#include <algorithm>

namespace tlsnic::testing {
namespace {

// Reads values off the script; zeros when it has ended.
class Script {
 public:
  explicit Script(Bytes bytes) : left_(bytes) {}
  bool ended() const { return left_.empty(); }
  template <typename T>
  T take() {
    T value{};
    const std::size_t n = std::min<std::size_t>(sizeof value, left_.size());
    if (n > 0) std::memcpy(static_cast<void*>(&value), left_.data(), n);
    left_ = left_.subspan(n);
    return value;
  }
  std::uint8_t byte() { return take<std::uint8_t>(); }

 private:
  Bytes left_;
};

// Regions do not overlap, so that the chip does not write what it then reads as the driver's word.
struct Areas {
  std::uint64_t command_ring;
  std::uint64_t command_cq;
  std::uint64_t rx_ring;
  std::uint64_t rx_cq;
  std::uint64_t tx_ring;
  std::uint64_t tx_cq;
  std::uint64_t data;
};
constexpr std::uint64_t area_size = 4096;

std::uint64_t any_address(Script& script, const Areas& areas) {
  switch (script.byte() % 6) {
    case 0:
      return script.take<std::uint64_t>();
    case 1:
      return HostMemory::base - script.byte();
    case 2:
      return HostMemory::base + HostMemory::size - script.byte();
    case 3:
      return ~std::uint64_t{0} - script.byte();
    default:
      return areas.data + script.take<std::uint16_t>() % 2048;
  }
}

// Whether [address, address + size) meets a ring that the chip reads.
bool meets_rings(const Areas& areas, std::uint64_t address, std::uint64_t size) {
  return address < areas.data && address + size > HostMemory::base;
}

constexpr std::uint32_t ring_entries[] = {2, 4, 8, 16};

// A transmit descriptor: any bytes, mostly bent towards what the chip takes.
tlsnic_tx_descriptor any_operation(Script& script, const Areas& areas,
                                   const TestConnection& connection) {
  auto descriptor = script.take<tlsnic_tx_descriptor>();
  const std::uint8_t how = script.byte();
  if (how % 8 == 0) return descriptor;
  descriptor.opcode %= 6;
  descriptor.context %= 5;
  const std::uint32_t sequence = connection.start + script.byte();
  switch (descriptor.opcode) {
    case TLSNIC_TX_OP_SEND:
      descriptor.flags &= 0x3f;
      descriptor.body.fragment.address = any_address(script, areas);
      descriptor.body.fragment.length %= how % 4 == 1 ? 100'000 : 3000;
      break;
    case TLSNIC_TX_OP_DUMP:
      descriptor.flags &= TLSNIC_TX_FENCE;
      descriptor.body.dump.address = any_address(script, areas);
      descriptor.body.dump.length %= 3000;
      descriptor.body.dump.tcp_sequence = sequence;
      break;
    case TLSNIC_TX_OP_STATIC_PARAMS:
      descriptor.flags = 0;
      descriptor.body.static_params.key_index %= 5;
      descriptor.body.static_params.tls_version = TLSNIC_TLS_1_2 + how % 2;
      break;
    default:
      descriptor.flags = 0;
      descriptor.body.progress.next_record_tcp_sn = sequence;
      break;
  }
  return descriptor;
}

// A packet in the data area, so that descriptors have something to name: a record.
void lay_out_packet(Bench& bench, const Areas& areas, const TestConnection& connection) {
  const Buffer record{23, 3, 3, 0, 18, 1, 23, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  const Buffer packet = tcp_frame(connection.tuple, connection.start, record);
  std::copy(packet.begin(), packet.end(), bench.memory.at(areas.data));
}

}  // namespace

hw::NicParameters hostile_parameters() {
  hw::NicParameters parameters;
  parameters.max_keys = 4;
  parameters.max_contexts = 4;
  parameters.cached_contexts = 2;
  parameters.buffer_packets = 4;
  parameters.firmware_command = 3000;
  parameters.fast_command = 1000;
  parameters.tx_buffer_bytes = 2000;
  parameters.rx.scan_start = hw::ScanStart::immediate;
  return parameters;
}

void play_hostile_driver(Bench& bench, Bytes bytes) {
  Script script(bytes);
  bench.forget_wire();
  bench.write32(TLSNIC_DB_CONTROL, 0);
  bench.memory.reset();
  Areas areas{};
  areas.command_ring = bench.memory.allocate(area_size, false);
  areas.command_cq = bench.memory.allocate(area_size, false);
  areas.rx_ring = bench.memory.allocate(area_size, false);
  areas.rx_cq = bench.memory.allocate(area_size, false);
  areas.tx_ring = bench.memory.allocate(area_size, false);
  areas.tx_cq = bench.memory.allocate(area_size, false);
  areas.data = bench.memory.allocate(1u << 17, false);
  bench.sent.clear();
  bench.reports.clear();
  std::uint32_t operations = 0;
  std::uint32_t commands = 0;
  std::uint32_t buffers = 0;
  TestConnection connection;
  const auto write = [&](std::uint32_t offset, std::uint32_t value) {
    bench.access(tlm::TLM_WRITE_COMMAND, offset, &value, sizeof value);
  };
  const auto ring = [&](std::uint32_t offset, std::uint64_t address, std::uint32_t entry_size,
                        bool is_written) {
    const std::uint8_t kind = script.byte();
    // Completion queues are at least as long as what they answer, unless the script lies.
    std::uint32_t entries = is_written ? 16 : ring_entries[kind % 4];
    if (kind >= 0xf8) entries = script.take<std::uint32_t>();
    if (kind % 32 == 31 && !is_written) address = script.take<std::uint64_t>();
    if (kind % 32 == 31 && is_written) address = HostMemory::base + HostMemory::size - kind;
    bench.write64(offset, address);
    bench.write32(offset + 8, entries);
    if (is_written) bench.memory.name(address, std::uint64_t{entries} * entry_size);
  };

  const auto start = [&](std::uint32_t features) {  // mostly right, sometimes as bad as can be
    write(TLSNIC_REG_FEATURES, features);
    ring(TLSNIC_REG_CMD_RING_ADDRESS, areas.command_ring, sizeof(tlsnic_command), false);
    ring(TLSNIC_REG_CMD_CQ_ADDRESS, areas.command_cq, sizeof(tlsnic_command_completion), true);
    ring(TLSNIC_REG_RX_RING_ADDRESS, areas.rx_ring, sizeof(tlsnic_rx_descriptor), false);
    ring(TLSNIC_REG_RX_CQ_ADDRESS, areas.rx_cq, sizeof(tlsnic_rx_completion), true);
    ring(TLSNIC_REG_TX_RING_ADDRESS, areas.tx_ring, sizeof(tlsnic_tx_descriptor), false);
    ring(TLSNIC_REG_TX_CQ_ADDRESS, areas.tx_cq, sizeof(tlsnic_tx_completion), true);
    write(TLSNIC_DB_CONTROL, 1);
    commands = buffers = operations = 0;
  };

  start(TLSNIC_FEATURE_RX_LRO);
  for (int steps = 0; !script.ended() && steps < 200; ++steps) {
    switch (script.byte() % 14) {
      case 0:
        if (const std::uint8_t how = script.byte(); how % 4 == 0) start(how / 4);
        break;
      case 1:  // a descriptor
      case 2: {
        tlsnic_rx_descriptor descriptor{any_address(script, areas), script.take<std::uint32_t>(),
                                        0};
        if (script.byte() % 4 != 0) descriptor.length %= 3000;
        if (meets_rings(areas, descriptor.address, descriptor.length)) break;
        if (descriptor.length >= 64 && descriptor.length <= 65536)
          bench.memory.name(descriptor.address, descriptor.length);
        for (std::uint32_t slot = 0; slot < 16; ++slot)
          bench.memory.store(areas.rx_ring + slot * sizeof descriptor, descriptor);
        // One more than before, or as many as a ring may have.
        buffers += script.byte() % 4 == 0 ? 16 : 1;
        write(TLSNIC_DB_RX_PRODUCER, buffers);
        break;
      }
      case 3:  // a command, of any bytes
      case 4:
      case 5: {
        auto command = script.take<tlsnic_command>();
        if (script.byte() % 8 != 0) {
          command.opcode = static_cast<std::uint8_t>(command.opcode % 15);
          command.object %= 5;
        }
        const std::uint64_t size =
            command.opcode == TLSNIC_CMD_RX_PROGRESS_QUERY ? sizeof(tlsnic_rx_progress)
            : command.opcode == TLSNIC_CMD_RX_CONTEXT_DUMP ? sizeof(tlsnic_rx_context)
            : command.opcode == TLSNIC_CMD_TX_CONTEXT_DUMP ? sizeof(tlsnic_tx_context)
                                                           : 0;
        if (size != 0) {
          command.body.dma.address = any_address(script, areas);
          if (meets_rings(areas, command.body.dma.address, size)) break;
          bench.memory.name(command.body.dma.address, size);
        }
        for (std::uint32_t slot = 0; slot < 16; ++slot)
          bench.memory.store(areas.command_ring + slot * sizeof command, command);
        write(TLSNIC_DB_CMD_PRODUCER, ++commands);
        break;
      }
      case 6: {  // a connection that could work
        connection.index = script.byte() % 4;
        const tlsnic_command steps_to_take[] = {
            key_create(connection),
            make_command(TLSNIC_CMD_RX_CONTEXT_CREATE, connection.index),
            static_params(connection, 0, connection.start + script.byte()),
            progress_params(connection),
            flow_command(TLSNIC_CMD_FLOW_ADD, connection),
            make_command(TLSNIC_CMD_TX_CONTEXT_CREATE, connection.index)};
        for (const auto& command : steps_to_take) {
          for (std::uint32_t slot = 0; slot < 16; ++slot)
            bench.memory.store(areas.command_ring + slot * sizeof command, command);
          write(TLSNIC_DB_CMD_PRODUCER, ++commands);
          bench.run(5000);
        }
        break;
      }
      case 7:  // a doorbell of any value
        write(TLSNIC_DB_CMD_PRODUCER + script.byte() % 5 * 4, script.take<std::uint32_t>());
        break;
      case 8:
        bench.run(script.take<std::uint16_t>());
        break;
      case 9:  // any register access at all
      {
        std::uint8_t data[8] = {};
        const std::uint16_t offset = script.take<std::uint16_t>();
        if (offset < TLSNIC_REG_CMD_RING_ADDRESS || offset > TLSNIC_DB_TX_ARM)
          bench.access(tlm::TLM_WRITE_COMMAND, offset, data, script.byte() % 9);
        bench.access(tlm::TLM_READ_COMMAND, offset, data, script.byte() % 9);
        break;
      }
      case 10: {  // an operation of any bytes
        const tlsnic_tx_descriptor descriptor = any_operation(script, areas, connection);
        for (std::uint32_t slot = 0; slot < 16; ++slot)
          bench.memory.store(areas.tx_ring + slot * sizeof descriptor, descriptor);
        operations += script.byte() % 4 == 0 ? 16 : 1;
        write(TLSNIC_DB_TX_PRODUCER, operations);
        break;
      }
      case 11: {  // a packet that could leave
        lay_out_packet(bench, areas, connection);
        const tlsnic_tx_descriptor steps_to_take[] = {
            tx_static_params(connection.index, connection.index, connection.keys),
            tx_progress_params(connection.index, connection.start, script.byte()),
            tx_fragment(areas.data, 54 + 23,
                        TLSNIC_TX_FIRST | TLSNIC_TX_LAST | TLSNIC_TX_TLS | TLSNIC_TX_SEGMENT,
                        connection.index, script.byte())};
        for (const auto& descriptor : steps_to_take) {
          for (std::uint32_t slot = 0; slot < 16; ++slot)
            bench.memory.store(areas.tx_ring + slot * sizeof descriptor, descriptor);
          write(TLSNIC_DB_TX_PRODUCER, ++operations);
          bench.run(script.byte() * 10'000);
        }
        break;
      }
      default: {  // a frame
        const std::size_t size = script.byte() * (script.byte() % 16);
        Buffer payload(size, script.byte());
        for (std::size_t i = 0; i < std::min<std::size_t>(size, 12); ++i)
          payload[i] = script.byte();
        const std::uint32_t offset = script.byte();
        const std::uint8_t how = script.byte();
        FrameOptions options;
        if (how % 2 == 0) options.flags = tcp_ack;  // LRO waits for the next one
        if (bench.frames_waiting() < 16)
          bench.send(how % 8 == 0 ? payload
                                  : tcp_frame(connection.tuple, connection.start + offset * 16,
                                              payload, options));
        break;
      }
    }
  }
  bench.settle();
}

}  // namespace tlsnic::testing
