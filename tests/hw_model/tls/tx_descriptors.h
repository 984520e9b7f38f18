// Descriptors of the transmit ring, as a driver fills them in. Addresses are the caller's.
#pragma once

#include <algorithm>

#include "hw_model/abi/transmit.h"
#include "protocol/record_aead.h"

namespace tlsnic::testing {

inline tlsnic_tx_descriptor tx_operation(unsigned opcode, std::uint32_t context = 0,
                                         unsigned flags = 0) {
  tlsnic_tx_descriptor out{};
  out.opcode = static_cast<std::uint8_t>(opcode);
  out.flags = static_cast<std::uint8_t>(flags);
  out.context = context;
  return out;
}

inline tlsnic_tx_descriptor tx_fragment(std::uint64_t address, std::size_t length, unsigned flags,
                                        std::uint32_t context = 0, std::uint16_t mss = 0) {
  tlsnic_tx_descriptor out = tx_operation(TLSNIC_TX_OP_SEND, context, flags);
  out.body.fragment.address = address;
  out.body.fragment.length = static_cast<std::uint32_t>(length);
  out.body.fragment.mss = mss;
  return out;
}

inline tlsnic_tx_descriptor tx_dump(std::uint32_t context, std::uint32_t sequence,
                                    std::uint64_t address, std::size_t length) {
  tlsnic_tx_descriptor out = tx_operation(TLSNIC_TX_OP_DUMP, context);
  out.body.dump.address = address;
  out.body.dump.length = static_cast<std::uint32_t>(length);
  out.body.dump.tcp_sequence = sequence;
  return out;
}

inline tlsnic_tx_descriptor tx_static_params(std::uint32_t context, std::uint32_t key_index,
                                             const TrafficKeys& keys) {
  tlsnic_tx_descriptor out = tx_operation(TLSNIC_TX_OP_STATIC_PARAMS, context);
  out.body.static_params.key_index = key_index;
  std::copy(keys.iv.begin(), keys.iv.end(), out.body.static_params.iv);
  out.body.static_params.tls_version =
      keys.version == TlsVersion::tls13 ? TLSNIC_TLS_1_3 : TLSNIC_TLS_1_2;
  return out;
}

inline tlsnic_tx_descriptor tx_progress_params(std::uint32_t context, std::uint32_t sequence,
                                               std::uint64_t record_number) {
  tlsnic_tx_descriptor out = tx_operation(TLSNIC_TX_OP_PROGRESS_PARAMS, context);
  out.body.progress.next_record_tcp_sn = sequence;
  out.body.progress.record_number = record_number;
  return out;
}

}  // namespace tlsnic::testing
