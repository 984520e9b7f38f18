// Feeds a capture into the two ends: reads frame by frame, keeps account of the connections,
// applies the what-ifs, and waits for each frame's time.
#pragma once

#include <deque>

#include "scenarios/end.h"
#include "scenarios/replay.h"
#include "scenarios/replay/capture_feed.h"
#include "scenarios/replay_reader.h"
#include "traces/capture/capture_reader.h"

namespace tlsnic::scenarios {

class ReplaySource : public CaptureFeed {
 public:
  struct Receiver {
    End& end;
    ReplayReader& reader;
  };

  // client receives what servers send, server what clients send. All arguments outlive this.
  ReplaySource(sc_core::sc_module_name name, const ReplayOptions& options,
               const traces::KeyLog& keys, Receiver client, Receiver server,
               observe::PacketLog& packets, observe::PlaintextFiles& plaintext);

  std::deque<Connection>& connections() { return connections_; }
  std::uint64_t answers_ignored() const {
    return client_.answers_ignored + server_.answers_ignored;
  }

 private:
  // A chip and the frames that are in it, oldest first.
  struct Port : hw::NicProbe {
    Port(ReplaySource& s, Receiver r) : source(s), receiver(r) {}
    void packet_received(const hw::Packet& packet) override { source.received(*this, packet); }
    void resync_answered(std::uint32_t, std::uint32_t, bool accepted) override {
      answers_ignored += accepted ? 0 : 1;
    }
    ReplaySource& source;
    Receiver receiver;
    std::deque<ReplayedFrame> inside;
    std::uint64_t answers_ignored = 0;
  };

  void feed() override;
  bool frame_is_due();
  void process();
  Connection& connection_of(const traces::TrackedSegment& tracked);
  void observe_segment(Connection& connection, const traces::TrackedSegment& tracked,
                       const ParsedFrame& parsed, Bytes payload);
  void send(const ReplayedFrame& frame);
  bool try_send(const ReplayedFrame& frame);
  bool flush_paused();
  void received(Port& port, const hw::Packet& packet);
  void count(const ReplayedFrame& frame, const hw::Packet& packet, const char*& verdict,
             const char*& reason);

  const ReplayOptions& options_;
  const traces::KeyLog& keys_;
  Port client_;
  Port server_;
  observe::PacketLog& packets_;
  observe::PlaintextFiles& plaintext_;
  traces::CaptureReader capture_;
  traces::ConnectionTracker tracker_;
  WhatIfFilter what_if_;
  std::deque<Connection> connections_;  // by stream number

  traces::CapturedFrame frame_;
  bool has_frame_ = false;
  bool at_end_ = false;
  std::int64_t first_time_ns_ = 0;
  std::vector<std::uint8_t> repaired_;

  // Frames that a paused link holds back, in order.
  struct Paused {
    ReplayedFrame frame;
    std::vector<std::uint8_t> bytes;
  };
  std::deque<Paused> paused_;
};

}  // namespace tlsnic::scenarios
