#include "host_stack/ktls/decrypt_device.h"

#include <catch2/catch.hpp>

namespace tlsnic::host {
namespace {

const std::vector<std::uint8_t> text = {1, 2, 3, 4, 5, 0, 0, 0};

std::vector<Piece> cut(std::vector<std::size_t> ends, std::vector<bool> marks) {
  std::vector<Piece> pieces;
  std::size_t start = 0;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    pieces.push_back({Bytes(text).subspan(start, ends[i] - start), marks[i]});
    start = ends[i];
  }
  return pieces;
}

std::vector<std::uint8_t> joined(const std::vector<Bytes>& pieces) {
  std::vector<std::uint8_t> all;
  for (const Bytes& piece : pieces) {
    REQUIRE_FALSE(piece.empty());
    all.insert(all.end(), piece.begin(), piece.end());
  }
  return all;
}

TEST_CASE("A record is what its segments' marks say") {
  REQUIRE(classify_record(cut({3, 5, 8}, {true, true, true})) == RecordOffload::entirely);
  REQUIRE(classify_record(cut({3, 5, 8}, {false, false, false})) == RecordOffload::not_offloaded);
  REQUIRE(classify_record(cut({3, 5, 8}, {false, true, false})) == RecordOffload::partially);
  REQUIRE(classify_record(cut({3, 5, 8}, {true, true, false})) == RecordOffload::partially);
}

TEST_CASE("Framing is stripped wherever the cuts are") {
  for (std::size_t first = 1; first < 8; ++first) {
    std::vector<Bytes> out;
    strip_framing(cut({first, 8}, {true, true}), 2, 3, out);
    REQUIRE(joined(out) == std::vector<std::uint8_t>{3, 4, 5});
    strip_framing(cut({first, 8}, {true, true}), 5, 3, out);
    REQUIRE(out.empty());
  }
}

TEST_CASE("TLS 1.3 padding ends at the content type") {
  for (std::size_t first = 1; first < 8; ++first) {
    std::vector<Bytes> out;
    strip_framing(cut({first, 8}, {true, true}), 0, 0, out);
    REQUIRE(strip_padding(out) == 5);
    REQUIRE(joined(out) == std::vector<std::uint8_t>{1, 2, 3, 4});
  }
  std::vector<Bytes> only_type = {Bytes(text).first(1)};
  REQUIRE(strip_padding(only_type) == 1);
  REQUIRE(only_type.empty());
  std::vector<Bytes> zeros = {Bytes(text).last(2), Bytes(text).last(1)};
  REQUIRE_FALSE(strip_padding(zeros));
  std::vector<Bytes> nothing;
  REQUIRE_FALSE(strip_padding(nothing));
}

}  // namespace
}  // namespace tlsnic::host
