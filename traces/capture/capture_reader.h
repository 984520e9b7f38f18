// Captures, frame by frame, in constant memory.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "protocol/bytes.h"
#include "traces/capture/packet_source.h"
#include "traces/input_file.h"

namespace tlsnic::traces {

struct CapturedFrame {
  std::uint64_t number = 0;           // Wireshark's frame number, from 1
  std::int64_t time_ns = 0;           // since 1970, never negative; need not rise
  std::uint32_t original_length = 0;  // bytes of `ethernet` on the wire; more than captured if cut
  Bytes ethernet;                     // valid until the next call; may be shorter than a header
};

// Reads classic pcap and pcapng (told apart by their first bytes, not by the file's name). Frames
// of the link types in link_layer.h come out as Ethernet frames.
//
// Everything throws InputError: a file that cannot be opened or is no capture, damage, a link type
// that cannot be read (when its first frame comes), a TCP segment that the snap length cut. After
// an error the reader must not be used any more.
class CaptureReader {
 public:
  explicit CaptureReader(const std::string& path);
  // Takes over `file`, which nothing was read from yet; `name` is for error texts.
  CaptureReader(std::FILE* file, std::string name);

  // False at the end of the capture.
  bool next(CapturedFrame& frame);

  const std::string& name() const { return name_; }
  // For progress: bytes of the file so far, and its size (0 for a pipe).
  std::uint64_t bytes_read() const { return source_->bytes_read(); }
  std::uint64_t file_size() const { return file_size_; }

 private:
  CaptureReader(File file, std::string name);

  std::string name_;
  std::uint64_t file_size_ = 0;
  std::unique_ptr<PacketSource> source_;
  std::vector<std::uint8_t> converted_;
};

}  // namespace tlsnic::traces
