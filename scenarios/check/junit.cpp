#include <fmt/format.h>

#include <filesystem>

#include "scenarios/check/check.h"

namespace tlsnic::scenarios {
namespace {

using Verdict = CheckResult::Verdict;

// For an attribute or text of XML 1.0, whose characters are printable ASCII here: names and
// messages may hold any byte.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\n':
        out += "&#10;";
        break;
      default:
        out += c >= ' ' && c <= '~' ? c : '?';
    }
  }
  return out;
}

std::size_t count(const std::vector<CheckResult>& results, Verdict verdict) {
  std::size_t out = 0;
  for (const CheckResult& result : results) out += result.verdict == verdict ? 1 : 0;
  return out;
}

}  // namespace

std::string junit_xml(const std::vector<CheckResult>& results) {
  const std::string counts =
      fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"0\"", results.size(),
                  count(results, Verdict::failed), count(results, Verdict::error));
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {}>\n"
      "<testsuite name=\"tlsnic check\" {}>\n",
      counts, counts);
  for (const CheckResult& result : results) {
    const std::filesystem::path path(result.item.path);
    out += fmt::format("<testcase classname=\"{}\" name=\"{}\" time=\"0\"",
                       escaped(path.parent_path().string()), escaped(path.filename().string()));
    if (result.verdict == Verdict::ok) {
      out += "/>\n";
      continue;
    }
    const char* element = result.verdict == Verdict::failed ? "failure" : "error";
    out += fmt::format(">\n<{} message=\"{}\">", element, escaped(result.problems.front()));
    for (const std::string& problem : result.problems) out += escaped(problem) + '\n';
    out += fmt::format("</{}>\n</testcase>\n", element);
  }
  return out + "</testsuite>\n</testsuites>\n";
}

}  // namespace tlsnic::scenarios
