// setsockopt() and getsockopt() of kTLS, each row of facts 2.1, 2.4 and 2.5 with each error.
#include <cstring>

#include "host_stack/ktls/tls_info.h"
#include "tests/host_stack/syscalls/ktls_pair.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

void* const bad_pointer = reinterpret_cast<void*>(64);
constexpr Variant tls12_aes_gcm_256{"", TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_256};
constexpr Variant tls13_aes_gcm_256{"", TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_256};
constexpr Variant tls12_chacha{"", TLS_1_2_VERSION, TLS_CIPHER_CHACHA20_POLY1305};
constexpr Variant tls13_aria{"", TLS_1_3_VERSION, TLS_CIPHER_ARIA_GCM_128};

int set(const End& end, int option, const void* value, std::size_t size, int level = SOL_TLS) {
  return error_of(
      end.process.setsockopt(end.fd, level, option, value, static_cast<socklen_t>(size)));
}

// The error; `size` as given back.
int get(const End& end, int option, void* value, socklen_t& size) {
  return error_of(end.process.getsockopt(end.fd, SOL_TLS, option, value, &size));
}
int get(const End& end, int option, std::size_t size) {
  std::uint8_t value[64] = {};
  auto length = static_cast<socklen_t>(size);
  return get(end, option, value, length);
}
CryptoInfo get_keys(const End& end, int option, std::size_t size) {
  CryptoInfo out;
  out.bytes.resize(size);
  socklen_t length = out.size();
  REQUIRE(get(end, option, out.bytes.data(), length) == 0);
  REQUIRE(length == size);
  return out;
}

// TLS_TX or TLS_RX; each runs the test case once.
int any_direction() {
  return GENERATE(TLS_TX, TLS_RX);
}

// bytes of iv and rec_seq as numbers
std::uint64_t iv_of(const CryptoInfo& info) {
  return load_be64(&info.bytes[4]);
}
std::uint64_t record_number_of(const CryptoInfo& info) {
  return load_be64(&info.bytes[info.bytes.size() - 8]);
}

}  // namespace

TEST_CASE("ktls: TCP_ULP: ENOENT for another name, EEXIST the second time, no SOL_TLS before it") {
  const TcpPair pair(any_mode());
  const End& end = pair.sender;
  CHECK(set(end, TLS_TX, crypto_info(tls12_aes_gcm).data(), 40) == ENOPROTOOPT);
  CHECK(get(end, TLS_TX, 40) == ENOPROTOOPT);
  CHECK(set(end, TCP_ULP, "mptls", 6, SOL_TCP) == ENOENT);
  CHECK(set(end, TCP_ULP, bad_pointer, 4, SOL_TCP) == EFAULT);
  // The terminating zero may be missing.
  CHECK(set(end, TCP_ULP, "tls", 3, SOL_TCP) == 0);
  CHECK(set(end, TCP_ULP, "tls", 4, SOL_TCP) == EEXIST);
  CHECK(set(end, TCP_NODELAY, std::vector<int>{1}.data(), sizeof(int), SOL_TCP) == 0);
}

TEST_CASE("ktls: TCP_ULP: getsockopt() gives the name, or nothing without the ULP") {
  const TcpPair pair(any_mode());
  const End& end = pair.sender;
  char name[32] = {};
  const auto get_ulp = [&](void* value, socklen_t& size) {
    return error_of(end.process.getsockopt(end.fd, SOL_TCP, TCP_ULP, value, &size));
  };
  socklen_t size = sizeof name;
  CHECK(get_ulp(name, size) == 0);
  CHECK(size == 0);
  REQUIRE(end.set_ulp() == 0);
  // TCP_ULP_NAME_MAX is 16; what there is no room for is cut off.
  size = sizeof name;
  CHECK(get_ulp(name, size) == 0);
  CHECK(size == 16);
  CHECK(std::string(name, 16) == std::string("tls") + std::string(13, '\0'));
  std::memset(name, 'x', sizeof name);
  size = 2;
  CHECK(get_ulp(name, size) == 0);
  CHECK(size == 2);
  CHECK(std::string(name, 4) == "tlxx");
  CHECK(get_ulp(bad_pointer, size) == EFAULT);
  size = static_cast<socklen_t>(-1);
  CHECK(get_ulp(name, size) == EINVAL);
  CHECK(error_of(end.process.getsockopt(end.fd, SOL_TCP, TCP_ULP, name,
                                        static_cast<socklen_t*>(bad_pointer))) == EFAULT);
}

