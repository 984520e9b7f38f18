// The engine without sync, on hostile bytes: each piece is [position shift, size, bytes].
#include <vector>

#include "tests/hw_model/tls/record_stream.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tlsnic;
  if (size < 1) return 0;
  hw::RxPolicy policy;
  policy.scan_start = hw::ScanStart::immediate;
  policy.header_test = static_cast<hw::HeaderTest>(data[0] & 3);
  policy.rescan_after_records = (data[0] >> 2) & 7;
  static const auto keys = testing::test_keys(TlsVersion::tls13, TlsCipher::aes_gcm_128);
  testing::Receiver receiver(keys, policy);
  std::uint32_t sequence = receiver.start + 100'000;  // sync is lost with the first piece
  std::vector<std::uint8_t> out(256);
  for (std::size_t at = 1; at + 2 < size;) {
    sequence += static_cast<std::uint32_t>(static_cast<std::int8_t>(data[at]));
    const std::size_t n = std::min<std::size_t>(1 + data[at + 1], size - at - 2);
    const auto outcome = receiver.engine.segment(receiver.context, receiver.key, sequence,
                                                 Bytes(data + at + 2, n), out.data());
    if ((outcome.resync_request || outcome.reason == hw::RxReason::tracking) && n % 3 == 0)
      receiver.engine.confirm(receiver.context, receiver.key, receiver.context.candidate_sequence,
                              n);
    sequence += static_cast<std::uint32_t>(n);
    at += 2 + n;
  }
  return 0;
}
