// What the other examples begin with: a TCP connection between the two hosts, and keys for it.
#pragma once

#include <arpa/inet.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "host_stack/syscalls/tls_uapi.h"
#include "scenarios/world.h"

namespace examples {

using tlsnic::host::Process;
using tlsnic::scenarios::World;

// Ends the example if a call has failed.
template <typename Result>
Result must(const char* call, Result result) {
  if (result >= 0) return result;
  std::printf("%s: %s\n", call, std::strerror(errno));
  std::exit(1);
}

inline sockaddr_in server_address() {
  return {AF_INET, htons(443), {inet_addr("10.0.0.2")}, {}};
}

inline int listen_at_server(Process& server) {
  const sockaddr_in address = server_address();
  const int fd = must("socket", server.socket(AF_INET, SOCK_STREAM, 0));
  must("bind", server.bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)));
  must("listen", server.listen(fd, 1));
  return fd;
}

inline int connect_to_server(Process& client) {
  const sockaddr_in address = server_address();
  const int fd = must("socket", client.socket(AF_INET, SOCK_STREAM, 0));
  must("connect", client.connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)));
  return fd;
}

// A connection that a client makes, and no further one.
inline int accept_one(Process& server, int listener) {
  const int fd = must("accept", server.accept(listener, nullptr, nullptr));
  must("close", server.close(listener));
  return fd;
}

struct Connection {
  int client;  // descriptors, of client_process() and server_process()
  int server;
};

inline Connection connect(World& world) {
  Process& client = world.client_process();
  Process& server = world.server_process();
  const int listener = listen_at_server(server);
  Connection out{};
  out.client = connect_to_server(client);
  out.server = accept_one(server, listener);
  must("TCP_ULP", client.setsockopt(out.client, SOL_TCP, TCP_ULP, "tls", sizeof("tls")));
  must("TCP_ULP", server.setsockopt(out.server, SOL_TCP, TCP_ULP, "tls", sizeof("tls")));
  return out;
}

// TLS 1.3. A handshake would agree on keys; these are made up, others for each generation.
inline int set_keys(Process& process, int fd, int direction, unsigned char generation = 1) {
  tls12_crypto_info_aes_gcm_128 info{};
  info.info.version = TLS_1_3_VERSION;
  info.info.cipher_type = TLS_CIPHER_AES_GCM_128;
  std::memset(info.key, generation, sizeof(info.key));
  std::memset(info.iv, generation, sizeof(info.iv));
  std::memset(info.salt, generation, sizeof(info.salt));
  return process.setsockopt(fd, SOL_TLS, direction, &info, sizeof(info));
}

// sendmsg() of one record that is not application data.
inline ssize_t send_record(Process& process, int fd, unsigned char type, const void* data,
                           std::size_t size) {
  alignas(cmsghdr) unsigned char control[CMSG_SPACE(1)] = {};
  iovec buffer = {const_cast<void*>(data), size};
  msghdr message{};
  message.msg_iov = &buffer;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_TLS;
  header->cmsg_type = TLS_SET_RECORD_TYPE;
  header->cmsg_len = CMSG_LEN(1);
  *CMSG_DATA(header) = type;
  return process.sendmsg(fd, &message, 0);
}

// recvmsg() with room for the record's type, 0 if none was given.
inline ssize_t receive_record(Process& process, int fd, unsigned char& type, void* out,
                              std::size_t size) {
  alignas(cmsghdr) unsigned char control[CMSG_SPACE(1)] = {};
  iovec buffer = {out, size};
  msghdr message{};
  message.msg_iov = &buffer;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  const ssize_t result = process.recvmsg(fd, &message, 0);
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  const bool has_type = result >= 0 && header != nullptr && header->cmsg_level == SOL_TLS &&
                        header->cmsg_type == TLS_GET_RECORD_TYPE;
  type = has_type ? *CMSG_DATA(header) : 0;
  return result;
}

}  // namespace examples
