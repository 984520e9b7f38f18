// The counters of /proc/net/tls_stat (facts 2.11). Linux has them per network namespace, which here
// is a Host: nothing is counted over several hosts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tlsnic::host {

// In print order.
enum class TlsCounter : std::uint8_t {
  curr_tx_sw,
  curr_rx_sw,
  curr_tx_device,
  curr_rx_device,
  tx_sw,
  rx_sw,
  tx_device,
  rx_device,
  decrypt_error,        // each software decryption that failed, repeated reads included
  rx_device_resync,     // each tls_dev_resync towards the device
  decrypt_retry,        // a TLS 1.3 record expected to be data without padding was not (facts 2.9)
  rx_no_pad_violation,  // ... and was padded
  rx_rekey_ok,
  rx_rekey_error,
  tx_rekey_ok,
  tx_rekey_error,
  rx_rekey_received,
};

constexpr std::size_t tls_counter_count = 17;

// As printed by Linux: "TlsCurrTxSw", ...
std::string_view tls_counter_name(TlsCounter counter);

class TlsStat {
 public:
  std::uint64_t operator[](TlsCounter counter) const { return values_[index(counter)]; }
  void increment(TlsCounter counter) { ++values_[index(counter)]; }
  void decrement(TlsCounter counter) { --values_[index(counter)]; }

  // The file's text: name padded to 32 columns, tab, value, newline.
  std::string proc_net_tls_stat() const;

 private:
  static std::size_t index(TlsCounter counter) { return static_cast<std::size_t>(counter); }

  std::array<std::uint64_t, tls_counter_count> values_{};
};

}  // namespace tlsnic::host
