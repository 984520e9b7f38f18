// From sends to records (facts 1.6, 2.3, 2.6).
#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/host_stack/ktls/tx_world.h"

namespace tlsnic::host {
namespace {

using test::ByteVector;
using test::TxWorld;

constexpr SendFlags more = {true, false};
constexpr SendFlags eor = {false, true};

struct Sender : TxWorld {
  explicit Sender(bool hardware, TlsVersion version = TlsVersion::tls12, TxSettings settings = {})
      : TxWorld(hardware, 1000, settings) {
    REQUIRE(tx->install(test::crypto_info(version, TlsCipher::aes_gcm_128, 3, nonce)) == 0);
  }

  // Plaintext sizes of the records so far, as their headers say.
  std::vector<std::size_t> sizes() const {
    std::vector<std::size_t> result;
    for (std::size_t at = 0; at < tcp.size();) {
      const std::size_t length = 5u + read_record_header(tcp.bytes.data() + at).length;
      const bool is_tls13 = tx->explicit_nonce() == nonce;
      result.push_back(length - (is_tls13 ? 22 : 29));
      at += length;
    }
    return result;
  }
  SendResult send(std::size_t size, SendFlags flags = {}) {
    return tx->send(test::some_bytes(size), flags);
  }

  static constexpr std::uint64_t nonce = 0xfffffffffffffffe;
};

using Sizes = std::vector<std::size_t>;

TEST_CASE("A record for the device: framing, plaintext, placeholder", "[tx]") {
  Sender world(true);
  const ByteVector data = test::some_bytes(10);
  for (int i = 0; i < 3; ++i) REQUIRE(world.tx->send(data).taken == 10);
  ByteVector expected;
  // The nonce is a counter of its own, and wraps.
  for (const std::uint64_t nonce : {Sender::nonce, Sender::nonce + 1, std::uint64_t{0}}) {
    ByteVector record = {23, 3, 3, 0, 34, 0, 0, 0, 0, 0, 0, 0, 0};
    store_be64(record.data() + 5, nonce);
    record.insert(record.end(), data.begin(), data.end());
    record.insert(record.end(), tag_placeholder.begin(), tag_placeholder.end());
    expected.insert(expected.end(), record.begin(), record.end());
  }
  REQUIRE(world.tcp.bytes == expected);
  REQUIRE(std::all_of(world.tcp.decrypted.begin(), world.tcp.decrypted.end(),
                      [](bool mark) { return mark; }));
  REQUIRE(world.tx->record_number() == 6);
}

TEST_CASE("In TLS 1.3 the type goes inside", "[tx]") {
  Sender world(true, TlsVersion::tls13);
  const ByteVector data = {24, 0, 0, 1, 0};
  REQUIRE(world.tx->send_control(record_handshake, data).taken == 5);
  ByteVector expected = {23, 3, 3, 0, 22, 24, 0, 0, 1, 0, 22};
  expected.insert(expected.end(), tag_placeholder.begin(), tag_placeholder.end());
  REQUIRE(world.tcp.bytes == expected);
}

TEST_CASE("TLS_SW shows neither plaintext nor placeholder to TCP, and no mark", "[tx]") {
  Sender world(false);
  const ByteVector data(200, 0x55);
  REQUIRE(world.tx->send(data).taken == 200);
  const ByteVector& sent = world.tcp.bytes;
  REQUIRE(std::search(sent.begin(), sent.end(), data.begin(), data.begin() + 8) == sent.end());
  REQUIRE(std::search(sent.begin(), sent.end(), tag_placeholder.begin(), tag_placeholder.end()) ==
          sent.end());
  REQUIRE(std::count(world.tcp.decrypted.begin(), world.tcp.decrypted.end(), true) == 0);
}

TEST_CASE("Large sends are cut at the payload limit", "[tx]") {
  const bool hardware = GENERATE(false, true);
  Sender world(hardware);
  REQUIRE(world.send(16384).taken == 16384);
  REQUIRE(world.send(40000).taken == 40000);
  REQUIRE(world.tx->set_max_payload(64) == 0);
  REQUIRE(world.send(130).taken == 130);
  REQUIRE(world.sizes() == Sizes{16384, 16384, 16384, 7232, 64, 64, 2});
  REQUIRE_FALSE(world.tcp.last_more);
}

TEST_CASE("TLS_TX_MAX_PAYLOAD_LEN checks its argument", "[tx]") {
  Sender tls12(false), tls13(false, TlsVersion::tls13), hardware(true);
  REQUIRE(tls12.tx->set_max_payload(63) == EINVAL);
  REQUIRE(tls13.tx->set_max_payload(62) == EINVAL);
  REQUIRE(tls13.tx->set_max_payload(63) == 0);
  REQUIRE(tls12.tx->set_max_payload(16385) == EINVAL);
  tls12.send(100, more);
  REQUIRE(tls12.tx->set_max_payload(1000) == EBUSY);
  // In TLS_HW the kernel looks at the wrong field: a record longer than the new limit is ended.
  hardware.send(100, more);
  REQUIRE(hardware.tx->set_max_payload(64) == 0);
  hardware.send(10);
  REQUIRE(hardware.sizes() == Sizes{100, 10});
}

TEST_CASE("MSG_MORE keeps a record open until it is full or a send ends it", "[tx]") {
  const bool hardware = GENERATE(false, true);
  Sender world(hardware);
  REQUIRE(world.send(100, more).taken == 100);
  REQUIRE(world.tcp.size() == 0);
  REQUIRE(world.tx->open_bytes() == 100);
  REQUIRE(world.send(50).taken == 50);
  REQUIRE(world.sizes() == Sizes{150});
  REQUIRE(world.send(16000, more).taken == 16000);
  REQUIRE(world.send(1000, more).taken == 1000);
  REQUIRE(world.sizes() == Sizes{150, 16384});
  REQUIRE(world.tx->open_bytes() == 616);
  REQUIRE(world.send(16384 - 616, more).taken == 16384 - 616);
  REQUIRE(world.sizes() == Sizes{150, 16384, 16384});
  REQUIRE(world.tcp.last_more);
}

TEST_CASE("MSG_EOR ends the record and the segment", "[tx]") {
  const bool hardware = GENERATE(false, true);
  Sender world(hardware);
  world.tcp.fences.clear();
  REQUIRE(world.send(10, {true, true}).error == EINVAL);
  world.send(20000, eor);
  REQUIRE(world.tcp.fences == std::set<std::size_t>{world.tcp.size()});
  REQUIRE(world.sizes() == Sizes{16384, 3616});
}

TEST_CASE("A control record flushes the open record first", "[tx]") {
  const bool hardware = GENERATE(false, true);
  Sender world(hardware);
  const ByteVector alert = {2, 20};
  REQUIRE(world.tx->send_control(record_alert, alert, more).error == EINVAL);
  world.send(30, more);
  REQUIRE(world.tx->send_control(record_alert, alert).taken == 2);
  REQUIRE(world.sizes() == Sizes{30, 2});
  REQUIRE(world.tcp.bytes[0] == record_application_data);
  REQUIRE(world.tcp.bytes[59] == record_alert);
  REQUIRE(world.tx->send_control(200, test::some_bytes(20000)).taken == 20000);  // any type
  REQUIRE(world.sizes() == Sizes{30, 2, 16384, 3616});
  REQUIRE(world.tcp.bytes[59 + 31] == 200);
}

TEST_CASE("Nothing to send: TLS_HW makes a record of it, TLS_SW does not", "[tx]") {
  Sender hardware(true), software(false);
  REQUIRE(hardware.send(0).error == 0);
  REQUIRE(software.send(0).error == 0);
  REQUIRE(hardware.sizes() == Sizes{0});
  REQUIRE(hardware.tcp.size() == 29);
  REQUIRE(software.tcp.size() == 0);
  hardware.send(5, more);
  software.send(5, more);
  hardware.send(0);
  software.send(0);
  REQUIRE(hardware.sizes() == Sizes{0, 5});
  REQUIRE(software.tcp.size() == 0);
  REQUIRE(software.tx->open_bytes() == 5);
}

std::vector<netdev::TxPiece> pages(std::size_t count, std::uint32_t size, ByteVector& content) {
  content = test::some_bytes(count * size);
  std::vector<netdev::TxPiece> result;
  for (std::size_t i = 0; i < count; ++i) {
    const std::shared_ptr<std::uint8_t[]> owner(new std::uint8_t[size]);
    std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(i * size), size, owner.get());
    result.push_back({owner, owner.get(), size});
  }
  return result;
}

TEST_CASE("Many small pages make short records", "[tx]") {
  TxSettings settings;
  settings.zerocopy_ro = true;
  Sender world(true, TlsVersion::tls12, settings);
  ByteVector content;
  // The header is a fragment, the tag will be one: 15 pages of 17 fragments.
  const auto made = pages(40, 10, content);
  REQUIRE(world.tx->send_pages(made).taken == 400);
  REQUIRE(world.sizes() == Sizes{150, 150, 100});
  REQUIRE(made[0].owner.use_count() > 1);  // referred to until acknowledged
  // With MSG_MORE a record of so many fragments is closed at once.
  REQUIRE(world.tx->send_pages(gsl::span<const netdev::TxPiece>(made).first(14), more).taken ==
          140);
  REQUIRE(world.sizes().size() == 3);
  REQUIRE(world.tx->send_pages(gsl::span<const netdev::TxPiece>(made).first(1), more).taken == 10);
  REQUIRE(world.sizes() == Sizes{150, 150, 100, 150});
  world.ack(world.tcp.size());
  world.tcp.pieces.clear();
  REQUIRE(made[20].owner.use_count() == 1);
}

TEST_CASE("Neighbouring pages are one fragment if they are held together", "[tx]") {
  TxSettings settings;
  settings.zerocopy_ro = true;
  Sender world(true, TlsVersion::tls12, settings);
  std::uint8_t memory[200] = {};
  const auto nothing = [](std::uint8_t*) {};
  const std::shared_ptr<std::uint8_t[]> first(memory, nothing), second(memory, nothing);
  const netdev::TxPiece pages[] = {
      {first, memory, 50}, {first, memory + 50, 50}, {second, memory + 100, 50}};
  REQUIRE(world.tx->send_pages(pages).taken == 150);
  REQUIRE(world.tcp.pieces.size() == 4);
  REQUIRE(world.tcp.pieces[1].size == 100);
  REQUIRE(second.use_count() == 4);  // here, in pages, on the list, in TCP
}

TEST_CASE("Without TLS_TX_ZEROCOPY_RO pages are copied", "[tx]") {
  Sender world(true);
  ByteVector content;
  const auto made = pages(40, 10, content);
  REQUIRE(world.tx->send_pages(made).taken == 400);
  REQUIRE(world.sizes() == Sizes{400});
  REQUIRE(made[0].owner.use_count() == 1);
  REQUIRE(std::equal(content.begin(), content.end(), world.tcp.bytes.begin() + 13));
}

TEST_CASE("A full TCP: the record waits, whole on the list, and nothing is taken after it",
          "[tx]") {
  const bool hardware = GENERATE(false, true);
  Sender world(hardware);
  world.tcp.room = 100;
  REQUIRE(world.send(20000).taken == 16384);
  REQUIRE(world.tcp.size() == 100);
  REQUIRE(world.tx->waits_for_room());
  REQUIRE(world.send(1).error == EAGAIN);
  REQUIRE(world.tx->send_control(record_alert, ByteVector{1, 0}).error == EAGAIN);
  if (hardware) REQUIRE(world.connection.tx->get_record(1000 + 16000)->length == 16384 + 29);
  world.tcp.room = 10000;
  REQUIRE_FALSE(world.tx->write_space());
  world.tcp.room = 10000;
  REQUIRE(world.tx->write_space());
  REQUIRE(world.sizes() == Sizes{16384});
  REQUIRE(world.send(3616).taken == 3616);
  REQUIRE(world.sizes() == Sizes{16384, 3616});
}

TEST_CASE("A file that changes under zero copy changes its retransmission", "[tx]") {
  TxSettings settings;
  settings.zerocopy_ro = true;
  Sender world(true, TlsVersion::tls12, settings);
  const std::shared_ptr<std::uint8_t[]> page(new std::uint8_t[100]());
  const netdev::TxPiece piece{page, page.get(), 100};
  REQUIRE(world.tx->send_pages({&piece, 1}).taken == 100);
  const auto first = world.transmit(0, 129, world.other);
  page[50] = 1;
  REQUIRE(world.transmit(0, 129, world.other) != first);
}

TEST_CASE("The record numbers end", "[tx]") {
  const bool hardware = GENERATE(false, true);
  TxWorld world(hardware);
  REQUIRE(world.tx->install(test::crypto_info(TlsVersion::tls13, TlsCipher::aes_gcm_256,
                                              0xfffffffffffffffd)) == 0);
  // Two records go out; the third would be ff..ff, after which the number wraps.
  REQUIRE(world.tx->send(test::some_bytes(40000)).taken == 32768);
  REQUIRE(world.tx->send(test::some_bytes(1)).error == EBADMSG);
  REQUIRE(world.tx->send_control(record_alert, ByteVector{1, 0}).error == EBADMSG);
  REQUIRE(world.tcp.size() == 2 * (16384 + 22));
}

TEST_CASE("An unknown version or cipher is refused", "[tx]") {
  TxWorld world(true);
  TxCryptoInfo info = test::crypto_info(TlsVersion::tls12, TlsCipher::aes_gcm_128);
  info.base.keys.version = static_cast<TlsVersion>(0x0302);
  REQUIRE(world.tx->install(info) == EINVAL);
  info = test::crypto_info(TlsVersion::tls12, static_cast<TlsCipher>(59));
  REQUIRE(world.tx->install(info) == EINVAL);
  REQUIRE(world.driver.log.empty());
}

}  // namespace
}  // namespace tlsnic::host
