#include "tests/support/capture_builder.h"

#include <arpa/inet.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "protocol/checksum.h"

namespace tlsnic::testing {
namespace {

constexpr std::size_t ethernet_header = 14;
constexpr std::size_t tcp_header = 20;
constexpr std::size_t timestamps_size = 12;  // with its two NOPs
constexpr std::uint8_t window_scale = 7;
constexpr std::size_t snap_length = 262144;

std::size_t ip_header(const Endpoint& endpoint) {
  return endpoint.address.is_ipv6 ? 40 : 20;
}

class Writer {
 public:
  explicit Writer(std::vector<std::uint8_t>& out) : out_(out) {}

  void u8(std::size_t v) { out_.push_back(static_cast<std::uint8_t>(v)); }
  void be16(std::size_t v) {
    u8(v >> 8);
    u8(v);
  }
  void be32(std::size_t v) {
    be16(v >> 16);
    be16(v);
  }
  void le32(std::uint64_t v) {
    for (int shift = 0; shift < 32; shift += 8) u8(v >> shift);
  }
  void bytes(Bytes v) { out_.insert(out_.end(), v.begin(), v.end()); }

 private:
  std::vector<std::uint8_t>& out_;
};

void put_ethernet(Writer& out, Side from, bool is_ipv6) {
  const std::uint8_t client[] = {2, 0, 0, 0, 0, 2};
  const std::uint8_t server[] = {2, 0, 0, 0, 0, 1};
  out.bytes(from == Side::client ? server : client);
  out.bytes(from == Side::client ? client : server);
  out.be16(is_ipv6 ? 0x86dd : 0x0800);
}

// Linux writes 0 for a packet too long for the field, as captured above segmentation offload.
std::size_t total_length(std::size_t bytes) {
  return bytes > 0xffff ? 0 : bytes;
}

void put_ip(Writer& out, const Endpoint& from, const Endpoint& to, std::size_t payload,
            std::uint16_t id) {
  if (from.address.is_ipv6) {
    out.be32(0x60000000);
    out.be16(total_length(payload));
    out.u8(6);   // next header: TCP
    out.u8(64);  // hop limit
  } else {
    out.be16(0x4500);
    out.be16(total_length(payload + 20));
    out.be16(id);
    out.be16(0x4000);  // don't fragment
    out.u8(64);        // time to live
    out.u8(6);         // TCP
    out.be16(0);       // checksum, repaired later
  }
  const std::size_t size = from.address.is_ipv6 ? 16 : 4;
  out.bytes(Bytes(from.address.bytes).first(size));
  out.bytes(Bytes(to.address.bytes).first(size));
}

void put_timestamps(Writer& out, std::uint32_t value, std::uint32_t echo) {
  out.u8(8);
  out.u8(10);
  out.be32(value);
  out.be32(echo);
}

}  // namespace

Endpoint endpoint(const std::string& text, std::uint16_t port) {
  Endpoint out;
  out.port = port;
  out.address.is_ipv6 = text.find(':') != std::string::npos;
  if (inet_pton(out.address.is_ipv6 ? AF_INET6 : AF_INET, text.c_str(), out.address.bytes.data()) !=
      1)
    throw std::invalid_argument("found " + text + ", expected an IP address");
  return out;
}

std::vector<std::uint8_t> pcap_file(const std::vector<BuiltFrame>& frames) {
  std::vector<std::uint8_t> file;
  Writer out(file);
  out.le32(0xa1b23c4d);   // times in ns
  out.le32(4 << 16 | 2);  // version 2.4
  out.le32(0);            // time zone
  out.le32(0);            // accuracy
  out.le32(snap_length);
  out.le32(1);  // Ethernet
  for (const BuiltFrame& frame : frames) {
    out.le32(frame.time_ns / 1'000'000'000);
    out.le32(frame.time_ns % 1'000'000'000);
    out.le32(frame.bytes.size());
    out.le32(frame.bytes.size());
    out.bytes(frame.bytes);
  }
  return file;
}

void write_file(const std::string& path, Bytes bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) throw std::runtime_error(path + ": cannot be written");
}

Conversation::Conversation(Capture& capture, const ConversationOptions& options)
    : capture_(capture),
      client_{options.client, options.client_isn, 0x10000000, 0, 0x1000},
      server_{options.server, options.server_isn, 0x70000000, 0, 0x8000},
      mtu_(options.mtu),
      mss_(options.mtu - ip_header(options.client) - tcp_header - timestamps_size) {
  if (options.client.address.is_ipv6 != options.server.address.is_ipv6)
    throw std::invalid_argument("found IPv4 and IPv6, expected one of the two");
  if (options.mtu < 576) throw std::invalid_argument("found an MTU below 576, expected more");
}

void Conversation::open(std::uint64_t gap_ns) {
  add_segment(Side::client, tcp_syn, {});
  capture_.advance(gap_ns);
  add_segment(Side::server, tcp_syn | tcp_ack, {});
  capture_.advance(gap_ns);
  acknowledge(Side::client);
  capture_.advance(gap_ns);
}

void Conversation::send(Side from, Bytes bytes, std::uint64_t gap_ns) {
  send_cut(from, bytes, {mss_}, gap_ns);
}

void Conversation::send_cut(Side from, Bytes bytes, const std::vector<std::size_t>& sizes,
                            std::uint64_t gap_ns) {
  if (std::find_if(sizes.begin(), sizes.end(), [](std::size_t n) { return n > 0; }) == sizes.end())
    throw std::invalid_argument("found no size above 0, expected at least one");
  for (std::size_t i = 0; !bytes.empty(); i = (i + 1) % sizes.size()) {
    const std::size_t size = std::min<std::size_t>(sizes[i], bytes.size());
    if (size == 0) continue;
    const bool is_last = size == bytes.size();
    add_segment(from, is_last ? tcp_ack | tcp_psh : tcp_ack, bytes.first(size));
    bytes = bytes.subspan(size);
    capture_.advance(gap_ns);
  }
}

void Conversation::acknowledge(Side from) {
  add_segment(from, tcp_ack, {});
}

void Conversation::close(Side first, std::uint64_t gap_ns) {
  add_segment(first, tcp_fin | tcp_ack, {});
  capture_.advance(gap_ns);
  add_segment(other(first), tcp_fin | tcp_ack, {});
  capture_.advance(gap_ns);
  acknowledge(first);
  capture_.advance(gap_ns);
}

void Conversation::add_segment(Side from, std::uint8_t flags, Bytes payload) {
  Host& sender = host(from);
  const Host& receiver = host(other(from));
  const bool is_syn = (flags & tcp_syn) != 0;
  const std::size_t options = is_syn ? 20 : timestamps_size;

  BuiltFrame frame{capture_.now_ns, from, {}};
  frame.bytes.reserve(ethernet_header + ip_header(sender.endpoint) + tcp_header + options +
                      payload.size());
  Writer out(frame.bytes);
  put_ethernet(out, from, sender.endpoint.address.is_ipv6);
  put_ip(out, sender.endpoint, receiver.endpoint, tcp_header + options + payload.size(),
         sender.ip_id++);
  out.be16(sender.endpoint.port);
  out.be16(receiver.endpoint.port);
  out.be32(sender.next_sequence);
  out.be32((flags & tcp_ack) != 0 ? receiver.next_sequence : 0);
  out.u8((tcp_header + options) / 4 << 4);
  out.u8(flags);
  out.be16(is_syn ? 64240 : 8192);  // above SYN in units of 2^window_scale
  out.be16(0);                      // checksum, repaired below
  out.be16(0);                      // urgent pointer
  sender.timestamp =
      sender.timestamp_base + static_cast<std::uint32_t>(capture_.now_ns / 1'000'000);
  if (is_syn) {
    out.be16(0x0204);
    out.be16(mtu_ - ip_header(sender.endpoint) - tcp_header);
    out.be16(0x0402);  // SACK permitted
    put_timestamps(out, sender.timestamp, receiver.timestamp);
    out.be32(0x01030300 | window_scale);
  } else {
    out.be16(0x0101);
    put_timestamps(out, sender.timestamp, receiver.timestamp);
  }
  out.bytes(payload);
  repair_checksums(frame.bytes, parse_frame(frame.bytes));
  sender.next_sequence += static_cast<std::uint32_t>(payload.size());
  if ((flags & (tcp_syn | tcp_fin)) != 0) ++sender.next_sequence;
  capture_.frames.push_back(std::move(frame));
}

}  // namespace tlsnic::testing
