// intel-ipsec-mb has different code per instruction set, and by itself a machine runs only its
// best. Here it runs each that it can: all must leave the same states, so that results travel.
#include <intel-ipsec-mb.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>

#include "hw_model/tls/aead/gcm_engine.h"
#include "tests/hw_model/tls/aead/reference.h"

namespace tlsnic::hw::testing {
namespace {

struct InstructionSet {
  const char* name;
  void (*init)(IMB_MGR*);
};
constexpr InstructionSet instruction_sets[] = {{"SSE", &init_mb_mgr_sse},
                                               {"AVX", &init_mb_mgr_avx},
                                               {"AVX2", &init_mb_mgr_avx2},
                                               {"AVX-512", &init_mb_mgr_avx512}};

// From each byte to the end, against the OpenSSL back end, which leads.
void continue_from_everywhere(const GcmEngine& engine, const Record& record, Direction direction) {
  const GcmKey key(record.key, AeadBackend::openssl);
  const Buffer& in = direction.in(record);
  Buffer out(in.size());
  GcmState at_cut, at_end, other;
  engine.start(other, record.nonce, record.aad);
  key.start(at_cut, record.nonce, record.aad);
  if (other != at_cut) FAIL("another state at the start");
  at_end = at_cut;
  direction.run(key, at_end, in.data(), out.data(), in.size());
  for (std::size_t cut = 0; cut < in.size(); ++cut) {
    other = at_cut;
    std::fill(out.begin(), out.end(), std::uint8_t{0});
    const std::size_t rest = in.size() - cut;
    direction.decrypting ? engine.decrypt(other, &in[cut], &out[cut], rest)
                         : engine.encrypt(other, &in[cut], &out[cut], rest);
    if (other != at_end) FAIL("another state, cut at " << cut);
    if (!std::equal(out.begin() + static_cast<std::ptrdiff_t>(cut), out.end(),
                    direction.out(record).begin() + static_cast<std::ptrdiff_t>(cut)))
      FAIL("wrong text, cut at " << cut);
    Tag tag;
    engine.tag(other, tag.data());
    if (tag != record.tag) FAIL("wrong tag, cut at " << cut);
    direction.run(key, at_cut, &in[cut], &out[cut], 1);
  }
}

}  // namespace

TEST_CASE("Every instruction set of intel-ipsec-mb leaves the same states") {
  int tried = 0;
  for (const InstructionSet& set : instruction_sets) {
    const std::unique_ptr<IMB_MGR, void (*)(IMB_MGR*)> library(alloc_mb_mgr(0), &free_mb_mgr);
    if (!library) continue;
    set.init(library.get());
    if (imb_get_errno(library.get()) != 0) continue;  // not on this machine
    ++tried;
    for (std::size_t key_size : {16, 32})
      for (std::size_t size : {1, 16, 17, 100, 256, 300, 777, 1448, 4096})
        for (Direction direction : directions) {
          CAPTURE(set.name, key_size, size, direction.decrypting);
          const Record record = sample_record(key_size, 13, size);
          continue_from_everywhere(*make_ipsec_mb_engine(record.key, *library), record, direction);
        }
  }
  CHECK((tried > 0 || !available(AeadBackend::ipsec_mb)));
}

}  // namespace tlsnic::hw::testing
