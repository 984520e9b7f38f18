#include "scenarios/nearest.h"

#include <algorithm>
#include <utility>

namespace tlsnic::scenarios {
namespace {

constexpr std::size_t max_compared = 100;

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replace}));
    }
  }
  return row[b.size()];
}

std::vector<std::string> nearest(const std::vector<std::string>& known, std::string_view name,
                                 std::size_t count) {
  const std::string_view start = name.substr(0, max_compared);
  std::vector<std::pair<std::size_t, std::size_t>> order;  // distance, place in `known`
  for (std::size_t i = 0; i < known.size(); ++i)
    order.emplace_back(edit_distance(known[i], start), i);
  std::sort(order.begin(), order.end());
  order.resize(std::min(order.size(), count));
  std::vector<std::string> out;
  for (const auto& [distance, i] : order) out.push_back(known[i]);
  return out;
}

}  // namespace tlsnic::scenarios
