// What an application can see of how records are found in the stream (facts 3) and of what became
// of them below: loss, reorder, marks (facts 1.11, 1.12).
#include "scenarios/link/frame_judge.h"
#include "tests/host_stack/syscalls/ktls_threads.h"
#include "tests/host_stack/syscalls/sealed_record.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

// A receiver whose peer makes its records itself.
struct Receiving {
  explicit Receiving(const Variation& v) : variation(v), pair(v.mode, AF_INET, v.name()) {
    REQUIRE(pair.receiver.set_ulp() == 0);
    REQUIRE(pair.receiver.set_tls(TLS_RX, crypto_info(v.variant)) == 0);
    pair.settle();
  }
  static Receiving any() {
    const Variant variant = GENERATE(tls12_aes_gcm, tls13_aes_gcm);
    return Receiving({variant, any_mode()});
  }
  std::vector<std::uint8_t> record(std::string_view text) {
    return sealed_record(variation.variant, 23, bytes_of(text), number++);
  }
  void pass(Bytes bytes) const {
    REQUIRE(pair.sender.send(bytes) == static_cast<long>(bytes.size()));
    pair.settle();
  }
  // Bytes without which a header is not judged.
  std::size_t prepend() const { return variation.variant.is_tls13() ? 5 : 13; }

  Variation variation;
  TcpPair pair;
  const End& reader = pair.receiver;
  std::uint64_t number = 0;
};

// Gives one frame with payload a fate, the n-th (from 0) that is sent while it is there.
class OneFate : public scenarios::FrameJudge {
 public:
  OneFate(std::size_t n, const scenarios::Fate& fate) : left_(n), fate_(fate) {
    world().to_server.judge = this;
  }
  OneFate(const OneFate&) = delete;
  OneFate& operator=(const OneFate&) = delete;
  ~OneFate() override { world().to_server.judge = nullptr; }

  scenarios::Fate judge(const ParsedFrame& parsed, Bytes) override {
    if (parsed.payload_length == 0 || is_done_) return {};
    if (left_ > 0) {
      --left_;
      return {};
    }
    is_done_ = true;
    return fate_;
  }
  bool is_done() const { return is_done_; }

 private:
  std::size_t left_;
  scenarios::Fate fate_;
  bool is_done_ = false;
};

// What the server's records were made of.
class Marks : public Probe {
 public:
  Marks() { world().server.host.set_probe(this); }
  Marks(const Marks&) = delete;
  Marks& operator=(const Marks&) = delete;
  ~Marks() override { world().server.host.set_probe(nullptr); }

  void record_read(const netdev::TlsConnection&, const RecordInfo& record, std::size_t) override {
    ++(record.offload == RecordOffload::entirely    ? whole
       : record.offload == RecordOffload::partially ? mixed
                                                    : software);
  }
  int whole = 0;
  int mixed = 0;
  int software = 0;
};

