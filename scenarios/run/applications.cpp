#include "scenarios/run/applications.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace tlsnic::scenarios {
namespace {

constexpr std::size_t stack_bytes = host::openssl_stack_size;
constexpr std::uint8_t key_update_message[] = {24, 0, 0, 1, 0};  // RFC 8446, section 4.6.3

void sleep_ns(std::uint64_t ns) {
  if (ns > 0) sc_core::wait(sc_core::sc_time::from_value(ns * 1000));
}

template <typename Body>
sc_core::sc_process_handle spawn(Body body) {
  sc_core::sc_spawn_options options;
  options.set_stack_size(stack_bytes);
  return sc_core::sc_spawn(std::move(body), sc_core::sc_gen_unique_name("application"), &options);
}

// The keys of a direction: the same for both ends, others after each KeyUpdate.
TrafficKeys make_keys(const Scenario& scenario, const Flow& flow, Direction direction,
                      std::uint64_t generation) {
  Random random(scenario.seed ^
                (std::uint64_t{flow.index} << 20 | generation << 1 | traces::index_of(direction)));
  TrafficKeys keys;
  keys.version = flow.settings->version;
  keys.cipher = flow.settings->cipher;
  for (std::size_t i = 0; i < keys.key_size(); ++i)
    keys.key[i] = static_cast<std::uint8_t>(random.next());
  for (std::size_t i = 0; i < keys.iv_size(); ++i)
    keys.iv[i] = static_cast<std::uint8_t>(random.next());
  return keys;
}

}  // namespace

// One end of a flow.
struct Applications::Side {
  Flow& flow;
  bool is_server;
  host::BlockingSocket socket;
  Random random;                                        // of the write sizes
  std::unique_ptr<host::TlsSession> session = nullptr;  // with Handshake::openssl
  std::uint64_t written = 0;
  std::uint64_t key_generation_tx = 0;
  std::uint64_t key_generation_rx = 0;

  Direction sends() const {
    return is_server ? Direction::server_to_client : Direction::client_to_server;
  }
  Direction receives() const { return traces::opposite(sends()); }
};

Applications::Applications(sc_core::sc_module_name name, const Scenario& scenario, Machine& client,
                           Machine& server, std::deque<Flow>& flows, const Content& content,
                           std::vector<std::string>& failures)
    : sc_module(name),
      scenario_(scenario),
      machines_{&client, &server},
      flows_(flows),
      content_(content),
      failures_(failures),
      random_(scenario.seed) {
  for (const FlowSettings& flow : scenario.flows)
    if (flow.handshake == Handshake::openssl && !openssl_)
      openssl_ = std::make_unique<OpensslContexts>(scenario.seed);
}

Applications::~Applications() = default;

void Applications::end_of_elaboration() {
  machines_[1]->host.listen(
      flow_tuple(0).destination.port, [this] { return initial_sequence(); },
      [this](host::TcpSocket& socket) { run_server(socket); });
  for (Flow& flow : flows_) spawn([this, &flow] { run_client(flow); });
}

void Applications::run_client(Flow& flow) {
  sleep_ns(flow.settings->start_ns);
  Side side{flow, false,
            host::BlockingSocket(machines_[0]->host, flow.tuple, initial_sequence(),
                                 {scenario_.ends[0].parameters.reader.wakeup_ns}),
            Random(scenario_.seed + 2 * flow.index)};
  run_side(side);
}

void Applications::run_server(host::TcpSocket& accepted) {
  const auto index = flow_index(accepted.sent().destination, flows_.size());
  if (!index) return;
  // The socket must have its events before the handshake goes on.
  const std::shared_ptr<Side> side(
      new Side{flows_[*index], true,
               host::BlockingSocket(accepted, {scenario_.ends[1].parameters.reader.wakeup_ns}),
               Random(scenario_.seed + 2 * *index + 1)});
  spawn([this, side] { run_side(*side); });
}

