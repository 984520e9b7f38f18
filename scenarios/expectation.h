// What a scenario expects of its run, and whether that held.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scenarios/run_result.h"

namespace tlsnic::scenarios {

// One line of [expect].
struct Expectation {
  enum class Kind { value, order, segments, records };

  Kind kind = Kind::value;
  std::string place;                 // "file:line"
  std::optional<std::size_t> point;  // of a sweep; none: every one

  // value: RunResult::values[name] lies in [least, most].
  std::string name;
  double least = 0;
  double most = 0;

  // order: these events happen in this order; others may lie between.
  std::vector<std::string> events;

  // segments, records: what RunResult tells of them, from the `from`-th (1) on. "*" fits anything,
  // and "verdict/state" the state of the context afterwards, too.
  traces::Direction direction = traces::Direction::server_to_client;
  std::uint32_t flow = 0;
  std::size_t from = 1;
  std::vector<std::string> verdicts;
};

// What is expected, for people: "to_client.records.entirely = 197".
std::string to_text(const Expectation& expectation);

// Nothing if it holds; else one line: place, what was found, what was expected.
std::optional<std::string> violation(const Expectation& expectation, const RunResult& result);

}  // namespace tlsnic::scenarios
