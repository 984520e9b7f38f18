#include "tests/scenarios/link/link_world.h"

#include <catch2/catch.hpp>

namespace tlsnic::testing {

LinkWorld::LinkWorld(const scenarios::LinkSettings& settings, std::uint64_t seed,
                     hw::Picoseconds chip_per_byte)
    : link("link", settings, seed, chip_per_byte, *this) {
  link.observer = this;
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
}

void LinkWorld::send_segment(std::size_t payload, std::uint16_t source_port) {
  const Buffer bytes(payload, 0x5a);
  send(tcp_frame(ipv4_tuple(source_port), static_cast<std::uint32_t>(frames_ + 1), bytes));
}

void LinkWorld::run_ns(std::uint64_t ns) {
  sc_core::sc_start(sc_core::sc_time::from_value(ns * ps_per_ns));
}

void LinkWorld::settle() {
  sc_core::sc_start();
}

void LinkWorld::resume() {
  paused_ = false;
  resumed_.notify(sc_core::SC_ZERO_TIME);
}

std::vector<std::uint64_t> LinkWorld::arrived_ids() const {
  std::vector<std::uint64_t> ids;
  for (const Arrival& arrival : arrivals) ids.push_back(arrival.id);
  return ids;
}

std::vector<std::uint64_t> LinkWorld::lost_ids() const {
  std::vector<std::uint64_t> ids;
  for (const Loss& loss : losses) ids.push_back(loss.id);
  return ids;
}

bool LinkWorld::receive(const hw::Frame& frame) {
  if (paused_) return false;
  if (frames_until_pause_ > 0 && --frames_until_pause_ == 0) paused_ = true;
  taken_ = frame;
  return true;
}

void LinkWorld::frame_sent(const scenarios::LinkFrame& frame) {
  CHECK(frame.id == ++frames_);
  CHECK_FALSE(frame.is_copy);
  sent.emplace_back();
  if (keeps_bytes) sent.back().assign(frame.bytes.begin(), frame.bytes.end());
}

void LinkWorld::frame_lost(const scenarios::LinkFrame& frame, scenarios::LossCause cause) {
  losses.push_back({frame.id, cause});
}

void LinkWorld::frame_arrived(const scenarios::LinkFrame& frame) {
  // The observer is told of the very frame that the receiver has just taken.
  CHECK(frame.id == taken_.id);
  CHECK(frame.bytes.data() == taken_.bytes.data());
  arrivals.push_back({frame.id, now_ps(), {}, frame.is_copy});
  if (keeps_bytes) arrivals.back().bytes.assign(frame.bytes.begin(), frame.bytes.end());
}

bool has_right_checksum(const Buffer& frame) {
  return tcp_checksum_is_right(frame, parse_frame(frame));
}

}  // namespace tlsnic::testing
