// The only file that includes toml++: it takes long to compile.
#undef NDEBUG  // which would turn the library's checks into assumptions
#include <stdexcept>

namespace {

// Some files that are not TOML ("[[ [") fail a check of toml++ 3.3 instead of giving its error.
struct FailedCheck : std::logic_error {
  using std::logic_error::logic_error;
};

[[noreturn]] void failed_check(const char* check) {
  throw FailedCheck(check);
}

}  // namespace

#define TOML_ASSERT(expr) ((expr) ? static_cast<void>(0) : failed_check(#expr))
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
// The library recurses once per level, as does the destructor of what it made.
#define TOML_MAX_NESTED_VALUES 8
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "scenarios/file/message.h"
#include "scenarios/file/value.h"
#include "traces/input_file.h"

namespace tlsnic::scenarios {
namespace {

constexpr std::size_t max_file_size = 1 << 20;
constexpr std::size_t max_line_size = 1024;  // bounds the depth of a.b.c = 1, which has no limit
constexpr std::size_t max_depth = 8;
constexpr std::size_t max_keys = 10'000;  // in a table
constexpr std::size_t max_includes = 16;
constexpr const char* scenario_file = "a scenario file (TOML)";

std::string place_of(const std::string& name, const toml::source_region& source) {
  return fmt::format("{}:{}", name, source.begin.line);
}

std::string real_text(double value) {
  // As TOML writes it: a fraction of a whole number is not lost.
  const std::string text = fmt::format("{}", value);
  return text.find_first_not_of("-0123456789") == std::string::npos ? text + ".0" : text;
}

// toml++ 3.3 runs into undefined behaviour at some letters beyond ASCII (U+00BC behind a key), so
// it sees each of their bytes as a character of the last private plane, U+10FF80 to U+10FFFF.
constexpr std::string_view hidden = "\xf4\x8f";  // how their UTF-8 begins

std::string hide_bytes(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
      continue;
    }
    out += hidden;
    out += static_cast<char>(0xbe + ((byte >> 6) & 1));
    out += static_cast<char>(0x80 | (byte & 0x3f));
  }
  return out;
}

std::string show_bytes(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_hidden = text.substr(i, 2) == hidden && i + 3 < text.size() &&
                           (text[i + 2] == '\xbe' || text[i + 2] == '\xbf');
    if (!is_hidden) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(0x80 | (text[i + 2] == '\xbf' ? 0x40 : 0) | (text[i + 3] & 0x3f));
    i += 3;
  }
  return out;
}

Value convert(const toml::node& node, const std::string& name, std::string place,
              std::size_t depth);

void convert_array(const toml::array& array, const std::string& name, std::size_t depth,
                   Value& out) {
  out.kind = Value::Kind::array;
  for (const toml::node& item : array) {
    out.items.push_back(convert(item, name, place_of(name, item.source()), depth + 1));
    const Value& last = out.items.back();
    const bool is_text = last.kind == Value::Kind::text;
    out.text += (out.text.empty() ? "" : ", ") + (is_text ? '"' + last.text + '"' : last.text);
  }
  out.text = '[' + out.text + ']';
}

void convert_table(const toml::table& table, const std::string& name, std::size_t depth,
                   Value& out) {
  out.kind = Value::Kind::table;
  out.text = "a table";
  if (table.size() > max_keys)
    throw file_error(out.place, fmt::format("{} keys in a table", table.size()),
                     fmt::format("at most {}", max_keys));
  std::vector<std::pair<const toml::key*, const toml::node*>> members;
  for (const auto& [key, item] : table) members.emplace_back(&key, &item);
  std::stable_sort(members.begin(), members.end(), [](const auto& a, const auto& b) {
    return a.first->source().begin < b.first->source().begin;
  });
  for (const auto& [key, item] : members)
    out.members.push_back(
        {show_bytes(key->str()), convert(*item, name, place_of(name, key->source()), depth + 1)});
}

