// Runs things in processes of their own: SystemC's kernel runs once per process.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace tlsnic::scenarios {

struct JobResult {
  bool ok = false;     // false: it threw, or its process died
  std::string output;  // what the job returned, or one line that says what went wrong
};

using Job = std::function<std::string()>;

// Runs the jobs, each in a child process, at most `parallel` (at least 1) at once; calls
// done(number, result) in the order of `jobs`, as soon as it can. Must be called before this
// process starts a simulation of its own. A job must not rely on what it does to the memory.
void run_jobs(const std::vector<Job>& jobs, std::size_t parallel,
              const std::function<void(std::size_t, const JobResult&)>& done);

// How many processors there are; at least 1.
std::size_t processor_count();

}  // namespace tlsnic::scenarios
