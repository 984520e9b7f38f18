// A TLS record as a reader of a kTLS socket gets it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gsl/span>

#include "protocol/bytes.h"

namespace tlsnic::host {

// What the device did for a record (facts 1.11).
enum class RecordOffload : std::uint8_t {
  entirely,       // every segment marked: taken as plaintext, no software cryptography
  partially,      // marked segments were turned back into ciphertext, then software decrypted
  not_offloaded,  // no segment marked: software
};

struct RecordInfo {
  std::uint64_t number = 0;         // under the key in force
  std::uint64_t stream_offset = 0;  // of its first header byte, from the initial sequence + 1
  std::uint32_t sequence = 0;       // of its first header byte
  std::uint32_t wire_length = 0;    // bytes, header and tag included; 0 if the header was refused
  std::uint8_t type = 0;            // content type; the outer one as long as not decrypted
  RecordOffload offload = RecordOffload::not_offloaded;
};

struct Record {
  RecordInfo info;
  // In stream order. Valid until the next read_record(), skip_record() or the end of the socket.
  gsl::span<const Bytes> plaintext;
  std::size_t length = 0;  // bytes of plaintext, TLS 1.3 padding left out
};

}  // namespace tlsnic::host
