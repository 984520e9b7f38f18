#include "tests/scenarios/transmit_in_child.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

namespace tlsnic::testing {
namespace {

std::string run(const scenarios::ReplayOptions& options, driver::Personality personality) {
  nlohmann::ordered_json out;
  try {
    observe::PacketLog packets(nullptr, false);
    out["summary"] =
        observe::to_json(scenarios::run_transmit_replay(options, personality, packets));
  } catch (const std::exception& error) {
    out["error"] = error.what();
  }
  return out.dump();
}

}  // namespace

TransmitResult transmit_in_child(const scenarios::ReplayOptions& options,
                                 driver::Personality personality) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("pipe");
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    const std::string text = run(options, personality);
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t n = write(ends[1], text.data() + done, text.size() - done);
      if (n <= 0) _exit(3);
      done += static_cast<std::size_t>(n);
    }
    _exit(0);
  }
  close(ends[1]);
  std::string text;
  char buffer[65536];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) throw std::runtime_error(fmt::format("the replay died with status {}", status));
  const auto json = nlohmann::json::parse(text);
  TransmitResult result;
  if (json.contains("summary")) result.summary = json["summary"];
  if (json.contains("error")) result.error = json["error"];
  return result;
}

}  // namespace tlsnic::testing
