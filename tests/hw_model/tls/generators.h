// Random streams of records for the properties of both directions.
#pragma once

#include <rapidcheck.h>

#include <vector>

#include "tests/hw_model/tls/record_stream.h"

namespace tlsnic::testing {

// Plaintext bytes of 1 to about 6 records, from 0 to 16384 with the edges well represented.
inline rc::Gen<std::vector<std::size_t>> record_sizes() {
  auto size = rc::gen::oneOf(rc::gen::element<std::size_t>(0, 1, 15, 16, 17, 1448, 16383, 16384),
                             rc::gen::inRange<std::size_t>(0, 200),
                             rc::gen::inRange<std::size_t>(0, 16385));
  return rc::gen::resize(
      6, rc::gen::nonEmpty(rc::gen::container<std::vector<std::size_t>>(std::move(size))));
}

// Of a version and a cipher that the chip knows.
inline rc::Gen<TrafficKeys> any_keys() {
  return rc::gen::apply(test_keys, rc::gen::element(TlsVersion::tls12, TlsVersion::tls13),
                        rc::gen::element(TlsCipher::aes_gcm_128, TlsCipher::aes_gcm_256));
}

}  // namespace tlsnic::testing
