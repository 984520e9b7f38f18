#include "traces/capture/pcapng_writer.h"

#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "traces/capture/packet_source.h"
#include "traces/capture/pcapng_blocks.h"
#include "traces/input_error.h"

namespace tlsnic::traces {
namespace {

constexpr std::size_t stdio_buffer_size = 256 * 1024;
constexpr std::uint16_t linktype_ethernet = 1;
constexpr std::uint64_t unknown_length = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t max_option = 65535;

void store_le32(std::uint8_t* p, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) p[i] = static_cast<std::uint8_t>(value >> 8 * i);
}

// Not in the middle of a character: the bytes that follow a UTF-8 character's first are 10xxxxxx.
std::string_view cut_utf8(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
  return text.substr(0, limit);
}

}  // namespace

PcapngWriter::PcapngWriter(const std::string& path)
    : path_(path), file_(with_buffer(open_output(path), stdio_buffer_size)) {
  begin_block(block_section_header);
  put32(byte_order_magic);
  put16(1);  // version 1.0
  put16(0);
  put32(static_cast<std::uint32_t>(unknown_length));
  put32(static_cast<std::uint32_t>(unknown_length >> 32));
  end_block();

  begin_block(block_interface);
  put16(linktype_ethernet);
  put16(0);
  put32(max_captured_length);
  put_option(option_if_tsresol, "\x09");  // 10^-9 s
  put_option(option_end, {});
  end_block();
}

void PcapngWriter::secrets(std::string_view key_log) {
  Expects(key_log.size() < std::numeric_limits<std::uint32_t>::max() - 64);
  begin_block(block_secrets);
  put32(secrets_tls_key_log);
  put32(static_cast<std::uint32_t>(key_log.size()));
  put_padded(key_log.data(), key_log.size());
  end_block();
}

void PcapngWriter::frame(std::int64_t time_ns, Bytes ethernet, std::string_view comment) {
  Expects(time_ns >= 0 && ethernet.size() <= max_captured_length);
  const auto size = static_cast<std::uint32_t>(ethernet.size());
  begin_block(block_enhanced_packet);
  put32(0);  // the interface
  put32(static_cast<std::uint32_t>(static_cast<std::uint64_t>(time_ns) >> 32));
  put32(static_cast<std::uint32_t>(time_ns));
  put32(size);
  put32(size);
  put_padded(ethernet.data(), size);
  if (!comment.empty()) {
    put_option(option_comment, cut_utf8(comment, max_option));
    put_option(option_end, {});
  }
  end_block();
}

void PcapngWriter::close() {
  check(std::fclose(file_.file.release()) == 0);
}

void PcapngWriter::begin_block(std::uint32_t type) {
  block_.clear();
  put32(type);
  put32(0);  // the length, once it is known
}

void PcapngWriter::put16(std::uint16_t value) {
  block_.push_back(static_cast<std::uint8_t>(value));
  block_.push_back(static_cast<std::uint8_t>(value >> 8));
}

void PcapngWriter::put32(std::uint32_t value) {
  block_.resize(block_.size() + 4);
  store_le32(block_.data() + block_.size() - 4, value);
}

void PcapngWriter::put_padded(const void* data, std::size_t size) {
  const std::size_t at = block_.size();
  block_.resize(at + (size + 3) / 4 * 4);
  if (size > 0) std::memcpy(block_.data() + at, data, size);
}

void PcapngWriter::put_option(std::uint16_t code, std::string_view value) {
  put16(code);
  put16(static_cast<std::uint16_t>(value.size()));
  put_padded(value.data(), value.size());
}

void PcapngWriter::end_block() {
  const auto total = static_cast<std::uint32_t>(block_.size() + 4);
  store_le32(block_.data() + 4, total);
  put32(total);
  check(std::fwrite(block_.data(), 1, block_.size(), file_.file.get()) == block_.size());
}

void PcapngWriter::check(bool written) const {
  if (!written) throw input_error(path_, "write", std::strerror(errno), "a file to write to");
}

}  // namespace tlsnic::traces
