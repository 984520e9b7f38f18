#include "scenarios/result_files.h"

#include <fmt/format.h>

#include <iterator>

namespace tlsnic::scenarios {
namespace {

constexpr const char* ends[] = {"server", "client"};  // that receive; by traces::Direction

// RFC 4180: quoted where it must be.
std::string cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + '"';
}

}  // namespace

std::string packets_csv(const RunResult& result) {
  std::string out = "to,flow,time_ns,sent_number,retransmission,offset,length,verdict,state\n";
  for (const std::size_t direction : {1, 0})
    for (const SegmentRow& row : result.segments[direction])
      fmt::format_to(std::back_inserter(out), "{},{},{},{},{},{},{},{},{}\n", ends[direction],
                     row.flow, row.time_ns, row.sent_number, row.retransmission ? 1 : 0, row.offset,
                     row.length, cell(row.verdict), cell(row.state));
  return out;
}

std::string records_csv(const RunResult& result) {
  std::string out = "to,flow,number,offset,length,verdict\n";
  for (const std::size_t direction : {1, 0})
    for (const RecordRow& row : result.records[direction])
      fmt::format_to(std::back_inserter(out), "{},{},{},{},{},{}\n", ends[direction], row.flow,
                     row.number, row.offset, row.length, cell(row.verdict));
  return out;
}

std::string events_csv(const RunResult& result) {
  std::string out = "time_ns,name,text\n";
  for (const RunEvent& event : result.events)
    fmt::format_to(std::back_inserter(out), "{},{},{}\n", event.time_ns, cell(event.name),
                   cell(event.text));
  return out;
}

}  // namespace tlsnic::scenarios
