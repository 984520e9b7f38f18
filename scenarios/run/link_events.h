// The [[event]]s of a scenario that happen to frames on the link.
#pragma once

#include <vector>

#include "scenarios/link/frame_judge.h"
#include "scenarios/run/monitor.h"

namespace tlsnic::scenarios {

// Of one direction.
class LinkEvents : public FrameJudge {
 public:
  // All outlive this. The monitor sees each frame first.
  LinkEvents(const Scenario& scenario, Direction direction, Monitor& monitor);

  Fate judge(const ParsedFrame& parsed, Bytes frame) override;
  bool empty() const { return events_.empty(); }
  // Events that have not happened, one line each.
  std::vector<std::string> missed() const;

 private:
  struct Pending {
    const LinkEvent* event;
    std::uint32_t seen = 0;  // transmissions of its place
    bool done = false;
  };
  bool holds_place(const LinkEvent& event, const Flow& flow, const ParsedFrame& parsed) const;

  Direction direction_;
  Monitor& monitor_;
  std::vector<Pending> events_;
};

}  // namespace tlsnic::scenarios
