#include "host_stack/ktls/rx_list.h"

#include <algorithm>
#include <utility>

#include "protocol/tls_record.h"

namespace tlsnic::host {

void RxList::push_back(const Record& record, std::size_t read) {
  const bool is_empty_data = record.length == 0 && record.info.type == record_application_data;
  if (is_empty_data && !entries_.empty() && entries_.back().type == record_application_data) return;
  Entry entry;
  entry.type = record.info.type;
  entry.bytes.reserve(record.length - read);
  for (const Bytes piece : record.plaintext) {
    const std::size_t skip = std::min<std::size_t>(read, piece.size());
    read -= skip;
    const Bytes rest = piece.subspan(skip);
    entry.bytes.insert(entry.bytes.end(), rest.begin(), rest.end());
  }
  entries_.push_back(std::move(entry));
}

RxList::Entry RxList::pop_front() {
  Entry entry = std::move(entries_.front());
  entries_.pop_front();
  return entry;
}

}  // namespace tlsnic::host
