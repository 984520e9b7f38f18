// Hostile descriptors: 64 bytes each, the rest of the input is host memory.
#include "tests/hw_model/tls/tx_bench.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tlsnic;
  if (size < 1) return 0;
  const std::size_t count = std::min<std::size_t>(data[0] % 32, (size - 1) / 64);
  testing::TxBench bench;
  const auto keys = testing::test_keys(TlsVersion::tls12, TlsCipher::aes_gcm_128);
  bench.install(1, keys, 1000);
  bench.put(Bytes(data, size).subspan(1 + 64 * count));
  for (std::size_t i = 0; i < count; ++i) {
    tlsnic_tx_descriptor descriptor;
    std::memcpy(&descriptor, data + 1 + 64 * i, sizeof descriptor);
    bench.post(descriptor);
    bench.frames.clear();
  }
  return 0;
}
