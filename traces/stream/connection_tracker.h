// TCP conversations of a capture, numbered as Wireshark numbers them (field tcp.stream).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

#include "protocol/frame.h"
#include "traces/stream/direction.h"

namespace tlsnic::traces {

// One conversation. Its two ends have fixed places, 0 and 1; which of them is the client can become
// clear later.
class Stream {
 public:
  Stream(std::uint64_t number, const FourTuple& ends, std::size_t presumed_client);

  // Wireshark's tcp.stream: from 0, in order of first appearance.
  std::uint64_t number() const { return number_; }

  // Addresses as in the client's packets: source is the client.
  FourTuple client_tuple() const { return client_ == 0 ? ends_ : ends_.reversed(); }

  // True once a SYN or a SYN/ACK was seen: its sender, or receiver, is the client. Before, the end
  // with the higher port is taken for it; with equal ports, the sender of the first packet.
  bool is_client_certain() const { return is_client_certain_; }

  // Sequence number of the direction's SYN; the first payload byte has the next one. Known from the
  // SYN or SYN/ACK itself, and for the client also from the acknowledgement in the SYN/ACK.
  std::optional<std::uint32_t> initial_sequence(Direction direction) const;

 private:
  friend class ConnectionTracker;

  struct Side {
    std::optional<std::uint32_t> syn;    // sequence of this end's SYN
    std::optional<std::uint32_t> first;  // what Wireshark takes for it, SYN seen or not
  };

  void see(const ParsedFrame& segment, std::size_t sender);
  bool is_reopened_by(const ParsedFrame& segment, std::size_t sender) const;
  Direction direction_of(std::size_t sender) const {
    return sender == client_ ? Direction::client_to_server : Direction::server_to_client;
  }

  std::uint64_t number_;
  FourTuple ends_;
  std::array<Side, 2> sides_;
  std::size_t client_;
  bool is_client_certain_ = false;
};

struct TrackedSegment {
  const Stream* stream;  // valid until the next call
  Direction direction;   // a guess while stream->is_client_certain() is false
  bool opens_stream;     // first packet of its stream
};

// Gives every TCP segment its stream. A SYN without ACK on known addresses and ports whose sequence
// number is not the one with which its sender began opens a new stream; all later packets belong to
// that one.
class ConnectionTracker {
 public:
  static constexpr std::size_t default_max_streams = 1'000'000;

  // Beyond max_streams the oldest streams are forgotten (about 200 bytes each); a late packet of a
  // forgotten one opens a new stream. Numbers go on counting.
  explicit ConnectionTracker(std::size_t max_streams = default_max_streams);

  // To be called once for every frame of kind tcp, in the order of the capture, TLS or not.
  TrackedSegment track(const ParsedFrame& segment);

 private:
  Stream* find(const FourTuple& ends);
  Stream& open(const FourTuple& ends, std::size_t presumed_client);

  std::size_t max_streams_;
  std::unordered_map<FourTuple, std::uint64_t, FourTupleHash> newest_;  // number by addresses
  std::deque<Stream> streams_;                                          // in order of number
  Stream* last_ = nullptr;                                              // packets come in bursts
};

}  // namespace tlsnic::traces
