#include "hw_model/tls/context_store.h"

#include <catch2/catch.hpp>

using namespace tlsnic::hw;

TEST_CASE("a receive context is no larger than a ConnectX-6 Dx's") {
  CHECK(sizeof(RxContext) <= 208);
}

TEST_CASE("the least recently used context is the one that has to be fetched again") {
  RxContextStore store(10, 2);
  for (const std::uint32_t id : {1u, 2u, 3u}) store.create(id);
  CHECK(store.touch(1));
  CHECK(store.touch(2));
  CHECK_FALSE(store.touch(1));
  CHECK(store.touch(3));  // replaces 2
  CHECK_FALSE(store.touch(1));
  CHECK(store.touch(2));  // replaces 3
  CHECK(store.hits() == 2);
  CHECK(store.misses() == 4);
  CHECK(store.destroy(1));
  CHECK_FALSE(store.destroy(1));
  CHECK(store.find(1) == nullptr);
  CHECK_FALSE(store.touch(2));
  CHECK(store.touch(3));  // there is room now
  CHECK_FALSE(store.touch(2));
}
