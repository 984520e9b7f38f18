#include "scenarios/file/key.h"

#include <charconv>

namespace tlsnic::scenarios {
namespace {

// A number and the unit behind it; nothing if the text does not begin with a number.
std::optional<std::pair<double, std::string>> read_with_unit(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number)) return std::nullopt;
  const char* unit = end;
  while (*unit == ' ') ++unit;
  return std::pair(number, std::string(unit));
}

}  // namespace

std::optional<double> read_percentage(const Value& value) {
  double given = -1;
  if (detail::is_number(value)) {
    given = value.real;
  } else if (value.kind == Value::Kind::text) {
    const auto read = read_with_unit(value.text);
    if (read && read->second == "%") given = read->first / 100;
  }
  if (!(given >= 0 && given <= 1)) return std::nullopt;
  return given;
}

std::optional<double> read_size(const Value& value) {
  if (value.kind == Value::Kind::integer) return value.real;
  if (value.kind != Value::Kind::text) return std::nullopt;
  const auto read = read_with_unit(value.text);
  if (!read) return std::nullopt;
  double unit = 1024;
  for (const char* name : {"KiB", "MiB", "GiB"}) {
    if (read->second == name) return std::floor(read->first * unit);
    unit *= 1024;
  }
  return std::nullopt;
}

std::optional<bool> read_boolean(const Value& value) {
  if (value.kind == Value::Kind::boolean) return value.boolean;
  if (value.kind == Value::Kind::text && (value.text == "on" || value.text == "off"))
    return value.text == "on";
  return std::nullopt;
}

}  // namespace tlsnic::scenarios
