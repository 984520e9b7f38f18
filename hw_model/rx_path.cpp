#include "hw_model/rx_path.h"

#include <algorithm>
#include <utility>

#include "hw_model/timing/event.h"

namespace tlsnic::hw {
namespace {

// Each of the packets, and those that LRO has joined to it, for itself.
std::deque<Packet*> taken_apart(const std::deque<Packet*>& packets) {
  std::deque<Packet*> out;
  for (Packet* packet : packets) {
    while (packet != nullptr) {
      out.push_back(packet);
      packet->segments = 1;
      packet->joined_bytes = 0;
      packet = std::exchange(packet->joined_next, nullptr);
    }
  }
  return out;
}

}  // namespace

RxPath::RxPath(sc_core::sc_module_name name, const NicParameters& parameters, const KeyTable& keys,
               DmaPort& dma, DmaPort& msix, NicProbe* const& probe)
    : sc_module(name),
      unit(parameters, keys),
      parameters_(parameters),
      keys_(keys),
      probe_(probe),
      mac_(parameters),
      parser_(parameters.parser, parameters.clock_period),
      checksum_(parameters.checksum, parameters.clock_period),
      flow_stage_("flow", parameters.flow, parameters.clock_period),
      tls_stage_("tls", parameters.tls, parameters.clock_period),
      lro_(parameters.lro_time_out),
      ring_(dma),
      dma_stage_("dma", parameters.dma, parameters.clock_period),
      interrupt_(msix, TLSNIC_VECTOR_RX) {
  SC_HAS_PROCESS(RxPath);
  SC_METHOD(run_tls);
  sensitive << tls_start_;
  dont_initialize();
  SC_METHOD(end_lro);
  sensitive << lro_time_out_;
  dont_initialize();
  SC_METHOD(run_dma);
  sensitive << dma_end_;
  dont_initialize();
}

bool RxPath::receive(const Frame& frame) {
  if (mac_.is_full()) return false;
  Packet* packet = mac_.receive(frame, now());
  parser_.process(*packet);
  checksum_.process(*packet);
  packet->ready = flow_stage_.pass(packet->ready, 0);
  before_tls_.push_back(packet);
  if (before_tls_.size() == 1) schedule_tls();
  return true;
}

void RxPath::schedule_tls() {
  notify_at(tls_start_, tls_stage_.start_time(before_tls_.front()->ready));
}

void RxPath::run_tls() {
  Packet* packet = before_tls_.front();
  before_tls_.pop_front();
  const RxUnit::Work work = unit.process(*packet);
  const Picoseconds extra =
      work.records * parameters_.tls_cycles_per_record * parameters_.clock_period +
      (work.context_fetched ? parameters_.context_fetch : 0);
  packet->ready = tls_stage_.pass(packet->ready, work.aead_bytes, extra);
  lro_.is_on() ? run_lro(packet) : queue_for_dma(packet);
  if (!before_tls_.empty()) schedule_tls();
}

void RxPath::run_lro(Packet* packet) {
  const Packet* const before = lro_.open();
  for (Packet* each : lro_.take(packet))
    if (each != nullptr) queue_for_dma(each);
  // The link is paused: nothing more comes to join before there is room.
  if (lro_.open() != nullptr && mac_.is_full() && before_tls_.empty()) queue_for_dma(lro_.close());
  if (lro_.open() == before) return;
  lro_time_out_.cancel();
  if (lro_.open() != nullptr) notify_at(lro_time_out_, lro_.deadline());
}

void RxPath::end_lro() {
  // A packet of the same instant may have ended the frame, which the event was for, and opened
  // another: an event that has been triggered is not cancelled any more.
  if (lro_.open() != nullptr && lro_.deadline() <= now()) queue_for_dma(lro_.close());
}

void RxPath::queue_for_dma(Packet* packet) {
  before_dma_.push_back(packet);
  if (before_dma_.size() == 1) start_dma();
}

// Packets follow one another through the DMA unit as fast as it takes them; its latency is that of
// each packet, not of the unit.
void RxPath::start_dma() {
  while (running_ && !before_dma_.empty() && ring_.reserve(before_dma_.front()->host_size())) {
    Packet* packet = before_dma_.front();
    before_dma_.pop_front();
    packet->ready = dma_stage_.pass(std::max(packet->ready, now()), packet->host_size());
    in_dma_.push_back(packet);
    if (in_dma_.size() == 1) notify_at(dma_end_, packet->ready);
  }
}

void RxPath::run_dma() {
  if (in_dma_.empty()) return;  // halted in this instant: too late to cancel the event
  Packet* packet = in_dma_.front();
  in_dma_.pop_front();
  if (!in_dma_.empty()) notify_at(dma_end_, in_dma_.front()->ready);
  ring_.deliver(*packet);
  const bool was_full = mac_.is_full();
  while (packet != nullptr) {
    if (probe_ != nullptr) probe_->packet_received(*packet);
    Packet* const next = packet->joined_next;
    mac_.release(packet);
    packet = next;
  }
  if (was_full) resumed_.notify(sc_core::SC_ZERO_TIME);
  if (std::exchange(departure_is_watched_, false)) departed_.notify(sc_core::SC_ZERO_TIME);
  interrupt_.raise_if_armed();
}

void RxPath::set_producer(std::uint32_t producer) {
  ring_.set_producer(producer);
  start_dma();
}

void RxPath::arm(std::uint32_t completions_read) {
  interrupt_.arm();
  // Completions that the driver has not seen yet count as news.
  if (running_ && completions_read != ring_.completions_written()) interrupt_.raise_if_armed();
}

bool RxPath::holds_packets_of(std::uint32_t context) const {
  const auto belongs = [context](const Packet* packet) { return packet->context == context; };
  return (lro_.open() != nullptr && lro_.open()->context == context) ||
         std::any_of(before_dma_.begin(), before_dma_.end(), belongs) ||
         std::any_of(in_dma_.begin(), in_dma_.end(), belongs);
}

void RxPath::halt() {
  running_ = false;
  departure_is_watched_ = false;
  dma_end_.cancel();
  while (!in_dma_.empty()) {
    in_dma_.back()->ready = now();
    before_dma_.push_front(in_dma_.back());
    in_dma_.pop_back();
  }
  lro_time_out_.cancel();
  if (Packet* const open = lro_.close()) before_dma_.push_back(open);
  // The next driver may not have LRO, nor buffers for it.
  lro_.turn_on(false);
  before_dma_ = taken_apart(before_dma_);
}

void RxPath::reset() {
  interrupt_.disarm();
  ring_.stop();
  unit = RxUnit(parameters_, keys_);
  // The connections that these packets were decrypted for are gone.
  for (Packet* packet : before_dma_) {
    if (packet->context == TLSNIC_NO_CONTEXT) continue;
    packet->tls = TLSNIC_TLS_NOT_DECRYPTED;
    packet->context = TLSNIC_NO_CONTEXT;
    packet->outcome = {RxReason::no_context};
  }
}

void RxPath::append_statistics(std::vector<StageStatistics>& out) const {
  out.insert(out.end(),
             {mac_.statistics(), parser_.stage.statistics(), checksum_.stage.statistics(),
              flow_stage_.statistics(), tls_stage_.statistics(), dma_stage_.statistics()});
}

}  // namespace tlsnic::hw
