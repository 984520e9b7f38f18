// A socket to which things happen, and a table's way to say what its calls give afterwards. It has
// keys for both directions; its peer is a plain TCP socket that makes records with OpenSSL.
#pragma once

#include <array>
#include <limits>

#include "tests/host_stack/syscalls/ktls_threads.h"
#include "tests/host_stack/syscalls/sealed_record.h"

namespace tlsnic::host::test {

constexpr std::uint8_t data_type = 23;
constexpr std::uint8_t control_type = 100;

// A call's result: what it returned, or -errno.
long outcome(long result);
long outcome(const Received& received);

struct Setting {
  bool keys = true;
  std::uint64_t first_received = 0;  // rec_seq of TLS_RX
  std::uint64_t first_sent = 0;      // ... of TLS_TX
};

struct Subject {
  Subject(const Variation& variation, const Setting& setting);

  // The peer sends, and it arrives.
  void arrives(const std::vector<std::uint8_t>& bytes) const;
  // The next in number.
  std::vector<std::uint8_t> record(std::uint8_t type, std::string_view text,
                                   std::size_t padding = 0);
  std::vector<std::uint8_t> spoiled_record(std::uint8_t type);
  // A header, and bytes behind it.
  void header_arrives(std::size_t length, std::uint16_t version = 0x0303) const;
  // Of a record's length field (facts 2.8).
  std::size_t longest() const { return 16384 + 16 + (variant.is_tls13() ? 1 : 8); }
  std::size_t shortest() const { return 16 + (variant.is_tls13() ? 0 : 8); }

  Variant variant;
  TcpPair pair;
  End& it = pair.receiver;
  std::uint64_t number;  // of the next record to arrive
  std::uint8_t generation = 0;
  bool peer_is_gone = false;
};

// Calls that do not wait; sizes are enough for what arrives.
long recv(Subject& s);
long recvmsg(Subject& s);
long peek(Subject& s);
long send(Subject& s);  // 4 bytes
long splice(Subject& s);
long poll(Subject& s);            // revents of POLLIN | POLLOUT
long so_error(Subject& s);        // -SO_ERROR
long more_then_recv(Subject& s);  // a good record of 4 bytes comes
long end_then_recv(Subject& s);   // FIN comes
// setsockopt(SOL_TLS)
long set(Subject& s, int option, const CryptoInfo& info);
long rekey(Subject& s);  // TLS_RX with new keys; records count from 0 again
long get_rx(Subject& s);

constexpr long nothing_to_read = POLLOUT;  // for poll()
constexpr long something_to_read = POLLIN | POLLOUT;

struct Step {
  long (*call)(Subject&);
  long expected;
};
using Steps = std::array<Step, 3>;

enum class For { both, tls12, tls13 };

struct Row {
  const char* name;
  long (*provoke)(Subject&);
  long error;
  Steps next;
  For versions = For::both;
  Setting setting = {};
};

// Of one variation. What send() said to be sent has to be on the wire as OpenSSL makes it, and
// nothing else.
void check(const Row& row, const Variation& variation);

// AES-GCM in both versions and modes.
template <std::size_t size>
void check_all(const Row (&rows)[size]) {
  const Variant variant = GENERATE(tls12_aes_gcm, tls13_aes_gcm);
  const Mode mode = any_mode();
  for (const Row& row : rows) check(row, {variant, mode});
}

}  // namespace tlsnic::host::test