Value convert(const toml::node& node, const std::string& name, std::string place,
              std::size_t depth) {
  Value out;
  out.place = std::move(place);
  if (depth > max_depth)
    throw file_error(out.place, fmt::format("a value inside {} others", depth),
                     fmt::format("at most {}", max_depth));
  if (const auto* boolean = node.as_boolean()) {
    out.kind = Value::Kind::boolean;
    out.boolean = boolean->get();
    out.text = out.boolean ? "true" : "false";
  } else if (const auto* integer = node.as_integer()) {
    out.kind = Value::Kind::integer;
    out.integer = integer->get();
    out.real = static_cast<double>(out.integer);
    out.text = fmt::format("{}", out.integer);
  } else if (const auto* real = node.as_floating_point()) {
    out.kind = Value::Kind::real;
    out.real = real->get();
    out.text = real_text(out.real);
  } else if (const auto* text = node.as_string()) {
    out.kind = Value::Kind::text;
    out.text = show_bytes(text->get());
  } else if (const auto* array = node.as_array()) {
    convert_array(*array, name, depth, out);
  } else if (const auto* table = node.as_table()) {
    convert_table(*table, name, depth, out);
  } else {
    out.kind = Value::Kind::other;
    out.text = "a date or time";
  }
  return out;
}

bool is_utf8(std::string_view text) {
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (std::all_of(text.begin(), text.end(), is_ascii)) return true;
  try {
    nlohmann::json(text).dump();
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
  return true;
}

// Throws for what is too long, and for bytes that are not UTF-8.
void check_text(std::string_view text, const std::string& name) {
  if (text.size() > max_file_size) throw file_error(name, "more than 1 MiB", scenario_file);
  std::size_t number = 1;
  for (std::size_t at = 0; at < text.size(); ++number) {
    const std::string_view line = text.substr(at, text.find('\n', at) - at);
    const std::string place = fmt::format("{}:{}", name, number);
    if (line.size() > max_line_size)
      throw file_error(place, fmt::format("a line of {} bytes", line.size()),
                       fmt::format("at most {}", max_line_size));
    if (!is_utf8(line)) throw file_error(place, "bytes that are not UTF-8", scenario_file);
    at += line.size() + 1;
  }
}

std::string read_text(const std::string& path) {
  const traces::File file = traces::open_input(path, scenario_file);
  std::string text(max_file_size + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0)
    throw traces::input_error(path, "read", "an error of the device", scenario_file);
  return text;
}

Value read_with_includes(const std::string& path, std::vector<std::filesystem::path>& open) {
  Value file = parse_toml(read_text(path), path);
  const auto include = std::find_if(file.members.begin(), file.members.end(),
                                    [](const Member& member) { return member.name == "include"; });
  if (include == file.members.end()) return file;
  const Value other = include->value;
  if (other.kind != Value::Kind::text || other.text.find('\0') != std::string::npos)
    throw file_error(other.place, "include = " + printable(other.text), "a file's name");
  file.members.erase(include);
  std::error_code ignored;
  open.push_back(std::filesystem::weakly_canonical(path, ignored));
  const std::string target = (std::filesystem::path(path).parent_path() / other.text).string();
  const std::string found = fmt::format("include = '{}'", printable(other.text));
  const auto canonical = std::filesystem::weakly_canonical(target, ignored);
  if (std::find(open.begin(), open.end(), canonical) != open.end())
    throw file_error(other.place, found + ", which includes this file", "no cycle");
  if (open.size() > max_includes)
    throw file_error(other.place, found, fmt::format("at most {} files", max_includes));
  if (!std::filesystem::is_regular_file(target, ignored))
    throw file_error(other.place, found, "a file that exists");
  Value base = read_with_includes(target, open);
  merge(base, std::move(file));
  return base;
}

}  // namespace

Value parse_toml(std::string_view text, const std::string& name) {
  check_text(text, name);
  try {
    const toml::table table = toml::parse(hide_bytes(text));
    return convert(table, name, name, 0);
  } catch (const toml::parse_error& error) {
    throw file_error(place_of(name, error.source()), "what is not TOML",
                     fmt::format("TOML ({})", printable(error.description())));
  } catch (const FailedCheck&) {
    throw file_error(name, "what is not TOML", "TOML (brackets or quotes in a wrong place)");
  }
}

Value parse_value(std::string_view text, const std::string& place) {
  Value out;
  out.kind = Value::Kind::text;
  out.text = text;
  if (text.find_first_of("\n\r#") == std::string_view::npos) {
    try {
      out = parse_toml(fmt::format("value = {}", text), place).members.at(0).value;
    } catch (const traces::InputError&) {
      // A word without quotes, as a shell leaves it.
    }
  }
  out.place = place;
  for (Value& item : out.items) item.place = place;
  return out;
}

Value read_toml(const std::string& path) {
  std::vector<std::filesystem::path> open;
  return read_with_includes(path, open);
}

}  // namespace tlsnic::scenarios
