#include "scenarios/parameters.h"

#include <fmt/format.h>

#include <charconv>
#include <functional>
#include <limits>

#include "scenarios/nearest.h"
#include "traces/input_error.h"

namespace tlsnic::scenarios {
namespace {

struct Parameter {
  std::string name;
  std::string text;
  std::string expected;  // what values there are
  std::function<bool(Parameters&, std::string_view)> set;
  std::function<std::string(const Parameters&)> get;
};

// A number from min to max, at the place that `field` returns; stored times `scale`.
template <typename Field>
Parameter number(std::string name, Field field, std::uint64_t min, std::uint64_t max,
                 std::string text, std::uint64_t scale = 1) {
  using Value = std::remove_reference_t<decltype(field(std::declval<Parameters&>()))>;
  return {std::move(name), std::move(text), fmt::format("a number from {} to {}", min, max),
          [=](Parameters& parameters, std::string_view value) {
            std::uint64_t v = 0;
            const auto [end, error] = std::from_chars(value.begin(), value.end(), v);
            if (error != std::errc() || end != value.end() || v < min || v > max) return false;
            field(parameters) = static_cast<Value>(v * scale);
            return true;
          },
          [=](const Parameters& parameters) {
            return fmt::format("{}", field(const_cast<Parameters&>(parameters)) / scale);
          }};
}

template <typename Field, typename Value>
Parameter choice(std::string name, Field field, std::vector<std::pair<std::string, Value>> values,
                 std::string text) {
  std::string expected = "one of";
  for (const auto& [label, value] : values) expected += ' ' + label;
  return {std::move(name), std::move(text), expected,
          [=](Parameters& parameters, std::string_view given) {
            for (const auto& [label, value] : values) {
              if (label != given) continue;
              field(parameters) = value;
              return true;
            }
            return false;
          },
          [=](const Parameters& parameters) {
            for (const auto& [label, value] : values)
              if (field(const_cast<Parameters&>(parameters)) == value) return label;
            return std::string();
          }};
}

void add_stage(std::vector<Parameter>& table, const std::string& name,
               hw::StageParameters hw::NicParameters::*stage) {
  const auto field = [stage](std::uint32_t hw::StageParameters::*member) {
    return [=](Parameters& p) -> std::uint32_t& { return p.nic.*stage.*member; };
  };
  table.push_back(number("nic." + name + ".cycles_per_packet",
                         field(&hw::StageParameters::cycles_per_packet), 0, 1'000'000,
                         "cycles that the unit is occupied for by any packet"));
  // The flow table looks at headers only, which is one look-up whatever the packet's size.
  if (stage != &hw::NicParameters::flow)
    table.push_back(number("nic." + name + ".bytes_per_cycle",
                           field(&hw::StageParameters::bytes_per_cycle), 1, 65'536,
                           "bytes per cycle on top of that"));
  table.push_back(number("nic." + name + ".latency_cycles",
                         field(&hw::StageParameters::latency_cycles), 0, 100'000'000,
                         "cycles from the end of occupation to the next unit"));
}

constexpr std::uint64_t many = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t hour_ns = 3'600'000'000'000;

Parameter on_off(std::string name, bool host::TcpSettings::*field, std::string text) {
  return choice(
      std::move(name), [field](Parameters & p) -> auto& { return p.host.tcp.*field; },
      std::vector<std::pair<std::string, bool>>{{"on", true}, {"off", false}}, std::move(text));
}

// Not used by replays: a capture has its own TCP.
void add_tcp(std::vector<Parameter>& table) {
  using host::TcpSettings;
  const auto add = [&table](const char* name, auto TcpSettings::*field, std::uint64_t min,
                            std::uint64_t max, const char* text, std::uint64_t scale = 1) {
    table.push_back(number(
        name, [field](Parameters & p) -> auto& { return p.host.tcp.*field; }, min, max, text,
        scale));
  };
  add("tcp.mtu", &TcpSettings::mtu, 576, 65'535, "bytes of an IP packet");
  table.push_back(choice(
      "tcp.congestion", [](Parameters & p) -> auto& { return p.host.tcp.congestion; },
      std::vector<std::pair<std::string, host::CongestionAlgorithm>>{
          {"cubic", host::CongestionAlgorithm::cubic},
          {"new_reno", host::CongestionAlgorithm::new_reno}},
      "congestion control"));
  table.push_back(choice(
      "tcp.nagle", [](Parameters & p) -> auto& { return p.host.tcp.nagle; },
      std::vector<std::pair<std::string, host::Nagle>>{
          {"minshall", host::Nagle::minshall}, {"on", host::Nagle::on}, {"off", host::Nagle::off}},
      "when a segment smaller than the MSS waits; off is TCP_NODELAY"));
  table.push_back(on_off("tcp.sack", &TcpSettings::sack, "offered in the SYN"));
  table.push_back(on_off("tcp.timestamps", &TcpSettings::timestamps, "likewise"));
  table.push_back(on_off("tcp.window_scaling", &TcpSettings::window_scaling, "likewise"));
  add("tcp.send_buffer_bytes", &TcpSettings::send_buffer, 4'096, 1u << 30,
      "bytes written and not yet acknowledged");
  // A record must fit: the stack has no copy mode for receive buffers that are smaller.
  add("tcp.receive_buffer_bytes", &TcpSettings::receive_buffer, 17'000, 1u << 30,
      "bytes; the largest window offered");
  add("tcp.initial_window", &TcpSettings::initial_window, 1, 1'000, "segments");
  add("tcp.duplicate_threshold", &TcpSettings::duplicate_threshold, 1, 300,
      "duplicate acknowledgements that show a loss, at first");
  add("tcp.max_duplicate_threshold", &TcpSettings::max_duplicate_threshold, 1, 10'000,
      "... and at most, when the network reorders");
  add("tcp.tso_window_divisor", &TcpSettings::tso_window_divisor, 0, 1'000,
      "waits to send this part of the window at once; 0: never waits");
  add("tcp.quick_acks", &TcpSettings::quick_acks, 0, many,
      "segments at the start that are acknowledged at once");
  add("tcp.delayed_ack_ns", &TcpSettings::delayed_ack_ns, 0, hour_ns, "ns");
  add("tcp.initial_rto_ns", &TcpSettings::initial_rto_ns, 1'000, hour_ns, "ns");
  add("tcp.min_rto_ns", &TcpSettings::min_rto_ns, 1'000, hour_ns, "ns");
  add("tcp.max_rto_ns", &TcpSettings::max_rto_ns, 1'000, hour_ns, "ns");
  add("tcp.retries", &TcpSettings::retries, 0, 1'000,
      "time-outs in a row before the connection is given up");
}

std::vector<Parameter> make_table() {
  std::vector<Parameter> table;
  table.push_back(number(
      "nic.clock_period_ps", [](Parameters & p) -> auto& { return p.nic.clock_period; }, 1,
      1'000'000, "ps; clock of all units"));
  table.push_back(number(
      "nic.wire_ps_per_byte", [](Parameters & p) -> auto& { return p.nic.wire_per_byte; }, 0,
      1'000'000'000, "ps; 80 is 100 Gb/s"));
  table.push_back(number(
      "nic.buffer_packets", [](Parameters & p) -> auto& { return p.nic.buffer_packets; }, 1,
      1'000'000, "packets in the chip; when full, the link is paused"));
  add_stage(table, "parser", &hw::NicParameters::parser);
  add_stage(table, "checksum", &hw::NicParameters::checksum);
  add_stage(table, "flow", &hw::NicParameters::flow);
  add_stage(table, "tls", &hw::NicParameters::tls);
  table.push_back(number(
      "nic.tls.cycles_per_record",
      [](Parameters & p) -> auto& { return p.nic.tls_cycles_per_record; }, 0, 1'000'000,
      "cycles for each record that ends in the packet"));
  table.push_back(number(
      "nic.lro.time_out_ns", [](Parameters & p) -> auto& { return p.nic.lro_time_out; }, 0, hour_ns,
      "ns; segments wait so long to be joined with the next ones", 1000));
  add_stage(table, "dma", &hw::NicParameters::dma);
  add_stage(table, "tx_dma", &hw::NicParameters::tx_dma);
  add_stage(table, "tx_tls", &hw::NicParameters::tx_tls);
  table.push_back(number(
      "nic.tx_buffer_bytes", [](Parameters & p) -> auto& { return p.nic.tx_buffer_bytes; }, 1,
      1u << 30, "bytes of packets that the transmit path reads ahead"));
  table.push_back(number(
      "nic.keys.max", [](Parameters & p) -> auto& { return p.nic.max_keys; }, 1, many,
      "keys that the chip can hold"));
  table.push_back(number(
      "nic.contexts.max", [](Parameters & p) -> auto& { return p.nic.max_contexts; }, 1, many,
      "connections that the chip can hold in each direction"));
  table.push_back(number(
      "nic.contexts.cached", [](Parameters & p) -> auto& { return p.nic.cached_contexts; }, 1, many,
      "of them in on-chip memory"));
  table.push_back(number(
      "nic.contexts.fetch_ns", [](Parameters & p) -> auto& { return p.nic.context_fetch; }, 0,
      hour_ns, "ns; to fetch one of the others", 1000));
  table.push_back(number(
      "nic.command.firmware_ns", [](Parameters & p) -> auto& { return p.nic.firmware_command; }, 0,
      hour_ns, "ns; command that makes or destroys a key, context or flow rule", 1000));
  table.push_back(number(
      "nic.command.fast_ns", [](Parameters & p) -> auto& { return p.nic.fast_command; }, 0, hour_ns,
      "ns; command that sets parameters or queries progress", 1000));
  table.push_back(choice(
      "nic.rx.scan_start", [](Parameters & p) -> auto& { return p.nic.rx.scan_start; },
      std::vector<std::pair<std::string, hw::ScanStart>>{
          {"after_max_record", hw::ScanStart::after_max_record},
          {"immediate", hw::ScanStart::immediate}},
      "when a chip that lost sync begins to scan"));
  table.push_back(choice(
      "nic.rx.header_test", [](Parameters & p) -> auto& { return p.nic.rx.header_test; },
      std::vector<std::pair<std::string, hw::HeaderTest>>{
          {"version", hw::HeaderTest::version},
          {"version_length", hw::HeaderTest::version_length},
          {"type_version_length", hw::HeaderTest::type_version_length},
          {"application_data", hw::HeaderTest::application_data}},
      "what the scan takes for a header"));
  table.push_back(number(
      "nic.rx.rescan_after_records",
      [](Parameters & p) -> auto& { return p.nic.rx.rescan_after_records; }, 0, many,
      "records tracked without an answer before the scan restarts; 0: never"));
  table.push_back(number(
      "driver.interrupt_latency_ns", [](Parameters & p) -> auto& { return p.interrupt_latency_ns; },
      0, hour_ns, "ns; from the chip's interrupt to the driver's poll"));
  table.push_back(number(
      "host.rcvbuf_bytes", [](Parameters & p) -> auto& { return p.host.rcvbuf; }, 65'536, 1u << 30,
      "bytes per connection; out-of-order data beyond it is dropped and the stream cut"));
  table.push_back(number(
      "host.tcp_mem_bytes", [](Parameters & p) -> auto& { return p.host.tcp_mem; }, 65'536,
      1u << 30, "bytes over all connections of a host, likewise"));
  table.push_back(choice(
      "host.zerocopy_ro", [](Parameters & p) -> auto& { return p.host.zerocopy_ro; },
      std::vector<std::pair<std::string, bool>>{{"off", false}, {"on", true}},
      "TLS_TX_ZEROCOPY_RO: sendfile refers to pages instead of copying them"));
  table.push_back(choice(
      "host.tls13_offload", [](Parameters & p) -> auto& { return p.host.tls13_offload; },
      std::vector<std::pair<std::string, bool>>{{"on", true}, {"off", false}},
      "whether the stack offers TLS 1.3 to the device; released kernels (7.1) do not"));
  add_tcp(table);
  table.push_back(number(
      "reader.wakeup_ns", [](Parameters & p) -> auto& { return p.reader.wakeup_ns; }, 0, hour_ns,
      "ns; from data being ready to the application's read"));
  table.push_back(number(
      "reader.pause_ns", [](Parameters & p) -> auto& { return p.reader.pause_ns; }, 0, hour_ns,
      "ns; after each record before the next read; 0: reads all there is"));
  table.push_back(number(
      "keys.delay_ns", [](Parameters & p) -> auto& { return p.keys_delay_ns; }, 0, hour_ns,
      "ns; from reading the last handshake record to handing the keys over"));
  return table;
}

const std::vector<Parameter>& parameter_table() {
  static const std::vector<Parameter> table = make_table();
  return table;
}

}  // namespace

void set_parameter(Parameters& parameters, std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos)
    throw traces::input_error("--set", assignment, "no '='", "key=value");
  const std::string_view name = assignment.substr(0, equals);
  const std::string_view value = assignment.substr(equals + 1);
  const auto& table = parameter_table();
  for (const Parameter& parameter : table) {
    if (parameter.name != name) continue;
    if (!parameter.set(parameters, value))
      throw traces::input_error("--set", name, fmt::format("'{}'", value), parameter.expected);
    return;
  }
  std::vector<std::string> names;
  for (const Parameter& parameter : table) names.push_back(parameter.name);
  throw traces::input_error("--set", "key", fmt::format("'{}'", name),
                            "a known key, such as " + nearest(names, name, 1).front());
}

std::vector<ParameterDescription> describe(const Parameters& parameters) {
  std::vector<ParameterDescription> out;
  for (const Parameter& parameter : parameter_table()) {
    const bool is_choice = parameter.expected.rfind("one of", 0) == 0;
    out.push_back({parameter.name, parameter.get(parameters),
                   is_choice ? parameter.text + "; " + parameter.expected : parameter.text,
                   parameter.expected});
  }
  return out;
}

}  // namespace tlsnic::scenarios
