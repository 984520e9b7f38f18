#include "tests/host_stack/syscalls/ktls_subject.h"

#include <fcntl.h>

namespace tlsnic::host::test {

long outcome(long result) {
  return result < 0 ? -errno : result;
}

long outcome(const Received& received) {
  return received.error != 0 ? -received.error : received.result;
}

Subject::Subject(const Variation& variation, const Setting& setting)
    : variant(variation.variant),
      pair(variation.mode, AF_INET, variation.name()),
      number(setting.first_received) {
  REQUIRE(it.set_ulp() == 0);
  if (!setting.keys) return;
  CryptoInfo info = crypto_info(variant);
  info.set_record_number(setting.first_received);
  REQUIRE(it.set_tls(TLS_RX, info) == 0);
  info.set_record_number(setting.first_sent);
  REQUIRE(it.set_tls(TLS_TX, info) == 0);
  pair.settle();
}

void Subject::arrives(const std::vector<std::uint8_t>& bytes) const {
  REQUIRE(pair.sender.send(bytes) == static_cast<long>(bytes.size()));
  pair.settle();
}

std::vector<std::uint8_t> Subject::record(std::uint8_t type, std::string_view text,
                                          std::size_t padding) {
  return sealed_record(variant, type, bytes_of(text), number++, generation, padding);
}

std::vector<std::uint8_t> Subject::spoiled_record(std::uint8_t type) {
  auto out = record(type, "text");
  out.back() ^= 1;
  return out;
}

void Subject::header_arrives(std::size_t length, std::uint16_t version) const {
  std::vector<std::uint8_t> bytes(64, data_type);
  store_be16(&bytes[1], version);
  store_be16(&bytes[3], static_cast<std::uint16_t>(length));
  arrives(bytes);
}

long recv(Subject& s) {
  return outcome(s.it.recv(100, MSG_DONTWAIT));
}

long recvmsg(Subject& s) {
  return outcome(s.it.recvmsg(100, MSG_DONTWAIT));
}

long peek(Subject& s) {
  return outcome(s.it.recv(100, MSG_DONTWAIT | MSG_PEEK));
}

long send(Subject& s) {
  return outcome(s.it.send("text", MSG_DONTWAIT));
}

long splice(Subject& s) {
  const PipeEnds pipe(s.it.process);
  return outcome(
      s.it.process.splice(s.it.fd, nullptr, pipe.write_end, nullptr, 100, SPLICE_F_NONBLOCK));
}

long poll(Subject& s) {
  return polled(s.it, POLLIN | POLLOUT, 0);
}

long so_error(Subject& s) {
  int error = 0;
  socklen_t size = sizeof error;
  REQUIRE(s.it.process.getsockopt(s.it.fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0);
  return -error;
}

long more_then_recv(Subject& s) {
  s.arrives(s.record(data_type, "more"));
  return recv(s);
}

long end_then_recv(Subject& s) {
  REQUIRE(s.pair.sender.process.shutdown(s.pair.sender.fd, SHUT_WR) == 0);
  s.pair.settle();
  return recv(s);
}

long set(Subject& s, int option, const CryptoInfo& info) {
  return -s.it.set_tls(option, info);
}

long rekey(Subject& s) {
  CryptoInfo info = crypto_info(s.variant, 1);
  info.set_record_number(0);
  const long result = set(s, TLS_RX, info);
  if (result == 0) {
    s.generation = 1;
    s.number = 0;
  }
  return result;
}

long get_rx(Subject& s) {
  tls_crypto_info head{};
  socklen_t size = sizeof head;
  return outcome(s.it.process.getsockopt(s.it.fd, SOL_TLS, TLS_RX, &head, &size));
}

namespace {

void check_wire(const Subject& s, std::size_t records) {
  if (s.peer_is_gone) return;
  s.pair.settle();
  std::vector<std::uint8_t> expected;
  for (std::size_t i = 0; i < records; ++i) {
    const auto record = sealed_record(s.variant, data_type, bytes_of("text"), i);
    expected.insert(expected.end(), record.begin(), record.end());
  }
  CHECK((s.pair.sender.recv(1000, MSG_DONTWAIT).data == expected));
}

}  // namespace

void check(const Row& row, const Variation& variation) {
  if (row.versions == For::tls12 && variation.variant.is_tls13()) return;
  if (row.versions == For::tls13 && !variation.variant.is_tls13()) return;
  INFO(row.name);
  Subject subject(variation, row.setting);
  CHECK(row.provoke(subject) == row.error);
  std::size_t sent = 0;
  int place = 0;
  for (const Step& step : row.next) {
    INFO("call " << ++place << " after it");
    const long result = step.call(subject);
    CHECK(result == step.expected);
    if (step.call == send && result > 0) ++sent;
  }
  check_wire(subject, sent);
}

}  // namespace tlsnic::host::test
