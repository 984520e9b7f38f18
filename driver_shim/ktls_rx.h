// What a driver personality does on the receive side of TLS offload. The real drivers differ in how
// a connection is installed and how a resync is negotiated (facts 4); the rest of the driver does
// not.
#pragma once

#include "driver_shim/probe.h"
#include "driver_shim/rx_queue.h"
#include "host_stack/netdev/net_device.h"

namespace tlsnic::driver {

class KtlsRx : public netdev::TlsDevOps {
 public:
  // A frame on its way up: sets the skb's mark, counts, and starts a resync if the chip asks for
  // one.
  virtual void received(ReceivedFrame& frame) = 0;
  // Once per poll, after the frames: work that waited for room in the command ring.
  virtual void poll() = 0;
  virtual EthtoolCounters counters() const = 0;
};

}  // namespace tlsnic::driver
