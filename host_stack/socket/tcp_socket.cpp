#include "host_stack/socket/tcp_socket.h"

#include <cerrno>
#include <utility>

namespace tlsnic::host {
namespace {

constexpr std::uint32_t gro_max_size = 65536;  // a merged packet is shorter, as in Linux

}  // namespace

TcpSocket::TcpSocket(const SocketEnvironment& environment, Clock& clock,
                     const TcpSettings& settings, const FourTuple& sent)
    : environment_(environment), sent_(sent), endpoint_(clock, settings, sent, *this) {}

TcpSocket::~TcpSocket() = default;

void TcpSocket::shutdown() {
  if (tx_) tx_->shutdown();
  endpoint_.close();
}

void TcpSocket::close() {
  shutdown();
  if (tx_) tx_->close();
  if (receiving_) receiving_->close_tls();
}

int TcpSocket::set_tls_rx(const netdev::TlsCryptoInfo& crypto_info) {
  if (!receiving_) return ENOTCONN;
  const int error = receiving_->set_tls_rx(crypto_info);
  relieve_pressure();
  return error;
}

std::size_t TcpSocket::read(MutableBytes out) {
  if (!receiving_) return 0;
  const std::size_t size = receiving_->read(out);
  if (size > 0) endpoint_.data_read();
  return size;
}

ReadResult TcpSocket::read_record() {
  if (!receiving_) return {ENOTCONN, std::nullopt};
  ReadResult result = receiving_->read_record();
  if (result.record) {
    endpoint_.data_read();
    relieve_pressure();
  }
  return result;
}

// ---- from the device

bool TcpSocket::continues_held(const netdev::SkBuff& skb, const ParsedFrame& parsed) const {
  // A pushed segment is the last of a merged one; marks must be equal (facts 1.7).
  return merged_size_ + parsed.payload_length < gro_max_size && !held_->parsed.has(tcp_psh) &&
         skb.decrypted == held_->skb.decrypted && parsed.sequence == held_->parsed.sequence_end() &&
         parsed.acknowledgement == held_->parsed.acknowledgement;
}

void TcpSocket::receive(netdev::SkBuff skb, const ParsedFrame& parsed) {
  constexpr std::uint8_t others = tcp_syn | tcp_fin | tcp_rst;
  const bool can_merge =
      environment_.gro && parsed.payload_length > 0 && (parsed.tcp_flags & others) == 0;
  bool continues = false;
  if (held_) {
    continues = can_merge && continues_held(skb, parsed);
    Held held = std::move(*held_);
    held_.reset();
    endpoint_.receive(std::move(held.skb), held.parsed, continues);
  }
  merged_size_ =
      parsed.payload_length + (continues ? merged_size_ : parsed.payload_offset - parsed.l3_offset);
  if (can_merge)
    held_.emplace(Held{std::move(skb), parsed});
  else
    endpoint_.receive(std::move(skb), parsed);
}

void TcpSocket::flush_gro() {
  if (!held_) return;
  Held held = std::move(*held_);
  held_.reset();
  endpoint_.receive(std::move(held.skb), held.parsed);
}

void TcpSocket::device_down(const netdev::NetDevice& device) {
  if (receiving_) receiving_->device_down(device);
  if (tx_ && tx_->uses(device)) tx_->device_down();
}

netdev::TlsConnection* TcpSocket::offloaded_connection() {
  if (!receiving_) return nullptr;
  if (tx_ && tx_->in_device()) return &receiving_->connection();
  return receiving_->offloaded_connection();
}

// ---- TcpEvents

void TcpSocket::output(netdev::TxSkb skb) {
  netdev::NetDevice* device = environment_.route.device;
  if (tx_) {
    auto checked = tx_->validate_xmit_skb(std::move(skb), *device);
    if (!checked) return;
    skb = std::move(*checked);
  }
  if (environment_.route.egress && !environment_.route.egress(skb)) return;
  device->netdev_ops->start_xmit(std::move(skb));
}

const ReceiveQueue& TcpSocket::open_receive_queue(std::uint32_t initial_sequence) {
  receiving_.emplace(environment_, sent_.reversed(), initial_sequence, true);
  return receiving_->receive_queue();
}

void TcpSocket::deliver(netdev::SkBuff skb, const ParsedFrame& segment) {
  const bool news = receiving_->deliver(std::move(skb), segment);
  relieve_pressure();
  if (news && events_ != nullptr) events_->readable();
}

void TcpSocket::established() {
  if (events_ != nullptr) events_->established();
}

void TcpSocket::writable() {
  if (tx_ && !tx_->write_space()) return;
  if (events_ != nullptr) events_->writable();
}

void TcpSocket::clean_acked(std::uint32_t snd_una) {
  if (tx_) tx_->clean_acked(snd_una);
}

void TcpSocket::closed(int error) {
  done_ = true;
  // Linux: RST in CLOSE-WAIT.
  const bool was_half_closed =
      receiving_ && receiving_->receive_queue().fin_reached() && !is_send_shutdown();
  if (error != 0) set_error(error == ECONNRESET && was_half_closed ? EPIPE : error);
  if (events_ != nullptr) events_->closed(error);
}

void TcpSocket::append(netdev::TxPiece piece, bool decrypted, bool more) {
  endpoint_.send(std::move(piece), {decrypted, more});
}

}  // namespace tlsnic::host
