#include "traces/capture/pcap_source.h"

#include <fmt/format.h>
#include <pcap/pcap.h>

#include <cstdio>
#include <utility>

#include "traces/input_error.h"

namespace tlsnic::traces {
namespace {

constexpr std::uint64_t file_header_size = 24;
constexpr std::uint64_t record_header_size = 16;
constexpr std::int64_t ns_per_second = 1'000'000'000;

}  // namespace

void PcapCloser::operator()(pcap* handle) const {
  pcap_close(handle);
}

PcapSource::PcapSource(BufferedFile file, std::string name)
    : name_(std::move(name)), file_(std::move(file)), bytes_read_(file_header_size) {
  char reason[PCAP_ERRBUF_SIZE] = "";
  pcap_.reset(pcap_fopen_offline_with_tstamp_precision(file_.file.get(), PCAP_TSTAMP_PRECISION_NANO,
                                                       reason));
  if (!pcap_) {
    throw input_error(name_, "file header", fmt::format("\"{}\"", reason),
                      "a pcap header of version 2.4");
  }
  static_cast<void>(file_.file.release());  // pcap_close() closes it
  link_type_ = static_cast<std::uint32_t>(pcap_datalink(pcap_.get()));
}

void PcapSource::throw_read_error() const {
  const std::string place = fmt::format("frame {}", frames_ + 1);
  const char* reason = pcap_geterr(pcap_.get());
  std::size_t wanted = 0;
  std::size_t got = 0;
  char part[9] = "";
  // libpcap gives the numbers in its text only; any other text is passed on as it is.
  if (std::sscanf(reason, "truncated dump file; tried to read %zu %8s bytes, only got %zu", &wanted,
                  part, &got) == 3) {
    const char* what = part[0] == 'h' ? "frame header" : "frame data";
    throw input_error(name_, place,
                      fmt::format("the end of the file after {} bytes of {}", got, what),
                      fmt::format("{} bytes", wanted));
  }
  throw input_error(name_, place, fmt::format("\"{}\"", reason), "a whole frame");
}

bool PcapSource::next(RawPacket& packet) {
  pcap_pkthdr* header = nullptr;
  const std::uint8_t* data = nullptr;
  const int result = pcap_next_ex(pcap_.get(), &header, &data);
  if (result == PCAP_ERROR_BREAK) return false;  // the end of the file
  if (result != 1) throw_read_error();
  packet.number = ++frames_;
  const std::int64_t fraction_ns = header->ts.tv_usec;
  if (fraction_ns < 0 || fraction_ns >= ns_per_second) {
    throw input_error(name_, fmt::format("frame {}", frames_),
                      fmt::format("a time of {} ns past the second", fraction_ns),
                      "0 to 999999999 ns");
  }
  // The file's seconds are unsigned 32-bit numbers (to 2106); libpcap may sign-extend them.
  packet.time_ns = static_cast<std::uint32_t>(header->ts.tv_sec) * ns_per_second + fraction_ns;
  packet.link_type = link_type_;
  packet.original_length = header->len < header->caplen ? header->caplen : header->len;
  packet.data = Bytes(data, header->caplen);
  bytes_read_ += record_header_size + header->caplen;
  return true;
}

}  // namespace tlsnic::traces
