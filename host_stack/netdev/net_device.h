// A network device as the stack sees it, and the stack as a driver sees it.
#pragma once

#include <string>

#include "host_stack/netdev/devlink.h"
#include "host_stack/netdev/ethtool.h"
#include "host_stack/netdev/sk_buff.h"
#include "host_stack/netdev/tls_dev.h"

namespace tlsnic::netdev {

// What a driver does for a device beside TLS (net_device_ops).
class NetDeviceOps {
 public:
  virtual ~NetDeviceOps() = default;
  // ndo_start_xmit: takes the segment. Order is kept; a segment that the driver must drop is gone.
  virtual void start_xmit(TxSkb skb) = 0;
};

// Feature flags act on new connections only (tls-offload.rst, "TLS device features").
struct NetDevice {
  std::string name;
  bool is_up = true;
  bool hw_tls_rx = false;  // NETIF_F_HW_TLS_RX
  bool hw_tls_tx = false;  // NETIF_F_HW_TLS_TX
  bool lro = false;        // NETIF_F_LRO; read when the device is brought up
  NetDeviceOps* netdev_ops = nullptr;
  TlsDevOps* tlsdev_ops = nullptr;
  const EthtoolOps* ethtool_ops = nullptr;
  const DevlinkOps* devlink_ops = nullptr;
};

class NetworkStack {
 public:
  virtual ~NetworkStack() = default;
  virtual void netif_receive_skb(SkBuff skb) = 0;
  // The driver's poll ends: what GRO held back goes up.
  virtual void napi_complete() {}
  // The offloaded connection whose segments carry this 4-tuple, or null.
  virtual TlsConnection* find_tls_connection(const FourTuple& received) = 0;
};

}  // namespace tlsnic::netdev
