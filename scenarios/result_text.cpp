#include "scenarios/result_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "observe/text_table.h"
#include "scenarios/number_text.h"

namespace tlsnic::scenarios {
namespace {

using observe::TableRow;
using traces::Direction;
using RecordsByFlow = std::map<std::uint32_t, std::vector<const RecordRow*>>;

constexpr std::size_t records_named = 4;  // of one segment

// Six digits are enough for people; the summary has all of them.
std::string short_text(double value) {
  return is_whole(value) ? number_text(value) : fmt::format("{:.6g}", value);
}

// The records that a segment holds bytes of: "1] [2", '[' where one begins and ']' where one ends.
std::string records_in(const SegmentRow& segment, const std::vector<const RecordRow*>& records) {
  const std::uint64_t end = segment.offset + segment.length;
  auto record = std::lower_bound(
      records.begin(), records.end(), segment.offset,
      [](const RecordRow* r, std::uint64_t offset) { return r->offset + r->length <= offset; });
  std::string out;
  for (std::size_t n = 0; record != records.end() && (*record)->offset < end; ++record, ++n) {
    if (n == records_named) return out + " ...";
    const std::uint64_t record_end = (*record)->offset + (*record)->length;
    out +=
        fmt::format("{}{}{}{}", n == 0 ? "" : " ", (*record)->offset >= segment.offset ? "[" : "",
                    (*record)->number, record_end <= end ? "]" : "");
  }
  return out;
}

std::string segments_text(const RunResult& result, Direction direction) {
  const std::size_t i = traces::index_of(direction);
  const auto& segments = result.segments[i];
  if (segments.empty()) return {};
  RecordsByFlow records;
  for (const RecordRow& record : result.records[i]) records[record.flow].push_back(&record);
  for (auto& [flow, rows] : records)
    std::sort(rows.begin(), rows.end(),
              [](const RecordRow* a, const RecordRow* b) { return a->offset < b->offset; });
  std::vector<TableRow> rows{
      {"flow", "segment", "time_ns", "offset", "bytes", "records", "verdict", "state"}};
  for (const SegmentRow& segment : segments)
    rows.push_back(
        {fmt::format("{}", segment.flow),
         fmt::format("{}{}", segment.sent_number, segment.retransmission ? " again" : ""),
         fmt::format("{}", segment.time_ns), fmt::format("{}", segment.offset),
         fmt::format("{}", segment.length), records_in(segment, records[segment.flow]),
         segment.verdict, segment.state});
  return fmt::format("segments to the {}, as they came ([ a record begins, ] it ends)\n{}\n",
                     direction == Direction::server_to_client ? "client" : "server",
                     observe::text_table(rows));
}

std::string records_text(const RunResult& result, Direction direction) {
  const auto& records = result.records[traces::index_of(direction)];
  if (records.empty()) return {};
  std::vector<TableRow> rows{{"flow", "record", "offset", "bytes", "offloaded"}};
  for (const RecordRow& record : records)
    rows.push_back({fmt::format("{}", record.flow), fmt::format("{}", record.number),
                    fmt::format("{}", record.offset), fmt::format("{}", record.length),
                    record.verdict});
  return fmt::format("records to the {}\n{}\n",
                     direction == Direction::server_to_client ? "client" : "server",
                     observe::text_table(rows));
}

std::string values_text(const RunOutcome& outcome) {
  std::vector<TableRow> rows;
  for (const auto& [name, value] : outcome.values)
    if (value != 0) rows.push_back({name, short_text(value)});
  return observe::text_table(rows);
}

std::string expectations_text(const RunOutcome& outcome) {
  std::string out;
  for (const JudgedExpectation& expectation : outcome.expectations)
    out += expectation.violation.empty()
               ? fmt::format("ok      {}: {}\n", expectation.place, expectation.text)
               : fmt::format("FAILED  {}\n", expectation.violation);
  for (const std::string& failure : outcome.failures) out += fmt::format("FAILED  {}\n", failure);
  return out;
}

// The value of this name, "-" if there is none.
std::string value_text(const RunOutcome& outcome, const std::string& name) {
  for (const auto& [known, value] : outcome.values)
    if (known == name) return short_text(value);
  return "-";
}

}  // namespace

std::string to_text(const Scenario& scenario, const RunResult& result, const RunOutcome& outcome,
                    bool all_segments) {
  std::string out;
  if (!scenario.title.empty()) out += scenario.title + '\n';
  if (!scenario.source.empty()) out += scenario.source + '\n';
  if (!out.empty()) out += '\n';
  const std::size_t segments = result.segments[0].size() + result.segments[1].size();
  if (all_segments || segments <= segments_listed) {
    for (const Direction direction : {Direction::server_to_client, Direction::client_to_server})
      out += segments_text(result, direction) + records_text(result, direction);
  }
  out += values_text(outcome);
  const std::string expectations = expectations_text(outcome);
  return expectations.empty() ? out : out + '\n' + expectations;
}

std::string to_text(const Sweep& sweep, const std::vector<RunOutcome>& outcomes) {
  std::vector<TableRow> rows(1);
  rows[0].push_back(sweep.key);
  rows[0].insert(rows[0].end(), sweep.show.begin(), sweep.show.end());
  rows[0].emplace_back("expectations");
  std::string problems;
  for (std::size_t point = 0; point < outcomes.size(); ++point) {
    const RunOutcome& outcome = outcomes[point];
    TableRow row{sweep.values[point]};
    for (const std::string& name : sweep.show) row.push_back(value_text(outcome, name));
    const std::vector<std::string> failed = outcome.problems();
    row.push_back(failed.empty() ? "ok" : fmt::format("{} FAILED", failed.size()));
    rows.push_back(std::move(row));
    for (const std::string& problem : failed) problems += fmt::format("FAILED  {}\n", problem);
  }
  const std::string table = observe::text_table(rows);
  return problems.empty() ? table : table + '\n' + problems;
}

}  // namespace tlsnic::scenarios
