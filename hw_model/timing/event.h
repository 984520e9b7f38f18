// Simulated time as the units count it.
#pragma once

#include <algorithm>
#include <systemc>

#include "hw_model/timing/stage.h"

namespace tlsnic::hw {

// SystemC's default resolution is 1 ps, so a time's value is a number of picoseconds.
inline Picoseconds now() {
  return sc_core::sc_time_stamp().value();
}

// At once if `when` is in the past.
inline void notify_at(sc_core::sc_event& event, Picoseconds when) {
  event.notify(sc_core::sc_time::from_value(std::max(when, now()) - now()));
}

}  // namespace tlsnic::hw
