// Events that happen to segments from before the offload.
#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "scenarios/run/run.h"
#include "tests/hw_model/nic/in_child.h"
#include "tests/scenarios/file/text.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

scenarios::RunResult run_checked(const std::string& text) {
  scenarios::RunOptions options;
  options.check_rules = true;
  return run_scenario(scenario_of(text), options);
}

// With TLS 1.2 each side sends two segments before its first record, which is Finished: the client
// its hello and what ends with ChangeCipherSpec, the server what ends with ServerHelloDone and
// ChangeCipherSpec.
scenarios::RunResult run(const std::string& events, bool is_offloaded = true) {
  const std::string server = is_offloaded ? "" : "server = {tls_tx = false, tcp.nagle = 'off'}\n";
  return run_checked("flow = {handshake = 'openssl', bytes = 20000}\n" + server + events);
}

double value(const scenarios::RunResult& result, const std::string& name) {
  const auto found = std::find_if(result.values.begin(), result.values.end(),
                                  [&name](const auto& each) { return each.first == name; });
  REQUIRE(found != result.values.end());
  return found->second;
}

}  // namespace

TEST_CASE("the segments before the first record are counted for themselves") {
  // The first comes again before the keys are there, the second afterwards.
  for (const int number : {1, 2})
    in_child([number] {
      const auto result =
          run("[[event]]\nwhat = 'drop'\nbefore_offload = " + std::to_string(number));
      CHECK(result.failures.empty());
      CHECK(value(result, "to_client.link.lost") == 1);
      CHECK(value(result, "server.tcp.retransmissions") == 1);
      CHECK(value(result, "to_client.segments.retransmitted") == 0);
      CHECK(value(result, "server.tx_tls_skip_no_sync_data") == number - 1);
      CHECK(value(result, "server.tx_tls_ooo") == number - 1);
      CHECK(value(result, "server.tx_tls_drop_no_sync_data") == 0);
    });
}

TEST_CASE("a retransmission of what was sent before the first record counts as before it") {
  in_child([] {
    const auto result =
        run("[[event]]\nwhat = 'drop'\nbefore_offload = 2\n"
            "[[event]]\nwhat = 'drop'\nbefore_offload = 2\noccurrence = 2\n"
            "[[event]]\nwhat = 'duplicate'\nbefore_offload = 2\noccurrence = 3");
    CHECK(result.failures.empty());
    CHECK(value(result, "to_client.link.lost") == 2);
    CHECK(value(result, "to_client.link.duplicated") == 1);
    CHECK(value(result, "server.tcp.timeouts") == 2);
    CHECK(value(result, "server.tx_tls_skip_no_sync_data") == 2);
  });
}

TEST_CASE("the side that does not write has a handshake, too") {
  in_child([] {
    const auto result = run("[[event]]\nwhat = 'drop'\nto = 'server'\nbefore_offload = 2");
    CHECK(result.failures.empty());
    CHECK(value(result, "to_server.link.lost") == 1);
    CHECK(value(result, "client.tx_tls_skip_no_sync_data") == 1);
  });
}

TEST_CASE("an event before the offload that finds no segment is a failure") {
  in_child([] {
    const auto result = run("[[event]]\nwhat = 'drop'\nbefore_offload = 3");
    CHECK(result.failures ==
          std::vector<std::string>{"x.toml:2: the event has not happened: no such frame was sent"});
    CHECK(value(result, "to_client.link.lost") == 0);
  });
}

TEST_CASE("what is lost above the device may come to the link after what follows it") {
  in_child([] {
    const auto result = run_checked(
        "flow = {handshake = 'openssl', version = '1.3', bytes = 20000}\n"
        "server = {tso = false}\ntcp.mtu = 576\n"
        "[[event]]\nwhat = 'local_drop'\nat = 'server'\nat_us = 0");
    CHECK(result.failures.empty());
    CHECK(value(result, "server.tcp.retransmissions") == 1);
    rusage used{};
    REQUIRE(getrusage(RUSAGE_SELF, &used) == 0);
    CHECK(used.ru_maxrss < 1'000'000);  // KiB
  });
}

// Nothing keeps software's records apart from what is before them: what is sent again after both
// are lost is one segment, the second of either.
TEST_CASE("a segment with bytes from both sides is one of both") {
  for (const char* again : {"before_offload = 2", "segment = 1", "record = 1"})
    in_child([again] {
      const auto result = run(std::string("[[event]]\nwhat = 'drop'\nbefore_offload = 2\n"
                                          "[[event]]\nwhat = 'drop'\nsegment = 1\n"
                                          "[[event]]\nwhat = 'duplicate'\noccurrence = 2\n") +
                                  again,
                              false);
      CHECK(result.failures.empty());
      CHECK(value(result, "server.tcp.retransmissions") == 1);
      CHECK(value(result, "to_client.segments.retransmitted") == 1);
      CHECK(value(result, "to_client.segments.acks_ahead_of_data") == 0);
      CHECK(value(result, "to_client.link.duplicated") == 1);
    });
}
