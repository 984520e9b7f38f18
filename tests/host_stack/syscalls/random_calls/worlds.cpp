#include "tests/host_stack/syscalls/random_calls/worlds.h"

#include <fmt/format.h>
#include <unistd.h>

#include <exception>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "host_stack/syscalls/socket_address.h"
#include "protocol/random.h"
#include "scenarios/world.h"
#include "tests/host_stack/syscalls/random_calls/caller.h"

namespace tlsnic::host::test {
namespace {

constexpr unsigned most_seconds = 120;  // of real time, per connection

constexpr TlsCounter told_counters[] = {TlsCounter::curr_tx_sw,     TlsCounter::curr_rx_sw,
                                        TlsCounter::curr_tx_device, TlsCounter::curr_rx_device,
                                        TlsCounter::decrypt_error,  TlsCounter::rx_rekey_ok,
                                        TlsCounter::rx_rekey_error, TlsCounter::tx_rekey_ok,
                                        TlsCounter::tx_rekey_error, TlsCounter::rx_rekey_received};

scenarios::Scenario scenario_of(WorldKind kind, std::uint64_t seed) {
  Random random(seed);
  scenarios::Scenario scenario;
  scenario.seed = seed;
  scenario.limit_ns = std::numeric_limits<std::int64_t>::max() / 1000;
  constexpr driver::Personality personalities[] = {
      driver::Personality::mlx5, driver::Personality::nfp, driver::Personality::nfp_stream_scan,
      driver::Personality::funeth, driver::Personality::chelsio};
  for (scenarios::EndSettings& end : scenario.ends) {
    end.personality = personalities[random.between(0, std::size(personalities) - 1)];
    end.tls_tx = end.tls_rx = kind != WorldKind::software;
    end.tso = random.chance(0.7);
    end.gro = random.chance(0.7);
    end.parameters.reader.wakeup_ns = random.between(0, 50'000);
    end.parameters.host.tcp.mtu =
        static_cast<std::uint32_t>(random.chance(0.5) ? 1500 : random.between(576, 9000));
  }
  for (scenarios::LinkSettings& link : scenario.link) {
    link.delay_ns = random.between(1000, 100'000);
    if (kind != WorldKind::hardware_lossy) continue;
    link.loss = 0.05 * random.fraction();
    link.reorder = 0.05 * random.fraction();
    link.reorder_kind = scenarios::ReorderKind::delayed;
    link.reorder_delay_ns = random.between(1000, 200'000);
    link.duplicate = 0.01;
    link.corrupt = 0.005;
  }
  return scenario;
}

void require(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(fmt::format("{}: {}", what, strerrorname_np(errno)));
}

class OneConnection {
 public:
  OneConnection(scenarios::World& world, std::uint64_t seed)
      : world_(world), plan_(make_plan(seed)) {}

  // The log; ended_well: both have done all of their steps.
  std::string run(bool& ended_well);

 private:
  void serve(Process& process);
  void connect(Process& process);
  void do_steps(Process& process, int fd, std::size_t side);

  scenarios::World& world_;
  Plan plan_;
  std::uint16_t port_ = 4433;
  std::array<std::string, 2> logs_;
  std::array<bool, 2> done_{};
};

void OneConnection::do_steps(Process& process, int fd, std::size_t side) {
  Caller(process, fd, plan_, side, logs_[side]).run();
  process.close(fd);
  done_[side] = true;
}

void OneConnection::serve(Process& process) {
  const int listener = process.socket(AF_INET, SOCK_STREAM, 0);
  const int yes = 1;
  process.setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const SocketAddress any("0.0.0.0", port_);
  require(process.bind(listener, any.get(), any.size) == 0, "bind");
  require(process.listen(listener, 1) == 0, "listen");
  const int fd = process.accept(listener, nullptr, nullptr);
  require(fd >= 0, "accept");
  process.close(listener);
  do_steps(process, fd, 1);
}

void OneConnection::connect(Process& process) {
  const int fd = process.socket(AF_INET, SOCK_STREAM, 0);
  const SocketAddress server("10.0.0.2", port_);
  require(process.connect(fd, server.get(), server.size) == 0, "connect");
  do_steps(process, fd, 0);
}

std::string OneConnection::run(bool& ended_well) {
  const std::array<const TlsStat*, 2> stats = {&world_.client.host.tls_stat(),
                                               &world_.server.host.tls_stat()};
  const std::array<TlsStat, 2> before = {*stats[0], *stats[1]};
  std::string end = plan_.title + '\n';
  try {
    world_.spawn(world_.server, [this](Process& process) { serve(process); });
    world_.spawn(world_.client, [this](Process& process) { connect(process); });
    world_.run();
  } catch (const std::exception& error) {
    end += fmt::format("WRONG: {}\n", error.what());
  }
  ended_well = done_[0] && done_[1];
  for (const std::size_t side : {0, 1}) {
    if (!done_[side]) logs_[side] += " WRONG: never returned\n";
    for (const TlsCounter counter : told_counters)
      end += fmt::format("{} {}\n", tls_counter_name(counter),
                         (*stats[side])[counter] - before[side][counter]);
  }
  return logs_[0] + logs_[1] + end;
}

}  // namespace

std::string to_text(const BatchResult& result) {
  return nlohmann::json{{"logs", result.logs},
                        {"in_device", result.in_device},
                        {"retransmitted", result.retransmitted}}
      .dump();
}

BatchResult from_text(const std::string& text) {
  const auto json = nlohmann::json::parse(text);
  BatchResult out;
  json["logs"].get_to(out.logs);
  json["in_device"].get_to(out.in_device);
  json["retransmitted"].get_to(out.retransmitted);
  return out;
}

BatchResult run_batch(WorldKind kind, const Batch& batch, std::atomic<std::uint64_t>& at) {
  scenarios::World world(scenario_of(kind, batch.first));
  BatchResult out;
  bool goes_on = true;
  for (std::uint64_t i = 0; i < batch.count && goes_on; ++i) {
    at = batch.first + i;
    alarm(most_seconds);
    out.logs.push_back(OneConnection(world, batch.first + i).run(goes_on));
  }
  for (scenarios::Machine* machine : {&world.client, &world.server}) {
    const TlsStat& stat = machine->host.tls_stat();
    out.in_device += stat[TlsCounter::tx_device] + stat[TlsCounter::rx_device];
    out.retransmitted += machine->host.tcp_totals().sender.retransmitted_segments;
  }
  return out;
}

}  // namespace tlsnic::host::test
