#include "scenarios/check/jobs.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <optional>

namespace tlsnic::scenarios {
namespace {

struct Child {
  std::size_t number = 0;
  pid_t pid = -1;
  int from = -1;
  std::string output;  // the first byte says whether the job threw
};

bool write_all(int to, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t n = write(to, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<std::size_t>(n);
  }
  return true;
}

[[noreturn]] void run_child(const Job& job, int to) {
  std::string output;
  try {
    output = '+' + job();
  } catch (const std::exception& error) {
    output = std::string("-") + error.what();
  }
  const bool written = write_all(to, output);
  std::fflush(stderr);
  // Destructors and buffers of standard output are the parent's.
  _exit(written ? 0 : 1);
}

std::optional<Child> start(const std::vector<Job>& jobs, std::size_t number) {
  int ends[2];
  if (pipe(ends) != 0) return std::nullopt;
  std::fflush(stdout);
  const pid_t pid = fork();
  if (pid == 0) {
    close(ends[0]);
    run_child(jobs[number], ends[1]);
  }
  close(ends[1]);
  if (pid > 0) return Child{number, pid, ends[0], {}};
  close(ends[0]);
  return std::nullopt;
}

JobResult finish(Child& child) {
  close(child.from);
  int status = 0;
  while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status))
    return {false, fmt::format("the run died of signal {}", WTERMSIG(status))};
  if (status != 0 || child.output.empty())
    return {false, fmt::format("the run ended with status {}", WEXITSTATUS(status))};
  return {child.output[0] == '+', child.output.substr(1)};
}

// Waits for output of any child and reads it. Returns those that have ended.
std::vector<Child> read_some(std::vector<Child>& running) {
  std::vector<pollfd> waiting;
  for (const Child& child : running) waiting.push_back({child.from, POLLIN, 0});
  if (poll(waiting.data(), waiting.size(), -1) < 0) return {};
  std::vector<Child> ended;
  static char buffer[1 << 16];
  for (std::size_t i = waiting.size(); i-- > 0;) {
    if (waiting[i].revents == 0) continue;
    const ssize_t n = read(running[i].from, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n > 0) {
      running[i].output.append(buffer, static_cast<std::size_t>(n));
      continue;
    }
    ended.push_back(std::move(running[i]));
    running.erase(running.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return ended;
}

}  // namespace

std::size_t processor_count() {
  return static_cast<std::size_t>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
}

void run_jobs(const std::vector<Job>& jobs, std::size_t parallel,
              const std::function<void(std::size_t, const JobResult&)>& done) {
  std::vector<Child> running;
  std::map<std::size_t, JobResult> early;  // ended before others that come first
  std::size_t started = 0;
  std::size_t told = 0;
  while (told < jobs.size()) {
    while (started < jobs.size() && running.size() < std::max<std::size_t>(1, parallel)) {
      if (std::optional<Child> child = start(jobs, started))
        running.push_back(std::move(*child));
      else if (running.empty())
        early[started] = {false, fmt::format("no process for the run: {}", std::strerror(errno))};
      else
        break;  // when one of those that run has ended, there is room
      ++started;
    }
    if (!running.empty())
      for (Child& child : read_some(running)) early[child.number] = finish(child);
    for (auto next = early.find(told); next != early.end(); next = early.find(++told)) {
      done(told, next->second);
      early.erase(next);
    }
  }
}

}  // namespace tlsnic::scenarios
