// Captures of real connections: both directions' keys are found, and they are the right ones.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "protocol/frame.h"
#include "protocol/record_aead.h"
#include "protocol/tcp_sequence.h"
#include "traces/capture/capture_reader.h"
#include "traces/stream/connection_tracker.h"
#include "traces/stream/stream_assembler.h"
#include "traces/tls/handshake_follower.h"

namespace tlsnic::traces {
namespace {

namespace fs = std::filesystem;
using Octets = std::vector<std::uint8_t>;

constexpr Direction both[] = {Direction::client_to_server, Direction::server_to_client};

struct Connection {
  explicit Connection(const KeyLog& keys) : follower(keys) {}

  HandshakeFollower follower;
  std::unique_ptr<StreamAssembler> streams[2];  // the whole of both directions
};

std::map<std::uint64_t, Connection> read_connections(const fs::path& capture, const KeyLog& keys) {
  std::map<std::uint64_t, Connection> out;
  ConnectionTracker tracker;
  CaptureReader reader(capture);
  CapturedFrame frame;
  while (reader.next(frame)) {
    const ParsedFrame parsed = parse_frame(frame.ethernet);
    if (parsed.kind != FrameKind::tcp) continue;
    const TrackedSegment tracked = tracker.track(parsed);
    Connection& connection = out.try_emplace(tracked.stream->number(), keys).first->second;
    for (const Direction direction : both) {
      auto& stream = connection.streams[index_of(direction)];
      const auto initial = tracked.stream->initial_sequence(direction);
      if (!initial || stream != nullptr) continue;
      connection.follower.set_initial_sequence(direction, *initial);
      stream = std::make_unique<StreamAssembler>(*initial + 1, std::size_t{16} << 20);
    }
    if (parsed.payload_length == 0) continue;
    const Bytes payload = parsed.payload(frame.ethernet);
    connection.follower.segment(tracked.direction, parsed.sequence, payload);
    const auto& stream = connection.streams[index_of(tracked.direction)];
    if (stream != nullptr) stream->add(parsed.sequence, payload);
  }
  for (auto& entry : out) entry.second.follower.end_of_capture();
  return out;
}

// Application data of all whole records from start on; every record must authenticate.
Octets decrypt_all(Bytes stream, const EncryptionStart& start) {
  Octets out;
  RecordAead aead(start.keys);
  std::uint64_t number = start.record_number;
  Bytes rest = stream.subspan(static_cast<std::size_t>(start.stream_offset));
  while (rest.size() >= record_header_size) {
    const RecordHeader header = read_record_header(rest.data());
    const std::size_t size = record_header_size + header.length;
    if (rest.size() < size) break;
    REQUIRE(header.length >= aead.format().min_length());
    Octets text(header.length - aead.format().min_length());
    REQUIRE(aead.open(rest.first(size), number++, text));
    std::uint8_t type = header.type;
    if (aead.format().is_tls13) {
      type = text.back();
      text.pop_back();
    }
    if (type == record_application_data) out.insert(out.end(), text.begin(), text.end());
    rest = rest.subspan(size);
  }
  return out;
}

Octets read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return {text.begin(), text.end()};
}

}  // namespace

TEST_CASE("every connection of the corpus decrypts to what the server sent") {
  const fs::path corpus = TLSNIC_SOURCE_DIR "/traces/corpus";
  const Octets truth = read_file(corpus / "data.bin");
  REQUIRE(truth.size() == 409600);
  std::size_t connections = 0;
  for (const auto& entry : fs::directory_iterator(corpus)) {
    if (entry.path().extension() != ".pcap") continue;
    const std::string file = entry.path().filename().string();
    // The figures' captures carry other data than data.bin.
    const bool is_real = file.rfind("linux-doc", 0) != 0;
    INFO(file);
    std::vector<std::string> warnings;
    const KeyLog keys = read_key_log(corpus / (file.substr(0, file.find('.')) + ".keys"), warnings);
    for (auto& [number, connection] : read_connections(entry.path(), keys)) {
      INFO("stream " << number);
      const HandshakeFollower& follower = connection.follower;
      CHECK(follower.is_finished());
      const Session& session = follower.session();
      const bool is_tls13 = file.rfind("t13", 0) == 0;
      CHECK(session.version_name == (is_tls13 ? "TLS 1.3" : "TLS 1.2"));
      CHECK(session.cipher == TlsCipher::aes_gcm_128);
      Octets received;
      for (const Direction direction : both) {
        const Obstacle* obstacle = follower.obstacle(direction);
        INFO((obstacle != nullptr ? obstacle->text : ""));
        const EncryptionStart* start = follower.encryption_start(direction);
        REQUIRE(start != nullptr);
        CHECK(start->record_number == (is_tls13 ? 0 : 1));
        CHECK(start->traffic_secret.size == (is_tls13 ? 32 : 0));
        received = decrypt_all(connection.streams[index_of(direction)]->ready(), *start);
      }
      ++connections;
      if (is_real) CHECK((received == truth));  // the server's direction comes last
    }
  }
  CHECK(connections >= 17);
}

}  // namespace tlsnic::traces
