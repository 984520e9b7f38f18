#include "tests/host_stack/openssl/openssl_world.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>

#include "host_stack/syscalls/type_message.h"
#include "protocol/checksum.h"
#include "tests/host_stack/tcp/simulation.h"

namespace tlsnic::host::test {

// A device for AES-GCM. Segments that a chip would encrypt go through the stack's own fallback.
class OpensslWorld::Device : public netdev::NetDeviceOps, public netdev::TlsDevOps {
 public:
  Device(OpensslWorld& world, Side side) : world_(world), side_(side) {}

  void start_xmit(netdev::TxSkb skb) override {
    if (skb.decrypted) {
      auto encrypted = skb.connection->tx->encrypt_skb(std::move(skb));
      REQUIRE(encrypted);
      skb = std::move(*encrypted);
    }
    world_.carry(side_, skb);
  }

  int tls_dev_add(netdev::TlsConnection& connection, netdev::TlsDirection direction,
                  const netdev::TlsCryptoInfo& info, std::uint32_t) override {
    if (!is_offloadable(info.keys.cipher)) return -EOPNOTSUPP;
    if (direction == netdev::TlsDirection::rx)
      connection.rx->set_resync_type(netdev::TlsRxResyncType::driver_req);
    return 0;
  }
  void tls_dev_del(netdev::TlsConnection&, netdev::TlsDirection) override {}
  int tls_dev_resync(netdev::TlsConnection&, std::uint32_t, std::uint64_t,
                     netdev::TlsDirection) override {
    return 0;
  }

 private:
  OpensslWorld& world_;
  Side side_;
};

namespace {

FourTuple addresses() {
  return {testing::endpoint("10.0.0.2", 50000), testing::endpoint("10.0.0.1", 443)};
}

}  // namespace

OpensslWorld::OpensslWorld(const WorldSettings& settings)
    : settings_(settings),
      clock_("clock"),
      random_(settings.seed),
      identity_(random_, settings.seed),
      expected_identity_(random_, settings.seed + (settings.other_certificate ? 1 : 0)),
      client_context_(random_, expected_identity_, TlsRole::client, settings.client),
      server_context_(random_, identity_, TlsRole::server, settings.server),
      client_(settings.hosts, &clock_),
      server_(settings.hosts, &clock_) {
  for (const Side side : {Side::client, Side::server}) {
    auto& device = devices_[side == Side::client ? 0 : 1];
    device = std::make_unique<Device>(*this, side);
    netdev::NetDevice& netdev = host(side).netdev();
    netdev.netdev_ops = device.get();
    netdev.tlsdev_ops = device.get();
    netdev.hw_tls_rx = netdev.hw_tls_tx = settings.offload;
  }
}

OpensslWorld::~OpensslWorld() = default;

void OpensslWorld::carry(Side from, const netdev::TxSkb& skb) {
  for (auto& bytes : cut_into_frames(skb)) {
    const ParsedFrame parsed = parse_frame(bytes);
    if (meddle && parsed.payload_length > 0) {
      meddle(from, MutableBytes(bytes).subspan(parsed.payload_offset, parsed.payload_length));
      repair_checksums(bytes, parsed);
    }
    frames_.push_back({clock_.now_ns(), from, bytes});
    const auto shared = std::make_shared<ByteVector>(std::move(bytes));
    clock_.call_at(clock_.now_ns() + settings_.delay_ns, [this, from, shared] {
      netdev::SkBuff arrived;
      arrived.buffer = netdev::PacketBuffer(shared->size());
      arrived.length = static_cast<std::uint32_t>(shared->size());
      std::copy(shared->begin(), shared->end(), arrived.buffer.data());
      Host& to = host(testing::other(from));
      to.netif_receive_skb(std::move(arrived));
      to.napi_complete();
    });
  }
}

void OpensslWorld::spawn(Side side, TcpSocket& connection, const Application& application) {
  Running& running = running_.emplace_back(host(side));
  running.fd = running.process.adopt(connection);
  sc_core::sc_spawn_options options;
  options.set_stack_size(openssl_stack_size);
  sc_core::sc_spawn(
      [this, &running, side, application] {
        const bool is_client = side == Side::client;
        pollfd connected{running.fd, POLLOUT, 0};
        REQUIRE(running.process.poll(&connected, 1, -1) == 1);
        REQUIRE(connected.revents == POLLOUT);
        TlsSession session(is_client ? client_context_ : server_context_, running.process,
                           running.fd, settings_.seed * 2 + (is_client ? 0 : 1));
        application(session);
        if (is_client)
          for (const std::string& line : session.key_log()) key_log_ += line + "\n";
        if (++done_ == 2) sc_core::sc_stop();
      },
      nullptr, &options);
}

bool OpensslWorld::run(const Application& client, const Application& server) {
  server_.listen(
      443, [] { return 2'000'000u; },
      [this, &server](TcpSocket& accepted) { spawn(Side::server, accepted, server); });
  spawn(Side::client, client_.connect(addresses(), 1'000'000, nullptr), client);
  sc_core::sc_start(1000, sc_core::SC_SEC);
  return done_ == 2;
}

void OpensslWorld::write_capture(const std::string& path) const {
  testing::write_file(path, testing::pcap_file(frames_));
}

WorldSettings settings_of(TlsVersion version, TlsCipher cipher) {
  WorldSettings settings;
  settings.client.version = version;
  settings.client.cipher = cipher;
  settings.server = settings.client;
  return settings;
}

ByteVector some_bytes(std::size_t size, std::uint32_t seed) {
  return pattern(size, seed);
}

ByteVector read_all(TlsSession& session, std::size_t size) {
  ByteVector bytes(size);
  std::size_t at = 0;
  while (at < size) {
    const TlsResult result = session.read(MutableBytes(bytes).subspan(at));
    CAPTURE(session.error_text());
    REQUIRE(result.ok());
    REQUIRE(result.size > 0);
    at += result.size;
  }
  return bytes;
}

std::uint8_t read_record(TlsSession& session, ByteVector& out) {
  iovec buffer{out.data(), out.size()};
  TypeMessage typed(&buffer);
  const ssize_t size = session.process().recvmsg(session.fd(), &typed.message, 0);
  REQUIRE(size > 0);
  out.resize(static_cast<std::size_t>(size));
  REQUIRE(typed.type().has_value());
  return *typed.type();
}

ByteVector read_records(TlsSession& session, std::size_t size) {
  ByteVector bytes;
  while (bytes.size() < size) {
    ByteVector part(std::min<std::size_t>(size - bytes.size(), max_record_plaintext));
    REQUIRE(read_record(session, part) == record_application_data);
    bytes.insert(bytes.end(), part.begin(), part.end());
  }
  return bytes;
}

}  // namespace tlsnic::host::test
