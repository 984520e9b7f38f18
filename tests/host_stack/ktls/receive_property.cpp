#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/host_stack/ktls/receive_world.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

struct Sent {
  std::uint8_t type;
  std::string text;
};

// What a reader may see: where it is in what was sent.
class Model {
 public:
  explicit Model(std::vector<Sent> records) : records_(std::move(records)) {}

  // The bytes, starting at the next one, that one call may give at most.
  std::string run() {
    skip_empty_data();
    std::string text;
    for (std::size_t i = at_; i < records_.size() && records_[i].type == type(); ++i) {
      text += records_[i].text.substr(i == at_ ? offset_ : 0);
      if (type() != record_application_data) break;
    }
    return text;
  }
  std::uint8_t type() const { return records_[at_].type; }
  bool is_over() {
    skip_empty_data();
    return at_ == records_.size();
  }
  void advance(std::size_t n) {
    const bool is_control = type() != record_application_data;
    do {
      const std::size_t part = std::min(n, records_[at_].text.size() - offset_);
      offset_ += part;
      n -= part;
      if (offset_ < records_[at_].text.size()) break;
      ++at_;
      offset_ = 0;
    } while (n > 0 && !is_control);
  }

 private:
  void skip_empty_data() {
    while (at_ < records_.size() && type() == record_application_data &&
           offset_ == records_[at_].text.size()) {
      ++at_;
      offset_ = 0;
    }
  }

  std::vector<Sent> records_;
  std::size_t at_ = 0;
  std::size_t offset_ = 0;
};

}  // namespace

TEST_CASE("However it is read, peeked at and spliced: every byte once, in order, of its type") {
  REQUIRE(rc::check([] {
    const RxMode mode = *rc::gen::elementOf(std::vector<RxMode>(all_modes));
    ReceiveWorld world(mode);
    RC_ASSERT(world.set_keys() == 0);
    if (*rc::gen::arbitrary<bool>())
      world.marks = [](std::size_t start) { return start / 100 % 2 == 0; };
    std::vector<Sent> records;
    for (int n = *rc::gen::inRange(1, 20); n > 0; --n) {
      const auto type = *rc::gen::element(record_application_data, record_application_data,
                                          record_alert, std::uint8_t{100});
      const std::string text = *rc::gen::container<std::string>(rc::gen::inRange('a', 'z'));
      records.push_back({type, text});
      world.add_record(type, text, is_tls13(mode) ? *rc::gen::inRange<std::size_t>(0, 3) : 0);
    }
    Model model(records);
    int calls = 0;
    while (!model.is_over()) {
      RC_ASSERT(++calls < 2000);
      if (*rc::gen::inRange(0, 3) == 0) world.send(*rc::gen::inRange<std::size_t>(1, 200));
      if (calls > 200) world.send();
      const std::string expected = model.run();
      const bool is_data = model.type() == record_application_data;
      std::string text;
      const bool splices = calls < 1000 && *rc::gen::inRange(0, 4) == 0;
      ReceiveFlags flags;
      if (splices) {
        std::vector<std::uint8_t> out;
        const int error = world.reader().splice_read(*rc::gen::inRange<std::size_t>(1, 60), out);
        RC_ASSERT(error == 0 || error == EAGAIN || (error == EINVAL && !is_data));
        text.assign(out.begin(), out.end());
      } else {
        flags.peek = calls < 1000 && *rc::gen::arbitrary<bool>();
        flags.wait_all = *rc::gen::arbitrary<bool>();
        flags.control = calls > 1000 || *rc::gen::inRange(0, 3) != 0;
        const std::size_t size = *rc::gen::inRange<std::size_t>(1, 60);
        const Received got = world.receive(size, flags);
        RC_ASSERT(got.error == 0 || got.error == EAGAIN || (got.error == EIO && !is_data));
        if (got.error != 0) continue;
        text = got.text;
        // A call for empty data alone has its type, and takes nothing that counts.
        RC_ASSERT(got.type.has_value());
        if (text.empty() && got.type != model.type()) {
          RC_ASSERT(got.type == record_application_data);
          continue;
        }
        RC_ASSERT(got.type == model.type());
        if (text.empty() && !is_data) RC_ASSERT(expected.empty());
      }
      RC_ASSERT(text == expected.substr(0, text.size()));
      if (!flags.peek && (!text.empty() || (!is_data && !splices))) model.advance(text.size());
    }
    world.send();
    RC_ASSERT(world.counter(TlsCounter::decrypt_error) == 0u);
  }));
}
