// Writes the captures linux-doc-reorder-good and linux-doc-reorder-bad: the two figures of the
// kernel's tls-offload document as segments and records. Segment 2 is in its place; a replay makes
// it late.
#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include "protocol/tls_record.h"
#include "tests/support/tls_capture.h"

namespace tlsnic::testing {
namespace {

constexpr std::size_t segment_size = 1448;
constexpr std::size_t lead_segments = 4;
constexpr std::size_t figure_segments = 5;
constexpr std::size_t tail_segments = 400;
constexpr std::size_t all_segments = lead_segments + figure_segments + tail_segments;
constexpr std::size_t stream_size = all_segments * segment_size;
constexpr std::size_t second_lead_record = 3000;  // so that segment 1 begins inside a record

// A record header as the figure draws it: in segment 1 to 5, that far into it.
struct Header {
  std::size_t segment = 0;
  double fraction = 0;
};

struct Figure {
  const char* name = "";
  std::vector<Header> headers;
};

// Where the records of the stream begin: the lead, the figure, and then one every two segments.
std::vector<std::size_t> record_starts(const Figure& figure) {
  std::vector<std::size_t> starts{0, second_lead_record};
  for (const Header& header : figure.headers)
    starts.push_back((lead_segments + header.segment - 1) * segment_size +
                     static_cast<std::size_t>(std::lround(header.fraction * segment_size)));
  while (starts.back() + 2 * segment_size < stream_size)
    starts.push_back(starts.back() + 2 * segment_size);
  starts.push_back(stream_size);
  return starts;
}

void write_figure(const std::string& folder, const Figure& figure) {
  Capture capture;
  OpensslOptions tls;
  tls.cipher = "ECDHE-ECDSA-AES128-GCM-SHA256";
  TlsConversation connection(capture, tls);
  connection.open();
  capture.advance(10'000'000);

  const std::size_t overhead = record_format(TlsVersion::tls12, TlsCipher::aes_gcm_128).overhead();
  const std::vector<std::size_t> starts = record_starts(figure);
  std::vector<std::size_t> sizes;
  for (std::size_t i = 1; i < starts.size(); ++i)
    sizes.push_back(starts[i] - starts[i - 1] - overhead);
  const std::vector<std::uint8_t> stream = connection.records(Side::server, sizes);
  if (stream.size() != stream_size) throw std::runtime_error("the records have other sizes");

  std::printf("%s: segments 1 to 5 are frames", figure.name);
  for (std::size_t i = 0; i < all_segments; ++i) {
    const bool is_figure = i >= lead_segments && i < lead_segments + figure_segments;
    const std::uint64_t gap_ns = i < lead_segments + figure_segments ? 2'000 : 20'000;
    connection.tcp().send(Side::server, Bytes(stream).subspan(i * segment_size, segment_size),
                          gap_ns / 2);
    if (is_figure) std::printf(" %zu", capture.frames.size());
    // None between the five segments, so that their frame numbers follow one another.
    if (i % 2 == 1 && !is_figure) connection.tcp().acknowledge(Side::client);
    capture.advance(gap_ns / 2);
  }
  std::printf("\n");
  connection.tcp().acknowledge(Side::client);
  connection.close(Side::server);
  write_capture(folder + "/" + figure.name, capture, connection.key_log());
}

}  // namespace
}  // namespace tlsnic::testing

int main(int argc, char** argv) {
  using namespace tlsnic::testing;
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_figure_captures FOLDER\n");
    return 2;
  }
  try {
    write_figure(argv[1], {"linux-doc-reorder-good", {{1, 0.48}, {3, 0.47}, {5, 0.47}}});
    write_figure(argv[1], {"linux-doc-reorder-bad", {{1, 0.48}, {2, 0.44}, {4, 0.51}}});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
