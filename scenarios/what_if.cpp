#include "scenarios/what_if.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string>

#include "protocol/checksum.h"
#include "traces/input_error.h"

namespace tlsnic::scenarios {
namespace {

std::uint64_t number(std::string_view text, std::string_view option, std::string_view whole,
                     const char* expected) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
  if (error != std::errc() || end != text.end())
    throw traces::input_error(option, "value", fmt::format("'{}'", whole), expected);
  return value;
}

std::pair<std::string_view, std::string_view> halves(std::string_view text, std::string_view option,
                                                     const char* expected) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos)
    throw traces::input_error(option, "value", fmt::format("'{}'", text), expected);
  return {text.substr(0, colon), text.substr(colon + 1)};
}

double probability(std::string_view text, std::string_view option, std::string_view whole,
                   const char* expected) {
  std::string value(text);
  const bool is_percent = !value.empty() && value.back() == '%';
  if (is_percent) value.pop_back();
  char* end = nullptr;
  const double p = std::strtod(value.c_str(), &end) / (is_percent ? 100 : 1);
  if (value.empty() || *end != '\0' || !(p >= 0 && p <= 1))
    throw traces::input_error(option, "value", fmt::format("'{}'", whole), expected);
  return p;
}

bool contains(const std::vector<std::uint64_t>& frames, std::uint64_t frame) {
  return std::find(frames.begin(), frames.end(), frame) != frames.end();
}

}  // namespace

bool WhatIf::empty() const {
  return late.empty() && drop.empty() && duplicate.empty() && corrupt.empty() && tamper.empty() &&
         random_late_probability == 0 && random_drop_probability == 0;
}

void add_late(WhatIf& what_if, std::string_view text) {
  static constexpr const char* expected = "FRAME:N, frame FRAME after N following frames";
  const auto [frame, by] = halves(text, "--late", expected);
  what_if.late[number(frame, "--late", text, expected)] = number(by, "--late", text, expected);
}

void add_frame(std::vector<std::uint64_t>& frames, std::string_view option, std::string_view text) {
  frames.push_back(number(text, option, text, "a frame number"));
}

void add_byte(std::vector<std::pair<std::uint64_t, std::uint64_t>>& bytes, std::string_view option,
              std::string_view text) {
  static constexpr const char* expected = "FRAME:BYTE, a byte of the frame counted from 0";
  const auto [frame, byte] = halves(text, option, expected);
  bytes.emplace_back(number(frame, option, text, expected), number(byte, option, text, expected));
}

void set_random_late(WhatIf& what_if, std::string_view text) {
  static constexpr const char* expected = "P:N, a probability (0.02 or 2%) and a number of frames";
  const auto [p, by] = halves(text, "--random-late", expected);
  const double chance = probability(p, "--random-late", text, expected);
  what_if.random_late_by = number(by, "--random-late", text, expected);
  what_if.random_late_probability = chance;
}

void set_random_drop(WhatIf& what_if, std::string_view text) {
  what_if.random_drop_probability =
      probability(text, "--random-drop", text, "P, a probability (0.02 or 2%)");
}

WhatIfFilter::WhatIfFilter(WhatIf what_if, Deliver deliver)
    : what_if_(std::move(what_if)),
      deliver_(std::move(deliver)),
      active_(!what_if_.empty()),
      random_(what_if_.seed) {}

void WhatIfFilter::frame(const ReplayedFrame& frame) {
  if (!active_) {
    deliver_(frame);
    return;
  }
  auto& held = held_[direction_key(frame)];
  for (Held& waiting : held) --waiting.frames_to_wait;

  std::vector<std::uint8_t> changed(frame.bytes.begin(), frame.bytes.end());
  change(frame, changed);
  std::uint64_t wait = 0;
  // Both are drawn for every frame, so that one option does not shift the other's choices.
  const bool has_payload = frame.payload_length > 0;
  const bool random_drop = has_payload && random_.chance(what_if_.random_drop_probability);
  const bool random_late = has_payload && random_.chance(what_if_.random_late_probability);
  if (const auto late = what_if_.late.find(frame.number); late != what_if_.late.end()) {
    wait = late->second;
  } else if (random_late) {
    wait = what_if_.random_late_by;
  }
  if (!random_drop && !contains(what_if_.drop, frame.number)) {
    ReplayedFrame out = frame;
    out.bytes = changed;
    std::vector<Bytes> copies{out.bytes};
    if (contains(what_if_.duplicate, frame.number)) copies.push_back(frame.bytes);
    for (const Bytes copy : copies) {
      out.bytes = copy;
      if (wait == 0)
        deliver_(out);
      else
        held.push_back({out, {copy.begin(), copy.end()}, wait});
    }
  }
  release(held);
}

void WhatIfFilter::release(std::vector<Held>& held) {
  for (Held& waiting : held) {
    if (waiting.frames_to_wait != 0) continue;
    waiting.frame.bytes = waiting.bytes;
    deliver_(waiting.frame);
  }
  held.erase(std::remove_if(held.begin(), held.end(),
                            [](const Held& waiting) { return waiting.frames_to_wait == 0; }),
             held.end());
}

void WhatIfFilter::end(std::string_view capture, std::uint64_t frames) {
  std::vector<std::uint64_t> keys;
  for (auto& [key, held] : held_) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  for (const std::uint64_t key : keys) {
    for (Held& waiting : held_[key]) waiting.frames_to_wait = 0;
    release(held_[key]);
  }
  const auto check = [&](std::uint64_t frame) {
    if (frame == 0 || frame > frames)
      throw traces::input_error(capture, "what-if", fmt::format("frame {}", frame),
                                fmt::format("a frame from 1 to {}", frames));
  };
  for (const auto& [frame, by] : what_if_.late) check(frame);
  for (const std::uint64_t frame : what_if_.drop) check(frame);
  for (const std::uint64_t frame : what_if_.duplicate) check(frame);
  for (const auto& [frame, byte] : what_if_.corrupt) check(frame);
  for (const auto& [frame, byte] : what_if_.tamper) check(frame);
}

void WhatIfFilter::change(const ReplayedFrame& frame, std::vector<std::uint8_t>& bytes) const {
  const auto invert = [&](const auto& list, const char* option) {
    bool any = false;
    for (const auto& [number, byte] : list) {
      if (number != frame.number) continue;
      if (byte >= bytes.size())
        throw traces::input_error(option, fmt::format("frame {}", number),
                                  fmt::format("byte {}", byte),
                                  fmt::format("a byte from 0 to {}", bytes.size() - 1));
      bytes[byte] = static_cast<std::uint8_t>(~bytes[byte]);
      any = true;
    }
    return any;
  };
  if (invert(what_if_.tamper, "--tamper")) {
    const ParsedFrame parsed = parse_frame(bytes);
    if (parsed.kind == FrameKind::tcp) repair_checksums(bytes, parsed);
  }
  invert(what_if_.corrupt, "--corrupt");
}

std::uint64_t WhatIfFilter::direction_key(const ReplayedFrame& frame) {
  return frame.stream ? (*frame.stream + 1) * 2 + (frame.to_server ? 1 : 0) : 0;
}

}  // namespace tlsnic::scenarios
