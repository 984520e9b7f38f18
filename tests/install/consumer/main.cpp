// A program that knows tlsnic only as installed: plain TCP between two hosts.
#include <arpa/inet.h>

#include <cstdio>

#include "scenarios/world.h"

int main() {
  tlsnic::scenarios::World world;
  tlsnic::host::Process& client = world.client_process();
  tlsnic::host::Process& server = world.server_process();
  const sockaddr_in address = {AF_INET, htons(80), {inet_addr("10.0.0.2")}, {}};
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  const int listener = server.socket(AF_INET, SOCK_STREAM, 0);
  if (server.bind(listener, name, sizeof(address)) != 0 || server.listen(listener, 1) != 0)
    return 1;
  const int fd = client.socket(AF_INET, SOCK_STREAM, 0);
  if (client.connect(fd, name, sizeof(address)) != 0) return 1;
  const int peer = server.accept(listener, nullptr, nullptr);
  client.send(fd, "hello world\n", 12, 0);
  char buffer[100];
  const ssize_t size = server.recv(peer, buffer, sizeof(buffer), 0);
  if (size > 0) std::fwrite(buffer, 1, static_cast<std::size_t>(size), stdout);
}
