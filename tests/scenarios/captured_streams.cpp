#include "tests/scenarios/captured_streams.h"

#include <algorithm>
#include <deque>

#include "protocol/record_aead.h"
#include "scenarios/replay.h"
#include "traces/capture/capture_reader.h"
#include "traces/stream/connection_tracker.h"
#include "traces/tls/handshake_follower.h"
#include "traces/tls/key_schedule.h"

namespace tlsnic::testing {
namespace {

// A whole KeyUpdate: a fragment of another message may begin with 24, too (RFC 8446,
// section 4.6.3).
bool is_key_update(const std::vector<std::uint8_t>& text) {
  return text.size() == 5 && text[0] == 24 && text[3] == 1 && text[4] < 2;
}

constexpr traces::Direction both[] = {traces::Direction::client_to_server,
                                      traces::Direction::server_to_client};

struct Raw {
  explicit Raw(const traces::KeyLog& keys) : follower(keys) {}
  traces::HandshakeFollower follower;
  std::array<std::uint32_t, 2> first{};
  std::array<Buffer, 2> bytes;
  std::array<std::vector<bool>, 2> present;
};

void add(Raw& raw, std::size_t direction, std::uint32_t sequence, Bytes payload) {
  const std::size_t at = sequence - raw.first[direction];
  Buffer& bytes = raw.bytes[direction];
  auto& present = raw.present[direction];
  if (at + payload.size() > (64u << 20)) return;  // before the first byte
  if (bytes.size() < at + payload.size()) {
    bytes.resize(at + payload.size());
    present.resize(bytes.size());
  }
  for (std::size_t i = 0; i < payload.size(); ++i) {
    if (present[at + i]) continue;
    bytes[at + i] = payload[i];
    present[at + i] = true;
  }
}

CapturedDirection decrypt(const Raw& raw, traces::Direction direction) {
  const std::size_t index = traces::index_of(direction);
  CapturedDirection out;
  out.first_sequence = raw.first[index];
  out.ideal = raw.bytes[index];
  const traces::EncryptionStart* start = raw.follower.encryption_start(direction);
  if (start == nullptr) return out;
  out.has_keys = true;
  RecordAead aead(start->keys);
  traces::Secret secret = start->traffic_secret;
  std::uint64_t number = start->record_number;
  const auto& session = raw.follower.session();
  for (std::size_t at = start->stream_offset; at + record_header_size <= out.ideal.size();) {
    const std::size_t size = record_header_size + read_record_header(&out.ideal[at]).length;
    if (at + size > out.ideal.size()) break;
    const std::size_t prepend = aead.format().prepend();
    Buffer plain(size - prepend - aead_tag_size);
    if (!aead.open(Bytes(out.ideal).subspan(at, size), number++, plain)) break;
    const std::uint8_t outer_type = out.ideal[at];
    std::copy(plain.begin(), plain.end(),
              out.ideal.begin() + static_cast<std::ptrdiff_t>(at + prepend));
    std::uint8_t type = outer_type;
    if (aead.format().is_tls13) {
      while (!plain.empty() && plain.back() == 0) plain.pop_back();
      type = plain.back();
      plain.pop_back();
    }
    if (type == record_application_data)
      out.application.insert(out.application.end(), plain.begin(), plain.end());
    if (aead.format().is_tls13 && type == record_handshake && is_key_update(plain)) {
      secret = traces::next_traffic_secret(session.digest, secret.view());
      aead = RecordAead(traces::tls13_keys(session.cipher, session.digest, secret.view()));
      number = 0;
    }
    at += size;
  }
  return out;
}

}  // namespace

std::vector<CapturedStream> read_captured_streams(const std::string& capture) {
  std::vector<std::string> warnings;
  const auto keys = traces::read_key_log(scenarios::key_log_beside(capture), warnings);
  traces::CaptureReader reader(capture);
  traces::ConnectionTracker tracker;
  std::deque<Raw> streams;
  traces::CapturedFrame frame;
  while (reader.next(frame)) {
    const ParsedFrame parsed = parse_frame(frame.ethernet);
    if (parsed.kind != FrameKind::tcp) continue;
    const auto tracked = tracker.track(parsed);
    while (streams.size() <= tracked.stream->number()) streams.emplace_back(keys);
    Raw& raw = streams[tracked.stream->number()];
    for (const auto direction : both) {
      const auto initial = tracked.stream->initial_sequence(direction);
      if (!initial) continue;
      raw.follower.set_initial_sequence(direction, *initial);
      raw.first[traces::index_of(direction)] = *initial + 1;
    }
    if (parsed.payload_length == 0) continue;
    const Bytes payload = parsed.payload(frame.ethernet);
    raw.follower.segment(tracked.direction, parsed.sequence, payload);
    add(raw, traces::index_of(tracked.direction), parsed.sequence, payload);
  }
  std::vector<CapturedStream> out;
  for (const Raw& raw : streams) {
    CapturedStream stream;
    for (const auto direction : both)
      stream.directions[traces::index_of(direction)] = decrypt(raw, direction);
    out.push_back(std::move(stream));
  }
  return out;
}

}  // namespace tlsnic::testing
