// Plain frames into host memory: content, order, completions, interrupts, pause.
#include <catch2/catch.hpp>

#include "tests/hw_model/nic/bench.h"
#include "tests/hw_model/nic/in_child.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

Buffer numbered_frame(std::uint32_t number, std::size_t payload_bytes) {
  Buffer payload(payload_bytes);
  for (std::size_t i = 0; i < payload.size(); ++i)
    payload[i] = static_cast<std::uint8_t>(number * 31 + i);
  return tcp_frame(ipv4_tuple(), number, payload);
}

}  // namespace

TEST_CASE("frames arrive as they came, in order, pure ACKs between data, over many wraps") {
  in_child([] {
    Bench bench;
    // The completion queue is longer than the ring, so the two wrap at different places.
    bench.bring_up({16, 16, 8, 16, 2048});
    std::uint64_t last_time = 0;
    for (std::uint32_t round = 0; round < 40; ++round) {
      std::vector<Buffer> sent;
      for (std::uint32_t i = 0; i < 1 + round % 8; ++i) {
        sent.push_back(i % 2 == 1 ? numbered_frame(round, 0) : numbered_frame(round * 8 + i, 900));
        bench.send(sent.back());
      }
      bench.settle();
      const auto received = bench.receive_all();
      REQUIRE(received.size() == sent.size());
      for (std::size_t i = 0; i < sent.size(); ++i) {
        const auto& completion = received[i].completion;
        CHECK((received[i].bytes == sent[i]));
        CHECK(completion.buffers == 1);
        CHECK(completion.tls == TLSNIC_TLS_NOT_DECRYPTED);
        CHECK(completion.l4_checksum == TLSNIC_L4_GOOD);
        CHECK(completion.context == TLSNIC_NO_CONTEXT);
        CHECK(completion.time_ns >= last_time);
        CHECK(completion.time_ns * 1000 <= bench.now());
        last_time = completion.time_ns;
      }
      bench.offer(8);
    }
    CHECK(bench.memory.stray_writes == 0);
  });
}

TEST_CASE("the L4 checksum verdict") {
  in_child([] {
    Bench bench;
    bench.bring_up();
    const Buffer payload(101, 0x5a);
    const auto verdict = [&](Buffer frame) {
      return bench.pass(std::move(frame)).completion.l4_checksum;
    };
    CHECK(verdict(tcp_frame(ipv4_tuple(), 1, payload)) == TLSNIC_L4_GOOD);
    CHECK(verdict(tcp_frame(ipv6_tuple(), 1, payload)) == TLSNIC_L4_GOOD);
    CHECK(verdict(tcp_frame(ipv4_tuple(), 1, payload, {true, false})) == TLSNIC_L4_GOOD);
    CHECK(verdict(tcp_frame(ipv4_tuple(), 1, payload, {false, true})) == TLSNIC_L4_BAD);
    CHECK(verdict(tcp_frame(ipv6_tuple(), 1, payload, {true, true})) == TLSNIC_L4_BAD);
    CHECK(verdict(arp_frame(3)) == TLSNIC_L4_UNKNOWN);
    CHECK(verdict(Buffer{1, 2, 3}) == TLSNIC_L4_UNKNOWN);
    Buffer cut = tcp_frame(ipv4_tuple(), 1, payload);
    cut.resize(cut.size() - 1);
    CHECK(verdict(cut) == TLSNIC_L4_UNKNOWN);
  });
}

TEST_CASE("a frame larger than a buffer fills several, each frame begins a new one") {
  in_child([] {
    Bench bench;
    bench.bring_up({16, 16, 64, 64, 64});
    for (const std::size_t size : {60u, 63u, 64u, 65u, 127u, 128u, 129u, 1514u, 4000u, 4096u}) {
      const Buffer frame = arp_frame(static_cast<std::uint8_t>(size), size);
      const auto received = bench.pass(frame);
      CHECK((received.bytes == frame));
      CHECK(received.completion.byte_count == size);
      CHECK(received.completion.buffers == (size + 63) / 64);
    }
    CHECK(bench.memory.stray_writes == 0);
  });
}

