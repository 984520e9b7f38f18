// Descriptors become operations, whatever the driver writes into them.
#include "hw_model/tls/tx_job.h"

#include <catch2/catch.hpp>

#include "tests/hw_model/tls/tx_bench.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

constexpr unsigned first = TLSNIC_TX_FIRST;
constexpr unsigned last = TLSNIC_TX_LAST;

Buffer counted(std::size_t size) {
  Buffer bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i);
  return bytes;
}

std::uint8_t status_of(const std::vector<tlsnic_tx_descriptor>& descriptors, TxBench& bench) {
  for (const auto& descriptor : descriptors) bench.post(descriptor);
  return bench.completions.back().status;
}

}  // namespace

TEST_CASE("a packet of one or of many fragments leaves as it came") {
  const Buffer packet = counted(1000);
  for (const std::size_t piece :
       {std::size_t{1}, std::size_t{7}, std::size_t{400}, packet.size()}) {
    TxBench bench;
    std::uint32_t posted = 0;
    for (std::size_t at = 0; at < packet.size(); at += piece) {
      const std::size_t n = std::min(piece, packet.size() - at);
      auto descriptor =
          bench.fragment(Bytes(packet).subspan(at, n),
                         (at == 0 ? first : 0) | (at + n == packet.size() ? last : 0));
      descriptor.token = 100 + posted++;
      REQUIRE(bench.completions.empty());
      bench.post(descriptor);
    }
    REQUIRE(bench.completions.size() == 1);
    const tlsnic_tx_completion& done = bench.completions[0];
    CHECK(done.status == TLSNIC_TX_OK);
    CHECK(done.token == 100 + posted - 1);
    CHECK(done.descriptors == posted);
    CHECK(done.context == TLSNIC_NO_CONTEXT);
    CHECK(done.frames == 1);
    CHECK(done.opcode == TLSNIC_TX_OP_SEND);
    CHECK(bench.frames == std::vector<Buffer>{packet});
  }
}

TEST_CASE("fragments that do not make a packet are refused as one operation") {
  const Buffer bytes = counted(100);
  const auto statuses = [&](const std::vector<unsigned>& flags) {
    TxBench bench;
    for (const unsigned f : flags) bench.post(bench.fragment(bytes, f));
    CHECK(bench.frames.empty());
    std::vector<std::pair<unsigned, unsigned>> out;
    for (const auto& done : bench.completions) out.emplace_back(done.status, done.descriptors);
    return out;
  };
  using Expected = std::vector<std::pair<unsigned, unsigned>>;
  const unsigned bad = TLSNIC_TX_BAD_DESCRIPTOR;
  CHECK(statuses({last}) == Expected{{bad, 1}});  // no FIRST
  CHECK(statuses({0, 0, last}) == Expected{{bad, 3}});
  CHECK(statuses({first, first | last}) == Expected{{bad, 2}});
  CHECK(statuses({first, first, 0, last}) == Expected{{bad, 4}});
  CHECK(statuses({first, TLSNIC_TX_TLS | last}) == Expected{{bad, 2}});  // TLS comes with FIRST
  CHECK(statuses({first | last | 0x40}) == Expected{{bad, 1}});
  CHECK(statuses({first | last | 0x80}) == Expected{{bad, 1}});
  CHECK(statuses({first, 0, 0}).empty());  // no LAST yet
}

TEST_CASE("another operation inside a packet ends it, and the next packet is whole again") {
  TxBench bench;
  const Buffer bytes = counted(100);
  bench.post(bench.fragment(bytes, first));
  tlsnic_tx_descriptor nop{};
  nop.opcode = TLSNIC_TX_OP_NOP;
  bench.post(nop);
  REQUIRE(bench.completions.size() == 1);
  CHECK(bench.completions[0].status == TLSNIC_TX_BAD_DESCRIPTOR);
  CHECK(bench.completions[0].descriptors == 2);
  bench.post(nop);
  CHECK(bench.completions[1].status == TLSNIC_TX_OK);
  CHECK(bench.completions[1].opcode == TLSNIC_TX_OP_NOP);
  CHECK(bench.send(bytes, 0).status == TLSNIC_TX_OK);
  CHECK(bench.frames == std::vector<Buffer>{bytes});
}

