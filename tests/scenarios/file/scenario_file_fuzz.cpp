#include <stdexcept>
#include <string_view>

#include "scenarios/file/scenario_file.h"
#include "traces/input_error.h"

using namespace tlsnic;

// The first line is a --set, the rest a file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(text.find('\n'), size);
  const auto check_line = [](const traces::InputError& error) {
    if (std::string_view(error.what()).find('\n') != std::string_view::npos)
      throw std::logic_error("an error of more than a line");
  };
  try {
    scenarios::Scenario scenario;
    scenarios::apply_setting(scenario, text.substr(0, line));
  } catch (const traces::InputError& error) {
    check_line(error);
  }
  try {
    const auto scenario = scenarios::parse_scenario(text.substr(line), "fuzz");
    for (const scenarios::Expectation& expectation : scenario.expectations)
      violation(expectation, {});
  } catch (const traces::InputError& error) {
    check_line(error);
  }
  return 0;
}
