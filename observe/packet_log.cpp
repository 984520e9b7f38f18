#include "observe/packet_log.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace tlsnic::observe {

PacketLog::PacketLog(std::FILE* csv, bool to_terminal) : csv_(csv), to_terminal_(to_terminal) {
  if (csv_ != nullptr)
    std::fputs("frame,time_ns,stream,direction,seq,len,verdict,reason,state\n", csv_);
  if (to_terminal_)
    fmt::print("{:>7} {:>15} {:>6} {:<6} {:>10} {:>5}  {:<12} {:<14} {}\n", "frame", "time_ns",
               "stream", "sender", "seq", "len", "verdict", "reason", "state");
}

PacketLog::~PacketLog() {
  if (csv_ != nullptr) std::fclose(csv_);
}

void PacketLog::write(const PacketRow& row) {
  if (to_terminal_)
    fmt::print("{:>7} {:>15} {:>6} {:<6} {:>10} {:>5}  {:<12} {:<14} {}\n", row.frame, row.time_ns,
               row.stream ? fmt::format("{}", *row.stream) : "", row.direction, row.sequence,
               row.length, row.verdict, row.reason, row.state);
  if (csv_ == nullptr) return;
  line_.clear();
  auto out = std::back_inserter(line_);
  fmt::format_to(out, "{},{},", row.frame, row.time_ns);
  if (row.stream) {
    fmt::format_to(out, "{},{},{},{}", *row.stream, row.direction, row.sequence, row.length);
  } else {
    line_ += ",,,";
  }
  fmt::format_to(out, ",{},{},{}\n", row.verdict, row.reason, row.state);
  std::fwrite(line_.data(), 1, line_.size(), csv_);
}

bool PacketLog::close() {
  if (csv_ == nullptr) return true;
  const bool written = std::ferror(csv_) == 0;
  return std::fclose(std::exchange(csv_, nullptr)) == 0 && written;
}

}  // namespace tlsnic::observe
