// Group B of the kernel's self-tests (facts 5.1): send(), sendmsg() and what ends a connection.
#include <fcntl.h>
#include <netinet/in.h>

#include "tests/host_stack/syscalls/ktls_pair.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

// One sendmsg() of `data` in pieces of `size` bytes, the last one perhaps smaller.
long send_in_pieces(const End& end, const std::vector<std::uint8_t>& data, std::size_t size) {
  std::vector<iovec> parts;
  for (std::size_t at = 0; at < data.size(); at += size)
    parts.push_back(
        {const_cast<std::uint8_t*>(data.data()) + at, std::min(size, data.size() - at)});
  msghdr header{};
  header.msg_iov = parts.data();
  header.msg_iovlen = parts.size();
  return end.process.sendmsg(end.fd, &header, 0);
}

// The reader gets exactly these bytes, and nothing after them.
void check_arrives(const TcpPair& pair, const std::vector<std::uint8_t>& data) {
  CHECK((pair.receiver.recv(data.size(), MSG_WAITALL).data == data));
  CHECK(pair.receiver.recv(1, MSG_DONTWAIT).error == EAGAIN);
}

}  // namespace

TEST_CASE("ktls: msg_more: data is readable after the next send only, and then as one record") {
  const KtlsPair pair(any_variation());
  CHECK(pair.sender.send("one half, ", MSG_MORE) == 10);
  pair.wait_long();
  CHECK(pair.receiver.recv(20, MSG_DONTWAIT).error == EAGAIN);
  CHECK(pair.sender.send("other half") == 10);
  const Received got = pair.receiver.recvmsg(20, MSG_WAITALL);
  CHECK(got.data == bytes_of("one half, other half"));
  CHECK(pair.records_sent() == 1);
  CHECK((got.flags & MSG_EOR) != 0);
}

TEST_CASE("ktls: cmsg_msg_more: a control record cannot be continued") {
  const KtlsPair pair(any_variation());
  CHECK(error_of(pair.sender.send_control(100, "control", MSG_MORE)) == EINVAL);
}

TEST_CASE("ktls: msg_more_then_cmsg: an open data record goes before a control record, unmerged") {
  const KtlsPair pair(any_variation());
  CHECK(pair.sender.send("open data", MSG_MORE) == 9);
  pair.wait_long();
  CHECK(pair.receiver.recv(100, MSG_DONTWAIT).error == EAGAIN);
  CHECK(pair.sender.send_control(100, "control") == 7);

  const Received first = pair.receiver.recvmsg(16, MSG_WAITALL);
  CHECK(first.data == bytes_of("open data"));
  CHECK(first.type == 23);
  const Received second = pair.receiver.recvmsg(100);
  CHECK(second.data == bytes_of("control"));
  CHECK(pair.records_sent() == 2);
  CHECK(second.type == 100);
}

TEST_CASE("ktls: msg_more_unsent: data sent with MSG_MORE alone stays unreadable") {
  const KtlsPair pair(any_variation());
  CHECK(pair.sender.send("open data", MSG_MORE) == 9);
  pair.wait_long();
  CHECK(pair.receiver.recv(100, MSG_DONTWAIT).error == EAGAIN);
}

TEST_CASE("ktls: msg_eor: MSG_EOR alone ends a record, together with MSG_MORE it is EINVAL") {
  const KtlsPair pair(any_variation());
  CHECK(pair.sender.send("the whole", MSG_EOR) == 9);
  CHECK(pair.receiver.recv(9, MSG_WAITALL).data == bytes_of("the whole"));
  CHECK(error_of(pair.sender.send("what now", MSG_EOR | MSG_MORE)) == EINVAL);
}

TEST_CASE("ktls: sendmsg_single: a message of one buffer arrives") {
  const KtlsPair pair(any_variation());
  const auto data = random_bytes(13);
  CHECK(send_in_pieces(pair.sender, data, 13) == 13);
  check_arrives(pair, data);
}

TEST_CASE("ktls: sendmsg_fragmented: messages of 1 to 64 buffers arrive") {
  const KtlsPair pair(any_variation());
  for (std::size_t count = 1; count <= 64; ++count) {
    INFO(count << " buffers");
    const auto data = random_bytes(10 * count, count);
    REQUIRE(send_in_pieces(pair.sender, data, 10) == static_cast<long>(data.size()));
    check_arrives(pair, data);
  }
}

