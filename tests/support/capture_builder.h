// Captures made to measure: TCP conversations as Linux hosts would have them, byte by byte and at
// times that the test chooses. Nothing is lost or reordered here; a test does that to `frames`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "protocol/frame.h"

namespace tlsnic::testing {

enum class Side : std::uint8_t { client, server };

inline Side other(Side side) {
  return side == Side::client ? Side::server : Side::client;
}

struct BuiltFrame {
  std::uint64_t time_ns = 0;  // since 1970
  Side sender = Side::client;
  std::vector<std::uint8_t> bytes;
};

// The frames of any number of conversations and the clock that they share.
struct Capture {
  std::uint64_t now_ns = 1'700'000'000'000'000'000;
  std::vector<BuiltFrame> frames;  // Wireshark's frame number is the index + 1

  void advance(std::uint64_t ns) { now_ns += ns; }
};

// text: an IPv4 or IPv6 address. Throws std::invalid_argument if it is neither.
Endpoint endpoint(const std::string& text, std::uint16_t port);

// A classic pcap file, Ethernet, with times in ns.
std::vector<std::uint8_t> pcap_file(const std::vector<BuiltFrame>& frames);

// Throws std::runtime_error if the file can't be written.
void write_file(const std::string& path, Bytes bytes);

struct ConversationOptions {
  Endpoint client = endpoint("10.0.0.2", 50000);
  Endpoint server = endpoint("10.0.0.1", 443);
  std::uint32_t client_isn = 1'000'000;  // sequence number of SYN
  std::uint32_t server_isn = 2'000'000;
  std::size_t mtu = 1500;  // bytes of an IP packet; at least 576
};

// One TCP connection. Every call adds its frames at the capture's present time; TCP options are
// those that Linux sends (timestamps in ms in every segment).
class Conversation {
 public:
  // capture must outlive the conversation. Throws std::invalid_argument if the options contradict.
  explicit Conversation(Capture& capture, const ConversationOptions& options = {});

  // SYN, SYN/ACK, ACK, gap_ns apart.
  void open(std::uint64_t gap_ns = 50'000);

  // The bytes in segments of mss() payload bytes, or cut at `sizes`, repeated as often as needed
  // (each at least 1); the clock advances by gap_ns after each segment.
  void send(Side from, Bytes bytes, std::uint64_t gap_ns = 0);
  void send_cut(Side from, Bytes bytes, const std::vector<std::size_t>& sizes,
                std::uint64_t gap_ns = 0);

  // A pure ACK of all that the other side has sent.
  void acknowledge(Side from);

  // FIN of `first`, FIN of the other, last ACK.
  void close(Side first, std::uint64_t gap_ns = 50'000);

  // Payload bytes of a full segment: 1448 over IPv4 and 1428 over IPv6 with an MTU of 1500.
  std::size_t mss() const { return mss_; }
  std::uint32_t next_sequence(Side side) const { return host(side).next_sequence; }
  Capture& capture() { return capture_; }

 private:
  struct Host {
    Endpoint endpoint;
    std::uint32_t next_sequence = 0;
    std::uint32_t timestamp_base = 0;  // of its TCP timestamp clock
    std::uint32_t timestamp = 0;       // last one that it sent
    std::uint16_t ip_id = 0;
  };

  const Host& host(Side side) const { return side == Side::client ? client_ : server_; }
  Host& host(Side side) { return side == Side::client ? client_ : server_; }
  void add_segment(Side from, std::uint8_t flags, Bytes payload);

  Capture& capture_;
  Host client_;
  Host server_;
  std::size_t mtu_;
  std::size_t mss_;
};

}  // namespace tlsnic::testing
