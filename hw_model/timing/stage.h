// Time in a pipeline unit, without an event per clock: a unit computes when it will be free.
//
// Accuracy: a unit is a server in front of which packets queue in order; it is occupied for
// cycles_per_packet + ceil(bytes / bytes_per_cycle) and hands the packet on latency_cycles later.
// Limitations: no arbitration inside a unit and no back-pressure between neighbours; packets wait
// in the MAC's buffer, which is bounded.
#pragma once

#include <cstdint>
#include <string>

namespace tlsnic::hw {

using Picoseconds = std::uint64_t;

struct StageParameters {
  std::uint32_t cycles_per_packet = 1;
  std::uint32_t bytes_per_cycle = 64;
  std::uint32_t latency_cycles = 0;
};

struct StageStatistics {
  std::string name;
  std::uint64_t packets = 0;
  Picoseconds busy = 0;    // time during which the unit was occupied
  Picoseconds waited = 0;  // sum over packets of the time between arrival and start
};

class Stage {
 public:
  Stage(std::string name, const StageParameters& parameters, Picoseconds clock_period)
      : parameters_(parameters), period_(clock_period) {
    statistics_.name = std::move(name);
  }

  // When a packet that arrives at `arrival` can start.
  Picoseconds start_time(Picoseconds arrival) const {
    return arrival > free_at_ ? arrival : free_at_;
  }

  // Occupies the unit; extra: further picoseconds, such as a fetch. Returns when the packet leaves.
  Picoseconds pass(Picoseconds arrival, std::uint64_t bytes, Picoseconds extra = 0) {
    const Picoseconds start = start_time(arrival);
    const std::uint64_t cycles =
        parameters_.cycles_per_packet +
        (bytes + parameters_.bytes_per_cycle - 1) / parameters_.bytes_per_cycle;
    free_at_ = start + cycles * period_ + extra;
    ++statistics_.packets;
    statistics_.busy += free_at_ - start;
    statistics_.waited += start - arrival;
    return free_at_ + parameters_.latency_cycles * period_;
  }

  const StageStatistics& statistics() const { return statistics_; }

 private:
  StageParameters parameters_;
  Picoseconds period_;
  Picoseconds free_at_ = 0;
  StageStatistics statistics_;
};

}  // namespace tlsnic::hw
