// Group G of the kernel's self-tests (facts 5.1), "tls_err": ciphertext from one connection is
// passed on to another, not always as it was. epoll is none of our system calls.
#include <sys/time.h>

#include "tests/host_stack/syscalls/ktls_threads.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

Variation any_variation_of_group() {
  const Variant variant = GENERATE(tls12_aes_gcm, tls13_aes_gcm);
  return {variant, any_mode()};
}

// Two connections: what is sent by the first one's sender comes out of it as ciphertext; what is
// given to the second one's sender is plain bytes to it and records to its receiver.
struct Relay {
  explicit Relay(const Variation& v)
      : variation(v), first(v.mode), second(v.mode, AF_INET, v.name()) {
    REQUIRE(first.sender.set_ulp() == 0);
    REQUIRE(first.sender.set_tls(TLS_TX, crypto_info(v.variant)) == 0);
    REQUIRE(second.receiver.set_ulp() == 0);
    REQUIRE(second.receiver.set_tls(TLS_RX, crypto_info(v.variant)) == 0);
    first.settle();
  }

  // The record of this text, on the wire.
  std::vector<std::uint8_t> record(Bytes text, std::uint8_t type = 23) const {
    const long sent = type == 23 ? first.sender.send(text) : first.sender.send_control(type, text);
    REQUIRE(sent == static_cast<long>(text.size()));
    first.settle();
    const auto out = first.receiver.recv(20'000, MSG_DONTWAIT).data;
    REQUIRE(out.size() == text.size() + (variation.variant.is_tls13() ? 22 : 29));
    return out;
  }
  void pass_on(Bytes bytes) const {
    REQUIRE(second.sender.send(bytes) == static_cast<long>(bytes.size()));
    second.settle();
  }
  std::uint64_t decrypt_errors() const {
    return second.receiver.process.host().tls_stat()[TlsCounter::decrypt_error];
  }

  Variation variation;
  TcpPair first;
  TcpPair second;
  const End& reader = second.receiver;
};

void append(std::vector<std::uint8_t>& bytes, const std::vector<std::uint8_t>& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

}  // namespace

TEST_CASE("ktls: bad_rec: 64 bytes of 0x55 are EMSGSIZE once, then EAGAIN") {
  const Relay relay(any_variation_of_group());
  relay.pass_on(std::vector<std::uint8_t>(64, 0x55));
  CHECK(relay.reader.recv(100).error == EMSGSIZE);
  CHECK(relay.reader.recv(100, MSG_DONTWAIT).error == EAGAIN);
}

TEST_CASE("ktls: bad_auth: a record that does not decrypt is EBADMSG, each time") {
  const Relay relay(any_variation_of_group());
  auto record = relay.record(random_bytes(128));
  record.back() ^= 1;
  const std::uint64_t errors = relay.decrypt_errors();
  relay.pass_on(record);
  CHECK(relay.reader.recv(1000).error == EBADMSG);
  CHECK(relay.reader.recv(1000).error == EBADMSG);
  CHECK(relay.decrypt_errors() == errors + 2);
}

TEST_CASE("ktls: bad_in_large_read: two good records are returned, then EBADMSG twice") {
  const Relay relay(any_variation_of_group());
  const auto text = random_bytes(3 * 256);
  std::vector<std::uint8_t> wire;
  for (std::size_t i = 0; i < 3; ++i) append(wire, relay.record(Bytes(text).subspan(i * 256, 256)));
  wire.back() ^= 0xa5;
  relay.pass_on(wire);
  const auto got = relay.reader.recv(3 * 256, MSG_WAITALL).data;
  CHECK((got == std::vector<std::uint8_t>(text.begin(), text.begin() + 2 * 256)));
  CHECK(relay.reader.recv(3 * 256).error == EBADMSG);
  CHECK(relay.reader.recv(3 * 256).error == EBADMSG);
}

TEST_CASE("ktls: bad_cmsg: a broken control record after good data, the same") {
  const Relay relay(any_variation_of_group());
  const auto text = random_bytes(256);
  std::vector<std::uint8_t> wire = relay.record(text);
  append(wire, relay.record(bytes_of("control"), 100));
  wire.back() ^= 1;
  relay.pass_on(wire);
  CHECK((relay.reader.recv(1000).data == text));
  CHECK(relay.reader.recv(1000).error == EBADMSG);
  CHECK(relay.reader.recvmsg(1000).error == EBADMSG);
}

TEST_CASE("ktls: timeo: SO_RCVTIMEO is EAGAIN for two readers, who wait one behind the other") {
  const Relay relay(any_variation_of_group());
  REQUIRE(relay.reader.set_option(SOL_SOCKET, SO_RCVTIMEO, timeval{0, 10'000}) == 0);
  const std::uint64_t began = now_ns();
  Received of_thread;
  Threads threads;
  threads.start([&] { of_thread = relay.reader.recv(100); });
  CHECK(relay.reader.recv(100).error == EAGAIN);
  CHECK(now_ns() - began >= 10 * ms);
  threads.join();
  CHECK(of_thread.result == -1);
  CHECK(of_thread.error == EAGAIN);
  // Nothing is broken.
  relay.pass_on(relay.record(bytes_of("text")));
  CHECK(relay.reader.recv(100).data == bytes_of("text"));
}

TEST_CASE("ktls: poll_partial_rec: 100 bytes of a record are no POLLIN, the rest is") {
  const Relay relay(any_variation_of_group());
  const auto text = random_bytes(256);
  const auto record = relay.record(text);
  relay.pass_on(Bytes(record).first(100));
  CHECK(polled(relay.reader, POLLIN, 1) == 0);
  CHECK(relay.reader.recv(1000, MSG_DONTWAIT).error == EAGAIN);
  relay.pass_on(Bytes(record).subspan(100));
  CHECK(polled(relay.reader, POLLIN, 1) == POLLIN);
  CHECK((relay.reader.recv(1000).data == text));
}

TEST_CASE("ktls: poll_partial_rec_async: who polls already is woken by the rest only") {
  const Relay relay(any_variation_of_group());
  const auto text = random_bytes(256);
  const auto record = relay.record(text);
  int events = -1;
  std::uint64_t returned_at = 0;
  Threads threads;
  threads.start([&] {
    events = polled(relay.reader, POLLIN, 50);
    returned_at = now_ns();
  });
  relay.second.settle();
  relay.pass_on(Bytes(record).first(100));
  relay.pass_on(Bytes(record).subspan(100, 50));
  CHECK(returned_at == 0);
  relay.pass_on(Bytes(record).subspan(150));
  threads.join();
  CHECK(events == POLLIN);
  CHECK(returned_at != 0);
  CHECK((relay.reader.recv(1000).data == text));
}

// TCP has no urgent data here, which the sender is told.
TEST_CASE("ktls: oob_pressure: MSG_OOB is refused, 64 KiB of no records break nothing") {
  const Relay relay(any_variation_of_group());
  const End& raw = relay.second.sender;
  const auto data = random_bytes(65'536);
  CHECK(error_of(raw.send(Bytes(data).first(5), MSG_OOB)) == EOPNOTSUPP);
  CHECK(raw.send(data, MSG_DONTWAIT) > 0);
  for (int i = 0; i < 64; ++i)
    CHECK(error_of(raw.send(Bytes(data).first(5), MSG_OOB)) == EOPNOTSUPP);
  relay.second.settle();
  const Received got = relay.reader.recv(1000, MSG_DONTWAIT);
  CHECK(got.result == -1);
  CHECK((polled(relay.reader, POLLIN, 0) & POLLIN) == 0);
}
