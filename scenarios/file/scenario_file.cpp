#include "scenarios/file/scenario_file.h"

#include <algorithm>

#include "scenarios/file/schema.h"
#include "scenarios/file/settings.h"
#include "scenarios/file/tables.h"

namespace tlsnic::scenarios {
namespace {

constexpr std::size_t max_flows = 1000;
constexpr std::size_t max_points = 1000;

struct Assignment {
  std::string name;
  const Value* value;
};

// Every value below a table, by its full name.
void flatten(const Value& table, const std::string& prefix, std::vector<Assignment>& out) {
  for (const Member& member : table.members) {
    const std::string name = prefix + member.name;
    if (member.value.kind == Value::Kind::table)
      flatten(member.value, name + '.', out);
    else
      out.push_back({name, &member.value});
  }
}

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

// What is said of one end or direction goes on top of what is said of both.
bool is_special(const Assignment& assignment) {
  return starts_with(assignment.name, "client.") || starts_with(assignment.name, "server.") ||
         starts_with(assignment.name, "link.to_");
}

bool is_table_name(std::string_view name) {
  for (const char* table : {"client", "server", "flow", "link", "sweep"})
    if (name == table) return true;
  return false;
}

void read_flows(Scenario& scenario, const Value& list) {
  if (list.items.empty() || list.items.size() > max_flows)
    throw file_error(list.place, fmt::format("{} flows", list.items.size()),
                     fmt::format("1 to {}", max_flows));
  scenario.flows.clear();
  for (const Value& item : list.items)
    scenario.flows.push_back(read_table(flow_keys(), item, "flow"));
}

void read_settings(Scenario& scenario, const Value& file) {
  std::vector<Assignment> assignments;
  for (const Member& member : file.members) {
    if (member.name == "event" || member.name == "expect") continue;
    if (member.name == "flow" && member.value.kind == Value::Kind::array)
      read_flows(scenario, member.value);
    else if (member.value.kind == Value::Kind::table)
      flatten(member.value, member.name + '.', assignments);
    else if (is_table_name(member.name))
      throw wrong_value(member.name, member.value, "a table: [" + member.name + ']');
    else
      assignments.push_back({member.name, &member.value});
  }
  for (const bool special : {false, true})
    for (const Assignment& assignment : assignments)
      if (is_special(assignment) == special && !starts_with(assignment.name, "sweep.expect."))
        assign(scenario, assignment.name, *assignment.value);
}

void check_sweep(const Scenario& scenario, const Value* table) {
  const Sweep& sweep = *scenario.sweep;
  const std::string place = table == nullptr ? "--set" : table->place;
  if (sweep.key.empty()) throw file_error(place, "a sweep without 'key'", "a key to change");
  if (starts_with(sweep.key, "sweep."))
    throw file_error(place, "a sweep of '" + printable(sweep.key) + '\'', "another key");
  if (sweep.values.empty() || sweep.values.size() > max_points)
    throw file_error(place, fmt::format("a sweep of {} values", sweep.values.size()),
                     fmt::format("1 to {}", max_points));
}

// --set may have given the sweep other values than the file, for which nothing can be expected.
void check_points(const Scenario& scenario, const Value& table) {
  for (const Expectation& expectation : scenario.expectations)
    if (expectation.point && *expectation.point >= scenario.sweep->values.size())
      throw file_error(table.place,
                       fmt::format("expectations for {} values", *expectation.point + 1),
                       fmt::format("{} as the sweep has", scenario.sweep->values.size()));
}

void set(Scenario& scenario, std::string_view assignment, const std::string& place) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos)
    throw file_error(place, '\'' + printable(assignment) + '\'', "key=value");
  assign(scenario, assignment.substr(0, equals), parse_value(assignment.substr(equals + 1), place));
}

Scenario point_of(const Scenario& scenario, std::size_t point, const std::string& place) {
  Scenario out = scenario;
  set(out, scenario.sweep->key + '=' + scenario.sweep->values.at(point), place);
  out.sweep.reset();
  auto& expectations = out.expectations;
  expectations.erase(
      std::remove_if(expectations.begin(), expectations.end(),
                     [point](const Expectation& e) { return e.point && *e.point != point; }),
      expectations.end());
  check_consistency(out);
  return out;
}

Scenario interpret(const Value& file, const std::string& path,
                   const std::vector<std::string>& settings) {
  Scenario scenario;
  scenario.path = path;
  read_settings(scenario, file);
  if (const Value* events = file.member("event")) read_events(scenario, *events);
  if (const Value* expect = file.member("expect")) read_expectations(scenario, *expect);
  const Value* sweep = file.member("sweep");
  const Value* points = sweep == nullptr ? nullptr : sweep->member("expect");
  if (sweep != nullptr && !scenario.sweep) scenario.sweep.emplace();
  if (points != nullptr) read_point_expectations(scenario, *points);
  for (const std::string& setting : settings) apply_setting(scenario, setting);
  if (!scenario.sweep) {
    check_consistency(scenario);
    return scenario;
  }
  check_sweep(scenario, sweep);
  if (points != nullptr) check_points(scenario, *points);
  const Value* values = sweep == nullptr ? nullptr : sweep->member("values");
  for (std::size_t point = 0; point < scenario.sweep->values.size(); ++point)
    point_of(scenario, point, values == nullptr ? "--set" : values->place);
  return scenario;
}

}  // namespace

Scenario read_scenario(const std::string& path, const std::vector<std::string>& settings) {
  return interpret(read_toml(path), path, settings);
}

Scenario parse_scenario(std::string_view text, const std::string& name) {
  return interpret(parse_toml(text, name), name, {});
}

void apply_setting(Scenario& scenario, std::string_view assignment) {
  set(scenario, assignment, "--set");
}

std::size_t point_count(const Scenario& scenario) {
  return scenario.sweep ? scenario.sweep->values.size() : 1;
}

Scenario at_point(const Scenario& scenario, std::size_t point) {
  if (scenario.sweep) return point_of(scenario, point, scenario.path);
  check_consistency(scenario);
  return scenario;
}

}  // namespace tlsnic::scenarios
