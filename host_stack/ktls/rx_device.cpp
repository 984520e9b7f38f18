#include "host_stack/ktls/rx_device.h"

#include <cerrno>

namespace tlsnic::host {

using netdev::TlsDirection;

int RxDevice::add(const netdev::TlsCryptoInfo& crypto_info, std::uint32_t start_sequence) {
  if (netdev_ == nullptr || !netdev_->is_up) return -EINVAL;
  if (netdev_->tlsdev_ops == nullptr) return -EOPNOTSUPP;
  resync_.restart();
  connection_.rx = &resync_;
  const int result =
      netdev_->tlsdev_ops->tls_dev_add(connection_, TlsDirection::rx, crypto_info, start_sequence);
  installed_ = result == 0;
  if (!installed_) connection_.rx = nullptr;
  if (probes_.probe != nullptr)
    probes_.probe->device_offload_set(connection_, start_sequence, crypto_info.record_number,
                                      result);
  return result;
}

void RxDevice::remove() {
  if (!installed_) return;
  installed_ = false;
  netdev_->tlsdev_ops->tls_dev_del(connection_, TlsDirection::rx);
  connection_.rx = nullptr;
  if (probes_.probe != nullptr) probes_.probe->device_offload_removed(connection_);
}

void RxDevice::degrade() {
  remove();
  netdev_ = nullptr;
}

void RxDevice::new_record(std::uint32_t sequence, std::size_t record_length,
                          std::uint64_t record_number, std::size_t unread) {
  if (installed_) send(resync_.new_record(sequence, record_length, record_number, unread));
}

void RxDevice::record_not_decrypted(std::uint32_t sequence, std::size_t record_length,
                                    std::uint64_t record_number, std::size_t unread) {
  if (installed_)
    send(resync_.record_not_decrypted(sequence, record_length, record_number, unread));
}

void RxDevice::send(const std::optional<ResyncAnswer>& answer) {
  if (!answer) return;
  stat_.increment(TlsCounter::rx_device_resync);
  const int result = netdev_->tlsdev_ops->tls_dev_resync(connection_, answer->sequence,
                                                         answer->record_number, TlsDirection::rx);
  if (probes_.probe != nullptr)
    probes_.probe->device_rx_resync_send(connection_, answer->sequence, answer->record_number,
                                         result);
}

}  // namespace tlsnic::host
