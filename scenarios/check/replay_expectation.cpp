#include "scenarios/check/replay_expectation.h"

#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "scenarios/file/key.h"
#include "scenarios/file/settings.h"
#include "scenarios/file/tables.h"
#include "scenarios/number_text.h"

namespace tlsnic::scenarios {
namespace {

using Json = nlohmann::ordered_json;

// A list of texts, each of which is parsed as the option of `tlsnic replay` is.
template <typename Parse>
Key<ReplayOptions> what_if(const char* name, Parse parse) {
  return {name, "", "a text or a list of texts",
          [parse](ReplayOptions& options, const Value& value) {
            const bool is_list = value.kind == Value::Kind::array;
            const std::vector<Value> items = is_list ? value.items : std::vector<Value>{value};
            for (const Value& item : items) {
              if (item.kind >= Value::Kind::array) return false;
              try {
                parse(options, item.text);
              } catch (const traces::InputError& error) {
                throw traces::InputError(value.place + ": " + error.what());
              }
            }
            return true;
          },
          [](const ReplayOptions&) { return std::string(); }};
}

const Keys<ReplayOptions>& replay_keys() {
  using Options = ReplayOptions;
  using Text = std::string_view;
  static const Keys<Options> keys{
      choice<Options>("side", &Options::side,
                      std::vector<std::pair<std::string, Side>>{
                          {"both", Side::both}, {"client", Side::client}, {"server", Side::server}},
                      ""),
      choice<Options>(
          "checksum", &Options::repair_checksums,
          std::vector<std::pair<std::string, bool>>{{"validate", false}, {"repair", true}}, ""),
      what_if("late", [](Options& o, Text text) { add_late(o.what_if, text); }),
      what_if("drop", [](Options& o, Text text) { add_frame(o.what_if.drop, "--drop", text); }),
      what_if("duplicate",
              [](Options& o, Text text) { add_frame(o.what_if.duplicate, "--duplicate", text); }),
      what_if("corrupt",
              [](Options& o, Text text) { add_byte(o.what_if.corrupt, "--corrupt", text); }),
      what_if("tamper",
              [](Options& o, Text text) { add_byte(o.what_if.tamper, "--tamper", text); }),
      what_if("random_late", [](Options& o, Text text) { set_random_late(o.what_if, text); }),
      what_if("random_drop", [](Options& o, Text text) { set_random_drop(o.what_if, text); }),
      whole<Options>(
          "seed", [](auto& o) -> auto& { return o.what_if.seed; }, 0,
          std::numeric_limits<std::int64_t>::max(), ""),
      what_if("set", [](Options& o, Text text) { set_parameter(o.parameters, text); }),
      // Relative to the file, as is the capture: the one who reads it makes it so.
      {"keys", "", "a file's name",
       [](Options& options, const Value& value) {
         if (value.kind != Value::Kind::text) return false;
         options.keys = value.text;
         return true;
       },
       [](const Options&) { return std::string(); }},
  };
  return keys;
}

void add_values(const Value& table, const std::string& prefix, std::vector<Member>& out) {
  for (const Member& member : table.members) {
    if (member.value.kind == Value::Kind::table)
      add_values(member.value, prefix + member.name + '.', out);
    else if (member.value.kind >= Value::Kind::array)
      throw wrong_value(prefix + member.name, member.value,
                        "a number, a range such as \"84..90\", true, false, or a text");
    else
      out.push_back({prefix + member.name, member.value});
  }
}

// The element that a part of a dotted name means; null if there is none.
const Json* child(const Json& node, const std::string& part) {
  if (node.is_object()) {
    const auto found = node.find(part);
    return found == node.end() ? nullptr : &*found;
  }
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
  const bool is_index = error == std::errc() && end == part.data() + part.size();
  return node.is_array() && is_index && index < node.size() ? &node[index] : nullptr;
}

// What there is instead of a part of a name.
std::string known_parts(const Json& node, const std::string& part) {
  if (node.is_array()) return fmt::format("one of {} elements, from 0", node.size());
  std::vector<std::string> names;
  if (node.is_object())
    for (const auto& [name, value] : node.items()) names.push_back(name);
  if (names.empty()) return "the end of the name";
  return fmt::format("a name such as {}", fmt::join(nearest(names, part, 3), ", "));
}

std::string json_text(const Json& value) {
  if (value.is_string()) return '\'' + printable(value.get<std::string>()) + '\'';
  if (value.is_number()) return number_text(value.get<double>());
  return value.is_structured() ? "a list or table" : value.dump();
}

bool fits(const Json& found, const Value& expected) {
  double least = 0;
  double most = 0;
  if (found.is_number() && read_range(expected, least, most)) {
    const auto number = found.get<double>();
    return number >= least && number <= most;
  }
  if (found.is_boolean())
    return expected.kind == Value::Kind::boolean && found.get<bool>() == expected.boolean;
  return found.is_string() && expected.kind == Value::Kind::text &&
         found.get<std::string>() == expected.text;
}

std::string violation(const Json& summary, const std::string& name, const Value& expected) {
  const Json* node = &summary;
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t end = std::min(name.find('.', at), name.size());
    const std::string part = name.substr(at, end - at);
    const Json* next = child(*node, part);
    if (next == nullptr)
      return fmt::format("{}: found no '{}' for {} in the summary, expected {}", expected.place,
                         printable(part), printable(name), known_parts(*node, part));
    node = next;
    at = end + 1;
  }
  if (fits(*node, expected)) return {};
  return fmt::format("{}: found {} = {}, expected {}", expected.place, printable(name),
                     json_text(*node), printable(expected.text));
}

}  // namespace

std::string expectation_file(const std::string& capture) {
  return std::filesystem::path(capture).replace_extension(".expect.toml").string();
}

ReplayExpectation read_replay_expectation(const std::string& capture) {
  ReplayExpectation out;
  out.options.capture = capture;
  const std::string path = expectation_file(capture);
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return out;
  const Value file = read_toml(path);
  for (const Member& member : file.members) {
    const bool is_text = member.value.kind == Value::Kind::text;
    const bool is_table = member.value.kind == Value::Kind::table;
    if (member.name == "title" && is_text)
      out.title = member.value.text;
    else if (member.name == "source" && is_text)
      out.source = member.value.text;
    else if (member.name == "replay" && is_table)
      out.options = read_table(replay_keys(), member.value, "replay", out.options);
    else if (member.name == "expect" && is_table)
      add_values(member.value, "", out.values);
    else
      throw unknown_key(member.name, member.value.place,
                        {"title", "source", "[replay]", "[expect]"});
  }
  if (out.options.keys)
    out.options.keys = (std::filesystem::path(path).parent_path() / *out.options.keys).string();
  return out;
}

std::vector<JudgedExpectation> judge(const ReplayExpectation& expectation, const Json& summary) {
  std::vector<JudgedExpectation> out;
  for (const auto& [name, value] : expectation.values)
    out.push_back({name + " = " + value.text, value.place, violation(summary, name, value)});
  return out;
}

}  // namespace tlsnic::scenarios
