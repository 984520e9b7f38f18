// The asynchronous resync conversation of mlx5 (facts 4.1.2, 1.10.2) on streams with real losses.
#include <catch2/catch.hpp>
#include <memory>

#include "tests/driver_shim/lossy_stream.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

struct Lossy : LossyStream {
  explicit Lossy(const hw::NicParameters& parameters = scanning_at_once())
      : LossyStream(TlsVersion::tls13, driver::Personality::mlx5, parameters) {}
  // In sync, then a packet with a header in it lost, then one with the header of record 3.
  void lose_and_ask() {
    CHECK(world.pass(frame(0, 0.5)).decrypted);
    CHECK_FALSE(world.pass(frame(2.5, 3.5)).decrypted);
  }
  void expect(std::uint64_t packet, std::uint64_t start, std::uint64_t end, std::uint64_t skip,
              std::uint64_t ok) {
    CHECK(world.counter("rx_tls_resync_req_pkt") == packet);
    CHECK(world.counter("rx_tls_resync_req_start") == start);
    CHECK(world.counter("rx_tls_resync_req_end") == end);
    CHECK(world.counter("rx_tls_resync_req_skip") == skip);
    CHECK(world.counter("rx_tls_resync_res_ok") == ok);
  }
};

}  // namespace

TEST_CASE("a lost packet: request, start, end, answer, and packets are marked again") {
  in_child([] {
    Lossy lossy;
    lossy.lose_and_ask();
    lossy.expect(1, 1, 1, 0, 0);
    CHECK(lossy.connection.said == Words{"start 1022", "end"});
    CHECK(lossy.connection.asked_sequence == lossy.at(2.5));
    CHECK(lossy.connection.guess == lossy.at(3));

    // Nothing is marked until the stack has answered; records are counted meanwhile.
    CHECK_FALSE(lossy.world.pass(lossy.frame(3.5, 5.5)).decrypted);
    lossy.expect(1, 1, 1, 0, 0);
    lossy.world.answer(lossy.connection, lossy.at(3), 103);
    lossy.world.settle();
    lossy.expect(1, 1, 1, 0, 1);
    CHECK_FALSE(lossy.world.pass(lossy.frame(5.5, 6)).decrypted);
    const auto delivered = lossy.world.pass(lossy.frame(6, 7.25));
    CHECK(delivered.decrypted);
    CHECK((delivered.bytes ==
           with_payload(lossy.frame(6, 7.25),
                        Bytes(lossy.stream.clear).subspan(lossy.offset(6), 1277))));
    CHECK(lossy.world.counter("rx_tls_resync_res_retry") == 0);
    CHECK(lossy.world.counter("rx_tls_resync_res_skip") == 0);
  });
}

TEST_CASE("a wrong answer is posted, and the chip goes on tracking until the right one") {
  in_child([] {
    Lossy lossy;
    lossy.lose_and_ask();
    lossy.world.answer(lossy.connection, lossy.at(2), 102);
    lossy.world.settle();
    lossy.expect(1, 1, 1, 0, 1);
    CHECK_FALSE(lossy.world.pass(lossy.frame(4, 5)).decrypted);
    lossy.world.answer(lossy.connection, lossy.at(3), 103);
    lossy.world.settle();
    CHECK(lossy.world.pass(lossy.frame(5, 6)).decrypted);
  });
}

TEST_CASE("the chip has lost its candidate when the driver asks: the request is cancelled") {
  in_child([] {
    hw::NicParameters parameters = scanning_at_once();
    parameters.fast_command = 200'000'000;
    Lossy lossy(parameters);
    CHECK(lossy.world.pass(lossy.frame(0, 0.5)).decrypted);
    lossy.world.send(lossy.frame(2.5, 3.5));
    lossy.world.run_us(50);
    CHECK(lossy.connection.said == Words{"start 1022"});
    // What follows has no header where the candidate says that there is one.
    const Buffer noise(2000, 0xee);
    lossy.world.send(tcp_frame(lossy.connection.connection.received, lossy.at(3) + 511,
                               Bytes(noise).first(1000)));
    lossy.world.settle();
    CHECK(lossy.connection.said == Words{"start 1022", "cancel"});
    lossy.expect(1, 1, 0, 1, 0);
    // The next candidate is asked about as if nothing had been.
    CHECK_FALSE(lossy.world.pass(lossy.frame(5.5, 6.5)).decrypted);
    CHECK(lossy.connection.guess == lossy.at(6));
    lossy.expect(2, 2, 1, 1, 0);
  });
}

