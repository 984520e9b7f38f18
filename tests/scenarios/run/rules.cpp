#include "scenarios/run/rules.h"

#include <catch2/catch.hpp>

using namespace tlsnic;
using namespace tlsnic::scenarios;

TEST_CASE("R2: bytes are the same each time, before the offload and after it") {
  const Content content(1);
  std::vector<std::string> failures;
  Rules rules(1, content, failures);
  Flow flow;
  const Direction to_client = Direction::server_to_client;
  const std::vector<std::uint8_t> bytes{1, 2, 3, 4};
  const std::vector<std::uint8_t> tail{3, 4, 5};
  const std::vector<std::uint8_t> other{3, 9, 5};

  rules.frame_sent_before_records(flow, to_client, 10, bytes);
  rules.frame_sent_before_records(flow, to_client, 12, tail);
  rules.frame_sent_before_records(flow, Direction::client_to_server, 12, other);
  rules.frame_sent(flow, to_client, 12, other);
  CHECK(failures.empty());

  rules.frame_sent_before_records(flow, to_client, 12, other);
  rules.frame_sent(flow, to_client, 12, tail);
  CHECK(failures ==
        std::vector<std::string>{
            "R2: flow 0, to the client, byte 13 before the offload differs from its first "
            "transmission",
            "R2: flow 0, to the client, byte 13 differs from its first transmission"});
}
