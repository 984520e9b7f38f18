#include "driver_shim/command_queue.h"

#include "driver_shim/completion.h"

namespace tlsnic::driver {

void CommandQueue::configure() {
  ring_ = memory_.allocate(entries * sizeof(tlsnic_command));
  completions_ = memory_.allocate(entries * sizeof(tlsnic_command_completion));
  registers_.write(TLSNIC_REG_CMD_RING_ADDRESS, ring_);
  registers_.write(TLSNIC_REG_CMD_RING_ENTRIES, entries);
  registers_.write(TLSNIC_REG_CMD_CQ_ADDRESS, completions_);
  registers_.write(TLSNIC_REG_CMD_CQ_ENTRIES, entries);
}

void CommandQueue::post(const tlsnic_command& command, Done done) {
  if (stopped_) {
    if (done) done(TLSNIC_STATUS_BAD_OBJECT);
    return;
  }
  backlog_.push_back({command, std::move(done)});
  fill_ring();
}

void CommandQueue::fill_ring() {
  const std::uint32_t before = producer_;
  while (!backlog_.empty() && producer_ - consumer_ < entries) {
    Pending& next = backlog_.front();
    const std::uint64_t slot = producer_ % entries;
    std::memcpy(memory_.at(ring_ + slot * sizeof next.command, sizeof next.command).data(),
                &next.command, sizeof next.command);
    in_ring_.push_back(std::move(next.done));
    backlog_.pop_front();
    ++producer_;
  }
  if (producer_ != before) registers_.write(TLSNIC_DB_CMD_PRODUCER, producer_);
}

void CommandQueue::poll() {
  while (consumer_ != producer_) {
    const auto completion =
        read_completion<tlsnic_command_completion>(memory_, completions_, entries, consumer_);
    if (!completion) break;
    ++consumer_;
    const Done done = std::move(in_ring_.front());
    in_ring_.pop_front();
    if (done) done(completion->status);
  }
  fill_ring();
}

void CommandQueue::stop() {
  stopped_ = true;
  consumer_ = producer_;
  std::deque<Done> outstanding = std::move(in_ring_);
  for (Pending& pending : backlog_) outstanding.push_back(std::move(pending.done));
  in_ring_.clear();
  backlog_.clear();
  for (const Done& done : outstanding)
    if (done) done(TLSNIC_STATUS_BAD_OBJECT);
}

}  // namespace tlsnic::driver
