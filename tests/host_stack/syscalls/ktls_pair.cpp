#include "tests/host_stack/syscalls/ktls_pair.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstdio>
#include <limits>

#include "host_stack/syscalls/type_message.h"

namespace tlsnic::host::test {
namespace {

constexpr std::uint64_t settle_ns = 1'000'000;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress server_address(int family) {
  SocketAddress out;
  if (family == AF_INET) {
    auto& in = reinterpret_cast<sockaddr_in&>(out.storage);
    in.sin_family = AF_INET;
    inet_pton(AF_INET, "10.0.0.2", &in.sin_addr);
    out.size = sizeof in;
  } else {
    auto& in6 = reinterpret_cast<sockaddr_in6&>(out.storage);
    in6.sin6_family = AF_INET6;
    inet_pton(AF_INET6, "fd00::2", &in6.sin6_addr);
    out.size = sizeof in6;
  }
  return out;
}

Catch::ScopedMessage message(const std::string& text) {
  return Catch::ScopedMessage(
      Catch::MessageBuilder("INFO", CATCH_INTERNAL_LINEINFO, Catch::ResultWas::Info) << text);
}

std::size_t crypto_info_size(std::uint16_t cipher) {
  switch (cipher) {
    case TLS_CIPHER_AES_GCM_128:
      return sizeof(tls12_crypto_info_aes_gcm_128);
    case TLS_CIPHER_AES_GCM_256:
      return sizeof(tls12_crypto_info_aes_gcm_256);
    case TLS_CIPHER_AES_CCM_128:
      return sizeof(tls12_crypto_info_aes_ccm_128);
    case TLS_CIPHER_CHACHA20_POLY1305:
      return sizeof(tls12_crypto_info_chacha20_poly1305);
    case TLS_CIPHER_SM4_GCM:
      return sizeof(tls12_crypto_info_sm4_gcm);
    case TLS_CIPHER_SM4_CCM:
      return sizeof(tls12_crypto_info_sm4_ccm);
    case TLS_CIPHER_ARIA_GCM_128:
      return sizeof(tls12_crypto_info_aria_gcm_128);
    case TLS_CIPHER_ARIA_GCM_256:
      return sizeof(tls12_crypto_info_aria_gcm_256);
    default:
      return sizeof(tls_crypto_info);
  }
}

const std::vector<Variation>& variations() {
  static const std::vector<Variation> list = [] {
    std::vector<Variation> out;
    for (const Variant& variant : all_variants()) {
      if (!is_available(variant.cipher)) {
        fmt::print(stderr, "skipped: {}: this OpenSSL does not have the cipher\n", variant.name);
        continue;
      }
      out.push_back({variant, Mode::software});
      out.push_back({variant, Mode::hardware});
    }
    return out;
  }();
  return list;
}

}  // namespace

scenarios::World& world() {
  static scenarios::World the_world([] {
    scenarios::Scenario scenario;
    scenario.limit_ns = std::numeric_limits<std::int64_t>::max() / 1000;
    return scenario;
  }());
  return the_world;
}

std::string Variation::name() const {
  return fmt::format("{}, {}", variant.name, mode == Mode::hardware ? "hardware" : "software");
}

const std::vector<Variant>& all_variants() {
  static const std::vector<Variant> list{
      tls12_aes_gcm,
      tls13_aes_gcm,
      {"12_chacha", TLS_1_2_VERSION, TLS_CIPHER_CHACHA20_POLY1305},
      {"13_chacha", TLS_1_3_VERSION, TLS_CIPHER_CHACHA20_POLY1305},
      {"13_sm4_gcm", TLS_1_3_VERSION, TLS_CIPHER_SM4_GCM},
      {"13_sm4_ccm", TLS_1_3_VERSION, TLS_CIPHER_SM4_CCM},
      {"12_aes_ccm", TLS_1_2_VERSION, TLS_CIPHER_AES_CCM_128},
      {"13_aes_ccm", TLS_1_3_VERSION, TLS_CIPHER_AES_CCM_128},
      {"12_aes_gcm_256", TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_256},
      {"13_aes_gcm_256", TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_256},
      {"13_nopad", TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_128, true},
      {"12_aria_gcm", TLS_1_2_VERSION, TLS_CIPHER_ARIA_GCM_128},
      {"12_aria_gcm_256", TLS_1_2_VERSION, TLS_CIPHER_ARIA_GCM_256},
  };
  return list;
}

bool is_available(std::uint16_t cipher) {
  if (cipher != TLS_CIPHER_SM4_GCM && cipher != TLS_CIPHER_SM4_CCM) return true;
  EVP_CIPHER* const found =
      EVP_CIPHER_fetch(nullptr, cipher == TLS_CIPHER_SM4_GCM ? "SM4-GCM" : "SM4-CCM", nullptr);
  EVP_CIPHER_free(found);
  return found != nullptr;
}

Variation any_variation(const std::function<bool(const Variant&)>& which) {
  std::vector<Variation> list;
  for (const Variation& each : variations())
    if (!which || which(each.variant)) list.push_back(each);
  return GENERATE_REF(from_range(list));
}

Mode any_mode() {
  return GENERATE(Mode::software, Mode::hardware);
}

void CryptoInfo::set_record_number(std::uint64_t number) {
  store_be64(bytes.data() + bytes.size() - 8, number);
}

CryptoInfo crypto_info(const Variant& variant, std::uint8_t generation) {
  CryptoInfo out;
  out.bytes.assign(crypto_info_size(variant.cipher), generation);
  const tls_crypto_info head{variant.version, variant.cipher};
  std::memcpy(out.bytes.data(), &head, sizeof head);
  return out;
}

std::vector<std::uint8_t> bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

int error_of(long result) {
  return result < 0 ? errno : 0;
}

long End::send(Bytes data, int flags) const {
  return process.send(fd, data.data(), data.size(), flags);
}

long End::send_control(std::uint8_t type, Bytes data, int flags) const {
  iovec part{const_cast<std::uint8_t*>(data.data()), data.size()};
  TypeMessage typed(&part);
  typed.set_type(type);
  return process.sendmsg(fd, &typed.message, flags);
}

Received End::recv(std::size_t size, int flags) const {
  Received out;
  out.data.resize(size);
  out.result = process.recv(fd, out.data.data(), size, flags);
  out.error = error_of(out.result);
  out.data.resize(out.result < 0 ? 0 : static_cast<std::size_t>(out.result));
  return out;
}

Received End::recvmsg(std::size_t size, int flags) const {
  Received out;
  out.data.resize(size);
  iovec part{out.data.data(), size};
  TypeMessage typed(&part);
  out.result = process.recvmsg(fd, &typed.message, flags);
  out.error = error_of(out.result);
  out.data.resize(out.result < 0 ? 0 : static_cast<std::size_t>(out.result));
  if (out.result < 0) return out;
  out.flags = typed.message.msg_flags;
  out.type = typed.type();
  return out;
}

int End::set_ulp() const {
  return error_of(process.setsockopt(fd, SOL_TCP, TCP_ULP, "tls", sizeof "tls"));
}

int End::set_tls(int option, const CryptoInfo& info) const {
  return error_of(process.setsockopt(fd, SOL_TLS, option, info.data(), info.size()));
}

void End::close() {
  if (fd >= 0) process.close(fd);
  fd = -1;
}

TcpPair::TcpPair(Mode mode, int family, const std::string& name)
    : sender{world().client_process()},
      receiver{world().server_process()},
      info_(message(name.empty() ? (mode == Mode::hardware ? "hardware" : "software") : name)) {
  for (scenarios::Machine* machine : {&world().client, &world().server}) {
    machine->host.netdev().hw_tls_tx = mode == Mode::hardware;
    machine->host.netdev().hw_tls_rx = mode == Mode::hardware;
  }
  End listener{receiver.process, receiver.process.socket(family, SOCK_STREAM, 0)};
  REQUIRE(listener.fd >= 0);
  SocketAddress address = server_address(family);
  REQUIRE(listener.process.bind(listener.fd, address.get(), address.size) == 0);
  REQUIRE(listener.process.listen(listener.fd, 10) == 0);
  REQUIRE(listener.process.getsockname(listener.fd, address.get(), &address.size) == 0);
  sender.fd = sender.process.socket(family, SOCK_STREAM, 0);
  REQUIRE(sender.fd >= 0);
  REQUIRE(sender.process.connect(sender.fd, address.get(), address.size) == 0);
  receiver.fd = receiver.process.accept(listener.fd, nullptr, nullptr);
  REQUIRE(receiver.fd >= 0);
  listener.close();
}

TcpPair::~TcpPair() {
  sender.close();
  receiver.close();
}

void TcpPair::set_ulp() const {
  REQUIRE(sender.set_ulp() == 0);
  REQUIRE(receiver.set_ulp() == 0);
}

void TcpPair::settle() const {
  receiver.process.sleep_ns(settle_ns);
}

void TcpPair::wait_long() const {
  receiver.process.sleep_ns(1'000'000'000);
}

KtlsPair::KtlsPair(const Variation& v, int family)
    : TcpPair(v.mode, family, v.name()), variation(v) {
  set_ulp();
  const bool hardware = variation.is_offloaded();
  const auto tx = hardware ? TlsCounter::tx_device : TlsCounter::tx_sw;
  const auto rx = hardware ? TlsCounter::rx_device : TlsCounter::rx_sw;
  const CountedSince sender_counts(sender);
  const CountedSince receiver_counts(receiver);
  const CryptoInfo info = crypto_info(variation.variant);
  REQUIRE(sender.set_tls(TLS_TX, info) == 0);
  REQUIRE(receiver.set_tls(TLS_RX, info) == 0);
  REQUIRE(sender_counts[tx] == 1);
  REQUIRE(receiver_counts[rx] == 1);
  if (variation.variant.no_pad)
    REQUIRE(receiver.set_option(SOL_TLS, TLS_RX_EXPECT_NO_PAD, 1U) == 0);
  if (hardware) settle();
}

void KtlsPair::set_reverse_keys() const {
  const CryptoInfo info = crypto_info(variation.variant);
  REQUIRE(receiver.set_tls(TLS_TX, info) == 0);
  REQUIRE(sender.set_tls(TLS_RX, info) == 0);
}

std::uint64_t KtlsPair::records_sent() const {
  CryptoInfo info = crypto_info(variation.variant);
  socklen_t size = info.size();
  REQUIRE(sender.process.getsockopt(sender.fd, SOL_TLS, TLS_TX, info.bytes.data(), &size) == 0);
  return load_be64(info.bytes.data() + info.bytes.size() - 8);
}

PipeEnds::PipeEnds(Process& owner, int flags, int capacity) : process(owner) {
  int fds[2] = {-1, -1};
  REQUIRE(process.pipe2(fds, flags) == 0);
  read_end = fds[0];
  write_end = fds[1];
  if (capacity != 0) REQUIRE(process.fcntl(read_end, F_SETPIPE_SZ, capacity) >= capacity);
}

PipeEnds::~PipeEnds() {
  process.close(read_end);
  process.close(write_end);
}

std::vector<std::uint8_t> PipeEnds::read(std::size_t size) const {
  std::vector<std::uint8_t> out(size);
  const long got = process.read(read_end, out.data(), size);
  REQUIRE(got >= 0);
  out.resize(static_cast<std::size_t>(got));
  return out;
}

int open_file_of(Process& process, Bytes contents) {
  const int fd = process.memfd_create("contents", 0);
  REQUIRE(fd >= 0);
  REQUIRE(process.write(fd, contents.data(), contents.size()) ==
          static_cast<long>(contents.size()));
  REQUIRE(process.lseek(fd, 0, SEEK_SET) == 0);
  return fd;
}

}  // namespace tlsnic::host::test
