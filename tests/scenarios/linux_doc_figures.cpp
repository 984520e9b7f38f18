// The two figures of Documentation/networking/tls-offload.rst, out of the whole machine: capture,
// chip, driver, host (facts 6.1). traces/corpus/README.md says which frames the segments are.
#include <catch2/catch.hpp>

#include "tests/scenarios/corpus.h"
#include "tests/scenarios/replay_in_child.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

ReplayResult figure(const std::string& name) {
  scenarios::ReplayOptions options;
  options.capture = corpus_path(name);
  options.what_if.late[21] = 3;  // segment 2 after segment 5
  const auto streams = read_captured_streams(options.capture);
  return replay_in_child(options, &streams, true);
}

// The five segments in the order in which they arrive.
std::vector<std::string> five(const ReplayResult& result) {
  std::vector<std::string> out;
  for (const std::string& packet : result.packets)
    for (const char* frame : {"20 ", "21 ", "22 ", "23 ", "24 "})
      if (packet.rfind(frame, 0) == 0) out.push_back(packet);
  return out;
}

}  // namespace

TEST_CASE("reorder of non-header segment: two packets passed, sync kept, two mixed records") {
  const auto result = figure("linux-doc-reorder-good.pcap");
  CHECK(five(result) ==
        std::vector<std::string>{"20 decrypted in_sequence offload", "22 passed rebase offload",
                                 "23 decrypted in_sequence offload",
                                 "24 decrypted in_sequence offload", "21 passed behind offload"});
  const auto& server = result.summary["flows"][0]["server_to_client"];
  CHECK(server["records"]["partially"] == 2);
  CHECK(server["records"]["not"] == 0);
  CHECK(server["plaintext_bytes"] == 586287);
  CHECK(result.summary["counters"]["rx_tls_resync_req_pkt"] == 0);
  CHECK(result.summary["tls_stat"]["TlsRxDeviceResync"] == 0);
  CHECK(result.violations.empty());
}

TEST_CASE("reorder of segment with a TLS header: sync lost, resynchronized later in the stream") {
  const auto result = figure("linux-doc-reorder-bad.pcap");
  CHECK(five(result) ==
        std::vector<std::string>{"20 decrypted in_sequence offload", "22 passed sync_lost waiting",
                                 "23 passed waiting waiting", "24 passed waiting waiting",
                                 "21 passed waiting waiting"});
  const auto& counters = result.summary["counters"];
  CHECK(counters["rx_tls_resync_req_start"] == 1);
  CHECK(counters["rx_tls_resync_req_end"] == 1);
  CHECK(counters["rx_tls_resync_res_ok"] == 1);
  CHECK(result.summary["tls_stat"]["TlsRxDeviceResync"] == 1);
  // Once back, everything is decrypted to the end.
  auto last_passed = result.packets.size();
  std::size_t decrypted_after = 0;
  for (std::size_t i = 0; i < result.packets.size(); ++i) {
    if (result.packets[i].find(" rebase ") != std::string::npos) last_passed = i;
    if (i > last_passed && result.packets[i].find("decrypted") != std::string::npos)
      ++decrypted_after;
  }
  CHECK(decrypted_after > 380);
  CHECK(result.summary["flows"][0]["server_to_client"]["plaintext_bytes"] == 586287);
  CHECK(result.violations.empty());
}
