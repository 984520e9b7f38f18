// The captures of traces/corpus, for tests.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "scenarios/replay.h"

namespace tlsnic::testing {

inline std::string corpus_path(const std::string& name) {
  return std::string(TLSNIC_SOURCE_DIR) + "/traces/corpus/" + name;
}

inline std::vector<std::string> corpus_captures() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(corpus_path("")))
    if (entry.path().extension() == ".pcap") out.push_back(entry.path().string());
  std::sort(out.begin(), out.end());
  return out;
}

// Most of them were taken on hosts whose devices fill checksums in.
inline scenarios::ReplayOptions corpus_replay(const std::string& capture) {
  scenarios::ReplayOptions options;
  options.capture = capture;
  options.repair_checksums = true;
  return options;
}

}  // namespace tlsnic::testing