TEST_CASE("an empty ring stalls the chip, and the doorbell resumes it without loss") {
  in_child([] {
    Bench bench;
    bench.set_up_rings({16, 16, 8, 8, 512});
    bench.write32(TLSNIC_DB_CONTROL, 1);
    std::vector<Buffer> sent;
    for (std::uint32_t i = 0; i < 20; ++i) {
      sent.push_back(numbered_frame(i, 600));  // two buffers each
      bench.send(sent.back());
    }
    std::vector<Received> received;
    for (int i = 0; received.size() < sent.size(); ++i) {
      REQUIRE(i < 100);
      bench.settle();
      for (auto& frame : bench.receive_all()) received.push_back(std::move(frame));
      if (i == 3) CHECK(received.size() == 1);  // three buffers so far: the third one waits
      bench.offer(1);
    }
    for (std::size_t i = 0; i < sent.size(); ++i) CHECK((received[i].bytes == sent[i]));
    CHECK(bench.memory.stray_writes == 0);
  });
}

TEST_CASE("one interrupt per arm; unread completions fire at once") {
  in_child([] {
    Bench bench;
    bench.bring_up();
    const auto count = [&] { return bench.memory.interrupts_of(TLSNIC_VECTOR_RX); };
    bench.send(arp_frame(1));
    bench.settle();
    CHECK(count() == 0);  // never armed
    bench.arm();
    CHECK(count() == 1);  // a completion is there that the driver has not read
    bench.send(arp_frame(2));
    bench.send(arp_frame(3));
    bench.settle();
    CHECK(count() == 1);  // not armed again
    CHECK(bench.receive_all().size() == 3);
    bench.arm();
    bench.settle();
    CHECK(count() == 1);  // all read: wait for the next
    bench.send(arp_frame(4));
    bench.send(arp_frame(5));
    bench.settle();
    CHECK(count() == 2);
    CHECK(bench.memory.interrupts.back().time == bench.seen[3].completed);
    // Reading one of two and arming says that there is another one.
    CHECK(bench.receive());
    bench.arm();
    CHECK(count() == 3);
    CHECK(bench.receive());
    // A reset disarms.
    bench.arm();
    bench.write32(TLSNIC_DB_CONTROL, 0);
    bench.bring_up();
    bench.send(arp_frame(6));
    bench.settle();
    CHECK(count() == 3);
    CHECK(bench.memory.interrupts_of(TLSNIC_VECTOR_COMMAND) == 0);
  });
}

TEST_CASE("a full packet buffer pauses the link; nothing is lost, order stays") {
  in_child([] {
    hw::NicParameters parameters;
    parameters.buffer_packets = 4;
    Bench bench(parameters);
    bench.set_up_rings();
    bench.write32(TLSNIC_DB_CONTROL, 1);
    std::vector<Buffer> sent;
    for (std::uint32_t i = 0; i < 30; ++i) {
      sent.push_back(numbered_frame(i, 100));
      bench.send(sent.back());
    }
    bench.settle();
    CHECK(bench.frames_waiting() == 26);
    CHECK_FALSE(bench.nic.receive({0, sent[0]}));
    bench.offer(3);
    bench.settle();
    CHECK(bench.frames_waiting() == 23);
    bench.offer(64);
    bench.settle();
    CHECK(bench.frames_waiting() == 0);
    const auto received = bench.receive_all();
    REQUIRE(received.size() == sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i) CHECK((received[i].bytes == sent[i]));
  });
}

TEST_CASE("a frame of no bytes is reported like any other and cannot overrun the queue") {
  in_child([] {
    Bench bench;
    bench.bring_up({16, 16, 4, 4, 64});
    for (int i = 0; i < 9; ++i) bench.send({});
    bench.settle();
    const auto received = bench.receive_all();
    REQUIRE(received.size() == 4);
    for (const auto& frame : received) CHECK(frame.completion.buffers == 1);
    bench.offer(4);
    bench.settle();
    CHECK(bench.receive_all().size() == 4);
  });
}