void Applications::run_side(Side& side) {
  Flow& flow = side.flow;
  if (const int error = side.socket.wait_established(); error != 0)
    return fail(side, fmt::format("connect: {}", std::strerror(error)));
  if (!(flow.settings->handshake == Handshake::openssl ? shake_hands(side) : hand_over(side)))
    return;
  if (++flow.ends_ready == 2)
    flow.ready.notify(sc_core::sc_time::from_value(flow.settings->pause_ns * 1000));

  sc_core::sc_process_handle writer;
  if (flow.sends(side.sends())) writer = spawn([this, &side] { write_all(side); });
  if (flow.sends(side.receives())) read_all(side);
  if (writer.valid() && !writer.terminated()) sc_core::wait(writer.terminated_event());
  // A side that sent nothing has the other's end of stream to wait for, and ends its own then.
  if (!flow.sends(side.sends())) side.socket.shutdown();
  finished_ns_ = sc_core::sc_time_stamp().value() / 1000;
  side.socket.wait_closed();
  if (side.is_server) ++finished_;
}

bool Applications::hand_over(Side& side) {
  if (!install_keys(side, side.sends(), true)) return false;
  sleep_ns(side.flow.settings->rx_install_delay_ns);
  return !side.flow.settings->keys_rx || install_keys(side, side.receives(), false);
}

// OpenSSL's own kTLS mode: it hands over the keys by itself, through the socket's BIO.
bool Applications::shake_hands(Side& side) {
  const FlowSettings& settings = *side.flow.settings;
  side.session = std::make_unique<host::TlsSession>(
      openssl_->context(settings, side.is_server), side.socket,
      scenario_.seed + 2 * side.flow.index + (side.is_server ? 1 : 0));
  if (!side.session->handshake().ok()) {
    fail(side, "handshake: " + side.session->error_text());
    return false;
  }
  side.key_generation_tx = side.key_generation_rx = 1;
  const bool uses_session = settings.interface == Interface::ssl;
  if (!uses_session && (side.session->tx_records() == host::RecordLayer::openssl ||
                        side.session->rx_records() == host::RecordLayer::openssl)) {
    fail(side, "OpenSSL has not handed over its records");
    return false;
  }
  if (host::Tx* tx = side.socket.socket().tls_tx())
    if (const int error = tx->set_max_payload(settings.record_size); error != 0) {
      fail(side, fmt::format("TLS_TX_MAX_PAYLOAD_LEN: {}", std::strerror(error)));
      return false;
    }
  return true;
}

bool Applications::install_keys(Side& side, Direction direction, bool sends) {
  FlowDirection& state = side.flow.at(direction);
  std::uint64_t& generation = sends ? side.key_generation_tx : side.key_generation_rx;
  const TrafficKeys keys = make_keys(scenario_, side.flow, direction, generation);
  host::TcpSocket& socket = side.socket.socket();
  int error = 0;
  if (sends) {
    if (generation == 0) {
      state.keys = keys;
    }
    error = socket.set_tls_tx({{keys, 0}, 0});
    if (error == 0 && generation == 0)
      error = socket.tls_tx()->set_max_payload(side.flow.settings->record_size);
  } else {
    error = socket.set_tls_rx({keys, 0});
  }
  ++generation;
  if (error != 0)
    fail(side,
         fmt::format("setsockopt({}): {}", sends ? "TLS_TX" : "TLS_RX", std::strerror(error)));
  return error == 0;
}

// ---- writing

void Applications::write_all(Side& side) {
  const FlowSettings& settings = *side.flow.settings;
  if (side.flow.ends_ready < 2 || settings.pause_ns > 0) sc_core::wait(side.flow.ready);
  const std::uint32_t largest = *std::max_element(settings.writes.begin(), settings.writes.end());
  const std::uint64_t between_updates = settings.bytes / (settings.key_updates + 1);
  for (std::uint64_t call = 0; side.written < settings.bytes; ++call) {
    const std::uint32_t wanted = settings.random_writes
                                     ? static_cast<std::uint32_t>(side.random.between(1, largest))
                                     : settings.writes[call % settings.writes.size()];
    const auto size =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, settings.bytes - side.written));
    if (!write(side, size, call)) return;
    sleep_ns(settings.write_pause_ns);
    if (side.key_generation_tx <= settings.key_updates &&
        side.written >= between_updates * side.key_generation_tx && !update_keys(side))
      return;
  }
  if (side.session && settings.interface == Interface::ssl && !side.session->shutdown().ok())
    return fail(side, "SSL_shutdown: " + side.session->error_text());
  side.socket.shutdown();
}

