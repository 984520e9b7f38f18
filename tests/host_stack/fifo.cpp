#include "host_stack/fifo.h"

#include <malloc.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <deque>
#include <memory>

using namespace tlsnic::host;

TEST_CASE("fifo: any sequence of calls leaves what std::deque has") {
  CHECK(rc::check([](const std::vector<std::uint8_t>& calls) {
    Fifo<std::shared_ptr<int>> fifo;
    std::deque<int> model;
    std::weak_ptr<int> popped;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      const int number = static_cast<int>(i);
      const unsigned kind = calls[i] % 16;
      if (kind == 0) {
        fifo.clear();
        model.clear();
      } else if (kind == 1) {
        fifo.push_front(std::make_shared<int>(number));
        model.push_front(number);
      } else if (kind < 9 || model.empty()) {
        fifo.push_back(std::make_shared<int>(number));
        model.push_back(number);
      } else {
        popped = fifo.front();
        fifo.pop_front();
        model.pop_front();
        RC_ASSERT(popped.expired());
      }
      RC_ASSERT(fifo.size() == model.size());
      RC_ASSERT(fifo.empty() == model.empty());
      RC_ASSERT(std::equal(fifo.begin(), fifo.end(), model.begin(), model.end(),
                           [](const auto& a, int b) { return *a == b; }));
      if (model.empty()) continue;
      RC_ASSERT(*fifo.front() == model.front());
      RC_ASSERT(*fifo.back() == model.back());
      RC_ASSERT(*fifo[model.size() / 2] == model[model.size() / 2]);
    }
  }));
}

TEST_CASE("fifo: items are moved a few times each") {
  struct Item {
    explicit Item(int* m) : moves(m) {}
    Item(Item&& other) noexcept : moves(other.moves) { ++*moves; }
    Item& operator=(Item&& other) noexcept {
      moves = other.moves;
      ++*moves;
      return *this;
    }
    int* moves;
  };
  int moves = 0;
  Fifo<Item> fifo;
  for (int i = 0; i < 100; ++i) fifo.push_back(Item(&moves));
  moves = 0;
  for (int i = 0; i < 10'000; ++i) {
    fifo.push_back(Item(&moves));
    fifo.pop_front();
  }
  // Into push_back(), into the queue, out of it; and down in the queue, less than twice.
  CHECK(moves < 5 * 10'000);
}

TEST_CASE("fifo: it holds no memory while it is empty") {
  const auto in_use = [] {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  const std::size_t before = in_use();
  Fifo<std::array<char, 4096>> fifo;
  for (int i = 0; i < 100; ++i) fifo.push_back({});
  while (!fifo.empty()) fifo.pop_front();
  CHECK(in_use() < before + 4096);
}
