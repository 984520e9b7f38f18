// Errors of reading leave a socket as Linux does: each of facts 2.7, 2.8 and 2.10, and what the
// calls after it give. Of other calls: ktls_refusals.cpp.
#include "tests/host_stack/syscalls/ktls_subject.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

constexpr std::uint64_t last_number = std::numeric_limits<std::uint64_t>::max();

long set_other_cipher(Subject& s) {
  return set(s, TLS_RX, crypto_info({"", s.variant.version, TLS_CIPHER_AES_GCM_256}));
}

long key_update_then_recv(Subject& s) {
  s.arrives(s.record(22, std::string_view("\x18\0\0\1\0", 5)));
  REQUIRE(recvmsg(s) == 5);
  return recv(s);
}

// Parser stopped: once through sk_err, then never data again; sending goes on (2.8).
const Row delineation[] = {
    {"length too long",
     [](Subject& s) {
       s.header_arrives(s.longest() + 1);
       return recv(s);
     },
     -EMSGSIZE,
     {{{more_then_recv, -EAGAIN}, {send, 4}, {poll, nothing_to_read}}}},
    {"length too short",
     [](Subject& s) {
       s.header_arrives(s.shortest() - 1);
       return recv(s);
     },
     -EBADMSG,
     {{{more_then_recv, -EAGAIN}, {send, 4}, {poll, nothing_to_read}}}},
    {"version bytes",
     [](Subject& s) {
       s.header_arrives(100, 0x0301);
       return recv(s);
     },
     -EINVAL,
     {{{more_then_recv, -EAGAIN}, {send, 4}, {poll, nothing_to_read}}}},
    {"version bytes, read by splice()",
     [](Subject& s) {
       s.header_arrives(100, 0x0304);
       return splice(s);
     },
     -EINVAL,
     {{{splice, -EAGAIN}, {recv, -EAGAIN}, {send, 4}}}},
    {"length too long, found by send(), which leaves the error",
     [](Subject& s) {
       s.header_arrives(s.longest() + 1);
       return send(s);
     },
     -EMSGSIZE,
     {{{poll, POLLERR | POLLOUT}, {send, -EMSGSIZE}, {recv, -EMSGSIZE}}}},
    {"length too long, taken by SO_ERROR",
     [](Subject& s) {
       s.header_arrives(s.longest() + 1);
       return so_error(s);
     },
     -EMSGSIZE,
     {{{recv, -EAGAIN}, {send, 4}, {so_error, 0}}}},
    {"length too short, then the end",
     [](Subject& s) {
       s.header_arrives(s.shortest() - 1);
       return recv(s);
     },
     -EBADMSG,
     {{{end_then_recv, 0}, {poll, something_to_read}, {send, 4}}}},
    {"length too long, behind a good record",
     [](Subject& s) {
       auto wire = s.record(data_type, "good");
       wire.resize(wire.size() + 64, 0x55);
       s.arrives(wire);
       return recv(s);
     },
     4,
     {{{poll, POLLERR | POLLOUT}, {recv, -EMSGSIZE}, {recv, -EAGAIN}}}},
};

// Not consumed: the same again, and sk_err stands in the way of sending (2.7 rule 7, 2.8).
const Row decryption[] = {
    {"tag",
     [](Subject& s) {
       s.arrives(s.spoiled_record(data_type));
       return recv(s);
     },
     -EBADMSG,
     {{{recv, -EBADMSG}, {send, -EBADMSG}, {poll, POLLERR | something_to_read}}}},
    {"tag, and good records behind it",
     [](Subject& s) {
       s.arrives(s.spoiled_record(data_type));
       return recv(s);
     },
     -EBADMSG,
     {{{more_then_recv, -EBADMSG}, {splice, -EBADMSG}, {peek, -EBADMSG}}}},
    {"tag, with SO_ERROR taken",
     [](Subject& s) {
       s.arrives(s.spoiled_record(data_type));
       REQUIRE(recv(s) == -EBADMSG);
       return so_error(s);
     },
     -EBADMSG,
     {{{send, 4}, {recv, -EBADMSG}, {send, -EBADMSG}}}},
    {"tag, read by splice()",
     [](Subject& s) {
       s.arrives(s.spoiled_record(data_type));
       return splice(s);
     },
     -EBADMSG,
     {{{splice, -EBADMSG}, {recv, -EBADMSG}, {end_then_recv, -EBADMSG}}}},
    {"tag of a control record",
     [](Subject& s) {
       s.arrives(s.spoiled_record(control_type));
       return recv(s);
     },
     -EBADMSG,
     {{{recvmsg, -EBADMSG}, {recvmsg, -EBADMSG}, {send, -EBADMSG}}}},
    {"tag, behind a good record",
     [](Subject& s) {
       auto wire = s.record(data_type, "good");
       const auto bad = s.spoiled_record(data_type);
       wire.insert(wire.end(), bad.begin(), bad.end());
       s.arrives(wire);
       return recv(s);
     },
     4,
     {{{recv, -EBADMSG}, {recv, -EBADMSG}, {send, -EBADMSG}}}},
    {"nothing but padding",
     [](Subject& s) {
       s.arrives(s.record(0, "", 20));
       return recv(s);
     },
     -EBADMSG,
     {{{recv, -EBADMSG}, {send, -EBADMSG}, {poll, POLLERR | something_to_read}}},
     For::tls13},
    {"content type 0, which is found after decryption",
     [](Subject& s) {
       s.arrives(s.record(0, "zero"));
       return recv(s);
     },
     -EBADMSG,
     {{{recvmsg, -EBADMSG}, {send, 4}, {poll, something_to_read}}},
     For::tls12},
    {"the last record number, received",
     [](Subject& s) {
       s.arrives(s.record(data_type, "last"));
       return recv(s);
     },
     4,
     {{{poll, POLLERR | POLLOUT}, {recv, -EBADMSG}, {send, 4}}},
     For::both,
     {true, last_number, 0}},
    {"the last record number, to be sent",
     [](Subject& s) { return send(s); },
     -EBADMSG,
     {{{send, -EBADMSG}, {poll, POLLERR | POLLOUT}, {more_then_recv, 4}}},
     For::both,
     {true, 0, last_number}},
};

