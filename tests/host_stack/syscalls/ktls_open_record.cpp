// What ends a record that is open, and under which key and limits it goes out (facts 1.5, 1.6, 2.4,
// 2.6, 2.10).
#include <fcntl.h>

#include "tests/host_stack/syscalls/ktls_pair.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

using Sizes = std::vector<std::size_t>;

constexpr std::uint8_t handshake_type = 22;
// RFC 8446, section 4.6.3: type, length, update_not_requested.
const std::vector<std::uint8_t> key_update{24, 0, 0, 1, 0};

// The next records' plaintext sizes, type included in TLS 1.3, from a socket without TLS_RX. They
// are all that there is.
Sizes sizes_on_the_wire(const End& end, const Variant& variant, std::size_t count) {
  const std::size_t overhead = variant.is_tls13() ? 16 : 8 + 16;
  Sizes out;
  for (std::size_t i = 0; i < count; ++i) {
    const auto header = end.recv(5, MSG_WAITALL).data;
    REQUIRE(header.size() == 5);
    const std::size_t length = load_be16(&header[3]);
    REQUIRE(end.recv(length, MSG_WAITALL).data.size() == length);
    out.push_back(length - overhead);
  }
  CHECK(end.recv(1, MSG_DONTWAIT).error == EAGAIN);
  return out;
}

// One byte by each of so many splices, the record left open.
void splice_bytes(const End& end, std::size_t count) {
  const PipeEnds pipe(end.process);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t byte = 'x';
    REQUIRE(pipe.process.write(pipe.write_end, &byte, 1) == 1);
    REQUIRE(pipe.process.splice(pipe.read_end, nullptr, end.fd, nullptr, 1, SPLICE_F_MORE) == 1);
  }
}

int set_key(const End& end, int option, const Variant& variant, std::uint8_t generation) {
  CryptoInfo info = crypto_info(variant, generation);
  info.set_record_number(0);
  return end.set_tls(option, info);
}

Variation any_tls13() {
  return any_variation([](const Variant& variant) { return variant.is_tls13(); });
}

}  // namespace

TEST_CASE("ktls: TLS_TX_MAX_PAYLOAD_LEN: set before TLS_TX, it holds from the first record on") {
  const bool tls13 = GENERATE(false, true);
  const Variant variant = tls13 ? tls13_aes_gcm : tls12_aes_gcm;
  const TcpPair pair(any_mode());
  pair.set_ulp();
  const auto set = [&](std::uint16_t size) {
    return pair.sender.set_option(SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, size);
  };
  // There is no version yet, so that TLS 1.2's limit holds.
  CHECK(set(63) == EINVAL);
  CHECK(set(16385) == EINVAL);
  REQUIRE(set(200) == 0);
  REQUIRE(set(100) == 0);
  REQUIRE(set_key(pair.sender, TLS_TX, variant, 0) == 0);
  std::uint16_t got = 0;
  socklen_t size = sizeof got;
  CHECK(pair.sender.process.getsockopt(pair.sender.fd, SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, &got,
                                       &size) == 0);
  CHECK(got == 100);
  CHECK(pair.sender.send(random_bytes(250)) == 250);
  const std::size_t type = tls13 ? 1 : 0;
  CHECK(sizes_on_the_wire(pair.receiver, variant, 3) == Sizes{100 + type, 100 + type, 50 + type});
}

TEST_CASE("ktls: TLS_TX_ZEROCOPY_RO: set before TLS_TX, records refer from the first one on") {
  const bool on = GENERATE(false, true);
  const TcpPair pair(Mode::hardware);
  pair.set_ulp();
  REQUIRE(pair.sender.set_option(SOL_TLS, TLS_TX_ZEROCOPY_RO, 1U) == 0);
  if (!on) REQUIRE(pair.sender.set_option(SOL_TLS, TLS_TX_ZEROCOPY_RO, 0U) == 0);
  REQUIRE(set_key(pair.sender, TLS_TX, tls12_aes_gcm, 0) == 0);
  unsigned got = 99;
  socklen_t size = sizeof got;
  CHECK(pair.sender.process.getsockopt(pair.sender.fd, SOL_TLS, TLS_TX_ZEROCOPY_RO, &got, &size) ==
        0);
  CHECK(got == (on ? 1 : 0));
  // Pieces that are referred to fill the scatter list, copies lie one behind the other.
  splice_bytes(pair.sender, 32);
  CHECK(pair.sender.send("end") == 3);
  const Sizes expected = on ? Sizes{15, 15, 2 + 3} : Sizes{32 + 3};
  CHECK(sizes_on_the_wire(pair.receiver, tls12_aes_gcm, expected.size()) == expected);
}