TEST_CASE("ktls: sendmsg_large: 128 messages of 16384 bytes are taken, then read") {
  const KtlsPair pair(any_variation());
  const auto data = random_bytes(16384);
  for (int i = 0; i < 128; ++i) REQUIRE(send_in_pieces(pair.sender, data, 16384) == 16384);
  for (int i = 0; i < 128; ++i) REQUIRE((pair.receiver.recv(16384, MSG_WAITALL).data == data));
}

TEST_CASE("ktls: sendmsg_multiple: a message of five buffers arrives") {
  const KtlsPair pair(any_variation());
  const auto data = random_bytes(5 * 27);
  CHECK(send_in_pieces(pair.sender, data, 27) == 5 * 27);
  check_arrives(pair, data);
}

TEST_CASE("ktls: sendmsg_multiple_stress: a message of 1024 buffers arrives") {
  const KtlsPair pair(any_variation());
  const auto data = random_bytes(1024 * 7);
  CHECK(send_in_pieces(pair.sender, data, 7) == 1024 * 7);
  check_arrives(pair, data);
}

TEST_CASE("ktls: shutdown: both ends end in peace after data was read") {
  const KtlsPair pair(any_variation());
  CHECK(pair.sender.send("the whole") == 9);
  CHECK(pair.receiver.recv(100).data == bytes_of("the whole"));
  CHECK(pair.sender.process.shutdown(pair.sender.fd, SHUT_RDWR) == 0);
  CHECK(pair.receiver.process.shutdown(pair.receiver.fd, SHUT_RDWR) == 0);
  CHECK(pair.receiver.recv(100).result == 0);
  CHECK(error_of(pair.sender.send("more")) == EPIPE);
}

TEST_CASE("ktls: shutdown_unsent: with an open record too") {
  const KtlsPair pair(any_variation());
  CHECK(pair.sender.send("open data", MSG_MORE) == 9);
  CHECK(pair.sender.process.shutdown(pair.sender.fd, SHUT_RDWR) == 0);
  CHECK(pair.receiver.process.shutdown(pair.receiver.fd, SHUT_RDWR) == 0);
}

TEST_CASE("ktls: shutdown_reuse: the socket can be bound again, but neither listen nor connect") {
  KtlsPair pair(any_variation());
  Process& process = pair.sender.process;
  CHECK(process.shutdown(pair.sender.fd, SHUT_RDWR) == 0);
  CHECK(pair.receiver.process.shutdown(pair.receiver.fd, SHUT_RDWR) == 0);
  pair.receiver.close();
  pair.settle();
  sockaddr_in any{};
  any.sin_family = AF_INET;
  const auto* const address = reinterpret_cast<const sockaddr*>(&any);
  CHECK(error_of(process.bind(pair.sender.fd, address, sizeof any)) == 0);
  CHECK(error_of(process.listen(pair.sender.fd, 10)) == EINVAL);
  CHECK(error_of(process.connect(pair.sender.fd, address, sizeof any)) == EISCONN);
}

TEST_CASE("ktls: getsockopt: gives what was set; a length that fits nothing is EINVAL") {
  const KtlsPair pair(any_variation());
  const CryptoInfo set = crypto_info(pair.variation.variant);
  const auto get = [&](std::vector<std::uint8_t>& out) {
    auto size = static_cast<socklen_t>(out.size());
    const int error = error_of(
        pair.sender.process.getsockopt(pair.sender.fd, SOL_TLS, TLS_TX, out.data(), &size));
    if (error == 0) CHECK(size == out.size());
    return error;
  };
  std::vector<std::uint8_t> head(sizeof(tls_crypto_info));
  CHECK(get(head) == 0);
  CHECK(std::equal(head.begin(), head.end(), set.bytes.begin()));
  std::vector<std::uint8_t> whole(set.bytes.size());
  CHECK(get(whole) == 0);
  CHECK((whole == set.bytes));
  std::vector<std::uint8_t> three(3);
  CHECK(get(three) == EINVAL);
  std::vector<std::uint8_t> one_less(set.bytes.size() - 1);
  CHECK(get(one_less) == EINVAL);
}
