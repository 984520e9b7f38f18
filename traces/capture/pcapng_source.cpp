#include "traces/capture/pcapng_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "traces/input_error.h"

namespace tlsnic::traces {
namespace {

constexpr std::size_t max_interfaces = 65536;  // bounds what a hostile file makes us keep

std::string end_of_file_after(std::uint64_t bytes) {
  return fmt::format("the end of the file after {} bytes of the block", bytes);
}

std::string byte_count(std::uint64_t bytes) {
  return fmt::format("{} bytes", bytes);
}

bool is_packet(std::uint32_t block_type) {
  return block_type == block_enhanced_packet || block_type == block_simple_packet ||
         block_type == block_packet;
}

}  // namespace

PcapngSource::PcapngSource(BufferedFile file, std::string name)
    : window_(std::move(file), std::move(name)) {}

std::string PcapngSource::byte_place() const {
  return fmt::format("byte {}", window_.offset());
}

std::string PcapngSource::frame_place() const {
  return fmt::format("frame {}", frames_ + 1);
}

void PcapngSource::fail(std::string_view place, std::string_view found,
                        std::string_view expected) const {
  throw input_error(window_.name(), place, found, expected);
}

bool PcapngSource::next(RawPacket& packet) {
  for (;;) {
    const Bytes header = window_.peek(8);
    if (header.empty()) return false;
    if (header.size() < 8)
      fail(byte_place(), end_of_file_after(header.size()), "a block header of 8 bytes");
    // The same in both byte orders, since the order is not known before it is read.
    if (load_be32(header.data()) == block_section_header) {
      read_section_header();
      continue;
    }
    const std::uint32_t type = order_.load32(header.data());
    const std::uint32_t total = read_total_length(header);
    if (is_packet(type)) {
      const Block block = take_block(type, total, frame_place());
      if (type == block_simple_packet) {
        read_simple_packet(block.body, packet);
      } else {
        read_packet(block, packet);
      }
      return true;
    }
    if (type == block_interface) {
      const std::string place = byte_place();
      read_interface(take_block(type, total, place).body, place);
      continue;
    }
    skip_block(total);
    if (is_numbered_event(type)) ++frames_;
  }
}

std::uint32_t PcapngSource::read_total_length(Bytes header) const {
  const std::uint32_t total = order_.load32(header.data() + 4);
  if (total < block_overhead || total % 4 != 0) {
    fail(byte_place(), fmt::format("a block length of {}", total),
         "a multiple of 4 that is at least 12");
  }
  return total;
}

void PcapngSource::read_section_header() {
  constexpr std::size_t fixed = 8 + section_header_fixed;
  const Bytes header = window_.peek(fixed);
  if (header.size() < fixed)
    fail(byte_place(), end_of_file_after(header.size()), "a section header of 28 bytes");
  const std::uint32_t magic = load_be32(header.data() + 8);
  if (magic != byte_order_magic && magic != byte_order_magic_swapped) {
    fail(byte_place(), fmt::format("a byte-order magic of 0x{:08x}", magic),
         "0x1a2b3c4d in either byte order");
  }
  order_.big_endian = magic == byte_order_magic;
  const std::uint32_t total = read_total_length(header);
  if (total < fixed + 4)
    fail(byte_place(), fmt::format("a section header of {} bytes", total), "at least 28 bytes");
  const unsigned major = order_.load16(header.data() + 12);
  if (major != 1) {
    fail(byte_place(),
         fmt::format("pcapng version {}.{}", major, order_.load16(header.data() + 14)),
         "version 1");
  }
  interfaces_.clear();
  skip_block(total);
}

PcapngSource::Block PcapngSource::take_block(std::uint32_t type, std::uint32_t total,
                                             const std::string& place) {
  if (total > ReadWindow::capacity) {
    fail(place, fmt::format("a block of {} bytes", total),
         fmt::format("at most {} bytes", ReadWindow::capacity));
  }
  const Bytes block = window_.peek(total);
  if (block.size() < total) fail(place, end_of_file_after(block.size()), byte_count(total));
  const std::uint32_t repeated = order_.load32(block.data() + total - 4);
  if (repeated != total) {
    fail(place, fmt::format("a block length of {} before and {} after the block", total, repeated),
         "equal lengths");
  }
  window_.consume(total);
  return {type, block.subspan(8, total - block_overhead)};
}

void PcapngSource::skip_block(std::uint32_t total) {
  const std::string place = byte_place();
  const std::uint64_t skipped = window_.skip(total - 4);
  const Bytes trailer = window_.peek(4);
  if (trailer.size() < 4)
    fail(place, end_of_file_after(skipped + trailer.size()), byte_count(total));
  const std::uint32_t repeated = order_.load32(trailer.data());
  if (repeated != total) {
    fail(place, fmt::format("a block length of {} before and {} after the block", total, repeated),
         "equal lengths");
  }
  window_.consume(4);
}

void PcapngSource::read_interface(Bytes body, const std::string& place) {
  constexpr std::size_t fixed = 8;
  if (body.size() < fixed)
    fail(place, fmt::format("an interface description of {} bytes", body.size()), "at least 8");
  if (interfaces_.size() == max_interfaces)
    fail(place, "more interfaces", fmt::format("at most {}", max_interfaces));
  Interface interface;
  interface.link_type = order_.load16(body.data());
  interface.snap_length = order_.load32(body.data() + 4);
  std::uint8_t resolution = 6;
  std::int64_t offset_s = 0;
  for (Bytes options = body.subspan(fixed); options.size() >= 4;) {
    const std::uint16_t code = order_.load16(options.data());
    const std::size_t length = order_.load16(options.data() + 2);
    if (code == option_end) break;
    const Bytes rest = options.subspan(4);
    if (length > rest.size())
      fail(place, fmt::format("an option of {} bytes", length),
           fmt::format("at most the {} bytes left in its block", rest.size()));
    const std::size_t wanted = code == option_if_tsresol ? 1 : 8;
    if ((code == option_if_tsresol || code == option_if_tsoffset) && length != wanted)
      fail(place, fmt::format("a timestamp option of {} bytes", length), byte_count(wanted));
    if (code == option_if_tsresol) resolution = rest[0];
    if (code == option_if_tsoffset)
      offset_s = static_cast<std::int64_t>(order_.load64(rest.data()));
    options = rest.subspan(std::min((length + 3) / 4 * 4, rest.size()));
  }
  interface.clock = PcapngClock(resolution, offset_s);
  interfaces_.push_back(interface);
}

const PcapngSource::Interface& PcapngSource::find_interface(std::uint32_t id) const {
  if (id >= interfaces_.size()) {
    fail(frame_place(), fmt::format("interface {}", id),
         fmt::format("one of the {} interfaces that the section describes", interfaces_.size()));
  }
  return interfaces_[id];
}

void PcapngSource::read_packet(const Block& block, RawPacket& packet) {
  if (block.body.size() < enhanced_packet_fixed) {
    fail(frame_place(), fmt::format("a packet block of {} bytes", block.body.size()),
         fmt::format("at least {}", enhanced_packet_fixed));
  }
  const std::uint8_t* p = block.body.data();
  // The obsolete block has a 16-bit interface and a 16-bit drop count in place of the 32-bit id.
  const Interface& interface =
      find_interface(block.type == block_packet ? order_.load16(p) : order_.load32(p));
  const std::uint64_t ticks =
      static_cast<std::uint64_t>(order_.load32(p + 4)) << 32 | order_.load32(p + 8);
  const std::optional<std::int64_t> time_ns = interface.clock.to_ns(ticks);
  if (!time_ns)
    fail(frame_place(), fmt::format("a time of {} ticks", ticks), "one in 1970 to 2262");
  last_time_ns_ = *time_ns;
  packet.link_type = interface.link_type;
  set_data(block.body.subspan(enhanced_packet_fixed), order_.load32(p + 12), order_.load32(p + 16),
           packet);
}

void PcapngSource::read_simple_packet(Bytes body, RawPacket& packet) {
  if (body.size() < 4)
    fail(frame_place(), fmt::format("a packet block of {} bytes", body.size()), "at least 4");
  const Interface& interface = find_interface(0);
  const std::uint32_t original = order_.load32(body.data());
  const std::uint32_t captured =
      interface.snap_length == 0 ? original : std::min(original, interface.snap_length);
  packet.link_type = interface.link_type;
  set_data(body.subspan(4), captured, original, packet);
}

void PcapngSource::set_data(Bytes room, std::uint32_t captured, std::uint32_t original,
                            RawPacket& packet) {
  const std::size_t limit = std::min<std::size_t>(room.size(), max_captured_length);
  if (captured > limit) {
    fail(frame_place(), fmt::format("a captured length of {} bytes", captured),
         fmt::format("at most {}", limit));
  }
  packet.number = ++frames_;
  packet.time_ns = last_time_ns_;  // a simple packet has no time of its own
  packet.original_length = std::max(original, captured);
  packet.data = room.first(captured);
}

}  // namespace tlsnic::traces
