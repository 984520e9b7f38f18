#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "traces/input_error.h"
#include "traces/input_file.h"
#include "traces/keylog/key_log.h"

namespace tlsnic::traces {
namespace {

constexpr std::size_t max_file_size = 256u << 20;
constexpr std::size_t max_warnings = 100;
constexpr std::size_t max_line = 1024;  // characters; the longest line of ours has 175
constexpr std::string_view expected_file = "a key log";

// What is wrong with a line.
struct Problem {
  std::string found;
  std::string expected;
};

std::string_view next_field(std::string_view& line) {
  constexpr std::string_view blanks = " \t\r";
  const std::size_t begin = std::min(line.find_first_not_of(blanks), line.size());
  const std::size_t end = std::min(line.find_first_of(blanks, begin), line.size());
  const std::string_view field = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return field;
}

// "CLIENT_RANDOM"; other texts are not worth a guess.
bool looks_like_label(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text)
    if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_')) return false;
  return true;
}

std::optional<Label> find_label(std::string_view text) {
  for (const Label label :
       {Label::client_random, Label::client_early_traffic_secret,
        Label::client_handshake_traffic_secret, Label::server_handshake_traffic_secret,
        Label::client_traffic_secret_0, Label::server_traffic_secret_0}) {
    if (text == to_string(label)) return label;
  }
  return std::nullopt;
}

// Something of a line that is not a key log's, made safe to print.
std::string quote(std::string_view text) {
  constexpr std::size_t shown = 24;
  std::string quoted = "\"";
  for (const char c : text.substr(0, shown)) quoted += c >= ' ' && c <= '~' ? c : '?';
  return quoted + (text.size() > shown ? "...\"" : "\"");
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// `hex` has twice as many characters as `bytes`.
bool decode_hex(std::string_view hex, MutableBytes bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int value = hex_digit(hex[2 * i]) * 16 + hex_digit(hex[2 * i + 1]);
    if (hex_digit(hex[2 * i]) < 0 || hex_digit(hex[2 * i + 1]) < 0) return false;
    bytes[i] = static_cast<std::uint8_t>(value);
  }
  return true;
}

bool is_secret_size(Label label, std::size_t digits) {
  return digits == 96 || (digits == 64 && label != Label::client_random);
}

std::optional<Problem> parse_line(std::string_view line, KeyLog& log) {
  const std::size_t line_size = line.size();
  const std::string_view label_text = next_field(line);
  const std::string_view random_text = next_field(line);
  const std::string_view secret_text = next_field(line);
  const std::string_view rest = next_field(line);
  if (!looks_like_label(label_text))
    return Problem{quote(label_text), "a label such as CLIENT_RANDOM"};
  if (random_text.empty()) return Problem{quote(label_text) + " alone", "a value after the label"};
  const std::optional<Label> label = find_label(label_text);
  if (!label) return std::nullopt;
  if (line_size > max_line) {
    return Problem{fmt::format("a line of {} characters", line_size),
                   fmt::format("at most {}", max_line)};
  }
  ClientRandom random;
  if (random_text.size() != 2 * random.size()) {
    return Problem{fmt::format("a client random of {} characters", random_text.size()),
                   "64 hex digits"};
  }
  if (!decode_hex(random_text, random))
    return Problem{"a client random that is not hex", "64 hex digits"};
  const char* expected_secret =
      *label == Label::client_random ? "96 hex digits" : "64 or 96 hex digits";
  if (secret_text.empty()) return Problem{"no secret", expected_secret};
  if (!is_secret_size(*label, secret_text.size())) {
    return Problem{fmt::format("a secret of {} characters", secret_text.size()), expected_secret};
  }
  Secret secret;
  secret.size = static_cast<std::uint8_t>(secret_text.size() / 2);
  if (!decode_hex(secret_text, MutableBytes(secret.bytes.data(), secret.size)))
    return Problem{"a secret that is not hex", expected_secret};
  if (!rest.empty()) return Problem{"a fourth field", "the end of the line"};
  log.add(*label, random, secret);
  return std::nullopt;
}

}  // namespace

KeyLog parse_key_log(std::string_view text, const std::string& name,
                     std::vector<std::string>& warnings) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.substr(0, byte_order_mark.size()) == byte_order_mark)
    text.remove_prefix(byte_order_mark.size());
  KeyLog log;
  std::size_t good = 0;
  std::size_t broken = 0;
  std::vector<std::string> found;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t start = line.find_first_not_of(" \t\r");
    if (start == std::string_view::npos || line[start] == '#') continue;
    std::optional<Problem> problem = parse_line(line, log);
    if (!problem) {
      ++good;
      continue;
    }
    if (++broken > max_warnings) continue;
    const std::string place = fmt::format("line {}", number);
    found.push_back(input_error(name, place, problem->found, problem->expected).what());
  }
  if (good == 0 && broken > 0) throw InputError(found.front());
  if (broken > max_warnings)
    found.push_back(fmt::format("{}: {} more broken lines", name, broken - max_warnings));
  warnings.insert(warnings.end(), found.begin(), found.end());
  return log;
}

KeyLog read_key_log(const std::string& path, std::vector<std::string>& warnings) {
  const File file = open_input(path, expected_file);
  std::string text;
  std::size_t size = 0;
  for (;;) {
    text.resize(size + std::max<std::size_t>(size, 64 * 1024));
    const std::size_t got = std::fread(&text[size], 1, text.size() - size, file.get());
    if (std::ferror(file.get()) != 0)
      throw input_error(path, "read", std::strerror(errno), expected_file);
    if (got == 0) break;
    size += got;
    if (size > max_file_size) {
      throw input_error(path, "read", fmt::format("more than {} bytes", max_file_size),
                        "a key log of at most 256 MiB");
    }
  }
  return parse_key_log(std::string_view(text).substr(0, size), path, warnings);
}

}  // namespace tlsnic::traces
