// Everything that can be set about a world, by name: `--set key=value` (docs/parameters.md is
// printed from this table).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host_stack/host.h"
#include "hw_model/timing/parameters.h"

namespace tlsnic::scenarios {

// When an application reads (the confirmation of a resync waits for it, facts 1.10).
struct ReaderParameters {
  std::uint64_t wakeup_ns = 5'000;  // from data being ready to the read
  std::uint64_t pause_ns = 0;  // after each record, before the next read; 0: reads all there is
};

struct Parameters {
  hw::NicParameters nic;
  std::uint64_t interrupt_latency_ns = 2'000;
  host::HostSettings host;
  ReaderParameters reader;
  std::uint64_t keys_delay_ns =
      0;  // from the last handshake record being read to setsockopt(TLS_RX)
};

// assignment: "key=value". Throws traces::InputError naming the nearest known key, or what the
// value must be.
void set_parameter(Parameters& parameters, std::string_view assignment);

struct ParameterDescription {
  std::string name;
  std::string value;     // in the given parameters
  std::string text;      // unit and meaning
  std::string expected;  // what values there are
};
std::vector<ParameterDescription> describe(const Parameters& parameters);

}  // namespace tlsnic::scenarios
