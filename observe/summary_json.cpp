#include <nlohmann/json.hpp>

#include "observe/summary.h"

namespace tlsnic::observe {
namespace {

using Json = nlohmann::ordered_json;

Json direction_json(const DirectionSummary& direction) {
  if (direction.transmit) return transmit_json(direction);
  Json out;
  out["in_hardware"] = direction.in_hardware;
  out["reason"] = direction.reason;
  out["records"] = {{"total", direction.records.total()},
                    {"entirely", direction.records.entirely},
                    {"partially", direction.records.partially},
                    {"not", direction.records.not_offloaded},
                    {"failed", direction.records.failed}};
  out["packets"] = {{"decrypted", direction.packets.decrypted},
                    {"passed", direction.packets.passed},
                    {"bad_checksum", direction.packets.bad_checksum},
                    {"control", direction.packets.control},
                    {"not_tls", direction.packets.not_tls}};
  out["resyncs"] = direction.resyncs;
  out["plaintext_bytes"] = direction.plaintext_bytes;
  out["plaintext_sha256"] = direction.plaintext_sha256;
  out["failed_records"] = Json::array();
  for (const FailedRecord& record : direction.failed_records)
    out["failed_records"].push_back(
        {{"number", record.number}, {"stream_offset", record.stream_offset}});
  out["cut"] = direction.cut;
  return out;
}

Json flow_json(const FlowSummary& flow) {
  Json out;
  out["stream"] = flow.stream;
  out["client"] = flow.client;
  out["server"] = flow.server;
  out["version"] = flow.version;
  out["cipher"] = flow.cipher;
  out["offloaded"] = flow.offloaded;
  out["reason"] = flow.reason;
  out["client_to_server"] = direction_json(flow.directions[0]);
  out["server_to_client"] = direction_json(flow.directions[1]);
  return out;
}

template <typename Pairs>
Json object(const Pairs& pairs) {
  Json out = Json::object();
  for (const auto& [name, value] : pairs) out[name] = value;
  return out;
}

}  // namespace

const UnitSummary* RunSummary::bottleneck() const {
  const UnitSummary* busiest = nullptr;
  for (const UnitSummary& unit : units)
    if (unit.busy_ns > 0 && (busiest == nullptr || unit.busy_ns > busiest->busy_ns))
      busiest = &unit;
  return busiest;
}

bool RunSummary::same_wire() const {
  std::uint64_t wrong = stray_frames;
  for (const FlowSummary& flow : flows)
    for (const DirectionSummary& direction : flow.directions)
      if (direction.transmit) wrong += direction.transmit->packets.different;
  return wrong == 0;
}

Json to_json(const RunSummary& summary) {
  Json out;
  out["capture"] = summary.capture;
  if (summary.transmit_driver.empty()) {
    out["seed"] = summary.seed;
  } else {
    out["driver"] = summary.transmit_driver;
    out["same_wire"] = summary.same_wire();
    out["stray_frames"] = summary.stray_frames;
  }
  out["flows"] = Json::array();
  for (const FlowSummary& flow : summary.flows) out["flows"].push_back(flow_json(flow));
  out["counters"] = object(summary.counters);
  out["tls_stat"] = object(summary.tls_stat);
  out["answers_ignored"] = summary.answers_ignored;
  out["context_hits"] = summary.context_hits;
  out["context_misses"] = summary.context_misses;
  out["frames"] = summary.frames;
  out["simulated_ns"] = summary.simulated_ns;
  out["systemc_events"] = summary.systemc_events;
  out["units"] = Json::array();
  for (const UnitSummary& unit : summary.units)
    out["units"].push_back({{"name", unit.name},
                            {"packets", unit.packets},
                            {"busy_ns", unit.busy_ns},
                            {"waited_ns", unit.waited_ns}});
  const UnitSummary* busiest = summary.bottleneck();
  out["bottleneck"] = busiest == nullptr ? Json() : Json(busiest->name);
  out["warnings"] = summary.warnings;
  out["hints"] = summary.hints;
  return out;
}

}  // namespace tlsnic::observe
