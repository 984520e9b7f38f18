// What an application asks of its device: the drivers' statistics (facts 4.1.3, 4.2, 4.3, 4.4; mlx5
// and funeth print theirs in this order in en_stats.c, ktls_stats.c, funeth_ethtool.c), and how
// full its tables are.
#include "tests/driver_shim/tx_world.h"
#include "tests/driver_shim/world.h"

using namespace tlsnic;
using namespace tlsnic::testing;
using driver::Personality;
using netdev::EthtoolStats;

namespace {

std::vector<std::string> names_of(const EthtoolStats& stats) {
  std::vector<std::string> out;
  for (const auto& each : stats) out.push_back(each.first);
  return out;
}

// Those that are not 0.
EthtoolStats counted(const EthtoolStats& stats) {
  EthtoolStats out;
  for (const auto& each : stats)
    if (each.second != 0) out.push_back(each);
  return out;
}

const std::vector<std::string> mlx5_tx = {
    "encrypted_packets", "encrypted_bytes",   "ooo",
    "dump_packets",      "dump_bytes",        "resync_bytes",
    "skip_no_sync_data", "drop_no_sync_data", "drop_bypass_req"};
const std::vector<std::string> mlx5_rx = {"decrypted_packets", "decrypted_bytes",
                                          "resync_req_pkt",    "resync_req_start",
                                          "resync_req_end",    "resync_req_skip",
                                          "resync_res_ok",     "resync_res_retry",
                                          "resync_res_skip",   "err"};

std::vector<std::string> mlx5_names() {
  std::vector<std::string> out;
  const auto add = [&](const char* prefix, const std::vector<std::string>& names) {
    for (const std::string& each : names) out.push_back(prefix + each);
  };
  add("tx_tls_", mlx5_tx);
  add("rx_tls_", mlx5_rx);
  add("", {"tx_tls_ctx", "tx_tls_del", "tx_tls_pool_alloc", "tx_tls_pool_free", "rx_tls_ctx",
           "rx_tls_del"});
  add("rx0_tls_", mlx5_rx);
  add("tx0_tls_", mlx5_tx);
  return out;
}

const std::vector<std::string> nfp_names = {
    "rx_tls_decrypted_packets", "tx_tls_encrypted_packets", "tx_tls_ooo",
    "tx_tls_drop_no_sync_data", "hw_tls_no_space",          "rx_tls_resync_req_ok",
    "rx_tls_resync_req_ign",    "rx_tls_resync_sent"};

const std::vector<std::string> funeth_names = {"tx_tls_encrypted_packets[0]",
                                               "tx_tls_encrypted_bytes[0]",
                                               "tx_tls_ooo[0]",
                                               "tx_tls_drop_no_sync_data[0]",
                                               "tx_tls_encrypted_packets",
                                               "tx_tls_encrypted_bytes",
                                               "tx_tls_ooo",
                                               "tx_tls_drop_no_sync_data",
                                               "tx_tls_ctx",
                                               "tx_tls_del",
                                               "tx_tls_resync"};

const std::vector<std::string> chelsio_names = {"tx_tls_encrypted_packets",
                                                "tx_tls_encrypted_bytes",
                                                "tx_tls_ctx",
                                                "tx_tls_ooo",
                                                "tx_tls_skip_no_sync_data",
                                                "tx_tls_drop_no_sync_data",
                                                "tx_tls_drop_bypass_req"};

struct PersonalityNames {
  Personality personality;
  std::vector<std::string> names;
};
const PersonalityNames all_names[] = {{Personality::mlx5, mlx5_names()},
                                      {Personality::nfp, nfp_names},
                                      {Personality::nfp_stream_scan, nfp_names},
                                      {Personality::funeth, funeth_names},
                                      {Personality::chelsio, chelsio_names}};

// The host's view of the device.
netdev::NetDevice device_of(const driver::Driver& driver) {
  netdev::NetDevice device;
  device.name = "eth0";
  device.ethtool_ops = &driver;
  device.devlink_ops = &driver;
  return device;
}

// Segments in order, behind, before the offload and without a record. Records of 100 bytes from
// offset 50 on.
struct Traffic {
  explicit Traffic(Personality personality) : world(personality), flow(world) {
    flow.plain(50);
    REQUIRE(flow.install());
    world.settle();
    for (int i = 0; i < 4; ++i) flow.record(71);
    flow.send(50, 150);
    flow.send(50, 150);
    flow.send(150, 250);
    flow.send(180, 200);
    flow.send(10, 50);
    flow.ack(160);
    flow.send(60, 80);
  }
  TxDriverWorld world;
  TxFlow flow;
};

}  // namespace

TEST_CASE("ethtool: names and their order, and 0 before anything happens") {
  static_assert(std::size(all_names) == driver::personalities.size());
  for (const PersonalityNames& each : all_names)
    in_child([&each] {
      CAPTURE(driver::to_string(each.personality));
      TxDriverWorld world(each.personality);
      CHECK(names_of(world.driver.get_ethtool_stats()) == each.names);
      CHECK(counted(world.driver.get_ethtool_stats()).empty());
    });
}

