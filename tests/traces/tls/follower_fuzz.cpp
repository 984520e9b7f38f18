// A key log and a connection for a HandshakeFollower: chunks with a head of two bytes. Of each head
// the low 14 bits are the chunk's length; the first chunk is the key log. Of the others, bit 15 is
// the direction, and bit 14 puts the chunk 16 bytes further on in the stream than it belongs. A
// second follower is fed the same backwards.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <vector>

#include "traces/keylog/key_log.h"
#include "traces/tls/handshake_follower.h"

namespace {

using namespace tlsnic;
using namespace tlsnic::traces;

struct Chunk {
  Direction direction;
  std::uint32_t sequence;
  Bytes payload;
};

KeyLog parse(Bytes text) {
  std::vector<std::string> warnings;
  try {
    return parse_key_log({reinterpret_cast<const char*>(text.data()), text.size()}, "", warnings);
  } catch (const std::exception&) {
    return {};  // not one good line
  }
}

void run(const KeyLog& keys, const std::vector<Chunk>& chunks) {
  HandshakeFollower follower(keys);
  follower.set_initial_sequence(Direction::client_to_server, 0xfffffff0);
  follower.set_initial_sequence(Direction::server_to_client, 0x7ffffff0);
  for (const Chunk& chunk : chunks)
    follower.segment(chunk.direction, chunk.sequence, chunk.payload);
  follower.end_of_capture();
  if (!follower.is_finished()) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<Chunk> chunks;
  KeyLog keys;
  std::uint32_t next[2] = {0xfffffff1, 0x7ffffff1};
  Bytes rest(data, size);
  for (bool is_first = true; rest.size() > 2; is_first = false) {
    const std::uint16_t head = load_be16(rest.data());
    const std::size_t length = std::min<std::size_t>(head & 0x3fff, rest.size() - 2);
    const Bytes payload = rest.subspan(2, length);
    rest = rest.subspan(2 + length);
    if (is_first) {
      keys = parse(payload);
      continue;
    }
    const auto direction =
        (head & 0x8000) != 0 ? Direction::server_to_client : Direction::client_to_server;
    std::uint32_t& sequence = next[index_of(direction)];
    chunks.push_back({direction, sequence + ((head & 0x4000) != 0 ? 16 : 0), payload});
    sequence += static_cast<std::uint32_t>(length);
  }
  run(keys, chunks);
  std::reverse(chunks.begin(), chunks.end());
  run(keys, chunks);
  return 0;
}
