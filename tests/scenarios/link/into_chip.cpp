// A link into the chip itself: pauses lose nothing and change no order.
#include "scenarios/link/link_direction.h"

#include <catch2/catch.hpp>

#include "tests/hw_model/nic/bench.h"
#include "tests/hw_model/nic/in_child.h"

using namespace tlsnic;
using namespace tlsnic::scenarios;
using namespace tlsnic::testing;

namespace {

struct ChipReceiver : FrameReceiver {
  explicit ChipReceiver(hw::Nic& chip) : nic(chip) {}
  bool receive(const hw::Frame& frame) override { return nic.receive(frame); }
  const sc_core::sc_event& resumed() const override { return nic.resumed(); }
  hw::Nic& nic;
};

}  // namespace

TEST_CASE("a chip without receive buffers pauses the link until it has some") {
  in_child([] {
    hw::NicParameters parameters;
    parameters.buffer_packets = 8;
    Bench bench(parameters);
    ChipReceiver receiver(bench.nic);
    LinkDirection link("link", {}, 1, parameters.wire_per_byte, receiver);
    bench.bring_up({16, 16, 4, 64, 2048});
    std::vector<Buffer> sent;
    for (std::uint32_t i = 0; i < 60; ++i) {
      sent.push_back(tcp_frame(ipv4_tuple(), i * 100, Buffer(100, static_cast<std::uint8_t>(i))));
      link.frame_transmitted(sent.back());
    }
    std::vector<Buffer> received;
    for (int round = 0; round < 100 && received.size() < 60; ++round) {
      bench.settle();
      for (auto& each : bench.receive_all()) received.push_back(std::move(each.bytes));
      bench.offer(3);
    }
    CHECK(received == sent);
    CHECK(link.statistics().pauses > 10);
    CHECK(link.statistics().arrived_frames == 60);
    CHECK(link.frames_on_the_way() == 0);
  });
}
