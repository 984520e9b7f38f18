#include "tests/host_stack/syscalls/random_calls/plan.h"

#include <algorithm>
#include <cerrno>
#include <numeric>

#include "tests/host_stack/syscalls/random_calls/planner.h"

namespace tlsnic::host::test {
namespace {

constexpr std::size_t most_sent = 200'000;  // by one side, about

}  // namespace

std::vector<std::size_t> Planner::split(std::size_t total) {
  std::vector<std::size_t> out;
  const std::size_t count = chance(0.1) ? between(20, 64) : between(1, 6);
  std::size_t left = total;
  for (std::size_t i = 1; i < count; ++i) {
    out.push_back(chance(0.1) ? 0 : between(0, std::min(left, 1 + 2 * total / count)));
    left -= out.back();
  }
  out.push_back(left);
  return out;
}

std::vector<std::uint8_t> Planner::keys(const Direction& direction,
                                        std::uint64_t generation) const {
  CryptoInfo info = crypto_info(variant_);
  Random random(seed_ * 1000 + generation * 2 + direction.side);
  for (std::size_t i = sizeof(tls_crypto_info); i < info.bytes.size(); ++i)
    info.bytes[i] = static_cast<std::uint8_t>(random.next());
  return std::move(info.bytes);
}

Step& Planner::add(std::size_t side, Call call, long result, int error) {
  Step step;
  step.side = side;
  step.call = call;
  step.result = result;
  step.error = error;
  plan_.steps.push_back(std::move(step));
  return plan_.steps.back();
}

Step& Planner::set(std::size_t side, int level, int option, std::vector<std::uint8_t> value,
                   int error) {
  Step& step = add(side, Call::setsockopt, error == 0 ? 0 : -1, error);
  step.level = level;
  step.option = option;
  step.value = std::move(value);
  return step;
}

Step& Planner::get(std::size_t side, int level, int option, std::size_t size, int error) {
  Step& step = add(side, Call::getsockopt, error == 0 ? 0 : -1, error);
  step.level = level;
  step.option = option;
  step.value.resize(size);
  return step;
}

void Planner::get_any(std::size_t side) {
  const bool has_tx = directions_[side].tx_keys;
  const bool has_rx = directions_[1 - side].rx_keys;
  const std::size_t whole = keys(directions_[side], 0).size();
  switch (between(0, 6)) {
    case 0:
      get(side, SOL_TLS, TLS_TX, whole, has_tx ? 0 : EBUSY);
      break;
    case 1:
      get(side, SOL_TLS, TLS_RX, whole, has_rx ? 0 : EBUSY);
      break;
    case 2:
      get(side, SOL_TLS, TLS_TX, 4, has_tx ? 0 : EBUSY);
      break;
    case 3:
      get(side, SOL_TLS, one_of({TLS_TX, TLS_RX}), between(0, 3), EINVAL);
      break;
    case 4:
      get(side, SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, 2);
      break;
    case 5:
      get(side, SOL_TLS, TLS_TX_ZEROCOPY_RO, 4);
      break;
    default:
      get(side, SOL_TLS, TLS_RX_EXPECT_NO_PAD, 4, variant_.is_tls13() && has_rx ? 0 : EINVAL);
  }
}

// Facts 2.4.
void Planner::refused_option(std::size_t side) {
  const bool has_tx = directions_[side].tx_keys;
  std::vector<std::uint8_t> info = keys(directions_[side], 99);
  switch (between(0, 6)) {
    case 0:
      set(side, SOL_TCP, TCP_ULP, {'t', 'l', 's', 0}, EEXIST);
      break;
    case 1:
      set(side, SOL_TLS, one_of({6, 7, 100}), {1, 0, 0, 0}, ENOPROTOOPT);
      break;
    case 2:
      set(side, SOL_TLS, TLS_TX_ZEROCOPY_RO, bytes_of_value<std::uint32_t>(2), EINVAL);
      break;
    case 3:
      set(side, SOL_TLS, TLS_TX, {4, 3}, EINVAL);
      break;
    case 4:
      if (!has_tx) break;
      // Another cipher than that in force, or a key at all where none can be changed.
      info[2] = info[2] == TLS_CIPHER_AES_GCM_128 ? TLS_CIPHER_AES_GCM_256 : TLS_CIPHER_AES_GCM_128;
      set(side, SOL_TLS, TLS_TX, std::move(info), variant_.is_tls13() ? EINVAL : EBUSY);
      break;
    case 5:
      if (!has_tx) break;
      info.pop_back();
      set(side, SOL_TLS, TLS_TX, std::move(info), variant_.is_tls13() ? EINVAL : EBUSY);
      break;
    default:
      if (!has_tx) break;
      add(side, Call::disconnect, -1, EOPNOTSUPP);
  }
}

Plan Planner::make() {
  std::vector<Variant> variants;
  for (const Variant& each : all_variants())
    if (is_available(each.cipher)) variants.push_back(each);
  // Devices take AES-GCM.
  variants.insert(variants.end(), 6, tls12_aes_gcm);
  variants.insert(variants.end(), 6, tls13_aes_gcm);
  variant_ = variants[between(0, variants.size() - 1)];
  plan_.title = variant_.name;
  for (Direction& direction : directions_) {
    direction.side = &direction == &directions_[0] ? 0 : 1;
    if (!chance(0.2)) continue;
    most_unread_ = 0;
    plan_.title += ", small buffers";
    set(direction.side, SOL_SOCKET, SO_SNDBUF,
        bytes_of_value(static_cast<int>(between(1000, 20'000))));
    set(direction.reader(), SOL_SOCKET, SO_RCVBUF,
        bytes_of_value(static_cast<int>(between(1000, 20'000))));
  }
  for (Direction& direction : directions_)
    if (chance(0.3)) send_plain(direction);
  for (const std::size_t side : {0, 1}) set(side, SOL_TCP, TCP_ULP, {'t', 'l', 's', 0});
  // So nobody says all before the other has set TCP_ULP, which would be ENOTCONN.
  for (Direction& direction : directions_) send_plain(direction);

  std::size_t steps = between(20, 80);
  while (true) {
    Direction& direction = directions_[between(0, 1)];
    const bool is_over = steps == 0 || direction.flow.sent() > most_sent;
    if (steps > 0) --steps;
    if (is_over && !direction.is_shut)
      shutdown(direction);
    else if (!is_over && chance(0.55))
      write(direction);
    else
      read(direction);
    for (Direction& each : directions_) read_until(each, most_unread_);
    if (steps == 0 && directions_[0].at_end && directions_[1].at_end) break;
  }
  return std::move(plan_);
}

std::size_t Step::size() const {
  return std::accumulate(buffers.begin(), buffers.end(), std::size_t{0});
}

Plan make_plan(std::uint64_t seed) {
  return Planner(seed).make();
}

}  // namespace tlsnic::host::test
