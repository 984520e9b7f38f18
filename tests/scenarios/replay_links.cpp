// The same session captured on other links and kept in other formats: the flows stay the same.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/scenarios/made_capture.h"
#include "tests/traces/capture/capture_bytes.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

struct Link {
  const char* name;
  std::uint32_t type;  // LINKTYPE_ number
  // Makes of an Ethernet frame what a capture on this link has.
  ByteVector (*convert)(const Buffer& ethernet);
};

ByteVector ip_of(const Buffer& ethernet) {
  return {ethernet.begin() + 14, ethernet.end()};
}
unsigned ethertype_of(const Buffer& ethernet) {
  return load_be16(&ethernet[12]);
}

ByteVector tagged(const Buffer& ethernet, const ByteVector& tags) {
  ByteVector out(ethernet.begin(), ethernet.begin() + 12);
  out = joined(out, tags);
  return joined(out, {ethernet.begin() + 12, ethernet.end()});
}

const Link links[] = {
    {"Ethernet", 1, [](const Buffer& frame) { return ByteVector(frame); }},
    {"VLAN", 1,
     [](const Buffer& frame) {
       return tagged(frame, {0x81, 0x00, 0x00, 0x07});
     }},
    {"QinQ", 1,
     [](const Buffer& frame) {
       return tagged(frame, {0x88, 0xa8, 0x00, 0x07, 0x81, 0x00, 0x20, 0x08});
     }},
    {"raw IP", 101, ip_of},
    {"raw IP, an old number", 12, ip_of},
    {"loopback, NULL", 0,
     [](const Buffer& frame) {
       const std::uint8_t family = ethertype_of(frame) == 0x86dd ? 30 : 2;
       return joined({family, 0, 0, 0}, ip_of(frame));
     }},
    {"loopback, LOOP", 108,
     [](const Buffer& frame) {
       const std::uint8_t family = ethertype_of(frame) == 0x86dd ? 24 : 2;
       return joined({0, 0, 0, family}, ip_of(frame));
     }},
    {"cooked", 113,
     [](const Buffer& frame) {
       CaptureBytes header(true);
       header.put16(0).put16(1).put16(6).put32(0x02000000).put32(0).put16(ethertype_of(frame));
       return joined(header.bytes, ip_of(frame));
     }},
    {"cooked, version 2", 276, [](const Buffer& frame) {
       CaptureBytes header(true);
       header.put16(ethertype_of(frame)).put16(0).put32(3).put16(1).put8(0).put8(6);
       header.put32(0x02000000).put32(0);
       return joined(header.bytes, ip_of(frame));
     }}};

class Session {
 public:
  explicit Session(bool is_ipv6) {
    ConversationOptions tcp;
    if (is_ipv6) {
      tcp.client = endpoint("2001:db8::2", 50000);
      tcp.server = endpoint("2001:db8::1", 443);
    }
    tls_ = talk_tls(
        made_, tls12(),
        [](TlsConversation& conversation) {
          conversation.send_records(Side::server, {16384, 100, 16384});
          conversation.send_records(Side::client, {5000});
        },
        tcp);
    expected_ = flows(made_.write());
    check_plaintext(expected_[0], tls_->session());
    CHECK(expected_[0]["server_to_client"]["packets"]["decrypted"].get<int>() > 20);
  }

  const std::vector<BuiltFrame>& frames() const { return made_.capture.frames; }
  const std::string& key_log() const { return made_.key_log; }

  // The file as a capture with the key log beside it or without.
  void check(const ByteVector& file, bool with_keys = true) const {
    const ScratchDirectory directory;
    write_file(directory.file("x.pcap"), file);
    if (with_keys)
      write_file(directory.file("x.keys"),
                 Bytes(reinterpret_cast<const std::uint8_t*>(key_log().data()), key_log().size()));
    scenarios::ReplayOptions options;
    options.capture = directory.file("x.pcap");
    CHECK(flows(options) == expected_);
  }
  void check_file(const std::string& path) const {
    const std::string text = read_file(path);
    check(ByteVector(text.begin(), text.end()));
  }
  std::string path() const { return made_.path(); }

 private:
  static nlohmann::json flows(const scenarios::ReplayOptions& options) {
    const auto result = replay_in_child(options);
    CHECK(result.error == "");
    CHECK(result.violations.empty());
    return result.summary.is_null() ? nlohmann::json() : result.summary["flows"];
  }

  MadeCapture made_;
  std::unique_ptr<TlsConversation> tls_;
  nlohmann::json expected_;
};

ByteVector pcap(const Session& session, const Link& link, bool big_endian, bool nanoseconds) {
  CaptureBytes file(big_endian);
  file.pcap_header(nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, link.type);
  for (const BuiltFrame& frame : session.frames()) {
    const auto fraction = static_cast<std::uint32_t>(frame.time_ns % 1'000'000'000);
    file.pcap_frame(static_cast<std::uint32_t>(frame.time_ns / 1'000'000'000),
                    nanoseconds ? fraction : fraction / 1000, link.convert(frame.bytes));
  }
  return file.bytes;
}

enum class Secrets { none, first, last };

ByteVector pcapng(const Session& session, const Link& link, bool big_endian, Secrets secrets) {
  CaptureBytes file(big_endian);
  file.section();
  if (secrets == Secrets::first) file.secrets(session.key_log());
  file.interface(link.type, 0, 9);  // ns
  for (const BuiltFrame& frame : session.frames())
    file.enhanced(0, frame.time_ns, link.convert(frame.bytes));
  if (secrets == Secrets::last) file.secrets(session.key_log());
  return file.bytes;
}

}  // namespace

TEST_CASE("every link type, IPv4 and IPv6") {
  const Session session(GENERATE(false, true));
  for (const Link& link : links) {
    INFO(link.name);
    session.check(pcap(session, link, false, true));
    session.check(pcapng(session, link, false, Secrets::none));
  }
}

TEST_CASE("either byte order, microseconds and nanoseconds") {
  const Session session(false);
  for (const bool big_endian : {false, true}) {
    for (const bool nanoseconds : {false, true})
      session.check(pcap(session, links[0], big_endian, nanoseconds));
    session.check(pcapng(session, links[0], big_endian, Secrets::none));
  }
}

TEST_CASE("keys inside the capture, no key log beside it") {
  const Session session(false);
  for (const bool big_endian : {false, true})
    for (const Secrets secrets : {Secrets::first, Secrets::last})
      session.check(pcapng(session, links[0], big_endian, secrets), false);
}

TEST_CASE("what editcap makes of it") {
  if (missing_program("editcap")) return;
  const Session session(false);
  const ScratchDirectory directory;
  for (const char* format : {"pcap", "nsecpcap", "pcapng"}) {
    INFO(format);
    const std::string out = directory.file(format);
    REQUIRE(std::system(
                ("editcap -F " + std::string(format) + ' ' + session.path() + ' ' + out).c_str()) ==
            0);
    session.check_file(out);
  }
}
