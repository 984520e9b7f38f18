// The receive rules, as timelines: each segment's offset, length, and what becomes of it.
#include "hw_model/tls/rx_engine.h"

#include <rapidcheck.h>
#include <catch2/catch.hpp>

#include "tests/hw_model/tls/record_stream.h"

using namespace tlsnic;
using namespace tlsnic::testing;
using hw::RxReason;
using hw::sync_state;
using hw::SyncState;

namespace {

const TrafficKeys keys = test_keys(TlsVersion::tls12, TlsCipher::aes_gcm_128);
constexpr std::size_t mss = 1000;

RxReason segment(Receiver& receiver, const RecordStream& stream, std::size_t index) {
  return receiver.receive(stream, index * mss, mss).reason;
}

std::vector<RxReason> arrive(Receiver& receiver, const RecordStream& stream,
                             const std::vector<std::size_t>& order) {
  std::vector<RxReason> reasons;
  for (const std::size_t index : order) reasons.push_back(segment(receiver, stream, index));
  return reasons;
}

// Lengths such that headers lie at the given offsets of the stream.
RecordStream with_headers_at(const std::vector<std::size_t>& offsets, std::size_t last_size) {
  std::vector<std::size_t> sizes;
  for (std::size_t i = 1; i < offsets.size(); ++i)
    sizes.push_back(offsets[i] - offsets[i - 1] - 29);
  sizes.push_back(last_size);
  return RecordStream(keys, sizes);
}

}  // namespace

TEST_CASE("figure: reorder of non-header segment (tls-offload.rst)") {
  const auto stream = with_headers_at({0, 480, 2470, 4470}, 4000);
  Receiver receiver(keys);
  CHECK(arrive(receiver, stream, {0, 2, 3, 4, 1}) ==
        std::vector{RxReason::in_sequence, RxReason::rebase, RxReason::in_sequence,
                    RxReason::in_sequence, RxReason::behind});
  CHECK(segment(receiver, stream, 5) == RxReason::in_sequence);
}

TEST_CASE("figure: reorder of segment with a TLS header (tls-offload.rst)") {
  const auto stream = with_headers_at({0, 480, 1440, 3510}, 4000);
  Receiver receiver(keys);
  CHECK(arrive(receiver, stream, {0, 2, 3, 4, 1}) ==
        std::vector{RxReason::in_sequence, RxReason::sync_lost, RxReason::waiting,
                    RxReason::waiting, RxReason::waiting});
}

TEST_CASE("ahead within a record: passed, and the missing segment still counts as expected") {
  const auto stream = with_headers_at({0, 7500}, 4000);
  Receiver receiver(keys);
  CHECK(
      arrive(receiver, stream, {0, 2, 1, 3}) ==
      std::vector{RxReason::in_sequence, RxReason::ahead, RxReason::in_sequence, RxReason::ahead});
  // The gap heals at the next header.
  CHECK(arrive(receiver, stream, {7, 8}) == std::vector{RxReason::rebase, RxReason::in_sequence});
}

TEST_CASE("a segment that begins with the next header is decrypted at once") {
  const auto stream = with_headers_at({0, 3000}, 4000);
  Receiver receiver(keys);
  Buffer out;
  arrive(receiver, stream, {0, 2});
  CHECK(receiver.receive(stream, 3000, mss, out).reason == RxReason::realigned);
  CHECK(std::equal(out.begin(), out.end(), stream.clear.begin() + 3000));
}

TEST_CASE("re-basing on a header that is cut by the segment's end") {
  for (std::size_t part = 1; part <= 13; ++part) {  // bytes of header and nonce in segment 1
    const auto stream = with_headers_at({0, 2 * mss - part}, 4000);
    Receiver receiver(keys);
    receiver.receive(stream, 0, 500);
    CHECK(segment(receiver, stream, 1) == RxReason::rebase);
    Buffer out;
    CHECK(receiver.receive(stream, 2 * mss, mss, out).decrypted);
    CHECK(std::equal(out.begin(), out.end(), stream.clear.begin() + 2 * mss));
  }
}

TEST_CASE("a gap before the record's header is complete loses sync") {
  const auto stream = with_headers_at({0, mss - 3}, 4000);
  Receiver receiver(keys);
  CHECK(segment(receiver, stream, 0) == RxReason::in_sequence);
  CHECK(segment(receiver, stream, 2) == RxReason::sync_lost);
}

