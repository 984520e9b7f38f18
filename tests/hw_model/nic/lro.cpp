// Large receive offload: what is joined is what a sender without segmentation would have sent, and
// what may not be joined is not.
#include <catch2/catch.hpp>

#include "tests/hw_model/nic/bench.h"
#include "tests/hw_model/nic/in_child.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

constexpr std::uint32_t mss = 1000;
constexpr std::uint64_t us = 1'000'000;  // ps

void bring_up_with_lro(Bench& bench) {
  bench.write32(TLSNIC_REG_FEATURES, TLSNIC_FEATURE_RX_LRO);
  bench.bring_up({16, 16, 256, 256, 2048});
}

FrameOptions data() {
  FrameOptions options;
  options.flags = tcp_ack;
  return options;
}

Buffer text(std::size_t size) {
  Buffer out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i * i / 7);
  return out;
}

// The n-th segment of text() of so many segments.
Buffer segment(const FourTuple& tuple, std::uint32_t n, const FrameOptions& options = data()) {
  return tcp_frame(tuple, 1 + n * mss, Bytes(text((n + 1) * mss)).subspan(n * mss), options);
}

Buffer segment(std::uint32_t n, const FrameOptions& options = data()) {
  return segment(ipv4_tuple(), n, options);
}

// Of how many segments each frame is that the host gets of these: "3 1".
std::string joined(Bench& bench, const std::vector<Buffer>& frames) {
  for (const Buffer& frame : frames) bench.send(frame);
  bench.settle();
  std::string counts;
  std::size_t next = 0;
  for (const Received& received : bench.receive_all()) {
    const std::uint16_t segments = received.completion.segments;
    counts += (counts.empty() ? "" : " ") + std::to_string(segments);
    // One that is not joined is as it came.
    if (segments == 1) CHECK((received.bytes == frames.at(next)));
    next += segments;
  }
  CHECK(next == frames.size());
  bench.offer(256);
  return counts;
}

}  // namespace

TEST_CASE("LRO: joined segments are the segment that a sender would not have cut") {
  in_child([] {
    Bench bench;
    bring_up_with_lro(bench);
    for (const bool vlan : {false, true}) {
      for (const FourTuple& tuple : {ipv4_tuple(), ipv6_tuple()}) {
        FrameOptions options = data();
        options.vlan = vlan;
        for (std::uint32_t n = 0; n < 7; ++n) {
          // The acknowledgement, the timestamps and PSH are the last one's.
          options.acknowledgement = 100 + n;
          options.tcp_options = {1, 1, 8, 10, 0, 0, 0, static_cast<std::uint8_t>(n), 0, 0, 0, 9};
          if (n == 6) options.flags = tcp_ack | tcp_psh;
          bench.send(segment(tuple, n, options));
        }
        const std::uint64_t before = bench.now();
        bench.settle();
        CHECK(bench.now() - before < 10 * us);  // PSH: nothing is waited for
        const auto received = bench.receive_all();
        REQUIRE(received.size() == 1);
        CHECK((received[0].bytes == tcp_frame(tuple, 1, text(7 * mss), options)));
        CHECK(received[0].completion.segments == 7);
        CHECK(received[0].completion.buffers == 4);
        CHECK(received[0].completion.l4_checksum == TLSNIC_L4_GOOD);
        bench.offer(256);
      }
    }
    CHECK(bench.memory.stray_writes == 0);
  });
}

TEST_CASE("LRO: what does not follow, or differs, is not joined") {
  in_child([] {
    Bench bench;
    bring_up_with_lro(bench);
    const Buffer first = segment(0);
    const auto with = [&](FrameOptions options) {
      return joined(bench, {first, segment(1, options)});
    };
    const auto changed = [&](std::size_t at, int bits) {
      Buffer frame = segment(1);
      frame[at] ^= static_cast<std::uint8_t>(bits);
      repair_checksums(frame, parse_frame(frame));
      return joined(bench, {first, frame});
    };
    CHECK(joined(bench, {first, segment(1)}) == "2");
    CHECK(joined(bench, {first, segment(2), segment(3)}) == "1 2");
    CHECK(joined(bench, {segment(1), first}) == "1 1");
    CHECK(joined(bench, {first, first}) == "1 1");
    CHECK(joined(bench, {first, segment(ipv4_tuple(444), 1), segment(1)}) == "1 1 1");
    CHECK(joined(bench, {first, arp_frame(1), segment(1)}) == "1 1 1");
    CHECK(joined(bench, {first, tcp_frame(ipv4_tuple(), 1 + mss, {}, data()), segment(1)}) ==
          "1 1 1");
    FrameOptions options = data();
    options.bad_checksum = true;
    CHECK(with(options) == "1 1");
    options = data();
    options.acknowledgement = 0;  // goes back
    CHECK(with(options) == "1 1");
    for (const unsigned flag : {0x01u, 0x02u, 0x04u, 0x20u, 0x40u, 0x80u}) {
      options = data();
      options.flags = static_cast<std::uint8_t>(tcp_ack | flag);
      CHECK(with(options) == "1 1");
    }
    options = data();
    options.vlan = true;
    CHECK(with(options) == "1 1");
    options.vlan = false;
    options.tcp_options = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 9};
    CHECK(with(options) == "1 1");
    options.tcp_options = {1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 9};
    CHECK(joined(bench, {segment(0, options), segment(1, options)}) == "1 1");
    options.tcp_options = {1, 1, 8, 10, 0, 0, 0, 2, 0, 0, 0, 9};
    FrameOptions older = options;
    older.tcp_options[7] = 1;
    CHECK(joined(bench, {segment(0, older), segment(1, options)}) == "2");
    CHECK(joined(bench, {segment(0, options), segment(1, older)}) == "1 1");
    CHECK(changed(46, 1) == "1 1");  // a flag that has no name here
    CHECK(changed(5, 1) == "1 1");   // link address
    CHECK(changed(15, 3) == "1 1");  // congestion experienced
    CHECK(changed(22, 1) == "1 1");  // time to live
    CHECK(changed(18, 1) == "2");    // identification
  });
}

