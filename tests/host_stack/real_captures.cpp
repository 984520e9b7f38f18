// Captures of real hosts through the stack in software; the file that the server sent is the
// oracle.
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <pcap/pcap.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <sstream>
#include <string>

#include "host_stack/host.h"

namespace tlsnic::host {
namespace {

using Buffer = std::vector<std::uint8_t>;

const std::string corpus = std::string(TLSNIC_SOURCE_DIR) + "/traces/corpus/";

std::vector<Buffer> read_frames(const std::string& name) {
  char error[PCAP_ERRBUF_SIZE] = {};
  const std::unique_ptr<pcap_t, void (*)(pcap_t*)> pcap(
      pcap_open_offline((corpus + name).c_str(), error), &pcap_close);
  INFO(error);
  REQUIRE(pcap != nullptr);
  std::vector<Buffer> frames;
  pcap_pkthdr* header = nullptr;
  const std::uint8_t* bytes = nullptr;
  while (pcap_next_ex(pcap.get(), &header, &bytes) == 1)
    frames.emplace_back(bytes, bytes + header->caplen);
  return frames;
}

Buffer from_hex(const std::string& hex) {
  Buffer bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

struct Secret {
  Buffer client_random;
  Buffer value;
};

std::map<std::string, Secret> read_secrets(const std::string& name) {
  std::ifstream file(corpus + name);
  std::map<std::string, Secret> secrets;
  std::string label, random, value;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream(line) >> label >> random >> value;
    secrets[label] = {from_hex(random), from_hex(value)};
  }
  return secrets;
}

Buffer derive(const char* algorithm, std::size_t size, std::vector<OSSL_PARAM> params) {
  params.push_back(OSSL_PARAM_construct_end());
  EVP_KDF* kdf = EVP_KDF_fetch(nullptr, algorithm, nullptr);
  EVP_KDF_CTX* context = EVP_KDF_CTX_new(kdf);
  Buffer out(size);
  REQUIRE(EVP_KDF_derive(context, out.data(), size, params.data()) == 1);
  EVP_KDF_CTX_free(context);
  EVP_KDF_free(kdf);
  return out;
}

OSSL_PARAM octets(const char* key, Buffer& value) {
  return OSSL_PARAM_construct_octet_string(key, value.data(), value.size());
}

OSSL_PARAM text(const char* key, const char* value) {
  return OSSL_PARAM_construct_utf8_string(key, const_cast<char*>(value), 0);
}

// RFC 5246, section 6.3: client key, server key, client salt, server salt.
TrafficKeys server_keys_tls12(Secret secret, Buffer server_random) {
  const std::string label = "key expansion";
  Buffer seed(label.begin(), label.end());
  seed.insert(seed.end(), server_random.begin(), server_random.end());
  seed.insert(seed.end(), secret.client_random.begin(), secret.client_random.end());
  const Buffer block =
      derive("TLS1-PRF", 40,
             {text(OSSL_KDF_PARAM_DIGEST, "SHA256"), octets(OSSL_KDF_PARAM_SECRET, secret.value),
              octets(OSSL_KDF_PARAM_SEED, seed)});
  TrafficKeys keys;
  std::copy_n(block.begin() + 16, 16, keys.key.begin());
  std::copy_n(block.begin() + 36, 4, keys.iv.begin());
  return keys;
}

// HKDF-Expand-Label (RFC 8446, section 7.1) with an empty context.
Buffer expand_label(Buffer secret, const std::string& label, std::size_t size) {
  Buffer info = {0, static_cast<std::uint8_t>(size), static_cast<std::uint8_t>(label.size() + 6)};
  const std::string full = "tls13 " + label;
  info.insert(info.end(), full.begin(), full.end());
  info.push_back(0);
  return derive("HKDF", size,
                {text(OSSL_KDF_PARAM_DIGEST, "SHA256"), text(OSSL_KDF_PARAM_MODE, "EXPAND_ONLY"),
                 octets(OSSL_KDF_PARAM_KEY, secret), octets(OSSL_KDF_PARAM_INFO, info)});
}

TrafficKeys keys_tls13(const Buffer& secret) {
  TrafficKeys keys;
  keys.version = TlsVersion::tls13;
  const Buffer key = expand_label(secret, "key", 16);
  const Buffer iv = expand_label(secret, "iv", 12);
  std::copy(key.begin(), key.end(), keys.key.begin());
  std::copy(iv.begin(), iv.end(), keys.iv.begin());
  return keys;
}

// A plain record, handshake records of several messages included.
std::optional<Buffer> read_plain_record(Socket& socket) {
  Buffer record(record_header_size);
  if (socket.peek(record) < record.size()) return std::nullopt;
  record.resize(record_header_size + read_record_header(record.data()).length);
  if (socket.peek(record) < record.size()) return std::nullopt;
  socket.read(record);
  return record;
}

// The reader of one server's stream: plain records until the keys count, then kTLS.
struct Client {
  std::map<std::string, Secret> secrets;
  Buffer server_random;
  Buffer application_data;
  int records = 0;

