// Frames through chip and driver to the stack.
#include <catch2/catch.hpp>

#include "tests/driver_shim/world.h"
#include "tests/hw_model/nic/in_child.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

Buffer numbered_frame(std::uint32_t number, std::size_t payload_bytes) {
  Buffer payload(payload_bytes, static_cast<std::uint8_t>(number));
  return tcp_frame(ipv4_tuple(), number, payload);
}

}  // namespace

TEST_CASE("more frames than the rings hold arrive complete and in order, pages come back") {
  in_child([] {
    World world;
    world.start();
    std::vector<Buffer> sent;
    for (std::uint32_t i = 0; i < 3500; ++i) {
      sent.push_back(numbered_frame(i, i % 7 == 0 ? 0 : i % 1400));
      world.send(sent.back());
    }
    world.settle();
    REQUIRE(world.delivered.size() == sent.size());
    bool all_equal = true;
    for (std::size_t i = 0; i < sent.size(); ++i)
      all_equal = all_equal && world.delivered[i].bytes == sent[i] &&
                  !world.delivered[i].decrypted && world.delivered[i].checksum_verified;
    CHECK(all_equal);
    CHECK(world.memory.pages_in_use() <= driver::RxQueue::entries);
    CHECK(world.memory.pages_in_use() > driver::RxQueue::entries - 64);
  });
}

TEST_CASE("one frame at a time, beyond the wrap of the rings") {
  in_child([] {
    World world;
    world.start();
    for (std::uint32_t i = 0; i < 2200; ++i) {
      const Buffer frame = numbered_frame(i, 100);
      if (world.pass(frame).bytes != frame) FAIL("frame " << i);
    }
  });
}

TEST_CASE("frames larger than a page are gathered") {
  in_child([] {
    World world;
    world.start();
    for (const std::size_t size : {1994u, 1995u, 2048u, 4096u, 9000u, 60000u}) {
      const Buffer frame = numbered_frame(1, size);
      CHECK((world.pass(frame).bytes == frame));
    }
    CHECK(world.memory.pages_in_use() <= driver::RxQueue::entries);
  });
}

TEST_CASE("the checksum mark is the device's verdict") {
  in_child([] {
    World world;
    world.start();
    CHECK(world.pass(numbered_frame(1, 50)).checksum_verified);
    CHECK_FALSE(
        world.pass(tcp_frame(ipv4_tuple(), 1, Buffer(50, 1), {false, true})).checksum_verified);
    CHECK_FALSE(world.pass(arp_frame(1)).checksum_verified);
  });
}

TEST_CASE("memory runs out: frames wait in the chip, and come when pages are given back") {
  in_child([] {
    World world({}, 600u << 10);  // rings and some two hundred pages
    world.start();
    world.hold_pages = true;
    std::vector<Buffer> sent;
    for (std::uint32_t i = 0; i < 1000; ++i) {
      sent.push_back(numbered_frame(i, 300));
      world.send(sent.back());
    }
    world.run_us(20'000);
    const std::size_t before = world.delivered.size();
    CHECK(before < 300);
    CHECK(before > 50);
    world.run_us(20'000);
    CHECK(world.delivered.size() == before);
    world.hold_pages = false;
    for (int i = 0; i < 100 && world.delivered.size() < sent.size(); ++i) {
      world.held.clear();
      world.run_us(5'000);
    }
    REQUIRE(world.delivered.size() == sent.size());
    bool all_equal = true;
    for (std::size_t i = 0; i < sent.size(); ++i)
      all_equal = all_equal && world.delivered[i].bytes == sent[i];
    CHECK(all_equal);
  });
}
