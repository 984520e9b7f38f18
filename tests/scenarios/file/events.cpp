#include <catch2/catch.hpp>

#include "tests/scenarios/file/text.h"

using namespace tlsnic;
using namespace tlsnic::scenarios;
using namespace tlsnic::testing;
using traces::Direction;

namespace {

// Of a file with one [[event]] of these lines, which begin at line 2.
std::string event_error(const std::string& lines) {
  return error_of("[[event]]\n" + lines);
}

}  // namespace

TEST_CASE("events of the link") {
  const Scenario scenario = scenario_of(R"([flow]
sender = "both"
count = 2
handshake = "openssl"
[[event]]
what = "drop"
segment = 3
[[event]]
what = "late"
to = "server"
flow = 1
record = 4
part = "tag"
occurrence = 2
by = 5
[[event]]
what = "tamper"
record = 1
byte = 9
[[event]]
what = "duplicate"
to = "server"
before_offload = 2
)");
  REQUIRE(scenario.link_events.size() == 4);
  CHECK(scenario.host_events.empty());
  const LinkEvent& drop = scenario.link_events[0];
  CHECK(drop.action == LinkEvent::Action::drop);
  CHECK(drop.direction == Direction::server_to_client);
  CHECK(drop.flow == 0);
  CHECK(drop.segment == 3u);
  CHECK_FALSE(drop.record);
  CHECK(drop.occurrence == 1);
  CHECK_FALSE(drop.before_offload);
  CHECK(drop.place == "x.toml:5");
  const LinkEvent& late = scenario.link_events[1];
  CHECK(late.action == LinkEvent::Action::late);
  CHECK(late.direction == Direction::client_to_server);
  CHECK(late.flow == 1);
  CHECK(late.record == 4u);
  CHECK(late.part == RecordPart::tag);
  CHECK(late.occurrence == 2);
  CHECK(late.by == 5);
  CHECK(late.place == "x.toml:8");
  const LinkEvent& tamper = scenario.link_events[2];
  CHECK(tamper.action == LinkEvent::Action::tamper);
  CHECK(tamper.part == RecordPart::header);
  CHECK(tamper.byte == 9);
  const LinkEvent& early = scenario.link_events[3];
  CHECK(early.before_offload == 2u);
  CHECK(early.direction == Direction::client_to_server);
  CHECK_FALSE(early.segment);
  CHECK_FALSE(early.record);
}

TEST_CASE("events of a host") {
  const Scenario scenario = scenario_of(R"(
[server]
second_device = true
[[event]]
what = "features"
at = "client"
at_us = 1.5
tls_rx = false
[[event]]
what = "reroute"
after_records = 7
[[event]]
what = "local_drop"
at_us = 3
)");
  REQUIRE(scenario.host_events.size() == 3);
  const HostEvent& features = scenario.host_events[0];
  CHECK(features.action == HostEvent::Action::features);
  CHECK_FALSE(features.at_server);
  CHECK(features.at_ns == 1500);
  CHECK_FALSE(features.after_records);
  CHECK_FALSE(features.tls_tx);
  CHECK(features.tls_rx == false);
  CHECK(scenario.host_events[1].action == HostEvent::Action::reroute);
  CHECK(scenario.host_events[1].at_server);
  CHECK(scenario.host_events[1].after_records == 7u);
  CHECK(scenario.host_events[2].action == HostEvent::Action::local_drop);
}

TEST_CASE("every word for what happens means the action of that name") {
  using Link = LinkEvent::Action;
  for (const auto& [word, action] : {std::pair{"drop", Link::drop},
                                     {"late", Link::late},
                                     {"duplicate", Link::duplicate},
                                     {"corrupt", Link::corrupt},
                                     {"tamper", Link::tamper}})
    CHECK(scenario_of(std::string("[[event]]\nsegment = 1\nwhat = '") + word + "'")
              .link_events.at(0)
              .action == action);
  using Host = HostEvent::Action;
  for (const auto& [word, action] : {std::pair{"device_down", Host::device_down},
                                     {"device_up", Host::device_up},
                                     {"features", Host::features},
                                     {"reroute", Host::reroute},
                                     {"reroute_back", Host::reroute_back},
                                     {"rewrite_ports", Host::rewrite_ports},
                                     {"local_drop", Host::local_drop}}) {
    const std::string features = action == Host::features ? "tls_tx = true\n" : "";
    CHECK(scenario_of("second_device = true\n[[event]]\nat_us = 1\n" + features + "what = '" +
                      word + "'")
              .host_events.at(0)
              .action == action);
  }
}

