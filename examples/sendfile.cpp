// sendfile(): a file goes out in records of 16 KiB, encrypted by the NIC from the file's own pages.
#include <sys/mman.h>

#include <string>

#include "examples/connection.h"

using namespace examples;

int main() {
  World world;
  const Connection connection = connect(world);
  Process& client = world.client_process();
  Process& server = world.server_process();
  must("TLS_TX", set_keys(server, connection.server, TLS_TX));
  must("TLS_RX", set_keys(client, connection.client, TLS_RX));
  const int yes = 1;
  must("TLS_TX_ZEROCOPY_RO",
       server.setsockopt(connection.server, SOL_TLS, TLS_TX_ZEROCOPY_RO, &yes, sizeof(yes)));

  std::string content;
  while (content.size() < 100'000) content += "line " + std::to_string(content.size()) + "\n";
  const int file = must("memfd_create", server.memfd_create("file", 0));
  must("write", server.write(file, content.data(), content.size()));
  off_t offset = 0;
  const ssize_t sent =
      must("sendfile", server.sendfile(connection.server, file, &offset, content.size()));
  std::printf("sent %zd bytes of %zu\n", sent, content.size());
  must("shutdown", server.shutdown(connection.server, SHUT_WR));

  std::string received;
  char buffer[20'000];
  unsigned char type = 0;
  while (const ssize_t size = must(
             "recvmsg", receive_record(client, connection.client, type, buffer, sizeof(buffer)))) {
    received.append(buffer, static_cast<std::size_t>(size));
  }
  std::printf("received %zu bytes, %s\n", received.size(),
              received == content ? "the same" : "others");
  const auto& device = world.server.host.netdev();
  for (const char* name : {"tx_tls_encrypted_packets", "tx_tls_encrypted_bytes"})
    std::printf("server %s %llu\n", name,
                static_cast<unsigned long long>(ethtool_stat(device, name).value_or(0)));
}