TEST_CASE("while a query is under way a second request opens no new range") {
  in_child([] {
    hw::NicParameters parameters = scanning_at_once();
    parameters.fast_command = 200'000'000;
    Lossy lossy(parameters);
    CHECK(lossy.world.pass(lossy.frame(0, 0.5)).decrypted);
    lossy.world.send(lossy.frame(2.5, 3.5));
    lossy.world.run_us(30);
    // The first candidate's chain breaks, and the same packet has another one: record 5.
    lossy.world.send(lossy.frame(4.5, 5.5));
    lossy.world.run_us(30);
    lossy.expect(2, 1, 0, 0, 0);
    CHECK(lossy.connection.said == Words{"start 1022"});
    lossy.world.settle();
    // The chip tells of the candidate that it has when it is asked.
    CHECK(lossy.connection.said == Words{"start 1022", "end"});
    CHECK(lossy.connection.guess == lossy.at(5));
    lossy.expect(2, 1, 1, 0, 0);
    lossy.world.answer(lossy.connection, lossy.at(5), 105);
    lossy.world.settle();
    CHECK(lossy.world.pass(lossy.frame(6, 7)).decrypted);
  });
}

TEST_CASE("a connection removed while a query or an answer is under way") {
  for (const bool answered : {false, true}) {
    for (const double us : {1., 5.5, 6., 6.5, 7., 7.5, 10., 12., 13.}) {
      in_child([&] {
        INFO((answered ? "answered, " : "") << "removed " << us << " us after the packet");
        Lossy lossy;
        CHECK(lossy.world.pass(lossy.frame(0, 0.5)).decrypted);
        lossy.world.send(lossy.frame(2.5, 3.5));
        lossy.world.run_us(us);
        if (answered) lossy.world.answer(lossy.connection, lossy.at(3), 103);
        lossy.world.del(lossy.connection);
        const std::size_t said = lossy.connection.said.size();
        lossy.world.settle();
        // After tls_dev_del the stack's object may be gone: nothing is said to it.
        CHECK(lossy.connection.said.size() == said);
        CHECK(lossy.world.counter("rx_tls_del") == 1);
        CHECK(lossy.world.counter("rx_tls_resync_req_start") ==
              lossy.world.counter("rx_tls_resync_req_end") +
                  lossy.world.counter("rx_tls_resync_req_skip"));
        // Its place serves the next connection.
        FakeConnection next;
        const RecordStream stream(next.crypto.keys, {500});
        REQUIRE(lossy.world.add(next) == 0);
        lossy.world.settle();
        CHECK(lossy.world.pass(next.frame(stream, 0, 500)).decrypted);
      });
    }
  }
}

TEST_CASE("a request for a connection that the stack no longer knows is dropped") {
  in_child([] {
    Lossy lossy;
    CHECK(lossy.world.pass(lossy.frame(0, 0.5)).decrypted);
    lossy.world.connections.clear();
    lossy.world.pass(lossy.frame(2.5, 3.5));
    lossy.expect(1, 0, 0, 0, 0);
    CHECK(lossy.connection.said.empty());
  });
}

TEST_CASE("no room in the command ring: a request is skipped, an answer waits and is posted once") {
  in_child([] {
    Lossy lossy;
    lossy.lose_and_ask();
    lossy.expect(1, 1, 1, 0, 0);
    // More commands than the ring holds are outstanding.
    std::vector<std::unique_ptr<FakeConnection>> others;
    const auto fill = [&] {
      for (int i = 0; i < 90; ++i) {
        const auto port = static_cast<std::uint16_t>(1000 + others.size());
        others.push_back(std::make_unique<FakeConnection>(ipv4_tuple(port)));
        REQUIRE(lossy.world.add(*others.back()) == 0);
      }
    };
    fill();
    lossy.world.answer(lossy.connection, lossy.at(3), 103);
    lossy.world.answer(lossy.connection, lossy.at(3), 103);
    CHECK(lossy.world.counter("rx_tls_resync_res_retry") >= 1);
    CHECK(lossy.world.counter("rx_tls_resync_res_ok") == 0);
    lossy.world.settle();
    CHECK(lossy.world.counter("rx_tls_resync_res_ok") == 1);
    CHECK(lossy.world.pass(lossy.frame(4, 5)).decrypted);

    // The same for a request.
    fill();
    lossy.world.send(lossy.frame(7.5, 8.5));
    lossy.world.run_us(20);
    CHECK(lossy.connection.said == Words{"start 1022", "end", "start 1022", "cancel"});
    lossy.expect(2, 2, 1, 1, 1);
    lossy.world.settle();
    // Removed while its answer waits: nothing is posted for whoever has its place next.
    fill();
    lossy.world.answer(lossy.connection, lossy.at(8), 108);
    lossy.world.del(lossy.connection);
    lossy.world.settle();
    CHECK(lossy.world.counter("rx_tls_resync_res_ok") == 1);
  });
}
