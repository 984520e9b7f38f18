#include "traces/input_error.h"
#include "traces/keylog/key_log.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> warnings;
  try {
    tlsnic::traces::parse_key_log({reinterpret_cast<const char*>(data), size}, "fuzz", warnings);
  } catch (const tlsnic::traces::InputError&) {
    return 0;  // a file without a good line
  }
  return 0;
}
