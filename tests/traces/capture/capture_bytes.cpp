#include "tests/traces/capture/capture_bytes.h"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "traces/input_error.h"

namespace tlsnic::testing {
namespace {

// The frames that come before an error are kept.
template <typename... Source>
ReadResult read_from(Source... source) {
  ReadResult result;
  try {
    traces::CaptureReader reader(source...);
    traces::CapturedFrame frame;
    while (reader.next(frame)) {
      result.frames.push_back({frame.number, frame.time_ns, frame.original_length,
                               ByteVector(frame.ethernet.begin(), frame.ethernet.end())});
    }
  } catch (const traces::InputError& error) {
    result.error = error.what();
  }
  return result;
}

ByteVector tcp_segment(std::string_view payload) {
  ByteVector tcp(20 + payload.size());
  store_be16(tcp.data(), 4433);
  store_be16(tcp.data() + 2, 50000);
  store_be32(tcp.data() + 4, 1000);
  tcp[12] = 5 << 4;
  tcp[13] = 0x10;
  std::copy(payload.begin(), payload.end(), tcp.begin() + 20);
  return tcp;
}

}  // namespace

CaptureBytes& CaptureBytes::put8(unsigned value) {
  bytes.push_back(static_cast<std::uint8_t>(value));
  return *this;
}
CaptureBytes& CaptureBytes::put16(unsigned value) {
  return big_endian_ ? put8(value >> 8).put8(value) : put8(value).put8(value >> 8);
}
CaptureBytes& CaptureBytes::put32(std::uint32_t value) {
  return big_endian_ ? put16(value >> 16).put16(value) : put16(value).put16(value >> 16);
}
CaptureBytes& CaptureBytes::put64(std::uint64_t value) {
  const auto high = static_cast<std::uint32_t>(value >> 32);
  const auto low = static_cast<std::uint32_t>(value);
  return big_endian_ ? put32(high).put32(low) : put32(low).put32(high);
}
CaptureBytes& CaptureBytes::put(Bytes data) {
  bytes.insert(bytes.end(), data.begin(), data.end());
  return *this;
}
CaptureBytes& CaptureBytes::pad() {
  while ((bytes.size() - block_) % 4 != 0) bytes.push_back(0);
  return *this;
}

CaptureBytes& CaptureBytes::pcap_header(std::uint32_t magic, std::uint32_t link_type,
                                        std::uint32_t snap_length) {
  put32(magic).put16(2).put16(4).put32(0).put32(0);
  return put32(snap_length).put32(link_type);
}
CaptureBytes& CaptureBytes::pcap_frame(std::uint32_t seconds, std::uint32_t fraction, Bytes data,
                                       std::uint32_t original) {
  const auto size = static_cast<std::uint32_t>(data.size());
  put32(seconds).put32(fraction).put32(size).put32(original == 0 ? size : original);
  return put(data);
}

CaptureBytes& CaptureBytes::begin(std::uint32_t type) {
  block_ = bytes.size();
  return put32(type).put32(0);
}
CaptureBytes& CaptureBytes::end() {
  pad();
  const auto total = static_cast<std::uint32_t>(bytes.size() - block_ + 4);
  put32(total);
  std::copy(bytes.end() - 4, bytes.end(), bytes.begin() + static_cast<std::ptrdiff_t>(block_) + 4);
  return *this;
}
CaptureBytes& CaptureBytes::section(unsigned major) {
  return begin(0x0a0d0d0a).put32(0x1a2b3c4d).put16(major).put16(0).put64(~0ull).end();
}
CaptureBytes& CaptureBytes::interface(unsigned link_type, std::uint32_t snap_length, int resolution,
                                      std::int64_t offset_s) {
  begin(1).put16(link_type).put16(0).put32(snap_length);
  put16(2).put16(3).put8('e').put8('t').put8('h').pad();  // if_name, of no interest
  if (resolution >= 0) put16(9).put16(1).put8(static_cast<unsigned>(resolution)).pad();
  if (offset_s != 0) put16(14).put16(8).put64(static_cast<std::uint64_t>(offset_s));
  return put16(0).put16(0).end();
}
CaptureBytes& CaptureBytes::enhanced(std::uint32_t interface, std::uint64_t ticks, Bytes data,
                                     std::uint32_t original) {
  const auto size = static_cast<std::uint32_t>(data.size());
  begin(6).put32(interface).put32(static_cast<std::uint32_t>(ticks >> 32));
  put32(static_cast<std::uint32_t>(ticks)).put32(size).put32(original == 0 ? size : original);
  return put(data).end();
}
CaptureBytes& CaptureBytes::obsolete(unsigned interface, std::uint64_t ticks, Bytes data) {
  const auto size = static_cast<std::uint32_t>(data.size());
  begin(2).put16(interface).put16(0xffff).put32(static_cast<std::uint32_t>(ticks >> 32));
  return put32(static_cast<std::uint32_t>(ticks)).put32(size).put32(size).put(data).end();
}
CaptureBytes& CaptureBytes::simple(Bytes data, std::uint32_t original) {
  begin(3).put32(original == 0 ? static_cast<std::uint32_t>(data.size()) : original);
  return put(data).end();
}
CaptureBytes& CaptureBytes::secrets(std::string_view text, std::uint32_t type) {
  begin(10).put32(type).put32(static_cast<std::uint32_t>(text.size()));
  for (const char c : text) put8(static_cast<unsigned char>(c));
  return end();
}

ReadResult read_capture(const ByteVector& file) {
  // fmemopen wants memory that may be written, and does not write with mode "r".
  ByteVector copy = file;
  std::FILE* stream = fmemopen(copy.data(), copy.size(), "r");
  if (stream == nullptr) throw std::runtime_error("fmemopen failed");
  return read_from(stream, "test");
}

ReadResult read_capture_file(const std::string& path) {
  return read_from(path);
}

ByteVector tcp_packet(std::string_view payload) {
  const ByteVector tcp = tcp_segment(payload);
  ByteVector ip(20);
  ip[0] = 0x45;
  store_be16(ip.data() + 2, static_cast<std::uint16_t>(20 + tcp.size()));
  ip[8] = 64;
  ip[9] = 6;
  ip[12] = 10;
  ip[16] = 10;
  ip[19] = 1;
  return joined(ip, tcp);
}

ByteVector tcp_packet_v6(std::string_view payload) {
  const ByteVector tcp = tcp_segment(payload);
  ByteVector ip(40);
  ip[0] = 0x60;
  store_be16(ip.data() + 4, static_cast<std::uint16_t>(tcp.size()));
  ip[6] = 6;
  ip[8] = ip[24] = 0xfd;
  ip[39] = 1;
  return joined(ip, tcp);
}

ByteVector on_ethernet(const ByteVector& packet, std::uint16_t ethertype) {
  ByteVector header(14);
  store_be16(header.data() + 12, ethertype);
  return joined(header, packet);
}

ByteVector joined(ByteVector a, const ByteVector& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TemporaryFile::TemporaryFile(const ByteVector& content) {
  const char* folder = std::getenv("TMPDIR");
  path_ = std::string(folder != nullptr ? folder : "/tmp") + "/tlsnic-test-XXXXXX";
  const int descriptor = mkstemp(path_.data());
  if (descriptor < 0) throw std::runtime_error("no temporary file");
  const ssize_t written = write(descriptor, content.data(), content.size());
  close(descriptor);
  if (written != static_cast<ssize_t>(content.size())) throw std::runtime_error("disk full");
}
TemporaryFile::TemporaryFile(std::string_view content)
    : TemporaryFile(ByteVector(content.begin(), content.end())) {}
TemporaryFile::~TemporaryFile() {
  std::remove(path_.c_str());
}

std::string run_command(const std::string& command) {
  std::string output;
  std::FILE* pipe = popen((command + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return output;
  char part[4096];
  while (const std::size_t got = std::fread(part, 1, sizeof part, pipe)) output.append(part, got);
  if (pclose(pipe) != 0) output.clear();
  return output;
}

bool missing_program(const std::string& name) {
  if (!run_command("command -v " + name).empty()) return false;
  WARN("no " << name);
  return true;
}

}  // namespace tlsnic::testing
