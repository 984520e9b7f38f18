#include <fmt/format.h>

#include <algorithm>

#include "observe/summary.h"
#include "observe/text_table.h"

namespace tlsnic::observe {
namespace {

using Row = TableRow;

void add_flow(std::vector<Row>& rows, const FlowSummary& flow) {
  for (std::size_t i : {1, 0}) {
    const DirectionSummary& direction = flow.directions[i];
    const RecordCounts& records = direction.records;
    const PacketCounts& packets = direction.packets;
    rows.push_back(
        {i == 1 ? fmt::format("{}", flow.stream) : "",
         i == 1 ? fmt::format("{} < {}", flow.client, flow.server)
                : fmt::format("{} > {}", flow.client, flow.server),
         direction.in_hardware ? "yes" : "no",
         fmt::format("{}/{}/{}", records.entirely, records.partially, records.not_offloaded),
         fmt::format("{}/{}/{}", packets.decrypted, packets.passed, packets.bad_checksum),
         fmt::format("{}", direction.resyncs), fmt::format("{}", direction.plaintext_bytes),
         direction.reason});
    if (!direction.cut.empty())
      rows.back().back() += (direction.reason.empty() ? "" : "; ") + direction.cut;
    if (records.failed != 0)
      rows.back().back() += fmt::format("{}{} record{} failed authentication, first at byte {}",
                                        rows.back().back().empty() ? "" : "; ", records.failed,
                                        records.failed == 1 ? "" : "s",
                                        direction.failed_records.front().stream_offset);
  }
}

std::string receive_flows_text(const RunSummary& summary) {
  std::vector<Row> flows{{"stream", "client < server, client > server", "offloaded",
                          "records e/p/n", "packets d/p/b", "resyncs", "plaintext", "remark"}};
  for (const FlowSummary& flow : summary.flows) {
    std::string title = flow.version.empty() ? "no TLS session" : flow.version;
    if (!flow.cipher.empty()) title += ", " + flow.cipher;
    add_flow(flows, flow);
    Row& first = flows[flows.size() - 2];
    first.back() = first.back().empty() ? title : title + "; " + first.back();
  }
  return text_table(flows) +
         "records: entirely / partially / not offloaded; packets: decrypted / passed / bad "
         "checksum\n\n";
}

}  // namespace

std::string to_text(const RunSummary& summary) {
  std::string out =
      summary.transmit_driver.empty() ? receive_flows_text(summary) : transmit_flows_text(summary);
  std::vector<Row> counters;
  for (const auto& [name, value] : summary.counters)
    counters.push_back({name, fmt::format("{}", value)});
  for (const auto& [name, value] : summary.tls_stat)
    if (value != 0) counters.push_back({name, fmt::format("{}", value)});
  out += text_table(counters);

  out += fmt::format("\n{} frames, {:.3f} ms of simulated time", summary.frames,
                     static_cast<double>(summary.simulated_ns) / 1e6);
  if (const UnitSummary* busiest = summary.bottleneck())
    out += fmt::format("; busiest unit: {}, {:.3f} % of the time", busiest->name,
                       100.0 * static_cast<double>(busiest->busy_ns) /
                           static_cast<double>(std::max<std::uint64_t>(1, summary.simulated_ns)));
  return out + '\n';
}

}  // namespace tlsnic::observe
