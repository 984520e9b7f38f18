#include "hw_model/tls/header_scan.h"

#include <rapidcheck.h>
#include <catch2/catch.hpp>

#include "tests/hw_model/tls/record_stream.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {
const RecordFormat format = record_format(TlsVersion::tls12, TlsCipher::aes_gcm_128);

std::size_t find(const Buffer& bytes, hw::HeaderTest test) {
  return hw::ScanWindow(hw::RxContext{}, 0, bytes).find(0, test, format);
}
}  // namespace

TEST_CASE("what each header test takes for a header") {
  const auto at_two = [](Buffer header) {
    header.insert(header.begin(), {0xaa, 0xbb});
    return header;
  };
  const Buffer full = at_two({23, 3, 3, 0x40, 0x18});      // a full record: 16384 + 24
  const Buffer too_long = at_two({23, 3, 3, 0x40, 0x19});  // one byte more than any record
  const Buffer odd_type = at_two({99, 3, 3, 0x01, 0x00});
  const Buffer alert = at_two({21, 3, 3, 0x00, 0x1a});
  using hw::HeaderTest;
  for (const auto test : {HeaderTest::version, HeaderTest::version_length,
                          HeaderTest::type_version_length, HeaderTest::application_data})
    CHECK(find(full, test) == 2);
  CHECK(find(too_long, HeaderTest::version) == 2);
  CHECK(find(too_long, HeaderTest::application_data) == 2);
  CHECK(find(too_long, HeaderTest::version_length) == too_long.size());
  CHECK(find(odd_type, HeaderTest::version_length) == 2);
  CHECK(find(odd_type, HeaderTest::type_version_length) == odd_type.size());
  CHECK(find(alert, HeaderTest::type_version_length) == 2);
  CHECK(find(alert, HeaderTest::application_data) == alert.size());
}

TEST_CASE("a header is found across every cut of two consecutive segments") {
  CHECK(rc::check([](Buffer noise) {
    for (auto& byte : noise) byte |= 0x80;  // no header by accident
    Buffer bytes = noise;
    const Buffer header{23, 3, 3, 1, 0};
    bytes.insert(bytes.end(), header.begin(), header.end());
    bytes.insert(bytes.end(), noise.begin(), noise.end());
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      hw::RxContext context{};
      const hw::ScanWindow first(context, 1000, Bytes(bytes).first(cut));
      std::size_t at = first.find(0, hw::HeaderTest::application_data, format);
      std::uint32_t sequence = first.begin() + static_cast<std::uint32_t>(at);
      if (at == first.size()) {
        first.carry_over(context, 0);
        const hw::ScanWindow second(context, 1000 + static_cast<std::uint32_t>(cut),
                                    Bytes(bytes).subspan(cut));
        at = second.find(0, hw::HeaderTest::application_data, format);
        RC_ASSERT(at < second.size());
        sequence = second.begin() + static_cast<std::uint32_t>(at);
      }
      RC_ASSERT(sequence == 1000 + noise.size());
    }
  }));
}

TEST_CASE("bytes carried over count only for the segment that follows") {
  hw::RxContext context{};
  const Buffer head{0xaa, 23, 3, 3};
  const Buffer tail{1, 0, 0xaa};
  hw::ScanWindow(context, 0, head).carry_over(context, 0);
  CHECK(hw::ScanWindow(context, 4, tail).find(0, hw::HeaderTest::version, format) == 1);
  CHECK(hw::ScanWindow(context, 5, tail).find(0, hw::HeaderTest::version, format) == 3);
}

TEST_CASE("false headers in random bytes are as rare as calculated (figures 1.9)") {
  std::mt19937_64 random(1);
  Buffer bytes(16u << 20);
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    const std::uint64_t word = random();
    std::memcpy(&bytes[i], &word, 8);
  }
  const hw::ScanWindow window(hw::RxContext{}, 0, bytes);
  std::size_t hits = 0;
  for (std::size_t at = 0; (at = window.find(at, hw::HeaderTest::version, format)) < window.size();
       ++at)
    ++hits;
  // One in 64 KiB: 256 expected in 16 MiB, standard deviation 16.
  CHECK(hits > 256 - 80);
  CHECK(hits < 256 + 80);
}
