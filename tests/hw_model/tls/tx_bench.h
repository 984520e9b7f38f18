// The transmit ring on a bench: descriptors and host memory in, frames and completions out.
#pragma once

#include <algorithm>

#include "hw_model/tls/tx_unit.h"
#include "tests/hw_model/tls/tx_descriptors.h"
#include "tests/hw_model/tls/tx_stream.h"

namespace tlsnic::testing {

inline hw::NicParameters small_nic() {
  hw::NicParameters parameters;
  parameters.max_keys = 4;
  parameters.max_contexts = 8;
  parameters.cached_contexts = 2;
  return parameters;
}

struct TxBench {
  static constexpr std::uint64_t base = 0x10000;  // address of the first byte of memory

  Buffer memory;
  hw::KeyTable keys{small_nic().max_keys};
  hw::TxUnit unit{small_nic(), keys};
  hw::TxJob job;
  std::vector<Buffer> frames;
  std::vector<tlsnic_tx_completion> completions;
  hw::TxUnit::Work last_work;

  std::uint64_t put(Bytes bytes) {
    const std::uint64_t address = base + memory.size();
    memory.insert(memory.end(), bytes.begin(), bytes.end());
    return address;
  }

  // What the ring does with each descriptor.
  void post(const tlsnic_tx_descriptor& descriptor) {
    const hw::TxRead wanted = job.take(descriptor);
    if (!wanted.into.empty()) {
      const std::uint64_t at = wanted.address - base;  // wraps below base
      if (at <= memory.size() && wanted.into.size() <= memory.size() - at) {
        std::copy_n(memory.begin() + static_cast<std::ptrdiff_t>(at), wanted.into.size(),
                    wanted.into.begin());
      } else {
        job.refuse_address();
      }
    }
    if (!job.is_complete()) return;
    last_work = unit.process(job);
    for (std::uint32_t i = 0; i < job.frames(); ++i) {
      frames.emplace_back(job.frame_size(i));
      job.write_frame(i, frames.back());
    }
    completions.push_back(job.completion());
    job.reset();
  }

  tlsnic_tx_completion send(Bytes packet, unsigned flags, std::uint32_t context = 0,
                            std::uint16_t mss = 0) {
    post(fragment(packet, flags | TLSNIC_TX_FIRST | TLSNIC_TX_LAST, context, mss));
    return completions.back();
  }
  tlsnic_tx_descriptor fragment(Bytes bytes, unsigned flags, std::uint32_t context = 0,
                                std::uint16_t mss = 0) {
    return tx_fragment(put(bytes), bytes.size(), flags, context, mss);
  }
  tlsnic_tx_completion dump(std::uint32_t context, std::uint32_t sequence, Bytes bytes) {
    post(tx_dump(context, sequence, put(bytes), bytes.size()));
    return completions.back();
  }
  tlsnic_tx_completion static_params(std::uint32_t context, std::uint32_t key_index,
                                     const TrafficKeys& traffic_keys) {
    post(tx_static_params(context, key_index, traffic_keys));
    return completions.back();
  }
  tlsnic_tx_completion progress_params(std::uint32_t context, std::uint32_t sequence,
                                       std::uint64_t record_number) {
    post(tx_progress_params(context, sequence, record_number));
    return completions.back();
  }
  // Key, context and parameters of a connection whose record 0 begins at `sequence`.
  void install(std::uint32_t id, const TrafficKeys& traffic_keys, std::uint32_t sequence) {
    keys.create(id, Bytes(traffic_keys.key).first(traffic_keys.key_size()));
    unit.create_context(id);
    static_params(id, id, traffic_keys);
    progress_params(id, sequence, 0);
  }
};

// Ethernet, IPv4 and TCP with nothing filled in that the chip fills in.
inline Buffer unfinished_packet(std::uint32_t sequence, Bytes payload,
                                std::uint8_t flags = tcp_ack) {
  Buffer packet(14 + 20 + 20 + payload.size());
  store_be16(&packet[12], 0x0800);
  std::uint8_t* ip = &packet[14];
  ip[0] = 0x45;
  ip[8] = 64;
  ip[9] = 6;
  store_be32(ip + 12, 0x0a000001);
  store_be32(ip + 16, 0x0a000002);
  std::uint8_t* tcp = ip + 20;
  store_be16(tcp, 443);
  store_be16(tcp + 2, 50000);
  store_be32(tcp + 4, sequence);
  tcp[12] = 5 << 4;
  tcp[13] = flags;
  std::copy(payload.begin(), payload.end(), packet.begin() + 54);
  return packet;
}

}  // namespace tlsnic::testing
