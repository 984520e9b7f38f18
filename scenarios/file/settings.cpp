#include "scenarios/file/settings.h"

#include <charconv>
#include <initializer_list>

#include "scenarios/file/schema.h"

namespace tlsnic::scenarios {
namespace {

// Takes `prefix` off the front of `name` if it is there.
bool take(std::string_view& name, std::string_view prefix) {
  if (name.substr(0, prefix.size()) != prefix) return false;
  name.remove_prefix(prefix.size());
  return true;
}

const std::vector<ParameterDescription>& parameter_descriptions() {
  static const std::vector<ParameterDescription> all = describe(Parameters());
  return all;
}

bool assign_parameter(Parameters& parameters, std::string_view name, std::string_view full,
                      const Value& value) {
  for (const ParameterDescription& known : parameter_descriptions()) {
    if (known.name != name) continue;
    std::string text = value.text;
    if (value.kind == Value::Kind::boolean) text = value.boolean ? "on" : "off";
    try {
      set_parameter(parameters, known.name + '=' + text);
    } catch (const traces::InputError&) {
      throw wrong_value(full, value, known.expected);
    }
    return true;
  }
  return false;
}

bool assign_end(EndSettings& end, std::string_view name, std::string_view full,
                const Value& value) {
  return assign_one(end_keys(), end, name, full, value) ||
         assign_parameter(end.parameters, name, full, value);
}

bool assign_ends(Scenario& scenario, std::string_view name, const Value& value) {
  std::string_view rest = name;
  if (take(rest, "client.")) return assign_end(scenario.client(), rest, name, value);
  if (take(rest, "server.")) return assign_end(scenario.server(), rest, name, value);
  return assign_end(scenario.client(), name, name, value) &&
         assign_end(scenario.server(), name, name, value);
}

bool assign_link(Scenario& scenario, std::string_view name, const Value& value) {
  std::string_view rest = name;
  if (!take(rest, "link.")) return false;
  auto& [to_server, to_client] = scenario.link;  // by traces::Direction
  if (take(rest, "to_client.")) return assign_one(link_keys(), to_client, rest, name, value);
  if (take(rest, "to_server.")) return assign_one(link_keys(), to_server, rest, name, value);
  return assign_one(link_keys(), to_client, rest, name, value) &&
         assign_one(link_keys(), to_server, rest, name, value);
}

bool assign_flow(Scenario& scenario, std::string_view name, const Value& value) {
  std::string_view rest = name;
  if (!take(rest, "flow.")) return false;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(rest.begin(), rest.end(), index);
  if (error == std::errc() && end != rest.end() && *end == '.') {
    if (index >= scenario.flows.size())
      throw file_error(value.place, '\'' + printable(name) + '\'',
                       fmt::format("one of the {} flows, from 0", scenario.flows.size()));
    rest.remove_prefix(static_cast<std::size_t>(end + 1 - rest.begin()));
    return assign_one(flow_keys(), scenario.flows[index], rest, name, value);
  }
  bool is_known = false;
  for (FlowSettings& flow : scenario.flows)
    is_known = assign_one(flow_keys(), flow, rest, name, value);
  return is_known;
}

bool assign_sweep(Scenario& scenario, std::string_view name, const Value& value) {
  std::string_view rest = name;
  if (!take(rest, "sweep.")) return false;
  if (!scenario.sweep) scenario.sweep.emplace();
  return assign_one(sweep_keys(), *scenario.sweep, rest, name, value);
}

template <typename Target>
void add_names(std::vector<std::string>& names, std::initializer_list<const char*> prefixes,
               const Keys<Target>& keys) {
  for (const char* prefix : prefixes)
    for (const Key<Target>& key : keys) names.push_back(prefix + key.name);
}

const std::vector<std::string>& known_names() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> names;
    add_names(names, {""}, scenario_keys());
    add_names(names, {"", "client.", "server."}, end_keys());
    add_names(names, {"flow."}, flow_keys());
    add_names(names, {"link.", "link.to_client.", "link.to_server."}, link_keys());
    add_names(names, {"sweep."}, sweep_keys());
    for (const char* prefix : {"", "client.", "server."})
      for (const ParameterDescription& parameter : parameter_descriptions())
        names.push_back(prefix + parameter.name);
    return names;
  }();
  return all;
}

}  // namespace

traces::InputError unknown_key(std::string_view name, const std::string& place,
                               const std::vector<std::string>& known) {
  return file_error(place, "the key '" + printable(name) + '\'',
                    "a known key, such as " + nearest(known, name, 1).at(0));
}

traces::InputError wrong_value(std::string_view name, const Value& value,
                               std::string_view expected) {
  const bool is_text = value.kind == Value::Kind::text;
  const std::string text = printable(value.text);
  return file_error(value.place,
                    fmt::format("{} = {}", printable(name), is_text ? '\'' + text + '\'' : text),
                    expected);
}

void assign(Scenario& scenario, std::string_view name, const Value& value) {
  if (assign_one(scenario_keys(), scenario, name, name, value)) return;
  if (assign_flow(scenario, name, value) || assign_link(scenario, name, value)) return;
  if (assign_sweep(scenario, name, value) || assign_ends(scenario, name, value)) return;
  throw unknown_key(name, value.place, known_names());
}

}  // namespace tlsnic::scenarios
