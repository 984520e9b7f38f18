// Calls that are refused change nothing: the errors of facts 2.4, 2.5 and 2.6, and what the calls
// after them give.
#include <netinet/in.h>

#include "host_stack/syscalls/type_message.h"
#include "tests/host_stack/syscalls/ktls_subject.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

CryptoInfo other_cipher(const Subject& s) {
  return crypto_info({"", s.variant.version, TLS_CIPHER_AES_GCM_256});
}

long set_first_keys(Subject& s) {
  REQUIRE(set(s, TLS_TX, crypto_info(s.variant)) == 0);
  return set(s, TLS_RX, crypto_info(s.variant));
}

long get_keys(Subject& s, socklen_t size) {
  std::vector<std::uint8_t> out(100);
  return outcome(s.it.process.getsockopt(s.it.fd, SOL_TLS, TLS_RX, out.data(), &size));
}

long set_rx_raw(Subject& s, const void* value, socklen_t size) {
  return outcome(s.it.process.setsockopt(s.it.fd, SOL_TLS, TLS_RX, value, size));
}

// The first keys, but for this.
long first_keys_of(Subject& s, std::uint16_t version, std::uint16_t cipher) {
  CryptoInfo info = crypto_info(s.variant);
  const tls_crypto_info head{version, cipher};
  std::memcpy(info.bytes.data(), &head, sizeof head);
  return set(s, TLS_RX, info);
}

// Sends a byte with a control message whose cmsg_len is `length`.
long send_with_message(Subject& s, int level, int type, std::size_t length) {
  std::uint8_t byte = 'x';
  iovec part{&byte, 1};
  TypeMessage typed(&part);
  cmsghdr& header = typed.set_type(0);
  header.cmsg_level = level;
  header.cmsg_type = type;
  header.cmsg_len = length;
  return outcome(s.it.process.sendmsg(s.it.fd, &typed.message, 0));
}

constexpr Steps goes_on{{{send, 4}, {more_then_recv, 4}, {poll, nothing_to_read}}};
constexpr Steps can_be_set{{{get_rx, -EBUSY}, {set_first_keys, 0}, {more_then_recv, 4}}};

