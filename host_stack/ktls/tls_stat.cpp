#include "host_stack/ktls/tls_stat.h"

#include <fmt/format.h>

#include <iterator>

namespace tlsnic::host {
namespace {

constexpr std::array<std::string_view, tls_counter_count> names = {
    "TlsCurrTxSw",       "TlsCurrRxSw",       "TlsCurrTxDevice", "TlsCurrRxDevice",
    "TlsTxSw",           "TlsRxSw",           "TlsTxDevice",     "TlsRxDevice",
    "TlsDecryptError",   "TlsRxDeviceResync", "TlsDecryptRetry", "TlsRxNoPadViolation",
    "TlsRxRekeyOk",      "TlsRxRekeyError",   "TlsTxRekeyOk",    "TlsTxRekeyError",
    "TlsRxRekeyReceived"};

}  // namespace

std::string_view tls_counter_name(TlsCounter counter) {
  return names.at(static_cast<std::size_t>(counter));
}

std::string TlsStat::proc_net_tls_stat() const {
  std::string text;
  for (std::size_t i = 0; i < tls_counter_count; ++i)
    fmt::format_to(std::back_inserter(text), "{:<32}\t{}\n", names[i], values_[i]);
  return text;
}

}  // namespace tlsnic::host
