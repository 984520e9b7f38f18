// Group C of the kernel's self-tests (facts 5.1): recv() and recvmsg(). splice() is in
// ktls_splicing.cpp.
#include "tests/host_stack/syscalls/ktls_pair.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

constexpr std::size_t largest_record = 16384;

std::vector<std::uint8_t> joined(std::vector<std::uint8_t> a, const std::vector<std::uint8_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

TEST_CASE("ktls: recv_max: a record of 16384 bytes in one recv()") {
  const KtlsPair pair(any_variation());
  const auto data = random_bytes(largest_record);
  CHECK(pair.sender.send(data) == 16384);
  CHECK((pair.receiver.recv(largest_record, MSG_WAITALL).data == data));
}

TEST_CASE("ktls: recv_small: a record of ten bytes") {
  const KtlsPair pair(any_variation());
  CHECK(pair.sender.send("0123456789") == 10);
  CHECK(pair.receiver.recv(10, MSG_WAITALL).data == bytes_of("0123456789"));
}

TEST_CASE("ktls: recvmsg_single: a small record with its type and MSG_EOR") {
  const KtlsPair pair(any_variation());
  CHECK(pair.sender.send("test_recvmsg_single") == 19);
  const Received got = pair.receiver.recvmsg(100);
  CHECK(got.data == bytes_of("test_recvmsg_single"));
  CHECK(got.type == 23);
  CHECK((got.flags & MSG_EOR) != 0);
  CHECK((got.flags & MSG_CTRUNC) == 0);
}

TEST_CASE("ktls: recvmsg_single_max: a record of 16384 bytes") {
  const KtlsPair pair(any_variation());
  const auto data = random_bytes(largest_record);
  CHECK(pair.sender.send(data) == 16384);
  const Received got = pair.receiver.recvmsg(largest_record);
  CHECK((got.data == data));
  CHECK(got.type == 23);
}

TEST_CASE(
    "ktls: recvmsg_multiple: into 1024 buffers, and MSG_CTRUNC for want of a control buffer") {
  const KtlsPair pair(any_variation());
  const auto data = random_bytes(largest_record);
  CHECK(pair.sender.send(data) == 16384);
  std::vector<std::uint8_t> got(largest_record);
  std::vector<iovec> parts;
  for (std::size_t i = 0; i < 1024; ++i) parts.push_back({got.data() + i * 16, 16});
  msghdr header{};
  header.msg_iov = parts.data();
  header.msg_iovlen = parts.size();
  CHECK(pair.receiver.process.recvmsg(pair.receiver.fd, &header, 0) == 16384);
  CHECK((got == data));
  CHECK((header.msg_flags & MSG_CTRUNC) != 0);
}

TEST_CASE("ktls: single_send_multiple_recv: two records read by two calls") {
  const KtlsPair pair(any_variation());
  const auto data = random_bytes(2 * largest_record);
  CHECK(pair.sender.send(data) == 32768);
  auto got = pair.receiver.recv(largest_record, MSG_WAITALL).data;
  REQUIRE(got.size() == largest_record);
  got = joined(std::move(got), pair.receiver.recv(largest_record, MSG_WAITALL).data);
  CHECK((got == data));
}

TEST_CASE("ktls: single_send_multiple_recv_non_align: the second read gives the rest only") {
  const KtlsPair pair(any_variation());
  const auto data = random_bytes(3000);
  CHECK(pair.sender.send(data) == 3000);
  const auto first = pair.receiver.recv(2000).data;
  CHECK(first.size() == 2000);
  const auto second = pair.receiver.recv(2000).data;
  CHECK(second.size() == 1000);
  CHECK((joined(first, second) == data));
}

TEST_CASE("ktls: multiple_send_single_recv: MSG_WAITALL joins two records") {
  const KtlsPair pair(any_variation());
  const auto data = random_bytes(20);
  CHECK(pair.sender.send(Bytes(data).first(10)) == 10);
  CHECK(pair.sender.send(Bytes(data).last(10)) == 10);
  CHECK((pair.receiver.recv(20, MSG_WAITALL).data == data));
}

TEST_CASE("ktls: recv_partial: a record read in pieces") {
  const KtlsPair pair(any_variation());
  CHECK(pair.sender.send("test_read_partial") == 17);
  CHECK(pair.receiver.recv(9, MSG_WAITALL).data == bytes_of("test_read"));
  CHECK(pair.receiver.recv(8, MSG_WAITALL).data == bytes_of("_partial"));
  CHECK(pair.receiver.recv(8, MSG_DONTWAIT).error == EAGAIN);
}

TEST_CASE("ktls: recv_nonblock: EAGAIN when there is no record") {
  const KtlsPair pair(any_variation());
  CHECK(pair.receiver.recv(100, MSG_DONTWAIT).error == EAGAIN);
}

TEST_CASE("ktls: MSG_ERRQUEUE: EAGAIN, whatever else there is to be read") {
  KtlsPair pair(any_variation());
  CHECK(pair.receiver.recvmsg(100, MSG_ERRQUEUE).error == EAGAIN);
  CHECK(pair.sender.send("data") == 4);
  pair.settle();
  CHECK(pair.receiver.recvmsg(100, MSG_ERRQUEUE).error == EAGAIN);
  CHECK(pair.receiver.recv(100, MSG_ERRQUEUE).error == EAGAIN);
  CHECK(pair.receiver.recv(100).data == bytes_of("data"));
  pair.sender.close();
  pair.settle();
  CHECK(pair.receiver.recvmsg(100, MSG_ERRQUEUE).error == EAGAIN);
  CHECK(pair.receiver.recvmsg(100).result == 0);
}

TEST_CASE("ktls: recv_peek: a peek leaves the data to the next read") {
  const KtlsPair pair(any_variation());
  CHECK(pair.sender.send("test_read_peek") == 14);
  CHECK(pair.receiver.recv(14, MSG_PEEK).data == bytes_of("test_read_peek"));
  CHECK(pair.receiver.recv(14).data == bytes_of("test_read_peek"));
  CHECK(pair.receiver.recv(14, MSG_DONTWAIT).error == EAGAIN);
}

TEST_CASE("ktls: recv_peek_multiple: a hundred peeks give the same") {
  const KtlsPair pair(any_variation());
  CHECK(pair.sender.send("test_read_peek") == 14);
  for (int i = 0; i < 100; ++i)
    REQUIRE(pair.receiver.recv(100, MSG_PEEK).data == bytes_of("test_read_peek"));
  CHECK(pair.receiver.recv(100).data == bytes_of("test_read_peek"));
}

TEST_CASE("ktls: recv_peek_multiple_records: a peek begins with the first record, a read joins") {
  const KtlsPair pair(any_variation());
  CHECK(pair.sender.send("test_read_peek") == 14);
  CHECK(pair.sender.send("_mult_recs") == 10);
  const auto peeked = pair.receiver.recv(64, MSG_PEEK).data;
  REQUIRE(peeked.size() >= 14);
  CHECK(std::equal(peeked.begin(), peeked.begin() + 14, bytes_of("test_read_peek").begin()));
  CHECK(pair.receiver.recv(24, MSG_WAITALL).data == bytes_of("test_read_peek_mult_recs"));

  // One record, sent by two calls.
  CHECK(pair.sender.send("test_read_peek", MSG_MORE) == 14);
  CHECK(pair.sender.send("_mult_recs") == 10);
  CHECK(pair.records_sent() == 3);
  CHECK(pair.receiver.recv(64, MSG_PEEK).data == bytes_of("test_read_peek_mult_recs"));
  CHECK(pair.receiver.recv(64).data == bytes_of("test_read_peek_mult_recs"));
}

TEST_CASE("ktls: recv_peek_large_buf_mult_recs: a peek with MSG_WAITALL sees both records") {
  const KtlsPair pair(any_variation());
  CHECK(pair.sender.send("test_read_peek") == 14);
  CHECK(pair.sender.send("_mult_recs") == 10);
  CHECK(pair.receiver.recv(24, MSG_PEEK | MSG_WAITALL).data ==
        bytes_of("test_read_peek_mult_recs"));
  CHECK(pair.receiver.recv(24, MSG_WAITALL).data == bytes_of("test_read_peek_mult_recs"));
}

TEST_CASE("ktls: recv_lowat: SO_RCVLOWAT joins records up to it") {
  const KtlsPair pair(any_variation());
  const auto data = random_bytes(15);
  CHECK(pair.sender.send(Bytes(data).first(10)) == 10);
  CHECK(pair.sender.send(Bytes(data).last(5)) == 5);
  REQUIRE(pair.receiver.set_option(SOL_SOCKET, SO_RCVLOWAT, 8) == 0);
  auto got = pair.receiver.recv(1, MSG_WAITALL).data;
  CHECK(got.size() == 1);
  got = joined(got, pair.receiver.recv(6, MSG_WAITALL).data);
  CHECK(got.size() == 7);
  // Three bytes are left of the first record, too few.
  got = joined(got, pair.receiver.recv(10).data);
  CHECK((got == data));
}

TEST_CASE("ktls: bidir: keys for both directions on both ends") {
  const KtlsPair pair(any_variation());
  pair.set_reverse_keys();
  CHECK(pair.sender.send("one way") == 7);
  CHECK(pair.receiver.recv(100).data == bytes_of("one way"));
  CHECK(pair.receiver.send("and the other") == 13);
  CHECK(pair.sender.recv(100).data == bytes_of("and the other"));
}

TEST_CASE("ktls: recv_efault: a bad second buffer costs nothing that was copied") {
  const KtlsPair pair(any_variation());
  const auto data = random_bytes(20);
  CHECK(pair.sender.send(Bytes(data).first(10)) == 10);
  CHECK(pair.sender.send(Bytes(data).last(10)) == 10);
  CHECK(pair.receiver.recv(1).data == std::vector<std::uint8_t>(data.begin(), data.begin() + 1));

  std::vector<std::uint8_t> got(12);
  iovec parts[] = {{got.data(), got.size()}, {nullptr, 1}};
  msghdr header{};
  header.msg_iov = parts;
  header.msg_iovlen = 2;
  const long result = pair.receiver.process.recvmsg(pair.receiver.fd, &header, 0);
  REQUIRE(result >= 9);
  REQUIRE(result <= 12);
  CHECK(std::equal(got.begin(), got.begin() + result, data.begin() + 1));
}

TEST_CASE("ktls: control_msg: a control record needs a control buffer, for a peek as well") {
  const KtlsPair pair(any_variation());
  CHECK(pair.sender.send_control(100, "control") == 7);
  CHECK(pair.receiver.recv(100).error == EIO);
  Received got = pair.receiver.recvmsg(100, MSG_WAITALL | MSG_PEEK);
  CHECK(got.data == bytes_of("control"));
  CHECK(got.type == 100);
  got = pair.receiver.recvmsg(100, MSG_WAITALL);
  CHECK(got.data == bytes_of("control"));
  CHECK(got.type == 100);
}

TEST_CASE("ktls: control_msg_nomerge: two control records are never one") {
  const KtlsPair pair(any_variation());
  CHECK(pair.sender.send_control(100, "first ") == 6);
  CHECK(pair.sender.send_control(100, "second") == 6);
  for (const int flags : std::initializer_list<int>{MSG_PEEK, MSG_PEEK, 0}) {
    INFO("flags " << flags);
    const Received got = pair.receiver.recvmsg(100, flags | MSG_WAITALL);
    CHECK(got.data == bytes_of("first "));
    CHECK(got.type == 100);
  }
  const Received got = pair.receiver.recvmsg(100, MSG_WAITALL);
  CHECK(got.data == bytes_of("second"));
  CHECK(got.type == 100);
}

TEST_CASE("ktls: data_control_data: peeks see the data before the control record only") {
  const KtlsPair pair(any_variation());
  CHECK(pair.sender.send("first ") == 6);
  CHECK(pair.sender.send_control(100, "control") == 7);
  CHECK(pair.sender.send("second") == 6);
  for (const int flags :
       std::initializer_list<int>{MSG_PEEK, MSG_PEEK | MSG_WAITALL, MSG_PEEK, 0}) {
    INFO("flags " << flags);
    const Received got = pair.receiver.recvmsg(100, flags);
    CHECK(got.data == bytes_of("first "));
    CHECK(got.type == 23);
  }
  CHECK(pair.receiver.recvmsg(100).type == 100);
  const Received last = pair.receiver.recvmsg(100);
  CHECK(last.data == bytes_of("second"));
  CHECK(last.type == 23);
}
