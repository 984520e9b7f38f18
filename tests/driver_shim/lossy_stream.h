// The real driver on the real chip, and a connection of which packets are lost.
#pragma once

#include "tests/driver_shim/world.h"
#include "tests/hw_model/nic/in_child.h"

namespace tlsnic::testing {

using Words = std::vector<std::string>;

// A chip that looks for headers at once, by type, version and length.
inline hw::NicParameters scanning_at_once() {
  hw::NicParameters parameters;
  parameters.rx.scan_start = hw::ScanStart::immediate;
  parameters.rx.header_test = hw::HeaderTest::type_version_length;
  return parameters;
}

// A world with one connection in the device. Its records 0 to 29, numbers 100 to 129, are to come,
// each of 1000 bytes of plaintext.
struct LossyStream {
  LossyStream(TlsVersion version, driver::Personality personality,
              const hw::NicParameters& parameters = scanning_at_once())
      : world(parameters, 40u << 20, personality),
        stream(test_keys(version, TlsCipher::aes_gcm_128), std::vector<std::size_t>(30, 1000),
               100) {
    connection.crypto = {test_keys(version, TlsCipher::aes_gcm_128), 100};
    world.start();
    if (world.add(connection) != 0) throw std::logic_error("not added");
    world.settle();
  }

  // Offset in the stream; 0.5 is in the middle of record 0.
  std::size_t offset(double record) const {
    return static_cast<std::size_t>(record * stream.starts[1]);
  }
  Buffer frame(double from_record, double to_record) const {
    const std::size_t from = offset(from_record);
    return connection.frame(stream, from, offset(to_record) - from);
  }
  // Sequence number.
  std::uint32_t at(double record) const {
    return connection.start + static_cast<std::uint32_t>(offset(record));
  }

  FakeConnection connection;
  World world;
  RecordStream stream;
};

}  // namespace tlsnic::testing
