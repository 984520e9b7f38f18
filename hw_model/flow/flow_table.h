// The look-up that finds a packet's TLS connection: addresses and ports, nothing else; the protocol
// is always TCP (tls-offload.rst, "Normal operation", RX).
//
// Accuracy: exact match, one context per 4-tuple.
// Limitations: as many rules as contexts; no wildcards, no priorities; look-up time does not depend
// on the fill.
#pragma once

#include <optional>
#include <unordered_map>

#include "protocol/frame.h"

namespace tlsnic::hw {

class FlowTable {
 public:
  explicit FlowTable(std::uint32_t capacity) : capacity_(capacity) {}

  // False if the 4-tuple has a rule already, or the table is full.
  bool add(const FourTuple& tuple, std::uint32_t context) {
    last_.reset();
    if (rules_.size() >= capacity_ || !rules_.emplace(tuple, context).second) return false;
    ++rules_of_[context];
    return true;
  }
  // False if there was none.
  bool remove(const FourTuple& tuple) {
    last_.reset();
    const auto rule = rules_.find(tuple);
    if (rule == rules_.end()) return false;
    if (--rules_of_[rule->second] == 0) rules_of_.erase(rule->second);
    rules_.erase(rule);
    return true;
  }
  bool refers_to(std::uint32_t context) const { return rules_of_.count(context) != 0; }
  // Packets come in trains: the rule of the packet before is tried first.
  std::optional<std::uint32_t> find(const FourTuple& tuple) {
    if (last_ && last_->first == tuple) return last_->second;
    const auto rule = rules_.find(tuple);
    if (rule == rules_.end()) return std::nullopt;
    last_ = *rule;
    return rule->second;
  }

 private:
  std::uint32_t capacity_;
  std::unordered_map<FourTuple, std::uint32_t, FourTupleHash> rules_;
  std::unordered_map<std::uint32_t, std::uint32_t> rules_of_;  // context -> number of rules
  std::optional<std::pair<FourTuple, std::uint32_t>> last_;
};

}  // namespace tlsnic::hw