TEST_CASE("LRO: PSH, 64 KiB, another connection and the time-out end a frame") {
  in_child([] {
    hw::NicParameters parameters;
    parameters.lro_time_out = 50 * us;
    Bench bench(parameters);
    bring_up_with_lro(bench);
    FrameOptions pushed = data();
    pushed.flags |= tcp_psh;
    CHECK(joined(bench, {segment(0), segment(1, pushed), segment(2)}) == "2 1");
    std::vector<Buffer> many;
    for (std::uint32_t n = 0; n < 70; ++n) many.push_back(segment(n));
    CHECK(joined(bench, many) == "65 5");  // 40 bytes of headers and 65 * 1000 are under 65,536
    // IPv6, whose length field leaves its own header out: 65,536 bytes, and 65,535.
    many.assign(1, tcp_frame(ipv6_tuple(), 1 + mss - 476, text(476), data()));
    for (std::uint32_t n = 1; n < 66; ++n) many.push_back(segment(ipv6_tuple(), n));
    CHECK(joined(bench, many) == "65 1");
    many[0] = tcp_frame(ipv6_tuple(), 1 + mss - 475, text(475), data());
    CHECK(joined(bench, many) == "66");
    const FourTuple other = ipv4_tuple(444);
    CHECK(joined(bench, {segment(0), segment(1), segment(other, 0), segment(other, 1)}) == "2 2");

    bench.send(segment(0));
    bench.run(30 * us);
    bench.send(segment(1));
    CHECK(bench.receive_all().empty());
    bench.run(30 * us);
    const auto received = bench.receive_all();
    REQUIRE(received.size() == 1);
    CHECK(received[0].completion.segments == 2);
    bench.send(segment(2));
    bench.settle();
    CHECK(bench.receive_all().size() == 1);
  });
}

TEST_CASE("LRO: a full packet buffer ends a frame") {
  in_child([] {
    hw::NicParameters parameters;
    parameters.buffer_packets = 4;
    Bench bench(parameters);
    bring_up_with_lro(bench);
    std::vector<Buffer> many;
    for (std::uint32_t n = 0; n < 22; ++n) many.push_back(segment(n));
    const std::uint64_t before = bench.now();
    CHECK(joined(bench, many) == "4 4 4 4 4 2");
    CHECK(bench.now() - before < parameters.lro_time_out + 10 * us);  // the last two wait
  });
}

TEST_CASE("LRO: a packet may end a frame in the instant of its time-out") {
  in_child([] {
    hw::NicParameters parameters;
    parameters.wire_per_byte = 0;
    parameters.lro_time_out = 32 * us;
    // The order of events of one instant depends on those before: the command is one.
    parameters.firmware_command = 32 * us + 50'000;
    Bench bench(parameters);
    bring_up_with_lro(bench);
    TestConnection connection;
    for (std::uint64_t ns = 0; ns < 60; ++ns) {
      bench.post(key_create(connection));
      bench.send(segment(0));
      bench.run(32 * us + ns * 1000);
      bench.send(segment(5));
      bench.settle();
      CHECK(bench.receive_all().size() == 2);
      REQUIRE(bench.poll_command());
      bench.offer(2);
    }
  });
}

