// OpenSSL's random numbers, the same on every run: keys, nonces and signatures come out alike.
//
// Accuracy: every draw that OpenSSL makes (RAND_bytes and RAND_priv_bytes, all library contexts)
// is taken from the stream in use. Which draws those are is OpenSSL's: its portable elliptic curve
// code draws blinding values, too, so that the bytes after a first ECDSA signature may differ
// between processor architectures.
// Limitations: these numbers can be guessed. Nothing but a simulation may use them.
#pragma once

#include "protocol/random.h"

namespace tlsnic::host {

// For the process, as long as it lives. One at a time; std::logic_error otherwise.
class DeterministicRandom {
 public:
  // seed: of the stream that is in use when nobody asked for another.
  explicit DeterministicRandom(std::uint64_t seed);
  ~DeterministicRandom();
  DeterministicRandom(const DeterministicRandom&) = delete;
  DeterministicRandom& operator=(const DeterministicRandom&) = delete;

  // A stream of its own for what is done during its life, so that the numbers do not depend on what
  // else draws in between. No other SystemC process may run meanwhile. The DeterministicRandom and
  // the stream outlive it.
  class Use {
   public:
    Use(DeterministicRandom& random, Random& stream);
    ~Use();
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    DeterministicRandom& random_;
    Random* previous_;
  };

 private:
  static int draw(unsigned char* out, int size);  // as RAND_bytes()
  static void set_method(bool ours);

  Random own_;
  Random* in_use_;
};

}  // namespace tlsnic::host