  bool is_tls13() const { return secrets.count("SERVER_TRAFFIC_SECRET_0") != 0; }

  void read(Socket& socket) {
    while (socket.tls_rx() == nullptr) {
      const auto record = read_plain_record(socket);
      if (!record) return;
      if ((*record)[0] == record_handshake && (*record)[5] == 2)
        server_random.assign(record->begin() + 11, record->begin() + 43);
      if ((*record)[0] != record_change_cipher_spec) continue;
      const TrafficKeys keys = is_tls13()
                                   ? keys_tls13(secrets["SERVER_HANDSHAKE_TRAFFIC_SECRET"].value)
                                   : server_keys_tls12(secrets["CLIENT_RANDOM"], server_random);
      REQUIRE(socket.set_tls_rx({keys, 0}) == 0);
    }
    for (;;) {
      const ReadResult result = socket.read_record();
      REQUIRE(result.error == 0);
      if (!result.record) return;
      ++records;
      const auto& info = result.record->info;
      Buffer bytes;
      for (const Bytes& piece : result.record->plaintext)
        bytes.insert(bytes.end(), piece.begin(), piece.end());
      if (info.type == record_application_data)
        application_data.insert(application_data.end(), bytes.begin(), bytes.end());
      // Finished: the rest of the stream is under the application traffic key.
      if (is_tls13() && info.type == record_handshake && bytes[0] == 20)
        REQUIRE(socket.set_tls_rx({keys_tls13(secrets["SERVER_TRAFFIC_SECRET_0"].value), 0}) == 0);
    }
  }
};

TEST_CASE("Captures of real hosts give the file that was sent") {
  const std::string name = GENERATE("t12-128-clean", "t12-128-mtu-lossy", "t12-128-mtu-reord",
                                    "t12-128-tso-lossy", "ktls12-sendfile", "t13-128-mtu-lossy");
  CAPTURE(name);
  std::ifstream file(corpus + "data.bin", std::ios::binary);
  const Buffer sent{std::istreambuf_iterator<char>(file), {}};
  REQUIRE(sent.size() == 409600);

  Client client;
  client.secrets = read_secrets(name + ".keys");
  Host host;
  host.set_data_ready([&](Socket& socket) { client.read(socket); });
  Socket* socket = nullptr;
  for (const Buffer& bytes : read_frames(name + ".rx.pcap")) {
    const ParsedFrame parsed = parse_frame(bytes);
    REQUIRE(parsed.kind == FrameKind::tcp);
    if (parsed.tuple.source.port != 4433) continue;
    if (parsed.has(tcp_syn) && socket == nullptr)
      socket = &host.open(parsed.tuple, parsed.sequence);
    netdev::SkBuff skb;
    skb.buffer = netdev::PacketBuffer(bytes.size());
    skb.length = static_cast<std::uint32_t>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), skb.buffer.data());
    // Segments of virtual hosts carry partial checksums: the receiving device vouches for them.
    skb.checksum_verified = true;
    host.netif_receive_skb(std::move(skb));
  }
  REQUIRE(socket != nullptr);
  REQUIRE_FALSE(socket->receive_queue().hole());
  REQUIRE(client.application_data.size() >= sent.size());
  REQUIRE(std::search(client.application_data.begin(), client.application_data.end(), sent.begin(),
                      sent.end()) != client.application_data.end());
  REQUIRE(client.records > 20);
  REQUIRE(host.tls_stat()[TlsCounter::decrypt_error] == 0);
}

}  // namespace
}  // namespace tlsnic::host
