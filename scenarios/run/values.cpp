#include "scenarios/run/values.h"

#include <fmt/format.h>

#include <algorithm>

namespace tlsnic::scenarios {
namespace {

class Values {
 public:
  explicit Values(RunResult& result) : values_(result.values) {}

  void add(const std::string& name, double value) { values_.emplace_back(name, value); }
  void add(const std::string& name, std::uint64_t value) { add(name, static_cast<double>(value)); }
  // Per cent, 0 of nothing.
  void add_share(const std::string& name, std::uint64_t part, std::uint64_t whole) {
    add(name, whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole));
  }

 private:
  std::vector<std::pair<std::string, double>>& values_;
};

void add_direction(Values& values, const FinishedRun& run, Direction direction) {
  const bool to_client = direction == Direction::server_to_client;
  const std::string name = to_client ? "to_client." : "to_server.";
  const DirectionCounts& counts = run.monitor.counts(direction);
  const std::uint64_t records = counts.records[0] + counts.records[1] + counts.records[2];
  constexpr const char* classes[] = {"entirely", "partially", "not"};
  for (std::size_t i = 0; i < 3; ++i) {
    values.add(fmt::format("{}records.{}", name, classes[i]), counts.records[i]);
    values.add_share(fmt::format("{}records.{}_percent", name, classes[i]), counts.records[i],
                     records);
  }
  values.add(name + "records.read", records);
  values.add(name + "records.failed", counts.failed_records);
  std::uint64_t sent = 0;
  std::uint64_t plaintext = 0;
  for (const Flow& flow : run.flows) {
    sent += flow.directions[traces::index_of(direction)].records_sent;
    plaintext += flow.directions[traces::index_of(direction)].plaintext_read;
  }
  values.add(name + "records.sent", sent);
  values.add(name + "plaintext_bytes", plaintext);
  if (run.finished_ns > 0)
    values.add(name + "goodput_gbps",
               8.0 * static_cast<double>(plaintext) / static_cast<double>(run.finished_ns));

  values.add(name + "segments.sent", counts.data_segments_sent);
  values.add(name + "segments.retransmitted", counts.retransmissions);
  values.add(name + "segments.lost", counts.lost_data_segments);
  values.add(name + "segments.fallback", counts.fallback_segments);
  values.add(name + "segments.acks_ahead_of_data", counts.acks_ahead_of_data);
  values.add(name + "segments.decrypted", counts.decrypted_segments);
  values.add(name + "segments.passed", counts.passed_segments);
  for (std::size_t i = 0; i < hw::rx_reasons; ++i) {
    const auto reason = static_cast<hw::RxReason>(i);
    values.add(fmt::format("{}segments.{}", name, hw::to_string(reason)), counts.segments[i]);
  }

  const LinkStatistics link = (to_client ? run.world.to_client : run.world.to_server).statistics();
  values.add(name + "link.frames", link.frames);
  values.add(name + "link.lost", link.lost());
  values.add(name + "link.queue_dropped", link.queue_dropped);
  values.add(name + "link.reordered", link.reordered);
  values.add(name + "link.late", link.late);
  values.add(name + "link.duplicated", link.duplicated);
  values.add(name + "link.corrupted", link.corrupted);
  values.add(name + "link.tampered", link.tampered);
  values.add(name + "link.pauses", link.pauses);
}

void add_tcp(Values& values, const std::string& name, const host::Host& host) {
  const host::TcpTotals totals = host.tcp_totals();
  values.add(name + "tcp.segments", totals.segments);
  values.add(name + "tcp.retransmissions", totals.sender.retransmitted_segments);
  values.add(name + "tcp.fast_retransmits", totals.sender.fast_retransmits);
  values.add(name + "tcp.spurious_recoveries", totals.sender.spurious_recoveries);
  values.add(name + "tcp.timeouts", totals.sender.timeouts);
}

// time_ns: what a unit's share is of.
void add_machine(Values& values, const std::string& name, const Machine& machine,
                 std::uint64_t time_ns) {
  for (const auto& [counter, value] : machine.first.driver.counters())
    values.add(name + counter, value);
  if (machine.second)
    for (const auto& [counter, value] : machine.second->driver.counters())
      values.add(fmt::format("{}device2.{}", name, counter), value);
  values.add(name + "rx_lro_packets", machine.first.driver.rx_statistics().lro_packets);
  values.add(name + "rx_lro_bytes", machine.first.driver.rx_statistics().lro_bytes);
  for (std::size_t i = 0; i < host::tls_counter_count; ++i) {
    const auto counter = static_cast<host::TlsCounter>(i);
    values.add(name + std::string(host::tls_counter_name(counter)),
               machine.host.tls_stat()[counter]);
  }
  add_tcp(values, name, machine.host);
  values.add(name + "checksum_errors", machine.host.statistics().checksum_errors);
  values.add(name + "contexts.hits", machine.first.nic.contexts().hits());
  values.add(name + "contexts.misses", machine.first.nic.contexts().misses());
  for (const hw::StageStatistics& unit : machine.first.nic.unit_statistics())
    values.add_share(fmt::format("{}unit.{}_percent", name, unit.name), unit.busy, time_ns * 1000);
}

double value_of(const RunResult& result, const std::string& name) {
  for (const auto& [each, value] : result.values)
    if (each == name) return value;
  return 0;
}

}  // namespace

void add_values(const FinishedRun& run, RunResult& result) {
  Values values(result);
  add_direction(values, run, Direction::server_to_client);
  add_direction(values, run, Direction::client_to_server);
  add_machine(values, "client.", run.world.client, run.finished_ns);
  add_machine(values, "server.", run.world.server, run.finished_ns);
  // What figure 16b of the ASPLOS 2021 paper comes to (facts: figures.md, 1.2).
  for (const std::string sender : {"server", "client"}) {
    const double lost = value_of(
        result, sender == "server" ? "to_client.segments.lost" : "to_server.segments.lost");
    values.add(sender + ".tx_tls_dump_bytes_per_lost_packet",
               lost == 0 ? 0 : value_of(result, sender + ".tx_tls_dump_bytes") / lost);
  }
  values.add("finished_ms", static_cast<double>(run.finished_ns) / 1e6);
  const double packets =
      value_of(result, "to_client.segments.sent") + value_of(result, "to_server.segments.sent");
  values.add("data_packets", packets);
  values.add("systemc_events_per_packet",
             packets == 0 ? 0 : static_cast<double>(run.systemc_events) / packets);
}

}  // namespace tlsnic::scenarios