bool Applications::write(Side& side, std::uint32_t size, std::uint64_t call) {
  const FlowSettings& settings = *side.flow.settings;
  const std::uint32_t stream = side.flow.at(side.sends()).content_stream;
  const bool is_last = side.written + size == settings.bytes;
  host::SendFlags flags;
  flags.more = !is_last && settings.more_every != 0 && (call + 1) % settings.more_every == 0;
  flags.eor = settings.eor && !flags.more;
  if (settings.interface == Interface::ssl) {
    const host::TlsResult written = side.session->write(content_.view(stream, side.written, size));
    side.written += written.size;
    if (!written.ok()) fail(side, "SSL_write: " + side.session->error_text());
    return written.ok();
  }
  host::SendResult sent;
  if (settings.sendfile) {
    const netdev::TxPiece page = content_.page(stream, side.written, size);
    sent = side.socket.send_pages({&page, 1}, flags);
  } else {
    sent = side.socket.send(content_.view(stream, side.written, size), flags);
  }
  side.written += sent.taken;
  if (sent.error != 0)
    fail(side, fmt::format("send: {} after {} bytes", std::strerror(sent.error), side.written));
  return sent.error == 0;
}

// The sender's half of RFC 8446, section 4.6.3: the message under the old key, then the new one.
bool Applications::update_keys(Side& side) {
  const host::SendResult sent = side.socket.send_control(record_handshake, key_update_message);
  if (sent.error != 0) {
    fail(side, fmt::format("KeyUpdate: {}", std::strerror(sent.error)));
    return false;
  }
  return install_keys(side, side.sends(), true);
}

// ---- reading

bool Applications::matches(Side& side, Bytes piece) {
  FlowDirection& state = side.flow.at(side.receives());
  const Bytes wanted = content_.view(state.content_stream, state.plaintext_read, piece.size());
  if (std::memcmp(piece.data(), wanted.data(), piece.size()) != 0) {
    fail(side,
         fmt::format("R4: other bytes than were written, after byte {}", state.plaintext_read));
    return false;
  }
  state.plaintext_read += piece.size();
  return true;
}

void Applications::read_session(Side& side) {
  FlowDirection& state = side.flow.at(side.receives());
  std::vector<std::uint8_t> buffer(max_record_plaintext);
  while (true) {
    const host::TlsResult result = side.session->read(buffer);
    if (result.status == host::TlsStatus::closed) break;
    if (!result.ok()) {
      if (is_tampered(side)) return;
      return fail(side, "SSL_read: " + side.session->error_text());
    }
    if (!matches(side, Bytes(buffer).first(result.size))) return;
  }
  state.receiver_done = true;
}

void Applications::read_all(Side& side) {
  if (side.flow.settings->interface == Interface::ssl) {
    read_session(side);
    return check_end(side);
  }
  FlowDirection& state = side.flow.at(side.receives());
  const std::uint64_t pause = scenario_.ends[side.is_server ? 1 : 0].parameters.reader.pause_ns;
  while (true) {
    const host::ReadResult result = side.socket.read_record();
    if (result.error != 0) {
      if (result.error == EBADMSG && is_tampered(side)) return;
      return fail(side, fmt::format("read: {} after {} bytes", std::strerror(result.error),
                                    state.plaintext_read));
    }
    if (!result.record) break;
    if (!read_record(side, *result.record)) return;
    sleep_ns(pause);
  }
  state.receiver_done = true;
  check_end(side);
}

void Applications::check_end(Side& side) {
  const FlowDirection& state = side.flow.at(side.receives());
  if (!state.receiver_done || state.plaintext_read == side.flow.settings->bytes) return;
  fail(side, fmt::format("end of stream after {} of {} bytes", state.plaintext_read,
                         side.flow.settings->bytes));
}

// Whether the scenario itself forges what this side reads: an error is right then.
bool Applications::is_tampered(const Side& side) const {
  const auto forges = [&side](const LinkEvent& event) {
    return event.action == LinkEvent::Action::tamper && event.flow == side.flow.index &&
           event.direction == side.receives();
  };
  return std::any_of(scenario_.link_events.begin(), scenario_.link_events.end(), forges);
}

bool Applications::read_record(Side& side, const host::Record& record) {
  if (record.info.type == record_handshake) return install_keys(side, side.receives(), false);
  return std::all_of(record.plaintext.begin(), record.plaintext.end(),
                     [&](const Bytes piece) { return matches(side, piece); });
}

void Applications::fail(const Side& side, const std::string& what) {
  failures_.push_back(
      fmt::format("flow {}, {}: {}", side.flow.index, side.is_server ? "server" : "client", what));
}

}  // namespace tlsnic::scenarios
