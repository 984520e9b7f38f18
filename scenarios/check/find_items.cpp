#include <algorithm>
#include <filesystem>
#include <set>

#include "scenarios/check/check.h"
#include "scenarios/check/replay_expectation.h"
#include "traces/input_error.h"

namespace tlsnic::scenarios {
namespace fs = std::filesystem;
namespace {

constexpr const char* expected =
    "a scenario (.toml), a capture (.pcap, .pcapng) or a folder of them";

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// What a file of this name is; false: neither.
bool classify(const std::string& path, CheckItem& item) {
  item.path = path;
  item.kind = CheckItem::Kind::capture;
  if (ends_with(path, ".pcap") || ends_with(path, ".pcapng")) return true;
  item.kind = CheckItem::Kind::scenario;
  return ends_with(path, ".toml") && !ends_with(path, ".inc.toml") &&
         !ends_with(path, ".expect.toml");
}

// An expectation whose capture is not there would hold nothing, and nobody would see it.
void check_has_capture(const std::string& path) {
  if (!ends_with(path, ".expect.toml")) return;
  const std::string start = path.substr(0, path.size() - std::string(".expect.toml").size());
  if (!fs::exists(start + ".pcap") && !fs::exists(start + ".pcapng"))
    throw traces::input_error(path, "capture", "no " + start + ".pcap", "a capture beside it");
}

void add_folder(const std::string& folder, std::set<std::pair<std::string, int>>& found) {
  std::error_code error;
  fs::recursive_directory_iterator entries(folder, error);
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    CheckItem item;
    const std::string path = entries->path().lexically_normal().string();
    std::error_code ignored;
    if (!entries->is_regular_file(ignored)) continue;
    check_has_capture(path);
    if (classify(path, item)) found.emplace(path, static_cast<int>(item.kind));
  }
  if (error) throw traces::input_error(folder, "read", error.message(), "a folder");
}

}  // namespace

std::vector<CheckItem> find_items(const std::vector<std::string>& paths) {
  std::set<std::pair<std::string, int>> found;
  for (const std::string& path : paths) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    CheckItem item;
    if (!fs::exists(status)) throw traces::input_error(path, "open", "nothing", expected);
    if (!fs::is_directory(status)) {
      if (!classify(path, item)) throw traces::input_error(path, "name", "another file", expected);
      found.emplace(fs::path(path).lexically_normal().string(), static_cast<int>(item.kind));
      continue;
    }
    const std::size_t before = found.size();
    add_folder(path, found);
    if (found.size() == before && paths.size() == 1)
      throw traces::input_error(path, "folder", "no scenario and no capture", "at least one");
  }
  std::vector<CheckItem> items;
  for (const auto& [path, kind] : found)
    items.push_back({static_cast<CheckItem::Kind>(kind), path});
  return items;
}

}  // namespace tlsnic::scenarios