TEST_CASE("events that miss something or have too much") {
  CHECK(event_error("segment = 1") ==
        "x.toml:1: found an event without 'what', expected what happens");
  CHECK(event_error("what = 'drop'") ==
        "x.toml:1: found an event 'drop' without segment, record and before_offload, expected one "
        "of the three");
  for (const char* two : {"segment = 1\nrecord = 1", "segment = 1\nbefore_offload = 1",
                          "record = 1\nbefore_offload = 1"})
    CHECK(event_error(std::string("what = 'drop'\n") + two) ==
          "x.toml:1: found an event 'drop' with more than one of segment, record and "
          "before_offload, expected one of the three");
  CHECK(event_error("what = 'tamper'\nbefore_offload = 1") ==
        "x.toml:1: found an event 'tamper' before the offload, where no record's tag shows it, "
        "expected it with segment or record only");
  CHECK(event_error("what = 'drop'\nbefore_offload = 0") ==
        "x.toml:3: found event.before_offload = 0, expected a whole number from 1 to 4294967295");
  CHECK(event_error("what = 'drop'\nbefore_offload = 1\npart = 'tag'") ==
        "x.toml:4: found 'part' in an event 'drop', expected it in events of a record only");
  CHECK(event_error("what = 'device_down'\nat_us = 1\nbefore_offload = 1") ==
        "x.toml:4: found 'before_offload' in an event 'device_down', expected it in events of the "
        "link only");
  CHECK(event_error("what = 'drop'\nsegment = 1\npart = 'tag'") ==
        "x.toml:4: found 'part' in an event 'drop', expected it in events of a record only");
  CHECK(event_error("what = 'drop'\nsegment = 1\nby = 2") ==
        "x.toml:4: found 'by' in an event 'drop', expected it in the event 'late' only");
  CHECK(event_error("what = 'late'\nsegment = 1\nbyte = 2") ==
        "x.toml:4: found 'byte' in an event 'late', expected it in the events 'corrupt' and "
        "'tamper' only");
  CHECK(event_error("what = 'drop'\nsegment = 1\nat_us = 2") ==
        "x.toml:4: found 'at_us' in an event 'drop', expected it in events of a host only");
  CHECK(event_error("what = 'device_down'\nat_us = 1\nto = 'client'") ==
        "x.toml:4: found 'to' in an event 'device_down', expected it in events of the link only");
  CHECK(event_error("what = 'device_down'") ==
        "x.toml:1: found an event 'device_down' without at_us and after_records, expected one of "
        "the two");
  CHECK(event_error("what = 'features'\nat_us = 1") ==
        "x.toml:1: found an event 'features' without tls_tx and tls_rx, expected at least one of "
        "the two");
  CHECK(event_error("what = 'device_down'\nat_us = 1\ntls_tx = true") ==
        "x.toml:4: found 'tls_tx' in an event 'device_down', expected it in the event 'features' "
        "only");
  CHECK(event_error("what = 'explode'")
            .find("found event.what = 'explode', expected one of drop "
                  "late") != std::string::npos);
  CHECK(event_error("what = 'drop'\nsegmnt = 1") ==
        "x.toml:3: found the key 'segmnt', expected a known key, such as segment");
  CHECK(event_error("what = 'drop'\nsegment = 0") ==
        "x.toml:3: found event.segment = 0, expected a whole number from 1 to 4294967295");
  CHECK(error_of("event = 5") == "x.toml:1: found event = 5, expected a list: [[event]]");
  CHECK(error_of("event = [5]") == "x.toml:1: found event = 5, expected a table");
}

TEST_CASE("events that do not go with the rest") {
  CHECK(event_error("what = 'drop'\nsegment = 1\nflow = 1") ==
        "x.toml:1: found flow = 1, expected a connection from 0 to 0");
  CHECK(event_error("what = 'drop'\nsegment = 1\nto = 'server'") ==
        "x.toml:1: found an event to the server, to which nobody writes, expected to = "
        "\"client\"");
  CHECK(event_error("what = 'drop'\nbefore_offload = 1") ==
        "x.toml:1: found before_offload in a connection without a handshake, expected "
        "flow.handshake = \"openssl\"");
  CHECK(event_error("what = 'reroute'\nat_us = 1") ==
        "x.toml:1: found a reroute in a host with one device, expected server.second_device = "
        "true");
  CHECK(event_error("what = 'device_down'\nat = 'client'\nafter_records = 1") ==
        "x.toml:1: found after_records in a host that does not write, expected at_us, or the other "
        "host");
  CHECK(error_of("[flow]\nkey_updates = 1") ==
        "x.toml: found flow.key_updates = 1 with TLS 1.2, expected flow.version = \"1.3\"");
  CHECK(error_of("[flow]\ninterface = 'ssl'") ==
        "x.toml: found flow.interface = 'ssl' without a handshake, expected flow.handshake = "
        "\"openssl\"");
}
