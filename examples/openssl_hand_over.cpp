// OpenSSL makes the handshake and hands the keys to the sockets by its own kTLS calls; from then on
// the applications use the sockets without OpenSSL.
#include "examples/tls_pair.h"

using namespace examples;

int main() {
  World world;
  OpensslContexts contexts(tlsnic::TlsVersion::tls13, {true, true});

  world.spawn(world.server, [&](Process& process) {
    TlsSession session(contexts.server, process, accept_one(process, listen_at_server(process)), 2);
    if (!session.handshake().ok()) throw std::runtime_error(session.error_text());
    char request[100];
    const ssize_t size = must("recv", process.recv(session.fd(), request, sizeof(request), 0));
    std::printf("request: %.*s\n", static_cast<int>(size), request);
    must("send", process.send(session.fd(), "here it is", 10, 0));
  });
  world.spawn(world.client, [&](Process& process) {
    TlsSession session(contexts.client, process, connect_to_server(process), 1);
    if (!session.handshake().ok()) throw std::runtime_error(session.error_text());
    std::printf("client: %s, TX %s, RX %s\n", SSL_get_cipher(session.ssl()),
                to_text(session.tx_records()), to_text(session.rx_records()));
    process.sleep_ns(1'000'000);  // the drivers set up the chips meanwhile
    must("send", process.send(session.fd(), "what is it?", 11, 0));
    char answer[100];
    const ssize_t size = must("recv", process.recv(session.fd(), answer, sizeof(answer), 0));
    std::printf("answer: %.*s\n", static_cast<int>(size), answer);
  });
  world.run();

  for (auto* machine : {&world.client, &world.server})
    std::printf("%s rx_tls_decrypted_packets %llu\n", machine->name(),
                static_cast<unsigned long long>(
                    ethtool_stat(machine->host.netdev(), "rx_tls_decrypted_packets").value_or(0)));
}
