// Whatever segments the device decrypted, the reader gets what the peer wrote.
#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/host_stack/fake_nic.h"

namespace tlsnic::host {
namespace {

struct Cut {
  std::size_t start;
  std::size_t end;
  bool marked;
};

RecordOffload expected_offload(const std::vector<bool>& marked_bytes, std::size_t start,
                               std::size_t end) {
  const auto first = marked_bytes.begin() + static_cast<std::ptrdiff_t>(start);
  const auto last = marked_bytes.begin() + static_cast<std::ptrdiff_t>(end);
  const auto marks = static_cast<std::size_t>(std::count(first, last, true));
  if (marks == 0) return RecordOffload::not_offloaded;
  return marks == end - start ? RecordOffload::entirely : RecordOffload::partially;
}

test::Peer random_peer(const TrafficKeys& keys, std::uint64_t number) {
  test::Peer peer(keys, number);
  const int records = *rc::gen::inRange(1, 8);
  for (int i = 0; i < records; ++i) {
    const auto length = *rc::gen::weightedOneOf<std::size_t>(
        {{1, rc::gen::just<std::size_t>(0)},
         {8, rc::gen::inRange<std::size_t>(1, 120)},
         {1, rc::gen::inRange<std::size_t>(1000, max_record_plaintext)}});
    if (keys.version == TlsVersion::tls13 && *rc::gen::inRange(0, 3) == 0)
      peer.send_record(record_alert, std::vector<std::uint8_t>(length % 50, 9),
                       *rc::gen::inRange<std::size_t>(0, 100));
    else
      peer.send_data(length);
  }
  return peer;
}

void check_marks(TlsVersion version, TlsCipher cipher) {
  const TrafficKeys keys = test::test_keys(version, cipher);
  const auto number = *rc::gen::arbitrary<std::uint32_t>();
  const auto first_sequence = *rc::gen::arbitrary<std::uint32_t>();
  const test::Peer peer = random_peer(keys, number);
  const std::size_t size = peer.wire.size();

  test::World world(first_sequence);
  RC_ASSERT(world.socket.set_tls_rx({keys, number}) == 0);

  std::vector<Cut> cuts;
  const auto longest = *rc::gen::element<std::size_t>(1, 7, 40, 300, 1448, 5000);
  for (std::size_t start = 0; start < size;) {
    // Single bytes for the first few hundred only: the rest would take for ever.
    const std::size_t limit = start < 600 ? longest : std::max<std::size_t>(longest, 40);
    const std::size_t end = std::min(size, start + *rc::gen::inRange<std::size_t>(1, limit + 1));
    cuts.push_back({start, end, *rc::gen::inRange(0, 3) != 0});
    start = end;
  }
  // Reordered at random, with retransmissions that are cut elsewhere.
  const std::size_t swaps = *rc::gen::inRange<std::size_t>(0, cuts.size() + 1);
  for (std::size_t i = 0; i < swaps; ++i)
    std::swap(cuts[*rc::gen::inRange<std::size_t>(0, cuts.size())],
              cuts[*rc::gen::inRange<std::size_t>(0, cuts.size())]);
  for (int i = *rc::gen::inRange(0, 5); i > 0; --i) {
    const std::size_t start = *rc::gen::inRange<std::size_t>(0, size);
    const std::size_t end =
        std::min(size, start + *rc::gen::inRange<std::size_t>(1, longest * 3 + 1));
    cuts.insert(
        cuts.begin() + static_cast<std::ptrdiff_t>(*rc::gen::inRange<std::size_t>(0, cuts.size())),
        {start, end, *rc::gen::arbitrary<bool>()});
  }

  const bool eager_reader = *rc::gen::arbitrary<bool>();
  std::vector<std::uint8_t> got;
  std::vector<RecordInfo> records;
  std::vector<bool> arrived(size);
  std::vector<bool> marked_bytes(size);
  for (const Cut& cut : cuts) {
    for (std::size_t i = cut.start; i < cut.end; ++i) {
      if (!arrived[i]) marked_bytes[i] = cut.marked;
      arrived[i] = true;
    }
    world.arrive(peer, cut.start, cut.end, cut.marked);
    if (!eager_reader) continue;
    const auto more = world.read_all(got);
    records.insert(records.end(), more.begin(), more.end());
  }
  const auto more = world.read_all(got);
  records.insert(records.end(), more.begin(), more.end());

  RC_ASSERT(got == peer.plaintext);
  RC_ASSERT(records.size() == peer.starts.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    const std::size_t end = i + 1 < records.size() ? peer.starts[i + 1] : size;
    RC_ASSERT(records[i].stream_offset == peer.starts[i]);
    RC_ASSERT(records[i].number == number + i);
    RC_ASSERT(records[i].wire_length == end - peer.starts[i]);
    RC_ASSERT(records[i].offload == expected_offload(marked_bytes, peer.starts[i], end));
  }
  RC_ASSERT(world.host.tls_stat()[TlsCounter::decrypt_error] == 0u);
  RC_ASSERT(world.socket.receive_queue().available() == 0u);
}

TEST_CASE("Every mix of marks delivers the same plaintext") {
  const auto version = GENERATE(TlsVersion::tls12, TlsVersion::tls13);
  const auto cipher = GENERATE(TlsCipher::aes_gcm_128, TlsCipher::aes_gcm_256);
  REQUIRE(rc::check([=] { check_marks(version, cipher); }));
}

TEST_CASE("ChaCha20-Poly1305 mixes too, should a device take it") {
  REQUIRE(rc::check([] { check_marks(TlsVersion::tls12, TlsCipher::chacha20_poly1305); }));
}

// The two figures of the Linux document, as measured in facts 6.1. A segment is 1000 bytes.
std::vector<RecordOffload> offloads(const std::vector<std::size_t>& record_starts,
                                    const std::vector<Cut>& segments) {
  const TrafficKeys keys = test::test_keys(TlsVersion::tls12, TlsCipher::aes_gcm_128);
  test::Peer peer(keys);
  for (std::size_t i = 0; i + 1 < record_starts.size(); ++i)
    peer.send_data(record_starts[i + 1] - record_starts[i] - 29);
  test::World world;
  REQUIRE(world.socket.set_tls_rx({keys, 0}) == 0);
  for (const Cut& segment : segments)
    world.arrive(peer, segment.start, segment.end, segment.marked);
  std::vector<std::uint8_t> got;
  std::vector<RecordOffload> result;
  for (const RecordInfo& info : world.read_all(got)) result.push_back(info.offload);
  REQUIRE(got == peer.plaintext);
  return result;
}

TEST_CASE("Reorder of a non-header segment costs two records") {
  const std::vector<std::size_t> records = {0, 480, 2470, 4470, 5000};
  const std::vector<Cut> arrivals = {{0, 1000, true},
                                     {2000, 3000, false},
                                     {3000, 4000, true},
                                     {4000, 5000, true},
                                     {1000, 2000, false}};
  REQUIRE(offloads(records, arrivals) ==
          std::vector<RecordOffload>{RecordOffload::entirely, RecordOffload::partially,
                                     RecordOffload::partially, RecordOffload::entirely});
}

TEST_CASE("Reorder of a segment with a header costs all until resync") {
  const std::vector<std::size_t> records = {0, 480, 1440, 3510, 5000};
  const std::vector<Cut> arrivals = {{0, 1000, true},
                                     {2000, 3000, false},
                                     {3000, 4000, false},
                                     {4000, 5000, false},
                                     {1000, 2000, false}};
  REQUIRE(offloads(records, arrivals) ==
          std::vector<RecordOffload>{RecordOffload::entirely, RecordOffload::partially,
                                     RecordOffload::not_offloaded, RecordOffload::not_offloaded});
}

}  // namespace
}  // namespace tlsnic::host
