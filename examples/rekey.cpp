// A TLS 1.3 KeyUpdate: the sender says so under the old key and sets TLS_TX again; the receiver's
// reads stop with EKEYEXPIRED behind that record until it has set TLS_RX again.
#include "examples/connection.h"

using namespace examples;

int main() {
  World world;
  const Connection connection = connect(world);
  Process& client = world.client_process();
  Process& server = world.server_process();
  must("TLS_TX", set_keys(client, connection.client, TLS_TX));
  must("TLS_RX", set_keys(server, connection.server, TLS_RX));

  const unsigned char key_update[] = {24, 0, 0, 1, 0};  // RFC 8446, section 4.6.3
  must("send", client.send(connection.client, "old key", 7, 0));
  must("sendmsg", send_record(client, connection.client, 22, key_update, sizeof(key_update)));
  must("TLS_TX again", set_keys(client, connection.client, TLS_TX, 2));
  must("send", client.send(connection.client, "new key", 7, 0));

  char buffer[100];
  unsigned char type = 0;
  for (int i = 0; i < 4; ++i) {
    const ssize_t size = receive_record(server, connection.server, type, buffer, sizeof(buffer));
    if (size >= 0) {
      std::printf("type %d, %zd bytes\n", type, size);
      continue;
    }
    std::printf("recvmsg: %s\n", std::strerror(errno));
    if (errno != EKEYEXPIRED) return 1;
    must("TLS_RX again", set_keys(server, connection.server, TLS_RX, 2));
  }
  std::printf("TlsTxRekeyOk %llu, TlsRxRekeyOk %llu\n",
              static_cast<unsigned long long>(
                  world.client.host.tls_stat()[tlsnic::host::TlsCounter::tx_rekey_ok]),
              static_cast<unsigned long long>(
                  world.server.host.tls_stat()[tlsnic::host::TlsCounter::rx_rekey_ok]));
}