TEST_CASE("ktls: TCP_ULP: ENOTCONN after the connection has ended") {
  TcpPair pair(any_mode());
  pair.receiver.close();
  pair.settle();
  CHECK(pair.sender.set_ulp() == ENOTCONN);
}

TEST_CASE(
    "ktls: TLS_TX, TLS_RX: each bad argument has its error, and a good one works afterwards") {
  const int option = any_direction();
  const TcpPair pair(any_mode());
  pair.set_ulp();
  const End& end = pair.sender;
  const CryptoInfo good = crypto_info(tls12_aes_gcm);
  const auto with_head = [&](std::uint16_t version, std::uint16_t cipher) {
    return crypto_info({"", version, cipher});
  };

  for (const std::size_t size : {0, 3, 4, 39, 41, 56}) {
    INFO("length " << size);
    auto bytes = good.bytes;
    bytes.resize(56);
    CHECK(set(end, option, bytes.data(), size) == EINVAL);
  }
  CHECK(set(end, option, nullptr, 40) == EINVAL);
  CHECK(set(end, option, bad_pointer, 3) == EINVAL);
  CHECK(set(end, option, bad_pointer, 40) == EFAULT);
  for (const int version : {0, 0x0300, 0x0302, 0x0305, 0x0403}) {
    INFO("version " << version);
    CHECK(end.set_tls(option, with_head(static_cast<std::uint16_t>(version), 51)) == EINVAL);
  }
  for (const int cipher : {0, 50, 59, 65535}) {
    INFO("cipher " << cipher);
    for (const std::size_t size : {40, 56}) {
      CryptoInfo info = with_head(TLS_1_2_VERSION, static_cast<std::uint16_t>(cipher));
      info.bytes.resize(size);
      CHECK(end.set_tls(option, info) == EINVAL);
    }
  }
  CHECK(end.set_tls(option, crypto_info(tls13_aria)) == EINVAL);
  CHECK(get(end, option, 40) == EBUSY);
  CHECK(end.set_tls(option, good) == 0);
}

TEST_CASE("ktls: TLS_TX, TLS_RX: ENOENT for a cipher that the library lacks; another one works") {
  const int option = any_direction();
  for (const auto cipher :
       std::initializer_list<std::uint16_t>{TLS_CIPHER_SM4_GCM, TLS_CIPHER_SM4_CCM}) {
    if (is_available(cipher)) continue;
    const TcpPair pair(Mode::hardware);
    pair.set_ulp();
    CHECK(pair.sender.set_tls(option, crypto_info({"", TLS_1_3_VERSION, cipher})) == ENOENT);
    CHECK(get(pair.sender, option, 40) == EBUSY);
    CHECK(pair.sender.set_tls(option, crypto_info(tls12_aes_gcm)) == 0);
  }
}

TEST_CASE("ktls: TLS_TX, TLS_RX: version and cipher must be those of the other direction") {
  const int option = any_direction();
  const int other = option == TLS_TX ? TLS_RX : TLS_TX;
  const TcpPair pair(any_mode());
  pair.set_ulp();
  REQUIRE(pair.sender.set_tls(other, crypto_info(tls12_aes_gcm)) == 0);
  CHECK(pair.sender.set_tls(option, crypto_info(tls13_aes_gcm)) == EINVAL);
  CHECK(pair.sender.set_tls(option, crypto_info(tls12_aes_gcm_256)) == EINVAL);
  CHECK(pair.sender.set_tls(option, crypto_info(tls12_aes_gcm, 5)) == 0);
}

TEST_CASE("ktls: TLS_TX, TLS_RX: a second time is EBUSY in TLS 1.2, before the argument is read") {
  const int option = any_direction();
  const auto errors = option == TLS_TX ? TlsCounter::tx_rekey_error : TlsCounter::rx_rekey_error;
  const TcpPair pair(any_mode());
  pair.set_ulp();
  const End& end = pair.sender;
  REQUIRE(end.set_tls(option, crypto_info(tls12_aes_gcm)) == 0);
  const CountedSince counted(end);
  CHECK(end.set_tls(option, crypto_info(tls12_aes_gcm)) == EBUSY);
  CHECK(end.set_tls(option, crypto_info(tls13_aes_gcm)) == EBUSY);
  CHECK(set(end, option, bad_pointer, 40) == EBUSY);
  CHECK(counted[errors] == 3);
  CHECK(set(end, option, nullptr, 40) == EINVAL);
  CHECK(set(end, option, bad_pointer, 3) == EINVAL);
  CHECK(counted[errors] == 3);
}

