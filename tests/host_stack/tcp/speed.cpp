// How fast the logic is, without device and link. Not run by default: `test_tcp [.speed]`.
#include <catch2/catch.hpp>
#include <chrono>
#include <deque>

#include "tests/host_stack/tcp/simulation.h"

namespace tlsnic::host::test {
namespace {

// Hands segments over at once, in order: both endpoints live in the same instant per round.
class FastEnd : public TcpEvents {
 public:
  FastEnd(EventQueue& clock, const TcpSettings& settings, const FourTuple& sent)
      : tcp(clock, settings, sent, *this) {}

  void output(netdev::TxSkb skb) override { out.push_back(std::move(skb)); }
  const ReceiveQueue& open_receive_queue(std::uint32_t initial_sequence) override {
    queue = std::make_unique<ReceiveQueue>(initial_sequence);
    return *queue;
  }
  void deliver(netdev::SkBuff skb, const ParsedFrame& segment) override {
    queue->receive(std::move(skb), segment);
    queue->consume(queue->available());
    tcp.data_read();
  }
  void writable() override { feed(); }
  void established() override { feed(); }
  void feed() {
    while (data.size > 0 && tcp.send(data) == data.size) {
    }
  }

  netdev::TxPiece data;
  std::deque<netdev::TxSkb> out;
  std::unique_ptr<ReceiveQueue> queue;
  TcpEndpoint tcp;
};

TEST_CASE("Segments per second through a pair of endpoints", "[.speed]") {
  EventQueue clock;
  netdev::DmaMemory memory;
  TcpSettings settings;
  settings.tso = false;
  settings.receive_buffer = 400'000;
  settings.send_buffer = 1'000'000;
  const FourTuple tuple{testing::endpoint("10.0.0.2", 50000), testing::endpoint("10.0.0.1", 443)};
  FastEnd client(clock, settings, tuple);
  FastEnd server(clock, settings, tuple.reversed());
  const std::size_t size = 16'384;
  std::shared_ptr<std::uint8_t[]> bytes(new std::uint8_t[size]());
  const std::uint8_t* first = bytes.get();
  client.data = {std::move(bytes), first, size};
  server.tcp.listen();
  client.tcp.connect();

  constexpr std::uint64_t total = 3'000'000;
  std::uint64_t segments = 0;
  const auto carry = [&](FastEnd& from, FastEnd& to) {
    for (std::size_t n = from.out.size(); n > 0; --n) {
      const netdev::TxSkb tx = std::move(from.out.front());
      from.out.pop_front();
      netdev::SkBuff skb;
      skb.buffer = netdev::PacketBuffer(memory, *memory.allocate_page());
      std::uint8_t* p = skb.buffer.data();
      std::memcpy(p, tx.headers.data(), tx.headers.size());
      p += tx.headers.size();
      for (const netdev::TxPiece& piece : tx.payload) {
        std::memcpy(p, piece.data, piece.size);
        p += piece.size;
      }
      skb.length = static_cast<std::uint32_t>(tx.headers.size() + tx.payload_size);
      const ParsedFrame parsed = parse_frame(skb.frame());
      to.tcp.receive(std::move(skb), parsed);
      ++segments;
    }
  };
  const auto start = std::chrono::steady_clock::now();
  while (segments < total) {
    carry(client, server);
    clock.run_until(clock.now_ns() + 50 * ns_per_us);
    carry(server, client);
    clock.run_until(clock.now_ns() + 50 * ns_per_us);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const double rate = static_cast<double>(segments) / took.count();
  WARN("segments per second: " << static_cast<std::uint64_t>(rate) << " ("
                               << client.tcp.sender().statistics().segments << " with data)");
  CHECK(client.tcp.sender().statistics().retransmitted_segments == 0);
  CHECK(rate > 0);
}

}  // namespace
}  // namespace tlsnic::host::test
