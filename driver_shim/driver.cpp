#include "driver_shim/driver.h"

#include "driver_shim/mlx5/ktls_rx.h"

namespace tlsnic::driver {
namespace {

constexpr int poll_budget = 64;  // frames per poll, as NAPI's
const sc_core::sc_time refill_retry(1, sc_core::SC_MS);

}  // namespace

Driver::Driver(sc_core::sc_module_name name, netdev::DmaMemory& memory, netdev::NetworkStack& stack,
               sc_core::sc_time interrupt_latency)
    : sc_module(name),
      registers("registers"),
      msix("msix"),
      memory_(memory),
      stack_(stack),
      interrupt_latency_(interrupt_latency),
      commands_(memory, registers),
      rx_(memory, registers) {
  msix.register_b_transport(this, &Driver::interrupt);
  SC_HAS_PROCESS(Driver);
  SC_METHOD(poll);
  sensitive << poll_event_;
  dont_initialize();
}

void Driver::probe_device() {
  if (registers.read<std::uint32_t>(TLSNIC_REG_ID) != TLSNIC_ID ||
      registers.read<std::uint32_t>(TLSNIC_REG_ABI_VERSION) != TLSNIC_ABI_VERSION)
    throw std::logic_error("the device on the bus is not one that this driver knows");
  const auto max_connections = std::min(registers.read<std::uint32_t>(TLSNIC_REG_MAX_KEYS),
                                        registers.read<std::uint32_t>(TLSNIC_REG_MAX_CONTEXTS));
  ktls_ = std::make_unique<mlx5::Mlx5KtlsRx>(memory_, commands_, stack_, max_connections);
  commands_.configure();
  rx_.configure();
  registers.write(TLSNIC_DB_CONTROL, std::uint32_t{1});
  rx_.refill();
  rx_.arm();
}

void Driver::interrupt(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  if (poll_scheduled_) return;
  poll_scheduled_ = true;
  poll_event_.notify(interrupt_latency_);
}

void Driver::poll() {
  poll_scheduled_ = false;
  int taken = 0;
  while (taken < poll_budget) {
    auto frame = rx_.next();
    if (!frame) break;
    ++taken;
    frame->skb.checksum_verified = frame->completion.l4_checksum == TLSNIC_L4_GOOD;
    ktls_->received(*frame);
    stack_.netif_receive_skb(std::move(frame->skb));
  }
  const bool refilled = rx_.refill();
  // After the frames: an answer may mean that the frames of a connection are all there.
  if (taken < poll_budget) commands_.poll();
  ktls_->poll();
  if (taken < poll_budget && refilled) {
    rx_.arm();
  } else {
    // More frames are there; or memory is short, and only a later poll can offer pages again.
    poll_scheduled_ = true;
    poll_event_.notify(refilled ? interrupt_latency_ : refill_retry);
  }
}

}  // namespace tlsnic::driver
