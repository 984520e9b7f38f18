// Choices that real devices make differently. Each default is what the Linux document says
// (Documentation/networking/tls-offload.rst, "Stream scan resynchronization").
#pragma once

#include <cstdint>

namespace tlsnic::hw {

// When a device that lost sync begins to scan.
enum class ScanStart : std::uint8_t {
  after_max_record,  // the stream is more than a maximum-size record past the expected sequence
  immediate,         // with the packet that showed the loss (ASPLOS 2021, section 4.3)
};

// What a header candidate must look like in the scan. Headers at predicted places must be valid in
// every respect, whatever this says.
enum class HeaderTest : std::uint8_t {
  version,              // two bytes 03 03
  version_length,       // ... and a length that a record may have
  type_version_length,  // ... and a content type, 20 to 24 (after ASPLOS 2021, section 5.2)
  application_data,     // three bytes 17 03 03 (ASPLOS 2021, slides)
};

struct RxPolicy {
  ScanStart scan_start = ScanStart::after_max_record;
  HeaderTest header_test = HeaderTest::version;
  // Records tracked without an answer before the scan restarts; 0: never, as the document has it.
  std::uint32_t rescan_after_records = 0;
};

}  // namespace tlsnic::hw
