#include "scenarios/run/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "protocol/record_aead.h"
#include "protocol/sha256.h"

namespace tlsnic::scenarios {
namespace {

constexpr std::size_t most_failures = 100;

const SentRecord* find_record(const FlowDirection& state, std::uint64_t offset) {
  const auto after = std::upper_bound(
      state.records.begin(), state.records.end(), offset,
      [](std::uint64_t value, const SentRecord& record) { return value < record.offset; });
  if (after == state.records.begin()) return nullptr;
  const SentRecord& record = *std::prev(after);
  return offset < record.offset + record.length ? &record : nullptr;
}

}  // namespace

Rules::Rules(std::size_t flows, const Content& content, std::vector<std::string>& failures)
    : content_(content),
      failures_(failures),
      streams_{std::vector<Stream>(flows), std::vector<Stream>(flows)},
      before_(streams_) {}

std::optional<std::uint64_t> Rules::Stream::add(std::uint64_t offset, Bytes payload) {
  const std::uint64_t end = offset + payload.size();
  if (bytes.size() < end) {
    bytes.resize(end);
    known.resize(end);
  }
  for (std::size_t i = 0; i < payload.size(); ++i) {
    if (known[offset + i] && bytes[offset + i] != payload[i]) return offset + i;
    known[offset + i] = true;
    bytes[offset + i] = payload[i];
  }
  return std::nullopt;
}

void Rules::fail(const char* rule, const Flow* flow, Direction direction, const std::string& what) {
  if (failures_.size() >= most_failures) return;
  const char* to = direction == Direction::client_to_server ? "to the server" : "to the client";
  failures_.push_back(flow == nullptr
                          ? fmt::format("{}: {}, {}", rule, to, what)
                          : fmt::format("{}: flow {}, {}, {}", rule, flow->index, to, what));
}

void Rules::frame_sent(const Flow& flow, Direction direction, std::uint64_t offset, Bytes payload) {
  if (const auto other = streams_[traces::index_of(direction)][flow.index].add(offset, payload))
    fail("R2", &flow, direction,
         fmt::format("byte {} differs from its first transmission", *other));
}

void Rules::frame_sent_before_records(const Flow& flow, Direction direction, std::uint64_t offset,
                                      Bytes payload) {
  if (const auto other = before_[traces::index_of(direction)][flow.index].add(offset, payload))
    fail("R2", &flow, direction,
         fmt::format("byte {} before the offload differs from its first transmission", *other));
}

void Rules::frame_arrived(Direction direction, std::size_t chip, std::uint64_t frame) {
  in_chip_[traces::index_of(direction)][chip].push_back(frame);
}

void Rules::packet_delivered(Direction direction, std::size_t chip, const hw::Packet& packet) {
  auto& inside = in_chip_[traces::index_of(direction)][chip];
  if (inside.empty() || inside.front() != packet.id) {
    fail("R3", nullptr, direction, fmt::format("frame {} left out of order", packet.id));
    inside.clear();
  } else {
    inside.pop_front();
  }
  if (packet.l4_checksum == TLSNIC_L4_BAD && packet.outcome.reason != hw::RxReason::bad_checksum)
    fail("R6", nullptr, direction,
         fmt::format("frame {} has a wrong checksum and was processed", packet.id));
  if (packet.tls != TLSNIC_TLS_DECRYPTED && packet.delivered().data() != packet.wire_frame().data())
    fail("R1", nullptr, direction, fmt::format("frame {} is changed without a mark", packet.id));
}

void Rules::segment_received(const Flow& flow, Direction direction, std::uint64_t offset,
                             const hw::Packet& packet) {
  // A chip learns of a KeyUpdate only from the stack: segments behind one may be marked with the
  // old key, which the stack repairs (facts 1.17). What is read is checked all the same.
  if (packet.tls != TLSNIC_TLS_DECRYPTED || flow.settings->key_updates > 0) return;
  const FlowDirection& state = flow.directions[traces::index_of(direction)];
  const Bytes wire = packet.parsed.payload(packet.wire_frame());
  const Bytes clear = packet.parsed.payload(packet.delivered());
  for (std::size_t i = 0; i < wire.size();) {
    const SentRecord* record = find_record(state, offset + i);
    if (record == nullptr)
      return fail("R1", &flow, direction, fmt::format("byte {} is in no record", offset + i));
    const std::uint64_t within = offset + i - record->offset;
    const std::uint64_t body_end = record->length - aead_tag_size - state.format.inner_type;
    const std::uint64_t tag_start = record->length - aead_tag_size;
    Bytes wanted;
    std::uint64_t end = record->length;
    if (within < state.format.prepend()) {
      end = state.format.prepend();
    } else if (within < body_end) {
      end = body_end;
      if (record->type == record_application_data)
        wanted = content_.view(state.content_stream,
                               record->plaintext_offset + within - state.format.prepend(),
                               body_end - within);
    } else if (within < tag_start) {
      end = tag_start;
      wanted = Bytes(&record->type, 1);
    }
    const std::size_t size = std::min<std::size_t>(end - within, wire.size() - i);
    const bool has_known_text = within >= state.format.prepend() && within < tag_start;
    if (!has_known_text) wanted = wire.subspan(i, size);
    if (!wanted.empty() && std::memcmp(clear.data() + i, wanted.data(), size) != 0)
      return fail("R1", &flow, direction,
                  fmt::format("frame {} is marked and wrong in byte {} to {} of the stream",
                              packet.id, offset + i, offset + i + size));
    i += size;
  }
}

void Rules::finish(const std::deque<Flow>& flows) {
  for (const Direction direction : {Direction::client_to_server, Direction::server_to_client}) {
    for (const Flow& flow : flows) {
      const FlowDirection& state = flow.directions[traces::index_of(direction)];
      const Stream& stream = streams_[traces::index_of(direction)][flow.index];
      // After a KeyUpdate the keys are others than those at the start; OpenSSL keeps its own.
      if (!state.started || flow.settings->key_updates > 0 ||
          flow.settings->handshake == Handshake::openssl)
        continue;
      RecordAead aead(state.keys);
      std::vector<std::uint8_t> record;
      std::uint64_t number = 0;
      for (const SentRecord& sent : state.records) {
        if (sent.offset + sent.length > stream.bytes.size()) break;
        const std::uint8_t* wire = stream.bytes.data() + sent.offset;
        record.assign(wire, wire + sent.length);
        if (sent.type == record_application_data) {
          const std::size_t prepend = state.format.prepend();
          const std::size_t text = sent.length - state.format.overhead();
          const Bytes plain = content_.view(state.content_stream, sent.plaintext_offset, text);
          std::copy(plain.begin(), plain.end(),
                    record.begin() + static_cast<std::ptrdiff_t>(prepend));
          if (state.format.inner_type != 0) record[prepend + text] = sent.type;
          aead.seal(record, number);
          if (!std::equal(record.begin(), record.end(), wire)) {
            fail("R2", &flow, direction,
                 fmt::format("record {} is not what software would have sent", number));
            break;
          }
        }
        ++number;
      }
    }
  }
}

std::string Rules::wire_digest(Direction direction) const {
  Sha256 digest;
  for (const Stream& stream : streams_[traces::index_of(direction)]) digest.update(stream.bytes);
  return digest.finish();
}

}  // namespace tlsnic::scenarios
