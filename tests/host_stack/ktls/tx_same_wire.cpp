// R2: whatever is sent, acknowledged, cut and sent again, a segment that the fallback encrypts is
// what TLS_SW would have sent.
#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/host_stack/ktls/tx_world.h"

namespace tlsnic::host {
namespace {

using test::ByteVector;
using test::TxWorld;

struct Operation {
  enum Kind { data, control, pages } kind = data;
  ByteVector bytes;
  SendFlags flags;
  std::uint8_t type = 0;
};

Operation random_operation(std::uint32_t seed) {
  Operation operation;
  const auto size =
      *rc::gen::weightedOneOf<std::size_t>({{6, rc::gen::inRange<std::size_t>(1, 200)},
                                            {3, rc::gen::inRange<std::size_t>(1, 3000)},
                                            {1, rc::gen::inRange<std::size_t>(16000, 16385)},
                                            {1, rc::gen::inRange<std::size_t>(16385, 40000)},
                                            {1, rc::gen::just<std::size_t>(0)}});
  operation.bytes = test::some_bytes(size, seed);
  operation.kind = *rc::gen::weightedElement<Operation::Kind>(
      {{6, Operation::data}, {1, Operation::control}, {1, Operation::pages}});
  if (operation.kind == Operation::control)
    operation.type = *rc::gen::inRange<std::uint8_t>(20, 25);
  else
    operation.flags =
        *rc::gen::element(SendFlags{}, SendFlags{true, false}, SendFlags{false, true});
  // An empty send is where the two modes differ (facts 1.6), tested elsewhere.
  if (size == 0) operation.bytes.push_back(1);
  return operation;
}

void apply(TxWorld& world, const Operation& operation, std::size_t room) {
  if (operation.kind == Operation::control) {
    while (world.tx->send_control(operation.type, operation.bytes).taken == 0) {
      world.tcp.room = room;
      world.tx->write_space();
    }
    // Of a long one, the rest goes as another control record: the same in both modes.
  } else if (operation.kind == Operation::pages) {
    const std::shared_ptr<std::uint8_t[]> owner(new std::uint8_t[operation.bytes.size()]);
    std::copy(operation.bytes.begin(), operation.bytes.end(), owner.get());
    std::size_t taken = 0;
    while (taken < operation.bytes.size()) {
      const netdev::TxPiece page{owner, owner.get() + taken,
                                 static_cast<std::uint32_t>(operation.bytes.size() - taken)};
      taken += world.tx->send_pages({&page, 1}, operation.flags).taken;
      world.tcp.room = std::max(world.tcp.room, room);
      world.tx->write_space();
    }
  } else {
    world.send_all(operation.bytes, operation.flags, room);
  }
  while (world.tx->waits_for_room()) {
    world.tcp.room = room;
    world.tx->write_space();
  }
}

// Any segment that TCP could make of [from, to).
std::pair<std::size_t, std::size_t> random_segment(const test::FakeTcp& tcp, std::size_t from,
                                                   std::size_t to) {
  const std::size_t start = *rc::gen::inRange(from, to);
  const std::size_t most = *rc::gen::element<std::size_t>(1, 20, 1448, 65535);
  const std::size_t end = std::min({tcp.run_end(start), to, start + most});
  return {start, *rc::gen::inRange(start, end) + 1};
}

void check_same_wire(TlsVersion version, TlsCipher cipher) {
  const auto number = *rc::gen::arbitrary<std::uint32_t>();
  const TxCryptoInfo info =
      test::crypto_info(version, cipher, number, *rc::gen::arbitrary<std::uint64_t>());
  const auto sequence = *rc::gen::arbitrary<std::uint32_t>();
  TxSettings settings;
  settings.zerocopy_ro = *rc::gen::arbitrary<bool>();
  TxWorld hardware(true, sequence, settings);
  TxWorld software(false, sequence);
  const ByteVector before = test::some_bytes(*rc::gen::inRange<std::size_t>(1, 500), 99);
  hardware.tcp.write_plain(before);
  software.tcp.write_plain(before);
  RC_ASSERT(hardware.tx->install(info) == 0);
  RC_ASSERT(software.tx->install(info) == 0);
  RC_ASSERT(hardware.tx->is_hardware());
  const std::size_t room = *rc::gen::element<std::size_t>(1000, 20000, std::size_t{1} << 40);
  if (room < 100000) hardware.tcp.room = software.tcp.room = room;

  const int operations = *rc::gen::inRange(1, 12);
  const int down_after = *rc::gen::inRange(0, 20);
  for (int i = 0; i < operations; ++i) {
    const Operation operation = random_operation(static_cast<std::uint32_t>(i) + 5);
    apply(hardware, operation, room);
    apply(software, operation, room);
    RC_ASSERT(hardware.tcp.size() == software.tcp.size());
    if (i == down_after) hardware.tx->device_down();

    for (int j = *rc::gen::inRange(0, 6); j > 0 && hardware.tcp.acked < hardware.tcp.size(); --j) {
      const auto [start, end] =
          random_segment(hardware.tcp, hardware.tcp.acked, hardware.tcp.size());
      const auto sent = hardware.transmit(start, end, hardware.other);
      RC_ASSERT(sent.has_value());
      RC_ASSERT(std::equal(sent->begin(), sent->end(),
                           software.tcp.bytes.begin() + static_cast<std::ptrdiff_t>(start)));
      // Its own device gets the plaintext, as long as it is there.
      const auto skb =
          hardware.tx->validate_xmit_skb(hardware.tcp.segment(start, end), hardware.nic);
      RC_ASSERT(skb.has_value());
      RC_ASSERT(skb->decrypted == (i < down_after && start >= before.size()));
      if (*rc::gen::inRange(0, 4) == 0 && end > hardware.tcp.acked) {
        hardware.ack(*rc::gen::inRange(hardware.tcp.acked, end) + 1);
        software.ack(hardware.tcp.acked);
      }
    }
  }
}

TEST_CASE("The fallback's bytes are those of TLS_SW", "[tx]") {
  const auto version = GENERATE(TlsVersion::tls12, TlsVersion::tls13);
  const auto cipher = GENERATE(TlsCipher::aes_gcm_128, TlsCipher::aes_gcm_256);
  REQUIRE(rc::check([=] { check_same_wire(version, cipher); }));
}

}  // namespace
}  // namespace tlsnic::host
