// What a TOML file says, free of the library that reads it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tlsnic::scenarios {

struct Member;

struct Value {
  enum class Kind : std::uint8_t { boolean, integer, real, text, array, table, other };

  Kind kind = Kind::table;
  bool boolean = false;
  std::int64_t integer = 0;
  double real = 0;   // of an integer, too
  std::string text;  // as it can be given to --set; of a text, the text itself
  std::vector<Value> items;
  std::vector<Member> members;  // of a table, in the file's order
  std::string place;            // "file:line", "--set"

  const Value* member(std::string_view name) const;
};

struct Member {
  std::string name;
  Value value;
};

// Lays `over` on top of `base`: tables are merged key by key, anything else is replaced.
void merge(Value& base, Value over);

// Reads TOML from memory; `name` is the file's in messages. Throws traces::InputError: for what is
// not TOML, more than 1 MiB, a line of more than 1024 bytes, a table of more than 10,000 keys,
// tables or arrays inside more than 8 others.
Value parse_toml(std::string_view text, const std::string& name);
// A value as given to --set: TOML if it is, else the text itself.
Value parse_value(std::string_view text, const std::string& place);
// Reads a file and what it includes (`include = "other.toml"`, relative to the file), the file on
// top. Throws traces::InputError, also for a file that includes itself.
Value read_toml(const std::string& path);

}  // namespace tlsnic::scenarios
