// A key of a scenario file: its name, what it takes, what it sets. Tables of them drive reading,
// --set, the suggestions for unknown keys, and the reference in docs/scenarios.md.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "scenarios/file/value.h"

namespace tlsnic::scenarios {

template <typename Target>
struct Key {
  std::string name;
  std::string text;                                // meaning
  std::string expected;                            // what values there are
  std::function<bool(Target&, const Value&)> set;  // false: not such a value
  std::function<std::string(const Target&)> get;   // as it would be written; empty: nothing is set
};

template <typename Target>
using Keys = std::vector<Key<Target>>;

// "1.5", "2 %", "64 KiB": what is meant, if it is that.
std::optional<double> read_percentage(const Value& value);  // 0 to 1
std::optional<double> read_size(const Value& value);        // bytes
std::optional<bool> read_boolean(const Value& value);       // true, false; on, off as texts

namespace detail {

template <typename T>
struct Plain {
  using Type = T;
};
template <typename T>
struct Plain<std::optional<T>> {
  using Type = T;
};

// What a field holds, whether it is optional or not.
template <typename Target, typename Field>
using Held = typename Plain<
    std::decay_t<decltype(std::invoke(std::declval<Field>(), std::declval<Target&>()))>>::Type;

template <typename T>
const T* held(const T& field) {
  return &field;
}
template <typename T>
const T* held(const std::optional<T>& field) {
  return field ? &*field : nullptr;
}

inline bool is_number(const Value& value) {
  return (value.kind == Value::Kind::integer || value.kind == Value::Kind::real) &&
         std::isfinite(value.real);
}

}  // namespace detail

// A whole number. `field`: a pointer to a member, or a function that gives a reference.
template <typename Target, typename Field>
Key<Target> whole(std::string name, Field field, std::int64_t min, std::int64_t max,
                  std::string text) {
  using T = detail::Held<Target, Field>;
  return {std::move(name), std::move(text), fmt::format("a whole number from {} to {}", min, max),
          [=](Target& target, const Value& value) {
            if (value.kind != Value::Kind::integer || value.integer < min || value.integer > max)
              return false;
            std::invoke(field, target) = static_cast<T>(value.integer);
            return true;
          },
          [=](const Target& target) {
            const T* held = detail::held(std::invoke(field, target));
            return held == nullptr ? std::string() : fmt::format("{}", *held);
          }};
}

// A number that is stored as a multiple of 1/scale, rounded: µs as ns.
template <typename Target, typename Field>
Key<Target> scaled(std::string name, Field field, double min, double max, double scale,
                   std::string text) {
  using T = detail::Held<Target, Field>;
  return {std::move(name), std::move(text), fmt::format("a number from {} to {}", min, max),
          [=](Target& target, const Value& value) {
            if (!detail::is_number(value) || value.real < min || value.real > max) return false;
            std::invoke(field, target) = static_cast<T>(std::llround(value.real * scale));
            return true;
          },
          [=](const Target& target) {
            const T* held = detail::held(std::invoke(field, target));
            return held == nullptr ? std::string()
                                   : fmt::format("{}", static_cast<double>(*held) / scale);
          }};
}

template <typename Target, typename Field>
Key<Target> probability(std::string name, Field field, std::string text) {
  return {std::move(name), std::move(text),
          "a probability from 0 to 1, or a percentage such as \"2%\"",
          [=](Target& target, const Value& value) {
            const auto given = read_percentage(value);
            if (given) std::invoke(field, target) = *given;
            return given.has_value();
          },
          [=](const Target& target) { return fmt::format("{}", std::invoke(field, target)); }};
}

template <typename Target, typename Field>
Key<Target> bytes(std::string name, Field field, double min, double max, std::string text) {
  using T = detail::Held<Target, Field>;
  return {std::move(name), std::move(text),
          fmt::format("a number of bytes from {} to {}, or a text such as \"64 KiB\"", min, max),
          [=](Target& target, const Value& value) {
            const auto given = read_size(value);
            if (!given || *given < min || *given > max) return false;
            std::invoke(field, target) = static_cast<T>(*given);
            return true;
          },
          [=](const Target& target) { return fmt::format("{}", std::invoke(field, target)); }};
}

template <typename Target, typename Field>
Key<Target> boolean(std::string name, Field field, std::string text) {
  return {std::move(name), std::move(text), "true or false",
          [=](Target& target, const Value& value) {
            const auto given = read_boolean(value);
            if (given) std::invoke(field, target) = *given;
            return given.has_value();
          },
          [=](const Target& target) {
            const bool* held = detail::held(std::invoke(field, target));
            return std::string(held == nullptr ? "" : *held ? "true" : "false");
          }};
}

template <typename Target, typename Field, typename T>
Key<Target> choice(std::string name, Field field, std::vector<std::pair<std::string, T>> words,
                   std::string text) {
  std::string expected = "one of";
  for (const auto& [word, unused] : words) expected += ' ' + word;
  return {std::move(name), std::move(text), expected,
          [=](Target& target, const Value& value) {
            // Versions are numbers, too: 1.3.
            for (const auto& [word, meaning] : words) {
              if (word != value.text || value.kind == Value::Kind::array) continue;
              std::invoke(field, target) = meaning;
              return true;
            }
            return false;
          },
          [=](const Target& target) {
            const T* held = detail::held(std::invoke(field, target));
            for (const auto& [word, meaning] : words)
              if (held != nullptr && meaning == *held) return word;
            return std::string();
          }};
}

template <typename Target, typename Field>
Key<Target> text(std::string name, Field field, std::string meaning) {
  return {std::move(name), std::move(meaning), "a text",
          [=](Target& target, const Value& value) {
            if (value.kind != Value::Kind::text) return false;
            std::invoke(field, target) = value.text;
            return true;
          },
          [=](const Target& target) { return std::string(std::invoke(field, target)); }};
}

// Texts; numbers and truth values as they would be given to --set.
template <typename Target, typename Field>
Key<Target> texts(std::string name, Field field, std::string meaning) {
  return {std::move(name), std::move(meaning), "a list, such as [\"a\", \"b\"]",
          [=](Target& target, const Value& value) {
            if (value.kind != Value::Kind::array) return false;
            std::vector<std::string> given;
            for (const Value& item : value.items) {
              if (item.kind >= Value::Kind::table) return false;
              given.push_back(item.text);
            }
            std::invoke(field, target) = std::move(given);
            return true;
          },
          [](const Target&) { return std::string(); }};
}

}  // namespace tlsnic::scenarios
