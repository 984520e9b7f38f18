// The chip alone on a bench: host memory, the wire, and a driver written from hw_model/abi only.
// One per process (see in_child.h). Time advances only in settle() and run(). Throws
// std::logic_error where the chip does what no chip may.
#pragma once

#include <tlm_utils/simple_initiator_socket.h>

#include <deque>
#include <functional>
#include <optional>

#include "hw_model/nic.h"
#include "tests/hw_model/nic/frames.h"
#include "tests/hw_model/nic/host_memory.h"
#include "tests/hw_model/tls/record_stream.h"
#include "tests/hw_model/tls/tx_descriptors.h"

namespace tlsnic::testing {

struct RingSizes {
  std::uint32_t commands = 16;
  std::uint32_t command_completions = 16;
  std::uint32_t buffers = 64;
  std::uint32_t completions = 64;
  std::uint32_t buffer_bytes = 2048;
  std::uint32_t tx_descriptors = 64;  // 0: no transmit ring
  std::uint32_t tx_completions = 64;
};

struct Received {
  tlsnic_rx_completion completion;
  Buffer bytes;
};

struct SentFrame {
  std::uint64_t time;  // ps, of the last bit
  Buffer bytes;
};

// One TLS connection as the chip is told of it; key and context have the same index.
struct TestConnection {
  std::uint32_t index = 0;
  FourTuple tuple = ipv4_tuple();
  TrafficKeys keys = test_keys(TlsVersion::tls13, TlsCipher::aes_gcm_128);
  std::uint32_t start = 0xfffff000;  // near the wrap of the sequence space
  std::uint64_t record_number = 0;

  Buffer frame(const RecordStream& stream, std::size_t offset, std::size_t size,
               const FrameOptions& options = {}) const {
    return tcp_frame(tuple, start + static_cast<std::uint32_t>(offset),
                     Bytes(stream.wire).subspan(offset, size), options);
  }
};

// Body fields left at zero are not used by the opcode.
tlsnic_command make_command(std::uint32_t opcode, std::uint32_t object);
tlsnic_command key_create(const TestConnection& connection);
tlsnic_command static_params(const TestConnection& connection, std::uint64_t record_number,
                             std::uint32_t resync_tcp_sn = 0);
tlsnic_command progress_params(const TestConnection& connection);
tlsnic_command flow_command(std::uint32_t opcode, const TestConnection& connection);
tlsnic_command dma_command(std::uint32_t opcode, std::uint32_t object, std::uint64_t address);

class Bench : public sc_core::sc_module, public hw::NicProbe, public hw::WireOutput {
 public:
  explicit Bench(const hw::NicParameters& parameters = {}, sc_core::sc_module_name name = "bench");

  HostMemory memory;
  hw::Nic nic;

  // ---- time
  // Until nothing happens any more; fails if that takes more than a simulated second.
  void settle();
  void run(std::uint64_t ps);
  std::uint64_t now() const { return sc_core::sc_time_stamp().value(); }

  // ---- wire: frames wait in front of a paused link and go on when it resumes.
  void send(Buffer frame);
  std::size_t frames_waiting() const { return wire_.size(); }
  void forget_wire() { wire_.clear(); }
  std::vector<SentFrame> sent;          // what left the chip
  std::function<void(Buffer)> on_sent;  // instead of noting it
  void frame_transmitted(Bytes frame) override;

  // ---- registers. False if the chip refused the access.
  bool access(tlm::tlm_command command, std::uint64_t offset, void* data, unsigned size);
  std::uint32_t read32(std::uint32_t offset);
  void write32(std::uint32_t offset, std::uint32_t value);
  void write64(std::uint32_t offset, std::uint64_t value);

  // ---- the driver
  // Rings, control, buffers for the whole receive ring.
  void bring_up(const RingSizes& sizes = {});
  void set_up_rings(const RingSizes& sizes = {});
  // Offers up to this many buffers; as many as the ring has slots for.
  void offer(std::uint32_t count);
  void ring_rx_producer() { write32(TLSNIC_DB_RX_PRODUCER, rx_producer_); }
  void post(tlsnic_command command);
  // The oldest answer not yet read.
  std::optional<tlsnic_command_completion> poll_command();
  // Posts, settles and reads the answer; the answer belongs to this command.
  std::uint8_t command(const tlsnic_command& command);
  void install(const TestConnection& connection);
  tlsnic_rx_context dump_context(std::uint32_t context);
  tlsnic_rx_progress progress(std::uint32_t context);
  // The next frame in host memory; its buffers are no longer the chip's.
  std::optional<Received> receive();
  std::vector<Received> receive_all();
  // Sends one frame, settles, and takes the one frame that comes; offers its buffers again.
  Received pass(Buffer frame);
  void arm() { write32(TLSNIC_DB_RX_ARM, completion_index_); }

  // The driver's transmit half.
  // Bytes somewhere in host memory.
  std::uint64_t put(Bytes bytes);
  // Writes a descriptor, with a token of its own, to the ring.
  void post_tx(tlsnic_tx_descriptor descriptor);
  void ring_tx_producer() { write32(TLSNIC_DB_TX_PRODUCER, tx_producer_); }
  // A packet of one descriptor, or of pieces of this size.
  void post_packet(Bytes packet, unsigned flags, std::uint32_t context = 0, std::uint16_t mss = 0,
                   std::size_t piece = TLSNIC_TX_MAX_PACKET);
  // The oldest completion not read yet; its token is that of the operation's last descriptor.
  std::optional<tlsnic_tx_completion> poll_tx();
  // Posts one operation, rings, settles and reads the one completion.
  tlsnic_tx_completion transmit(const tlsnic_tx_descriptor& descriptor);
  tlsnic_tx_completion transmit(Bytes packet, unsigned flags, std::uint32_t context = 0,
                                std::uint16_t mss = 0);
  // Key, transmit context and parameters, by commands and by the ring.
  void install_tx(const TestConnection& connection);
  tlsnic_tx_context dump_tx_context(std::uint32_t context);
  void arm_tx() { write32(TLSNIC_DB_TX_ARM, tx_completion_index_); }

  RingSizes sizes;
  std::uint64_t command_ring = 0, command_cq = 0, rx_ring = 0, rx_cq = 0, tx_ring = 0, tx_cq = 0;

  struct Seen {
    std::uint64_t completed;  // ps
    std::uint64_t arrival;
    hw::RxReason reason;
  };
  std::vector<Seen> seen;          // by the chip's probe, in order
  std::vector<bool> answers_seen;  // resync answers, whether they were accepted
  void packet_received(const hw::Packet& packet) override;
  void resync_answered(std::uint32_t context, std::uint32_t sequence, bool accepted) override;
  std::vector<hw::TxReport> reports;
  void operation_finished(const hw::TxReport& report) override { reports.push_back(report); }

 private:
  void pump();
  void succeed(const tlsnic_command& wanted);
  // Sockets are bound and processes exist only from here on; not in a constructor.
  void elaborate();

  struct Slot {
    std::uint64_t address;
    std::uint32_t size;
  };
  tlm_utils::simple_initiator_socket<Bench> bus_;
  std::deque<Buffer> wire_;
  std::uint64_t frame_id_ = 0;
  std::uint32_t command_producer_ = 0, command_consumer_ = 0;
  std::uint32_t rx_producer_ = 0, completion_index_ = 0;
  std::deque<Slot> free_, in_ring_;
  std::uint32_t tx_producer_ = 0, tx_consumer_ = 0, tx_completion_index_ = 0;
  std::uint64_t scratch_ = 0;
  bool elaborated_ = false;
};

}  // namespace tlsnic::testing