namespace {

// 60 records of 2400 bytes behind a loss of the segment with the first header.
struct Lost {
  RecordStream stream{keys, std::vector<std::size_t>(60, 2371)};
  Receiver receiver;
  std::size_t next = 2;
  explicit Lost(const hw::RxPolicy& policy = {}) : receiver(keys, policy) {
    CHECK(receiver.receive(stream, 0, mss).decrypted);
    // Segment 2 contains byte 2400, the second header.
    ++next;
    CHECK(segment(receiver, stream, next++) == RxReason::sync_lost);
  }
  RxReason until(RxReason reason) {
    while (next * mss + mss <= stream.wire.size()) {
      const RxReason got = segment(receiver, stream, next++);
      if (got == reason) return got;
    }
    return RxReason::no_context;
  }
  std::uint64_t number_of(std::uint32_t sequence) const {
    const std::uint32_t offset = sequence - receiver.start;
    const auto at = std::find(stream.starts.begin(), stream.starts.end(), offset);
    REQUIRE(at != stream.starts.end());
    return static_cast<std::uint64_t>(at - stream.starts.begin());
  }
};

}  // namespace

TEST_CASE("the scan starts once the stream is a maximum-size record past the loss") {
  Lost lost;
  std::size_t waited = 0;
  while (segment(lost.receiver, lost.stream, lost.next) == RxReason::waiting) {
    ++lost.next;
    ++waited;
  }
  // Expected sequence 1000, so the scan begins with the segment that ends beyond 1000 + 16413.
  CHECK(lost.next == 17);
  CHECK(sync_state(lost.receiver.context) != SyncState::waiting);
}

TEST_CASE("policy: the scan can start at once") {
  hw::RxPolicy policy;
  policy.scan_start = hw::ScanStart::immediate;
  Lost lost(policy);
  CHECK(lost.next == 4);
  CHECK(lost.until(RxReason::candidate) == RxReason::candidate);
  CHECK(lost.next <= 7);
}

TEST_CASE("scan, candidate, tracking, confirmation, counting, resumption at a header") {
  hw::RxPolicy policy;
  policy.header_test = hw::HeaderTest::type_version_length;
  Lost lost(policy);
  REQUIRE(lost.until(RxReason::candidate) == RxReason::candidate);
  const std::uint32_t candidate = lost.receiver.context.candidate_sequence;
  const std::uint64_t number = lost.number_of(candidate);
  for (int i = 0; i < 9; ++i)
    CHECK(segment(lost.receiver, lost.stream, lost.next++) == RxReason::tracking);
  CHECK(lost.receiver.context.records_tracked >= 3);
  CHECK(lost.receiver.context.candidate_sequence == candidate);

  CHECK_FALSE(lost.receiver.engine.confirm(lost.receiver.context, lost.receiver.key, candidate + 1,
                                           number));
  CHECK(sync_state(lost.receiver.context) == SyncState::tracking);
  CHECK(lost.receiver.engine.confirm(lost.receiver.context, lost.receiver.key, candidate, number));
  CHECK(sync_state(lost.receiver.context) == SyncState::offload);
  // Not before the next header, and from the segment behind it on.
  RxReason reason = segment(lost.receiver, lost.stream, lost.next++);
  while (reason == RxReason::ahead) reason = segment(lost.receiver, lost.stream, lost.next++);
  CHECK(reason == RxReason::rebase);
  for (int i = 0; i < 10; ++i) {
    Buffer out;
    const std::size_t at = lost.next++ * mss;
    CHECK(lost.receiver.receive(lost.stream, at, mss, out).reason == RxReason::in_sequence);
    CHECK(std::equal(out.begin(), out.end(),
                     lost.stream.clear.begin() + static_cast<std::ptrdiff_t>(at)));
  }
}

TEST_CASE("a confirmation that finds the next header half arrived") {
  for (std::size_t part = 1; part <= 4; ++part) {
    const RecordStream stream(keys, std::vector<std::size_t>(60, 2371));
    hw::RxPolicy policy;
    policy.header_test = hw::HeaderTest::type_version_length;
    policy.scan_start = hw::ScanStart::immediate;
    Receiver receiver(keys, policy);
    receiver.receive(stream, 0, 10);
    receiver.receive(stream, 2400 * 2 - 100, 200);  // loses sync, finds header 2
    CHECK(sync_state(receiver.context) == SyncState::tracking);
    receiver.receive(stream, 2400 * 2 + 100, 2300 + part);  // to `part` bytes into header 3
    CHECK(receiver.engine.confirm(receiver.context, receiver.key,
                                  receiver.context.candidate_sequence, 2));
    Buffer out;
    const auto at = 2400 * 3 + part;
    CHECK(receiver.receive(stream, at, mss, out).decrypted);
    CHECK(
        std::equal(out.begin(), out.end(), stream.clear.begin() + static_cast<std::ptrdiff_t>(at)));
  }
}

