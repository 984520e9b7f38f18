// Group F of the kernel's self-tests (facts 5.1): "zero_len". Records of length zero, as TLS 1.2
// AES-CCM with all-zero keys; the record number is the explicit nonce, too. They are sealed with
// OpenSSL here and come over plain TCP. With AES-GCM as well, which TLS_HW takes.
#include <openssl/evp.h>

#include <memory>

#include "tests/host_stack/syscalls/ktls_pair.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

constexpr Variant tls12_aes_ccm{"12_aes_ccm", TLS_1_2_VERSION, TLS_CIPHER_AES_CCM_128};
constexpr std::uint8_t data_type = 23;
constexpr std::uint8_t control_type = 22;

struct Content {
  std::uint8_t type;
  std::string_view text;
};
constexpr Content data{data_type, "application"};
constexpr Content empty_data{data_type, ""};
constexpr Content control{control_type, "controlling"};
constexpr Content empty_control{control_type, ""};

// RFC 5246, section 6.2.3.3, with the nonce of RFC 5288, section 3, and RFC 6655, section 3: salt
// and 8 explicit bytes.
std::vector<std::uint8_t> sealed(const Variant& variant, const Content& content,
                                 std::uint8_t number) {
  const bool ccm = variant.cipher == TLS_CIPHER_AES_CCM_128;
  const auto size = static_cast<int>(content.text.size());
  const std::uint8_t key[16] = {};
  std::uint8_t nonce[12] = {};
  nonce[11] = number;
  const std::uint8_t additional[13] = {
      0, 0, 0, 0, 0, 0, 0, number, content.type, 3, 3, 0, static_cast<std::uint8_t>(size)};
  const auto context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>(
      EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  EVP_CIPHER_CTX* const c = context.get();
  REQUIRE(EVP_EncryptInit_ex(c, ccm ? EVP_aes_128_ccm() : EVP_aes_128_gcm(), nullptr, nullptr,
                             nullptr) == 1);
  REQUIRE(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, 12, nullptr) == 1);
  if (ccm) REQUIRE(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, 16, nullptr) == 1);
  REQUIRE(EVP_EncryptInit_ex(c, nullptr, nullptr, key, nonce) == 1);
  int length = 0;
  if (ccm) REQUIRE(EVP_EncryptUpdate(c, nullptr, &length, nullptr, size) == 1);
  REQUIRE(EVP_EncryptUpdate(c, nullptr, &length, additional, sizeof additional) == 1);

  const std::size_t text_at = 13;
  const std::size_t tag_at = text_at + content.text.size();
  std::vector<std::uint8_t> out(tag_at + 16);
  out[0] = content.type;
  out[1] = out[2] = 3;
  out[4] = static_cast<std::uint8_t>(out.size() - 5);
  out[12] = number;
  std::uint8_t nothing = 0;  // CCM makes its tag in the update, which wants a pointer
  const auto* const text = reinterpret_cast<const std::uint8_t*>(content.text.data());
  REQUIRE(EVP_EncryptUpdate(c, size == 0 ? &nothing : &out[text_at], &length,
                            size == 0 ? &nothing : text, size) == 1);
  REQUIRE(EVP_EncryptFinal_ex(c, &nothing, &length) == 1);
  REQUIRE(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, &out[tag_at]) == 1);
  return out;
}

using Contents = std::vector<Content>;

std::vector<std::uint8_t> wire_of(const Variant& variant, const Contents& contents) {
  std::vector<std::uint8_t> out;
  std::uint8_t number = 0;
  for (const Content& each : contents) {
    const auto record = sealed(variant, each, number++);
    out.insert(out.end(), record.begin(), record.end());
  }
  return out;
}

// A read's result: bytes and type.
struct Read {
  long result;
  std::uint8_t type;
};

// Records that were queued before the keys came or come afterwards give these reads, then EAGAIN.
void check_reads(const Contents& contents, const std::vector<Read>& expected) {
  const Variant variant = GENERATE(tls12_aes_ccm, tls12_aes_gcm);
  const Mode mode = any_mode();
  for (const bool keys_first : {true, false}) {
    INFO("keys first: " << keys_first);
    const TcpPair pair(mode, AF_INET, Variation{variant, mode}.name());
    REQUIRE(pair.receiver.set_ulp() == 0);
    const auto wire = wire_of(variant, contents);
    if (keys_first) REQUIRE(pair.receiver.set_tls(TLS_RX, crypto_info(variant)) == 0);
    CHECK(pair.sender.send(wire) == static_cast<long>(wire.size()));
    pair.settle();
    if (!keys_first) REQUIRE(pair.receiver.set_tls(TLS_RX, crypto_info(variant)) == 0);
    for (const Read& read : expected) {
      const Received got = pair.receiver.recvmsg(100, MSG_DONTWAIT);
      CHECK(got.result == read.result);
      CHECK(got.error == 0);
      CHECK(got.type == read.type);
    }
    CHECK(pair.receiver.recvmsg(100, MSG_DONTWAIT).error == EAGAIN);
  }
}

