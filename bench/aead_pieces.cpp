// The bare cost of a capture's bytes in the chip's AEAD: every TCP payload of the capture, in
// pieces of the same sizes, a new record every 16 KiB. Prints seconds and bytes.
#include <chrono>
#include <cstdio>
#include <vector>

#include "hw_model/tls/aead/aead.h"
#include "protocol/frame.h"
#include "traces/capture/capture_reader.h"

using namespace tlsnic;

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: bench_aead_pieces CAPTURE\n", stderr);
    return 2;
  }
  std::vector<std::uint8_t> bytes;
  std::vector<std::size_t> sizes;
  traces::CaptureReader capture(argv[1]);
  for (traces::CapturedFrame frame; capture.next(frame);) {
    const ParsedFrame parsed = parse_frame(frame.ethernet);
    if (parsed.kind != FrameKind::tcp || parsed.payload_length == 0) continue;
    const Bytes payload = parsed.payload(frame.ethernet);
    bytes.insert(bytes.end(), payload.data(), payload.data() + payload.size());
    sizes.push_back(payload.size());
  }

  const std::vector<std::uint8_t> key_bytes(16, 1);
  const hw::GcmKey key{Bytes(key_bytes)};
  const std::vector<std::uint8_t> aad(13);
  std::vector<std::uint8_t> out(65536);
  std::uint8_t tag[aead_tag_size];
  hw::GcmState state;
  std::size_t in_record = 0;
  const auto begin = std::chrono::steady_clock::now();
  key.start(state, {}, aad);
  std::size_t at = 0;
  for (const std::size_t size : sizes) {
    key.decrypt(state, bytes.data() + at, out.data(), size);
    at += size;
    in_record += size;
    if (in_record < max_record_plaintext) continue;
    key.tag(state, tag);
    key.start(state, {}, aad);
    in_record = 0;
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  std::printf("%.6f %zu\n", seconds.count(), bytes.size());
  return 0;
}
