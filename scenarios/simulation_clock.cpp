#include "scenarios/simulation_clock.h"

#include <algorithm>
#include <utility>

namespace tlsnic::scenarios {
namespace {

constexpr std::uint64_t ps_per_ns = 1000;
constexpr std::size_t few_entries = 64;

std::uint32_t slot_of(host::TimerId timer) {
  return static_cast<std::uint32_t>(timer);
}

std::uint32_t generation_of(host::TimerId timer) {
  return static_cast<std::uint32_t>(timer >> 32);
}

}  // namespace

SimulationClock::SimulationClock(sc_core::sc_module_name name) : sc_module(name) {
  SC_HAS_PROCESS(SimulationClock);
  SC_METHOD(run);
  sensitive << due_;
  dont_initialize();
}

std::uint64_t SimulationClock::now_ns() const {
  return sc_core::sc_time_stamp().value() / ps_per_ns;
}

host::TimerId SimulationClock::call_at(std::uint64_t at_ns, std::function<void()> callback) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = free_slots_.back();
  free_slots_.pop_back();
  Slot& slot = slots_[index];
  slot.callback = std::move(callback);
  const host::TimerId timer = host::TimerId{slot.generation} << 32 | index;
  ++timers_;
  // What is due already takes its turn among what is due now.
  const std::uint64_t due_ns = std::max(at_ns, now_ns());
  heap_.push_back({due_ns, ++last_turn_, timer});
  std::push_heap(heap_.begin(), heap_.end(), comes_later);
  if (!running_ && heap_.front().timer == timer) wake_for_first();
  return timer;
}

void SimulationClock::cancel(host::TimerId timer) {
  Slot* slot = find(timer);
  if (slot == nullptr) return;
  // What the callback holds goes only when this clock is in order again.
  const std::function<void()> dropped = take(*slot);
  free_slots_.push_back(slot_of(timer));
  --timers_;
  if (heap_.size() > few_entries && heap_.size() > 2 * timers_) drop_cancelled();
  if (timers_ > 0 || running_) return;
  // What is cancelled goes with its event: a later timer would count on it.
  heap_.clear();
  due_.cancel();
}

SimulationClock::Slot* SimulationClock::find(host::TimerId timer) {
  const std::uint32_t index = slot_of(timer);
  if (index >= slots_.size() || slots_[index].generation != generation_of(timer)) return nullptr;
  return &slots_[index];
}

std::function<void()> SimulationClock::take(Slot& slot) {
  // 0 is no generation: no timer would be no_timer then.
  if (++slot.generation == 0) slot.generation = 1;
  return std::exchange(slot.callback, nullptr);
}

void SimulationClock::drop_first() {
  std::pop_heap(heap_.begin(), heap_.end(), comes_later);
  heap_.pop_back();
}

void SimulationClock::drop_cancelled() {
  const auto cancelled = [this](const Entry& entry) { return find(entry.timer) == nullptr; };
  heap_.erase(std::remove_if(heap_.begin(), heap_.end(), cancelled), heap_.end());
  std::make_heap(heap_.begin(), heap_.end(), comes_later);
}

void SimulationClock::run() {
  running_ = true;
  while (!heap_.empty()) {
    const Entry first = heap_.front();
    Slot* slot = find(first.timer);
    if (slot != nullptr && first.at_ns > now_ns()) break;
    drop_first();
    if (slot == nullptr) continue;
    const std::function<void()> callback = take(*slot);
    free_slots_.push_back(slot_of(first.timer));
    --timers_;
    callback();
  }
  running_ = false;
  if (!heap_.empty()) wake_for_first();
}

void SimulationClock::wake_for_first() {
  const std::uint64_t now_ps = sc_core::sc_time_stamp().value();
  const std::uint64_t at_ns = heap_.front().at_ns;
  if (at_ns > ~std::uint64_t{0} / ps_per_ns) return;
  due_.notify(sc_core::sc_time::from_value(std::max(at_ns * ps_per_ns, now_ps) - now_ps));
}

}  // namespace tlsnic::scenarios
