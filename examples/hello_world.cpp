// The hello world of Linux's kernel TLS document; a NIC encrypts it, and another one decrypts it.
#include <arpa/inet.h>

#include <cstdio>

#include "host_stack/syscalls/tls_uapi.h"
#include "scenarios/world.h"

using tlsnic::host::Process;

void set_keys(Process& process, int fd, int direction) {
  const tls_crypto_info cipher = {TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_128};
  const tls12_crypto_info_aes_gcm_128 keys = {cipher, {1}, {2}, {}, {}};
  process.setsockopt(fd, SOL_TCP, TCP_ULP, "tls", sizeof("tls"));
  process.setsockopt(fd, SOL_TLS, direction, &keys, sizeof(keys));
}

int main() {
  tlsnic::scenarios::World world;
  Process& client = world.client_process();
  Process& server = world.server_process();
  const sockaddr_in address = {AF_INET, htons(443), {inet_addr("10.0.0.2")}, {}};
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  const int listener = server.socket(AF_INET, SOCK_STREAM, 0);
  server.bind(listener, name, sizeof(address));
  server.listen(listener, 1);
  const int sock = client.socket(AF_INET, SOCK_STREAM, 0);
  client.connect(sock, name, sizeof(address));
  const int peer = server.accept(listener, nullptr, nullptr);
  set_keys(client, sock, TLS_TX);
  set_keys(server, peer, TLS_RX);
  client.sleep_ns(1'000'000);  // the drivers set up the chips meanwhile
  client.send(sock, "hello world\n", 12, 0);
  char buffer[16384];
  const ssize_t size = server.recv(peer, buffer, sizeof(buffer), 0);
  std::fwrite(buffer, 1, size > 0 ? static_cast<std::size_t>(size) : 0, stdout);
  const auto packets = ethtool_stat(world.server.host.netdev(), "rx_tls_decrypted_packets");
  std::printf("rx_tls_decrypted_packets: %d\n", static_cast<int>(packets.value_or(0)));
}
