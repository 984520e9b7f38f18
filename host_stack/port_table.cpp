#include "host_stack/port_table.h"

#include <algorithm>
#include <cerrno>

namespace tlsnic::host {
namespace {

// Whether a segment to this address could be for the claim's socket.
bool covers(const PortClaim& claim, const Address& address) {
  if (!is_wildcard(claim.local.address)) return claim.local.address == address;
  return claim.local.address.is_ipv6 == address.is_ipv6 ||
         (claim.local.address.is_ipv6 && !claim.ipv6_only);
}

bool overlap(const PortClaim& a, const PortClaim& b) {
  return covers(a, b.local.address) || covers(b, a.local.address);
}

}  // namespace

bool is_wildcard(const Address& address) {
  return std::all_of(address.bytes.begin(), address.bytes.end(),
                     [](std::uint8_t byte) { return byte == 0; });
}

bool PortTable::conflicts(const PortClaim& claim, bool listens) const {
  const std::uint16_t port = claim.local.port;
  if (!claim.reuse_address && !listens && connections_.count(port) != 0) return true;
  const auto found = claims_.find(port);
  if (found == claims_.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(), [&](const PortClaim* other) {
    if (other == &claim || !overlap(claim, *other)) return false;
    const bool both_reuse = claim.reuse_address && other->reuse_address;
    return !both_reuse || other->acceptor != nullptr;
  });
}

int PortTable::claim(PortClaim& claim) {
  if (claim.local.port == 0) {
    const auto port = pick([this](std::uint16_t each) { return connections_.count(each) == 0; });
    if (!port) return EADDRINUSE;
    claim.local.port = *port;
  } else if (conflicts(claim, false)) {
    return EADDRINUSE;
  }
  claims_[claim.local.port].push_back(&claim);
  return 0;
}

void PortTable::release(PortClaim& claim) {
  claim.acceptor = nullptr;
  const auto found = claims_.find(claim.local.port);
  if (found == claims_.end()) return;
  auto& claims = found->second;
  claims.erase(std::remove(claims.begin(), claims.end(), &claim), claims.end());
  if (claims.empty()) claims_.erase(found);
}

int PortTable::listen(PortClaim& claim, Acceptor& acceptor) {
  if (conflicts(claim, true)) return EADDRINUSE;
  claim.acceptor = &acceptor;
  return 0;
}

Acceptor* PortTable::find(const Endpoint& local) const {
  const auto found = claims_.find(local.port);
  if (found == claims_.end()) return nullptr;
  const PortClaim* best = nullptr;
  const auto rank = [&](const PortClaim& claim) {
    if (claim.local.address == local.address) return 2;
    return claim.local.address.is_ipv6 == local.address.is_ipv6 ? 1 : 0;
  };
  for (const PortClaim* claim : found->second) {
    if (claim->acceptor == nullptr || !covers(*claim, local.address)) continue;
    if (best == nullptr || rank(*claim) > rank(*best)) best = claim;
  }
  return best != nullptr ? best->acceptor : nullptr;
}

std::optional<std::uint16_t> PortTable::pick(const std::function<bool(std::uint16_t)>& is_free) {
  for (int tries = last_ephemeral - first_ephemeral; tries >= 0; --tries) {
    const std::uint16_t port = next_;
    next_ = port == last_ephemeral ? first_ephemeral : static_cast<std::uint16_t>(port + 1);
    if (!is_claimed(port) && is_free(port)) return port;
  }
  return std::nullopt;
}

void PortTable::connection_removed(std::uint16_t port) {
  const auto found = connections_.find(port);
  if (found != connections_.end() && --found->second == 0) connections_.erase(found);
}

}  // namespace tlsnic::host
