// Group E of the kernel's self-tests (facts 5.1): new keys on a connection (facts 2.10).
#include "tests/host_stack/syscalls/ktls_threads.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

constexpr std::uint8_t handshake_type = 22;
// RFC 8446, section 4.6.3: type, length, update_not_requested.
const std::vector<std::uint8_t> key_update{24, 0, 0, 1, 0};

Variation any_tls13() {
  return any_variation([](const Variant& variant) { return variant.is_tls13(); });
}
Variation any_tls12() {
  return any_variation([](const Variant& variant) { return !variant.is_tls13(); });
}

int set_sender(const KtlsPair& pair, std::uint8_t generation) {
  return pair.sender.set_tls(TLS_TX, crypto_info(pair.variation.variant, generation));
}
int set_receiver(const KtlsPair& pair, std::uint8_t generation) {
  return pair.receiver.set_tls(TLS_RX, crypto_info(pair.variation.variant, generation));
}

// The KeyUpdate, then its key for what comes after it.
void update_sender(const KtlsPair& pair, std::uint8_t generation = 1) {
  REQUIRE(pair.sender.send_control(handshake_type, key_update) == 5);
  REQUIRE(set_sender(pair, generation) == 0);
}

void check_key_update(const KtlsPair& pair, int flags = 0) {
  const Received got = pair.receiver.recvmsg(100, flags);
  CHECK(got.data == key_update);
  CHECK(got.type == handshake_type);
}

int splice_error(const KtlsPair& pair, const PipeEnds& pipe) {
  return error_of(
      pair.receiver.process.splice(pair.receiver.fd, nullptr, pipe.write_end, nullptr, 1000, 0));
}

std::vector<std::uint8_t> keys_of(const End& end, int option, std::size_t size) {
  std::vector<std::uint8_t> out(size);
  auto length = static_cast<socklen_t>(size);
  REQUIRE(end.process.getsockopt(end.fd, SOL_TLS, option, out.data(), &length) == 0);
  REQUIRE(length == size);
  return out;
}

}  // namespace

TEST_CASE("ktls: rekey: KeyUpdate, EKEYEXPIRED until the new key, then data under it") {
  const KtlsPair pair(any_tls13());
  const CountedSince sender(pair.sender);
  const CountedSince receiver(pair.receiver);
  CHECK(pair.sender.send("before") == 6);
  CHECK(pair.receiver.recv(6, MSG_WAITALL).data == bytes_of("before"));
  update_sender(pair);
  CHECK(pair.sender.send("after") == 5);

  CHECK(pair.receiver.recv(100).error == EIO);
  check_key_update(pair);
  CHECK(receiver[TlsCounter::rx_rekey_received] == 1);
  CHECK(pair.receiver.recv(100).error == EKEYEXPIRED);
  CHECK(pair.receiver.recv(100, MSG_DONTWAIT).error == EKEYEXPIRED);
  CHECK(pair.receiver.recvmsg(100).error == EKEYEXPIRED);

  CHECK(set_receiver(pair, 1) == 0);
  CHECK(pair.receiver.recv(100).data == bytes_of("after"));
  CHECK(receiver[TlsCounter::rx_rekey_received] == 1);
  CHECK(receiver[TlsCounter::rx_rekey_ok] == 1);
  CHECK(sender[TlsCounter::tx_rekey_ok] == 1);
}

TEST_CASE("ktls: rekey: thirty times, with data before and after") {
  const KtlsPair pair(any_tls13());
  const CountedSince sender(pair.sender);
  const CountedSince receiver(pair.receiver);
  for (std::uint8_t generation = 1; generation <= 30; ++generation) {
    INFO("generation " << int{generation});
    const auto old_data = random_bytes(5000, generation);
    const auto new_data = random_bytes(2000, generation + 100U);
    REQUIRE(pair.sender.send(old_data) == 5000);
    update_sender(pair, generation);
    REQUIRE(pair.sender.send(new_data) == 2000);
    REQUIRE((pair.receiver.recv(old_data.size(), MSG_WAITALL).data == old_data));
    check_key_update(pair);
    REQUIRE(set_receiver(pair, generation) == 0);
    REQUIRE((pair.receiver.recv(new_data.size(), MSG_WAITALL).data == new_data));
  }
  CHECK(receiver[TlsCounter::decrypt_error] == 0);
  CHECK(receiver[TlsCounter::rx_rekey_received] == 30);
  CHECK(receiver[TlsCounter::rx_rekey_ok] == 30);
  CHECK(sender[TlsCounter::tx_rekey_ok] == 30);
}

