// tls_get_record, rule by rule (facts 1.8).
#include "host_stack/ktls/tx_records.h"

#include <catch2/catch.hpp>

#include "tests/host_stack/ktls/tx_world.h"

namespace tlsnic::host {
namespace {

std::vector<netdev::TxPiece> bytes(std::uint32_t size) {
  const std::shared_ptr<std::uint8_t[]> owner(new std::uint8_t[size]());
  return {{owner, owner.get(), size}};
}

// The marker at 1000 has number 6; then [1000, 1100) #7, [1100, 1300) #8, [1300, 1310) #9.
TxRecords three_records(std::uint32_t base = 1000) {
  TxRecords records;
  records.start(base, 7);
  records.push(base, bytes(100));
  records.push(base + 100, bytes(200));
  records.push(base + 300, bytes(10));
  return records;
}

void check(TxRecords& records, std::uint32_t sequence, std::uint32_t start, std::uint32_t length,
           std::uint64_t number) {
  CAPTURE(sequence);
  const auto record = records.get_record(sequence);
  REQUIRE(record);
  REQUIRE(record->start_sequence == start);
  REQUIRE(record->length == length);
  REQUIRE(record->number == number);
  REQUIRE(test::flatten(record->pieces).size() == length);
}

TEST_CASE("Nothing is found in nothing", "[tx]") {
  REQUIRE_FALSE(TxRecords().get_record(0));
}

TEST_CASE("While the marker is there", "[tx]") {
  TxRecords records = three_records();
  check(records, 1, 1000, 0, 6);  // however long ago
  check(records, 999, 1000, 0, 6);
  check(records, 1000, 1000, 100, 7);
  check(records, 1099, 1000, 100, 7);
  check(records, 1100, 1100, 200, 8);
  check(records, 1309, 1300, 10, 9);
  REQUIRE_FALSE(records.get_record(1310));
  check(records, 999, 1000, 0, 6);  // the hint has gone ahead; the look-up goes back
  check(records, 1050, 1000, 100, 7);
}

TEST_CASE("An acknowledgement takes the marker and whole records", "[tx]") {
  TxRecords records = three_records();
  records.clean_acked(999);
  REQUIRE(records.size() == 4);
  records.clean_acked(1000);
  REQUIRE(records.size() == 3);
  REQUIRE_FALSE(records.get_record(999));
  check(records, 1000, 1000, 100, 7);
  records.clean_acked(1099);
  check(records, 1000, 1000, 100, 7);  // partly acknowledged: whole
  records.clean_acked(1150);
  REQUIRE_FALSE(records.get_record(1099));
  check(records, 1100, 1100, 200, 8);
  REQUIRE_FALSE(records.get_record(1310));  // inside the closed range, but in no record
  REQUIRE_FALSE(records.get_record(1311));
  records.clean_acked(1310);
  REQUIRE(records.empty());
  REQUIRE_FALSE(records.get_record(1309));
  records.push(1310, bytes(5));
  check(records, 1314, 1310, 5, 10);
}

TEST_CASE("The hint survives the acknowledgement of others, not its own", "[tx]") {
  TxRecords records = three_records();
  check(records, 1200, 1100, 200, 8);
  records.clean_acked(1100);
  check(records, 1305, 1300, 10, 9);
  check(records, 1200, 1100, 200, 8);
  records.clean_acked(1300);
  check(records, 1305, 1300, 10, 9);
  records.clean_acked(1310);
  records.push(1310, bytes(20));
  records.push(1330, bytes(20));
  check(records, 1340, 1330, 20, 11);
  check(records, 1310, 1310, 20, 10);
}

TEST_CASE("Sequence numbers wrap, in record and marker", "[tx]") {
  const std::uint32_t base = 0xffffffb0;  // 80 bytes before the wrap
  TxRecords records = three_records(base);
  check(records, base - 1, base, 0, 6);
  check(records, 5, base, 100, 7);
  check(records, base + 150, base + 100, 200, 8);
  records.clean_acked(base + 100);
  REQUIRE_FALSE(records.get_record(base));
  check(records, base + 150, base + 100, 200, 8);
}

TEST_CASE("The number before 0 is the marker's", "[tx]") {
  TxRecords records;
  records.start(50, 0);
  records.push(50, bytes(10));
  check(records, 49, 50, 0, 0xffffffffffffffff);
  records.clean_acked(50);
  check(records, 50, 50, 10, 0);
}

}  // namespace
}  // namespace tlsnic::host
