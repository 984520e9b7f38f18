#include "protocol/checksum.h"
#include "protocol/frame.h"

#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tlsnic;
  std::vector<std::uint8_t> frame(data, data + size);
  const ParsedFrame parsed = parse_frame(frame);
  if (parsed.kind != FrameKind::tcp) return 0;
  (void)parsed.payload(frame);
  repair_checksums(frame, parsed);
  if (!tcp_checksum_is_right(frame, parsed)) __builtin_trap();
  return 0;
}
