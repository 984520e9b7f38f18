// The same data once by OpenSSL's own records and once by a socket whose records the NIC encrypts:
// byte for byte the same on the wire.
#include <string>

#include "examples/tls_pair.h"

using namespace examples;

namespace {

// What a client sends to the server's port, as TCP's payload in order; nothing is lost here.
class Wire : public tlsnic::scenarios::LinkObserver {
 public:
  void frame_sent(const tlsnic::scenarios::LinkFrame& frame) override {
    const auto payload =
        frame.bytes.subspan(frame.parsed.payload_offset, frame.parsed.payload_length);
    bytes.append(payload.begin(), payload.end());
  }
  void frame_lost(const tlsnic::scenarios::LinkFrame&, tlsnic::scenarios::LossCause) override {}
  void frame_arrived(const tlsnic::scenarios::LinkFrame&) override {}

  std::string bytes;
};

void read_all(Process& process, const OpensslContexts& contexts) {
  TlsSession session(contexts.server, process, accept_one(process, listen_at_server(process)), 2);
  if (!session.handshake().ok()) throw std::runtime_error(session.error_text());
  std::vector<std::uint8_t> buffer(16384);
  while (session.read(buffer).ok()) {
  }
}

// By OpenSSL's calls, which make no records of their own where they have handed them over.
void write_data(Process& process, const OpensslContexts& contexts, const std::string& data) {
  TlsSession session(contexts.client, process, connect_to_server(process), 1);
  if (!session.handshake().ok()) throw std::runtime_error(session.error_text());
  std::printf("records by %s\n", to_text(session.tx_records()));
  if (session.tx_records() == RecordLayer::openssl) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(data.data());
    if (!session.write({bytes, data.size()}).ok()) throw std::runtime_error(session.error_text());
  } else {
    must("send", process.send(session.fd(), data.data(), data.size(), 0));
  }
  session.shutdown();
}

}  // namespace

int main() {
  World world;
  Wire wire;
  world.to_server.observer = &wire;
  const std::string data(100'000, 'x');

  std::string seen[2];
  for (const bool ktls : {false, true}) {
    const OpensslContexts contexts(tlsnic::TlsVersion::tls13, {ktls, ktls});
    wire.bytes.clear();
    world.spawn(world.server, [&](Process& process) { read_all(process, contexts); });
    world.spawn(world.client, [&](Process& process) { write_data(process, contexts, data); });
    world.run();
    seen[ktls ? 1 : 0] = wire.bytes;
  }
  std::printf("%zu and %zu bytes on the wire: %s\n", seen[0].size(), seen[1].size(),
              seen[0] == seen[1] ? "the same" : "others");
  world.to_server.observer = nullptr;
}
