// One direction of a link with nothing real at its ends. One per process (in_child.h).
#pragma once

#include <vector>

#include "scenarios/link/link_direction.h"
#include "tests/hw_model/nic/frames.h"

namespace tlsnic::testing {

constexpr std::uint64_t ps_per_ns = 1000;

// Adds nothing but delay_ns, so that times in a test are round.
inline scenarios::LinkSettings endless_rate(std::uint64_t delay_ns = 5'000) {
  scenarios::LinkSettings settings;
  settings.ps_per_byte = 0;
  settings.delay_ns = delay_ns;
  return settings;
}

class LinkWorld : public scenarios::FrameReceiver, public scenarios::LinkObserver {
 public:
  explicit LinkWorld(const scenarios::LinkSettings& settings, std::uint64_t seed = 1,
                     hw::Picoseconds chip_per_byte = 0);

  scenarios::LinkDirection link;

  void send(const Buffer& frame) { link.frame_transmitted(frame); }
  // A segment of the flow, `payload` bytes long; its sequence number is the frame's id.
  void send_segment(std::size_t payload = 100, std::uint16_t source_port = 443);
  void send_ack() { send_segment(0); }
  void run_ns(std::uint64_t ns);
  // Until nothing happens any more.
  void settle();
  std::uint64_t now_ps() const { return sc_core::sc_time_stamp().value(); }

  void pause() { paused_ = true; }
  void pause_after(std::size_t frames) { frames_until_pause_ = frames; }
  void resume();

  struct Arrival {
    std::uint64_t id;
    std::uint64_t time_ps;
    Buffer bytes;
    bool is_copy;
  };
  struct Loss {
    std::uint64_t id;
    scenarios::LossCause cause;
  };
  std::vector<Buffer> sent;
  std::vector<Arrival> arrivals;
  std::vector<Loss> losses;
  bool keeps_bytes = true;

  std::vector<std::uint64_t> arrived_ids() const;
  std::vector<std::uint64_t> lost_ids() const;

  // FrameReceiver
  bool receive(const hw::Frame& frame) override;
  const sc_core::sc_event& resumed() const override { return resumed_; }

  // LinkObserver
  void frame_sent(const scenarios::LinkFrame& frame) override;
  void frame_lost(const scenarios::LinkFrame& frame, scenarios::LossCause cause) override;
  void frame_arrived(const scenarios::LinkFrame& frame) override;

 private:
  sc_core::sc_event resumed_;
  bool paused_ = false;
  std::size_t frames_until_pause_ = 0;
  hw::Frame taken_;
  std::uint64_t frames_ = 0;
};

bool has_right_checksum(const Buffer& frame);

}  // namespace tlsnic::testing