TEST_CASE("opcodes and flags that do not exist") {
  TxBench bench;
  for (unsigned opcode = 0; opcode < 256; ++opcode) {
    tlsnic_tx_descriptor descriptor{};
    descriptor.opcode = static_cast<std::uint8_t>(opcode);
    if (opcode >= TLSNIC_TX_OP_SEND && opcode <= TLSNIC_TX_OP_NOP) continue;
    CHECK(status_of({descriptor}, bench) == TLSNIC_TX_BAD_DESCRIPTOR);
  }
  for (unsigned flags = 1; flags < 256; ++flags) {
    tlsnic_tx_descriptor descriptor{};
    descriptor.opcode = TLSNIC_TX_OP_NOP;
    descriptor.flags = static_cast<std::uint8_t>(flags);
    CHECK(status_of({descriptor}, bench) ==
          (flags == TLSNIC_TX_FENCE ? TLSNIC_TX_OK : TLSNIC_TX_BAD_DESCRIPTOR));
  }
}

TEST_CASE("lengths: nothing is read or kept beyond the bounds") {
  TxBench bench;
  const Buffer some = counted(65536);
  const auto sized = [&](std::uint32_t length, unsigned flags) {
    auto descriptor = bench.fragment(some, flags);
    descriptor.body.fragment.length = length;
    return descriptor;
  };
  bench.put(Buffer(TLSNIC_TX_MAX_PACKET));
  const auto status = [&](const std::vector<tlsnic_tx_descriptor>& descriptors) {
    return status_of(descriptors, bench);
  };
  CHECK(status({sized(0, first | last)}) == TLSNIC_TX_BAD_LENGTH);
  CHECK(status({sized(13, first | last)}) == TLSNIC_TX_BAD_LENGTH);
  CHECK(status({sized(14, first | last)}) == TLSNIC_TX_OK);
  CHECK(status({sized(13, first), sized(1, last)}) == TLSNIC_TX_OK);
  CHECK(status({sized(14, first), sized(0, last)}) == TLSNIC_TX_BAD_LENGTH);
  CHECK(status({sized(TLSNIC_TX_MAX_PACKET + 1, first | last)}) == TLSNIC_TX_BAD_LENGTH);
  CHECK(status({sized(0xffffffff, first | last)}) == TLSNIC_TX_BAD_LENGTH);
  CHECK(status({sized(65536, first), sized(4096, last)}) == TLSNIC_TX_OK);
  CHECK(status({sized(65536, first), sized(4097, last)}) == TLSNIC_TX_BAD_LENGTH);
  CHECK(status({sized(65536, first), sized(0xffffffff, 0), sized(1, last)}) ==
        TLSNIC_TX_BAD_LENGTH);

  // However long a packet without end is, no more than the largest one is kept.
  hw::TxJob job;
  for (int i = 0; i < 1000; ++i) job.take(sized(65536, i == 0 ? first : 0));
  CHECK_FALSE(job.is_complete());
  CHECK(job.bytes().size() <= TLSNIC_TX_MAX_PACKET);
  CHECK(job.completion().descriptors == 1000);
}

TEST_CASE(
    "an address that the bus refuses fails the packet, and its other fragments are not read") {
  TxBench bench;
  const Buffer bytes = counted(100);
  for (const std::uint64_t address :
       {std::uint64_t{0}, TxBench::base - 1, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    auto descriptor = bench.fragment(bytes, first);
    descriptor.body.fragment.address = address;
    const auto end = bench.fragment(bytes, last);
    CHECK(status_of({descriptor, end}, bench) == TLSNIC_TX_BAD_ADDRESS);
  }
  CHECK(bench.frames.empty());
  hw::TxJob job;
  CHECK(job.take(bench.fragment(bytes, first)).into.size() == 100);
  job.refuse_address();
  CHECK(job.take(bench.fragment(bytes, 0)).into.empty());
}

TEST_CASE("a job is as new after reset") {
  TxBench bench;
  hw::TxJob job;
  const Buffer bytes = counted(5000);
  job.take(bench.fragment(bytes, last | TLSNIC_TX_TLS, 3));
  job.reset();
  CHECK_FALSE(job.is_begun());
  CHECK(job.take(bench.fragment(Bytes(bytes).first(20), first | last)).into.size() == 20);
  CHECK(job.is_complete());
  CHECK(job.bytes().size() == 20);
  CHECK(job.completion().status == TLSNIC_TX_OK);
  CHECK(job.completion().descriptors == 1);
}
