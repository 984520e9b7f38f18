// Ancillary data, right and wrong (facts 2.6).
#include "host_stack/syscalls/control_message.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>
#include <random>
#include <vector>

#include "host_stack/syscalls/tls_uapi.h"
#include "host_stack/syscalls/type_message.h"

namespace tlsnic::host {
namespace {

// Messages one after the other, each with a length of the test's choice.
struct Control {
  Control& add(int level, int type, std::vector<std::uint8_t> data,
               std::optional<std::size_t> length = std::nullopt) {
    bytes.resize(CMSG_ALIGN(bytes.size()));
    cmsghdr header{};
    header.cmsg_len = length.value_or(CMSG_LEN(data.size()));
    header.cmsg_level = level;
    header.cmsg_type = type;
    const auto* begin = reinterpret_cast<const std::uint8_t*>(&header);
    bytes.insert(bytes.end(), begin, begin + sizeof header);
    bytes.insert(bytes.end(), data.begin(), data.end());
    return *this;
  }
  Control& tls_type(std::uint8_t type) { return add(SOL_TLS, TLS_SET_RECORD_TYPE, {type}); }

  // At an odd address, in memory of exactly that size: a sanitizer sees each byte too many.
  template <typename Check>
  auto with_message(Check check) {
    std::vector<std::uint8_t> memory(bytes.size() + 1);
    std::copy(bytes.begin(), bytes.end(), memory.begin() + 1);
    msghdr message{};
    message.msg_control = memory.data() + 1;
    message.msg_controllen = bytes.size();
    return check(message);
  }
  TlsControl parse(bool more = false) {
    return with_message([more](const msghdr& m) { return parse_tls_control(m, more); });
  }
  int check() {
    return with_message([](const msghdr& m) { return check_socket_control(m); });
  }

  std::vector<std::uint8_t> bytes;
};

TEST_CASE("TLS_SET_RECORD_TYPE: any type", "[cmsg]") {
  for (const std::uint8_t type : std::vector<std::uint8_t>{0, 21, 22, 23, 255}) {
    const TlsControl control = Control{}.tls_type(type).parse();
    REQUIRE(control.error == 0);
    REQUIRE(control.record_type == type);
  }
  REQUIRE(Control{}.tls_type(21).tls_type(22).parse().record_type == 22);
  // More data than is needed.
  REQUIRE(Control{}.add(SOL_TLS, TLS_SET_RECORD_TYPE, {21, 1, 2, 3}).parse().record_type == 21);
}

TEST_CASE("Built with the macros of libc", "[cmsg]") {
  TypeMessage typed(nullptr, 0);
  const cmsghdr& header = typed.set_type(22);
  REQUIRE(parse_tls_control(typed.message, false).record_type == 22);
  typed.message.msg_controllen = header.cmsg_len;  // as the document's example does
  REQUIRE(parse_tls_control(typed.message, false).record_type == 22);
}

TEST_CASE("cmsg_msg_more: EINVAL", "[cmsg]") {
  REQUIRE(Control{}.tls_type(21).parse(true).error == EINVAL);
}

TEST_CASE("Other levels are passed over, but there must be one of SOL_TLS", "[cmsg]") {
  Control other;
  other.add(SOL_SOCKET, SO_TIMESTAMPING, {1, 0, 0, 0});
  REQUIRE(other.parse().error == EINVAL);
  const TlsControl control = other.tls_type(21).parse();
  REQUIRE(control.error == 0);
  REQUIRE(control.record_type == 21);
}

TEST_CASE("SOL_TLS: another type, or no byte of data", "[cmsg]") {
  REQUIRE(Control{}.add(SOL_TLS, TLS_GET_RECORD_TYPE, {21}).parse().error == EINVAL);
  REQUIRE(Control{}.add(SOL_TLS, 77, {21}).parse().error == EINVAL);
  REQUIRE(Control{}.add(SOL_TLS, TLS_SET_RECORD_TYPE, {}).parse().error == EINVAL);
  REQUIRE(Control{}.tls_type(21).add(SOL_TLS, 77, {1}).parse().error == EINVAL);
}

TEST_CASE("Lengths that lie", "[cmsg]") {
  for (const std::size_t length : {std::size_t{0}, std::size_t{1}, sizeof(cmsghdr) - 1, CMSG_LEN(2),
                                   std::size_t{4096}, SIZE_MAX, SIZE_MAX - 7, SIZE_MAX / 2}) {
    CAPTURE(length);
    REQUIRE(Control{}.add(SOL_TLS, TLS_SET_RECORD_TYPE, {21}, length).parse().error == EINVAL);
    REQUIRE(Control{}.add(SOL_SOCKET, SCM_RIGHTS, {21}, length).check() == EINVAL);
    // Before another message a byte too many is padding.
    const int expected = length == CMSG_LEN(2) ? 0 : EINVAL;
    REQUIRE(Control{}.add(SOL_SOCKET, 77, {21}, length).tls_type(21).parse().error == expected);
  }
  // Bytes that are no whole header: nothing is there.
  Control rest;
  rest.bytes.assign(sizeof(cmsghdr) - 1, 0xff);
  REQUIRE(rest.parse().error == EINVAL);
  REQUIRE(rest.check() == 0);
}

TEST_CASE("Random bytes harm nobody", "[cmsg]") {
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    Control control;
    control.bytes.resize(1 + random() % 80);
    for (std::uint8_t& byte : control.bytes) byte = static_cast<std::uint8_t>(random() % 4);
    if (random() % 2 == 0 && control.bytes.size() >= sizeof(cmsghdr)) {
      const std::size_t length = random() % 64;
      std::memcpy(control.bytes.data(), &length, sizeof length);
    }
    const TlsControl parsed = control.parse();
    REQUIRE((parsed.error == 0) == parsed.record_type.has_value());
    control.check();
  }
}

TEST_CASE("TCP: messages of SOL_SOCKET have to be known", "[cmsg]") {
  REQUIRE(Control{}.tls_type(21).check() == 0);  // not of its level: plain data
  REQUIRE(Control{}.add(SOL_SOCKET, SO_TIMESTAMPING, {1, 0, 0, 0}).check() == 0);
  REQUIRE(Control{}.add(SOL_SOCKET, SO_TIMESTAMPING, {1}).check() == EINVAL);
  REQUIRE(Control{}.add(SOL_SOCKET, SCM_RIGHTS, {1, 0, 0, 0}).check() == 0);
  REQUIRE(Control{}.add(SOL_SOCKET, 999, {1}).check() == EINVAL);
}

}  // namespace
}  // namespace tlsnic::host
