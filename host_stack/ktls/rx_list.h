// Decrypted records that wait for a reader (the kernel's rx_list, facts 2.7): the rest after a
// short read, what was only peeked at, and a record that its reader could not take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "host_stack/fifo.h"
#include "host_stack/ktls/record.h"

namespace tlsnic::host {

class RxList {
 public:
  struct Entry {
    std::uint8_t type = 0;
    std::vector<std::uint8_t> bytes;
    std::size_t offset = 0;  // bytes read

    Bytes unread() const { return Bytes(bytes).subspan(offset); }
  };

  // What follows the record's first `read` bytes, copied. An empty data record after data is left
  // out: no reader could tell, and a peer could send them without end to one that peeks.
  void push_back(const Record& record, std::size_t read = 0);
  void push_front(Entry entry) { entries_.push_front(std::move(entry)); }
  // Not empty.
  Entry pop_front();

  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  Entry& operator[](std::size_t i) { return entries_[i]; }

 private:
  Fifo<Entry> entries_;
};

}  // namespace tlsnic::host
