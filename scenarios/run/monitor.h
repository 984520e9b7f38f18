// Watches a run: counts, tells events, notes what became of each segment and record.
#pragma once

#include <deque>
#include <functional>

#include "host_stack/probe.h"
#include "hw_model/probe.h"
#include "scenarios/link/link_observer.h"
#include "scenarios/run/flow.h"
#include "scenarios/run/rules.h"
#include "traces/capture/pcapng_writer.h"

namespace tlsnic::scenarios {

// Of one direction, over all flows.
struct DirectionCounts {
  std::array<std::uint64_t, 3> records{};  // by host::RecordOffload
  std::uint64_t failed_records = 0;        // reads that gave an error
  std::uint64_t decrypted_segments = 0;
  std::uint64_t passed_segments = 0;
  std::array<std::uint64_t, hw::rx_reasons> segments{};  // by hw::RxReason
  std::uint64_t data_segments_sent = 0;                  // retransmissions included
  std::uint64_t retransmissions = 0;
  std::uint64_t lost_data_segments = 0;
  std::uint64_t fallback_segments = 0;  // encrypted by the sender's software fallback
  // Without payload, their sequence past all that has been sent: they have overtaken data, or data
  // was lost before the link.
  std::uint64_t acks_ahead_of_data = 0;
};

class Monitor {
 public:
  // What is told outgrows no memory: events and rows end after so many.
  static constexpr std::size_t most_rows = 100'000;

  // rules: null if they are not checked. All outlive this.
  Monitor(std::deque<Flow>& flows, Rules* rules, RunResult& result);

  // What a host, its chips, and the link towards it have to be given.
  struct Host : host::Probe {
    Host(Monitor& m, bool server) : monitor(m), is_server(server) {}
    Direction sends() const {
      return is_server ? Direction::server_to_client : Direction::client_to_server;
    }
    Direction receives() const { return traces::opposite(sends()); }
    Flow* flow_of(const netdev::TlsConnection& connection) const;
    std::uint64_t offset_of(const Flow& flow, const host::RecordInfo& record) const;
    void event(const char* what, std::string text) const;

    void device_offload_set(const netdev::TlsConnection& connection, std::uint32_t sequence,
                            std::uint64_t record_number, int result) override;
    void device_offload_removed(const netdev::TlsConnection& connection) override;
    void record_read(const netdev::TlsConnection& connection, const host::RecordInfo& record,
                     std::size_t plaintext_length) override;
    void read_error(const netdev::TlsConnection& connection, const host::RecordInfo& record,
                    int error) override;
    void device_rx_resync_request(const netdev::TlsConnection& connection,
                                  host::ResyncRequest request, std::uint32_t sequence,
                                  std::uint16_t length) override;
    void device_rx_resync_send(const netdev::TlsConnection& connection, std::uint32_t sequence,
                               std::uint64_t record_number, int result) override;
    void device_tx_offload_set(const netdev::TlsConnection& connection, std::uint32_t sequence,
                               std::uint64_t record_number, int result) override;
    void device_tx_offload_removed(const netdev::TlsConnection& connection) override;
    void record_sent(const netdev::TlsConnection& connection, const host::SentRecordInfo& record,
                     bool sealed) override;
    void device_tx_resync_request(const netdev::TlsConnection& connection,
                                  std::uint32_t got_sequence, std::uint32_t expected_sequence,
                                  bool repeated) override;
    void device_tx_resync_send(const netdev::TlsConnection& connection, std::uint32_t sequence,
                               std::uint64_t record_number, int result) override;
    void tx_fallback(const netdev::TlsConnection& connection, std::uint32_t sequence,
                     std::uint32_t size, host::FallbackOutcome outcome) override;

    Monitor& monitor;
    bool is_server;
    // Called with the number of records that flow 0 has sent here.
    std::function<void(std::uint64_t)> records_sent;
  };

  struct Chip : hw::NicProbe {
    Chip(Monitor& m, bool server, std::size_t n) : monitor(m), is_server(server), number(n) {}
    void packet_received(const hw::Packet& packet) override;
    void resync_answered(std::uint32_t context, std::uint32_t sequence, bool accepted) override;

    Monitor& monitor;
    bool is_server;
    std::size_t number;  // of the host's devices: 0 or 1
  };

  struct Link : LinkObserver {
    Link(Monitor& m, Direction d) : monitor(m), direction(d) {}
    void frame_sent(const LinkFrame& frame) override;
    void frame_lost(const LinkFrame& frame, LossCause cause) override;
    void frame_arrived(const LinkFrame& frame) override;

    Monitor& monitor;
    Direction direction;
    std::function<std::size_t()> chip;  // that receives now: 0 or 1
  };

  // Frames as they leave the chips, at simulated times; null: none.
  traces::PcapngWriter* capture = nullptr;

  Host& host(bool server) { return hosts_[server ? 1 : 0]; }
  Chip& chip(bool server, std::size_t number) { return chips_[(server ? 2u : 0u) + number]; }
  Link& link(Direction direction) { return links_[traces::index_of(direction)]; }
  const DirectionCounts& counts(Direction direction) const {
    return counts_[traces::index_of(direction)];
  }
  // Null if the frame belongs to none.
  Flow* flow_of(const ParsedFrame& frame, Direction direction);
  // Which of the flow's segments, by first transmission (from 1), holds this byte; 0: none known.
  std::uint64_t sent_number(const Flow& flow, Direction direction, std::uint64_t offset) const;
  // The same of the segments from before the first record. sequence: of the byte.
  std::uint64_t number_before_records(const Flow& flow, Direction direction,
                                      std::uint32_t sequence) const;
  // name: without the host's. Also for what others make happen.
  void event(bool server, const char* name, std::string text);

 private:
  // Of a flow's direction, while rows are written.
  struct SentSegments {
    std::vector<std::uint64_t> offsets;         // of new segments, in order
    std::vector<std::uint64_t> frames;          // LinkFrame::id of their first transmission
    std::uint32_t start = 0;                    // sequence behind the SYN
    std::vector<std::uint32_t> before_records;  // sequences of those before the first record
    std::uint32_t end_before_records = 0;       // behind the last byte of them
  };
  void note_before_records(const Flow& flow, Direction direction, std::uint32_t start,
                           Bytes payload);
  void note_segment(Flow& flow, Direction direction, const hw::Packet& packet);
  void note_state(Flow& flow, bool server, const hw::Packet& packet);

  std::deque<Flow>& flows_;
  Rules* rules_;
  RunResult& result_;
  std::array<DirectionCounts, 2> counts_;
  std::array<std::vector<SentSegments>, 2> sent_;  // by Direction, flow
  std::array<std::vector<hw::SyncState>, 2> states_;
  std::array<Host, 2> hosts_;
  std::array<Chip, 4> chips_;
  std::array<Link, 2> links_;
};

}  // namespace tlsnic::scenarios
