// The chip's AES-GCM at the sizes in which packets bring it, and OpenSSL's own on whole records.
#include "hw_model/tls/aead/aead.h"

#include <benchmark/benchmark.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace tlsnic::hw {
namespace {

constexpr std::size_t record_size = max_record_plaintext;
constexpr std::size_t aad_size = 13;
constexpr std::size_t mtu_piece = 1448;  // TCP payload at an MTU of 1500 with timestamps

constexpr std::array<std::uint8_t, aead_nonce_size> nonce{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

std::vector<std::uint8_t> bytes(std::size_t size) {
  return std::vector<std::uint8_t>(size, 0x5a);
}

// Arguments: key size in bytes, piece size in bytes. A pass decrypts one record and takes its tag.
void record_in_pieces(benchmark::State& run, AeadBackend backend) {
  if (!available(backend)) return run.SkipWithError("back end not available");
  const auto piece = static_cast<std::size_t>(run.range(1));
  const GcmKey key(bytes(static_cast<std::size_t>(run.range(0))), backend);
  const auto aad = bytes(aad_size);
  auto text = bytes(record_size);
  std::uint8_t tag[aead_tag_size];
  for (auto _ : run) {
    GcmState state;
    key.start(state, nonce, aad);
    for (std::size_t at = 0; at < record_size; at += piece)
      key.decrypt(state, &text[at], &text[at], std::min(piece, record_size - at));
    key.tag(state, tag);
    benchmark::DoNotOptimize(tag);
  }
  run.SetBytesProcessed(static_cast<std::int64_t>(run.iterations() * record_size));
}

// One call per pass, no start and no tag: what a piece costs by itself.
void one_piece(benchmark::State& run, AeadBackend backend) {
  if (!available(backend)) return run.SkipWithError("back end not available");
  const auto piece = static_cast<std::size_t>(run.range(1));
  const GcmKey key(bytes(static_cast<std::size_t>(run.range(0))), backend);
  auto text = bytes(piece);
  GcmState state;
  key.start(state, nonce, {});
  for (auto _ : run) {
    key.decrypt(state, text.data(), text.data(), piece);
    benchmark::ClobberMemory();
  }
  run.SetBytesProcessed(static_cast<std::int64_t>(run.iterations() * piece));
}

// The reference. EVP goes through the record in the same pieces; its context is re-used, as
// applications do, and takes nonce and additional data anew for each record.
void evp_record(benchmark::State& run) {
  const bool is_128 = run.range(0) == 16;
  const auto piece = static_cast<std::size_t>(run.range(1));
  const std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)> context(EVP_CIPHER_CTX_new(),
                                                                           &EVP_CIPHER_CTX_free);
  const auto key = bytes(static_cast<std::size_t>(run.range(0)));
  const auto aad = bytes(aad_size);
  auto text = bytes(record_size);
  std::uint8_t tag[aead_tag_size];
  int written = 0;
  EVP_EncryptInit_ex(context.get(), is_128 ? EVP_aes_128_gcm() : EVP_aes_256_gcm(), nullptr,
                     key.data(), nullptr);
  for (auto _ : run) {
    int ok = EVP_EncryptInit_ex(context.get(), nullptr, nullptr, nullptr, nonce.data());
    ok &= EVP_EncryptUpdate(context.get(), nullptr, &written, aad.data(), aad_size);
    for (std::size_t at = 0; at < record_size; at += piece)
      ok &= EVP_EncryptUpdate(context.get(), &text[at], &written, &text[at],
                              static_cast<int>(std::min(piece, record_size - at)));
    ok &= EVP_EncryptFinal_ex(context.get(), tag, &written);
    ok &= EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, aead_tag_size, tag);
    if (ok != 1) return run.SkipWithError("OpenSSL refused");
    benchmark::DoNotOptimize(tag);
  }
  run.SetBytesProcessed(static_cast<std::int64_t>(run.iterations() * record_size));
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"key", "piece"});
  for (int key : {16, 32})
    for (std::size_t piece : {std::size_t{16}, mtu_piece, record_size})
      benchmark->Args({key, static_cast<std::int64_t>(piece)});
}

BENCHMARK_CAPTURE(record_in_pieces, ipsec_mb, AeadBackend::ipsec_mb)->Apply(sizes);
BENCHMARK_CAPTURE(record_in_pieces, openssl, AeadBackend::openssl)->Apply(sizes);
BENCHMARK(evp_record)->Apply(sizes);
BENCHMARK_CAPTURE(one_piece, ipsec_mb, AeadBackend::ipsec_mb)
    ->ArgNames({"key", "piece"})
    ->Args({16, 1})
    ->Args({16, mtu_piece});
BENCHMARK_CAPTURE(one_piece, openssl, AeadBackend::openssl)
    ->ArgNames({"key", "piece"})
    ->Args({16, 1})
    ->Args({16, mtu_piece});

}  // namespace
}  // namespace tlsnic::hw

BENCHMARK_MAIN();