// Refused calls change nothing (2.4, 2.5, 2.6).
const Row refusals[] = {
    {"MSG_OOB", [](Subject& s) { return outcome(s.it.send("text", MSG_OOB)); }, -EOPNOTSUPP,
     goes_on},
    {"MSG_MORE with MSG_EOR",
     [](Subject& s) { return outcome(s.it.send("text", MSG_MORE | MSG_EOR)); }, -EINVAL, goes_on},
    {"a record type with MSG_MORE",
     [](Subject& s) { return outcome(s.it.send_control(control_type, "text", MSG_MORE)); }, -EINVAL,
     goes_on},
    {"a control message that is too short",
     [](Subject& s) { return send_with_message(s, SOL_TLS, TLS_SET_RECORD_TYPE, CMSG_LEN(0)); },
     -EINVAL, goes_on},
    {"a control message of another type",
     [](Subject& s) { return send_with_message(s, SOL_TLS, 99, CMSG_LEN(1)); }, -EINVAL, goes_on},
    {"a control message of another level alone",
     [](Subject& s) { return send_with_message(s, SOL_SOCKET, SO_TIMESTAMPING, CMSG_LEN(4)); },
     -EINVAL, goes_on},
    {"a control message that lies about its length",
     [](Subject& s) { return send_with_message(s, SOL_TLS, TLS_SET_RECORD_TYPE, 1000); }, -EINVAL,
     goes_on},
    {"TLS_TX again", [](Subject& s) { return set(s, TLS_TX, crypto_info(s.variant, 1)); }, -EBUSY,
     goes_on, For::tls12},
    {"TLS_RX again", [](Subject& s) { return set(s, TLS_RX, crypto_info(s.variant, 1)); }, -EBUSY,
     goes_on, For::tls12},
    {"TLS_TX with another cipher", [](Subject& s) { return set(s, TLS_TX, other_cipher(s)); },
     -EINVAL, goes_on, For::tls13},
    {"TLS_RX with another cipher", [](Subject& s) { return set(s, TLS_RX, other_cipher(s)); },
     -EINVAL, goes_on, For::tls13},
    {"TLS_RX again, with a bad pointer",
     [](Subject& s) { return set_rx_raw(s, reinterpret_cast<const void*>(8), 40); }, -EFAULT,
     goes_on, For::tls13},
    {"TLS_RX again, one byte short",
     [](Subject& s) { return set_rx_raw(s, crypto_info(s.variant, 1).data(), 39); }, -EINVAL,
     goes_on, For::tls13},
    {"an unknown option", [](Subject& s) -> long { return -s.it.set_option(SOL_TLS, 99, 1); },
     -ENOPROTOOPT, goes_on},
    {"TLS_TX_ZEROCOPY_RO, neither 0 nor 1",
     [](Subject& s) -> long { return -s.it.set_option(SOL_TLS, TLS_TX_ZEROCOPY_RO, 2U); }, -EINVAL,
     goes_on},
    {"TLS_RX_EXPECT_NO_PAD in TLS 1.2",
     [](Subject& s) -> long { return -s.it.set_option(SOL_TLS, TLS_RX_EXPECT_NO_PAD, 1U); },
     -EINVAL, goes_on, For::tls12},
    {"TLS_TX_MAX_PAYLOAD_LEN, too small",
     [](Subject& s) -> long {
       return -s.it.set_option(SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, std::uint16_t{62});
     },
     -EINVAL, goes_on},
    {"getsockopt() of three bytes",
     [](Subject& s) { return get_keys(s, 3); },
     -EINVAL,
     {{{get_rx, 0}, {send, 4}, {more_then_recv, 4}}}},
    {"getsockopt() of a byte too few",
     [](Subject& s) { return get_keys(s, 39); },
     -EINVAL,
     {{{get_rx, 0}, {send, 4}, {more_then_recv, 4}}}},
    {"the ULP again", [](Subject& s) -> long { return -s.it.set_ulp(); }, -EEXIST, goes_on},
    {"connect(AF_UNSPEC)",
     [](Subject& s) {
       const sockaddr_in nowhere{};
       return outcome(s.it.process.connect(s.it.fd, reinterpret_cast<const sockaddr*>(&nowhere),
                                           sizeof nowhere));
     },
     -EOPNOTSUPP, goes_on},
};

// A failed first TLS_RX leaves none behind (2.4).
constexpr Setting no_keys{false, 0, 0};
const Row first_keys[] = {
    {"unknown version", [](Subject& s) { return first_keys_of(s, 0x0305, s.variant.cipher); },
     -EINVAL, can_be_set, For::both, no_keys},
    {"unknown cipher", [](Subject& s) { return first_keys_of(s, s.variant.version, 50); }, -EINVAL,
     can_be_set, For::both, no_keys},
    {"ARIA in TLS 1.3",
     [](Subject& s) { return first_keys_of(s, s.variant.version, TLS_CIPHER_ARIA_GCM_128); },
     -EINVAL, can_be_set, For::tls13, no_keys},
    {"no pointer", [](Subject& s) { return set_rx_raw(s, nullptr, 40); }, -EINVAL, can_be_set,
     For::both, no_keys},
    {"a bad pointer",
     [](Subject& s) { return set_rx_raw(s, reinterpret_cast<const void*>(8), 40); }, -EFAULT,
     can_be_set, For::both, no_keys},
    {"a byte too many",
     [](Subject& s) {
       CryptoInfo info = crypto_info(s.variant);
       info.bytes.push_back(0);
       return set(s, TLS_RX, info);
     },
     -EINVAL, can_be_set, For::both, no_keys},
};

}  // namespace

TEST_CASE("ktls: after an error: calls that are refused") {
  check_all(refusals);
}

TEST_CASE("ktls: after an error: the first keys") {
  check_all(first_keys);
}
