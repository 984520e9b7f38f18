// Receive as nfp does it (facts 4.2, 1.10.1, 1.10.3), with and without stream scan.
#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/driver_shim/lossy_stream.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

struct Nfp : LossyStream {
  explicit Nfp(bool stream_scan)
      : LossyStream(TlsVersion::tls12, stream_scan ? driver::Personality::nfp_stream_scan
                                                   : driver::Personality::nfp) {}
  bool decrypted(double from_record, double to_record) {
    const Buffer sent = frame(from_record, to_record);
    const auto delivered = world.pass(sent);
    const std::size_t from = offset(from_record);
    const Buffer clear =
        with_payload(sent, Bytes(stream.clear).subspan(from, offset(to_record) - from));
    CHECK((delivered.bytes == (delivered.decrypted ? clear : sent)));
    return delivered.decrypted;
  }
  void expect(std::uint64_t decrypted_packets, std::uint64_t ok, std::uint64_t ign,
              std::uint64_t sent) {
    CHECK(world.counter("rx_tls_decrypted_packets") == decrypted_packets);
    CHECK(world.counter("rx_tls_resync_req_ok") == ok);
    CHECK(world.counter("rx_tls_resync_req_ign") == ign);
    CHECK(world.counter("rx_tls_resync_sent") == sent);
  }
};

}  // namespace

TEST_CASE("nfp with stream scan: the stack is asked about the header's last byte") {
  in_child([] {
    Nfp t(true);
    CHECK(t.connection.type == netdev::TlsRxResyncType::driver_req);
    CHECK(t.decrypted(0, 0.5));
    CHECK_FALSE(t.decrypted(2.5, 3.5));
    CHECK(t.connection.said == Words{"request"});
    CHECK(t.connection.asked_sequence == t.at(3) + 4);
    t.expect(1, 1, 0, 0);
    t.world.answer(t.connection, t.at(3) + 4, 103);
    t.world.settle();
    CHECK_FALSE(t.decrypted(3.5, 4));
    CHECK(t.decrypted(4, 5.5));
    t.expect(2, 1, 0, 1);
    // A connection that the stack does not know any more.
    t.world.connections.clear();
    CHECK_FALSE(t.decrypted(7.5, 8.5));
    t.expect(2, 1, 1, 1);
    CHECK(t.connection.said == Words{"request"});
  });
}

TEST_CASE("nfp without stream scan: the chip is not listened to, the stack's word restarts it") {
  in_child([] {
    Nfp t(false);
    CHECK(t.connection.type == netdev::TlsRxResyncType::core_next_hint);
    CHECK(t.decrypted(0, 0.5));
    CHECK_FALSE(t.decrypted(2.5, 3.5));
    CHECK_FALSE(t.decrypted(3.5, 6));
    CHECK(t.connection.said.empty());
    t.expect(1, 0, 0, 0);
    // The next record, of which nothing has arrived yet.
    t.world.answer(t.connection, t.at(6), 106);
    t.world.settle();
    CHECK(t.decrypted(6, 7.5));
    CHECK(t.decrypted(7.5, 9));
    t.expect(3, 0, 0, 1);
    // A word that comes too late: as if nothing had been said.
    CHECK_FALSE(t.decrypted(11.5, 13));
    t.world.answer(t.connection, t.at(12), 112);
    t.world.settle();
    CHECK_FALSE(t.decrypted(14, 15));
    t.world.answer(t.connection, t.at(15), 115);
    t.world.settle();
    CHECK(t.decrypted(15, 16));
  });
}

TEST_CASE("nfp: what it does not offload; a full table; places come back") {
  in_child([] {
    hw::NicParameters parameters;
    parameters.max_contexts = 1;
    World world(parameters, 40u << 20, driver::Personality::nfp);
    world.start();
    FakeConnection one(ipv4_tuple(1)), two(ipv4_tuple(2));
    CHECK(world.add(one) == -EOPNOTSUPP);  // TLS 1.3
    one.crypto.keys = test_keys(TlsVersion::tls12, TlsCipher::aes_gcm_256);
    CHECK(world.add(one) == -EOPNOTSUPP);
    one.crypto.keys = two.crypto.keys = test_keys(TlsVersion::tls12, TlsCipher::aes_gcm_128);
    CHECK(world.add(one) == 0);
    CHECK(world.add(two) == -ENOSPC);
    CHECK(world.counter("hw_tls_no_space") == 1);
    world.settle();
    world.del(one);
    world.settle();
    CHECK(world.add(two) == 0);
    world.settle();
    const RecordStream stream(two.crypto.keys, {500});
    CHECK(world.pass(two.frame(stream, 0, 529)).decrypted);
  });
}
