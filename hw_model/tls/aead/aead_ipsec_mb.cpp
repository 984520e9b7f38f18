// AES-GCM by intel-ipsec-mb's direct calls, which work on a context of the caller's.
#include <intel-ipsec-mb.h>

#include <algorithm>
#include <cstddef>
#include <memory>

#include "hw_model/tls/aead/gcm_engine.h"

namespace tlsnic::hw {
namespace {

// GcmState stands in for the library's context: field by field the same.
static_assert(sizeof(GcmState) == sizeof(gcm_context_data));
static_assert(offsetof(GcmState, ghash) == offsetof(gcm_context_data, aad_hash));
static_assert(offsetof(GcmState, aad_length) == offsetof(gcm_context_data, aad_length));
static_assert(offsetof(GcmState, text_length) == offsetof(gcm_context_data, in_length));
static_assert(offsetof(GcmState, key_stream) == offsetof(gcm_context_data, partial_block_enc_key));
static_assert(offsetof(GcmState, j0) == offsetof(gcm_context_data, orig_IV));
static_assert(offsetof(GcmState, counter) == offsetof(gcm_context_data, current_counter));
static_assert(offsetof(GcmState, partial_length) ==
              offsetof(gcm_context_data, partial_block_length));

gcm_context_data* context(GcmState& state) {
  return reinterpret_cast<gcm_context_data*>(&state);
}

struct FreeManager {
  void operator()(IMB_MGR* manager) const { free_mb_mgr(manager); }
};

class IpsecMbEngine final : public GcmEngine {
 public:
  IpsecMbEngine(Bytes key, const IMB_MGR& library) {
    const bool is_128 = key.size() == 16;
    init_ = is_128 ? library.gcm128_init : library.gcm256_init;
    encrypt_ = is_128 ? library.gcm128_enc_update : library.gcm256_enc_update;
    decrypt_ = is_128 ? library.gcm128_dec_update : library.gcm256_dec_update;
    finalize_ = is_128 ? library.gcm128_dec_finalize : library.gcm256_dec_finalize;
    ghash_ = library.ghash;
    (is_128 ? library.gcm128_pre : library.gcm256_pre)(key.data(), &expanded_);
  }

  void start(GcmState& state, const std::array<std::uint8_t, aead_nonce_size>& nonce,
             Bytes aad) const override {
    init_(&expanded_, context(state), nonce.data(), aad.data(), aad.size());
    // Some instruction sets leave a work value in the key stream here, others what was there
    // before.
    forget_used_key_stream(state);
  }

  void encrypt(GcmState& state, const std::uint8_t* in, std::uint8_t* out,
               std::size_t length) const override {
    encrypt_(&expanded_, context(state), out, in, length);
    make_canonical(state);
  }

  void decrypt(GcmState& state, const std::uint8_t* in, std::uint8_t* out,
               std::size_t length) const override {
    decrypt_(&expanded_, context(state), out, in, length);
    make_canonical(state);
  }

  void tag(const GcmState& state, std::uint8_t* out) const override {
    GcmState copy = state;  // finalizing wipes it
    finalize_(&expanded_, context(copy), out, aead_tag_size);
  }

 private:
  void make_canonical(GcmState& state) const {
    // With AVX-512, a piece of exactly 256 bytes after any unfinished block leaves its last block
    // complete but not multiplied, as an unfinished block of 16 bytes.
    if (state.partial_length == gcm_block_size) {
      GcmBlock block, product{};
      std::reverse_copy(state.ghash.begin(), state.ghash.end(), block.begin());
      ghash_(&expanded_, block.data(), block.size(), product.data(), product.size());
      std::reverse_copy(product.begin(), product.end(), state.ghash.begin());
      state.partial_length = 0;
    }
    forget_used_key_stream(state);
  }

  // The header asks for this alignment only when a macro of the library's own build is set.
  alignas(64) gcm_key_data expanded_;
  aes_gcm_init_t init_;
  aes_gcm_enc_dec_update_t encrypt_;
  aes_gcm_enc_dec_update_t decrypt_;
  aes_gcm_enc_dec_finalize_t finalize_;
  ghash_t ghash_;
};

}  // namespace

std::unique_ptr<GcmEngine> make_ipsec_mb_engine(Bytes key, const IMB_MGR& library) {
  return std::make_unique<IpsecMbEngine>(key, library);
}

const IMB_MGR* ipsec_mb_library() {
  // One per process: it is large, and made with a self-test.
  static const std::unique_ptr<IMB_MGR, void (*)(IMB_MGR*)> library = [] {
    std::unique_ptr<IMB_MGR, void (*)(IMB_MGR*)> made(alloc_mb_mgr(0), &free_mb_mgr);
    if (made) {
      IMB_ARCH chosen;
      init_mb_mgr_auto(made.get(), &chosen);
      if (imb_get_errno(made.get()) != 0) made.reset();
    }
    return made;
  }();
  return library.get();
}

}  // namespace tlsnic::hw
