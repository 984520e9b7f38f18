#include "observe/summary.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace tlsnic::observe;
using nlohmann::ordered_json;

namespace {

std::vector<std::string> keys_of(const ordered_json& object) {
  std::vector<std::string> out;
  for (const auto& item : object.items()) out.push_back(item.key());
  return out;
}

RunSummary example() {
  RunSummary run;
  run.capture = "x.pcap";
  run.seed = 7;
  run.warnings = {"one"};
  FlowSummary flow;
  flow.stream = 0;
  flow.client = "10.0.0.2:50000";
  flow.server = "10.0.0.1:443";
  flow.version = "TLS 1.2";
  flow.cipher = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
  flow.offloaded = true;
  DirectionSummary& server = flow.directions[1];
  server.in_hardware = true;
  server.records = {33, 2, 1, 1};
  server.packets = {400, 5, 1, 7, 0};
  server.resyncs = 1;
  server.plaintext_bytes = 586287;
  server.plaintext_sha256 = "ab";
  server.failed_records = {{7, 12345}};
  server.cut = "cut at byte 9: the hole there is never filled";
  flow.directions[0].reason = "offload not selected at this end";
  run.flows.push_back(flow);
  FlowSummary unknown;
  unknown.stream = 12;
  unknown.client = "[2001:db8::2]:1";
  unknown.server = "[2001:db8::1]:2";
  run.flows.push_back(unknown);
  run.counters = {{"rx_tls_decrypted_packets", 400}, {"rx_tls_err", 0}};
  run.tls_stat = {{"TlsRxDevice", 1}, {"TlsDecryptError", 0}};
  run.frames = 413;
  run.simulated_ns = 2'000'000;
  run.systemc_events = 826;
  run.units = {{"client.parser", 413, 100, 0}, {"client.tls", 400, 5000, 20}};
  return run;
}

}  // namespace

TEST_CASE("summary.json: names and values") {
  const ordered_json json = to_json(example());
  CHECK(keys_of(json) == std::vector<std::string>{
                             "capture", "seed", "flows", "counters", "tls_stat", "answers_ignored",
                             "context_hits", "context_misses", "frames", "simulated_ns",
                             "systemc_events", "units", "bottleneck", "warnings", "hints"});
  CHECK(json["capture"] == "x.pcap");
  CHECK(json["seed"] == 7);
  CHECK(json["warnings"].dump() == R"(["one"])");
  CHECK(json["hints"].dump() == "[]");
  const ordered_json& flow = json["flows"][0];
  CHECK(keys_of(flow) == std::vector<std::string>{"stream", "client", "server", "version", "cipher",
                                                  "offloaded", "reason", "client_to_server",
                                                  "server_to_client"});
  CHECK(flow["stream"] == 0);
  CHECK(flow["client"] == "10.0.0.2:50000");
  CHECK(flow["offloaded"] == true);
  const ordered_json& server = flow["server_to_client"];
  CHECK(keys_of(server) == std::vector<std::string>{"in_hardware", "reason", "records", "packets",
                                                    "resyncs", "plaintext_bytes",
                                                    "plaintext_sha256", "failed_records", "cut"});
  CHECK(server["records"].dump() ==
        R"({"total":37,"entirely":33,"partially":2,"not":1,"failed":1})");
  CHECK(server["packets"].dump() ==
        R"({"decrypted":400,"passed":5,"bad_checksum":1,"control":7,"not_tls":0})");
  CHECK(server["failed_records"].dump() == R"([{"number":7,"stream_offset":12345}])");
  CHECK(server["plaintext_bytes"] == 586287);
  CHECK(flow["client_to_server"]["reason"] == "offload not selected at this end");
  CHECK(flow["client_to_server"]["failed_records"].dump() == "[]");
  CHECK(json["counters"].dump() == R"({"rx_tls_decrypted_packets":400,"rx_tls_err":0})");
  CHECK(json["tls_stat"].dump() == R"({"TlsRxDevice":1,"TlsDecryptError":0})");
  CHECK(json["units"][1].dump() ==
        R"({"name":"client.tls","packets":400,"busy_ns":5000,"waited_ns":20})");
  CHECK(json["bottleneck"] == "client.tls");
  CHECK(to_json(RunSummary())["bottleneck"].is_null());
}

TEST_CASE("the tables on the terminal") {
  CHECK(to_text(example()) ==
        "stream  client < server, client > server   offloaded  records e/p/n  "
        "packets d/p/b  resyncs  plaintext  remark\n"
        "0       10.0.0.2:50000 < 10.0.0.1:443      yes        33/2/1         "
        "400/5/1        1        586287     TLS 1.2, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256; cut "
        "at byte 9: the hole there is never filled; 1 record failed authentication, first at "
        "byte 12345\n"
        "        10.0.0.2:50000 > 10.0.0.1:443      no         0/0/0          "
        "0/0/0          0        0          offload not selected at this end\n"
        "12      [2001:db8::2]:1 < [2001:db8::1]:2  no         0/0/0          "
        "0/0/0          0        0          no TLS session\n"
        "        [2001:db8::2]:1 > [2001:db8::1]:2  no         0/0/0          "
        "0/0/0          0        0\n"
        "records: entirely / partially / not offloaded; packets: decrypted / passed / bad "
        "checksum\n"
        "\n"
        "rx_tls_decrypted_packets  400\n"
        "rx_tls_err                0\n"
        "TlsRxDevice               1\n"
        "\n"
        "413 frames, 2.000 ms of simulated time; busiest unit: client.tls, 0.250 % of the time\n");
}

TEST_CASE("an empty run has tables, too") {
  CHECK(to_text(RunSummary()).find("\n0 frames, 0.000 ms of simulated time\n") !=
        std::string::npos);
}
