#include "host_stack/openssl/deterministic_random.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "protocol/bytes.h"

#include "host_stack/openssl/library.h"

namespace tlsnic::host {
namespace {

DeterministicRandom* installed = nullptr;

int always_seeded() {
  return 1;
}

}  // namespace

int DeterministicRandom::draw(unsigned char* out, int size) {
  if (installed == nullptr) return 0;
  while (size > 0) {
    const std::uint64_t number = installed->in_use_->next();
    unsigned char bytes[8];
    store_be64(bytes, number);
    const int part = std::min(size, 8);
    std::memcpy(out, bytes, static_cast<std::size_t>(part));
    out += part;
    size -= part;
  }
  return 1;
}

// A provider would have to be loaded into each library context; the method holds for all of them.
void DeterministicRandom::set_method(bool ours) {
  static const RAND_METHOD method = {nullptr, &draw, nullptr, nullptr, &draw, &always_seeded};
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  RAND_set_rand_method(ours ? &method : nullptr);
#pragma GCC diagnostic pop
}

DeterministicRandom::DeterministicRandom(std::uint64_t seed) : own_(seed), in_use_(&own_) {
  if (installed != nullptr) throw std::logic_error("OpenSSL's random numbers are set already");
  initialize_openssl();
  installed = this;
  set_method(true);
}

DeterministicRandom::~DeterministicRandom() {
  set_method(false);
  installed = nullptr;
}

DeterministicRandom::Use::Use(DeterministicRandom& random, Random& stream)
    : random_(random), previous_(random.in_use_) {
  random.in_use_ = &stream;
}

DeterministicRandom::Use::~Use() {
  random_.in_use_ = previous_;
}

}  // namespace tlsnic::host
