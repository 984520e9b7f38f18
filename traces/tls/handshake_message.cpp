#include "traces/tls/handshake_message.h"

#include <algorithm>

namespace tlsnic::traces {
namespace {

constexpr std::uint16_t extension_early_data = 42;
constexpr std::uint16_t extension_supported_versions = 43;

// SHA-256 of "HelloRetryRequest": the random that marks one (RFC 8446, section 4.1.3).
constexpr std::array<std::uint8_t, 32> retry_request_random = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

// Takes fields from the front. After a field that is not there, everything is empty and ok() false.
class FieldReader {
 public:
  explicit FieldReader(Bytes bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }

  Bytes take(std::size_t count) {
    if (count > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const Bytes out = rest_.first(count);
    rest_ = rest_.subspan(count);
    return out;
  }
  std::uint8_t u8() {
    const Bytes field = take(1);
    return field.empty() ? std::uint8_t{0} : field[0];
  }
  std::uint16_t u16() {
    const Bytes field = take(2);
    return field.empty() ? std::uint16_t{0} : load_be16(field.data());
  }
  Bytes vector8() { return take(u8()); }
  Bytes vector16() { return take(u16()); }

 private:
  Bytes rest_;
  bool ok_ = true;
};

// Calls visit(type, data) for each extension in the list, which may be left out (RFC
// 5246, 7.4.1.2). False if lengths do not fit.
template <typename Visit>
bool visit_extensions(FieldReader& fields, Visit visit) {
  if (fields.at_end()) return fields.ok();
  FieldReader list(fields.vector16());
  while (!list.at_end()) {
    const std::uint16_t type = list.u16();
    const Bytes data = list.vector16();
    if (!list.ok()) return false;
    visit(type, data);
  }
  return fields.ok() && fields.at_end();
}

}  // namespace

std::optional<ClientHello> parse_client_hello(Bytes body) {
  ClientHello out;
  FieldReader fields(body);
  fields.u16();  // legacy version
  const Bytes random = fields.take(out.random.size());
  const Bytes session_id = fields.vector8();
  const Bytes suites = fields.vector16();
  const Bytes compression = fields.vector8();
  if (!fields.ok() || session_id.size() > 32 || suites.empty() || suites.size() % 2 != 0 ||
      compression.empty())
    return std::nullopt;
  std::copy(random.begin(), random.end(), out.random.begin());
  const bool fits = visit_extensions(fields, [&](std::uint16_t type, Bytes) {
    if (type == extension_early_data) out.offers_early_data = true;
  });
  return fits ? std::optional(out) : std::nullopt;
}

std::optional<ServerHello> parse_server_hello(Bytes body) {
  ServerHello out;
  FieldReader fields(body);
  out.version = fields.u16();
  const Bytes random = fields.take(out.random.size());
  const Bytes session_id = fields.vector8();
  out.cipher_suite = fields.u16();
  out.compression = fields.u8();
  if (!fields.ok() || session_id.size() > 32) return std::nullopt;
  std::copy(random.begin(), random.end(), out.random.begin());
  bool versions_fit = true;
  const bool fits = visit_extensions(fields, [&](std::uint16_t type, Bytes data) {
    if (type != extension_supported_versions) return;
    versions_fit = data.size() == 2;
    if (versions_fit) out.version = load_be16(data.data());
  });
  if (!fits || !versions_fit) return std::nullopt;
  out.is_retry_request = out.random == retry_request_random;
  return out;
}

std::optional<bool> parse_encrypted_extensions(Bytes body) {
  bool accepts = false;
  FieldReader fields(body);
  const bool fits = visit_extensions(fields, [&](std::uint16_t type, Bytes) {
    if (type == extension_early_data) accepts = true;
  });
  return fits ? std::optional(accepts) : std::nullopt;
}

bool MessageReader::is_kept() const {
  return type() == handshake_client_hello || type() == handshake_server_hello ||
         type() == handshake_encrypted_extensions;
}

MessageReader::Status MessageReader::next(Bytes& fragment) {
  if (header_bytes_ == 0) body_.clear();
  while (header_bytes_ < header_.size()) {
    if (fragment.empty()) return Status::need_more;
    header_[header_bytes_++] = fragment[0];
    fragment = fragment.subspan(1);
    if (header_bytes_ < header_.size()) continue;
    body_left_ = body_size();
    if (is_kept() && body_left_ > max_kept_body) return Status::too_large;
  }
  const std::size_t count = std::min(body_left_, fragment.size());
  if (is_kept()) body_.insert(body_.end(), fragment.data(), fragment.data() + count);
  fragment = fragment.subspan(count);
  body_left_ -= count;
  if (body_left_ > 0) return Status::need_more;
  header_bytes_ = 0;
  return Status::message;
}

}  // namespace tlsnic::traces
