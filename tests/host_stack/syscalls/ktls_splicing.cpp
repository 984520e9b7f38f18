// Groups B and C of the kernel's self-tests (facts 5.1): sendfile(), splice() and vmsplice().
#include <fcntl.h>

#include <utility>

#include "tests/host_stack/syscalls/ktls_pair.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

constexpr std::size_t largest_record = 16384;

long splice_out(const TcpPair& pair, const PipeEnds& pipe, std::size_t size, unsigned flags = 0) {
  return pair.receiver.process.splice(pair.receiver.fd, nullptr, pipe.write_end, nullptr, size,
                                      flags);
}
long splice_in(const TcpPair& pair, const PipeEnds& pipe, std::size_t size, unsigned flags = 0) {
  return pair.sender.process.splice(pipe.read_end, nullptr, pair.sender.fd, nullptr, size, flags);
}
long write_to(const PipeEnds& pipe, const std::vector<std::uint8_t>& data) {
  return pipe.process.write(pipe.write_end, data.data(), data.size());
}

}  // namespace

TEST_CASE("ktls: sendfile: a real file goes out") {
  const KtlsPair pair(any_variation());
  Process& process = pair.sender.process;
  const int file = process.open(TLSNIC_SOURCE_DIR "/LICENSE", O_RDONLY);
  REQUIRE(file >= 0);
  const auto size = process.lseek(file, 0, SEEK_END);
  REQUIRE(size > 0);
  REQUIRE(process.lseek(file, 0, SEEK_SET) == 0);
  CHECK(process.sendfile(pair.sender.fd, file, nullptr, static_cast<std::size_t>(size)) == size);
  CHECK(process.lseek(file, 0, SEEK_CUR) == size);

  const Received got = pair.receiver.recv(static_cast<std::size_t>(size), MSG_WAITALL);
  REQUIRE(process.lseek(file, 0, SEEK_SET) == 0);
  std::vector<std::uint8_t> contents(static_cast<std::size_t>(size));
  REQUIRE(process.read(file, contents.data(), contents.size()) == size);
  CHECK((got.data == contents));
  process.close(file);
}

