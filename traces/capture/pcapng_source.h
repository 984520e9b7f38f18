// pcapng files, read block by block: libpcap refuses interfaces of different link types in a file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "traces/capture/packet_source.h"
#include "traces/capture/pcapng_blocks.h"
#include "traces/capture/pcapng_clock.h"
#include "traces/capture/read_window.h"

namespace tlsnic::traces {

class PcapngSource final : public PacketSource {
 public:
  // `file` stands at the first section header.
  PcapngSource(BufferedFile file, std::string name);

  bool next(RawPacket& packet) override;
  std::uint64_t bytes_read() const override { return window_.offset(); }

 private:
  struct Interface {
    std::uint32_t link_type = 0;
    std::uint32_t snap_length = 0;  // bytes, 0 = no limit
    PcapngClock clock;
  };
  // A block that lies in the window as a whole.
  struct Block {
    std::uint32_t type = 0;
    Bytes body;
  };

  std::string byte_place() const;
  std::string frame_place() const;
  [[noreturn]] void fail(std::string_view place, std::string_view found,
                         std::string_view expected) const;

  void read_section_header();
  std::uint32_t read_total_length(Bytes header) const;
  Block take_block(std::uint32_t type, std::uint32_t total, const std::string& place);
  void skip_block(std::uint32_t total);

  void read_interface(Bytes body, const std::string& place);
  const Interface& find_interface(std::uint32_t id) const;
  void read_packet(const Block& block, RawPacket& packet);
  void read_simple_packet(Bytes body, RawPacket& packet);
  void set_data(Bytes room, std::uint32_t captured, std::uint32_t original, RawPacket& packet);

  ReadWindow window_;
  ByteOrder order_;
  std::vector<Interface> interfaces_;  // of the section
  std::uint64_t frames_ = 0;
  std::int64_t last_time_ns_ = 0;
};

}  // namespace tlsnic::traces