// 100 records' worth on a connection whose `n`-th frame with payload suffers this fate.
void check_stream(const scenarios::Fate& fate, bool in_one_frame) {
  const Variation variation = any_variation();
  const KtlsPair pair(variation);
  const CountedSince receiver(pair.receiver);
  const auto data = random_bytes(300'000);
  const Marks marks;
  const OneFate one(20, fate);
  CHECK(pair.sender.send(data) == 300'000);
  CHECK((pair.receiver.recv(data.size(), MSG_WAITALL).data == data));
  CHECK(one.is_done());
  CHECK(receiver[TlsCounter::decrypt_error] == 0);
  CHECK(marks.whole + marks.mixed + marks.software == 19);
  if (!variation.is_offloaded()) {
    CHECK(marks.software == 19);
  } else if (in_one_frame) {
    CHECK(marks.whole > 0);
    CHECK(marks.mixed > 0);
  }
  CHECK(pair.receiver.recv(1, MSG_DONTWAIT).error == EAGAIN);
}

}  // namespace

TEST_CASE("ktls: records: readable when complete, not a byte before") {
  Receiving it = Receiving::any();
  REQUIRE(it.pair.sender.set_option(SOL_TCP, TCP_NODELAY, 1) == 0);
  const auto record = it.record("0123456789");
  for (std::size_t i = 0; i + 1 < record.size(); ++i) {
    it.pass(Bytes(record).subspan(i, 1));
    CHECK(polled(it.reader, POLLIN, 0) == 0);
    CHECK(it.reader.recv(1, MSG_DONTWAIT).error == EAGAIN);
  }
  it.pass(Bytes(record).last(1));
  CHECK(polled(it.reader, POLLIN, 0) == POLLIN);
  CHECK(it.reader.recv(1, MSG_DONTWAIT).data == bytes_of("0"));
  CHECK(it.reader.recv(100, MSG_DONTWAIT).data == bytes_of("123456789"));
}

TEST_CASE("ktls: records: a bad header is found when the records before it were read") {
  Receiving it = Receiving::any();
  auto wire = it.record("first");
  const auto second = it.record("second");
  wire.insert(wire.end(), second.begin(), second.end());
  wire.resize(wire.size() + 100, 0x55);
  it.pass(wire);
  for (const char* text : {"first", "second"}) {
    INFO(text);
    CHECK(polled(it.reader, POLLIN, 0) == POLLIN);
    int error = -1;
    socklen_t size = sizeof error;
    CHECK(it.reader.process.getsockopt(it.reader.fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0);
    CHECK(error == 0);
    // No more than this record.
    const auto expected = bytes_of(text);
    CHECK(it.reader.recv(expected.size(), MSG_DONTWAIT).data == expected);
  }
  CHECK(polled(it.reader, POLLIN, 0) == POLLERR);
  CHECK(it.reader.recv(100, MSG_DONTWAIT).error == EMSGSIZE);
  CHECK(polled(it.reader, POLLIN, 0) == 0);
  CHECK(it.reader.recv(100, MSG_DONTWAIT).error == EAGAIN);
}

TEST_CASE("ktls: records: nothing is judged before header and nonce are there") {
  const Receiving it = Receiving::any();
  const std::vector<std::uint8_t> bad(it.prepend(), 0x55);
  it.pass(Bytes(bad).first(bad.size() - 1));
  CHECK(polled(it.reader, POLLIN, 0) == 0);
  CHECK(it.reader.recv(100, MSG_DONTWAIT).error == EAGAIN);
  it.pass(Bytes(bad).last(1));
  CHECK(polled(it.reader, POLLIN, 0) == POLLERR);
  CHECK(it.reader.recv(100, MSG_DONTWAIT).error == EMSGSIZE);
}

TEST_CASE("ktls: records: the end hides a truncated record") {
  Receiving it = Receiving::any();
  auto wire = it.record("whole");
  const auto second = it.record("cut off");
  wire.insert(wire.end(), second.begin(), second.end() - 1);
  it.pass(wire);
  it.pair.sender.close();
  it.pair.settle();
  CHECK(it.reader.recv(100).data == bytes_of("whole"));
  const Received end = it.reader.recv(100);
  CHECK(end.result == 0);
  CHECK(end.error == 0);
}

TEST_CASE("ktls: records: one that is larger than the receive buffer is read nevertheless") {
  const Variant variant = GENERATE(tls12_aes_gcm, tls13_aes_gcm);
  const KtlsPair pair({variant, any_mode()});
  REQUIRE(pair.receiver.set_option(SOL_SOCKET, SO_RCVBUF, 4096) == 0);
  // A window is never taken back: this much uses up the first one.
  const auto data = random_bytes(5'000'000);
  std::vector<std::uint8_t> got;
  Threads threads;
  threads.start([&] { got = pair.receiver.recv(data.size(), MSG_WAITALL).data; });
  CHECK(pair.sender.send(data) == 5'000'000);
  threads.join();
  CHECK((got == data));
}

TEST_CASE("ktls: records: a lost segment mixes marks within records, data are right") {
  scenarios::Fate fate;
  fate.drop = true;
  check_stream(fate, true);
}

TEST_CASE("ktls: records: a late segment, the same") {
  scenarios::Fate fate;
  fate.late_by = GENERATE(1U, 3U);
  check_stream(fate, true);
}

TEST_CASE("ktls: records: a segment that comes twice does no harm") {
  scenarios::Fate fate;
  fate.duplicate = true;
  check_stream(fate, false);
}

TEST_CASE("ktls: records: a segment damaged on the way is sent again") {
  scenarios::Fate fate;
  fate.corrupt = 700;
  check_stream(fate, true);
}

TEST_CASE("ktls: records: one that was changed on the way is EBADMSG, those before it are good") {
  const Variation variation = any_variation();
  const KtlsPair pair(variation);
  const auto data = random_bytes(300'000);
  scenarios::Fate fate;
  fate.tamper = 700;
  const OneFate one(20, fate);
  CHECK(pair.sender.send(data, MSG_DONTWAIT) > 0);
  const auto got = pair.receiver.recv(data.size(), MSG_WAITALL).data;
  // The twentieth segment is in the second record.
  REQUIRE(got.size() == 16'384);
  CHECK(std::equal(got.begin(), got.end(), data.begin()));
  CHECK(pair.receiver.recv(100).error == EBADMSG);
  CHECK(pair.receiver.recv(100).error == EBADMSG);
}
