#include "tests/host_stack/syscalls/random_calls/flow.h"

#include <algorithm>

namespace tlsnic::host::test {

void Flow::end_record() {
  if (is_open()) records_.push_back(open_);
  open_ = {};
}

void Flow::send(std::size_t size, std::uint8_t type, bool more) {
  if (type != data_type) end_record();
  while (size > 0) {
    if (!is_open()) open_ = {type, sent_, 0, false};
    const std::size_t step = std::min(size, max_payload - open_.size);
    open_.size += step;
    sent_ += step;
    size -= step;
    if (open_.size == max_payload) end_record();
  }
  if (!more) end_record();
}

void Flow::send_key_update(std::size_t size) {
  end_record();
  records_.push_back({22, sent_, size, true});
  sent_ += size;
}

std::size_t Flow::unread() const {
  std::size_t size = 0;
  for (const Record& record : records_) size += record.size;
  return size;
}

bool Flow::ends_with_data() const {
  return std::all_of(records_.begin(), records_.end(),
                     [](const Record& record) { return record.type == data_type; });
}

std::size_t Flow::data_in(std::size_t records) const {
  std::size_t size = 0;
  for (std::size_t i = 0; i < records && records_[i].type == data_type; ++i)
    size += records_[i].size;
  return size;
}

std::size_t Flow::records_with(std::size_t size) const {
  std::size_t count = 0;
  for (std::size_t reached = 0; reached < size; ++count) reached += records_[count].size;
  return count;
}

void Flow::decrypt(std::size_t records) {
  for (; decrypted_ < records; ++decrypted_) is_paused_ |= records_[decrypted_].key_update;
}

void Flow::read(std::size_t size) {
  decrypt(records_with(size));
  while (size > 0) {
    Record& first = records_.front();
    const std::size_t step = std::min(size, first.size);
    first.position += step;
    first.size -= step;
    size -= step;
    if (first.size > 0) break;
    records_.pop_front();
    --decrypted_;
  }
}

void Flow::read_to_control() {
  peek_to_control();
  read(data());
}

}  // namespace tlsnic::host::test
