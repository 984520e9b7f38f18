// Against the examples that NIST publishes with FIPS 180.
#include "protocol/sha256.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace tlsnic;

namespace {

std::string digest_of(const std::string& text, std::size_t piece) {
  const std::vector<std::uint8_t> bytes(text.begin(), text.end());
  Sha256 digest;
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    digest.update(Bytes(bytes).subspan(at, std::min(piece, bytes.size() - at)));
  return digest.finish();
}

}  // namespace

TEST_CASE("SHA-256 is NIST's, however the bytes are cut") {
  const std::size_t piece = GENERATE(1, 7, 64, 1000);
  CHECK(digest_of("", piece) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(digest_of("abc", piece) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(digest_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", piece) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(digest_of(std::string(1'000'000, 'a'), piece) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
