#include "hw_model/lro/lro_unit.h"

#include <algorithm>

#include "hw_model/segmentation/segmentation.h"
#include "protocol/checksum.h"
#include "protocol/tcp_sequence.h"

namespace tlsnic::hw {
namespace {

constexpr std::uint32_t ipv4_header = 20;
constexpr std::uint32_t ipv6_header = 40;
constexpr std::uint32_t tcp_header = 20;
constexpr std::uint32_t max_behind_link_header = 0xffff;  // IPv6 too: what the ABI promises
constexpr std::array<std::uint8_t, 4> timestamps_only{1, 1, 8, 10};  // RFC 7323, appendix A
constexpr std::uint32_t timestamps_size = 12;

bool has_plain_headers(const Packet& packet) {
  const ParsedFrame& parsed = packet.parsed;
  const bool is_ipv6 = parsed.tuple.source.address.is_ipv6;
  if (parsed.l4_offset - parsed.l3_offset != (is_ipv6 ? ipv6_header : ipv4_header)) return false;
  const std::uint8_t* tcp = packet.wire.data() + parsed.l4_offset;
  if ((tcp[12] & 0x0f) != 0) return false;  // reserved, or a newer flag
  const std::uint32_t options = parsed.payload_offset - parsed.l4_offset - tcp_header;
  return options == 0 ||
         (options == timestamps_size &&
          std::equal(timestamps_only.begin(), timestamps_only.end(), tcp + tcp_header));
}

// Of packets with equally long headers: the time of the first is not after that of the second.
bool timestamps_are_in_order(const Packet& a, const Packet& b) {
  const std::uint32_t at = a.parsed.l4_offset + tcp_header;
  if (a.parsed.payload_offset == at) return true;
  const std::uint32_t value = at + static_cast<std::uint32_t>(timestamps_only.size());
  return sequence_at_or_before(load_be32(a.wire.data() + value), load_be32(b.wire.data() + value));
}

bool can_be_joined(const Packet& packet) {
  return packet.parsed.kind == FrameKind::tcp && packet.parsed.payload_length > 0 &&
         (packet.parsed.tcp_flags & ~tcp_psh) == tcp_ack && packet.l4_checksum == TLSNIC_L4_GOOD &&
         (packet.tls == TLSNIC_TLS_NOT_DECRYPTED || packet.tls == TLSNIC_TLS_DECRYPTED) &&
         has_plain_headers(packet);
}

// Everything up to the TCP header but lengths, identification and header checksum.
bool are_alike(const Packet& a, const Packet& b) {
  const std::uint32_t ip = a.parsed.l3_offset;
  if (b.parsed.l3_offset != ip || !(a.parsed.tuple == b.parsed.tuple)) return false;
  const std::uint8_t* x = a.wire.data();
  const std::uint8_t* y = b.wire.data();
  if (!std::equal(x, x + ip, y)) return false;
  if (a.parsed.tuple.source.address.is_ipv6)
    return std::equal(x + ip, x + ip + 4, y + ip) && x[ip + 7] == y[ip + 7];
  return x[ip + 1] == y[ip + 1] && std::equal(x + ip + 6, x + ip + 9, y + ip + 6);
}

std::uint32_t size_behind_link_header(const Packet& first) {
  return first.parsed.payload_offset + first.parsed.payload_length + first.joined_bytes -
         first.parsed.l3_offset;
}

}  // namespace

bool LroUnit::continues(const Packet& packet) const {
  const ParsedFrame& before = last_->parsed;
  const ParsedFrame& parsed = packet.parsed;
  return can_be_joined(packet) && packet.ready <= deadline_ && are_alike(*first_, packet) &&
         parsed.sequence == before.sequence_end() &&
         parsed.payload_offset == before.payload_offset &&
         sequence_at_or_before(before.acknowledgement, parsed.acknowledgement) &&
         timestamps_are_in_order(*last_, packet) && packet.tls == first_->tls &&
         packet.context == first_->context &&
         size_behind_link_header(*first_) + parsed.payload_length <= max_behind_link_header;
}

std::array<Packet*, 2> LroUnit::take(Packet* packet) {
  const bool is_pushed = packet->parsed.has(tcp_psh);
  if (first_ != nullptr && continues(*packet)) {
    last_->joined_next = packet;
    last_ = packet;
    first_->joined_bytes += packet->parsed.payload_length;
    ++first_->segments;
    return {is_pushed ? close() : nullptr, nullptr};
  }
  Packet* before = close();
  if (is_pushed || !can_be_joined(*packet)) return {before, packet};
  first_ = last_ = packet;
  deadline_ = packet->ready + time_out_;
  return {before, nullptr};
}

Packet* LroUnit::close() {
  Packet* const first = first_;
  if (first != nullptr) first->ready = last_->ready;
  first_ = last_ = nullptr;
  return first;
}

void write_joined(const Packet& first, std::vector<std::uint8_t>& out) {
  out.resize(first.host_size());
  const std::uint32_t header = first.parsed.payload_offset;
  std::size_t at = header;
  const Packet* last = &first;
  for (const Packet* each = &first; each != nullptr; each = each->joined_next) {
    const Bytes payload = each->parsed.payload(each->delivered());
    std::copy(payload.begin(), payload.end(), out.begin() + static_cast<std::ptrdiff_t>(at));
    at += payload.size();
    last = each;
  }
  std::copy_n(last->wire.begin(), header, out.begin());
  store_be32(out.data() + first.parsed.l4_offset + 4, first.parsed.sequence);
  ParsedFrame parsed = first.parsed;
  parsed.payload_length += first.joined_bytes;
  write_ip_length(out, parsed);
  repair_checksums(out, parsed);
}

}  // namespace tlsnic::hw
