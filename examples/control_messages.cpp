// Records that are not application data: an alert between data, sent and received with its type in
// a control message. Reads never mix types, and one without room for the type fails.
#include "examples/connection.h"

using namespace examples;

int main() {
  World world;
  const Connection connection = connect(world);
  Process& client = world.client_process();
  Process& server = world.server_process();
  must("TLS_TX", set_keys(client, connection.client, TLS_TX));
  must("TLS_RX", set_keys(server, connection.server, TLS_RX));

  const unsigned char close_notify[] = {1, 0};  // RFC 8446, section 6.1
  must("send", client.send(connection.client, "first ", 6, 0));
  must("send", client.send(connection.client, "second", 6, 0));
  must("sendmsg", send_record(client, connection.client, 21, close_notify, sizeof(close_notify)));
  must("shutdown", client.shutdown(connection.client, SHUT_WR));
  client.sleep_ns(1'000'000);  // all of it has arrived

  char buffer[100];
  unsigned char type = 0;
  const ssize_t data =
      must("recvmsg", receive_record(server, connection.server, type, buffer, sizeof(buffer)));
  std::printf("type %d: %zd bytes, \"%.*s\"\n", type, data, static_cast<int>(data), buffer);

  if (server.recv(connection.server, buffer, sizeof(buffer), 0) < 0)
    std::printf("recv() without room for the type: %s\n", std::strerror(errno));

  const ssize_t alert =
      must("recvmsg", receive_record(server, connection.server, type, buffer, sizeof(buffer)));
  std::printf("type %d: %zd bytes, alert of level %d, description %d\n", type, alert, buffer[0],
              buffer[1]);
  std::printf("then %zd, the end\n", server.recv(connection.server, buffer, sizeof(buffer), 0));
}
