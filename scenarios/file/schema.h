// The tables of keys of a scenario file.
#pragma once

#include "scenarios/file/key.h"
#include "scenarios/scenario.h"

namespace tlsnic::scenarios {

// One [[event]] before it is known to be one of the link or one of a host.
struct EventDraft {
  enum class What : std::uint8_t {
    drop,
    late,
    duplicate,
    corrupt,
    tamper,
    device_down,
    device_up,
    features,
    reroute,
    reroute_back,
    rewrite_ports,
    local_drop,
  };

  std::optional<What> what;
  std::optional<traces::Direction> to;
  std::optional<std::uint32_t> flow;
  std::optional<std::uint64_t> segment;
  std::optional<std::uint64_t> record;
  std::optional<std::uint64_t> before_offload;
  std::optional<RecordPart> part;
  std::optional<std::uint32_t> occurrence;
  std::optional<std::uint32_t> by;
  std::optional<std::uint32_t> byte;
  std::optional<bool> at_server;
  std::optional<std::uint64_t> at_ns;
  std::optional<std::uint64_t> after_records;
  std::optional<bool> tls_tx;
  std::optional<bool> tls_rx;

  bool is_on_link() const { return what && *what <= What::tamper; }
};

const Keys<Scenario>& scenario_keys();     // of no table
const Keys<EndSettings>& end_keys();       // of [client], [server], and of no table: both
const Keys<FlowSettings>& flow_keys();     // of [flow], [[flow]]
const Keys<LinkSettings>& link_keys();     // of [link], [link.to_client], [link.to_server]
const Keys<EventDraft>& event_keys();      // of [[event]]
const Keys<Expectation>& sequence_keys();  // of [[expect.segments]], [[expect.records]]
const Keys<Sweep>& sweep_keys();           // of [sweep]

struct KeyDescription {
  std::string table;  // "[flow]"; empty: none
  std::string name;
  std::string value;     // the default; empty: none
  std::string text;      // meaning
  std::string expected;  // what values there are
};
// All of them but those of scenarios/parameters.h.
std::vector<KeyDescription> describe_keys();

}  // namespace tlsnic::scenarios