// Sent by our own sender, the records are on the wire as OpenSSL makes them.
void check_wire(const Variation& variation, const Contents& contents) {
  const TcpPair pair(variation.mode, AF_INET, variation.name());
  REQUIRE(pair.sender.set_ulp() == 0);
  REQUIRE(pair.sender.set_tls(TLS_TX, crypto_info(variation.variant)) == 0);
  for (const Content& each : contents) {
    const long sent = each.type == data_type ? pair.sender.send(each.text)
                                             : pair.sender.send_control(each.type, each.text);
    CHECK(sent == static_cast<long>(each.text.size()));
  }
  pair.settle();
  const auto wire = wire_of(variation.variant, contents);
  CHECK((pair.receiver.recv(wire.size() + 1, MSG_DONTWAIT).data == wire));
}

}  // namespace

TEST_CASE("ktls: data_data_data: three records of data are one read") {
  check_reads({data, data, data}, {{33, data_type}});
}

TEST_CASE("ktls: data_0ctrl_data: an empty control record is a read of its own") {
  check_reads({data, empty_control, data}, {{11, data_type}, {0, control_type}, {11, data_type}});
}

TEST_CASE("ktls: 0data_0data_0data: empty data is no data") {
  check_reads({empty_data, empty_data, empty_data}, {});
}

TEST_CASE("ktls: 0data_0data_ctrl: only empty data before a control record reads as 0") {
  check_reads({empty_data, empty_data, control}, {{0, data_type}, {11, control_type}});
}

TEST_CASE("ktls: 0data_0data_0ctrl: the same before an empty control record") {
  check_reads({empty_data, empty_data, empty_control}, {{0, data_type}, {0, control_type}});
}

TEST_CASE("ktls: 0ctrl_0ctrl_0ctrl: three empty control records are three reads") {
  check_reads({empty_control, empty_control, empty_control},
              {{0, control_type}, {0, control_type}, {0, control_type}});
}

TEST_CASE("ktls: 0data_0data_data: empty data before data is passed over") {
  check_reads({empty_data, empty_data, data}, {{11, data_type}});
}

TEST_CASE("ktls: data_0data_0data: empty data after data is passed over") {
  check_reads({data, empty_data, empty_data}, {{11, data_type}});
}

TEST_CASE("ktls: zero_len: TLS_SW puts the same bytes on the wire as OpenSSL") {
  const Mode mode = any_mode();
  check_wire({tls12_aes_ccm, mode}, {data, data, data});
  check_wire({tls12_aes_ccm, mode}, {control, data, control});
}

TEST_CASE("ktls: zero_len: TLS_HW does so with empty records, too") {
  const Variation variation{tls12_aes_gcm, Mode::hardware};
  check_wire(variation, {data, data, data});
  check_wire(variation, {data, empty_control, data});
  check_wire(variation, {empty_data, empty_data, empty_data});
  check_wire(variation, {empty_data, empty_data, control});
  check_wire(variation, {empty_data, empty_data, empty_control});
  check_wire(variation, {empty_control, empty_control, empty_control});
  check_wire(variation, {empty_data, empty_data, data});
  check_wire(variation, {data, empty_data, empty_data});
}

TEST_CASE("ktls: zero_len: sending nothing makes an empty record in TLS_HW, nothing in TLS_SW") {
  const Variation variation = any_variation();
  const TcpPair pair(variation.mode, AF_INET, variation.name());
  REQUIRE(pair.sender.set_ulp() == 0);
  REQUIRE(pair.sender.set_tls(TLS_TX, crypto_info(variation.variant)) == 0);
  // Overhead of AES-GCM alone (facts 2.3).
  const bool tls13 = variation.variant.is_tls13();
  const std::size_t size = tls13 ? 22 : 29;
  for (const std::uint8_t type : {data_type, control_type}) {
    CHECK((type == data_type ? pair.sender.send("") : pair.sender.send_control(type, "")) == 0);
    pair.settle();
    const Received got = pair.receiver.recv(100, MSG_DONTWAIT);
    if (!variation.is_offloaded()) {
      CHECK(got.error == EAGAIN);
      continue;
    }
    REQUIRE(got.data.size() == size);
    CHECK(got.data[0] == (tls13 ? data_type : type));
    CHECK(load_be16(&got.data[3]) == size - 5);
  }
}
