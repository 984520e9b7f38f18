#include <charconv>
#include <limits>

#include "scenarios/file/schema.h"
#include "scenarios/file/settings.h"
#include "scenarios/file/tables.h"

namespace tlsnic::scenarios {
namespace {

constexpr const char* range_or_number = "a number, or a range such as \"84..90\", \"2..\", \"..5\"";

bool read_number(std::string_view text, double& out) {
  const auto [end, error] = std::from_chars(text.begin(), text.end(), out);
  return error == std::errc() && end == text.end() && std::isfinite(out);
}

// Calls visit(name, value) for every value below a table: "a.b" as a name, or b in a table a.
template <typename Visit>
void each_value(const Value& table, const std::string& prefix, const Visit& visit) {
  for (const Member& member : table.members) {
    if (member.value.kind == Value::Kind::table)
      each_value(member.value, prefix + member.name + '.', visit);
    else
      visit(prefix + member.name, member.value);
  }
}

void read_sequences(Scenario& scenario, Expectation::Kind kind, const std::string& name,
                    const Value& list) {
  for (const Value& item : list.items) {
    Expectation start;
    start.kind = kind;
    start.place = item.place;
    scenario.expectations.push_back(read_table(sequence_keys(), item, name, start));
    if (scenario.expectations.back().verdicts.empty())
      throw file_error(item.place, name + " without verdicts", "at least one");
  }
}

void read_order(Scenario& scenario, const Value& list) {
  Expectation expectation;
  expectation.kind = Expectation::Kind::order;
  expectation.place = list.place;
  for (const Value& item : list.items) {
    if (item.kind != Value::Kind::text)
      throw wrong_value("an event in expect.order", item, "a text");
    expectation.events.push_back(item.text);
  }
  scenario.expectations.push_back(expectation);
}

void add_value(Scenario& scenario, const std::string& name, const Value& value,
               std::optional<std::size_t> point) {
  Expectation expectation;
  expectation.place = value.place;
  expectation.point = point;
  expectation.name = name;
  if (!read_range(value, expectation.least, expectation.most))
    throw wrong_value(name, value, range_or_number);
  scenario.expectations.push_back(expectation);
}

}  // namespace

bool read_range(const Value& value, double& least, double& most) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  if (detail::is_number(value)) {
    least = most = value.real;
    return true;
  }
  const std::size_t dots = value.text.find("..");
  if (value.kind != Value::Kind::text || dots == std::string::npos || value.text == "..")
    return false;
  const std::string_view text = value.text;
  const std::string_view from = text.substr(0, dots);
  const std::string_view to = text.substr(dots + 2);
  least = -infinite;
  most = infinite;
  return (from.empty() || read_number(from, least)) && (to.empty() || read_number(to, most)) &&
         least <= most;
}

void read_expectations(Scenario& scenario, const Value& table) {
  if (table.kind != Value::Kind::table) throw wrong_value("expect", table, "a table: [expect]");
  each_value(table, "", [&](const std::string& name, const Value& value) {
    const bool is_list = value.kind == Value::Kind::array;
    if (is_list && name == "order")
      read_order(scenario, value);
    else if (is_list && name == "segments")
      read_sequences(scenario, Expectation::Kind::segments, "expect.segments", value);
    else if (is_list && name == "records")
      read_sequences(scenario, Expectation::Kind::records, "expect.records", value);
    else
      add_value(scenario, name, value, std::nullopt);
  });
}

void read_point_expectations(Scenario& scenario, const Value& table) {
  if (table.kind != Value::Kind::table)
    throw wrong_value("sweep.expect", table, "a table: [sweep.expect]");
  const std::size_t points = scenario.sweep->values.size();
  each_value(table, "", [&](const std::string& name, const Value& list) {
    if (list.kind != Value::Kind::array || list.items.size() != points)
      throw wrong_value(name, list,
                        fmt::format("a list of {}, one for each value of the sweep", points));
    for (std::size_t point = 0; point < points; ++point)
      if (list.items[point].text != "*") add_value(scenario, name, list.items[point], point);
  });
}

}  // namespace tlsnic::scenarios
