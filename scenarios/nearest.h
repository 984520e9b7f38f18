// "Did you mean": names that are spelled nearly like a given one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tlsnic::scenarios {

// Letters to replace, add or take away to make one of the other (Levenshtein 1966).
std::size_t edit_distance(std::string_view a, std::string_view b);

// The `count` known names that are nearest to `name`, the nearest first; of equal ones the first.
// Looks at no more than the first 100 characters of `name`.
std::vector<std::string> nearest(const std::vector<std::string>& known, std::string_view name,
                                 std::size_t count);

}  // namespace tlsnic::scenarios
