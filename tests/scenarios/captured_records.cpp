// Records found in segments of any order and size, and what ends the search.
#include "scenarios/replay/captured_records.h"

#include <catch2/catch.hpp>
#include <numeric>
#include <random>

using namespace tlsnic;
using scenarios::CapturedRecord;
using scenarios::CapturedRecords;

namespace {

constexpr std::uint64_t start_offset = 1000;

traces::EncryptionStart start_of(TlsVersion version) {
  traces::EncryptionStart start;
  start.stream_offset = start_offset;
  start.record_number = 1;
  start.keys.version = version;
  start.keys.key[3] = 7;
  start.keys.iv[1] = 9;
  return start;
}

struct Stream {
  std::vector<std::uint8_t> wire;
  std::vector<std::vector<std::uint8_t>> plaintexts;  // header to end of plaintext
};

Stream make_stream(TlsVersion version, const std::vector<std::size_t>& sizes, std::uint8_t type) {
  Stream out;
  const traces::EncryptionStart start = start_of(version);
  RecordAead aead(start.keys);
  std::uint64_t number = start.record_number;
  for (const std::size_t size : sizes) {
    const RecordFormat& format = aead.format();
    std::vector<std::uint8_t> record(format.overhead() + size, static_cast<std::uint8_t>(size));
    record[0] = type;
    store_be16(&record[1], record_header_version);
    store_be16(&record[3], static_cast<std::uint16_t>(record.size() - record_header_size));
    if (format.inner_type != 0) record[format.prepend() + size] = 23;
    out.plaintexts.emplace_back(record.begin(), record.end() - 16);
    aead.seal(record, number++);
    out.wire.insert(out.wire.end(), record.begin(), record.end());
  }
  return out;
}

std::vector<CapturedRecord> all(CapturedRecords& records) {
  std::vector<CapturedRecord> out;
  while (auto record = records.next()) out.push_back(std::move(*record));
  return out;
}

}  // namespace

TEST_CASE("records come out in order, whatever the segments") {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    const TlsVersion version = round % 2 == 0 ? TlsVersion::tls12 : TlsVersion::tls13;
    std::vector<std::size_t> sizes(1 + random() % 20);
    for (std::size_t& size : sizes) size = random() % (random() % 8 == 0 ? 16385 : 300);
    const Stream stream = make_stream(version, sizes, 23);
    struct Piece {
      std::size_t begin, size;
    };
    std::vector<Piece> pieces;
    for (std::size_t at = 0; at < stream.wire.size();) {
      const std::size_t size = std::min<std::size_t>(1 + random() % 1500, stream.wire.size() - at);
      pieces.push_back({at, size});
      if (random() % 5 == 0) pieces.push_back({at + size / 2, size - size / 2});
      at += size - (size > 10 ? random() % 10 : 0);
    }
    for (std::size_t i = 0; i + 1 < pieces.size(); ++i)
      std::swap(pieces[i], pieces[std::min(i + random() % 30, pieces.size() - 1)]);
    CapturedRecords records(start_of(version), {});
    std::vector<CapturedRecord> found;
    for (const Piece& piece : pieces) {
      // What ends before the first incomplete record is not given.
      const std::uint64_t offset = start_offset + piece.begin;
      const std::uint64_t from = std::max(offset, records.complete_to());
      if (from >= offset + piece.size) continue;
      records.add(from,
                  Bytes(stream.wire).subspan(from - start_offset, offset + piece.size - from));
      for (CapturedRecord& record : all(records)) found.push_back(std::move(record));
    }
    REQUIRE(found.size() == sizes.size());
    std::uint64_t offset = start_offset;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const Bytes bytes = found[i].plaintext.bytes();
      CHECK(found[i].authentic);
      CHECK(found[i].offset == offset);
      CHECK(found[i].number == 1 + i);
      REQUIRE(bytes.size() == stream.plaintexts[i].size() + 16);
      CHECK(std::equal(stream.plaintexts[i].begin(), stream.plaintexts[i].end(), bytes.begin()));
      CHECK(std::accumulate(bytes.end() - 16, bytes.end(), 0) == 0);
      offset += found[i].size;
    }
    CHECK(records.complete_to() == start_offset + stream.wire.size());
    records.end_of_capture();
    CHECK(records.cut().empty());
  }
}

TEST_CASE("a record that does not authenticate comes out, marked") {
  Stream stream = make_stream(TlsVersion::tls12, {100, 100}, 23);
  stream.wire[40] ^= 1;
  CapturedRecords records(start_of(TlsVersion::tls12), {});
  records.add(start_offset, stream.wire);
  const auto found = all(records);
  REQUIRE(found.size() == 2);
  CHECK_FALSE(found[0].authentic);
  CHECK(found[0].plaintext.data[40] == (stream.plaintexts[0][40] ^ 1));
  CHECK(found[0].plaintext.data[41] == stream.plaintexts[0][41]);
  CHECK(found[1].authentic);
}

TEST_CASE("the search ends where there is no header, where keys change, and at a gap") {
  Stream stream = make_stream(TlsVersion::tls12, {100, 100}, 23);
  stream.wire[129 + 1] = 9;
  CapturedRecords no_header(start_of(TlsVersion::tls12), {});
  no_header.add(start_offset, stream.wire);
  CHECK(all(no_header).size() == 1);
  CHECK(no_header.cut() == "no record header at byte 1129");

  stream = make_stream(TlsVersion::tls12, {1, 100}, record_change_cipher_spec);
  CapturedRecords renegotiated(start_of(TlsVersion::tls12), {});
  renegotiated.add(start_offset, stream.wire);
  CHECK(all(renegotiated).size() == 1);
  CHECK(renegotiated.cut() == "the keys change at byte 1030 (renegotiation)");

  CapturedRecords gap(start_of(TlsVersion::tls12), {});
  const std::vector<std::uint8_t> piece(60000, 0);
  std::size_t given = 0;
  while (!gap.has_ended() && given < 1000) gap.add(start_offset + 1 + 60000 * given++, piece);
  CHECK(gap.cut() == "the bytes from 1000 on are missing");
  CHECK(given * piece.size() < CapturedRecords::max_behind_gap + 2 * piece.size());

  CapturedRecords within(start_of(TlsVersion::tls12), {});
  within.add(start_offset, Bytes(stream.wire).first(10));
  within.end_of_capture();
  CHECK(within.cut() == "ends within the record at byte 1000");
}
