#include "traces/capture/capture_reader.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "traces/capture/link_layer.h"
#include "traces/capture/pcap_source.h"
#include "traces/capture/pcapng_blocks.h"
#include "traces/capture/pcapng_source.h"
#include "traces/input_error.h"

namespace tlsnic::traces {
namespace {

constexpr std::size_t stdio_buffer_size = 1 << 18;
constexpr std::size_t pcap_header_size = 24;
constexpr std::string_view what_we_read = "a pcap or pcapng capture";

std::uint64_t size_of(std::FILE* file) {
  struct stat status {};
  if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode)) return 0;
  return static_cast<std::uint64_t>(status.st_size);
}

bool is_pcap_magic(std::uint32_t magic) {
  for (const std::uint32_t known : {0xa1b2c3d4u, 0xa1b23c4du, 0xa1b2cd34u})
    if (magic == known || magic == __builtin_bswap32(known)) return true;
  return false;
}

std::string describe_magic(Bytes start) {
  const std::uint32_t magic = load_be32(start.data());
  if (magic >> 16 == 0x1f8b) return "a gzip-compressed file";
  if (magic == 0x28b52ffd) return "a zstd-compressed file";
  if (magic == 0x04224d18) return "an lz4-compressed file";
  return fmt::format("the bytes {:02x} {:02x} {:02x} {:02x}", start[0], start[1], start[2],
                     start[3]);
}

std::unique_ptr<PacketSource> open_source(File opened, const std::string& name) {
  BufferedFile file = with_buffer(std::move(opened), stdio_buffer_size);
  std::array<std::uint8_t, pcap_header_size> header{};
  const std::size_t got = std::fread(header.data(), 1, header.size(), file.file.get());
  if (std::ferror(file.file.get()) != 0)
    throw input_error(name, "byte 0", std::strerror(errno), what_we_read);
  if (got == 0) throw input_error(name, "byte 0", "an empty file", what_we_read);
  if (got < 4)
    throw input_error(name, "byte 0", fmt::format("a file of {} bytes", got), what_we_read);
  // Bytes that were just read go back into a buffered file of any kind, a pipe too.
  std::clearerr(file.file.get());
  for (std::size_t i = got; i > 0; --i) std::ungetc(header[i - 1], file.file.get());

  const std::uint32_t magic = load_be32(header.data());
  if (magic == block_section_header) return std::make_unique<PcapngSource>(std::move(file), name);
  if (!is_pcap_magic(magic))
    throw input_error(name, "byte 0", describe_magic(Bytes(header)), what_we_read);
  if (got < pcap_header_size) {
    throw input_error(name, "file header", fmt::format("the end of the file after {} bytes", got),
                      fmt::format("{} bytes", pcap_header_size));
  }
  return std::make_unique<PcapSource>(std::move(file), name);
}

}  // namespace

CaptureReader::CaptureReader(const std::string& path)
    : CaptureReader(open_input(path, what_we_read), path) {}

CaptureReader::CaptureReader(std::FILE* file, std::string name)
    : CaptureReader(File(file), std::move(name)) {}

CaptureReader::CaptureReader(File file, std::string name)
    : name_(std::move(name)),
      file_size_(size_of(file.get())),
      source_(open_source(std::move(file), name_)) {}

bool CaptureReader::next(CapturedFrame& frame) {
  RawPacket packet;
  if (!source_->next(packet)) return false;
  if (!is_supported_link_type(packet.link_type)) {
    throw input_error(name_, fmt::format("frame {}", packet.number),
                      fmt::format("link type {}", link_type_text(packet.link_type)),
                      "Ethernet, Linux cooked, raw IP or BSD loopback");
  }
  frame.number = packet.number;
  frame.time_ns = packet.time_ns;
  frame.ethernet = to_ethernet(packet.link_type, packet.data, converted_);
  const std::size_t missing = packet.original_length - packet.data.size();
  // A lying length near 2^32 must not wrap when the Ethernet header is longer than the packet's
  // own.
  frame.original_length = static_cast<std::uint32_t>(std::min<std::uint64_t>(
      frame.ethernet.size() + missing, std::numeric_limits<std::uint32_t>::max()));
  if (missing > 0 && lost_tcp_bytes(frame.ethernet)) {
    throw input_error(
        name_, fmt::format("frame {}", packet.number),
        fmt::format("{} bytes captured of {}", packet.data.size(), packet.original_length),
        "whole TCP segments (capture without a snap length)");
  }
  return true;
}

}  // namespace tlsnic::traces
