#include "driver_shim/driver.h"

#include "driver_shim/chelsio/ktls.h"
#include "driver_shim/funeth/ktls.h"
#include "driver_shim/mlx5/ktls.h"
#include "driver_shim/nfp/ktls.h"

namespace tlsnic::driver {
namespace {

constexpr int poll_budget = 64;        // frames per poll, as NAPI's
constexpr std::uint16_t min_mtu = 68;  // RFC 791
const sc_core::sc_time refill_retry(1, sc_core::SC_MS);

std::unique_ptr<Ktls> make_ktls(Personality personality, const KtlsEnvironment& environment) {
  switch (personality) {
    case Personality::nfp:
      return std::make_unique<nfp::NfpKtls>(environment, false);
    case Personality::nfp_stream_scan:
      return std::make_unique<nfp::NfpKtls>(environment, true);
    case Personality::funeth:
      return std::make_unique<funeth::FunethKtls>(environment);
    case Personality::chelsio:
      return std::make_unique<chelsio::ChelsioKtls>(environment);
    case Personality::mlx5:
      break;
  }
  return std::make_unique<mlx5::Mlx5Ktls>(environment);
}

}  // namespace

Driver::Driver(sc_core::sc_module_name name, netdev::DmaMemory& memory, netdev::NetworkStack& stack,
               sc_core::sc_time interrupt_latency, Personality personality)
    : sc_module(name),
      registers("registers"),
      msix("msix"),
      memory_(memory),
      stack_(stack),
      interrupt_latency_(interrupt_latency),
      personality_(personality),
      commands_(memory, registers),
      rx_(memory, registers),
      tx_(memory, registers) {
  msix.register_b_transport(this, &Driver::interrupt);
  SC_HAS_PROCESS(Driver);
  SC_METHOD(poll);
  sensitive << poll_event_;
  dont_initialize();
}

void Driver::set_mtu(std::uint16_t mtu) {
  if (mtu < min_mtu) throw std::invalid_argument("the MTU is below 68");
  mtu_ = mtu;
}

void Driver::probe_device() {
  if (registers.read<std::uint32_t>(TLSNIC_REG_ID) != TLSNIC_ID ||
      registers.read<std::uint32_t>(TLSNIC_REG_ABI_VERSION) != TLSNIC_ABI_VERSION)
    throw std::logic_error("the device on the bus is not one that this driver knows");
  const auto tx_contexts = registers.read<std::uint32_t>(TLSNIC_REG_MAX_TX_CONTEXTS);
  objects_ = {IndexPool(registers.read<std::uint32_t>(TLSNIC_REG_MAX_KEYS)),
              IndexPool(registers.read<std::uint32_t>(TLSNIC_REG_MAX_CONTEXTS)),
              IndexPool(tx_contexts)};
  const auto capabilities = registers.read<std::uint32_t>(TLSNIC_REG_CAPABILITIES);
  ktls_ = make_ktls(personality_,
                    {memory_, commands_, stack_, tx_, backlog_, objects_, capabilities, mtu_});
  room_per_segment_ = Ktls::most_descriptors(mtu_);
  commands_.configure();
  rx_.configure();
  if (tx_contexts != 0) tx_.configure();
  const bool lro = lro_ && (capabilities & TLSNIC_CAP_RX_LRO) != 0;
  registers.write(TLSNIC_REG_FEATURES, lro ? TLSNIC_FEATURE_RX_LRO : 0u);
  registers.write(TLSNIC_DB_CONTROL, std::uint32_t{1});
  running_ = true;
  rx_.refill();
  rx_.arm();
  tx_.arm();
}

void Driver::stop() {
  if (!running_) return;
  running_ = false;
  registers.write(TLSNIC_DB_CONTROL, std::uint32_t{0});
  poll_event_.cancel();
  backlog_.clear();
  tx_.stop();
  // What the chip was to part with is gone with it.
  ktls_->poll();
  commands_.stop();
}

void Driver::start_xmit(netdev::TxSkb skb) {
  if (!tx_.is_running()) {
    tx_.count_drop();
    return;
  }
  if (skb.connection != nullptr && ktls_->is_starting(*skb.connection)) {
    backlog_.hold(std::move(skb));
    return;
  }
  if (backlog_.empty() && tx_.room() >= room_per_segment_)
    ktls_->transmit(std::move(skb));
  else
    backlog_.push(std::move(skb));
  send_backlog();
}

netdev::EthtoolStats Driver::get_ethtool_stats() const {
  return ktls_ ? ktls_->ethtool_stats() : netdev::EthtoolStats();
}

std::vector<netdev::DevlinkResource> Driver::resources() const {
  if (!ktls_) return {};
  const auto resource = [](const char* name, const IndexPool& pool) {
    return netdev::DevlinkResource{name, pool.size(), pool.in_use()};
  };
  return {resource("tls_rx_contexts", objects_.rx_contexts),
          resource("tls_tx_contexts", objects_.tx_contexts), resource("tls_keys", objects_.keys)};
}

void Driver::send_backlog() {
  while (!backlog_.empty() && tx_.room() >= room_per_segment_) ktls_->transmit(backlog_.pop());
  tx_.flush();
}

void Driver::interrupt(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  if (poll_scheduled_ || !running_) return;
  poll_scheduled_ = true;
  poll_event_.notify(interrupt_latency_);
}

void Driver::poll() {
  poll_scheduled_ = false;
  tx_.poll();
  int taken = 0;
  while (taken < poll_budget) {
    auto frame = rx_.next();
    if (!frame) break;
    ++taken;
    frame->skb.checksum_verified = frame->completion.l4_checksum == TLSNIC_L4_GOOD;
    ktls_->received(*frame);
    stack_.netif_receive_skb(std::move(frame->skb));
  }
  stack_.napi_complete();
  const bool refilled = rx_.refill();
  // After the frames: an answer may mean that the frames of a connection are all there.
  if (taken < poll_budget) commands_.poll();
  ktls_->poll();
  send_backlog();
  tx_.arm();
  if (taken < poll_budget && refilled) {
    rx_.arm();
  } else {
    // More frames are there; or memory is short, and only a later poll can offer pages again.
    poll_scheduled_ = true;
    poll_event_.notify(refilled ? interrupt_latency_ : refill_retry);
  }
}

}  // namespace tlsnic::driver
