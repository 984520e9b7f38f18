// `tlsnic check`: every scenario and every capture below some paths, run and judged.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace tlsnic::scenarios {

struct CheckItem {
  enum class Kind { scenario, capture };
  Kind kind = Kind::scenario;
  std::string path;
};

struct CheckResult {
  enum class Verdict { ok, failed, error };  // error: it could not be run
  CheckItem item;
  Verdict verdict = Verdict::ok;
  std::string title;
  std::vector<std::string> problems;  // one line each
};

// Every scenario (*.toml but *.inc.toml and *.expect.toml) and capture (*.pcap, *.pcapng) that
// the paths are or have below them, sorted, none twice. Throws traces::InputError for a path that
// does not exist, below which there is none, or for a file that is neither.
std::vector<CheckItem> find_items(const std::vector<std::string>& paths);

// Runs each in processes of its own, at most `jobs` at once; tells the results in order. Rules R1
// to R6 are held against every packet of scenarios that write up to 64 MiB.
std::vector<CheckResult> check(const std::vector<CheckItem>& items, std::size_t jobs,
                               const std::function<void(const CheckResult&)>& told);

// JUnit's XML, as CI systems read it.
std::string junit_xml(const std::vector<CheckResult>& results);

}  // namespace tlsnic::scenarios