TEST_CASE("ktls: send_then_sendfile: a record, then the whole file") {
  const KtlsPair pair(any_variation());
  Process& process = pair.sender.process;
  const auto contents = random_bytes(100'000);
  const int file = open_file_of(process, contents);
  CHECK(pair.sender.send("header") == 6);
  CHECK(pair.receiver.recv(6, MSG_WAITALL).data == bytes_of("header"));
  off_t offset = 0;
  CHECK(process.sendfile(pair.sender.fd, file, &offset, contents.size()) == 100'000);
  CHECK(offset == 100'000);
  CHECK(process.lseek(file, 0, SEEK_CUR) == 0);
  CHECK((pair.receiver.recv(contents.size(), MSG_WAITALL).data == contents));
  CHECK(process.sendfile(pair.sender.fd, file, &offset, 1) == 0);
  process.close(file);
}

TEST_CASE("ktls: multi_chunk_sendfile: 19 pairs of chunk and extra size") {
  const KtlsPair pair(any_variation());
  Process& process = pair.sender.process;
  const std::pair<std::size_t, std::size_t> sizes[] = {
      {1, 999},      {999, 1},       {4096, 0},      {4096, 1},     {4096, 4095},
      {4096, 4096},  {4095, 4096},   {1448, 1448},   {1448, 14000}, {8192, 8192},
      {8191, 8193},  {5000, 10'000}, {100, 15'360},  {300, 4096},   {12'288, 4},
      {12'287, 400}, {15'360, 1},    {15'360, 1024}, {2048, 14'336}};
  static_assert(std::size(sizes) == 19);
  for (const auto& [chunk, extra] : sizes) {
    INFO("chunk " << chunk << ", extra " << extra);
    const auto contents = random_bytes(chunk + extra, chunk);
    const int file = open_file_of(process, contents);
    off_t offset = 0;
    while (offset < static_cast<off_t>(contents.size())) {
      const auto rest = contents.size() - static_cast<std::size_t>(offset);
      REQUIRE(process.sendfile(pair.sender.fd, file, &offset, chunk) ==
              static_cast<long>(std::min(chunk, rest)));
    }
    REQUIRE((pair.receiver.recv(contents.size(), MSG_WAITALL).data == contents));
    process.close(file);
  }
}

TEST_CASE("ktls: splice_from_pipe: a full record out of a pipe") {
  const KtlsPair pair(any_variation());
  const PipeEnds pipe(pair.sender.process);
  const auto data = random_bytes(largest_record);
  REQUIRE(write_to(pipe, data) == 16384);
  CHECK(splice_in(pair, pipe, largest_record) == 16384);
  CHECK((pair.receiver.recv(largest_record, MSG_WAITALL).data == data));
}

TEST_CASE("ktls: splice_from_pipe2: twice 8000 bytes out of a pipe") {
  const KtlsPair pair(any_variation());
  const PipeEnds pipe(pair.sender.process);
  const auto data = random_bytes(16'000);
  const std::vector<std::uint8_t> first(data.begin(), data.begin() + 8000);
  const std::vector<std::uint8_t> second(data.begin() + 8000, data.end());
  REQUIRE(write_to(pipe, first) == 8000);
  CHECK(splice_in(pair, pipe, 8000) == 8000);
  REQUIRE(write_to(pipe, second) == 8000);
  CHECK(splice_in(pair, pipe, 8000) == 8000);
  CHECK((pair.receiver.recv(data.size(), MSG_WAITALL).data == data));
}

TEST_CASE("ktls: send_and_splice: a record by send(), the next by splice()") {
  const KtlsPair pair(any_variation());
  const PipeEnds pipe(pair.sender.process);
  CHECK(pair.sender.send("test_read") == 9);
  CHECK(pair.receiver.recv(9, MSG_WAITALL).data == bytes_of("test_read"));
  const auto data = random_bytes(largest_record);
  REQUIRE(write_to(pipe, data) == 16384);
  CHECK(splice_in(pair, pipe, largest_record) == 16384);
  CHECK((pair.receiver.recv(largest_record, MSG_WAITALL).data == data));
}

TEST_CASE("ktls: splice_more: 32 one-byte splices with SPLICE_F_MORE are taken, one byte each") {
  const KtlsPair pair(any_variation());
  const PipeEnds pipe(pair.sender.process);
  for (int i = 0; i < 32; ++i) {
    REQUIRE(write_to(pipe, {static_cast<std::uint8_t>(i)}) == 1);
    REQUIRE(splice_in(pair, pipe, 1, SPLICE_F_MORE) == 1);
  }
}

TEST_CASE("ktls: splice_more: SPLICE_F_MORE leaves the record open") {
  const KtlsPair pair(any_variation());
  const PipeEnds pipe(pair.sender.process);
  const auto data = random_bytes(9);
  for (int i = 0; i < 9; ++i) {
    pair.wait_long();
    CHECK(pair.receiver.recv(9, MSG_DONTWAIT).error == EAGAIN);
    REQUIRE(write_to(pipe, {data[i]}) == 1);
    REQUIRE(splice_in(pair, pipe, 1, i < 8 ? SPLICE_F_MORE : 0) == 1);
  }
  const Received got = pair.receiver.recvmsg(9);
  CHECK((got.data == data));
  CHECK(pair.records_sent() == 1);
  CHECK((got.flags & MSG_EOR) != 0);
}

TEST_CASE("ktls: splice_short: 48 one-byte buffers and 256 bytes in one splice") {
  const KtlsPair pair(any_variation());
  Process& process = pair.sender.process;
  const PipeEnds pipe(process, O_NONBLOCK, 64 * 4096);
  std::vector<std::uint8_t> expected = random_bytes(48 + 256);
  for (std::size_t i = 0; i < 48; ++i) {
    const iovec one{&expected[i], 1};
    REQUIRE(process.vmsplice(pipe.write_end, &one, 1, 0) == 1);
  }
  REQUIRE(process.write(pipe.write_end, expected.data() + 48, 256) == 256);
  CHECK(splice_in(pair, pipe, 48 + 4096) == 48 + 256);
  CHECK((pair.receiver.recv(expected.size(), MSG_WAITALL).data == expected));
  CHECK(pair.receiver.recv(1, MSG_DONTWAIT).error == EAGAIN);
}

TEST_CASE("ktls: splice_to_pipe: a full record into a pipe") {
  const KtlsPair pair(any_variation());
  const PipeEnds pipe(pair.receiver.process);
  const auto data = random_bytes(largest_record);
  CHECK(pair.sender.send(data) == 16384);
  CHECK(splice_out(pair, pipe, largest_record) == 16384);
  CHECK((pipe.read(largest_record) == data));
}

TEST_CASE("ktls: splice_to_pipe_small: a full record through a pipe of one page") {
  const KtlsPair pair(any_variation());
  const PipeEnds pipe(pair.receiver.process, O_NONBLOCK, 4096);
  const auto data = random_bytes(15'000);
  CHECK(pair.sender.send(data) == 15'000);
  std::vector<std::uint8_t> got;
  while (got.size() < data.size()) {
    const long moved = splice_out(pair, pipe, data.size() - got.size());
    REQUIRE(moved > 0);
    REQUIRE(moved <= 4096);
    const auto piece = pipe.read(4096);
    REQUIRE(static_cast<long>(piece.size()) == moved);
    got.insert(got.end(), piece.begin(), piece.end());
  }
  CHECK((got == data));
}

TEST_CASE("ktls: recv_and_splice: half a record by recv(), the rest by splice()") {
  const KtlsPair pair(any_variation());
  const PipeEnds pipe(pair.receiver.process);
  const auto data = random_bytes(largest_record);
  CHECK(pair.sender.send(data) == 16384);
  auto got = pair.receiver.recv(largest_record / 2, MSG_WAITALL).data;
  CHECK(got.size() == largest_record / 2);
  CHECK(splice_out(pair, pipe, largest_record) == 8192);
  const auto rest = pipe.read(largest_record);
  got.insert(got.end(), rest.begin(), rest.end());
  CHECK((got == data));
}

TEST_CASE("ktls: peek_and_splice: what was peeked is spliced, too") {
  const KtlsPair pair(any_variation());
  const PipeEnds pipe(pair.receiver.process);
  const auto data = random_bytes(largest_record);
  CHECK(pair.sender.send(data) == 16384);
  const auto peeked = pair.receiver.recv(largest_record / 2, MSG_PEEK).data;
  CHECK(peeked.size() == largest_record / 2);
  CHECK(std::equal(peeked.begin(), peeked.end(), data.begin()));
  CHECK(splice_out(pair, pipe, largest_record) == 16384);
  CHECK((pipe.read(largest_record) == data));
}

TEST_CASE("ktls: splice_cmsg_to_pipe: a control record cannot be spliced, nor lost") {
  const KtlsPair pair(any_variation());
  const PipeEnds pipe(pair.receiver.process);
  CHECK(pair.sender.send_control(100, "control") == 7);
  CHECK(error_of(splice_out(pair, pipe, 100)) == EINVAL);
  CHECK(pair.receiver.recv(100).error == EIO);
  const Received got = pair.receiver.recvmsg(100);
  CHECK(got.data == bytes_of("control"));
  CHECK(got.type == 100);
}

TEST_CASE("ktls: splice_dec_cmsg_to_pipe: the same after a recv() has decrypted it") {
  const KtlsPair pair(any_variation());
  const PipeEnds pipe(pair.receiver.process);
  CHECK(pair.sender.send_control(100, "control") == 7);
  CHECK(pair.receiver.recv(100).error == EIO);
  CHECK(error_of(splice_out(pair, pipe, 100)) == EINVAL);
  const Received got = pair.receiver.recvmsg(100);
  CHECK(got.data == bytes_of("control"));
  CHECK(got.type == 100);
}
