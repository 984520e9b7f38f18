// What inet_diag tells of a kTLS connection (INET_ULP_INFO_TLS, facts 2.5), by the kernel's
// numbers.
#pragma once

#include <cstdint>
#include <optional>

namespace tlsnic::host {

class TcpSocket;

// TLS_CONF_*: mode of a direction.
enum class TlsConf : std::uint16_t { base = 1, sw = 2, hw = 3 };

// TLS_INFO_*: the attributes' numbers.
enum class TlsInfoAttribute : std::uint16_t {
  version = 1,
  cipher = 2,
  txconf = 3,
  rxconf = 4,
  zc_ro_tx = 5,
  rx_no_pad = 6,
  tx_max_payload_len = 7,
};

// In the order of TlsInfoAttribute. The optional ones are left out of the message as long as
// neither direction has keys, the flags as long as they are false.
struct TlsInfo {
  std::optional<std::uint16_t> version;  // 0x0303, 0x0304
  std::optional<std::uint16_t> cipher;   // 51 to 58
  TlsConf txconf = TlsConf::base;
  TlsConf rxconf = TlsConf::base;
  bool zc_ro_tx = false;  // only in TLS_HW
  bool rx_no_pad = false;
  std::uint16_t tx_max_payload_len = 16384;  // bytes
};

// Limitations: TLS_TX_MAX_PAYLOAD_LEN shows only once TLS_TX has keys.
TlsInfo tls_info(TcpSocket& socket);

}  // namespace tlsnic::host
