// Classic pcap files, read by libpcap: both byte orders, microseconds and nanoseconds.
#pragma once

#include <memory>
#include <string>

#include "traces/capture/packet_source.h"
#include "traces/input_file.h"

struct pcap;

namespace tlsnic::traces {

struct PcapCloser {
  void operator()(pcap* handle) const;
};

class PcapSource final : public PacketSource {
 public:
  // `file` stands at the file header. Throws InputError.
  PcapSource(BufferedFile file, std::string name);

  bool next(RawPacket& packet) override;
  std::uint64_t bytes_read() const override { return bytes_read_; }

 private:
  [[noreturn]] void throw_read_error() const;

  std::string name_;
  BufferedFile file_;  // its file belongs to pcap_ once that is open
  std::unique_ptr<pcap, PcapCloser> pcap_;
  std::uint32_t link_type_ = 0;
  std::uint64_t frames_ = 0;
  std::uint64_t bytes_read_ = 0;
};

}  // namespace tlsnic::traces