// Control records wait for who can take them (2.7 rule 8).
const Row control_records[] = {
    {"no control buffer",
     [](Subject& s) {
       s.arrives(s.record(control_type, "text"));
       return recv(s);
     },
     -EIO,
     {{{recv, -EIO}, {recvmsg, 4}, {send, 4}}}},
    {"no control buffer for a peek",
     [](Subject& s) {
       s.arrives(s.record(control_type, "text"));
       return peek(s);
     },
     -EIO,
     {{{poll, something_to_read}, {recvmsg, 4}, {recv, -EAGAIN}}}},
    {"a control record in splice()",
     [](Subject& s) {
       s.arrives(s.record(control_type, "text"));
       return splice(s);
     },
     -EINVAL,
     {{{splice, -EINVAL}, {recvmsg, 4}, {more_then_recv, 4}}}},
};

// 2.10
const Row key_updates[] = {
    {"the new key is due",
     key_update_then_recv,
     -EKEYEXPIRED,
     {{{splice, -EKEYEXPIRED}, {send, 4}, {poll, nothing_to_read}}}},
    {"the new key is due, and there are records",
     key_update_then_recv,
     -EKEYEXPIRED,
     {{{more_then_recv, -EKEYEXPIRED}, {poll, nothing_to_read}, {recv, -EKEYEXPIRED}}}},
    {"the new key comes",
     key_update_then_recv,
     -EKEYEXPIRED,
     {{{rekey, 0}, {recv, -EAGAIN}, {more_then_recv, 4}}},
     For::tls13},
    {"a wrong key comes",
     key_update_then_recv,
     -EKEYEXPIRED,
     {{{set_other_cipher, -EINVAL}, {recv, -EKEYEXPIRED}, {rekey, 0}}},
     For::tls13},
    {"no new key can come",
     key_update_then_recv,
     -EKEYEXPIRED,
     {{{rekey, -EBUSY}, {recv, -EKEYEXPIRED}, {send, 4}}},
     For::tls12},
    {"the new key is due, and the end comes",
     key_update_then_recv,
     -EKEYEXPIRED,
     {{{end_then_recv, -EKEYEXPIRED}, {poll, something_to_read}, {send, 4}}}},
};

// 2.7: nothing there, bad memory, the end, a reset.
const Row receiving[] = {
    {"nothing there", recv, -EAGAIN, {{{poll, nothing_to_read}, {send, 4}, {more_then_recv, 4}}}},
    {"a bad buffer costs no record",
     [](Subject& s) {
       s.arrives(s.record(data_type, "text"));
       return outcome(s.it.process.recv(s.it.fd, reinterpret_cast<void*>(8), 100, MSG_DONTWAIT));
     },
     -EFAULT,
     {{{peek, 4}, {recv, 4}, {more_then_recv, 4}}}},
    {"the end within a record",
     [](Subject& s) {
       auto record = s.record(data_type, "text");
       record.pop_back();
       s.arrives(record);
       return end_then_recv(s);
     },
     0,
     {{{recv, 0}, {poll, something_to_read}, {send, 4}}}},
    {"a reset",
     [](Subject& s) {
       End& peer = s.pair.sender;
       REQUIRE(peer.set_option(SOL_SOCKET, SO_LINGER, linger{1, 0}) == 0);
       peer.close();
       s.peer_is_gone = true;
       s.pair.settle();
       return recv(s);
     },
     -ECONNRESET,
     {{{recv, 0}, {send, -EPIPE}, {poll, POLLHUP | something_to_read}}}},
    {"sending after shutdown()",
     [](Subject& s) {
       REQUIRE(s.it.process.shutdown(s.it.fd, SHUT_WR) == 0);
       s.pair.settle();
       return send(s);
     },
     -EPIPE,
     {{{send, -EPIPE}, {more_then_recv, 4}, {send, -EPIPE}}}},
};

}  // namespace

TEST_CASE("ktls: after an error: a record's header") {
  check_all(delineation);
}

TEST_CASE("ktls: after an error: decryption, record numbers") {
  check_all(decryption);
}

TEST_CASE("ktls: after an error: control records") {
  check_all(control_records);
}

TEST_CASE("ktls: after an error: KeyUpdate") {
  check_all(key_updates);
}

TEST_CASE("ktls: after an error: reading nothing, to nowhere, after the end") {
  check_all(receiving);
}
