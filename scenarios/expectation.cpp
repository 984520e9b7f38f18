#include "scenarios/expectation.h"

#include <fmt/format.h>

#include <cmath>

#include "scenarios/nearest.h"
#include "scenarios/number_text.h"

namespace tlsnic::scenarios {
namespace {

constexpr std::size_t names_suggested = 3;

std::string range_text(double least, double most) {
  if (least == most) return number_text(least);
  return (std::isfinite(least) ? number_text(least) : "") + ".." +
         (std::isfinite(most) ? number_text(most) : "");
}

std::string line(const Expectation& expectation, const std::string& found,
                 const std::string& expected) {
  return fmt::format("{}: found {}, expected {}", expectation.place, found, expected);
}

std::optional<std::string> value_violation(const Expectation& expectation,
                                           const RunResult& result) {
  for (const auto& [name, value] : result.values) {
    if (name != expectation.name) continue;
    if (value >= expectation.least && value <= expectation.most) return std::nullopt;
    return line(expectation, name + " = " + number_text(value),
                range_text(expectation.least, expectation.most));
  }
  std::vector<std::string> known;
  for (const auto& [name, value] : result.values) known.push_back(name);
  return line(expectation, "no value named " + expectation.name,
              fmt::format("one of this run, such as {}",
                          fmt::join(nearest(known, expectation.name, names_suggested), ", ")));
}

std::optional<std::string> order_violation(const Expectation& expectation,
                                           const RunResult& result) {
  auto next = result.events.begin();
  const RunEvent* last = nullptr;
  for (const std::string& name : expectation.events) {
    while (next != result.events.end() && next->name != name) ++next;
    if (next == result.events.end()) {
      const std::string after =
          last == nullptr ? "" : fmt::format(" after {} at {} ns", last->name, last->time_ns);
      return line(expectation, fmt::format("no event {}{}", name, after),
                  fmt::format("the order {}", fmt::join(expectation.events, ", ")));
    }
    last = &*next++;
  }
  return std::nullopt;
}

bool fits(const SegmentRow& row, const std::string& verdict) {
  const std::size_t slash = verdict.find('/');
  return row.verdict == verdict.substr(0, slash) &&
         (slash == std::string::npos || row.state == verdict.substr(slash + 1));
}
bool fits(const RecordRow& row, const std::string& verdict) {
  return row.verdict == verdict;
}

std::string found_text(const SegmentRow& row) {
  return row.verdict + '/' + row.state;
}
std::string found_text(const RecordRow& row) {
  return row.verdict;
}

template <typename Row>
std::optional<std::string> sequence_violation(const Expectation& expectation, const char* what,
                                              const std::vector<Row>& rows) {
  std::size_t number = 0;  // among the flow's rows, from 1
  std::size_t compared = 0;
  for (const Row& row : rows) {
    if (row.flow != expectation.flow || ++number < expectation.from) continue;
    if (compared == expectation.verdicts.size()) break;
    const std::string& verdict = expectation.verdicts[compared++];
    if (verdict != "*" && !fits(row, verdict))
      return line(expectation, fmt::format("{} {} = {}", what, number, found_text(row)), verdict);
  }
  if (compared == expectation.verdicts.size()) return std::nullopt;
  return line(expectation, fmt::format("{} {}s", number, what),
              fmt::format("at least {}", expectation.from - 1 + expectation.verdicts.size()));
}

}  // namespace

std::string to_text(const Expectation& expectation) {
  using Kind = Expectation::Kind;
  if (expectation.kind == Kind::value)
    return expectation.name + " = " + range_text(expectation.least, expectation.most);
  if (expectation.kind == Kind::order)
    return fmt::format("order: {}", fmt::join(expectation.events, ", "));
  const bool to_client = expectation.direction == traces::Direction::server_to_client;
  return fmt::format("{} to the {}, flow {}, from {} on: {}",
                     expectation.kind == Kind::segments ? "segments" : "records",
                     to_client ? "client" : "server", expectation.flow, expectation.from,
                     fmt::join(expectation.verdicts, ", "));
}

std::optional<std::string> violation(const Expectation& expectation, const RunResult& result) {
  const std::size_t direction = traces::index_of(expectation.direction);
  switch (expectation.kind) {
    case Expectation::Kind::value:
      return value_violation(expectation, result);
    case Expectation::Kind::order:
      return order_violation(expectation, result);
    case Expectation::Kind::segments:
      return sequence_violation(expectation, "segment", result.segments[direction]);
    case Expectation::Kind::records:
      return sequence_violation(expectation, "record", result.records[direction]);
  }
  return std::nullopt;
}

}  // namespace tlsnic::scenarios
