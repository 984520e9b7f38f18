// Group D of the kernel's self-tests (facts 5.1): poll(), waiting, non-blocking sockets; and
// data_steal of group H. Many threads on one socket: ktls_many_threads.cpp.
#include <fcntl.h>
#include <netinet/in.h>

#include "tests/host_stack/syscalls/ktls_threads.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

TEST_CASE("ktls: pollin: a record is POLLIN, nothing is a time-out") {
  const KtlsPair pair(any_variation());
  CHECK(pair.sender.send("test_poll!") == 10);
  CHECK(polled(pair.receiver, POLLIN, 20) == POLLIN);
  CHECK(pair.receiver.recv(10, MSG_WAITALL).data == bytes_of("test_poll!"));
  const std::uint64_t before = now_ns();
  CHECK(polled(pair.receiver, POLLIN, 20) == 0);
  CHECK(now_ns() - before >= 20 * ms);
  CHECK(now_ns() - before < 21 * ms);
}

TEST_CASE("ktls: poll_wait: without a time limit, until a record comes") {
  const KtlsPair pair(any_variation());
  const std::uint64_t before = now_ns();
  long sent = 0;
  Threads threads;
  threads.start([&] {
    pair.sender.process.sleep_ns(50 * ms);
    sent = pair.sender.send("test_poll_wait");
  });
  CHECK(polled(pair.receiver, POLLIN, -1) == POLLIN);
  CHECK(now_ns() - before >= 50 * ms);
  CHECK(now_ns() - before < 60 * ms);
  threads.join();
  CHECK(sent == 14);
  CHECK(pair.receiver.recv(100).data == bytes_of("test_poll_wait"));
}

TEST_CASE("ktls: poll_wait_split: the rest of a record that was partly read is POLLIN") {
  const KtlsPair pair(any_variation());
  const auto data = random_bytes(40);
  CHECK(pair.sender.send(data) == 40);
  CHECK(polled(pair.receiver, POLLIN, -1) == POLLIN);
  auto got = pair.receiver.recv(20).data;
  CHECK(got.size() == 20);
  CHECK(polled(pair.receiver, POLLIN, -1) == POLLIN);
  const auto rest = pair.receiver.recv(20).data;
  got.insert(got.end(), rest.begin(), rest.end());
  CHECK((got == data));
  CHECK(polled(pair.receiver, POLLIN, 1) == 0);
}

TEST_CASE("ktls: blocking: 100000 bytes while the reader waits") {
  const KtlsPair pair(any_variation());
  const auto data = random_bytes(100'000);
  std::vector<std::uint8_t> got;
  Threads threads;
  threads.start([&] {
    while (got.size() < data.size()) {
      const Received piece = pair.receiver.recv(data.size() - got.size());
      if (piece.result <= 0) return;
      got.insert(got.end(), piece.data.begin(), piece.data.end());
    }
  });
  CHECK(pair.sender.send(data) == 100'000);
  threads.join();
  CHECK((got == data));
}

TEST_CASE("ktls: blocking: a writer that finds no room waits for the reader") {
  const Variant variant = GENERATE(tls12_aes_gcm, tls13_aes_gcm);
  const KtlsPair pair({variant, any_mode()});
  REQUIRE(pair.sender.set_option(SOL_SOCKET, SO_SNDBUF, 5000) == 0);
  // More than the window that the receiver has opened.
  const auto data = random_bytes(10'000'000);
  std::uint64_t done_at = 0;
  long sent = 0;
  Threads threads;
  threads.start([&] {
    sent = pair.sender.send(data);
    done_at = now_ns();
  });
  pair.receiver.process.sleep_ns(500 * ms);
  const std::uint64_t reads_at = now_ns();
  CHECK(done_at == 0);
  CHECK((pair.receiver.recv(data.size(), MSG_WAITALL).data == data));
  threads.join();
  CHECK(sent == 10'000'000);
  CHECK(done_at > reads_at);
}

TEST_CASE("ktls: nonblocking: with SO_SNDBUF 100 both ends see EAGAIN, and all bytes arrive") {
  const KtlsPair pair(any_variation());
  REQUIRE(pair.sender.set_option(SOL_SOCKET, SO_SNDBUF, 100) == 0);
  for (const End* end : {&pair.sender, &pair.receiver}) {
    const int flags = end->process.fcntl(end->fd, F_GETFL);
    REQUIRE(end->process.fcntl(end->fd, F_SETFL, flags | O_NONBLOCK) == 0);
  }
  const auto data = random_bytes(100'000);
  constexpr std::uint64_t pause_ns = 10'000;
  std::size_t sent = 0;
  int sender_waits = 0;
  int send_error = 0;
  std::vector<std::uint8_t> got;
  int receiver_waits = 0;
  int receive_error = 0;
  Threads threads;
  threads.start([&] {
    while (sent < data.size() && send_error == 0) {
      const std::size_t size = std::min<std::size_t>(data.size() - sent, 12'345);
      const long result = pair.sender.send(Bytes(data).subspan(sent, size));
      if (result >= 0) {
        sent += static_cast<std::size_t>(result);
      } else if (errno == EAGAIN) {
        ++sender_waits;
        pair.sender.process.sleep_ns(pause_ns);
      } else {
        send_error = errno;
      }
    }
  });
  threads.start([&] {
    while (got.size() < data.size() && receive_error == 0) {
      const Received piece = pair.receiver.recv(data.size() - got.size());
      got.insert(got.end(), piece.data.begin(), piece.data.end());
      if (piece.error == EAGAIN) {
        ++receiver_waits;
        pair.receiver.process.sleep_ns(pause_ns);
      } else if (piece.result <= 0) {
        receive_error = piece.error != 0 ? piece.error : -1;
      }
      // A thread that never returns would hang the test.
      if (send_error != 0) return;
    }
  });
  threads.join();
  CHECK(send_error == 0);
  CHECK(receive_error == 0);
  CHECK((got == data));
  CHECK(sender_waits > 0);
  CHECK(receiver_waits > 0);
}

TEST_CASE("ktls: data_steal: a read that waits in TCP takes bytes away from TLS_RX") {
  const Mode mode = any_mode();
  const Variant variant = GENERATE(tls12_aes_gcm, tls13_aes_gcm);
  const TcpPair pair(mode, AF_INET, Variation{variant, mode}.name());
  constexpr std::size_t stolen = 10'001;
  Received got;
  Threads threads;
  threads.start([&] { got = pair.receiver.recv(stolen, MSG_WAITALL); });
  pair.settle();
  pair.set_ulp();
  REQUIRE(pair.sender.set_tls(TLS_TX, crypto_info(variant)) == 0);
  REQUIRE(pair.receiver.set_tls(TLS_RX, crypto_info(variant)) == 0);
  pair.settle();
  CHECK(pair.sender.send(random_bytes(20'000)) == 20'000);
  threads.join();
  // A record's header, and what follows.
  REQUIRE(got.data.size() == stolen);
  CHECK(got.data[0] == 23);
  CHECK(load_be16(&got.data[1]) == 0x0303);
  // What is left is no record's start. Which error depends on its bytes.
  const Received rest = pair.receiver.recv(20'000, MSG_DONTWAIT);
  CHECK(rest.result == -1);
  CHECK((rest.error == EMSGSIZE || rest.error == EBADMSG || rest.error == EINVAL));
}
