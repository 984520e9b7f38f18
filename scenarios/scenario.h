// What a scenario file says, as a value: two hosts, the link between them, what goes wrong, and
// what is expected of the run (docs/scenarios.md).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "driver_shim/personality.h"
#include "protocol/tls_record.h"
#include "scenarios/expectation.h"
#include "scenarios/link/link_settings.h"
#include "scenarios/parameters.h"
#include "traces/stream/direction.h"

namespace tlsnic::scenarios {

// One of the two hosts.
struct EndSettings {
  Parameters parameters;
  driver::Personality personality = driver::Personality::mlx5;
  bool tls_tx = true;  // feature flags of the device when the run begins
  bool tls_rx = true;
  bool tso = true;
  bool gro = true;
  bool lro = false;
  bool second_device = false;  // a second device of the same kind, for "reroute"
};

enum class Handshake : std::uint8_t {
  none,     // both ends install keys made from the seed as soon as TCP is connected
  openssl,  // OpenSSL makes a real handshake and hands over by its own kTLS calls
};

enum class Interface : std::uint8_t {
  socket,  // send(), recv(), sendfile() on the socket after the hand-over
  ssl,     // SSL_write() and SSL_read()
};

enum class Sender : std::uint8_t { server, client, both };

// `count` connections that do the same.
struct FlowSettings {
  std::uint32_t count = 1;
  TlsVersion version = TlsVersion::tls12;
  TlsCipher cipher = TlsCipher::aes_gcm_128;
  Handshake handshake = Handshake::none;
  Interface interface = Interface::socket;
  Sender sender = Sender::server;
  std::uint64_t bytes = 1 << 20;      // of plaintext that each sender writes
  std::uint32_t record_size = 16384;  // TLS_TX_MAX_PAYLOAD_LEN: most plaintext bytes in a record
  std::vector<std::uint32_t> writes{262144};  // sizes of the write calls, over and over
  bool random_writes = false;             // each from 1 to the largest of `writes`, from the seed
  std::uint32_t more_every = 0;           // n: every n-th write carries MSG_MORE; 0: none
  bool eor = false;                       // MSG_EOR: each write begins a TCP segment
  bool sendfile = false;                  // sendfile() instead of write calls
  bool keys_rx = true;                    // false: the receiver does not set TLS_RX (plain bytes)
  std::uint64_t start_ns = 0;             // when the client connects
  std::uint64_t rx_install_delay_ns = 0;  // from the hand-over of TX to that of RX
  // From both ends having handed their keys over to the first write: a driver takes its time.
  std::uint64_t pause_ns = 1'000'000;
  std::uint64_t write_pause_ns = 0;  // after each write call
  std::uint32_t key_updates = 0;     // TLS 1.3: KeyUpdates by the sender, spread over the volume
};

enum class RecordPart : std::uint8_t { header, body, tag };

// What happens to one frame on the link: the `occurrence`-th one that holds the given place.
struct LinkEvent {
  enum class Action : std::uint8_t { drop, late, duplicate, corrupt, tamper };

  traces::Direction direction = traces::Direction::server_to_client;
  std::uint32_t flow = 0;
  // One of: the n-th segment with payload sent since the offload began (from 1; retransmissions are
  // not counted); the first segment that holds this part of the n-th record (from 1); the n-th
  // segment with payload from before the offload, counted as the first are.
  std::optional<std::uint64_t> segment;
  std::optional<std::uint64_t> record;
  std::optional<std::uint64_t> before_offload;
  RecordPart part = RecordPart::header;
  std::uint32_t occurrence = 1;  // 1: the first transmission; 2: the first retransmission
  Action action = Action::drop;
  std::uint32_t by = 1;    // late: arrives after so many following frames of the flow's direction
  std::uint32_t byte = 0;  // corrupt, tamper: of the frame's TCP payload; tamper: checksum repaired
  std::string place;       // "file:line" for messages
};

// What happens in a host, at a time or when a sender has closed its n-th record.
struct HostEvent {
  enum class Action : std::uint8_t {
    device_down,
    device_up,
    features,       // set tls_tx, tls_rx
    reroute,        // the route goes over the second device
    reroute_back,   // ... and over the first again
    rewrite_ports,  // a box on the way changes the server's port towards the client, from now on
    local_drop,     // the next segment with payload is lost between TCP and the device
  };

  bool at_server = true;
  std::uint64_t at_ns = 0;
  std::optional<std::uint64_t> after_records;  // sent by that host on flow 0; instead of at_ns
  Action action = Action::device_down;
  std::optional<bool> tls_tx;
  std::optional<bool> tls_rx;
  std::string place;
};

// The same scenario several times, with another value of one key each time.
struct Sweep {
  std::string key;                  // as for --set
  std::vector<std::string> values;  // as for --set
  std::vector<std::string> show;    // names of RunResult::values: columns of the printed table
};

struct Scenario {
  std::string path;
  std::string title;
  std::string source;  // the document's section or the paper's figure
  std::uint64_t seed = 1;
  std::uint64_t limit_ns = 60'000'000'000;  // of simulated time; to reach it is a failure
  std::array<EndSettings, 2> ends;          // client, server
  std::vector<FlowSettings> flows{FlowSettings()};
  std::array<LinkSettings, 2> link;  // by traces::Direction
  std::vector<LinkEvent> link_events;
  std::vector<HostEvent> host_events;
  std::vector<Expectation> expectations;
  std::optional<Sweep> sweep;

  EndSettings& client() { return ends[0]; }
  EndSettings& server() { return ends[1]; }
};

}  // namespace tlsnic::scenarios
