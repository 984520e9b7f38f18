#include "tests/app/run_program.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

namespace tlsnic::testing {
namespace {

void redirect(const std::string& path, int flags, int descriptor) {
  const int file = open(path.c_str(), flags, 0600);
  if (file < 0 || dup2(file, descriptor) < 0) _exit(126);
}

}  // namespace

ProgramResult run_program(const std::string& directory, const std::vector<std::string>& arguments) {
  // Apart from the directory in which it runs, so that a test sees only what the program leaves.
  const ScratchDirectory output;
  std::vector<std::string> words{TLSNIC_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork");
  if (child == 0) {
    if (chdir(directory.c_str()) != 0) _exit(126);
    redirect("/dev/null", O_RDONLY, STDIN_FILENO);
    redirect(output.file("out"), O_WRONLY | O_CREAT, STDOUT_FILENO);
    redirect(output.file("err"), O_WRONLY | O_CREAT, STDERR_FILENO);
    execv(pointers[0], pointers.data());
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(output.file("out")),
          read_file(output.file("err"))};
}

std::vector<std::string> tree(const std::string& directory) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
    out.push_back(std::filesystem::relative(entry.path(), directory).string());
  std::sort(out.begin(), out.end());
  return out;
}

SmallCapture::SmallCapture() {
  tls = talk_tls(made, tls12(), [this](TlsConversation& conversation) {
    conversation.send_records(Side::client, {100});
    server_data = made.capture.frames.size() + 1;
    conversation.send_records(Side::server, {1000, 5000});
  });
  write_capture(directory.file("x"), made.capture, made.key_log);
}

void SmallCapture::write(const std::string& name, const std::string& text) const {
  write_file(directory.file(name),
             Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

}  // namespace tlsnic::testing
