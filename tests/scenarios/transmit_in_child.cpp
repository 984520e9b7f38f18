#include "tests/scenarios/transmit_in_child.h"

#include "tests/scenarios/in_child.h"

namespace tlsnic::testing {
namespace {

nlohmann::ordered_json run(const scenarios::ReplayOptions& options,
                           driver::Personality personality) {
  nlohmann::ordered_json out;
  try {
    observe::PacketLog packets(nullptr, false);
    out["summary"] =
        observe::to_json(scenarios::run_transmit_replay(options, personality, packets));
  } catch (const std::exception& error) {
    out["error"] = error.what();
  }
  return out;
}

}  // namespace

TransmitResult transmit_in_child(const scenarios::ReplayOptions& options,
                                 driver::Personality personality) {
  const auto json = json_from_child([&] { return run(options, personality); });
  TransmitResult result;
  if (json.contains("summary")) result.summary = json["summary"];
  if (json.contains("error")) result.error = json["error"];
  return result;
}

}  // namespace tlsnic::testing
