// The same calls in software, in chips, and in chips below a link that loses and reorders: an
// application must not see a difference, and get what Linux returns.
#include <sys/mman.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>
#include <sstream>

#include "scenarios/check/jobs.h"
#include "tests/host_stack/syscalls/random_calls/worlds.h"

using namespace tlsnic;
using namespace tlsnic::host::test;

extern "C" int sc_main(int, char**) {
  return 0;
}

namespace {

constexpr std::uint64_t batch_size = 20;  // connections in one world
constexpr std::size_t kinds = std::size(all_world_kinds);
constexpr const char* kind_names[kinds] = {"software", "hardware", "hardware, lossy link"};

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

// Empty: all logs are the same and nothing is wrong in them.
std::string first_difference(const std::array<std::string, kinds>& logs) {
  std::array<std::vector<std::string>, kinds> lines;
  for (std::size_t i = 0; i < kinds; ++i) lines[i] = lines_of(logs[i]);
  for (std::size_t i = 0; i < kinds; ++i)
    for (std::size_t at = 0; at < lines[i].size(); ++at)
      if (lines[i][at].find("WRONG") != std::string::npos)
        return std::string(kind_names[i]) + ", line " + std::to_string(at) + ": " + lines[i][at];
  for (std::size_t at = 0; at < lines[0].size(); ++at)
    for (std::size_t i = 1; i < kinds; ++i) {
      const std::string other = at < lines[i].size() ? lines[i][at] : "nothing";
      if (other != lines[0][at])
        return "line " + std::to_string(at) + ": " + kind_names[0] + ": " + lines[0][at] + "\n" +
               kind_names[i] + ": " + other;
    }
  return {};
}

// Written by the processes that run the worlds.
std::atomic<std::uint64_t>* shared_numbers(std::size_t count) {
  void* const memory = mmap(nullptr, count * sizeof(std::atomic<std::uint64_t>),
                            PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  auto* const out = static_cast<std::atomic<std::uint64_t>*>(memory);
  for (std::size_t i = 0; i < count; ++i) new (&out[i]) std::atomic<std::uint64_t>(0);
  return out;
}

void check(const Batch& batch, const std::array<BatchResult, kinds>& results) {
  for (std::uint64_t i = 0; i < batch.count; ++i) {
    std::array<std::string, kinds> logs;
    bool is_there = true;
    for (std::size_t kind = 0; kind < kinds; ++kind) {
      is_there = is_there && i < results[kind].logs.size();
      if (is_there) logs[kind] = results[kind].logs[i];
    }
    if (!is_there) break;  // a world ended before, which was told
    INFO("again: TLSNIC_RANDOM_SEED=" << batch.first + i << " TLSNIC_RANDOM_CALLS=1");
    CHECK(first_difference(logs) == "");
  }
}

}  // namespace

// TLSNIC_RANDOM_CALLS: how many connections, TLSNIC_RANDOM_SEED: the first of their seeds.
TEST_CASE("random calls return the same in software, in chips and under loss") {
  const std::uint64_t first = number_from("TLSNIC_RANDOM_SEED", 1);
  const std::uint64_t count = number_from("TLSNIC_RANDOM_CALLS", 60);
  std::vector<Batch> batches;
  for (std::uint64_t done = 0; done < count; done += batch_size)
    batches.push_back({first + done, std::min(batch_size, count - done)});

  std::atomic<std::uint64_t>* const seeds = shared_numbers(batches.size() * kinds);
  std::vector<scenarios::Job> jobs;
  for (const Batch& batch : batches)
    for (const WorldKind kind : all_world_kinds)
      jobs.emplace_back([&batch, kind, at = &seeds[jobs.size()]] {
        return to_text(run_batch(kind, batch, *at));
      });

  std::array<BatchResult, kinds> results;
  std::array<BatchResult, kinds> totals;
  scenarios::run_jobs(jobs, 2, [&](std::size_t number, const scenarios::JobResult& result) {
    const std::size_t kind = number % kinds;
    if (!result.ok) {
      INFO(kind_names[kind] << ", again: TLSNIC_RANDOM_SEED=" << seeds[number]
                            << " TLSNIC_RANDOM_CALLS=1");
      CHECK(result.output == "");
    }
    results[kind] = result.ok ? from_text(result.output) : BatchResult();
    totals[kind].in_device += results[kind].in_device;
    totals[kind].retransmitted += results[kind].retransmitted;
    if (kind + 1 == kinds) check(batches[number / kinds], results);
  });
  munmap(seeds, batches.size() * kinds * sizeof *seeds);

  // The worlds are what they are called.
  if (count < batch_size) return;
  CHECK(totals[0].in_device == 0);
  CHECK(totals[1].in_device > 0);
  CHECK(totals[2].in_device > 0);
  CHECK(totals[0].retransmitted == 0);
  // A chip that overtakes itself looks like loss.
  CHECK(totals[1].retransmitted == 0);
  CHECK(totals[2].retransmitted > 0);
}
