#include "traces/capture/pcap_writer.h"

#include <fmt/format.h>
#include <pcap/pcap.h>

#include <cerrno>
#include <cstring>
#include <limits>

#include "traces/capture/packet_source.h"
#include "traces/input_error.h"

namespace tlsnic::traces {
namespace {

constexpr std::size_t stdio_buffer_size = 256 * 1024;
constexpr std::int64_t ns_per_second = 1'000'000'000;

struct PcapHandleCloser {
  void operator()(pcap_t* handle) const { pcap_close(handle); }
};

}  // namespace

void PcapDumpCloser::operator()(pcap_dumper* dump) const {
  pcap_dump_close(dump);
}

PcapWriter::PcapWriter(const std::string& path)
    : path_(path), file_(with_buffer(open_output(path), stdio_buffer_size)) {
  // libpcap takes the file header's fields from a handle, which is not needed afterwards.
  const std::unique_ptr<pcap_t, PcapHandleCloser> format(pcap_open_dead_with_tstamp_precision(
      DLT_EN10MB, max_captured_length, PCAP_TSTAMP_PRECISION_NANO));
  if (format) dump_.reset(pcap_dump_fopen(format.get(), file_.file.get()));
  check(dump_ != nullptr);
  static_cast<void>(file_.file.release());
}

void PcapWriter::frame(std::int64_t time_ns, Bytes ethernet) {
  Expects(time_ns >= 0 && ethernet.size() <= max_captured_length);
  const std::int64_t seconds = time_ns / ns_per_second;
  if (seconds > std::numeric_limits<std::uint32_t>::max()) {
    throw input_error(path_, "write", fmt::format("a time of {} s", seconds),
                      "one before 2106, where pcap ends (write pcapng)");
  }
  pcap_pkthdr header{};
  header.ts.tv_sec = seconds;
  header.ts.tv_usec = time_ns % ns_per_second;  // nanoseconds, as asked for when opening
  header.caplen = header.len = static_cast<std::uint32_t>(ethernet.size());
  pcap_dump(reinterpret_cast<u_char*>(dump_.get()), &header, ethernet.data());
}

void PcapWriter::close() {
  check(pcap_dump_flush(dump_.get()) == 0 && std::ferror(pcap_dump_file(dump_.get())) == 0);
  dump_.reset();
}

void PcapWriter::check(bool written) const {
  if (!written) throw input_error(path_, "write", std::strerror(errno), "a file to write to");
}

}  // namespace tlsnic::traces
