#include "scenarios/run/applications.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "host_stack/syscalls/simulation_scheduler.h"
#include "host_stack/syscalls/tls_uapi.h"

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

// One end of a flow: a process, so that what happens to a connection wakes no other's threads.
struct Applications::Side {
  Side(Flow& f, bool server, host::Host& host, std::uint64_t wakeup_ns, std::uint64_t seed)
      : flow(f),
        is_server(server),
        scheduler(wakeup_ns),
        process(host, scheduler),
        random(seed + 2 * f.index + (server ? 1 : 0)) {}

  Flow& flow;
  bool is_server;
  host::SimulationScheduler scheduler;
  host::Process process;
  int fd = -1;                                          // the connection
  int file = -1;                                        // what sendfile() sends
  std::optional<host::KtlsSocket> socket;               // once established
  Random random;                                        // of the write sizes
  std::unique_ptr<host::TlsSession> session = nullptr;  // with Handshake::openssl
  std::vector<std::uint8_t> buffer;                     // the reader's
  std::uint64_t written = 0;
  std::uint64_t key_generation_tx = 0;
  std::uint64_t key_generation_rx = 0;
  std::list<Side>::iterator place;

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
  run_side(
      add_side(flow, false, machines_[0]->host.connect(flow.tuple, initial_sequence(), nullptr)));
}

void Applications::run_server(host::TcpSocket& accepted) {
  const auto index = flow_index(accepted.sent().destination, flows_.size());
  if (!index) return;
  Side& side = add_side(flows_[*index], true, accepted);
  spawn([this, &side] { run_side(side); });
}

Applications::Side& Applications::add_side(Flow& flow, bool is_server,
                                           host::TcpSocket& connection) {
  const std::size_t end = is_server ? 1 : 0;
  Side& side = sides_.emplace_back(flow, is_server, machines_[end]->host,
                                   scenario_.ends[end].parameters.reader.wakeup_ns, scenario_.seed);
  side.place = std::prev(sides_.end());
  side.fd = side.process.adopt(connection);
  return side;
}

void Applications::run_side(Side& side) {
  if (const int error = wait_established(side); error != 0)
    fail(side, fmt::format("connect: {}", std::strerror(error)));
  else
    transfer(side);
}

