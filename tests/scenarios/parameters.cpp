#include "scenarios/parameters.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <map>

#include "traces/input_error.h"

using namespace tlsnic;
using namespace tlsnic::scenarios;

// SystemC's library refers to it.
extern "C" int sc_main(int, char**) {
  return 0;
}

namespace {

std::map<std::string, std::string> values_of(const Parameters& parameters) {
  std::map<std::string, std::string> out;
  for (const auto& parameter : describe(parameters)) out[parameter.name] = parameter.value;
  return out;
}

std::string error_of(const std::string& assignment) {
  Parameters parameters;
  const auto before = values_of(parameters);
  try {
    set_parameter(parameters, assignment);
  } catch (const traces::InputError& error) {
    CHECK(values_of(parameters) == before);
    return error.what();
  }
  return "no error";
}

// The values that a key takes: of a choice, all of them.
std::vector<std::string> other_values(const ParameterDescription& parameter) {
  const std::size_t list = parameter.text.rfind("; one of ");
  if (list == std::string::npos) return {"70000", "65536", "65535", "7"};
  std::vector<std::string> out;
  std::string rest = parameter.text.substr(list + 9) + ' ';
  for (std::size_t space; (space = rest.find(' ')) != std::string::npos; rest.erase(0, space + 1))
    out.push_back(rest.substr(0, space));
  return out;
}

}  // namespace

TEST_CASE("every key can be set, and changes itself only") {
  const Parameters defaults;
  const auto before = values_of(defaults);
  CHECK(before.size() == describe(defaults).size());  // no name twice
  for (const auto& parameter : describe(defaults)) {
    int changes = 0;
    for (const std::string& value : other_values(parameter)) {
      INFO(parameter.name << '=' << value);
      Parameters parameters;
      // Of the numbers, those that are in the key's range.
      const bool is_number = parameter.text.rfind("; one of ") == std::string::npos;
      if (is_number && error_of(parameter.name + '=' + value) != "no error") continue;
      set_parameter(parameters, parameter.name + '=' + value);
      auto want = before;
      want[parameter.name] = value;
      CHECK(values_of(parameters) == want);
      if (value != parameter.value) ++changes;
      // Back to what it was.
      set_parameter(parameters, parameter.name + '=' + parameter.value);
      CHECK(values_of(parameters) == before);
    }
    INFO(parameter.name);
    CHECK(changes > 0);
  }
}

TEST_CASE("what is set arrives where it is used, in its unit") {
  Parameters parameters;
  const auto set = [&](const char* assignment) { set_parameter(parameters, assignment); };
  set("nic.clock_period_ps=2000");
  set("nic.tls.bytes_per_cycle=32");
  set("nic.dma.latency_cycles=7");
  set("nic.checksum.cycles_per_packet=3");
  set("nic.contexts.fetch_ns=5");
  set("nic.command.firmware_ns=6");
  set("nic.rx.scan_start=immediate");
  set("nic.rx.header_test=application_data");
  set("host.tls13_offload=off");
  set("reader.pause_ns=8");
  set("keys.delay_ns=9");
  CHECK(parameters.nic.clock_period == 2000);
  CHECK(parameters.nic.tls.bytes_per_cycle == 32);
  CHECK(parameters.nic.dma.latency_cycles == 7);
  CHECK(parameters.nic.checksum.cycles_per_packet == 3);
  CHECK(parameters.nic.context_fetch == 5000);
  CHECK(parameters.nic.firmware_command == 6000);
  CHECK(parameters.nic.rx.scan_start == hw::ScanStart::immediate);
  CHECK(parameters.nic.rx.header_test == hw::HeaderTest::application_data);
  CHECK_FALSE(parameters.host.tls13_offload);
  CHECK(parameters.reader.pause_ns == 8);
  CHECK(parameters.keys_delay_ns == 9);
}

TEST_CASE("an unknown key: the nearest known one is suggested") {
  const auto suggested = [](const std::string& key, const std::string& nearest) {
    CHECK(error_of(key + "=1") ==
          "--set: key: found '" + key + "', expected a known key, such as " + nearest);
  };
  suggested("nic.clock_period", "nic.clock_period_ps");
  suggested("reader.pause", "reader.pause_ns");
  suggested("nic.tls.bytes_per_cycles", "nic.tls.bytes_per_cycle");
  suggested("NIC.contexts.max", "nic.contexts.max");
  suggested("host.tls1_offload", "host.tls13_offload");
  suggested("key.delay_ns", "keys.delay_ns");
  CHECK(error_of("=1").find("expected a known key, such as ") != std::string::npos);
}

TEST_CASE("a value out of range or of the wrong kind says what there is") {
  CHECK(error_of("nic.clock_period_ps=0") ==
        "--set: nic.clock_period_ps: found '0', expected a number from 1 to 1000000");
  CHECK(error_of("nic.clock_period_ps=1000001") ==
        "--set: nic.clock_period_ps: found '1000001', expected a number from 1 to 1000000");
  CHECK(error_of("nic.contexts.max=4294967296") ==
        "--set: nic.contexts.max: found '4294967296', expected a number from 1 to 4294967295");
  CHECK(error_of("nic.contexts.max=4294967295") == "no error");
  for (const char* bad :
       {"", "-1", "+1", " 1", "1 ", "1.5", "0x10", "1e3", "one", "99999999999999999999999"})
    CHECK(error_of(std::string("reader.pause_ns=") + bad) ==
          std::string("--set: reader.pause_ns: found '") + bad +
              "', expected a number from 0 to 3600000000000");
  CHECK(error_of("host.tls13_offload=yes") ==
        "--set: host.tls13_offload: found 'yes', expected one of on off");
  CHECK(error_of("nic.rx.scan_start=never") ==
        "--set: nic.rx.scan_start: found 'never', expected one of after_max_record immediate");
  CHECK(error_of("reader.pause_ns") == "--set: reader.pause_ns: found no '=', expected key=value");
}

TEST_CASE("docs/parameters.md ends with the table that `tlsnic parameters` prints") {
  std::string table = "| key | default | meaning |\n| --- | --- | --- |\n";
  for (const auto& parameter : describe(Parameters()))
    table += "| `" + parameter.name + "` | " + parameter.value + " | " + parameter.text + " |\n";
  std::ifstream in(TLSNIC_SOURCE_DIR "/docs/parameters.md");
  const std::string page{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const std::size_t at = page.find("| key |");
  REQUIRE(at != std::string::npos);
  CHECK(page.substr(at) == table);
  CHECK(page.rfind("# ", 0) == 0);
}
