// Replays a capture: its packets arrive at a chip at each end of the captured connections, at the
// times at which the capture has them, and go through driver and host stack to a reader.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hw_model/packet.h"
#include "observe/packet_log.h"
#include "observe/plaintext.h"
#include "observe/summary.h"
#include "scenarios/parameters.h"
#include "scenarios/what_if.h"

namespace tlsnic::scenarios {

// Which ends have the device's TLS receive offload switched on. The other end has the same device
// and decrypts in software.
enum class Side : std::uint8_t { client, server, both };

struct ReplayProgress {
  std::uint64_t bytes_read = 0;
  std::uint64_t file_size = 0;  // 0: unknown
  std::uint64_t frames = 0;
  std::uint64_t simulated_ns = 0;
};

// Watches every frame: as it entered a chip and as the chip handed it to its host.
class FrameObserver {
 public:
  virtual ~FrameObserver() = default;
  virtual void frame_sent(const ReplayedFrame& frame) { (void)frame; }
  virtual void frame_received(const ReplayedFrame& frame, const hw::Packet& packet) {
    (void)frame, (void)packet;
  }
};

struct ReplayOptions {
  std::string capture;
  std::optional<std::string> keys;  // none: the file beside the capture, key_log_beside(), if any
  Side side = Side::both;
  bool repair_checksums = false;
  bool hash_plaintext = false;
  WhatIf what_if;
  Parameters parameters;
  std::function<void(const ReplayProgress&)> progress;  // every few thousand frames
  FrameObserver* observer = nullptr;
};

// The key log that belongs to a capture by its name: X.keys beside X.pcap, X.pcapng, X.rx.pcap or
// X.tx.pcap. Empty if there is no such file.
std::string key_log_beside(const std::string& capture);

// Runs the world to its end. Once per process: SystemC's kernel cannot be started again.
// Throws traces::InputError, observe::OutputError.
observe::RunSummary run_replay(const ReplayOptions& options, observe::PacketLog& packets,
                               observe::PlaintextFiles& plaintext);

}  // namespace tlsnic::scenarios