TEST_CASE("ethtool: mlx5 transmit, the device's and the queue's") {
  in_child([] {
    Traffic t(Personality::mlx5);
    CHECK(counted(t.world.driver.get_ethtool_stats()) ==
          EthtoolStats{{"tx_tls_encrypted_packets", 4},
                       {"tx_tls_encrypted_bytes", 320},
                       {"tx_tls_ooo", 4},
                       {"tx_tls_dump_packets", 1},
                       {"tx_tls_dump_bytes", 30},
                       {"tx_tls_skip_no_sync_data", 1},
                       {"tx_tls_drop_no_sync_data", 1},
                       {"tx_tls_ctx", 1},
                       {"tx_tls_pool_alloc", 1},
                       {"tx0_tls_encrypted_packets", 4},
                       {"tx0_tls_encrypted_bytes", 320},
                       {"tx0_tls_ooo", 4},
                       {"tx0_tls_dump_packets", 1},
                       {"tx0_tls_dump_bytes", 30},
                       {"tx0_tls_skip_no_sync_data", 1},
                       {"tx0_tls_drop_no_sync_data", 1}});
  });
}

TEST_CASE("ethtool: mlx5 receive, the device's and the queue's") {
  in_child([] {
    hw::NicParameters parameters;
    parameters.rx.scan_start = hw::ScanStart::immediate;
    parameters.rx.header_test = hw::HeaderTest::type_version_length;
    World world(parameters);
    CHECK(world.driver.get_ethtool_stats().empty());  // not probed yet
    CHECK(world.driver.resources().empty());
    world.start();
    FakeConnection connection;
    connection.crypto.keys = test_keys(TlsVersion::tls12, TlsCipher::aes_gcm_128);
    RecordStream stream(connection.crypto.keys, std::vector<std::size_t>(8, 1000));
    constexpr std::size_t record = 1029;
    stream.wire[7 * record + 100] ^= 1;
    REQUIRE(world.add(connection) == 0);
    world.settle();
    CHECK(world.pass(connection.frame(stream, 0, 500)).decrypted);
    CHECK_FALSE(world.pass(connection.frame(stream, 2 * record + 500, record)).decrypted);
    world.answer(connection, connection.asked_sequence - 500 + record, 3);
    world.settle();
    CHECK_FALSE(world.pass(connection.frame(stream, 3 * record + 500, record - 500)).decrypted);
    CHECK(world.pass(connection.frame(stream, 4 * record, record)).decrypted);
    for (std::size_t i = 5; i < 8; ++i) world.pass(connection.frame(stream, i * record, record));
    world.del(connection);
    world.settle();
    const std::uint64_t bytes = 4 * 54 + 500 + 3 * record;
    CHECK(counted(world.driver.get_ethtool_stats()) ==
          EthtoolStats{{"rx_tls_decrypted_packets", 4},
                       {"rx_tls_decrypted_bytes", bytes},
                       {"rx_tls_resync_req_pkt", 1},
                       {"rx_tls_resync_req_start", 1},
                       {"rx_tls_resync_req_end", 1},
                       {"rx_tls_resync_res_ok", 1},
                       {"rx_tls_err", 1},
                       {"rx_tls_ctx", 1},
                       {"rx_tls_del", 1},
                       {"rx0_tls_decrypted_packets", 4},
                       {"rx0_tls_decrypted_bytes", bytes},
                       {"rx0_tls_resync_req_pkt", 1},
                       {"rx0_tls_resync_req_start", 1},
                       {"rx0_tls_resync_req_end", 1},
                       {"rx0_tls_resync_res_ok", 1},
                       {"rx0_tls_err", 1}});
  });
}

TEST_CASE("ethtool: nfp and funeth") {
  in_child([] {
    Traffic t(Personality::nfp);
    CHECK(counted(t.world.driver.get_ethtool_stats()) ==
          EthtoolStats{
              {"tx_tls_encrypted_packets", 2}, {"tx_tls_ooo", 4}, {"tx_tls_drop_no_sync_data", 1}});
  });
  in_child([] {
    Traffic t(Personality::funeth);
    CHECK(counted(t.world.driver.get_ethtool_stats()) ==
          EthtoolStats{{"tx_tls_encrypted_packets[0]", 2},
                       {"tx_tls_encrypted_bytes[0]", 200},
                       {"tx_tls_ooo[0]", 4},
                       {"tx_tls_drop_no_sync_data[0]", 1},
                       {"tx_tls_encrypted_packets", 2},
                       {"tx_tls_encrypted_bytes", 200},
                       {"tx_tls_ooo", 4},
                       {"tx_tls_drop_no_sync_data", 1},
                       {"tx_tls_ctx", 1}});
  });
}

