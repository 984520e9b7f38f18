// Two TCP endpoints, a link that loses what a test wants lost, and a record of what was on it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host_stack/tcp/endpoint.h"
#include "tests/support/capture_builder.h"

namespace tlsnic::host::test {

using testing::Side;

class EventQueue : public Clock {
 public:
  std::uint64_t now_ns() const override { return now_ns_; }
  TimerId call_at(std::uint64_t at_ns, std::function<void()> callback) override;
  void cancel(TimerId timer) override;

  // Runs what is due up to this time, which it then is.
  void run_until(std::uint64_t at_ns);
  // Runs until nothing is left; false if that is not so after so many events.
  bool run(std::uint64_t most_events = 10'000'000);

 private:
  using Key = std::pair<std::uint64_t, TimerId>;  // equal times: in order of the calls

  void run_first();

  std::uint64_t now_ns_ = 0;
  TimerId last_ = no_timer;
  std::map<Key, std::function<void()>> events_;
  std::map<TimerId, std::uint64_t> times_;
};

// A frame as it was sent. Sequence and acknowledgement count from the SYN's.
struct WireFrame {
  std::uint64_t time_ns = 0;
  Side from = Side::client;
  std::size_t number = 0;  // among the frames of its side, from 0
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgement = 0;
  std::uint32_t length = 0;
  std::uint8_t flags = 0;
  std::uint16_t window = 0;
  std::vector<SackBlock> sack;
  std::vector<std::uint8_t> bytes;

  bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
  // "105.0 C S. 0+1448 ack 1 sack 2897-4345": ms, side, flags as tcpdump, sequence+length
  std::string text() const;
};

// What a device does with a segment: one frame, or several of gso_size, lengths and checksums
// right.
std::vector<std::vector<std::uint8_t>> cut_into_frames(const netdev::TxSkb& skb);

class World;

// An application on an endpoint: writes what it was given as room allows, reads at once unless told
// otherwise.
class Application : public TcpEvents {
 public:
  Application(World& world, Side side, const TcpSettings& settings);

  void write(Bytes bytes);
  void close_after_writing();
  void read_all();
  std::vector<std::uint8_t> received;
  bool reads = true;
  bool closes_with_peer = true;
  std::optional<int> closed_with;
  std::vector<std::uint32_t> clean_acks;
  std::vector<netdev::TxSkb> segments;  // that TCP made; only headers unless keep_segments
  bool keep_segments = false;
  int writable_calls = 0;

  TcpEndpoint& tcp() { return *endpoint_; }
  const ReceiveQueue& queue() const { return *queue_; }

  // TcpEvents
  void output(netdev::TxSkb skb) override;
  const ReceiveQueue& open_receive_queue(std::uint32_t initial_sequence) override;
  void deliver(netdev::SkBuff skb, const ParsedFrame& segment) override;
  void established() override {
    is_established_ = true;
    write_more();
  }
  void writable() override;
  void clean_acked(std::uint32_t snd_una) override { clean_acks.push_back(snd_una); }
  void closed(int error) override { closed_with = error; }

 private:
  void write_more();

  World& world_;
  Side side_;
  std::unique_ptr<TcpEndpoint> endpoint_;
  std::unique_ptr<ReceiveQueue> queue_;
  std::vector<std::uint8_t> to_write_;
  std::size_t written_ = 0;
  bool is_established_ = false;
  bool closing_ = false;
};

class World {
 public:
  // Delays after which copies of a frame arrive; none: it is lost.
  using Fate = std::function<std::vector<std::uint64_t>(const WireFrame&)>;

  explicit World(const TcpSettings& client_settings = {}, const TcpSettings& server_settings = {},
                 bool ipv6 = false);

  Application& at(Side side) { return side == Side::client ? client : server; }
  void connect();  // and let the handshake pass
  // Lines of the frames sent since the last call.
  std::vector<std::string> timeline();
  void carry(Side from, std::vector<std::uint8_t> frame);
  // Takes `frame` to the other side at once.
  void inject(Side to, Bytes frame);

  EventQueue clock;
  std::uint64_t delay_ns = 5 * ns_per_ms;
  Fate fate;
  std::vector<WireFrame> wire;
  FourTuple tuple;  // as the client sends
  TcpSettings client_settings;
  TcpSettings server_settings;
  Application client;
  Application server;

 private:
  std::size_t shown_ = 0;
  std::size_t counts_[2] = {0, 0};
};

std::vector<std::uint8_t> pattern(std::size_t size, std::uint32_t seed = 1);

}  // namespace tlsnic::host::test
