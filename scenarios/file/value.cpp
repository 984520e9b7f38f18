#include "scenarios/file/value.h"

#include <algorithm>
#include <utility>

namespace tlsnic::scenarios {

const Value* Value::member(std::string_view name) const {
  for (const Member& member : members)
    if (member.name == name) return &member.value;
  return nullptr;
}

void merge(Value& base, Value over) {
  for (Member& member : over.members) {
    const auto same = std::find_if(base.members.begin(), base.members.end(),
                                   [&](const Member& m) { return m.name == member.name; });
    if (same == base.members.end())
      base.members.push_back(std::move(member));
    else if (same->value.kind == Value::Kind::table && member.value.kind == Value::Kind::table)
      merge(same->value, std::move(member.value));
    else
      same->value = std::move(member.value);
  }
}

}  // namespace tlsnic::scenarios
