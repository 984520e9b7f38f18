#include "observe/plaintext.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <memory>
#include <vector>

#include "tests/observe/scratch.h"

using namespace tlsnic;
using namespace tlsnic::observe;
using namespace tlsnic::testing;
namespace fs = std::filesystem;

namespace {

Bytes bytes(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::size_t open_files() {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator("/proc/self/fd"), {}));
}

}  // namespace

TEST_CASE("more directions than files that may be open, in turns") {
  const Scratch scratch;
  OutputDirectory directory(scratch.path / "out");
  const std::size_t before = open_files();
  PlaintextFiles files(&directory);
  constexpr std::size_t count = PlaintextFiles::max_open * 3;
  std::vector<std::unique_ptr<PlaintextSink>> sinks;
  for (std::size_t i = 0; i < count; ++i)
    sinks.push_back(std::make_unique<PlaintextSink>(
        files, "plaintext/stream-" + std::to_string(i) + ".client.bin", false));
  std::vector<std::string> expected(count);
  for (std::size_t round = 0; round < 20; ++round) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t sink = (i * 7 + round * 13) % count;
      const std::string text = std::to_string(round) + '/' + std::to_string(sink) + ' ';
      sinks[sink]->append(bytes(text));
      expected[sink] += text;
    }
    CHECK(open_files() - before <= PlaintextFiles::max_open);
  }
  for (const auto& sink : sinks) CHECK(sink->finish() == "");
  CHECK(open_files() == before);
  directory.commit();
  for (std::size_t i = 0; i < count; ++i) {
    INFO(i);
    CHECK(content(scratch.path / ("out/plaintext/stream-" + std::to_string(i) + ".client.bin")) ==
          expected[i]);
    CHECK(sinks[i]->size() == expected[i].size());
  }
}

TEST_CASE("the hash is sha256sum's, and a direction without data leaves an empty file") {
  const Scratch scratch;
  OutputDirectory directory(scratch.path / "out");
  PlaintextFiles files(&directory);
  PlaintextSink sink(files, "plaintext/a.bin", true);
  sink.append(bytes("a"));
  sink.append({});
  sink.append(bytes("bc"));
  CHECK(sink.size() == 3);
  // FIPS 180-2, appendix B.1.
  CHECK(sink.finish() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  PlaintextSink empty(files, "plaintext/b.bin", true);
  CHECK(empty.finish() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  directory.commit();
  CHECK(content(scratch.path / "out/plaintext/a.bin") == "abc");
  CHECK(content(scratch.path / "out/plaintext/b.bin").empty());
}

TEST_CASE("without a directory data is only counted and hashed") {
  PlaintextFiles files(nullptr);
  PlaintextSink sink(files, "plaintext/a.bin", true);
  sink.append(bytes("abc"));
  CHECK(sink.size() == 3);
  CHECK(sink.finish() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK_FALSE(fs::exists("plaintext"));
}

TEST_CASE("a full disk is an error, wherever it shows") {
  const Scratch scratch;
  OutputDirectory directory(scratch.path / "out");
  PlaintextFiles files(&directory);
  std::error_code error;
  fs::create_symlink("/dev/full", directory.file("full.bin"), error);
  if (error || !fs::exists("/dev/full")) return;
  PlaintextSink sink(files, "full.bin", false);
  CHECK_THROWS_WITH(
      [&] {
        sink.append(bytes(std::string(100'000, 'x')));
        sink.finish();
      }(),
      "full.bin: cannot be written: No space left on device");
}
