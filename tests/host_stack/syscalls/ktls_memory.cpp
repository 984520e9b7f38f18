// Sends on a host that has no memory for records (facts 2.6; tls.rst, "ENOMEM").
#include <sys/time.h>

#include "tests/host_stack/syscalls/ktls_threads.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

// Of the sender's host: nothing more, or what is allocated already and so many chunks.
class ScarceMemory {
 public:
  explicit ScarceMemory(std::size_t chunks) {
    pool().limit = chunks == 0 ? 0 : *pool().used + chunks * TxMemory::chunk_size;
  }
  ScarceMemory(const ScarceMemory&) = delete;
  ScarceMemory& operator=(const ScarceMemory&) = delete;
  ~ScarceMemory() { end(); }

  static void end() { pool().limit = SIZE_MAX; }

 private:
  static TxMemoryPool& pool() { return world().client.host.tx_memory(); }
};

}  // namespace

TEST_CASE("ktls: no memory: a send that may not wait is EAGAIN, and nothing is lost or sent") {
  const KtlsPair pair(any_variation());
  {
    const ScarceMemory none(0);
    CHECK(pair.sender.send("data", MSG_DONTWAIT) == -1);
    CHECK(errno == EAGAIN);
    CHECK(error_of(pair.sender.send_control(100, "control", MSG_DONTWAIT)) == EAGAIN);
    CHECK(error_of(pair.sender.send("data", MSG_DONTWAIT | MSG_MORE)) == EAGAIN);
  }
  pair.settle();
  CHECK(pair.records_sent() == 0);
  CHECK(pair.receiver.recv(1, MSG_DONTWAIT).error == EAGAIN);
  CHECK(pair.sender.send("later") == 5);
  CHECK(pair.receiver.recv(100).data == bytes_of("later"));
}

TEST_CASE("ktls: no memory: records that were complete before are sent and counted") {
  const KtlsPair pair(any_variation());
  const auto data = random_bytes(400'000);
  long sent = 0;
  {
    const ScarceMemory little(2);
    sent = pair.sender.send(data, MSG_DONTWAIT);
    REQUIRE(sent > 0);
    REQUIRE(sent < 400'000);
    CHECK(sent % 16384 == 0);
    CHECK(pair.records_sent() == static_cast<std::uint64_t>(sent) / 16384);
  }
  const auto got = pair.receiver.recv(static_cast<std::size_t>(sent), MSG_WAITALL).data;
  CHECK((got == std::vector<std::uint8_t>(data.begin(), data.begin() + sent)));
  CHECK(pair.receiver.recv(1, MSG_DONTWAIT).error == EAGAIN);
}

TEST_CASE("ktls: no memory: a send that may wait goes on when there is some") {
  const KtlsPair pair(any_variation());
  long result = 0;
  bool waits = true;
  Threads threads;
  const ScarceMemory none(0);
  threads.start([&] {
    result = pair.sender.send("data");
    waits = false;
  });
  pair.wait_long();
  CHECK(waits);
  CHECK(pair.records_sent() == 0);
  ScarceMemory::end();
  threads.join();
  CHECK(result == 4);
  CHECK(pair.receiver.recv(100).data == bytes_of("data"));
}

TEST_CASE("ktls: no memory: SO_SNDTIMEO ends the wait with EAGAIN") {
  const KtlsPair pair(any_variation());
  REQUIRE(pair.sender.set_option(SOL_SOCKET, SO_SNDTIMEO, timeval{0, 250'000}) == 0);
  const ScarceMemory none(0);
  const std::uint64_t began = now_ns();
  CHECK(error_of(pair.sender.send("data")) == EAGAIN);
  CHECK(now_ns() == began + 250 * ms);
}
