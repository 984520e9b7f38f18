// Two ends, one and 128 connections, without and with loss: data packets simulated per second of
// host time, beside what the bare AEAD takes for as many bytes. Or one of them alone, as it is to
// be profiled (profile.py).
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "protocol/record_aead.h"
#include "scenarios/run/run.h"

using namespace tlsnic;

extern "C" int sc_main(int, char**) {
  return 0;
}

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

scenarios::Scenario make(std::uint32_t flows, double loss, std::uint64_t bytes) {
  scenarios::Scenario scenario;
  scenario.flows[0].count = flows;
  scenario.flows[0].bytes = bytes / flows;
  // Until the chips hold the contexts of all: a driver makes one after the other.
  scenario.flows[0].pause_ns = 50'000'000;
  for (scenarios::LinkSettings& link : scenario.link) {
    link.delay_ns = 20'000;
    link.queue_frames = 100'000;
  }
  scenario.link[1].loss = loss;
  return scenario;
}

// Seconds that OpenSSL takes to seal and open so many bytes in records of 16 KiB.
double aead_seconds(std::uint64_t bytes) {
  TrafficKeys keys;
  RecordAead aead(keys);
  const std::size_t size = max_record_plaintext + aead.format().overhead();
  std::vector<std::uint8_t> record(size);
  std::vector<std::uint8_t> text(max_record_plaintext);
  record[0] = record_application_data;
  store_be16(record.data() + 1, record_header_version);
  store_be16(record.data() + 3, static_cast<std::uint16_t>(size - record_header_size));
  const auto start = std::chrono::steady_clock::now();
  for (std::uint64_t number = 0; number < bytes / max_record_plaintext; ++number) {
    aead.seal(record, number);
    if (!aead.open(record, number, text)) std::abort();
  }
  return seconds_since(start);
}

double value(const scenarios::RunResult& result, const std::string& name) {
  for (const auto& [each, number] : result.values)
    if (each == name) return number;
  return 0;
}

// In a process of its own: SystemC's kernel runs once.
void measure(std::uint32_t flows, double loss, std::uint64_t bytes) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    const auto start = std::chrono::steady_clock::now();
    const scenarios::RunResult result = run_scenario(make(flows, loss, bytes));
    const double taken = seconds_since(start);
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const double packets = value(result, "data_packets");
    fmt::print("{:>5}  {:>4.1f} %  {:>9.0f}  {:>6.3f}  {:>9.0f}  {:>6.2f}  {:>6.2f}  {:>7.1f}\n",
               flows, loss * 100, packets, taken, packets / taken,
               value(result, "systemc_events_per_packet"), taken / aead_seconds(bytes),
               static_cast<double>(usage.ru_maxrss) / 1024);
    for (const std::string& failure : result.failures) fmt::print("  {}\n", failure);
    std::fflush(stdout);
    _exit(result.failures.empty() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) std::exit(1);
}

// Prints the number of data packets. Exit status.
int run_alone(const scenarios::Scenario& scenario) {
  const scenarios::RunResult result = run_scenario(scenario);
  fmt::print("{:.0f}\n", value(result, "data_packets"));
  for (const std::string& failure : result.failures) fmt::print(stderr, "{}\n", failure);
  return result.failures.empty() ? 0 : 1;
}

}  // namespace

// Arguments: megabytes, 256 by default; then, for one run and nothing beside it, connections and
// percentage of loss.
int main(int argc, char** argv) {
  const std::uint64_t bytes = (argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 256) << 20;
  if (argc > 3) {
    const auto flows = static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10));
    return run_alone(make(flows, std::strtod(argv[3], nullptr) / 100, bytes));
  }
  fmt::print("flows    loss    packets   wall s  packets/s  events  x AEAD  MiB RSS\n");
  for (const double loss : {0.0, 0.01})
    for (const std::uint32_t flows : {1u, 128u}) measure(flows, loss, bytes);
  return 0;
}
