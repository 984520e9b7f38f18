// R2 for every personality: whatever is sent, acknowledged, cut and sent again, what leaves the
// chip is what TLS_SW would have sent.
#include <random>

#include "tests/driver_shim/tx_world.h"
#include "tests/driver_shim/world.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

// The real chip, with its time.
struct WiredWorld : World, hw::WireOutput {
  explicit WiredWorld(driver::Personality personality, sc_core::sc_module_name name = "world")
      : World({}, 40u << 20, personality, name) {
    nic.wire = this;
    end_module();  // SystemC may be started before this constructor returns
    start();
  }
  void frame_transmitted(Bytes frame) override { frames_.emplace_back(frame.begin(), frame.end()); }
  const std::vector<Buffer>& frames() const { return frames_; }

 private:
  std::vector<Buffer> frames_;
};

template <typename World>
void run(driver::Personality personality, std::uint32_t seed) {
  std::mt19937 random(seed);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random()) % n; };
  World world(personality);
  BasicTxFlow<World> flow(world, static_cast<std::uint32_t>(random()));
  flow.plain(1 + below(300));
  const bool tls13 = personality == driver::Personality::mlx5 && below(2) == 0;
  REQUIRE(flow.install(tls13 ? TlsVersion::tls13 : TlsVersion::tls12));
  auto& tcp = flow.hardware.tcp;
  std::size_t next = 0, acked = 0;
  for (int step = 0; step < 300; ++step) {
    if (below(3) == 0) flow.record(1 + below(below(10) == 0 ? 16384 : 400));
    // Mostly in order; sometimes from anywhere that is not acknowledged; sometimes bytes are
    // skipped.
    std::size_t from = next;
    if (below(6) == 0) from = acked + below(tcp.size() - acked + 1);
    if (from >= tcp.size()) continue;
    const std::size_t most = below(8) == 0 ? 60000 : below(4) == 0 ? 20 : 1 + below(1448);
    const std::size_t to = std::min({tcp.run_end(from), tcp.size(), from + 1 + below(most)});
    if (below(10) != 0) flow.post(flow.skb(from, to, below(2) == 0 ? 1448 : 0));
    if (below(4) == 0) world.settle();
    next = std::max(next, to);
    if (below(15) == 0) {
      // Only what has really left; what has not is sent again first.
      for (std::size_t at = acked; at < next;) {
        const std::size_t end = std::min(tcp.run_end(at), next);
        flow.post(flow.skb(at, std::min(end, at + 5000)));
        at = std::min(end, at + 5000);
      }
      world.settle();
      acked = next;
      flow.ack(acked);
    }
  }
  world.settle();
  for (std::size_t at = acked; at < tcp.size();) {
    const std::size_t end = std::min(tcp.run_end(at), at + 1448);
    flow.post(flow.skb(at, end));
    at = end;
  }
  world.settle();
  const auto seen = flow.check_wire();
  CHECK(std::all_of(seen.begin(), seen.end(), [](bool b) { return b; }));
  CHECK(world.driver.tx_statistics().errors == 0);
  CHECK(world.driver.tx_statistics().dropped == 0);
  CHECK(world.counter("tx_tls_drop_no_sync_data") == 0);
  CHECK(world.counter("tx_tls_ooo") > 0);
  CHECK(world.memory.mappings() == 0);
  for (const bool repeated : flow.hardware.probe.requests) CHECK_FALSE(repeated);
}

}  // namespace

TEST_CASE("same wire as software TLS, for every personality") {
  for (const driver::Personality personality : driver::personalities)
    for (std::uint32_t seed = 1; seed <= 8; ++seed)
      in_child([&] {
        INFO(driver::to_string(personality) << ", seed " << seed);
        run<TxDriverWorld>(personality, seed);
      });
}

TEST_CASE("same wire as software TLS on the real chip, for every personality") {
  for (const driver::Personality personality : driver::personalities)
    for (std::uint32_t seed = 101; seed <= 104; ++seed)
      in_child([&] {
        INFO(driver::to_string(personality) << ", seed " << seed);
        run<WiredWorld>(personality, seed);
      });
}
