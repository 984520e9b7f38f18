// What a send does that is not simply taken (facts 1.6, 2.3, 2.6), in TLS_SW and in TLS_HW.
#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/host_stack/ktls/tx_world.h"

namespace tlsnic::host {
namespace {

using test::ByteVector;
using test::TxWorld;
using Sizes = std::vector<std::size_t>;

constexpr SendFlags more = {true, false, false};
constexpr SendFlags faulty = {false, false, true};
constexpr SendFlags faulty_more = {true, false, true};

struct Records : TxWorld {
  explicit Records(bool hardware, TxSettings settings = {}, std::uint64_t number = 0)
      : TxWorld(hardware, 1000, settings) {
    REQUIRE(tx->install(test::crypto_info(TlsVersion::tls12, TlsCipher::aes_gcm_128, number)) == 0);
  }
  Sizes sizes() const {
    Sizes result;
    for (std::size_t at = 0; at < tcp.size(); at += 29 + result.back())
      result.push_back(read_record_header(tcp.bytes.data() + at).length - 24u);
    return result;
  }
  SendResult send(std::size_t size, SendFlags flags = {}) {
    return tx->send(test::some_bytes(size), flags);
  }
};

TEST_CASE("sendmsg_fragmented: many buffers are one send", "[send]") {
  const bool hardware = GENERATE(false, true);
  const std::size_t count = GENERATE(1, 2, 17, 64, 1024);
  Records world(hardware), whole(hardware);
  const ByteVector data = test::some_bytes(count * 33);
  std::vector<Bytes> parts;
  for (std::size_t i = 0; i < count; ++i) {
    parts.push_back(Bytes(data).subspan(i * 33, 33));
    parts.push_back(Bytes{});
  }
  REQUIRE(world.tx->send(parts).taken == data.size());
  REQUIRE(whole.tx->send(data).taken == data.size());
  REQUIRE(world.tcp.bytes == whole.tcp.bytes);
  REQUIRE(world.tx->send_control(record_alert, gsl::span<const Bytes>(parts)).taken == data.size());
  REQUIRE(whole.tx->send_control(record_alert, data).taken == data.size());
  REQUIRE(world.tcp.bytes == whole.tcp.bytes);
}

TEST_CASE("Record number ff..ff: EBADMSG, for the socket too, and nothing on the wire", "[send]") {
  const bool hardware = GENERATE(false, true);
  Records world(hardware, {}, ~std::uint64_t{0});
  REQUIRE(world.send(10).error == EBADMSG);
  REQUIRE(world.tcp.reported == std::vector<int>{EBADMSG});
  REQUIRE(world.send(10).error == EBADMSG);
  REQUIRE(world.tcp.size() == 0);
}

TEST_CASE("A new key begins with new numbers", "[send]") {
  TxWorld world(false);
  const auto key = [](std::uint64_t number) {
    return test::crypto_info(TlsVersion::tls13, TlsCipher::aes_gcm_128, number);
  };
  REQUIRE(world.tx->install(key(~std::uint64_t{0})) == 0);
  REQUIRE(world.tx->send(test::some_bytes(10)).error == EBADMSG);
  REQUIRE(world.tx->rekey(key(5)) == 0);
  REQUIRE(world.tx->send(test::some_bytes(10)).taken == 10);
  REQUIRE(world.tx->record_number() == 6);
}

TEST_CASE("A pending sk_err is returned, and stays", "[send]") {
  const bool hardware = GENERATE(false, true);
  Records world(hardware);
  world.tcp.pending_error = ECONNRESET;
  REQUIRE(world.send(10).error == ECONNRESET);
  REQUIRE(world.tx->send_control(record_alert, test::some_bytes(2)).error == ECONNRESET);
  REQUIRE(world.tcp.pending_error == ECONNRESET);
  // Where there is nothing to send, TLS_SW does not look.
  REQUIRE(world.send(0).error == (hardware ? ECONNRESET : 0));
  world.tx->shutdown();
  REQUIRE(world.send(10).error == ECONNRESET);
  world.tcp.pending_error = 0;
  REQUIRE(world.send(10).error == EPIPE);
}

TEST_CASE("shutdown: EPIPE; TlsCurrTx goes down at close()", "[send]") {
  const bool hardware = GENERATE(false, true);
  const TlsCounter open = hardware ? TlsCounter::curr_tx_device : TlsCounter::curr_tx_sw;
  Records world(hardware);
  world.send(10, more);
  world.tx->shutdown();
  REQUIRE(world.send(10).error == EPIPE);
  REQUIRE(world.tx->open_bytes() == 0);
  REQUIRE(world.stat[open] == 1);
  world.tx->close();
  world.tx->close();
  REQUIRE(world.stat[open] == 0);
}

TEST_CASE("No room: TLS_SW does not begin a record, TLS_HW builds one", "[send]") {
  const bool hardware = GENERATE(false, true);
  Records world(hardware);
  world.tcp.room = 0;
  const SendResult result = world.send(10);
  REQUIRE(result.error == (hardware ? 0 : EAGAIN));
  REQUIRE(result.taken == (hardware ? 10 : 0));
  REQUIRE(world.send(10).error == EAGAIN);
  REQUIRE(world.send(10, more).error == EAGAIN);
  world.tcp.room = 1000;
  REQUIRE(world.tx->write_space());
  REQUIRE(world.sizes() == (hardware ? Sizes{10} : Sizes{}));
}

TEST_CASE("EFAULT after some bytes: TLS_HW sends what it has, TLS_SW whole records only",
          "[send]") {
  const bool hardware = GENERATE(false, true);
  Records world(hardware);
  REQUIRE(world.send(16384 + 100, faulty).taken == (hardware ? 16484 : 16384));
  REQUIRE(world.sizes() == (hardware ? Sizes{16384, 100} : Sizes{16384}));
  REQUIRE(world.tx->open_bytes() == 0);
  const SendResult result = world.send(50, faulty);
  REQUIRE(result.error == EFAULT);
  REQUIRE(result.taken == (hardware ? 50 : 0));
  REQUIRE(world.send(0, faulty).error == EFAULT);
  REQUIRE(world.tx->open_bytes() == 0);
  // The bad address is the first byte of the second record.
  REQUIRE(world.send(16384, faulty).taken == 16384);
}

TEST_CASE("EFAULT beside an open record", "[send]") {
  const bool hardware = GENERATE(false, true);
  Records world(hardware);
  REQUIRE(world.send(30, more).taken == 30);
  REQUIRE(world.send(20, faulty_more).taken == (hardware ? 20 : 0));
  REQUIRE(world.tx->open_bytes() == (hardware ? 50 : 30));
  REQUIRE(world.tcp.size() == 0);
  REQUIRE(world.send(7, faulty).error == EFAULT);
  REQUIRE(world.sizes() == (hardware ? Sizes{57} : Sizes{}));
  REQUIRE(world.send(5).taken == 5);
  REQUIRE(world.sizes() == (hardware ? Sizes{57, 5} : Sizes{35}));
}

TEST_CASE("EFAULT in a control record: none of it is sent", "[send]") {
  const bool hardware = GENERATE(false, true);
  Records world(hardware);
  const SendResult result = world.tx->send_control(record_alert, test::some_bytes(10), faulty);
  REQUIRE(result.error == EFAULT);
  REQUIRE(result.taken == 0);
  REQUIRE(world.tcp.size() == 0);
  REQUIRE(world.send(5).taken == 5);
  REQUIRE(world.tcp.bytes[0] == record_application_data);
}

TEST_CASE("ENOMEM: what MSG_MORE left stays, and nothing of this call", "[send]") {
  const bool hardware = GENERATE(false, true);
  TxMemoryPool pool;
  TxSettings settings;
  settings.memory = &pool;
  {
    Records world(hardware, settings);
    const ByteVector kept = test::some_bytes(1000, 7);
    REQUIRE(world.tx->send(kept, more).taken == 1000);
    REQUIRE(*pool.used == TxMemory::chunk_size);
    // The records of this fill the chunk up.
    REQUIRE(world.send(16384 - 1000).taken == 16384 - 1000);
    REQUIRE(world.tx->send(kept, more).taken == 1000);
    pool.limit = 0;
    SendResult result;
    std::size_t sent = 0;
    for (int i = 0; i < 100 && result.error == 0; ++i) {
      if (result = world.send(500, more); result.error == 0) sent += result.taken;
    }
    REQUIRE(result.error == ENOMEM);
    const std::size_t open = world.tx->open_bytes();
    const Sizes before = world.sizes();
    REQUIRE(open > 0);
    REQUIRE(world.send(100000).error == ENOMEM);
    REQUIRE(world.tx->open_bytes() == open);
    REQUIRE(world.tx->send_control(record_alert, test::some_bytes(1)).taken <= 1);  // flushes
    REQUIRE(world.sizes().size() > before.size());
    REQUIRE(world.sizes()[before.size()] == open);
    pool.limit = SIZE_MAX;
    REQUIRE(world.send(10).taken == 10);
    REQUIRE(sent > 0);
  }
  REQUIRE(*pool.used == 0);
}

TEST_CASE("What was cut off after a failure does not get into the record", "[send]") {
  const bool hardware = GENERATE(false, true);
  TxMemoryPool pool;
  TxSettings settings;
  settings.memory = &pool;
  Records world(hardware, settings), other(hardware);
  const ByteVector data = test::some_bytes(16384);
  for (int i = 0; i < 3; ++i) {
    world.tx->send(data);
    other.tx->send(data);
  }
  pool.limit = 0;
  const ByteVector first = test::some_bytes(300, 2), last = test::some_bytes(200, 3);
  REQUIRE(world.tx->send(first, more).taken == 300);
  SendResult result;
  for (int i = 0; i < 10 && result.error == 0; ++i)
    result = world.tx->send(test::some_bytes(16000, 9), faulty_more);
  REQUIRE(result.error != 0);
  pool.limit = SIZE_MAX;
  if (world.tx->open_bytes() == 300) {  // TLS_SW, or no memory
    REQUIRE(other.tx->send(first, more).taken == 300);
    REQUIRE(world.tx->send(last).taken == 200);
    REQUIRE(other.tx->send(last).taken == 200);
    REQUIRE(world.tcp.bytes == other.tcp.bytes);
  } else {
    REQUIRE(hardware);
  }
}

TEST_CASE("splice_eof ends what is open", "[send]") {
  const bool hardware = GENERATE(false, true);
  Records world(hardware);
  REQUIRE(world.tx->splice_eof().error == 0);
  REQUIRE(world.tcp.size() == 0);
  world.send(100, more);
  REQUIRE(world.tx->splice_eof().error == 0);
  REQUIRE(world.sizes() == Sizes{100});
  world.tcp.room = 50;
  REQUIRE(world.send(100).taken == 100);
  REQUIRE(world.tx->splice_eof().error == (hardware ? EAGAIN : 0));
  world.tcp.room = 1000;
  REQUIRE(world.tx->splice_eof().error == 0);
  // In TLS_HW an empty record follows the one that waited.
  REQUIRE(world.sizes() == (hardware ? Sizes{100, 100, 0} : Sizes{100, 100}));
}

TEST_CASE("TLS_TX_ZEROCOPY_RO may be switched", "[send]") {
  Records world(true);
  const std::shared_ptr<std::uint8_t[]> page(new std::uint8_t[100]());
  const netdev::TxPiece piece{page, page.get(), 100};
  REQUIRE_FALSE(world.tx->zerocopy_ro());
  world.tx->send_pages({&piece, 1});
  REQUIRE(page.use_count() == 2);
  world.tx->set_zerocopy_ro(true);
  REQUIRE(world.tx->zerocopy_ro());
  world.tx->send_pages({&piece, 1});
  REQUIRE(page.use_count() > 2);
  REQUIRE(world.sizes() == Sizes{100, 100});
}

TEST_CASE("tls_12_tx_max_payload_len", "[send]") {
  const bool hardware = GENERATE(false, true);
  Records world(hardware);
  REQUIRE(world.tx->max_payload() == 16384);
  REQUIRE(world.tx->set_max_payload(128) == 0);
  REQUIRE(world.tx->max_payload() == 128);
  world.send(300);
  REQUIRE(world.sizes() == Sizes{128, 128, 44});
  world.send(64, more);
  REQUIRE(world.tx->set_max_payload(256) == (hardware ? 0 : EBUSY));
  REQUIRE(world.tx->max_payload() == (hardware ? 256 : 128));
}

}  // namespace
}  // namespace tlsnic::host
