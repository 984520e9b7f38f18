#include "observe/summary_transmit.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "observe/summary.h"
#include "observe/text_table.h"

namespace tlsnic::observe {
namespace {

std::string remark_of(const DirectionSummary& direction) {
  const TransmitSummary& transmit = *direction.transmit;
  std::string out = direction.reason;
  const auto add = [&out](const std::string& text) { out += (out.empty() ? "" : "; ") + text; };
  if (transmit.first_difference)
    add(fmt::format("first difference: frame {}, byte {}", transmit.first_difference->frame,
                    transmit.first_difference->byte));
  if (transmit.failed != 0)
    add(fmt::format("{} record{} did not authenticate, first in frames {} to {}", transmit.failed,
                    transmit.failed == 1 ? "" : "s", transmit.failed_records.front().first_frame,
                    transmit.failed_records.front().last_frame));
  if (transmit.packets.dropped != 0) add(fmt::format("{} dropped", transmit.packets.dropped));
  if (!direction.cut.empty()) add(direction.cut);
  return out;
}

}  // namespace

nlohmann::ordered_json transmit_json(const DirectionSummary& direction) {
  const TransmitSummary& transmit = *direction.transmit;
  const SentCounts& packets = transmit.packets;
  const NotSentCounts& not_compared = transmit.not_compared;
  nlohmann::ordered_json out;
  out["in_hardware"] = direction.in_hardware;
  out["reason"] = direction.reason;
  out["records"] = {{"total", transmit.records}, {"failed", transmit.failed}};
  out["packets"] = {{"encrypted", packets.encrypted}, {"fallback", packets.fallback},
                    {"plain", packets.plain},         {"different", packets.different},
                    {"dropped", packets.dropped},     {"not_compared", not_compared.total()}};
  out["not_compared"] = {{"record_incomplete", not_compared.record_incomplete},
                         {"acknowledged", not_compared.acknowledged},
                         {"bad_checksum", not_compared.bad_checksum},
                         {"too_large", not_compared.too_large},
                         {"not_offloaded", not_compared.not_offloaded},
                         {"closed", not_compared.closed}};
  out["recut"] = transmit.recut;
  out["unfinished"] = transmit.unfinished;
  out["rebuilds"] = transmit.rebuilds;
  out["dump_packets"] = transmit.dump_packets;
  out["dump_bytes"] = transmit.dump_bytes;
  if (transmit.first_difference)
    out["first_difference"] = {{"frame", transmit.first_difference->frame},
                               {"byte", transmit.first_difference->byte}};
  else
    out["first_difference"] = nullptr;
  out["failed_records"] = nlohmann::ordered_json::array();
  for (const UnauthenticRecord& record : transmit.failed_records)
    out["failed_records"].push_back({{"number", record.number},
                                     {"stream_offset", record.stream_offset},
                                     {"first_frame", record.first_frame},
                                     {"last_frame", record.last_frame}});
  out["cut"] = direction.cut;
  return out;
}

std::string transmit_flows_text(const RunSummary& summary) {
  std::vector<TableRow> rows{{"stream", "client > server, server > client", "offloaded",
                              "packets e/f/p", "different", "not compared", "rebuilds",
                              "dump bytes", "remark"}};
  for (const FlowSummary& flow : summary.flows) {
    for (const std::size_t i : {0, 1}) {
      const DirectionSummary& direction = flow.directions[i];
      const TransmitSummary& transmit = *direction.transmit;
      const SentCounts& packets = transmit.packets;
      std::string remark = remark_of(direction);
      if (i == 0) {
        std::string title = flow.version.empty() ? "no TLS session" : flow.version;
        if (!flow.cipher.empty()) title += ", " + flow.cipher;
        remark = remark.empty() ? title : title + "; " + remark;
      }
      rows.push_back(
          {i == 0 ? fmt::format("{}", flow.stream) : "",
           i == 0 ? fmt::format("{} > {}", flow.client, flow.server)
                  : fmt::format("{} > {}", flow.server, flow.client),
           direction.in_hardware ? "yes" : "no",
           fmt::format("{}/{}/{}", packets.encrypted, packets.fallback, packets.plain),
           fmt::format("{}", packets.different), fmt::format("{}", transmit.not_compared.total()),
           fmt::format("{}", transmit.rebuilds), fmt::format("{}", transmit.dump_bytes), remark});
    }
  }
  std::string out = text_table(rows);
  out += "packets as captured: encrypted by the chip / by the software fallback / plain\n";
  if (summary.stray_frames != 0)
    out += fmt::format("{} frames left a chip that no captured segment explains\n",
                       summary.stray_frames);
  return out + '\n';
}

}  // namespace tlsnic::observe
