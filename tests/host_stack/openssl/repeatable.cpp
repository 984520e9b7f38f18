// The same seed, the same bytes: whatever the host's clock says.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "tests/host_stack/openssl/openssl_world.h"
#include "tests/hw_model/nic/in_child.h"
#include "tests/support/temporary_file.h"

namespace tlsnic::host {
namespace {

using test::ByteVector;
using test::OpensslWorld;
using test::WorldSettings;

struct Files {
  std::string capture;
  std::string keys;
};

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Files run(const WorldSettings& settings) {
  const testing::TemporaryFile capture("repeatable.pcap");
  const testing::TemporaryFile keys("repeatable.keys");
  testing::in_child([&] {
    OpensslWorld world(settings);
    const ByteVector data = test::some_bytes(50'000);
    REQUIRE(world.run(
        [&](TlsSession& session) {
          REQUIRE(session.handshake().ok());
          REQUIRE(session.write(data).ok());
          REQUIRE(test::read_all(session, data.size()) == data);
          REQUIRE(session.shutdown().ok());
        },
        [&](TlsSession& session) {
          REQUIRE(session.handshake().ok());
          REQUIRE(test::read_all(session, data.size()) == data);
          REQUIRE(session.write(data).ok());
        }));
    world.write_capture(capture.path());
    std::ofstream(keys.path()) << world.key_log();
  });
  Files files{contents(capture.path()), contents(keys.path())};
  REQUIRE_FALSE(files.capture.empty());
  REQUIRE_FALSE(files.keys.empty());
  return files;
}

TEST_CASE("A seed decides every byte on the wire", "[openssl]") {
  const TlsVersion version = GENERATE(TlsVersion::tls12, TlsVersion::tls13);
  CAPTURE(static_cast<int>(version));
  WorldSettings settings = test::settings_of(version);
  settings.server.session_tickets = 2;
  const Files first = run(settings);
  usleep(1'100'000);  // another second of the host's clock
  const Files again = run(settings);
  REQUIRE((first.capture == again.capture));
  REQUIRE(first.keys == again.keys);

  // Keys do not depend on time in the simulation either.
  settings.delay_ns = 3'000'000;
  const Files slower = run(settings);
  REQUIRE((first.capture != slower.capture));
  REQUIRE(first.keys == slower.keys);

  settings.seed = 2;
  REQUIRE(first.keys != run(settings).keys);
}

}  // namespace
}  // namespace tlsnic::host
