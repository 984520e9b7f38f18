#include "scenarios/file/schema.h"
#include "scenarios/file/settings.h"
#include "scenarios/file/tables.h"

namespace tlsnic::scenarios {
namespace {

using What = EventDraft::What;

constexpr std::size_t max_events = 10'000;

std::string word_of(const Value& event) {
  return "an event '" + event.member("what")->text + '\'';
}

// Throws for the first of these keys that the event has.
void refuse(const Value& event, std::initializer_list<const char*> keys, const char* belongs_to) {
  for (const char* key : keys)
    if (const Value* value = event.member(key))
      throw file_error(value->place, fmt::format("'{}' in {}", key, word_of(event)),
                       fmt::format("it in {} only", belongs_to));
}

LinkEvent link_event(const EventDraft& draft, const Value& table) {
  refuse(table, {"at", "at_us", "after_records", "tls_tx", "tls_rx"}, "events of a host");
  const int places =
      draft.segment.has_value() + draft.record.has_value() + draft.before_offload.has_value();
  if (places != 1)
    throw file_error(table.place,
                     word_of(table) + (places == 0 ? " without segment, record and before_offload"
                                                   : " with more than one of segment, record and "
                                                     "before_offload"),
                     "one of the three");
  if (draft.before_offload && draft.what == What::tamper)
    throw file_error(table.place,
                     word_of(table) + " before the offload, where no record's tag shows it",
                     "it with segment or record only");
  if (!draft.record) refuse(table, {"part"}, "events of a record");
  if (draft.what != What::late) refuse(table, {"by"}, "the event 'late'");
  if (draft.what != What::corrupt && draft.what != What::tamper)
    refuse(table, {"byte"}, "the events 'corrupt' and 'tamper'");
  LinkEvent event;
  event.action = static_cast<LinkEvent::Action>(*draft.what);
  event.direction = draft.to.value_or(event.direction);
  event.flow = draft.flow.value_or(event.flow);
  event.segment = draft.segment;
  event.record = draft.record;
  event.before_offload = draft.before_offload;
  event.part = draft.part.value_or(event.part);
  event.occurrence = draft.occurrence.value_or(event.occurrence);
  event.by = draft.by.value_or(event.by);
  event.byte = draft.byte.value_or(event.byte);
  event.place = table.place;
  return event;
}

HostEvent host_event(const EventDraft& draft, const Value& table) {
  refuse(table,
         {"to", "flow", "segment", "record", "before_offload", "part", "occurrence", "by", "byte"},
         "events of the link");
  if (draft.at_ns.has_value() == draft.after_records.has_value())
    throw file_error(table.place,
                     word_of(table) + (draft.at_ns ? " with both at_us and after_records"
                                                   : " without at_us and after_records"),
                     "one of the two");
  if (draft.what != What::features)
    refuse(table, {"tls_tx", "tls_rx"}, "the event 'features'");
  else if (!draft.tls_tx && !draft.tls_rx)
    throw file_error(table.place, word_of(table) + " without tls_tx and tls_rx",
                     "at least one of the two");
  HostEvent event;
  event.action = static_cast<HostEvent::Action>(static_cast<int>(*draft.what) -
                                                static_cast<int>(What::device_down));
  event.at_server = draft.at_server.value_or(event.at_server);
  event.at_ns = draft.at_ns.value_or(event.at_ns);
  event.after_records = draft.after_records;
  event.tls_tx = draft.tls_tx;
  event.tls_rx = draft.tls_rx;
  event.place = table.place;
  return event;
}

// EventDraft::What is the one list of actions after the other.
static_assert(static_cast<int>(What::tamper) == static_cast<int>(LinkEvent::Action::tamper));
static_assert(static_cast<int>(What::local_drop) - static_cast<int>(What::device_down) ==
              static_cast<int>(HostEvent::Action::local_drop));

}  // namespace

void read_events(Scenario& scenario, const Value& list) {
  if (list.kind != Value::Kind::array) throw wrong_value("event", list, "a list: [[event]]");
  if (list.items.size() > max_events)
    throw file_error(list.place, fmt::format("{} events", list.items.size()),
                     fmt::format("at most {}", max_events));
  for (const Value& item : list.items) {
    const EventDraft draft = read_table(event_keys(), item, "event");
    if (!draft.what) throw file_error(item.place, "an event without 'what'", "what happens");
    if (draft.is_on_link())
      scenario.link_events.push_back(link_event(draft, item));
    else
      scenario.host_events.push_back(host_event(draft, item));
  }
}

}  // namespace tlsnic::scenarios
