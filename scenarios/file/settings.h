// One assignment to a scenario, whether from a file or from --set.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scenarios/file/key.h"
#include "scenarios/file/message.h"
#include "scenarios/nearest.h"
#include "scenarios/scenario.h"

namespace tlsnic::scenarios {

// Sets the key of this full name ("client.nic.tls.latency_cycles"). Throws traces::InputError.
void assign(Scenario& scenario, std::string_view name, const Value& value);

// The error for a name that is no key; the nearest of `known` is suggested.
traces::InputError unknown_key(std::string_view name, const std::string& place,
                               const std::vector<std::string>& known);
// The error for a value that a key does not take.
traces::InputError wrong_value(std::string_view name, const Value& value,
                               std::string_view expected);

// Sets the key `name` of `target`; false if there is none. `full` is its name in messages.
template <typename Target>
bool assign_one(const Keys<Target>& keys, Target& target, std::string_view name,
                std::string_view full, const Value& value) {
  for (const Key<Target>& key : keys) {
    if (key.name != name) continue;
    if (!key.set(target, value)) throw wrong_value(full, value, key.expected);
    return true;
  }
  return false;
}

// Sets all keys of a table that has no others ([[event]]).
template <typename Target>
Target read_table(const Keys<Target>& keys, const Value& table, const std::string& name,
                  Target target = {}) {
  if (table.kind != Value::Kind::table) throw wrong_value(name, table, "a table");
  for (const Member& member : table.members) {
    if (assign_one(keys, target, member.name, name + '.' + member.name, member.value)) continue;
    std::vector<std::string> known;
    for (const Key<Target>& key : keys) known.push_back(key.name);
    throw unknown_key(member.name, member.value.place, known);
  }
  return target;
}

}  // namespace tlsnic::scenarios
