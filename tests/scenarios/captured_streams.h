// A capture read without the product's host or chip: what each direction of each connection should
// give, by OpenSSL one record at a time.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "protocol/bytes.h"

namespace tlsnic::testing {

using Buffer = std::vector<std::uint8_t>;

struct CapturedDirection {
  std::uint32_t first_sequence = 0;
  Buffer ideal;        // the TCP stream with every application-key record decrypted in place
  Buffer application;  // plaintext of the application-data records, in order
  bool has_keys = false;
};

struct CapturedStream {
  std::array<CapturedDirection, 2> directions;  // by traces::Direction
};

// Index: Wireshark's tcp.stream. Reads X.keys beside it.
std::vector<CapturedStream> read_captured_streams(const std::string& capture);

}  // namespace tlsnic::testing
