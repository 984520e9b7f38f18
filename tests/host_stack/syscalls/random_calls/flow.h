// What one side sends and the other receives, as records (facts 2.6, 2.7): a second opinion on what
// every call must return.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace tlsnic::host::test {

class Flow {
 public:
  struct Record {
    std::uint8_t type = 0;
    std::size_t position = 0;  // of the first unread byte among all that was sent
    std::size_t size = 0;      // unread bytes
    bool key_update = false;
  };

  // ---- the sender
  std::size_t max_payload = 16384;  // TLS_TX_MAX_PAYLOAD_LEN
  std::size_t sent() const { return sent_; }
  bool is_open() const { return open_.size > 0; }
  // Not for records: before there are keys.
  void send_plain(std::size_t size) { sent_ += size; }
  // more: MSG_MORE, for data.
  void send(std::size_t size, std::uint8_t type, bool more);
  void send_key_update(std::size_t size);
  // What is in an open record is lost.
  void shutdown() { open_ = {}; }

  // ---- the receiver
  bool is_empty() const { return records_.empty(); }
  const Record& front() const { return records_.front(); }
  bool begins_with_data() const { return !is_empty() && front().type == data_type; }
  std::size_t unread() const;  // bytes in records that have ended
  // Bytes of data before the first record of another type; and those of them that are decrypted.
  std::size_t data() const { return data_in(records_.size()); }
  std::size_t decrypted_data() const { return data_in(decrypted_); }
  bool ends_with_data() const;                          // there is no other record than of data
  std::size_t decrypted() const { return decrypted_; }  // records, read in part or not at all
  // Nothing more can be decrypted until there is a new key.
  bool is_paused() const { return is_paused_; }
  void resume() { is_paused_ = false; }

  // Some of one record, or data of more: it stays.
  void peek(std::size_t size) { decrypt(records_with(size)); }
  void read(std::size_t size);
  // Data, up to a control record that is looked at and stays.
  void peek_to_control() { decrypt(records_with(data()) + 1); }
  void read_to_control();

 private:
  static constexpr std::uint8_t data_type = 23;

  void decrypt(std::size_t records);
  void end_record();
  std::size_t data_in(std::size_t records) const;
  std::size_t records_with(std::size_t size) const;

  std::deque<Record> records_;
  Record open_;
  std::size_t sent_ = 0;
  std::size_t decrypted_ = 0;
  bool is_paused_ = false;
};

}  // namespace tlsnic::host::test