// 0 or errno.
int Applications::wait_established(Side& side) {
  pollfd waited{side.fd, POLLOUT, 0};
  side.process.poll(&waited, 1, -1);
  int error = 0;
  socklen_t size = sizeof(error);
  side.process.getsockopt(side.fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

void Applications::transfer(Side& side) {
  Flow& flow = side.flow;
  const bool has_handshake = flow.settings->handshake == Handshake::openssl;
  side.socket.emplace(side.process, side.fd, !has_handshake);
  if (!(has_handshake ? shake_hands(side) : hand_over(side))) return;
  if (++flow.ends_ready == 2)
    flow.ready.notify(sc_core::sc_time::from_value(flow.settings->pause_ns * 1000));

  sc_core::sc_process_handle writer;
  if (flow.sends(side.sends())) writer = spawn([this, &side] { write_all(side); });
  if (flow.sends(side.receives())) read_all(side);
  if (writer.valid() && !writer.terminated()) sc_core::wait(writer.terminated_event());
  finished_ns_ = sc_core::sc_time_stamp().value() / 1000;
  close(side);
}

// A side that sent nothing had the other's end of stream to wait for, and ends its own now.
void Applications::close(Side& side) {
  side.process.shutdown(side.fd, SHUT_WR);
  const host::TcpSocket& tcp = side.socket->tcp();
  while (tcp.state() != host::TcpState::closed && tcp.state() != host::TcpState::time_wait)
    side.process.wait_for_wakeup();
  if (side.is_server) ++finished_;
  sides_.erase(side.place);
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
      openssl_->context(settings, side.is_server), side.process, side.fd,
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
  return !side.socket->has_tx() || set_record_size(side);
}

bool Applications::set_record_size(Side& side) {
  const auto size = static_cast<std::uint16_t>(side.flow.settings->record_size);
  if (side.process.setsockopt(side.fd, SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, &size, sizeof(size)) == 0)
    return true;
  fail(side, fmt::format("TLS_TX_MAX_PAYLOAD_LEN: {}", std::strerror(errno)));
  return false;
}

bool Applications::install_keys(Side& side, Direction direction, bool sends) {
  std::uint64_t& generation = sends ? side.key_generation_tx : side.key_generation_rx;
  const bool is_first = generation == 0;
  const TrafficKeys keys = make_keys(scenario_, side.flow, direction, generation++);
  if (sends && is_first) side.flow.at(direction).keys = keys;
  const host::TxCryptoInfo info{{keys, 0}, 0};
  const int error = sends ? side.socket->set_tls_tx(info) : side.socket->set_tls_rx(info);
  if (error != 0)
    fail(side,
         fmt::format("setsockopt({}): {}", sends ? "TLS_TX" : "TLS_RX", std::strerror(error)));
  return error == 0 && (!sends || !is_first || set_record_size(side));
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
  side.process.shutdown(side.fd, SHUT_WR);
}

bool Applications::write(Side& side, std::uint32_t size, std::uint64_t call) {
  const FlowSettings& settings = *side.flow.settings;
  const std::uint32_t stream = side.flow.at(side.sends()).content_stream;
  if (settings.interface == Interface::ssl) {
    const host::TlsResult written = side.session->write(content_.view(stream, side.written, size));
    side.written += written.size;
    if (!written.ok()) fail(side, "SSL_write: " + side.session->error_text());
    return written.ok();
  }
  ssize_t sent = 0;
  if (settings.sendfile) {
    if (side.file < 0) side.file = side.process.adopt(content_.file());
    auto position = static_cast<off_t>(Content::position(stream, side.written));
    sent = side.process.sendfile(side.fd, side.file, &position, size);
  } else {
    const bool is_last = side.written + size == settings.bytes;
    const bool more = !is_last && settings.more_every != 0 && (call + 1) % settings.more_every == 0;
    const int flags = more ? MSG_MORE : settings.eor ? MSG_EOR : 0;
    const Bytes data = content_.view(stream, side.written, size);
    sent = side.process.send(side.fd, data.data(), data.size(), flags);
  }
  if (sent < 0) {
    fail(side, fmt::format("send: {} after {} bytes", std::strerror(errno), side.written));
    return false;
  }
  side.written += static_cast<std::size_t>(sent);
  return true;
}

// The sender's half of RFC 8446, section 4.6.3: the message under the old key, then the new one.
bool Applications::update_keys(Side& side) {
  if (side.socket->send(key_update_message, record_handshake, 0) < 0) {
    fail(side, fmt::format("KeyUpdate: {}", std::strerror(errno)));
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
  while (true) {
    const host::TlsResult result = side.session->read(side.buffer);
    if (result.status == host::TlsStatus::closed) break;
    if (!result.ok()) {
      if (is_tampered(side)) return;
      return fail(side, "SSL_read: " + side.session->error_text());
    }
    if (!matches(side, Bytes(side.buffer).first(result.size))) return;
  }
  state.receiver_done = true;
}

// As large as the next record: a larger read would take more than one, and a reader that pauses
// does so after each. One that is not sent yet cannot be read either.
std::size_t Applications::read_size(Side& side) const {
  const FlowDirection& state = side.flow.at(side.receives());
  const std::uint64_t index = state.records_read - state.first_record;
  if (index >= state.records.size()) return max_record_plaintext;
  return state.records[index].length - state.format.overhead();
}

void Applications::read_all(Side& side) {
  side.buffer.resize(max_record_plaintext);
  if (side.flow.settings->interface == Interface::ssl) {
    read_session(side);
    return check_end(side);
  }
  FlowDirection& state = side.flow.at(side.receives());
  const std::uint64_t pause = scenario_.ends[side.is_server ? 1 : 0].parameters.reader.pause_ns;
  while (true) {
    const MutableBytes room = MutableBytes(side.buffer).first(read_size(side));
    std::optional<std::uint8_t> type;
    const ssize_t size = side.socket->receive(room, type);
    if (size < 0 && errno == EAGAIN) {
      side.process.wait_for_wakeup();
      continue;
    }
    if (size < 0) {
      if (errno == EBADMSG && is_tampered(side)) return;
      return fail(
          side, fmt::format("read: {} after {} bytes", std::strerror(errno), state.plaintext_read));
    }
    if (size == 0) break;
    const bool is_right = type == record_handshake
                              ? install_keys(side, side.receives(), false)
                              : matches(side, Bytes(room).first(static_cast<std::size_t>(size)));
    if (!is_right) return;
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

void Applications::fail(const Side& side, const std::string& what) {
  failures_.push_back(
      fmt::format("flow {}, {}: {}", side.flow.index, side.is_server ? "server" : "client", what));
}

}  // namespace tlsnic::scenarios
