#include "traces/capture/embedded_secrets.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "protocol/bytes.h"
#include "traces/capture/pcapng_blocks.h"
#include "traces/input_file.h"

namespace tlsnic::traces {
namespace {

constexpr std::size_t max_secrets = 256u << 20;

// Reads anywhere in a file; near places come from one system call.
class RandomReader {
 public:
  explicit RandomReader(int file) : file_(file), bytes_(new std::uint8_t[capacity]) {}

  // `size` bytes at `offset`, or nothing if the file ends before. size <= 64.
  const std::uint8_t* at(std::uint64_t offset, std::size_t size) {
    if (offset < start_ || offset + size > start_ + held_) {
      const ssize_t got = pread(file_, bytes_.get(), capacity, static_cast<off_t>(offset));
      start_ = offset;
      held_ = got > 0 ? static_cast<std::size_t>(got) : 0;
      if (held_ < size) return nullptr;
    }
    return bytes_.get() + (offset - start_);
  }

 private:
  static constexpr std::size_t capacity = 256 * 1024;

  int file_;
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::uint64_t start_ = 0;
  std::size_t held_ = 0;
};

bool append(std::string& text, int file, std::uint64_t offset, std::size_t size) {
  const std::size_t before = text.size();
  text.resize(before + size);
  for (std::size_t done = 0; done < size;) {
    const ssize_t got =
        pread(file, &text[before + done], size - done, static_cast<off_t>(offset + done));
    if (got <= 0) {
      text.resize(before);
      return false;
    }
    done += static_cast<std::size_t>(got);
  }
  text.push_back('\n');  // the block's text need not end with one
  return true;
}

}  // namespace

std::string embedded_secrets(const std::string& path) {
  std::string text;
  struct stat status {};
  // Asked before opening: to open a pipe waits for its writer.
  if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return text;
  const auto file_size = static_cast<std::uint64_t>(status.st_size);
  const File file(std::fopen(path.c_str(), "rbe"));
  if (!file) return text;
  const int descriptor = fileno(file.get());
  RandomReader reader(descriptor);
  ByteOrder order;
  std::uint64_t offset = 0;
  while (const std::uint8_t* block = reader.at(offset, block_overhead)) {
    if (load_be32(block) == block_section_header) {
      const std::uint32_t magic = load_be32(block + 8);
      if (magic != byte_order_magic && magic != byte_order_magic_swapped) break;
      order.big_endian = magic == byte_order_magic;
    } else if (offset == 0) {
      break;
    }
    const std::uint32_t total = order.load32(block + 4);
    if (total < block_overhead || total % 4 != 0 || total > file_size - offset) break;
    if (order.load32(block) == block_secrets && total >= block_overhead + 8 &&
        order.load32(block + 8) == secrets_tls_key_log) {
      const std::uint8_t* length_field = reader.at(offset + 12, 4);
      if (length_field == nullptr) break;
      const std::uint32_t length = order.load32(length_field);
      if (length > total - block_overhead - 8 || length >= max_secrets - text.size()) break;
      if (!append(text, descriptor, offset + 16, length)) break;
    }
    offset += total;
  }
  return text;
}

}  // namespace tlsnic::traces
