#include "traces/stream/stream_assembler.h"

#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace tlsnic::traces {
namespace {

Bytes bytes(const std::string& text) {
  return Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}
std::string text(Bytes view) {
  return std::string(view.begin(), view.end());
}

}  // namespace

TEST_CASE("segments in any order give the stream") {
  StreamAssembler stream(1000);
  CHECK(stream.add(1003, bytes("def")));
  CHECK(stream.ready().empty());
  CHECK(stream.has_gap());
  CHECK(stream.add(1000, bytes("abc")));
  CHECK(text(stream.ready()) == "abcdef");
  CHECK_FALSE(stream.has_gap());
  stream.consume(4);
  CHECK(stream.offset() == 4);
  CHECK(text(stream.ready()) == "ef");
  CHECK(stream.add(1000, bytes("XXXXXXgh")));  // an old copy with something new behind it
  CHECK(text(stream.ready()) == "efgh");
  CHECK(stream.add(999, bytes("?")));  // a keepalive probe
  CHECK(stream.add(1001, {}));
  CHECK(text(stream.ready()) == "efgh");
}

TEST_CASE("the first copy of a byte counts") {
  StreamAssembler stream(0);
  CHECK(stream.add(2, bytes("cd")));
  CHECK(stream.add(0, bytes("ABCDEF")));
  CHECK(text(stream.ready()) == "ABcdEF");
}

TEST_CASE("data beyond the limit is refused, what is within is kept") {
  StreamAssembler stream(0xfffffff0, 8);
  CHECK(stream.add(0xfffffff4, bytes("efgh")));
  CHECK_FALSE(stream.add(0xfffffff8, bytes("i")));
  CHECK_FALSE(stream.add(0xfffffff0 + 0x7000000, bytes("far")));
  CHECK_FALSE(stream.add(0xfffffff0, bytes("abcdefghi")));
  CHECK(text(stream.ready()) == "abcdefgh");
  stream.consume(8);
  CHECK(stream.add(0xfffffff8, bytes("ijklmnop")));
  CHECK(text(stream.ready()) == "ijklmnop");
  stream.consume(100);
  CHECK(stream.offset() == 16);
}

TEST_CASE("any cutting, order, repetition, and reading, over the wrap") {
  rc::check([](const std::vector<std::uint8_t>& data, std::uint8_t before_wrap) {
    const std::uint32_t first = 0u - before_wrap;
    std::vector<std::pair<std::size_t, std::size_t>> pieces;  // offset, size
    for (std::size_t at = 0; at < data.size();) {
      const auto size =
          std::min<std::size_t>(*rc::gen::inRange<std::size_t>(1, 9), data.size() - at);
      // Some reach back over what came before.
      const auto back = std::min<std::size_t>(at, *rc::gen::inRange<std::size_t>(0, 5));
      pieces.emplace_back(at - back, size + back);
      if (*rc::gen::inRange(0, 4) == 0) pieces.push_back(pieces.back());
      at += size;
    }
    for (std::size_t i = pieces.size(); i > 1; --i)
      std::swap(pieces[i - 1], pieces[*rc::gen::inRange<std::size_t>(0, i)]);

    StreamAssembler stream(first, 4096);
    std::vector<std::uint8_t> read;
    for (const auto& [at, size] : pieces) {
      RC_ASSERT(stream.add(first + static_cast<std::uint32_t>(at), Bytes(data).subspan(at, size)));
      const Bytes ready = stream.ready();
      const auto count = *rc::gen::inRange<std::size_t>(0, ready.size() + 1);
      read.insert(read.end(), ready.begin(), ready.begin() + static_cast<std::ptrdiff_t>(count));
      stream.consume(count);
      RC_ASSERT(stream.offset() == read.size());
    }
    const Bytes rest = stream.ready();
    read.insert(read.end(), rest.begin(), rest.end());
    RC_ASSERT(read == data);
    RC_ASSERT(!stream.has_gap());
  });
}

}  // namespace tlsnic::traces
