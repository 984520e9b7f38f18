#include "scenarios/replay/device_counters.h"

#include <fmt/format.h>

namespace tlsnic::scenarios {

void add_device(observe::RunSummary& summary, const std::string& end, const driver::Driver& driver,
                const hw::Nic& nic) {
  const driver::EthtoolCounters counters = driver.counters();
  summary.counters.resize(counters.size());
  for (std::size_t i = 0; i < counters.size(); ++i) {
    summary.counters[i].first = counters[i].first;
    summary.counters[i].second += counters[i].second;
  }
  for (const hw::StageStatistics& unit : nic.unit_statistics())
    summary.units.push_back(
        {fmt::format("{}.{}", end, unit.name), unit.packets, unit.busy / 1000, unit.waited / 1000});
}

}  // namespace tlsnic::scenarios
