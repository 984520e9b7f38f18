#include "scenarios/replay/captured_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "traces/tls/key_schedule.h"

namespace tlsnic::scenarios {
namespace {

// What a piece behind a gap costs beside its bytes: many small ones are memory, too.
constexpr std::size_t piece_cost = 128;

}  // namespace

CapturedRecords::CapturedRecords(const traces::EncryptionStart& start,
                                 const traces::Session& session)
    : aead_(start.keys),
      session_(session),
      traffic_secret_(start.traffic_secret),
      number_(start.record_number),
      begin_offset_(start.stream_offset) {}

void CapturedRecords::add(std::uint64_t offset, Bytes payload) {
  if (ended_ || payload.empty()) return;
  if (offset > ready_end()) {
    const auto [place, is_new] = behind_gap_.try_emplace(offset);
    std::vector<std::uint8_t>& kept = place->second;
    if (kept.size() >= payload.size()) return;
    behind_gap_bytes_ += payload.size() - kept.size() + (is_new ? piece_cost : 0);
    kept.assign(payload.begin(), payload.end());
    if (behind_gap_bytes_ > max_behind_gap)
      end(fmt::format("the bytes from {} on are missing", ready_end()));
    return;
  }
  append(offset, payload);
  while (!behind_gap_.empty() && behind_gap_.begin()->first <= ready_end()) {
    const auto next = behind_gap_.extract(behind_gap_.begin());
    behind_gap_bytes_ -= next.mapped().size() + piece_cost;
    append(next.key(), next.mapped());
  }
}

void CapturedRecords::append(std::uint64_t offset, Bytes payload) {
  const std::uint64_t known = ready_end() - offset;
  if (known >= payload.size()) return;
  const Bytes fresh = payload.subspan(static_cast<std::size_t>(known));
  if (begin_ > ready_.size() / 2) {
    ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
  }
  ready_.insert(ready_.end(), fresh.begin(), fresh.end());
}

std::optional<CapturedRecord> CapturedRecords::next() {
  if (ended_ || ready().size() < record_header_size) return std::nullopt;
  const RecordFormat& format = aead_.format();
  const RecordHeader header = read_record_header(ready().data());
  if (header.length < format.min_length() + format.inner_type ||
      header.length > format.max_length() || header.version != record_header_version) {
    end(fmt::format("no record header at byte {}", begin_offset_));
    return std::nullopt;
  }
  const std::size_t size = record_header_size + header.length;
  if (ready().size() < size) return std::nullopt;
  CapturedRecord record = decrypt(ready().first(size));
  look_inside(record);
  begin_ += size;
  begin_offset_ += size;
  ++number_;
  if (record.next_keys) {
    aead_ = RecordAead(*record.next_keys);
    number_ = 0;
  }
  if (ends_after_record_)
    end(fmt::format("the keys change at byte {} (renegotiation)", begin_offset_));
  return record;
}

CapturedRecord CapturedRecords::decrypt(Bytes wire) {
  const std::size_t prepend = aead_.format().prepend();
  const std::shared_ptr<std::uint8_t[]> owner(new std::uint8_t[wire.size()]);
  const MutableBytes out(owner.get(), wire.size());
  std::copy_n(wire.begin(), prepend, out.begin());
  const MutableBytes tag = out.last(aead_tag_size);
  std::fill(tag.begin(), tag.end(), std::uint8_t{0});
  const MutableBytes plaintext = out.subspan(prepend, wire.size() - prepend - aead_tag_size);
  CapturedRecord record;
  record.offset = begin_offset_;
  record.size = static_cast<std::uint32_t>(wire.size());
  record.number = number_;
  record.authentic = aead_.open(wire, number_, plaintext);
  if (!record.authentic) aead_.apply_key_stream(wire, number_, plaintext);
  record.plaintext = {owner, owner.get(), record.size};
  return record;
}

void CapturedRecords::look_inside(CapturedRecord& record) {
  const RecordFormat& format = aead_.format();
  Bytes content = record.plaintext.bytes().subspan(format.prepend());
  content = content.first(content.size() - aead_tag_size);
  if (!record.authentic) return;
  if (!format.is_tls13) {
    ends_after_record_ = record.plaintext.data[0] == record_change_cipher_spec;
    return;
  }
  while (!content.empty() && content[content.size() - 1] == 0)
    content = content.first(content.size() - 1);
  if (content.empty() || content[content.size() - 1] != record_handshake) return;
  content = content.first(content.size() - 1);
  while (!content.empty() && messages_.next(content) == traces::MessageReader::Status::message) {
    if (messages_.type() != traces::handshake_key_update) continue;
    traffic_secret_ = traces::next_traffic_secret(session_.digest, traffic_secret_.view());
    record.next_keys = traces::tls13_keys(session_.cipher, session_.digest, traffic_secret_.view());
  }
}

void CapturedRecords::end_of_capture() {
  if (ended_) return;
  if (!behind_gap_.empty())
    end(fmt::format("the bytes from {} on are missing", ready_end()));
  else if (!ready().empty())
    end(fmt::format("ends within the record at byte {}", begin_offset_));
  else
    end({});
}

void CapturedRecords::end(std::string cut) {
  ended_ = true;
  cut_ = std::move(cut);
  begin_ = 0;
  ready_ = {};
  behind_gap_.clear();
  behind_gap_bytes_ = 0;
}

}  // namespace tlsnic::scenarios
