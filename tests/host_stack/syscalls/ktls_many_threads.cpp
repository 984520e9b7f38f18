// Group D of the kernel's self-tests (facts 5.1), "mutliproc": many read and write one socket at a
// time. As many as there, fewer bytes each. And who of them comes first (facts 2.7, rule 1).
#include <sys/time.h>

#include <array>

#include "tests/host_stack/syscalls/ktls_threads.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

constexpr std::size_t share = 6'000;    // of a reader or writer, where there are as many of both
constexpr std::size_t write_size = 60;  // of a call
constexpr std::size_t read_size = 450;
constexpr std::size_t most_threads = 16;

using Counts = std::array<std::size_t, most_threads>;  // bytes, by who wrote them

// What one writer writes is its number.
void write_share(const KtlsPair& pair, std::size_t size, std::uint8_t number, bool by_sendfile,
                 std::size_t& written) {
  Process& process = pair.sender.process;
  const std::vector<std::uint8_t> data(write_size, number);
  const int file = by_sendfile ? process.memfd_create("share", 0) : -1;
  if (by_sendfile) process.write(file, data.data(), data.size());
  while (written < size) {
    off_t offset = 0;
    const long result = by_sendfile ? process.sendfile(pair.sender.fd, file, &offset, data.size())
                                    : pair.sender.send(data);
    if (result <= 0) break;
    written += static_cast<std::size_t>(result);
  }
  if (by_sendfile) process.close(file);
}

void read_share(const KtlsPair& pair, std::size_t size, Counts& counts) {
  while (size > 0) {
    const Received got = pair.receiver.recv(std::min(size, read_size));
    if (got.result <= 0) return;
    size -= got.data.size();
    for (const std::uint8_t number : got.data) ++counts.at(number);
  }
}

void check_many(std::size_t readers, std::size_t writers, bool by_sendfile) {
  const KtlsPair pair(any_variation());
  const std::size_t to_read = share * std::max<std::size_t>(1, writers / readers);
  const std::size_t to_write = share * std::max<std::size_t>(1, readers / writers);
  REQUIRE(to_read * readers == to_write * writers);
  Counts written{};
  Counts counts{};
  Threads threads;
  for (std::size_t i = 0; i < readers; ++i)
    threads.start([&] { read_share(pair, to_read, counts); });
  for (std::size_t i = 0; i < writers; ++i)
    threads.start([&, i] {
      write_share(pair, to_write, static_cast<std::uint8_t>(i), by_sendfile, written[i]);
    });
  threads.join();
  for (std::size_t i = 0; i < most_threads; ++i) {
    INFO("writer " << i);
    const std::size_t expected = i < writers ? to_write : 0;
    CHECK(written[i] == expected);
    CHECK(counts[i] == expected);
  }
  CHECK(pair.receiver.recv(1, MSG_DONTWAIT).error == EAGAIN);
}

// Until there is what poll() would tell, but those who wait for it have not woken up yet.
bool runs_until_ready(const End& end, int events) {
  for (int i = 0; i < 10'000; ++i) {
    if (polled(end, events, 0) != 0) return true;
    end.process.sleep_ns(1000);
  }
  return false;
}

}  // namespace

TEST_CASE("ktls: mutliproc_even: six readers, six writers") {
  check_many(6, 6, false);
}

TEST_CASE("ktls: mutliproc_readers: four readers, twelve writers") {
  check_many(4, 12, false);
}

TEST_CASE("ktls: mutliproc_writers: ten readers, two writers") {
  check_many(10, 2, false);
}

TEST_CASE("ktls: mutliproc_sendpage_even: six readers, six writers by sendfile()") {
  check_many(6, 6, true);
}

TEST_CASE("ktls: mutliproc_sendpage_readers: four readers, twelve writers by sendfile()") {
  check_many(4, 12, true);
}

TEST_CASE("ktls: mutliproc_sendpage_writers: ten readers, two writers by sendfile()") {
  check_many(10, 2, true);
}

TEST_CASE("ktls: readers: who came first has all that it waits for, then the next") {
  const KtlsPair pair(any_variation());
  Received first;
  Received second;
  Threads threads;
  threads.start([&] { first = pair.receiver.recv(20, MSG_WAITALL); });
  pair.settle();
  threads.start([&] { second = pair.receiver.recv(20, MSG_WAITALL); });
  for (const char* text : {"0123456789", "abcdefghij", "ABCDEFGHIJ", "9876543210"}) {
    pair.settle();
    CHECK(pair.sender.send(text) == 10);
  }
  threads.join();
  CHECK(first.data == bytes_of("0123456789abcdefghij"));
  CHECK(second.data == bytes_of("ABCDEFGHIJ9876543210"));
}

TEST_CASE("ktls: readers: SO_RCVTIMEO is for the turn to come, and for each record") {
  const KtlsPair pair(any_variation());
  REQUIRE(pair.receiver.set_option(SOL_SOCKET, SO_RCVTIMEO, timeval{0, 10'000}) == 0);
  Received first;
  Received second;
  std::uint64_t second_done_at = 0;
  Threads threads;
  threads.start([&] { first = pair.receiver.recv(50, MSG_WAITALL); });
  pair.settle();
  const std::uint64_t second_began = now_ns();
  threads.start([&] {
    second = pair.receiver.recv(50);
    second_done_at = now_ns();
  });
  for (int i = 0; i < 5; ++i) {
    pair.receiver.process.sleep_ns(6 * ms);
    CHECK(pair.sender.send("0123456789") == 10);
  }
  threads.join();
  CHECK(first.result == 50);
  CHECK(second.error == EAGAIN);
  CHECK(second_done_at >= second_began + 10 * ms);
  CHECK(second_done_at < second_began + 11 * ms);
}

TEST_CASE("ktls: readers: out of turn is EAGAIN, though a record is ready") {
  const KtlsPair pair(any_variation());
  Received first;
  Threads threads;
  threads.start([&] { first = pair.receiver.recv(20, MSG_WAITALL); });
  pair.settle();
  CHECK(pair.sender.send("0123456789") == 10);
  REQUIRE(runs_until_ready(pair.receiver, POLLIN));
  CHECK(pair.receiver.recv(20, MSG_DONTWAIT).error == EAGAIN);
  CHECK(pair.sender.send("abcdefghij") == 10);
  threads.join();
  CHECK(first.data == bytes_of("0123456789abcdefghij"));
}

TEST_CASE("ktls: writers: what one call sends is not mixed with another's, though there is room") {
  const KtlsPair pair(any_variation());
  REQUIRE(pair.sender.set_option(SOL_SOCKET, SO_SNDBUF, 5000) == 0);
  auto expected = random_bytes(200'000);
  long sent = 0;
  Threads threads;
  threads.start([&] { sent = pair.sender.send(expected); });
  pair.sender.process.sleep_ns(1000);
  REQUIRE(runs_until_ready(pair.sender, POLLOUT));
  CHECK(sent == 0);
  CHECK(pair.sender.send("later", MSG_DONTWAIT) == 5);
  CHECK(sent == 200'000);
  for (const std::uint8_t byte : bytes_of("later")) expected.push_back(byte);
  CHECK((pair.receiver.recv(expected.size(), MSG_WAITALL).data == expected));
  threads.join();
}
