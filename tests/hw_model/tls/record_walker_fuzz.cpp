// Hostile bytes as records: any cuts, any content.
#include <vector>

#include "tests/hw_model/tls/record_stream.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tlsnic;
  if (size < 2) return 0;
  const auto version = (data[0] & 1) != 0 ? TlsVersion::tls13 : TlsVersion::tls12;
  static const auto keys12 = testing::test_keys(TlsVersion::tls12, TlsCipher::aes_gcm_128);
  static const auto keys13 = testing::test_keys(TlsVersion::tls13, TlsCipher::aes_gcm_256);
  testing::Receiver receiver(version == TlsVersion::tls13 ? keys13 : keys12);
  const std::size_t cut = 1 + data[1];
  const Bytes stream(data + 2, size - 2);
  std::vector<std::uint8_t> out(cut);
  for (std::size_t at = 0; at < stream.size(); at += cut) {
    const Bytes piece = stream.subspan(at, std::min(cut, stream.size() - at));
    if (hw::walk_records(receiver.context, receiver.key, piece, out.data()).header_invalid) break;
  }
  return 0;
}