TEST_CASE("ktls: splice_more: in TLS_SW a record of 17 pieces is full, and goes out") {
  const bool tls13 = GENERATE(false, true);
  const Variant variant = tls13 ? tls13_aes_gcm : tls12_aes_gcm;
  const TcpPair pair(Mode::software);
  pair.set_ulp();
  REQUIRE(set_key(pair.sender, TLS_TX, variant, 0) == 0);
  splice_bytes(pair.sender, 16);
  pair.wait_long();
  CHECK(pair.receiver.recv(1, MSG_DONTWAIT).error == EAGAIN);
  splice_bytes(pair.sender, 1);
  pair.settle();
  const std::size_t type = tls13 ? 1 : 0;
  CHECK(sizes_on_the_wire(pair.receiver, variant, 1) == Sizes{17 + type});
  // What is sent by send() is one piece, whatever its size.
  splice_bytes(pair.sender, 20);
  CHECK(pair.sender.send(random_bytes(1000)) == 1000);
  CHECK(sizes_on_the_wire(pair.receiver, variant, 2) == Sizes{17 + type, 3 + 1000 + type});
}

TEST_CASE("ktls: msg_more_then_cmsg: also on a socket that got TLS_RX after TLS_TX") {
  const KtlsPair pair(any_variation());
  pair.set_reverse_keys();
  CHECK(pair.sender.send("open data", MSG_MORE) == 9);
  pair.wait_long();
  CHECK(pair.receiver.recv(100, MSG_DONTWAIT).error == EAGAIN);
  CHECK(pair.sender.send_control(100, "control") == 7);
  const Received first = pair.receiver.recvmsg(100);
  CHECK(first.data == bytes_of("open data"));
  CHECK(first.type == 23);
  const Received second = pair.receiver.recvmsg(100);
  CHECK(second.data == bytes_of("control"));
  CHECK(second.type == 100);
  CHECK(pair.records_sent() == 2);
  // The other direction is none of this one's business.
  CHECK(pair.receiver.send("answer") == 6);
  CHECK(pair.sender.recv(100).data == bytes_of("answer"));
}

TEST_CASE("ktls: rekey: beside an open record: TLS_SW sends it under the new key") {
  const KtlsPair pair(any_tls13());
  const Variant& variant = pair.variation.variant;
  REQUIRE(pair.sender.send_control(handshake_type, key_update) == 5);
  CHECK(pair.sender.send("open ", MSG_MORE) == 5);
  REQUIRE(set_key(pair.sender, TLS_TX, variant, 1) == 0);
  CHECK(pair.sender.send("end") == 3);
  pair.settle();
  CHECK(pair.receiver.recvmsg(100).data == key_update);
  CHECK(pair.receiver.recv(100).error == EKEYEXPIRED);
  REQUIRE(set_key(pair.receiver, TLS_RX, variant, 1) == 0);
  // TLS_HW has sent it under the old key, which nobody has any more.
  if (pair.variation.is_offloaded()) {
    CHECK(pair.records_sent() == 1);
    CHECK(pair.receiver.recv(100).error == EBADMSG);
    return;
  }
  CHECK(pair.records_sent() == 1);
  const Received got = pair.receiver.recvmsg(100);
  CHECK(got.data == bytes_of("open end"));
  CHECK((got.flags & MSG_EOR) != 0);
  CHECK(pair.receiver.recv(1, MSG_DONTWAIT).error == EAGAIN);
}

TEST_CASE("ktls: rekey: beside an open record, without KeyUpdate: TLS_HW sends it first") {
  const KtlsPair pair(any_tls13());
  const Variant& variant = pair.variation.variant;
  CHECK(pair.sender.send("open ", MSG_MORE) == 5);
  REQUIRE(set_key(pair.sender, TLS_TX, variant, 1) == 0);
  pair.settle();
  if (pair.variation.is_offloaded())
    CHECK(pair.receiver.recv(100, MSG_DONTWAIT).data == bytes_of("open "));
  else
    CHECK(pair.receiver.recv(100, MSG_DONTWAIT).error == EAGAIN);
  REQUIRE(set_key(pair.receiver, TLS_RX, variant, 1) == 0);
  CHECK(pair.sender.send("end") == 3);
  const char* const expected = pair.variation.is_offloaded() ? "end" : "open end";
  CHECK(pair.receiver.recv(100).data == bytes_of(expected));
}
