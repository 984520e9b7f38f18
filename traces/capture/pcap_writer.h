// Writing classic pcap with libpcap: Ethernet, nanoseconds.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "protocol/bytes.h"
#include "traces/input_file.h"

struct pcap;
struct pcap_dumper;

namespace tlsnic::traces {

struct PcapDumpCloser {
  void operator()(pcap_dumper* dump) const;
};

// In the byte order of this machine, as tcpdump does. Throws InputError if the file cannot be
// created or written.
class PcapWriter {
 public:
  explicit PcapWriter(const std::string& path);

  // `time_ns`: since 1970, not negative; the format ends in 2106 (InputError).
  void frame(std::int64_t time_ns, Bytes ethernet);
  // Reports what could not be written. A writer that is destroyed without it keeps silent.
  void close();

 private:
  void check(bool written) const;

  std::string path_;
  BufferedFile file_;  // its file belongs to dump_ once that is open
  std::unique_ptr<pcap_dumper, PcapDumpCloser> dump_;
};

}  // namespace tlsnic::traces
