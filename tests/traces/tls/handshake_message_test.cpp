#include "traces/tls/handshake_message.h"

#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

namespace tlsnic::traces {
namespace {

using Octets = std::vector<std::uint8_t>;

Octets server_hello_body(const Octets& extensions) {
  Octets body = {3, 3};
  body.insert(body.end(), 32, 0x77);
  body.insert(body.end(), {0, 0x13, 0x01, 0});
  body.insert(body.end(), extensions.begin(), extensions.end());
  return body;
}

}  // namespace

TEST_CASE("a ServerHello's version is that of supported_versions") {
  CHECK(parse_server_hello(server_hello_body({}))->version == 0x0303);
  CHECK(parse_server_hello(server_hello_body({0, 0}))->version == 0x0303);
  const auto hello = parse_server_hello(server_hello_body({0, 6, 0, 43, 0, 2, 3, 4}));
  REQUIRE(hello);
  CHECK(hello->version == 0x0304);
  CHECK(hello->cipher_suite == 0x1301);
  CHECK(hello->random[31] == 0x77);
  CHECK_FALSE(hello->is_retry_request);
}

TEST_CASE("hellos with lengths that do not fit are refused") {
  CHECK_FALSE(parse_server_hello({}));
  CHECK_FALSE(parse_server_hello(server_hello_body({0})));
  CHECK_FALSE(parse_server_hello(server_hello_body({0, 7, 0, 43, 0, 2, 3, 4})));
  CHECK_FALSE(parse_server_hello(server_hello_body({0, 5, 0, 43, 0, 2, 3, 4})));
  CHECK_FALSE(parse_server_hello(server_hello_body({0, 6, 0, 43, 0, 3, 3, 4})));
  CHECK_FALSE(parse_server_hello(server_hello_body({0, 5, 0, 43, 0, 1, 3})));
  CHECK_FALSE(parse_server_hello(server_hello_body({0, 0, 9})));
  CHECK_FALSE(parse_client_hello({}));
  Octets client = {3, 3};
  client.insert(client.end(), 32, 0x55);
  const auto with = [&](const Octets& rest) {
    Octets body = client;
    body.insert(body.end(), rest.begin(), rest.end());
    return parse_client_hello(body);
  };
  CHECK(with({0, 0, 2, 0x13, 1, 1, 0}));
  CHECK(with({0, 0, 2, 0x13, 1, 1, 0, 0, 4, 0, 42, 0, 0})->offers_early_data);
  CHECK_FALSE(with({0, 0, 2, 0x13, 1, 1, 0, 0, 4, 0, 16, 0, 0})->offers_early_data);
  CHECK_FALSE(with({33, 0, 2, 0x13, 1, 1, 0}));
  CHECK_FALSE(with({0, 0, 3, 0x13, 1, 1, 1, 0}));
  CHECK_FALSE(with({0, 0, 0, 1, 0}));
  CHECK_FALSE(with({0, 0, 2, 0x13, 1, 0}));
}

TEST_CASE("messages come out whole however the records are cut") {
  rc::check([](const std::vector<Octets>& bodies) {
    Octets stream;
    for (std::size_t i = 0; i < bodies.size(); ++i) {
      const Octets& body = bodies[i];
      const std::uint8_t type = i % 2 == 0 ? handshake_client_hello : std::uint8_t{11};
      stream.insert(stream.end(), {type, 0, static_cast<std::uint8_t>(body.size() >> 8),
                                   static_cast<std::uint8_t>(body.size())});
      stream.insert(stream.end(), body.begin(), body.end());
    }
    MessageReader reader;
    std::size_t found = 0;
    for (std::size_t at = 0; at < stream.size();) {
      const auto size =
          std::min<std::size_t>(*rc::gen::inRange<std::size_t>(1, 12), stream.size() - at);
      Bytes fragment = Bytes(stream).subspan(at, size);
      while (!fragment.empty()) {
        if (reader.next(fragment) != MessageReader::Status::message) continue;
        RC_ASSERT(reader.at_boundary());
        RC_ASSERT(reader.body_size() == bodies[found].size());
        const Octets body(reader.body().begin(), reader.body().end());
        RC_ASSERT(body == (found % 2 == 0 ? bodies[found] : Octets{}));
        ++found;
      }
      at += size;
    }
    RC_ASSERT(found == bodies.size());
  });
}

TEST_CASE("a hello beyond the limit is refused, a large certificate is not") {
  const Octets huge_hello = {handshake_client_hello, 2, 0, 1};
  Bytes fragment(huge_hello);
  CHECK(MessageReader().next(fragment) == MessageReader::Status::too_large);
  const Octets huge_certificate = {11, 0xff, 0xff, 0xff, 1, 2, 3};
  fragment = huge_certificate;
  MessageReader reader;
  CHECK(reader.next(fragment) == MessageReader::Status::need_more);
  CHECK(fragment.empty());
}

TEST_CASE("random bodies never crash a parser") {
  rc::check([](const Octets& body) {
    parse_client_hello(body);
    parse_server_hello(body);
    parse_encrypted_extensions(body);
  });
}

}  // namespace tlsnic::traces
