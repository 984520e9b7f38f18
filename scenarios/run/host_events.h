// The [[event]]s of a scenario that happen in a host or in a box on the way.
#pragma once

#include <vector>

#include "scenarios/machine.h"
#include "scenarios/run/monitor.h"

namespace tlsnic::scenarios {

class HostEvents {
 public:
  // All outlive this.
  HostEvents(const Scenario& scenario, Machine& client, Machine& server, Monitor& monitor,
             host::Clock& clock);

  // Events that have not happened, one line each.
  std::vector<std::string> missed() const;

 private:
  struct Pending {
    const HostEvent* event;
    bool done = false;
  };
  void records_sent(bool by_server, std::uint64_t count);
  void happen(Pending& pending);
  void set_filters(bool server);
  bool leaves(netdev::TxSkb& skb, bool server);

  std::array<Machine*, 2> machines_;
  Monitor& monitor_;
  host::Clock& clock_;
  std::vector<Pending> events_;
  std::array<std::uint32_t, 2> drops_{};  // segments still to be lost before the device
  bool ports_rewritten_ = false;
};

}  // namespace tlsnic::scenarios
