#include "scenarios/run/link_events.h"

#include <fmt/format.h>

namespace tlsnic::scenarios {
namespace {

// Where this part of a record begins, from the record's first byte.
std::uint64_t part_offset(RecordPart part, const SentRecord& record, const RecordFormat& format) {
  switch (part) {
    case RecordPart::header:
      return 0;
    case RecordPart::body:
      return format.prepend();
    case RecordPart::tag:
      break;
  }
  return record.length - aead_tag_size;
}

void add(Fate& fate, const LinkEvent& event) {
  switch (event.action) {
    case LinkEvent::Action::drop:
      fate.drop = true;
      break;
    case LinkEvent::Action::late:
      fate.late_by = event.by;
      break;
    case LinkEvent::Action::duplicate:
      fate.duplicate = true;
      break;
    case LinkEvent::Action::corrupt:
      fate.corrupt = event.byte;
      break;
    case LinkEvent::Action::tamper:
      fate.tamper = event.byte;
      break;
  }
}

}  // namespace

LinkEvents::LinkEvents(const Scenario& scenario, Direction direction, Monitor& monitor)
    : direction_(direction), monitor_(monitor) {
  for (const LinkEvent& event : scenario.link_events)
    if (event.direction == direction) events_.push_back({&event});
}

bool LinkEvents::holds_place(const LinkEvent& event, const Flow& flow,
                             const ParsedFrame& parsed) const {
  const FlowDirection& state = flow.directions[traces::index_of(direction_)];
  const std::uint32_t before = state.bytes_before_records(parsed.sequence, parsed.payload_length);
  if (event.before_offload)
    return before > 0 && monitor_.number_before_records(flow, direction_, parsed.sequence) ==
                             *event.before_offload;
  if (before == parsed.payload_length) return false;
  const auto start = static_cast<std::uint64_t>(state.offset_of(parsed.sequence + before));
  const std::uint64_t end = start + (parsed.payload_length - before);
  if (event.segment) return monitor_.sent_number(flow, direction_, start) == *event.segment;
  const std::uint64_t index = *event.record - 1;
  if (index < state.first_record || index - state.first_record >= state.records.size())
    return false;
  const SentRecord& record = state.records[index - state.first_record];
  const std::uint64_t place = record.offset + part_offset(event.part, record, state.format);
  return start <= place && place < end;
}

Fate LinkEvents::judge(const ParsedFrame& parsed, Bytes) {
  Fate fate;
  if (parsed.kind != FrameKind::tcp || parsed.payload_length == 0) return fate;
  const Flow* flow = monitor_.flow_of(parsed, direction_);
  if (flow == nullptr) return fate;
  for (Pending& pending : events_) {
    if (pending.done || pending.event->flow != flow->index ||
        !holds_place(*pending.event, *flow, parsed) || ++pending.seen != pending.event->occurrence)
      continue;
    pending.done = true;
    add(fate, *pending.event);
  }
  return fate;
}

std::vector<std::string> LinkEvents::missed() const {
  std::vector<std::string> out;
  for (const Pending& pending : events_)
    if (!pending.done)
      out.push_back(fmt::format("{}: the event has not happened: no such frame was sent",
                                pending.event->place));
  return out;
}

}  // namespace tlsnic::scenarios