TEST_CASE("tracking: a hidden header restarts the scan, an earlier segment does not") {
  hw::RxPolicy policy;
  policy.header_test = hw::HeaderTest::type_version_length;
  Lost lost(policy);
  REQUIRE(lost.until(RxReason::candidate) == RxReason::candidate);
  CHECK(segment(lost.receiver, lost.stream, lost.next - 3) == RxReason::tracking);  // late
  lost.next += 3;  // more than a record is missing
  const RxReason reason = segment(lost.receiver, lost.stream, lost.next++);
  CHECK((reason == RxReason::searching || reason == RxReason::candidate));
}

TEST_CASE("a false header in the data is followed until the chain breaks, then the scan restarts") {
  // A record whose ciphertext is made to contain a perfect header.
  RecordStream stream(keys, std::vector<std::size_t>(60, 2371));
  Receiver receiver(keys);
  receiver.receive(stream, 0, mss);
  const std::size_t lie = 20 * mss + 100;
  const Buffer header{23, 3, 3, 0x08, 0x00};
  std::copy(header.begin(), header.end(), stream.wire.begin() + lie);
  std::size_t next = 3;
  RxReason reason = RxReason::no_context;
  while (reason != RxReason::candidate) reason = segment(receiver, stream, next++);
  // A true header is found before or the lie itself; in the end only a true one survives.
  for (; next < 60; ++next) segment(receiver, stream, next);
  const std::uint32_t candidate = receiver.context.candidate_sequence - receiver.start;
  CHECK(std::find(stream.starts.begin(), stream.starts.end(), candidate) != stream.starts.end());
}

TEST_CASE("policy: a candidate that is never confirmed is given up") {
  hw::RxPolicy policy;
  policy.header_test = hw::HeaderTest::type_version_length;
  policy.rescan_after_records = 4;
  Lost lost(policy);
  REQUIRE(lost.until(RxReason::candidate) == RxReason::candidate);
  const std::uint32_t first = lost.receiver.context.candidate_sequence;
  REQUIRE(lost.until(RxReason::candidate) == RxReason::candidate);
  CHECK(lost.number_of(lost.receiver.context.candidate_sequence) == lost.number_of(first) + 5);
}

TEST_CASE("whatever arrives, a decrypted segment is right and the context stays a value") {
  CHECK(rc::check([] {
    const bool is_tls13 = *rc::gen::arbitrary<bool>();
    const TrafficKeys k =
        test_keys(is_tls13 ? TlsVersion::tls13 : TlsVersion::tls12, TlsCipher::aes_gcm_128);
    hw::RxPolicy policy;
    policy.scan_start =
        *rc::gen::element(hw::ScanStart::immediate, hw::ScanStart::after_max_record);
    policy.header_test =
        *rc::gen::element(hw::HeaderTest::version, hw::HeaderTest::version_length,
                          hw::HeaderTest::type_version_length, hw::HeaderTest::application_data);
    policy.rescan_after_records = *rc::gen::element(0u, 0u, 7u);
    const auto sizes = *rc::gen::container<std::vector<std::size_t>>(
        40,
        rc::gen::oneOf(rc::gen::inRange<std::size_t>(0, 3000), rc::gen::just<std::size_t>(16384)));
    const RecordStream stream(k, sizes);
    Receiver receiver(k, policy);
    const int segments = 400;
    std::size_t at = 0;
    for (int i = 0; i < segments && at < stream.wire.size(); ++i) {
      const int what = *rc::gen::inRange(0, 20);
      std::size_t from = at;
      const std::size_t size =
          std::min<std::size_t>(stream.wire.size() - at, *rc::gen::inRange<std::size_t>(1, 1449));
      if (what == 0) from = *rc::gen::inRange<std::size_t>(0, at + 1);       // an old one again
      if (what == 1) from = std::min(stream.wire.size() - size, at + size);  // one is missing
      Buffer out;
      const auto outcome = receiver.receive(stream, from, size, out);
      if (outcome.decrypted)
        RC_ASSERT(std::equal(out.begin(), out.end(),
                             stream.clear.begin() + static_cast<std::ptrdiff_t>(from)));
      if (outcome.resync_request || sync_state(receiver.context) == SyncState::tracking) {
        const std::uint32_t candidate = receiver.context.candidate_sequence - receiver.start;
        const auto found = std::find(stream.starts.begin(), stream.starts.end(), candidate);
        if (found != stream.starts.end() && *rc::gen::inRange(0, 4) == 0)
          receiver.engine.confirm(receiver.context, receiver.key,
                                  receiver.context.candidate_sequence,
                                  static_cast<std::uint64_t>(found - stream.starts.begin()));
      }
      if (what != 0) at = from + size;
    }
  }));
}
