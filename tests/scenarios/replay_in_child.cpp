#include "tests/scenarios/replay_in_child.h"

#include <fmt/format.h>

#include <deque>

#include "protocol/checksum.h"
#include "tests/scenarios/in_child.h"

namespace tlsnic::testing {
namespace {

constexpr std::size_t max_violations = 10;

class RuleChecker : public scenarios::FrameObserver {
 public:
  RuleChecker(const std::vector<CapturedStream>* streams, bool want_packets)
      : streams_(streams), want_packets_(want_packets) {}

  void frame_sent(const scenarios::ReplayedFrame& frame) override {
    sent_[frame.to_server].push_back(
        {frame.number, Buffer(frame.bytes.begin(), frame.bytes.end())});
  }

  void frame_received(const scenarios::ReplayedFrame& frame, const hw::Packet& packet) override {
    if (want_packets_)
      packets.push_back(fmt::format(
          "{} {} {} {}", frame.number, packet.tls == TLSNIC_TLS_DECRYPTED ? "decrypted" : "passed",
          to_string(packet.outcome.reason), to_string(packet.state_after)));
    auto& queue = sent_[frame.to_server];
    if (queue.empty()) return violated(frame, "R3: left the chip without having come");
    const Sent sent = std::move(queue.front());
    queue.pop_front();
    if (sent.number != packet.id) violated(frame, "R3: order");
    const Bytes delivered = packet.delivered();
    if (delivered.size() != sent.bytes.size()) return violated(frame, "R1: size");
    const bool is_decrypted = packet.tls == TLSNIC_TLS_DECRYPTED;
    const bool is_same = std::equal(delivered.begin(), delivered.end(), sent.bytes.begin());
    if (!is_decrypted && !is_same) violated(frame, "R1: unmarked, but not as on the wire");
    if (is_decrypted) check_decrypted(frame, sent.bytes, delivered);
    const ParsedFrame parsed = parse_frame(sent.bytes);
    if (parsed.kind == FrameKind::tcp && !tcp_checksum_is_right(sent.bytes, parsed) &&
        (is_decrypted || packet.context != TLSNIC_NO_CONTEXT))
      violated(frame, "R6: a bad checksum reached the offload");
  }

  std::vector<std::string> violations;
  std::vector<std::string> packets;

 private:
  struct Sent {
    std::uint64_t number;
    Buffer bytes;
  };

  void violated(const scenarios::ReplayedFrame& frame, const char* what) {
    if (violations.size() < max_violations)
      violations.push_back(fmt::format("frame {}: {}", frame.number, what));
  }

  void check_decrypted(const scenarios::ReplayedFrame& frame, const Buffer& wire, Bytes delivered) {
    if (streams_ == nullptr) return;
    const ParsedFrame parsed = parse_frame(wire);
    const CapturedDirection& direction =
        (*streams_)[frame.stream.value()].directions[frame.to_server ? 0 : 1];
    const std::size_t offset = parsed.sequence - direction.first_sequence;
    const std::size_t end = parsed.payload_offset + parsed.payload_length;
    const bool is_right =
        direction.has_keys && offset + parsed.payload_length <= direction.ideal.size() &&
        std::equal(delivered.begin(), delivered.begin() + parsed.payload_offset, wire.begin()) &&
        std::equal(delivered.begin() + parsed.payload_offset, delivered.begin() + end,
                   direction.ideal.begin() + static_cast<std::ptrdiff_t>(offset)) &&
        std::equal(delivered.begin() + end, delivered.end(), wire.begin() + end);
    if (!is_right) violated(frame, "R1: marked, but not every record byte decrypted");
  }

  const std::vector<CapturedStream>* streams_;
  bool want_packets_;
  std::deque<Sent> sent_[2];
};

nlohmann::ordered_json run(scenarios::ReplayOptions options,
                           const std::vector<CapturedStream>* streams, bool want_packets) {
  RuleChecker checker(streams, want_packets);
  options.observer = &checker;
  options.hash_plaintext = true;
  nlohmann::ordered_json out;
  try {
    observe::PacketLog packets(nullptr, false);
    observe::PlaintextFiles plaintext(nullptr);
    const auto summary = scenarios::run_replay(options, packets, plaintext);
    out["summary"] = observe::to_json(summary);
  } catch (const std::exception& error) {
    out["error"] = error.what();
  }
  out["violations"] = checker.violations;
  out["packets"] = checker.packets;
  return out;
}

}  // namespace

ReplayResult replay_in_child(const scenarios::ReplayOptions& options,
                             const std::vector<CapturedStream>* streams, bool want_packets) {
  const auto json = json_from_child([&] { return run(options, streams, want_packets); });
  ReplayResult result;
  if (json.contains("summary")) result.summary = json["summary"];
  if (json.contains("error")) result.error = json["error"];
  result.violations = json["violations"].get<std::vector<std::string>>();
  result.packets = json["packets"].get<std::vector<std::string>>();
  return result;
}

}  // namespace tlsnic::testing
