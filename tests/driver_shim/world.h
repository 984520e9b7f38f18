// The real driver on the real chip, under a stack that only takes notes. One per process
// (tests/hw_model/nic/in_child.h).
#pragma once

#include <deque>
#include <functional>
#include <map>

#include "driver_shim/driver.h"
#include "hw_model/nic.h"
#include "scenarios/host_bus.h"
#include "tests/hw_model/nic/frames.h"
#include "tests/hw_model/tls/record_stream.h"

namespace tlsnic::testing {

// A connection of the stack; what the driver says about resync is written down in words.
class FakeConnection : public netdev::TlsRxOffload {
 public:
  explicit FakeConnection(const FourTuple& tuple = ipv4_tuple()) {
    connection.received = tuple;
    connection.rx = this;
  }

  netdev::TlsConnection connection;
  netdev::TlsCryptoInfo crypto{test_keys(TlsVersion::tls13, TlsCipher::aes_gcm_128), 0};
  std::uint32_t start = 0xfffff000;
  netdev::TlsRxResyncType type = netdev::TlsRxResyncType::driver_req;
  std::vector<std::string> said;
  std::uint32_t asked_sequence = 0;  // of the last start or request
  std::uint32_t guess = 0;           // of the last end

  Buffer frame(const RecordStream& stream, std::size_t offset, std::size_t size,
               const FrameOptions& options = {}) const {
    return tcp_frame(connection.received, start + static_cast<std::uint32_t>(offset),
                     Bytes(stream.wire).subspan(offset, size), options);
  }

  void set_resync_type(netdev::TlsRxResyncType wanted) override { type = wanted; }
  void resync_request(std::uint32_t sequence) override {
    said.push_back("request");
    asked_sequence = sequence;
  }
  void resync_async_request_start(std::uint32_t sequence, std::uint16_t length) override {
    said.push_back("start " + std::to_string(length));
    asked_sequence = sequence;
  }
  void resync_async_request_end(std::uint32_t sequence) override {
    said.push_back("end");
    guess = sequence;
  }
  void resync_async_request_cancel() override { said.push_back("cancel"); }
};

struct World : sc_core::sc_module, netdev::NetworkStack {
  explicit World(const hw::NicParameters& parameters = {}, std::size_t memory_bytes = 40u << 20,
                 driver::Personality personality = driver::Personality::mlx5,
                 sc_core::sc_module_name name = "world")
      : sc_module(name),
        memory(memory_bytes),
        nic("nic", parameters),
        driver("driver", memory, *this, sc_core::sc_time(5, sc_core::SC_US), personality),
        bus_("bus", memory) {
    nic.dma.socket.bind(bus_.target);
    nic.msix.socket.bind(driver.msix);
    driver.registers.socket.bind(nic.registers);
    SC_HAS_PROCESS(World);
    SC_METHOD(pump);
    sensitive << nic.resumed();
    dont_initialize();
  }
  ~World() override { held.clear(); }

  void start_of_simulation() override { driver.probe_device(); }

  // ---- time
  void start() {
    // A world that has come to rest is asked to settle again: nothing to warn about.
    sc_core::sc_report_handler::set_actions(sc_core::SC_ID_NO_SC_START_ACTIVITY_,
                                            sc_core::SC_DO_NOTHING);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }
  void run_us(double us) { sc_core::sc_start(sc_core::sc_time(us, sc_core::SC_US)); }
  // Until nothing happens any more, within a simulated second.
  void settle() {
    sc_core::sc_start(sc_core::sc_time(1, sc_core::SC_SEC), sc_core::SC_EXIT_ON_STARVATION);
    if (sc_core::sc_pending_activity()) throw std::logic_error("the world does not come to rest");
  }

  // ---- wire
  void send(Buffer frame) {
    wire_.push_back(std::move(frame));
    pump();
  }

  // ---- the stack
  struct Delivered {
    Buffer bytes;
    bool decrypted;
    bool checksum_verified;
  };
  void netif_receive_skb(netdev::SkBuff skb) override {
    const MutableBytes frame = skb.frame();
    delivered.push_back({Buffer(frame.begin(), frame.end()), skb.decrypted, skb.checksum_verified});
    if (hold_pages) held.push_back(std::move(skb));
  }
  netdev::TlsConnection* find_tls_connection(const FourTuple& received) override {
    for (FakeConnection* each : connections)
      if (each->connection.received == received) return &each->connection;
    return nullptr;
  }

  // ---- shorthand
  int add(FakeConnection& each) {
    connections.push_back(&each);
    return driver.tlsdev_ops().tls_dev_add(each.connection, netdev::TlsDirection::rx, each.crypto,
                                           each.start);
  }
  void del(FakeConnection& each) {
    driver.tlsdev_ops().tls_dev_del(each.connection, netdev::TlsDirection::rx);
  }
  void answer(FakeConnection& each, std::uint32_t sequence, std::uint64_t number) {
    driver.tlsdev_ops().tls_dev_resync(each.connection, sequence, number, netdev::TlsDirection::rx);
  }
  std::uint64_t counter(const std::string& name) const {
    for (const auto& [each, value] : driver.counters())
      if (each == name) return value;
    throw std::logic_error("no counter " + name);
  }
  // Sends one frame, settles, and takes what the stack got.
  Delivered pass(Buffer frame) {
    delivered.clear();
    send(std::move(frame));
    settle();
    if (delivered.size() != 1) throw std::logic_error("not exactly one frame came");
    return delivered[0];
  }

  netdev::DmaMemory memory;
  std::vector<Delivered> delivered;
  std::vector<netdev::SkBuff> held;
  bool hold_pages = false;
  std::vector<FakeConnection*> connections;
  hw::Nic nic;
  driver::Driver driver;

 private:
  void pump() {
    while (!wire_.empty() && nic.receive({0, wire_.front()})) wire_.pop_front();
  }

  scenarios::HostBus bus_;
  std::deque<Buffer> wire_;
};

}  // namespace tlsnic::testing