TEST_CASE("ktls: TLS_TX, TLS_RX: a rekey keeps version and cipher; a refused one keeps the keys") {
  const int option = any_direction();
  const bool tx = option == TLS_TX;
  const auto errors = tx ? TlsCounter::tx_rekey_error : TlsCounter::rx_rekey_error;
  const auto successes = tx ? TlsCounter::tx_rekey_ok : TlsCounter::rx_rekey_ok;
  const KtlsPair pair({tls13_aes_gcm, any_mode()});
  const End& end = tx ? pair.sender : pair.receiver;
  const CountedSince counted(end);

  CHECK(end.set_tls(option, crypto_info(tls12_aes_gcm, 1)) == EINVAL);
  CHECK(end.set_tls(option, crypto_info(tls13_aes_gcm_256, 1)) == EINVAL);
  CHECK(counted[errors] == 2);
  CHECK(pair.sender.send("under the old key") == 17);
  CHECK(pair.receiver.recv(100).data == bytes_of("under the old key"));

  REQUIRE(pair.sender.set_tls(TLS_TX, crypto_info(tls13_aes_gcm, 1)) == 0);
  REQUIRE(pair.receiver.set_tls(TLS_RX, crypto_info(tls13_aes_gcm, 1)) == 0);
  CHECK(counted[successes] == 1);
  CHECK(counted[errors] == 2);
  // It opens none anew.
  CHECK(counted[tx ? TlsCounter::tx_sw : TlsCounter::rx_sw] == 0);
  CHECK(counted[tx ? TlsCounter::tx_device : TlsCounter::rx_device] == 0);
  CHECK(pair.sender.send("under the new key") == 17);
  CHECK(pair.receiver.recv(100).data == bytes_of("under the new key"));
}

TEST_CASE("ktls: TLS_TX_ZEROCOPY_RO: four bytes, 0 or 1, in any state") {
  const bool keys = GENERATE(false, true);
  const TcpPair pair(any_mode());
  pair.set_ulp();
  const End& end = pair.sender;
  if (keys) REQUIRE(end.set_tls(TLS_TX, crypto_info(tls12_aes_gcm)) == 0);
  for (const std::size_t size : {0, 3, 5, 8}) {
    const std::uint64_t zero = 0;
    INFO("length " << size);
    CHECK(set(end, TLS_TX_ZEROCOPY_RO, &zero, size) == EINVAL);
    if (size != 0) CHECK(get(end, TLS_TX_ZEROCOPY_RO, size) == EINVAL);
  }
  CHECK(set(end, TLS_TX_ZEROCOPY_RO, bad_pointer, 4) == EFAULT);
  CHECK(end.set_option(SOL_TLS, TLS_TX_ZEROCOPY_RO, 2U) == EINVAL);
  for (const unsigned value : {1U, 0U, 1U}) {
    CHECK(end.set_option(SOL_TLS, TLS_TX_ZEROCOPY_RO, value) == 0);
    unsigned got = 99;
    socklen_t size = sizeof got;
    CHECK(get(end, TLS_TX_ZEROCOPY_RO, &got, size) == 0);
    CHECK(got == value);
  }
}