TEST_CASE("ethtool and debugfs: chelsio") {
  in_child([] {
    Traffic t(Personality::chelsio);
    CHECK(counted(t.world.driver.get_ethtool_stats()) ==
          EthtoolStats{{"tx_tls_encrypted_packets", 4},
                       {"tx_tls_encrypted_bytes", 320},
                       {"tx_tls_ctx", 1},
                       {"tx_tls_ooo", 4},
                       {"tx_tls_skip_no_sync_data", 1},
                       {"tx_tls_drop_no_sync_data", 1}});
    // Three records were whole in a segment, of one the middle.
    const EthtoolStats before = {{"offload_refcount", 1},         {"records_sent", 3},
                                 {"partial_start_of_records", 0}, {"partial_middle_of_records", 1},
                                 {"partial_end_of_records", 0},   {"complete_records", 3},
                                 {"trimmed_packets", 0},          {"software_fallback", 0},
                                 {"connections_created", 1},      {"connections_failed", 0},
                                 {"connections_closed", 0}};
    CHECK(t.world.driver.debugfs() == before);
    // Created counts attempts: a receive side is one that fails.
    CHECK(t.world.driver.tlsdev_ops().tls_dev_add(t.flow.hardware.connection,
                                                  netdev::TlsDirection::rx,
                                                  t.flow.hardware.driver.installed, 1) != 0);
    t.flow.ack(450);
    t.flow.hardware.tx.reset();
    t.world.settle();
    CHECK(t.world.statistic("offload_refcount") == 0);
    CHECK(t.world.statistic("connections_created") == 2);
    CHECK(t.world.statistic("connections_failed") == 1);
    CHECK(t.world.statistic("connections_closed") == 1);
  });
}

TEST_CASE("ethtool: the text, and a device without a driver") {
  in_child([] {
    Traffic t(Personality::nfp);
    const netdev::NetDevice device = device_of(t.world.driver);
    CHECK(netdev::ethtool_text(device) ==
          "NIC statistics:\n"
          "     rx_tls_decrypted_packets: 0\n"
          "     tx_tls_encrypted_packets: 2\n"
          "     tx_tls_ooo: 4\n"
          "     tx_tls_drop_no_sync_data: 1\n"
          "     hw_tls_no_space: 0\n"
          "     rx_tls_resync_req_ok: 0\n"
          "     rx_tls_resync_req_ign: 0\n"
          "     rx_tls_resync_sent: 0\n");
    CHECK(netdev::ethtool_stat(device, "tx_tls_ooo") == 4u);
    CHECK_FALSE(netdev::ethtool_stat(device, "tx_tls_dump_bytes"));
  });
  const netdev::NetDevice none;
  CHECK(netdev::ethtool_text(none) == "no stats available\n");
  CHECK_FALSE(netdev::ethtool_stat(none, "tx_tls_ooo"));
  CHECK(netdev::devlink_resources(none).empty());
  CHECK(netdev::devlink_resource_show(none).empty());
}

TEST_CASE("devlink: places are taken by tls_dev_add and free when the chip has parted with them") {
  in_child([] {
    hw::NicParameters parameters;
    parameters.max_contexts = 3;
    parameters.max_keys = 5;
    World world(parameters);
    world.start();
    const netdev::NetDevice device = device_of(world.driver);
    CHECK(netdev::devlink_resource_show(device) ==
          "tlsnic/eth0:\n"
          "  name tls_rx_contexts size 3 occ 0 unit entry\n"
          "  name tls_tx_contexts size 3 occ 0 unit entry\n"
          "  name tls_keys size 5 occ 0 unit entry\n");
    const auto occupancy = [&] {
      std::vector<std::uint64_t> out;
      for (const auto& each : netdev::devlink_resources(device)) out.push_back(each.occupancy);
      return out;
    };
    using Occupancy = std::vector<std::uint64_t>;
    FakeConnection one(ipv4_tuple(1)), two(ipv4_tuple(2)), three(ipv4_tuple(3)),
        four(ipv4_tuple(4));
    CHECK(world.add(one) == 0);
    CHECK(world.add(two) == 0);
    CHECK(occupancy() == Occupancy{2, 0, 2});
    CHECK(world.driver.tlsdev_ops().tls_dev_add(three.connection, netdev::TlsDirection::tx,
                                                three.crypto, 1) == 0);
    CHECK(occupancy() == Occupancy{2, 1, 3});
    CHECK(world.add(three) == 0);
    CHECK(world.add(four) == -ENOSPC);
    CHECK(occupancy() == Occupancy{3, 1, 4});
    world.settle();
    world.del(two);
    CHECK(occupancy() == Occupancy{3, 1, 4});
    world.settle();
    CHECK(occupancy() == Occupancy{2, 1, 3});
    world.driver.tlsdev_ops().tls_dev_del(three.connection, netdev::TlsDirection::tx);
    world.settle();
    CHECK(occupancy() == Occupancy{2, 0, 2});
    CHECK(world.add(four) == 0);
    CHECK(occupancy() == Occupancy{3, 0, 3});
    world.settle();
  });
}
