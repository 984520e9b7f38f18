// TLS 1.3 KeyUpdate on a connection that a device decrypts (facts 1.17). The device knows nothing
// of KeyUpdate: it went on with the old key and its own record count until it was told to stop, and
// segments so marked may wait in the queue or still arrive.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "protocol/record_aead.h"

namespace tlsnic::host {

class RxRekey {
 public:
  // The connection was taken out of the device. highest_offset: stream end of all that has arrived.
  void device_stopped(std::uint64_t highest_offset) {
    if (!active_) boundary_ = highest_offset;
    active_ = true;
  }
  // A marked segment arrived, the stream having reached highest_offset: the device had it before it
  // stopped.
  void marked_data_arrived(std::uint64_t highest_offset) {
    if (active_) boundary_ = std::max(boundary_, highest_offset);
  }
  // The key changes. record_number: the next one under the old key. If one is retained already it
  // stays: it is the one that the device had.
  void retain(RecordAead aead, std::uint64_t record_number) {
    if (active_ && !old_aead_) {
      old_aead_.emplace(std::move(aead));
      old_record_number_ = record_number;
    }
  }
  void record_consumed() { ++old_record_number_; }
  // True once: the next record starts past all that the old key has touched.
  bool passed(std::uint64_t copied_offset) {
    if (!active_ || copied_offset < boundary_) return false;
    active_ = false;
    old_aead_.reset();
    return true;
  }

  bool active() const { return active_; }
  // Marked segments were decrypted with old_aead() under old_record_number().
  bool has_old_key() const { return old_aead_.has_value(); }
  RecordAead& old_aead() { return *old_aead_; }
  std::uint64_t old_record_number() const { return old_record_number_; }

 private:
  bool active_ = false;
  std::uint64_t boundary_ = 0;  // stream offset
  std::optional<RecordAead> old_aead_;
  std::uint64_t old_record_number_ = 0;
};

}  // namespace tlsnic::host
