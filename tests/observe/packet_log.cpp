#include "observe/packet_log.h"

#include <catch2/catch.hpp>

#include "tests/observe/scratch.h"

using namespace tlsnic::observe;
using namespace tlsnic::testing;

namespace {

PacketRow row() {
  PacketRow out;
  out.frame = 21;
  out.time_ns = 1'234'567'890'123;
  out.stream = 3;
  out.direction = "server";
  out.sequence = 4'294'967'295;
  out.length = 1448;
  out.verdict = "decrypted";
  out.reason = "in_sequence";
  out.state = "offload";
  return out;
}

}  // namespace

TEST_CASE("the packet log as a file: a header and a line per packet") {
  const Scratch scratch;
  const auto path = scratch.path / "packets.csv";
  PacketLog log(std::fopen(path.c_str(), "wb"), false);
  CHECK(log.enabled());
  log.write(row());
  PacketRow other;  // not TCP
  other.frame = 22;
  other.verdict = "not_tls";
  other.reason = "not_tcp";
  log.write(other);
  CHECK(log.close());
  CHECK(content(path) ==
        "frame,time_ns,stream,direction,seq,len,verdict,reason,state\n"
        "21,1234567890123,3,server,4294967295,1448,decrypted,in_sequence,offload\n"
        "22,0,,,,,not_tls,not_tcp,\n");
}

TEST_CASE("without a file and a terminal nothing is logged") {
  PacketLog log(nullptr, false);
  CHECK_FALSE(log.enabled());
  log.write(row());
  CHECK(log.close());
}

TEST_CASE("a full disk is noticed") {
  std::FILE* full = std::fopen("/dev/full", "wb");
  if (full == nullptr) return;
  PacketLog log(full, false);
  log.write(row());
  CHECK_FALSE(log.close());
  CHECK(log.close());  // closed already
}