TEST_CASE("ktls: rekey_fail: TLS 1.2 has no second key: EBUSY") {
  const KtlsPair pair(any_tls12());
  const CountedSince sender(pair.sender);
  const CountedSince receiver(pair.receiver);
  CHECK(set_sender(pair, 1) == EBUSY);
  CHECK(set_receiver(pair, 1) == EBUSY);
  CHECK(sender[TlsCounter::tx_rekey_error] == 1);
  CHECK(receiver[TlsCounter::rx_rekey_error] == 1);
  CHECK(pair.sender.send("as before") == 9);
  CHECK(pair.receiver.recv(100).data == bytes_of("as before"));
}

TEST_CASE("ktls: rekey_fail: version and cipher stay: EINVAL, and the old key is unaffected") {
  const KtlsPair pair(any_tls13());
  const CountedSince sender(pair.sender);
  const CountedSince receiver(pair.receiver);
  Variant other_version = pair.variation.variant;
  other_version.version = TLS_1_2_VERSION;
  Variant other_cipher = pair.variation.variant;
  other_cipher.cipher = other_cipher.cipher == TLS_CIPHER_AES_GCM_256 ? TLS_CIPHER_AES_GCM_128
                                                                      : TLS_CIPHER_AES_GCM_256;
  for (const Variant& other : {other_version, other_cipher}) {
    CHECK(pair.sender.set_tls(TLS_TX, crypto_info(other, 1)) == EINVAL);
    CHECK(pair.receiver.set_tls(TLS_RX, crypto_info(other, 1)) == EINVAL);
  }
  CHECK(sender[TlsCounter::tx_rekey_error] == 2);
  CHECK(receiver[TlsCounter::rx_rekey_error] == 2);
  CHECK(pair.sender.send("as before") == 9);
  CHECK(pair.receiver.recv(100).data == bytes_of("as before"));

  // Nor is the next update.
  update_sender(pair);
  check_key_update(pair);
  CHECK(pair.receiver.set_tls(TLS_RX, crypto_info(other_cipher, 1)) == EINVAL);
  CHECK(pair.receiver.recv(100).error == EKEYEXPIRED);
  CHECK(set_receiver(pair, 1) == 0);
  CHECK(pair.sender.send("after") == 5);
  CHECK(pair.receiver.recv(100).data == bytes_of("after"));
}

TEST_CASE("ktls: rekey_peek: data, then the KeyUpdate, are peeked before they are read") {
  const KtlsPair pair(any_tls13());
  CHECK(pair.sender.send("before") == 6);
  update_sender(pair);
  CHECK(pair.sender.send("after") == 5);

  CHECK(pair.receiver.recv(100, MSG_PEEK).data == bytes_of("before"));
  CHECK(pair.receiver.recv(100).data == bytes_of("before"));
  check_key_update(pair, MSG_PEEK);
  // It was decrypted: nothing but itself can be read any more.
  check_key_update(pair, MSG_PEEK);
  check_key_update(pair);
  CHECK(pair.receiver.recv(100, MSG_PEEK).error == EKEYEXPIRED);
  CHECK(set_receiver(pair, 1) == 0);
  CHECK(pair.receiver.recv(100, MSG_PEEK).data == bytes_of("after"));
  CHECK(pair.receiver.recv(100).data == bytes_of("after"));
}

TEST_CASE("ktls: splice_rekey: EINVAL for the KeyUpdate, then EKEYEXPIRED") {
  const KtlsPair pair(any_tls13());
  const PipeEnds pipe(pair.receiver.process);
  CHECK(pair.sender.send("before") == 6);
  CHECK(splice_error(pair, pipe) == 0);
  CHECK(pipe.read(100) == bytes_of("before"));
  update_sender(pair);
  CHECK(pair.sender.send("after") == 5);
  CHECK(splice_error(pair, pipe) == EINVAL);
  check_key_update(pair);
  CHECK(splice_error(pair, pipe) == EKEYEXPIRED);
  CHECK(set_receiver(pair, 1) == 0);
  CHECK(splice_error(pair, pipe) == 0);
  CHECK(pipe.read(100) == bytes_of("after"));
}

