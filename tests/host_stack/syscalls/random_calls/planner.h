// Makes a plan: chooses the calls, and keeps count of what they must return.
#pragma once

#include <cstring>

#include "protocol/random.h"
#include "tests/host_stack/syscalls/ktls_pair.h"
#include "tests/host_stack/syscalls/random_calls/flow.h"
#include "tests/host_stack/syscalls/random_calls/plan.h"

namespace tlsnic::host::test {

template <typename T>
std::vector<std::uint8_t> bytes_of_value(T value) {
  std::vector<std::uint8_t> out(sizeof value);
  std::memcpy(out.data(), &value, sizeof value);
  return out;
}

class Planner {
 public:
  explicit Planner(std::uint64_t seed) : seed_(seed), random_(seed) {}
  Plan make();

 private:
  // One direction of the connection; `side` sends.
  struct Direction {
    std::size_t side = 0;
    Flow flow;
    bool tx_keys = false;
    bool rx_keys = false;
    std::uint64_t tx_generation = 0;
    std::uint64_t rx_generation = 0;
    std::size_t open_calls = 0;
    bool is_shut = false;
    bool at_end = false;

    std::size_t reader() const { return 1 - side; }
  };

  std::size_t between(std::size_t least, std::size_t most) { return random_.between(least, most); }
  bool chance(double probability) { return random_.chance(probability); }
  template <typename T, std::size_t n>
  T one_of(const T (&values)[n]) {
    return values[between(0, n - 1)];
  }
  // To `total`, some of them perhaps 0.
  std::vector<std::size_t> split(std::size_t total);
  std::vector<std::uint8_t> keys(const Direction& direction, std::uint64_t generation) const;

  Step& add(std::size_t side, Call call, long result, int error = 0);
  Step& set(std::size_t side, int level, int option, std::vector<std::uint8_t> value,
            int error = 0);
  Step& get(std::size_t side, int level, int option, std::size_t size, int error = 0);
  void get_any(std::size_t side);
  void refused_option(std::size_t side);

  // sending
  void grow(Direction& direction, std::size_t size);
  void write(Direction& direction);
  void send_plain(Direction& direction);
  void set_tx_keys(Direction& direction);
  void send_data(Direction& direction);
  void send_control(Direction& direction);
  void update_key(Direction& direction);
  void sender_option(Direction& direction);
  void refused_send(Direction& direction);
  void shutdown(Direction& direction);

  // receiving
  void read(Direction& direction);
  void set_rx_keys(Direction& direction);
  void read_data(Direction& direction);
  void read_control(Direction& direction);
  void read_end(Direction& direction);
  void read_with(Direction& direction, std::size_t size, int flags, long result);
  void read_until(Direction& direction, std::size_t unread);

  std::uint64_t seed_;
  Random random_;
  Plan plan_;
  Variant variant_{};
  std::size_t most_unread_ = 30'000;  // that a peer may leave; buffers hold more
  std::array<Direction, 2> directions_;
};

}  // namespace tlsnic::host::test
