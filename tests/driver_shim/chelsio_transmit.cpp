// Transmit as ch_ktls does it (facts 4.3): every segment walked record by record.
#include "tests/driver_shim/tx_world.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

struct Chelsio : FourRecords {
  Chelsio() : FourRecords(driver::Personality::chelsio) {}
  void expect_pieces(std::uint64_t start, std::uint64_t middle, std::uint64_t end,
                     std::uint64_t complete) {
    CHECK(world.statistic("partial_start_of_records") == start);
    CHECK(world.statistic("partial_middle_of_records") == middle);
    CHECK(world.statistic("partial_end_of_records") == end);
    CHECK(world.statistic("complete_records") == complete);
  }
};

}  // namespace

TEST_CASE("chelsio: pieces of records; a context that stands elsewhere is rebuilt") {
  in_child([] {
    Chelsio t;
    CHECK(t.flow.send(50, 90) == Words{"static!", "progress 1050 #7!", "send 1050+40 tls"});
    CHECK(t.flow.send(90, 110) == Words{"send 1090+20 tls"});
    CHECK(t.flow.send(110, 270) == Words{"send 1110+160 tls"});
    t.expect_pieces(2, 1, 1, 1);
    CHECK(t.world.counter("tx_tls_ooo") == 0);
    CHECK(t.flow.send(180, 250) == Words{"progress 1150 #8!", "dump 30", "send 1180+70 tls"});
    CHECK(t.world.counter("tx_tls_ooo") == 1);
    CHECK(t.flow.send(270, 450) == Words{"progress 1250 #9!", "dump 20", "send 1270+180 tls"});
    CHECK(t.world.counter("tx_tls_ooo") == 2);
    CHECK(t.world.counter("tx_tls_encrypted_packets") == 5);
    CHECK(t.world.counter("tx_tls_encrypted_bytes") == 40 + 20 + 160 + 70 + 180);
    t.flow.check_wire();
  });
}

TEST_CASE("chelsio: a segment that ends inside a tag is cut, and the next brings the rest") {
  in_child([] {
    Chelsio t;
    // The tag of record 7 is at 134 to 150.
    CHECK(t.flow.send(50, 140) == Words{"static!", "progress 1050 #7!", "send 1050+84 tls"});
    CHECK(t.world.statistic("trimmed_packets") == 1);
    CHECK(t.flow.send(140, 200) == Words{"send 1134+66 tls"});
    CHECK(t.world.counter("tx_tls_ooo") == 0);
    // As many frames of at most 60 bytes, TCP's own.
    CHECK(t.world.chip.frames.size() == 3);
    const auto seen = t.flow.check_wire();
    CHECK(std::all_of(seen.begin() + 50, seen.begin() + 200, [](bool b) { return b; }));
  });
}

TEST_CASE("chelsio: of a segment inside a tag nothing is left, and it is software's") {
  in_child([] {
    Chelsio t;
    t.flow.send(50, 140);
    CHECK(t.flow.send(140, 145) == Words{"send 1134+11"});
    CHECK(t.world.statistic("software_fallback") == 1);
    CHECK(t.flow.send(145, 200) == Words{"progress 1050 #7!", "dump 95", "send 1145+55 tls"});
    // A retransmission inside the tag.
    CHECK(t.flow.send(136, 144) == Words{"send 1136+8"});
    // FIN is behind the last byte: such a segment is not cut.
    netdev::TxSkb last = t.flow.skb(200, 240, 0, tcp_ack | tcp_fin);
    t.flow.post(std::move(last));
    t.world.settle();
    CHECK(t.world.chip.take_log() == Words{"send 1200+40"});
    const auto seen = t.flow.check_wire();
    CHECK(std::all_of(seen.begin() + 50, seen.begin() + 240, [](bool b) { return b; }));
  });
}

TEST_CASE("chelsio: before the offload plain, also in front of others; no record, no packet") {
  in_child([] {
    Chelsio t;
    t.flow.send(50, 450);
    CHECK(t.flow.send(10, 50) == Words{"send 1010+40"});
    CHECK(t.world.counter("tx_tls_skip_no_sync_data") == 1);
    netdev::TxSkb across = t.flow.skb(40, 60);
    across.decrypted = false;
    t.flow.post(std::move(across));
    t.world.settle();
    CHECK(t.world.chip.take_log() ==
          Words{"send 1040+10", "progress 1050 #7!", "send 1050+10 tls"});
    CHECK(t.world.counter("tx_tls_skip_no_sync_data") == 2);
    t.flow.ack(160);
    CHECK(t.flow.send(60, 80).empty());
    CHECK(t.world.counter("tx_tls_drop_no_sync_data") == 1);
    t.flow.check_wire();
  });
}