TEST_CASE("ktls: rekey_peek_splice: what was peeked before the KeyUpdate is spliced") {
  const KtlsPair pair(any_tls13());
  const PipeEnds pipe(pair.receiver.process);
  CHECK(pair.sender.send("before") == 6);
  update_sender(pair);
  CHECK(pair.sender.send("after") == 5);
  CHECK(pair.receiver.recv(100, MSG_PEEK).data == bytes_of("before"));
  CHECK(splice_error(pair, pipe) == 0);
  CHECK(pipe.read(100) == bytes_of("before"));
  check_key_update(pair);
  CHECK(splice_error(pair, pipe) == EKEYEXPIRED);
}

TEST_CASE("ktls: rekey_getsockopt: what was set last is what getsockopt() gives") {
  const KtlsPair pair(any_variation());
  CryptoInfo info = crypto_info(pair.variation.variant, 0);
  CHECK(keys_of(pair.sender, TLS_TX, info.bytes.size()) == info.bytes);
  CHECK(keys_of(pair.receiver, TLS_RX, info.bytes.size()) == info.bytes);
  if (!pair.variation.variant.is_tls13()) return;

  update_sender(pair);
  check_key_update(pair);
  // The KeyUpdate had number 0.
  info.set_record_number(1);
  CHECK(keys_of(pair.receiver, TLS_RX, info.bytes.size()) == info.bytes);
  info = crypto_info(pair.variation.variant, 1);
  CHECK(keys_of(pair.sender, TLS_TX, info.bytes.size()) == info.bytes);
  CHECK(set_receiver(pair, 1) == 0);
  CHECK(keys_of(pair.receiver, TLS_RX, info.bytes.size()) == info.bytes);
}

TEST_CASE("ktls: rekey_poll_pending: no POLLIN while the key is due; setting it wakes who polls") {
  const KtlsPair pair(any_tls13());
  update_sender(pair);
  CHECK(pair.sender.send("after") == 5);
  CHECK(polled(pair.receiver, POLLIN, 20) == POLLIN);
  check_key_update(pair);
  CHECK(polled(pair.receiver, POLLIN, 20) == 0);

  int events = -1;
  std::uint64_t returned_at = 0;
  Threads threads;
  threads.start([&] {
    events = polled(pair.receiver, POLLIN, -1);
    returned_at = now_ns();
  });
  pair.receiver.process.sleep_ns(50 * ms);
  CHECK(returned_at == 0);
  const std::uint64_t set_at = now_ns();
  CHECK(set_receiver(pair, 1) == 0);
  threads.join();
  CHECK(events == POLLIN);
  CHECK(returned_at >= set_at);
  CHECK(returned_at < set_at + 1 * ms);
  CHECK(pair.receiver.recv(100).data == bytes_of("after"));
}

TEST_CASE("ktls: rekey_poll_delay: with the new key and no data yet, a poll goes on waiting") {
  const KtlsPair pair(any_tls13());
  update_sender(pair);
  check_key_update(pair);
  int events = -1;
  std::uint64_t returned_at = 0;
  Threads threads;
  threads.start([&] {
    events = polled(pair.receiver, POLLIN, -1);
    returned_at = now_ns();
  });
  pair.receiver.process.sleep_ns(50 * ms);
  CHECK(set_receiver(pair, 1) == 0);
  pair.receiver.process.sleep_ns(50 * ms);
  CHECK(returned_at == 0);
  const std::uint64_t sent_at = now_ns();
  CHECK(pair.sender.send("after") == 5);
  threads.join();
  CHECK(events == POLLIN);
  CHECK(returned_at > sent_at);
  CHECK(returned_at < sent_at + 1 * ms);
  CHECK(pair.receiver.recv(100).data == bytes_of("after"));
}

TEST_CASE("ktls: rekey: a reader that waits for data gets EKEYEXPIRED after the KeyUpdate") {
  const KtlsPair pair(any_tls13());
  Received got;
  Threads threads;
  REQUIRE(pair.sender.send_control(handshake_type, key_update) == 5);
  pair.settle();
  check_key_update(pair);
  threads.start([&] { got = pair.receiver.recv(100); });
  threads.join();
  CHECK(got.error == EKEYEXPIRED);
}

TEST_CASE("ktls: rekey: a KeyUpdate stops a TLS 1.2 receiver for good") {
  const KtlsPair pair(any_tls12());
  CHECK(pair.sender.send_control(handshake_type, key_update) == 5);
  CHECK(pair.sender.send("never read") == 10);
  check_key_update(pair);
  CHECK(pair.receiver.recv(100).error == EKEYEXPIRED);
  CHECK(set_receiver(pair, 1) == EBUSY);
  CHECK(pair.receiver.recv(100).error == EKEYEXPIRED);
  CHECK(polled(pair.receiver, POLLIN, 5) == 0);
}
