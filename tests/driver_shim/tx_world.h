// The real driver on a FakeChip, under real kTLS senders whose TCP does as it is told. One per
// process (tests/hw_model/nic/in_child.h).
#pragma once

#include <catch2/catch.hpp>

#include "driver_shim/driver.h"
#include "tests/driver_shim/fake_chip.h"
#include "tests/host_stack/ktls/tx_world.h"
#include "tests/hw_model/nic/in_child.h"
#include "tests/hw_model/tls/tx_bench.h"

namespace tlsnic::testing {

using host::test::ByteVector;
using Words = FakeChip::Words;

inline hw::NicParameters driver_test_nic() {
  hw::NicParameters parameters;
  parameters.max_keys = 16;
  parameters.max_contexts = 16;
  return parameters;
}

struct TxDriverWorld : sc_core::sc_module, netdev::NetworkStack {
  explicit TxDriverWorld(driver::Personality personality,
                         const hw::NicParameters& parameters = driver_test_nic(),
                         sc_core::sc_module_name name = "world")
      : sc_module(name),
        chip("chip", memory, parameters),
        driver("driver", memory, *this, sc_core::sc_time(5, sc_core::SC_US), personality) {
    chip.msix.bind(driver.msix);
    driver.registers.socket.bind(chip.registers);
    end_module();  // SystemC may be started before this constructor returns
    sc_core::sc_report_handler::set_actions(sc_core::SC_ID_NO_SC_START_ACTIVITY_,
                                            sc_core::SC_DO_NOTHING);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }
  void start_of_simulation() override { driver.probe_device(); }
  void netif_receive_skb(netdev::SkBuff) override {}
  netdev::TlsConnection* find_tls_connection(const FourTuple&) override { return nullptr; }

  void settle() {
    sc_core::sc_start(sc_core::sc_time(1, sc_core::SC_SEC), sc_core::SC_EXIT_ON_STARVATION);
    if (sc_core::sc_pending_activity()) throw std::logic_error("the world does not come to rest");
  }
  std::uint64_t counter(const std::string& name) const {
    for (const auto& [each, value] : driver.counters())
      if (each == name) return value;
    throw std::logic_error("no counter " + name);
  }
  std::uint64_t statistic(const std::string& name) const {
    for (const auto& [each, value] : driver.debugfs())
      if (each == name) return value;
    throw std::logic_error("no statistic " + name);
  }

  const std::vector<FakeChip::Buffer>& frames() const { return chip.frames; }

  netdev::DmaMemory memory;
  FakeChip chip;
  driver::Driver driver;
};

// A connection in the device, and the same one in software to compare with. World: TxDriverWorld,
// or another with frames(), settle() and a driver.
template <typename World>
struct BasicTxFlow {
  explicit BasicTxFlow(World& where, std::uint32_t first_sequence = 1000)
      : world(where), hardware(true, first_sequence), software(false, first_sequence) {
    hardware.nic.tlsdev_ops = &world.driver.tlsdev_ops();
  }
  // True if the device took it.
  bool install(TlsVersion version = TlsVersion::tls12, TlsCipher cipher = TlsCipher::aes_gcm_128,
               std::uint64_t record_number = 7) {
    const auto info = host::test::crypto_info(version, cipher, record_number);
    software.tx->install(info);
    hardware.tx->install(info);
    return hardware.tx->is_hardware();
  }
  void plain(std::size_t size) {
    const ByteVector bytes = host::test::some_bytes(size, 50);
    hardware.tcp.write_plain(bytes);
    software.tcp.write_plain(bytes);
  }
  // A record of this many bytes of plaintext.
  void record(std::size_t size) {
    const ByteVector bytes = host::test::some_bytes(size, ++records);
    hardware.tx->send(bytes);
    software.tx->send(bytes);
  }
  netdev::TxSkb skb(std::size_t from, std::size_t to, std::uint16_t gso_size = 0,
                    std::uint8_t flags = tcp_ack) const {
    netdev::TxSkb out = hardware.tcp.segment(from, to);
    out.headers = unfinished_packet(out.sequence, {}, flags);
    out.gso_size = gso_size;
    return out;
  }
  // TCP sends these bytes of the stream; what the chip did.
  Words send(std::size_t from, std::size_t to, std::uint16_t gso_size = 0) {
    post(skb(from, to, gso_size));
    world.settle();
    return world.chip.take_log();
  }
  void post(netdev::TxSkb out) {
    auto passed = hardware.tx->validate_xmit_skb(std::move(out), hardware.nic);
    if (passed) world.driver.start_xmit(std::move(*passed));
  }
  void ack(std::size_t offset) { hardware.ack(offset); }
  // Every frame that left has TLS_SW's bytes at its place in the stream. Which bytes did.
  std::vector<bool> check_wire() {
    std::vector<bool> seen(software.tcp.size());
    bool all_equal = true;
    for (const auto& frame : world.frames()) {
      const ParsedFrame parsed = parse_frame(frame);
      REQUIRE(parsed.kind == FrameKind::tcp);
      const std::size_t at = parsed.sequence - software.tcp.sequence_at(0);
      for (std::size_t i = 0; i < parsed.payload_length; ++i) {
        seen.at(at + i) = true;
        all_equal = all_equal && frame[parsed.payload_offset + i] == software.tcp.bytes.at(at + i);
      }
    }
    CHECK(all_equal);
    return seen;
  }

  World& world;
  host::test::TxWorld hardware;
  host::test::TxWorld software;
  std::uint32_t records = 0;
};
using TxFlow = BasicTxFlow<TxDriverWorld>;

// A connection of TLS 1.2 in the device. Four records of 100 bytes on the wire, numbers 7 to 10,
// after 50 bytes of plain TCP: record i begins at offset 50 + 100 i, sequence 1050 + 100 i; its tag
// at 84 of it.
struct FourRecords {
  explicit FourRecords(driver::Personality personality) : world(personality), flow(world) {
    flow.plain(50);
    REQUIRE(flow.install());
    world.settle();
    for (int i = 0; i < 4; ++i) flow.record(100 - 29);
  }

  TxDriverWorld world;
  TxFlow flow;
};

}  // namespace tlsnic::testing
