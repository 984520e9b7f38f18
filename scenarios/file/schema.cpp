#include "scenarios/file/schema.h"

#include <limits>

namespace tlsnic::scenarios {
namespace {

using traces::Direction;
template <typename T>
using Words = std::vector<std::pair<std::string, T>>;

constexpr double hour_us = 3.6e9;
constexpr double us = 1000;  // ns
constexpr std::int64_t many = 0xffffffff;

const Words<Direction> to_words{{"client", Direction::server_to_client},
                                {"server", Direction::client_to_server}};

Words<driver::Personality> personality_words() {
  Words<driver::Personality> out;
  for (const driver::Personality personality : driver::personalities)
    out.emplace_back(driver::to_string(personality), personality);
  return out;
}

Words<TlsCipher> cipher_words() {
  Words<TlsCipher> out;
  for (const CipherParameters& cipher : cipher_parameters)
    out.emplace_back(cipher.name, cipher.cipher);
  return out;
}

Key<LinkSettings> rate_key() {
  // Stored as its inverse: 8000 ps per byte are 1 Gb/s.
  return {"rate_gbps", "Gb/s; kept as whole ps per byte", "a number from 0.001 to 8000",
          [](LinkSettings& link, const Value& value) {
            if (!detail::is_number(value) || value.real < 0.001 || value.real > 8000) return false;
            link.ps_per_byte = static_cast<std::uint64_t>(std::llround(8000 / value.real));
            return true;
          },
          [](const LinkSettings& link) {
            return fmt::format("{}", 8000 / static_cast<double>(link.ps_per_byte));
          }};
}

Key<FlowSettings> writes_key() {
  return {"writes", "bytes of each write call, over and over; a number or a list",
          "a size from 1 to 1073741824, or a list of 1 to 1000 of them",
          [](FlowSettings& flow, const Value& value) {
            const bool is_list = value.kind == Value::Kind::array;
            const std::vector<Value> sizes = is_list ? value.items : std::vector<Value>{value};
            if (sizes.empty() || sizes.size() > 1000) return false;
            std::vector<std::uint32_t> writes;
            for (const Value& size : sizes) {
              const auto given = read_size(size);
              if (!given || *given < 1 || *given > (1 << 30)) return false;
              writes.push_back(static_cast<std::uint32_t>(*given));
            }
            flow.writes = std::move(writes);
            return true;
          },
          [](const FlowSettings& flow) { return fmt::format("{}", fmt::join(flow.writes, ", ")); }};
}

template <typename Target>
void describe(std::vector<KeyDescription>& out, const std::string& table,
              const Keys<Target>& keys) {
  const Target defaults{};
  for (const Key<Target>& key : keys)
    out.push_back({table, key.name, key.get(defaults), key.text, key.expected});
}

}  // namespace

const Keys<Scenario>& scenario_keys() {
  static const Keys<Scenario> keys{
      text<Scenario>("title", &Scenario::title, "one line that says what the scenario shows"),
      text<Scenario>("source", &Scenario::source, "where it is from: a section, a figure"),
      whole<Scenario>("seed", &Scenario::seed, 0, std::numeric_limits<std::int64_t>::max(),
                      "of everything random"),
      scaled<Scenario>("limit_ms", &Scenario::limit_ns, 0.001, 1e9, 1e6,
                       "ms of simulated time; a run that gets there has failed"),
  };
  return keys;
}

const Keys<EndSettings>& end_keys() {
  static const Keys<EndSettings> keys{
      choice<EndSettings>("personality", &EndSettings::personality, personality_words(),
                          "the driver (docs/personalities.md)"),
      boolean<EndSettings>("tls_tx", &EndSettings::tls_tx,
                           "the device's TLS transmit offload is switched on"),
      boolean<EndSettings>("tls_rx", &EndSettings::tls_rx,
                           "the device's TLS receive offload is switched on"),
      boolean<EndSettings>("tso", &EndSettings::tso, "the device cuts large segments"),
      boolean<EndSettings>("gro", &EndSettings::gro, "the host joins segments as they come"),
      boolean<EndSettings>("lro", &EndSettings::lro, "the device joins received segments"),
      boolean<EndSettings>("second_device", &EndSettings::second_device,
                           "a second device of the same kind, for `reroute`"),
  };
  return keys;
}

const Keys<FlowSettings>& flow_keys() {
  using Flow = FlowSettings;
  static const Keys<Flow> keys{
      whole<Flow>("count", &Flow::count, 1, 200'000, "connections that do the same"),
      choice<Flow>("version", &Flow::version,
                   Words<TlsVersion>{{"1.2", TlsVersion::tls12}, {"1.3", TlsVersion::tls13}},
                   "of TLS"),
      choice<Flow>("cipher", &Flow::cipher, cipher_words(),
                   "spelled as in linux/tls.h; SM4 needs OpenSSL 3.1, ARIA TLS 1.2"),
      choice<Flow>("handshake", &Flow::handshake,
                   Words<Handshake>{{"none", Handshake::none}, {"openssl", Handshake::openssl}},
                   "none: keys from the seed as soon as TCP is connected; openssl: a real one"),
      choice<Flow>("interface", &Flow::interface,
                   Words<Interface>{{"socket", Interface::socket}, {"ssl", Interface::ssl}},
                   "send() and recv(), or SSL_write() and SSL_read()"),
      choice<Flow>(
          "sender", &Flow::sender,
          Words<Sender>{
              {"server", Sender::server}, {"client", Sender::client}, {"both", Sender::both}},
          "who writes"),
      bytes<Flow>("bytes", &Flow::bytes, 0, 1e12, "of plaintext that each sender writes"),
      whole<Flow>("record_size", &Flow::record_size, 64, max_record_plaintext,
                  "most plaintext bytes in a record (TLS_TX_MAX_PAYLOAD_LEN)"),
      writes_key(),
      boolean<Flow>("random_writes", &Flow::random_writes,
                    "each write from 1 byte to the largest of `writes`"),
      whole<Flow>("more_every", &Flow::more_every, 0, many,
                  "n: every n-th write carries MSG_MORE; 0: none"),
      boolean<Flow>("eor", &Flow::eor, "MSG_EOR: each write begins a TCP segment"),
      boolean<Flow>("sendfile", &Flow::sendfile,
                    "sendfile() instead of write calls, without MSG_MORE and MSG_EOR; by reference "
                    "in TLS_HW only with "
                    "`host.zerocopy_ro` on"),
      boolean<Flow>("keys_rx", &Flow::keys_rx, "false: the receiver does not set TLS_RX"),
      scaled<Flow>("start_us", &Flow::start_ns, 0, hour_us, us, "µs; when the client connects"),
      scaled<Flow>("pause_us", &Flow::pause_ns, 0, hour_us, us,
                   "µs from both ends having handed their keys over to the first write"),
      scaled<Flow>("write_pause_us", &Flow::write_pause_ns, 0, hour_us, us,
                   "µs after each write call"),
      scaled<Flow>("rx_install_delay_us", &Flow::rx_install_delay_ns, 0, hour_us, us,
                   "µs from the hand-over of the keys to send with to those to receive with"),
      whole<Flow>("key_updates", &Flow::key_updates, 0, 10'000,
                  "TLS 1.3: by the sender, spread over what it writes"),
  };
  return keys;
}

const Keys<LinkSettings>& link_keys() {
  using Link = LinkSettings;
  static const Keys<Link> keys{
      rate_key(),
      scaled<Link>("delay_us", &Link::delay_ns, 0, hour_us, us, "µs from one end to the other"),
      whole<Link>("queue_frames", &Link::queue_frames, 1, 1'000'000,
                  "frames that wait before the link; what comes when it is full is lost"),
      probability<Link>("loss", &Link::loss, "of a frame with TCP payload, each for itself"),
      probability<Link>(
          "bursts.to_bad", [](auto& link) -> auto& { return link.bursts.to_bad; },
          "loss in bursts: from the good state to the bad, before each frame; 0: no bursts"),
      probability<Link>(
          "bursts.to_good", [](auto& link) -> auto& { return link.bursts.to_good; },
          "from the bad state to the good"),
      probability<Link>(
          "bursts.loss_good", [](auto& link) -> auto& { return link.bursts.loss_good; },
          "loss in the good state"),
      probability<Link>(
          "bursts.loss_bad", [](auto& link) -> auto& { return link.bursts.loss_bad; },
          "loss in the bad state"),
      probability<Link>("reorder", &Link::reorder, "of a frame with TCP payload to be chosen"),
      choice<Link>("reorder_kind", &Link::reorder_kind,
                   Words<ReorderKind>{{"jump_ahead", ReorderKind::jump_ahead},
                                      {"delayed", ReorderKind::delayed}},
                   "jump_ahead: all frames wait reorder_delay_us, those that are chosen do not, as "
                   "with netem; delayed: those that are chosen wait"),
      scaled<Link>("reorder_delay_us", &Link::reorder_delay_ns, 0, hour_us, us, "µs"),
      probability<Link>("duplicate", &Link::duplicate, "of a frame to come twice"),
      probability<Link>("corrupt", &Link::corrupt,
                        "of one bit of the payload to be inverted; the checksum stays"),
  };
  return keys;
}

const Keys<EventDraft>& event_keys() {
  using Event = EventDraft;
  using What = Event::What;
  static const Keys<Event> keys{
      choice<Event>("what", &Event::what,
                    Words<What>{{"drop", What::drop},
                                {"late", What::late},
                                {"duplicate", What::duplicate},
                                {"corrupt", What::corrupt},
                                {"tamper", What::tamper},
                                {"device_down", What::device_down},
                                {"device_up", What::device_up},
                                {"features", What::features},
                                {"reroute", What::reroute},
                                {"reroute_back", What::reroute_back},
                                {"rewrite_ports", What::rewrite_ports},
                                {"local_drop", What::local_drop}},
                    "happens"),
      choice<Event>("to", &Event::to, to_words, "on the link: to this end; `client` unless given"),
      whole<Event>("flow", &Event::flow, 0, many, "on the link: of this connection, from 0"),
      whole<Event>("segment", &Event::segment, 1, many,
                   "on the link: the n-th segment with payload since the offload began, from 1, "
                   "retransmissions not counted"),
      whole<Event>("record", &Event::record, 1, many,
                   "on the link: the first segment that holds `part` of the n-th record, from 1"),
      whole<Event>("before_offload", &Event::before_offload, 1, many,
                   "on the link: the n-th segment with payload from before the offload began (the "
                   "handshake's), from 1, retransmissions not counted"),
      choice<Event>(
          "part", &Event::part,
          Words<RecordPart>{
              {"header", RecordPart::header}, {"body", RecordPart::body}, {"tag", RecordPart::tag}},
          "of the record; `header` unless given"),
      whole<Event>("occurrence", &Event::occurrence, 1, 1000,
                   "1: the first transmission, also if not given; 2: the first retransmission"),
      whole<Event>("by", &Event::by, 1, 100'000,
                   "late: after so many following frames of its direction; 1 unless given"),
      whole<Event>("byte", &Event::byte, 0, 65'535,
                   "corrupt, tamper: of the frame's TCP payload, from 0; tamper makes the checksum "
                   "right again"),
      choice<Event>("at", &Event::at_server, Words<bool>{{"client", false}, {"server", true}},
                    "in a host: in this one; `server` unless given"),
      scaled<Event>("at_us", &Event::at_ns, 0, hour_us, us, "in a host: µs; at this time"),
      whole<Event>("after_records", &Event::after_records, 1, many,
                   "in a host: when it has sent so many records on connection 0"),
      boolean<Event>("tls_tx", &Event::tls_tx, "features: to switch on or off"),
      boolean<Event>("tls_rx", &Event::tls_rx, "features: to switch on or off"),
  };
  return keys;
}

const Keys<Expectation>& sequence_keys() {
  static const Keys<Expectation> keys{
      choice<Expectation>("to", &Expectation::direction, to_words, "that arrive at this end"),
      whole<Expectation>("flow", &Expectation::flow, 0, many, "of this connection, from 0"),
      whole<Expectation>("from", &Expectation::from, 1, 100'000, "from the n-th one on"),
      texts<Expectation>("verdicts", &Expectation::verdicts,
                         "what became of them; \"*\": anything; of a segment, also with the state "
                         "afterwards: \"sync_lost/waiting\""),
  };
  return keys;
}

const Keys<Sweep>& sweep_keys() {
  static const Keys<Sweep> keys{
      text<Sweep>("key", &Sweep::key, "the key that changes from run to run"),
      texts<Sweep>("values", &Sweep::values, "of the key, one per run, at most 1000"),
      texts<Sweep>("show", &Sweep::show, "values of the result: columns of the printed table"),
  };
  return keys;
}

std::vector<KeyDescription> describe_keys() {
  std::vector<KeyDescription> out;
  describe(out, "", scenario_keys());
  out.push_back({"", "include", "", "another file, relative to this one, that this one changes",
                 "a file's name"});
  describe(out, "[client], [server] or none", end_keys());
  describe(out, "[flow]", flow_keys());
  describe(out, "[link], [link.to_client], [link.to_server]", link_keys());
  describe(out, "[[event]]", event_keys());
  describe(out, "[[expect.segments]], [[expect.records]]", sequence_keys());
  describe(out, "[sweep]", sweep_keys());
  return out;
}

}  // namespace tlsnic::scenarios
