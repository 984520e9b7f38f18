// What the transmit side of kTLS needs of TCP.
#pragma once

#include <cstddef>
#include <cstdint>

#include "host_stack/netdev/tx_skb.h"

namespace tlsnic::host {

// TCP in return calls Tx::clean_acked() when snd_una advances, Tx::write_space() when writable()
// grows, and Tx::validate_xmit_skb() with every segment.
class TcpSendSide {
 public:
  virtual ~TcpSendSide() = default;
  // Sequence of the next byte to be appended, and of the first that is not acknowledged.
  virtual std::uint32_t write_seq() const = 0;
  virtual std::uint32_t snd_una() const = 0;
  // Bytes that append() takes now.
  virtual std::size_t writable() const = 0;
  // The stream's next bytes, at most writable(). May send at once, but does not let the application
  // send more from within. decrypted: as in netdev::TxSkb. more: others
  // follow at once (MSG_MORE).
  virtual void append(netdev::TxPiece piece, bool decrypted, bool more) = 0;
  // No segment, retransmissions included, holds bytes from both sides of write_seq()
  // (tcp_write_collapse_fence, facts 1.4, 1.9).
  virtual void fence() = 0;
  // What a send gives now, errno: a pending sk_err, which stays (facts 1.6), or EPIPE if nothing
  // can be sent any more. 0: it may go on.
  virtual int send_error() const { return 0; }
  // tls_err_abort(): sk_err is this, and whoever waits is told.
  virtual void report_error(int) {}
};

}  // namespace tlsnic::host
