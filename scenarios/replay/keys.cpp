#include "scenarios/replay/keys.h"

#include <fmt/format.h>

#include <filesystem>

#include "traces/capture/embedded_secrets.h"

namespace tlsnic::scenarios {
namespace {

std::string key_log_name(const std::string& capture) {
  std::filesystem::path path(capture);
  const auto strip = [&path](std::initializer_list<const char*> extensions) {
    for (const char* extension : extensions) {
      if (path.extension() != extension) continue;
      path.replace_extension();
      return;
    }
  };
  strip({".pcap", ".pcapng", ".cap"});
  strip({".rx", ".tx"});
  return path.string() + ".keys";
}

}  // namespace

std::string key_log_beside(const std::string& capture) {
  const std::string name = key_log_name(capture);
  std::error_code ignored;
  return std::filesystem::exists(name, ignored) ? name : std::string();
}

traces::KeyLog read_keys(const ReplayOptions& options, std::vector<std::string>& warnings) {
  const std::string path = options.keys ? *options.keys : key_log_beside(options.capture);
  traces::KeyLog keys;
  if (!path.empty()) keys = traces::read_key_log(path, warnings);
  const std::string embedded = traces::embedded_secrets(options.capture);
  if (!embedded.empty())
    keys.merge(traces::parse_key_log(embedded, options.capture + " (secrets block)", warnings));
  return keys;
}

std::string no_keys_hint(const ReplayOptions& options) {
  if (options.keys)
    return fmt::format("no keys: {} has none, and {} has none inside", *options.keys,
                       options.capture);
  return fmt::format("no keys: --keys was not given, {} has none inside, and there is no file {}",
                     options.capture, key_log_name(options.capture));
}

}  // namespace tlsnic::scenarios