TEST_CASE("ktls: TLS_RX_EXPECT_NO_PAD: TLS 1.3 with TLS_RX set only, four bytes or more") {
  const TcpPair pair(any_mode());
  pair.set_ulp();
  const End& end = pair.receiver;
  CHECK(end.set_option(SOL_TLS, TLS_RX_EXPECT_NO_PAD, 1U) == EINVAL);
  CHECK(get(end, TLS_RX_EXPECT_NO_PAD, 4) == EINVAL);
  // The other direction alone does not do.
  REQUIRE(end.set_tls(TLS_TX, crypto_info(tls13_aes_gcm)) == 0);
  CHECK(end.set_option(SOL_TLS, TLS_RX_EXPECT_NO_PAD, 1U) == EINVAL);
  REQUIRE(end.set_tls(TLS_RX, crypto_info(tls13_aes_gcm)) == 0);

  CHECK(set(end, TLS_RX_EXPECT_NO_PAD, std::vector<unsigned>{1}.data(), 3) == EINVAL);
  CHECK(end.set_option(SOL_TLS, TLS_RX_EXPECT_NO_PAD, 2U) == EINVAL);
  CHECK(set(end, TLS_RX_EXPECT_NO_PAD, std::vector<unsigned>{1, 1}.data(), 8) == EINVAL);
  CHECK(set(end, TLS_RX_EXPECT_NO_PAD, bad_pointer, 4) == EFAULT);
  CHECK(get(end, TLS_RX_EXPECT_NO_PAD, 3) == EINVAL);
  CHECK(set(end, TLS_RX_EXPECT_NO_PAD, std::vector<unsigned>{1, 0}.data(), 8) == 0);
  unsigned got[2] = {99, 99};
  socklen_t size = sizeof got;
  CHECK(get(end, TLS_RX_EXPECT_NO_PAD, got, size) == 0);
  CHECK(got[0] == 1);
  CHECK(size == 4);
}

TEST_CASE("ktls: TLS_RX_EXPECT_NO_PAD: EINVAL in TLS 1.2") {
  const KtlsPair pair({tls12_aes_gcm, any_mode()});
  CHECK(pair.receiver.set_option(SOL_TLS, TLS_RX_EXPECT_NO_PAD, 0U) == EINVAL);
  CHECK(get(pair.receiver, TLS_RX_EXPECT_NO_PAD, 4) == EINVAL);
}

TEST_CASE("ktls: TLS_TX_MAX_PAYLOAD_LEN: two bytes, 64 (TLS 1.3: 63) to 16384") {
  const bool tls13 = GENERATE(false, true);
  const KtlsPair pair({tls13 ? tls13_aes_gcm : tls12_aes_gcm, any_mode()});
  const End& end = pair.sender;
  const auto set_to = [&](int value) {
    return end.set_option(SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, static_cast<std::uint16_t>(value));
  };
  const auto expect = [&](std::uint16_t value) {
    std::uint16_t got[4] = {};
    socklen_t size = sizeof got;
    CHECK(get(end, TLS_TX_MAX_PAYLOAD_LEN, got, size) == 0);
    CHECK(got[0] == value);
    CHECK(size == 2);
  };
  expect(16384);
  for (const std::size_t size : {0, 1, 3, 4}) {
    INFO("length " << size);
    CHECK(set(end, TLS_TX_MAX_PAYLOAD_LEN, std::vector<unsigned>{128}.data(), size) == EINVAL);
  }
  CHECK(set(end, TLS_TX_MAX_PAYLOAD_LEN, bad_pointer, 2) == EFAULT);
  CHECK(get(end, TLS_TX_MAX_PAYLOAD_LEN, 1) == EINVAL);
  for (const int value : {0, 62, 16385, 65535}) {
    INFO("value " << value);
    CHECK(set_to(value) == EINVAL);
  }
  expect(16384);
  CHECK(set_to(63) == (tls13 ? 0 : EINVAL));
  CHECK(set_to(64) == 0);
  expect(64);
  CHECK(set_to(16384) == 0);
  expect(16384);
}

TEST_CASE("ktls: SOL_TLS: other options are ENOPROTOOPT") {
  const KtlsPair pair({tls12_aes_gcm, any_mode()});
  for (const int option : {0, 6, 99, -1}) {
    INFO("option " << option);
    CHECK(pair.sender.set_option(SOL_TLS, option, 1U) == ENOPROTOOPT);
    CHECK(get(pair.sender, option, 4) == ENOPROTOOPT);
  }
}