TEST_CASE("LRO: decrypted and other segments are not joined, nor is one that failed") {
  in_child([] {
    Bench bench;
    bring_up_with_lro(bench);
    TestConnection connection;
    bench.install(connection);
    const RecordStream stream(connection.keys, {2500, 2500, 2500, 2500});
    std::vector<Buffer> frames;
    for (std::size_t offset = 0; offset < stream.wire.size(); offset += mss)
      frames.push_back(connection.frame(
          stream, offset, std::min<std::size_t>(mss, stream.wire.size() - offset), data()));
    // A byte of the third record: the segment with its end is as on the wire.
    const std::size_t damaged = (stream.starts[2] + 100) / mss;
    frames[damaged][500] ^= 1;
    repair_checksums(frames[damaged], parse_frame(frames[damaged]));
    for (const Buffer& frame : frames) bench.send(frame);
    bench.settle();
    const std::size_t failed = (stream.starts[3] - 1) / mss;
    std::size_t next = 0;
    for (const Received& received : bench.receive_all()) {
      const std::size_t end = next + received.completion.segments;
      const bool holds_failed = next <= failed && failed < end;
      CHECK(received.completion.tls == (holds_failed ? TLSNIC_TLS_ERROR : TLSNIC_TLS_DECRYPTED));
      if (holds_failed) CHECK(received.completion.segments == 1);
      const ParsedFrame parsed = parse_frame(received.bytes);
      const Bytes payload = parsed.payload(received.bytes);
      const Buffer& wanted = holds_failed ? stream.wire : stream.clear;
      const bool holds_damaged = next <= damaged && damaged < end;
      if (!holds_damaged)
        CHECK(std::equal(payload.begin(), payload.end(),
                         wanted.begin() + static_cast<std::ptrdiff_t>(next * mss)));
      next = end;
    }
    CHECK(next == frames.size());
    CHECK(bench.seen.size() == frames.size());
  });
}

TEST_CASE("LRO: a stop loses nothing, and what a context decrypted goes before the context") {
  in_child([] {
    hw::NicParameters parameters;
    parameters.lro_time_out = 1000 * us;
    Bench bench(parameters);
    bring_up_with_lro(bench);
    TestConnection connection;
    bench.install(connection);
    const RecordStream stream(connection.keys, {5000});
    const auto frame = [&](std::size_t n) {
      return connection.frame(stream, n * mss, mss, data());
    };
    bench.send(frame(0));
    bench.send(frame(1));
    bench.run(10 * us);
    bench.write32(TLSNIC_DB_CONTROL, 0);
    bring_up_with_lro(bench);
    bench.settle();
    auto received = bench.receive_all();
    REQUIRE(received.size() == 2);
    for (std::size_t n : {0, 1}) {
      CHECK(received[n].completion.tls == TLSNIC_TLS_NOT_DECRYPTED);
      CHECK((received[n].bytes == frame(n)));
    }

    bench.install(connection);
    bench.send(frame(0));
    bench.send(frame(1));
    bench.run(10 * us);
    bench.post(flow_command(TLSNIC_CMD_FLOW_DELETE, connection));
    bench.post(make_command(TLSNIC_CMD_RX_CONTEXT_DESTROY, connection.index));
    bench.settle();
    for (int i = 0; i < 2; ++i) CHECK(bench.poll_command()->status == TLSNIC_STATUS_OK);
    CHECK(bench.memory.interrupts.back().time > bench.seen.back().completed);
    received = bench.receive_all();
    REQUIRE(received.size() == 1);
    CHECK(received[0].completion.tls == TLSNIC_TLS_DECRYPTED);
  });
}

TEST_CASE("LRO: a driver without it gets the frames of one with it as they came") {
  in_child([] {
    Bench bench;
    bring_up_with_lro(bench);
    std::vector<Buffer> frames;
    for (std::uint32_t n = 0; n < 60; ++n) frames.push_back(segment(n));
    // No buffers for the first ones joined, the next are being joined, the last come meanwhile.
    bench.write32(TLSNIC_DB_CONTROL, 0);
    bench.write32(TLSNIC_DB_CONTROL, 1);
    for (std::uint32_t n = 0; n < 30; ++n) bench.send(frames[n]);
    bench.run(100 * us);
    for (std::uint32_t n = 30; n < 40; ++n) bench.send(frames[n]);
    bench.run(10 * us);
    bench.write32(TLSNIC_DB_CONTROL, 0);
    for (std::uint32_t n = 40; n < 50; ++n) bench.send(frames[n]);
    bench.run(10 * us);
    bench.write32(TLSNIC_REG_FEATURES, 0);
    bench.bring_up({16, 16, 8, 8, 2048});
    for (std::uint32_t n = 50; n < 60; ++n) bench.send(frames[n]);
    std::size_t next = 0;
    for (int round = 0; round < 8; ++round) {
      bench.settle();
      for (const Received& received : bench.receive_all()) {
        CHECK(received.completion.segments == 1);
        CHECK((received.bytes == frames.at(next++)));
      }
      bench.offer(8);
    }
    CHECK(next == frames.size());
  });
}
