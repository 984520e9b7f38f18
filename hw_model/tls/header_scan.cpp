#include "hw_model/tls/header_scan.h"

#include <algorithm>

namespace tlsnic::hw {
namespace {

bool passes(const RecordHeader& header, HeaderTest test, const RecordFormat& format) {
  if (header.version != record_header_version) return false;
  const bool length_fits =
      header.length >= format.min_length() && header.length <= format.max_length();
  switch (test) {
    case HeaderTest::version:
      return true;
    case HeaderTest::version_length:
      return length_fits;
    case HeaderTest::type_version_length:
      return is_valid_header(header, format);
    case HeaderTest::application_data:
      return header.type == record_application_data;
  }
  return false;
}

}  // namespace

ScanWindow::ScanWindow(const RxContext& context, std::uint32_t sequence, Bytes payload)
    : begin_(sequence),
      end_(sequence + static_cast<std::uint32_t>(payload.size())),
      payload_(payload) {
  if (context.carry_size == 0 || context.scan_sequence != sequence) return;
  carry_size_ = context.carry_size;
  std::copy_n(context.carry, carry_size_, carry_);
  begin_ -= context.carry_size;
}

RecordHeader ScanWindow::header_at(std::size_t i) const {
  std::uint8_t bytes[record_header_size];
  for (std::size_t k = 0; k < record_header_size; ++k) bytes[k] = (*this)[i + k];
  return read_record_header(bytes);
}

std::size_t ScanWindow::find(std::size_t i, HeaderTest test, const RecordFormat& format) const {
  for (; i < carry_size_ && i + record_header_size <= size(); ++i)
    if (passes(header_at(i), test, format)) return i;
  const std::uint8_t* bytes = payload_.data();
  while (i + record_header_size <= size()) {
    // Every test wants 03 in the second byte: the library's search skips ahead to it.
    const std::size_t at = i - carry_size_;
    const void* hit = std::memchr(bytes + at + 1, 0x03, payload_.size() - at - 4);
    if (hit == nullptr) break;
    i = static_cast<std::size_t>(static_cast<const std::uint8_t*>(hit) - bytes) - 1 + carry_size_;
    if (passes(read_record_header(bytes + (i - carry_size_)), test, format)) return i;
    ++i;
  }
  return size();
}

void ScanWindow::carry_over(RxContext& context, std::size_t i) const {
  const std::size_t keep =
      std::min<std::size_t>(sizeof context.carry, size() - std::min(i, size()));
  for (std::size_t k = 0; k < keep; ++k) context.carry[k] = (*this)[size() - keep + k];
  context.carry_size = static_cast<std::uint8_t>(keep);
  context.scan_sequence = end_;
}

}  // namespace tlsnic::hw
