// Captures made to measure, replayed through the whole machine, with the checks that hold for every
// replay.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/scenarios/replay_in_child.h"
#include "tests/support/tls_capture.h"

namespace tlsnic::testing {

inline const char* const direction_names[] = {"client_to_server", "server_to_client"};

inline OpensslOptions tls12(const char* cipher = "ECDHE-ECDSA-AES128-GCM-SHA256") {
  return {0x0303, cipher};
}
inline OpensslOptions tls13(const char* cipher = "TLS_AES_128_GCM_SHA256") {
  return {0x0304, cipher};
}

std::string sha256_hex(Bytes bytes);

// The whole file; throws std::runtime_error if it cannot be read.
std::string read_file(const std::string& path);

// Goes away with everything in it.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A capture and its key log in a directory of their own.
class MadeCapture {
 public:
  Capture capture;
  std::string key_log;

  // Writes made.pcap and made.keys; what replays them.
  scenarios::ReplayOptions write() const;
  std::string path() const { return directory_.file("made.pcap"); }
  std::string file(const std::string& name) const { return directory_.file(name); }

 private:
  ScratchDirectory directory_;
};

constexpr std::uint64_t calm_ns = 1'000'000;

// A connection that is opened, used by `talk` and closed by the client, slowly enough for the chip
// to have the keys before each first record under them.
template <typename Talk>
std::unique_ptr<TlsConversation> talk_tls(MadeCapture& made, const OpensslOptions& tls, Talk talk,
                                          const ConversationOptions& tcp = {}) {
  auto conversation = std::make_unique<TlsConversation>(made.capture, tls, tcp);
  conversation->open(calm_ns);
  talk(*conversation);
  made.capture.advance(calm_ns);
  conversation->close(Side::client);
  made.key_log += conversation->key_log();
  return conversation;
}

// Puts all flights of a session on the wire, each acknowledged.
void send_session(Conversation& tcp, const OpensslSession& session, std::uint64_t gap_ns = calm_ns);

// Replays and checks what holds for every replay: no error, no rule broken, every frame in one
// verdict of its stream, counters that agree. r1: whether decrypted packets are compared with
// OpenSSL's view of the capture; not where keys change or bytes are damaged.
enum class R1 : bool { unchecked, checked };
ReplayResult replay_made(const scenarios::ReplayOptions& options, R1 r1 = R1::checked);

// The plaintext of both directions is what OpenSSL's ends have read.
void check_plaintext(const nlohmann::json& flow, const OpensslSession& session);

// Every record of the direction was decrypted by the chip.
void check_all_in_hardware(const nlohmann::json& direction);

// Every packet with payload from frame `first` on was decrypted.
void check_all_decrypted(const ReplayResult& result, std::size_t first);

}  // namespace tlsnic::testing
