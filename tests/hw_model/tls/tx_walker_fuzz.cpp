// Hostile bytes as records on their way down: each piece is [position shift, size, bytes]. What the
// engine encrypts must not depend on the cuts, and the receive walk must turn it back.
#include <cstdlib>
#include <vector>

#include "tests/hw_model/tls/tx_stream.h"

namespace {

using namespace tlsnic;

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_tag_next(const hw::TxContext& context) {
  const std::size_t prepend = hw::record_format(context).prepend();
  return context.record_offset >= prepend &&
         context.record_offset >= record_header_size + context.record_length - aead_tag_size;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  static const auto keys12 = testing::test_keys(TlsVersion::tls12, TlsCipher::aes_gcm_128);
  static const auto keys13 = testing::test_keys(TlsVersion::tls13, TlsCipher::aes_gcm_256);
  const TrafficKeys& keys = (data[0] & 1) != 0 ? keys13 : keys12;
  testing::Sender sender(keys), single(keys);
  testing::Receiver receiver(keys);
  bool receives = true;  // receive knows fewer content types
  for (std::size_t at = 1; at + 2 < size;) {
    const std::uint32_t shift = data[at] < 250 ? 0 : data[at] - 252u;
    const std::size_t n = std::min<std::size_t>(1 + data[at + 1], size - at - 2);
    const Bytes in(data + at + 2, n);
    std::vector<std::uint8_t> out(in.begin(), in.end());
    at += 2 + n;

    const hw::TxContext before = sender.context;
    const auto outcome =
        hw::encrypt_segment(sender.context, sender.key, before.expected_sequence + shift, out);
    if (outcome.reason != hw::TxReason::ok) {
      require(std::memcmp(&before, &sender.context, sizeof before) == 0);
      continue;
    }
    std::vector<std::uint8_t> back(n);
    if (receives) {
      const auto walked = hw::walk_records(receiver.context, receiver.key, Bytes(out), back.data());
      receives = !walked.header_invalid;
      require(!walked.tag_wrong);
      require(!receives || walked.records_ended == outcome.records_ended);
    }
    for (std::size_t i = 0; i < n; ++i) {
      const bool is_tag = is_tag_next(single.context);
      std::uint8_t byte = in[i];
      require(hw::encrypt_segment(single.context, single.key, single.context.expected_sequence,
                                  MutableBytes(&byte, 1))
                  .reason == hw::TxReason::ok);
      require(byte == out[i]);
      require(!receives || is_tag || back[i] == in[i]);
    }
    require(std::memcmp(&single.context, &sender.context, sizeof before) == 0);
  }
  return 0;
}