TEST_CASE("ktls: getsockopt: EFAULT, then EINVAL below four bytes, then EBUSY without keys") {
  const int option = any_direction();
  const TcpPair pair(any_mode());
  pair.set_ulp();
  const End& end = pair.sender;
  CHECK(get(end, option, 3) == EINVAL);
  for (const std::size_t size : {4, 40, 64}) CHECK(get(end, option, size) == EBUSY);
  REQUIRE(end.set_tls(option, crypto_info(tls12_aes_gcm, 7)) == 0);
  CHECK(get(end, option, 3) == EINVAL);
  for (const std::size_t size : {5, 39, 41, 56}) CHECK(get(end, option, size) == EINVAL);
  socklen_t size = 40;
  CHECK(get(end, option, bad_pointer, size) == EFAULT);
  CHECK(error_of(end.process.getsockopt(end.fd, SOL_TLS, option,
                                        get_keys(end, option, 40).bytes.data(),
                                        static_cast<socklen_t*>(bad_pointer))) == EFAULT);
  CHECK((get_keys(end, option, 40).bytes == crypto_info(tls12_aes_gcm, 7).bytes));
}

TEST_CASE("ktls: getsockopt: iv and record number are those of the next record") {
  const KtlsPair pair(any_variation());
  const CryptoInfo set = crypto_info(pair.variation.variant);
  for (int i = 0; i < 3; ++i) CHECK(pair.sender.send("record") == 6);
  CHECK(pair.receiver.recv(18, MSG_WAITALL).result == 18);
  // Explicit nonces count; the iv of TLS 1.3 and of ChaCha20 stays (facts 2.3).
  const Variant& variant = pair.variation.variant;
  const bool counts = !variant.is_tls13() && variant.cipher != TLS_CIPHER_CHACHA20_POLY1305;
  for (const auto& [end, option] :
       {std::make_pair(&pair.sender, TLS_TX), std::make_pair(&pair.receiver, TLS_RX)}) {
    INFO("option " << option);
    CryptoInfo got = get_keys(*end, option, set.bytes.size());
    CHECK(record_number_of(got) == 3);
    CHECK(iv_of(got) == (counts ? 3 : 0));
    // All else is as it was set.
    got.set_record_number(0);
    store_be64(&got.bytes[4], 0);
    CHECK((got.bytes == set.bytes));
  }
}

TEST_CASE("ktls: getsockopt: the iv of TLS 1.2 ChaCha20 stays") {
  const KtlsPair pair({tls12_chacha, any_mode()});
  CHECK(pair.sender.send("record") == 6);
  const CryptoInfo got = get_keys(pair.sender, TLS_TX, sizeof(tls12_crypto_info_chacha20_poly1305));
  CHECK(iv_of(got) == 0);
  CHECK(record_number_of(got) == 1);
}

TEST_CASE("ktls: tls_info: modes, version, cipher and flags as inet_diag gives them") {
  const Variation variation = any_variation();
  const TcpPair pair(variation.mode, AF_INET, variation.name());
  const End& end = pair.receiver;
  const auto info = [&] { return tls_info(*end.process.tcp_socket(end.fd)); };
  REQUIRE(end.set_ulp() == 0);
  CHECK(!info().version);
  CHECK(!info().cipher);
  CHECK(info().txconf == TlsConf::base);
  CHECK(info().rxconf == TlsConf::base);

  const TlsConf conf = variation.is_offloaded() ? TlsConf::hw : TlsConf::sw;
  const CryptoInfo keys = crypto_info(variation.variant);
  REQUIRE(end.set_tls(TLS_RX, keys) == 0);
  CHECK(info().version == variation.variant.version);
  CHECK(info().cipher == variation.variant.cipher);
  CHECK(info().txconf == TlsConf::base);
  CHECK(info().rxconf == conf);
  REQUIRE(end.set_tls(TLS_TX, keys) == 0);
  CHECK(info().txconf == conf);
  CHECK(info().tx_max_payload_len == 16384);
  CHECK(!info().zc_ro_tx);
  CHECK(!info().rx_no_pad);

  REQUIRE(end.set_option(SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, std::uint16_t{1000}) == 0);
  CHECK(info().tx_max_payload_len == 1000);
  REQUIRE(end.set_option(SOL_TLS, TLS_TX_ZEROCOPY_RO, 1U) == 0);
  CHECK(info().zc_ro_tx == variation.is_offloaded());
  if (!variation.variant.is_tls13()) return;
  REQUIRE(end.set_option(SOL_TLS, TLS_RX_EXPECT_NO_PAD, 1U) == 0);
  CHECK(info().rx_no_pad);
}
