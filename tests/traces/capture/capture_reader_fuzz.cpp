#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "traces/capture/capture_reader.h"
#include "traces/capture/embedded_secrets.h"
#include "traces/input_error.h"

namespace {

void find_secrets(const std::uint8_t* data, std::size_t size) {
  const int file = memfd_create("fuzz", 0);
  if (file < 0) return;
  if (write(file, data, size) == static_cast<ssize_t>(size)) {
    const std::string text =
        tlsnic::traces::embedded_secrets("/proc/self/fd/" + std::to_string(file));
    if (text.size() > size) std::abort();
  }
  close(file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  find_secrets(data, size);
  // A copy, since fmemopen takes memory that may be written (and does not write with mode "r").
  std::vector<std::uint8_t> file(data, data + size);
  std::FILE* stream = fmemopen(file.data(), file.size(), "r");
  if (stream == nullptr) return 0;
  try {
    tlsnic::traces::CaptureReader reader(stream, "fuzz");
    tlsnic::traces::CapturedFrame frame;
    std::uint64_t last = 0;
    while (reader.next(frame)) {
      // What later stages rely on.
      if (frame.number <= last || frame.time_ns < 0) std::abort();
      if (frame.original_length < frame.ethernet.size()) std::abort();
      last = frame.number;
    }
  } catch (const tlsnic::traces::InputError&) {
    return 0;  // damage
  }
  return 0;
}
