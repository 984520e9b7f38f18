// What was lost, what is still in the network, and what to send again: the SACK scoreboard and its
// rules (RFC 6675), retransmissions that were lost themselves (after RACK, RFC 8985), NewReno's
// rules for peers without SACK (RFC 6582), limited transmit (RFC 3042).
#pragma once

#include <cstdint>
#include <gsl/span>
#include <optional>
#include <vector>

#include "host_stack/fifo.h"
#include "host_stack/tcp/range_set.h"

namespace tlsnic::host {

// Offsets as in SendQueue: 64 bits, SYN is 0. una, nxt: SND.UNA and SND.NXT of RFC 9293.
struct AckReport {
  std::uint64_t una_before = 0;
  std::uint64_t una = 0;  // after the acknowledgement
  std::uint64_t nxt = 0;
  gsl::span<const Range> sacked;  // as the peer said it: anything is possible
  bool duplicate = false;         // by RFC 5681, section 2
  std::uint64_t srtt_ns = 0;      // 0: not known
};

enum class LossEvent : std::uint8_t {
  none,
  fast_retransmit,  // recovery begins: send una again at once
  partial_ack,      // NewReno: send una again at once
  recovered,
};

class LossRecovery {
 public:
  enum class State : std::uint8_t { open, recovery, loss };

  // smss in bytes. threshold: DupThresh; rises up to max_threshold when reordering is seen.
  LossRecovery(std::uint32_t smss, std::uint32_t threshold, std::uint32_t max_threshold, bool sack);

  LossEvent acknowledged(const AckReport& ack);
  // When the oldest data were sent that the last acknowledgement named for the first time, if what
  // it acknowledged was sent once (Karn's rule; data that it selected is the second choice).
  std::optional<std::uint64_t> named_sent_ns() const { return named_sent_ns_; }
  // Every transmission of data, in the order of time.
  void sent(Range range, std::uint64_t now_ns, bool is_new);
  // Retransmission time-out: everything not SACKed counts as lost.
  void timed_out(std::uint64_t una, std::uint64_t nxt);
  // The recovery was caused by reordering: the original of una came, late (RFC 3522).
  void spurious(std::uint64_t una);

  // Bytes believed to be in the network (RFC 6675, section 4, SetPipe).
  std::uint64_t pipe(std::uint64_t una, std::uint64_t nxt) const;
  // Bytes to add to cwnd for segments that have left the network unnamed: without SACK only.
  std::int64_t inflation() const { return inflation_; }

  // RFC 6675, section 4, NextSeg: rules 1, 3 and 4 (2 is new data). The caller takes no more than a
  // segment from the range's start and tells so.
  std::optional<Range> next_lost(std::uint64_t nxt) const;
  std::optional<Range> next_hole() const;
  std::optional<Range> rescue(std::uint64_t una, std::uint64_t nxt);
  void retransmitted(std::uint64_t end);
  // The first retransmission of a recovery reached up to here.
  void entered(std::uint64_t end) { rescue_rxt_ = end; }

  State state() const { return state_; }
  std::uint32_t duplicate_acks() const { return duplicate_acks_; }
  std::uint32_t threshold() const { return threshold_; }
  std::uint64_t recovery_point() const { return recovery_point_; }
  const RangeSet& scoreboard() const { return sacked_; }

 private:
  bool update_scoreboard(const AckReport& ack);
  LossEvent count_duplicate(const AckReport& ack, bool is_duplicate);
  LossEvent in_recovery(const AckReport& ack, bool is_duplicate);
  void note_reordering(std::uint64_t from, std::uint64_t to);
  void find_lost_retransmissions(const AckReport& ack);
  std::optional<std::uint64_t> acknowledged_sent_ns(const AckReport& ack) const;
  void note_selected(std::uint64_t offset);
  bool is_delivered(const Range& range, std::uint64_t una) const;
  std::uint64_t lost_below() const;

  std::uint32_t smss_;
  std::uint32_t threshold_;
  std::uint32_t max_threshold_;
  bool sack_;
  State state_ = State::open;
  std::uint32_t duplicate_acks_ = 0;
  std::int64_t inflation_ = 0;
  std::uint64_t recovery_point_ = 0;  // RecoveryPoint, and `recover` of RFC 6582
  std::uint64_t high_rxt_ = 0;        // HighRxt + 1
  std::uint64_t rescue_rxt_ = 0;      // RescueRxt + 1
  bool rescued_ = false;
  RangeSet sacked_;

  struct Transmission {
    Range range;
    std::uint64_t sent_ns;
    bool sent_again = false;  // a part of it; of first copies only
  };
  std::size_t first_copy(std::uint64_t offset) const;

  Fifo<Transmission> first_copies_;   // of new data, from the one that holds una on
  std::vector<Transmission> resent_;  // of this recovery, not known to be delivered or lost
  RangeSet lost_again_;               // retransmissions that were lost
  std::optional<std::uint64_t> named_sent_ns_;
};

}  // namespace tlsnic::host
