#include "hw_model/tx_path.h"

#include "hw_model/abi/registers.h"
#include "hw_model/timing/event.h"

namespace tlsnic::hw {
namespace {

constexpr std::uint32_t descriptor_size = sizeof(tlsnic_tx_descriptor);
constexpr std::size_t max_unused = 256;  // operations whose memory is kept for others

std::uint32_t sequence_of(const TxJob& job) {
  switch (job.first.opcode) {
    case TLSNIC_TX_OP_SEND:
      return job.parsed.sequence;
    case TLSNIC_TX_OP_DUMP:
      return job.first.body.dump.tcp_sequence;
    case TLSNIC_TX_OP_PROGRESS_PARAMS:
      return job.first.body.progress.next_record_tcp_sn;
    default:
      return 0;
  }
}

}  // namespace

TxPath::TxPath(sc_core::sc_module_name name, const NicParameters& parameters, const KeyTable& keys,
               DmaPort& dma, DmaPort& msix, WireOutput* const& wire, NicProbe* const& probe)
    : sc_module(name),
      unit(parameters, keys),
      parameters_(parameters),
      dma_(dma),
      wire_(wire),
      probe_(probe),
      ring_(dma),
      dma_stage_("tx_dma", parameters.tx_dma, parameters.clock_period),
      tls_stage_("tx_tls", parameters.tx_tls, parameters.clock_period),
      mac_(parameters),
      interrupt_(msix, TLSNIC_VECTOR_TX) {
  SC_HAS_PROCESS(TxPath);
  SC_METHOD(run_tls);
  sensitive << tls_start_;
  dont_initialize();
  SC_METHOD(run_wire);
  sensitive << wire_end_;
  dont_initialize();
}

// ---- ring to TLS unit

// Host memory is read when the DMA unit takes the operation on, not when its turn comes there: the
// driver leaves it alone until the completion.
void TxPath::fetch() {
  while (running_ && (held_ == 0 || held_ < parameters_.tx_buffer_bytes) && collect()) {
    Operation& operation = *collected_;
    const auto size = static_cast<std::uint32_t>(operation.job.bytes().size());
    operation.held = std::max(size, descriptor_size);
    held_ += operation.held;
    const std::uint64_t descriptors = operation.job.descriptors();
    operation.ready = dma_stage_.pass(now(), size + descriptors * descriptor_size);
    before_tls_.push_back(std::move(collected_));
    if (before_tls_.size() == 1) schedule_tls();
  }
}

// Takes the descriptors of one operation; false if they are not all there yet.
bool TxPath::collect() {
  tlsnic_tx_descriptor descriptor;
  while (ring_.take(descriptor)) {
    if (collected_ == nullptr) {
      if (unused_.empty()) unused_.push_back(std::make_unique<Operation>());
      collected_ = std::move(unused_.back());
      unused_.pop_back();
    }
    const TxRead wanted = collected_->job.take(descriptor);
    if (!wanted.into.empty() && !dma_.read(wanted.address, wanted.into.data(), wanted.into.size()))
      collected_->job.refuse_address();
    if (collected_->job.is_complete()) return true;
  }
  return false;
}

void TxPath::schedule_tls() {
  const Operation& operation = *before_tls_.front();
  Picoseconds start = tls_stage_.start_time(operation.ready);
  if (operation.job.has(TLSNIC_TX_FENCE)) start = std::max(start, in_effect_);
  notify_at(tls_start_, start);
}

void TxPath::run_tls() {
  if (before_tls_.empty()) return;  // halted in this instant: too late to cancel the event
  std::unique_ptr<Operation> operation = std::move(before_tls_.front());
  before_tls_.pop_front();
  const TxUnit::Work work = unit.process(operation->job);
  const Picoseconds extra =
      work.records * parameters_.tls_cycles_per_record * parameters_.clock_period +
      (work.context_fetched ? parameters_.context_fetch : 0);
  const Picoseconds arrival = operation->job.has(TLSNIC_TX_FENCE)
                                  ? std::max(operation->ready, in_effect_)
                                  : operation->ready;
  operation->ready = in_effect_ = tls_stage_.pass(arrival, work.aead_bytes, extra);
  operation->frames = operation->job.frames();
  before_wire_.push_back(std::move(operation));
  if (before_wire_.size() == 1) schedule_wire();
  if (!before_tls_.empty()) schedule_tls();
}

// ---- TLS unit to wire, and answers

void TxPath::schedule_wire() {
  const Operation& operation = *before_wire_.front();
  const bool has_frame = operation.next_frame < operation.frames;
  notify_at(wire_end_, has_frame ? mac_.end_time(operation.ready,
                                                 operation.job.frame_size(operation.next_frame))
                                 : operation.ready);
}

// What is due now: a frame, and the answers to operations that have nothing more to do.
void TxPath::run_wire() {
  if (before_wire_.empty()) return;  // as in run_tls()
  Operation& front = *before_wire_.front();
  if (front.next_frame < front.frames) send_frame(front);
  while (!before_wire_.empty()) {
    const Operation& operation = *before_wire_.front();
    if (operation.next_frame < operation.frames || operation.ready > now()) break;
    finish_front();
  }
  if (!before_wire_.empty()) schedule_wire();
  fetch();
}

void TxPath::send_frame(Operation& operation) {
  const std::uint32_t index = operation.next_frame++;
  const std::uint32_t size = operation.job.frame_size(index);
  mac_.sent(operation.ready, size);
  if (wire_ == nullptr) return;
  MutableBytes frame = operation.job.bytes();
  if (operation.frames > 1) {
    if (frame_.size() < size) frame_.resize(size);
    frame = {frame_.data(), size};
  }
  if (operation.job.is_offloaded()) operation.job.write_frame(index, frame);
  wire_->frame_transmitted(frame);
}

void TxPath::finish_front() {
  std::unique_ptr<Operation> operation = std::move(before_wire_.front());
  before_wire_.pop_front();
  const TxJob& job = operation->job;
  const Picoseconds time = operation->frames > 0 ? now() : operation->ready;
  tlsnic_tx_completion completion = job.completion();
  completion.time_ns = time / 1000;
  ring_.complete(completion);
  held_ -= operation->held;
  if (probe_ != nullptr) {
    const auto size = static_cast<std::uint32_t>(job.bytes().size());
    probe_->operation_finished({completion.opcode, job.reason, completion.context, job.encrypted,
                                size, job.parsed.payload_length, sequence_of(job),
                                operation->frames, time});
  }
  release(std::move(operation));
  interrupt_.raise_if_armed();
}

void TxPath::release(std::unique_ptr<Operation> operation) {
  if (unused_.size() >= max_unused) return;
  operation->job.reset();
  operation->next_frame = 0;
  unused_.push_back(std::move(operation));
}

// ---- control

void TxPath::set_producer(std::uint32_t producer) {
  ring_.set_producer(producer);
  fetch();
}

void TxPath::arm(std::uint32_t completions_read) {
  interrupt_.arm();
  // Completions that the driver has not seen yet count as news.
  if (running_ && completions_read != ring_.completions_written()) interrupt_.raise_if_armed();
}

void TxPath::halt() {
  running_ = false;
  tls_start_.cancel();
  wire_end_.cancel();
  held_ = 0;
  if (collected_ != nullptr) release(std::move(collected_));
  for (Operations* operations : {&before_tls_, &before_wire_}) {
    for (auto& operation : *operations) release(std::move(operation));
    operations->clear();
  }
}

void TxPath::reset() {
  interrupt_.disarm();
  ring_.stop();
  unit.reset();
}

void TxPath::append_statistics(std::vector<StageStatistics>& out) const {
  out.insert(out.end(), {dma_stage_.statistics(), tls_stage_.statistics(), mac_.statistics()});
}

}  // namespace tlsnic::hw
