#include "host_stack/ktls/tls_stat.h"

#include <catch2/catch.hpp>

namespace tlsnic::host {
namespace {

TEST_CASE("tls_stat prints as /proc/net/tls_stat does") {
  TlsStat stat;
  stat.increment(TlsCounter::curr_tx_sw);
  for (int i = 0; i < 12; ++i) stat.increment(TlsCounter::rx_rekey_received);
  stat.increment(TlsCounter::rx_device);
  stat.increment(TlsCounter::rx_device);
  stat.decrement(TlsCounter::rx_device);
  REQUIRE(stat.proc_net_tls_stat() ==
          "TlsCurrTxSw                     \t1\n"
          "TlsCurrRxSw                     \t0\n"
          "TlsCurrTxDevice                 \t0\n"
          "TlsCurrRxDevice                 \t0\n"
          "TlsTxSw                         \t0\n"
          "TlsRxSw                         \t0\n"
          "TlsTxDevice                     \t0\n"
          "TlsRxDevice                     \t1\n"
          "TlsDecryptError                 \t0\n"
          "TlsRxDeviceResync               \t0\n"
          "TlsDecryptRetry                 \t0\n"
          "TlsRxNoPadViolation             \t0\n"
          "TlsRxRekeyOk                    \t0\n"
          "TlsRxRekeyError                 \t0\n"
          "TlsTxRekeyOk                    \t0\n"
          "TlsTxRekeyError                 \t0\n"
          "TlsRxRekeyReceived              \t12\n");
  REQUIRE(tls_counter_name(TlsCounter::rx_device_resync) == "TlsRxDeviceResync");
}

}  // namespace
}  // namespace tlsnic::host
