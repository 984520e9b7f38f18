// Two connected sockets as in the kernel's self-tests (tools/testing/selftests/net/tls.c,
// facts 5.1): one sends with TLS_TX, the other receives with TLS_RX. All of a program's pairs are
// in one world: a client and a server with a NIC each.
#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host_stack/syscalls/process.h"
#include "host_stack/syscalls/tls_uapi.h"
#include "scenarios/world.h"
#include "tests/support/random_bytes.h"

namespace tlsnic::host::test {

// The one world of this program. Nothing is lost in it; its time has no limit.
scenarios::World& world();

// What a self-test is run with (facts 5.1).
struct Variant {
  const char* name;
  std::uint16_t version;
  std::uint16_t cipher;
  bool no_pad = false;  // TLS_RX_EXPECT_NO_PAD on the receiver

  bool is_tls13() const { return version == TLS_1_3_VERSION; }
  bool is_aes_gcm() const {
    return cipher == TLS_CIPHER_AES_GCM_128 || cipher == TLS_CIPHER_AES_GCM_256;
  }
};
// The device's TLS features, off or on when the keys are set.
enum class Mode { software, hardware };

struct Variation {
  Variant variant;
  Mode mode;

  // What the stack must make of it: devices take AES-GCM only.
  bool is_offloaded() const { return mode == Mode::hardware && variant.is_aes_gcm(); }
  std::string name() const;
};

constexpr Variant tls12_aes_gcm{"12_aes_gcm", TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_128};
constexpr Variant tls13_aes_gcm{"13_aes_gcm", TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_128};

// The self-tests' thirteen.
const std::vector<Variant>& all_variants();
// Whether this OpenSSL has the cipher (3.0 has no SM4-GCM and SM4-CCM).
bool is_available(std::uint16_t cipher);

// Each runs the test case that calls it once per value. Of one of them, call one per test case.
// Ciphers that OpenSSL lacks are left out, with a line on stderr.
Variation any_variation(const std::function<bool(const Variant&)>& which = nullptr);
Mode any_mode();

// A tls12_crypto_info_* of any cipher: version, cipher, iv, key, salt, rec_seq (facts 2.2).
struct CryptoInfo {
  std::vector<std::uint8_t> bytes;

  const void* data() const { return bytes.data(); }
  socklen_t size() const { return static_cast<socklen_t>(bytes.size()); }
  void set_record_number(std::uint64_t number);
};
// All key material bytes are equal to `generation`.
CryptoInfo crypto_info(const Variant& variant, std::uint8_t generation = 0);

using testing::random_bytes;
std::vector<std::uint8_t> bytes_of(std::string_view text);
// 0, or errno if the call that returned `result` has failed.
int error_of(long result);

struct Received {
  long result = 0;                   // of the call
  int error = 0;                     // errno, if it failed
  std::vector<std::uint8_t> data;    // `result` bytes
  std::optional<std::uint8_t> type;  // from TLS_GET_RECORD_TYPE
  int flags = 0;                     // msg_flags
};

// One of the two sockets: its process's calls, shorter. Flags are those of the calls.
struct End {
  Process& process;
  int fd = -1;

  long send(Bytes data, int flags = 0) const;
  long send(std::string_view text, int flags = 0) const { return send(bytes_of(text), flags); }
  // Control messages with TLS_SET_RECORD_TYPE.
  long send_control(std::uint8_t type, Bytes data, int flags = 0) const;
  long send_control(std::uint8_t type, std::string_view text, int flags = 0) const {
    return send_control(type, bytes_of(text), flags);
  }
  // recv(), that is without room for a control message; at most `size` bytes.
  Received recv(std::size_t size, int flags = 0) const;
  // recvmsg() with room for TLS_GET_RECORD_TYPE.
  Received recvmsg(std::size_t size, int flags = 0) const;

  // 0 or errno
  int set_ulp() const;
  int set_tls(int option, const CryptoInfo& info) const;
  template <typename Value>
  int set_option(int level, int option, const Value& value) const {
    return error_of(process.setsockopt(fd, level, option, &value, sizeof value));
  }
  void close();
};

// What an end's host has counted in /proc/net/tls_stat since this was made.
class CountedSince {
 public:
  explicit CountedSince(const End& end) : now_(end.process.host().tls_stat()), before_(now_) {}
  std::uint64_t operator[](TlsCounter counter) const { return now_[counter] - before_[counter]; }

 private:
  const TlsStat& now_;
  TlsStat before_;
};

// Connected, and nothing more; closed at the end.
class TcpPair {
 public:
  // family: AF_INET or AF_INET6. name: what a failure shows.
  explicit TcpPair(Mode mode, int family = AF_INET, const std::string& name = {});
  TcpPair(const TcpPair&) = delete;
  TcpPair& operator=(const TcpPair&) = delete;
  ~TcpPair();

  void set_ulp() const;  // TCP_ULP on both
  // Lets what was sent arrive: 1 ms.
  void settle() const;
  // Lets pass whatever timers TCP has for what it holds back: 1 s.
  void wait_long() const;

  End sender;    // on the client; the self-tests' fd
  End receiver;  // on the server; cfd

 private:
  Catch::ScopedMessage info_;
};

class KtlsPair : public TcpPair {
 public:
  // Checks in tls_stat that both directions are what the variation says, TLS_SW or TLS_HW. Lets
  // the drivers finish, so that devices decrypt from the first record on (facts 4.1.2).
  explicit KtlsPair(const Variation& variation, int family = AF_INET);

  // The other direction as well: the receiver sends, the sender receives.
  void set_reverse_keys() const;
  // As getsockopt(TLS_TX) tells: closed records, since the keys begin with number 0.
  std::uint64_t records_sent() const;

  const Variation variation;
};

struct PipeEnds {
  // capacity: bytes, 0: as it is.
  explicit PipeEnds(Process& owner, int flags = 0, int capacity = 0);
  PipeEnds(const PipeEnds&) = delete;
  PipeEnds& operator=(const PipeEnds&) = delete;
  ~PipeEnds();

  // At most `size` bytes.
  std::vector<std::uint8_t> read(std::size_t size) const;

  Process& process;
  int read_end = -1;
  int write_end = -1;
};

// A file of these contents, open, its offset 0. To be closed by the caller.
int open_file_of(Process& process, Bytes contents);

}  // namespace tlsnic::host::test
