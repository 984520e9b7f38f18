#include "tests/support/tls_capture.h"

namespace tlsnic::testing {

TlsConversation::TlsConversation(Capture& capture, const OpensslOptions& tls,
                                 const ConversationOptions& tcp)
    : session_(tls), tcp_(capture, tcp) {}

void TlsConversation::open(std::uint64_t gap_ns) {
  tcp_.open(gap_ns);
  session_.handshake();
  send_flights(gap_ns);
}

std::vector<std::uint8_t> TlsConversation::records(Side from,
                                                   const std::vector<std::size_t>& sizes) {
  std::size_t& written = written_[from == Side::client ? 0 : 1];
  std::vector<std::uint8_t> plaintext;
  std::vector<std::uint8_t> wire;
  for (const std::size_t size : sizes) {
    plaintext.resize(size);
    for (std::uint8_t& byte : plaintext) byte = static_cast<std::uint8_t>('a' + written++ % 26);
    session_.write(from, plaintext);
    const std::vector<std::uint8_t>& record = session_.flights().back().bytes;
    wire.insert(wire.end(), record.begin(), record.end());
  }
  flights_sent_ = session_.flights().size();
  return wire;
}

void TlsConversation::send_records(Side from, const std::vector<std::size_t>& sizes,
                                   std::uint64_t gap_ns) {
  tcp_.send(from, records(from, sizes), gap_ns);
  tcp_.acknowledge(other(from));
}

void TlsConversation::send_flights(std::uint64_t gap_ns) {
  for (; flights_sent_ < session_.flights().size(); ++flights_sent_) {
    const Flight& flight = session_.flights()[flights_sent_];
    tcp_.send(flight.from, flight.bytes);
    tcp_.capture().advance(gap_ns);
    tcp_.acknowledge(other(flight.from));
  }
}

void TlsConversation::close(Side first, std::uint64_t gap_ns) {
  session_.close(first);
  send_flights(gap_ns);
  session_.close(other(first));
  send_flights(gap_ns);
  tcp_.close(first, gap_ns);
}

void write_capture(const std::string& prefix, const Capture& capture, const std::string& key_log) {
  write_file(prefix + ".pcap", pcap_file(capture.frames));
  write_file(prefix + ".keys",
             Bytes(reinterpret_cast<const std::uint8_t*>(key_log.data()), key_log.size()));
}

}  // namespace tlsnic::testing
