#include "observe/output_directory.h"

#include <catch2/catch.hpp>
#include <cstdio>

#include "tests/observe/scratch.h"

using namespace tlsnic::observe;
using namespace tlsnic::testing;
namespace fs = std::filesystem;

namespace {

void write(const OutputDirectory& directory, const std::string& name, const char* text) {
  std::FILE* file = directory.open(name);
  std::fputs(text, file);
  std::fclose(file);
}

std::string error_of(const fs::path& path) {
  try {
    const OutputDirectory directory(path);
  } catch (const OutputError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("nothing is seen before commit, everything after") {
  const Scratch scratch;
  const fs::path out = scratch.path / "out";
  {
    OutputDirectory directory(out);
    write(directory, "summary.json", "{}");
    write(directory, "plaintext/a.bin", "a");
    CHECK_FALSE(fs::exists(out / "summary.json"));
    CHECK_FALSE(fs::exists(out / "plaintext"));
    directory.commit();
  }
  CHECK(content(out / "summary.json") == "{}");
  CHECK(content(out / "plaintext/a.bin") == "a");
  CHECK(std::distance(fs::directory_iterator(out), {}) == 2);  // nothing hidden is left
}

TEST_CASE("without commit nothing is left, folders above included") {
  const Scratch scratch;
  for (const char* name : {"out", "a/b/c", "a/b/c/", "a/../d/e"}) {
    INFO(name);
    {
      OutputDirectory directory(scratch.path / name);
      write(directory, "summary.json", "{}");
      write(directory, "plaintext/a.bin", "a");
    }
    CHECK(fs::is_empty(scratch.path));
  }
}

TEST_CASE("without commit an older result stays as it was") {
  const Scratch scratch;
  put(scratch.path / "out/summary.json", "old");
  put(scratch.path / "out/plaintext/stream-9.client.bin", "old");
  {
    OutputDirectory directory(scratch.path / "out");
    write(directory, "summary.json", "new");
    write(directory, "plaintext/stream-0.client.bin", "new");
  }
  CHECK(content(scratch.path / "out/summary.json") == "old");
  CHECK(content(scratch.path / "out/plaintext/stream-9.client.bin") == "old");
  CHECK_FALSE(fs::exists(scratch.path / "out/plaintext/stream-0.client.bin"));
  CHECK_FALSE(fs::exists(scratch.path / "out/.partial"));
}

TEST_CASE("commit replaces what has the same name and leaves the rest alone") {
  const Scratch scratch;
  put(scratch.path / "summary.json", "old");
  put(scratch.path / "plaintext/stream-9.client.bin", "old");
  put(scratch.path / "notes.txt", "mine");
  {
    OutputDirectory directory(scratch.path);
    write(directory, "summary.json", "new");
    write(directory, "plaintext/stream-0.client.bin", "new");
    directory.commit();
  }
  CHECK(content(scratch.path / "summary.json") == "new");
  CHECK(content(scratch.path / "plaintext/stream-0.client.bin") == "new");
  CHECK_FALSE(fs::exists(scratch.path / "plaintext/stream-9.client.bin"));
  CHECK(content(scratch.path / "notes.txt") == "mine");
}

TEST_CASE("what a killed run has left is no obstacle") {
  const Scratch scratch;
  put(scratch.path / ".partial/plaintext/stream-9.client.bin", "half");
  {
    OutputDirectory directory(scratch.path);
    write(directory, "summary.json", "new");
    directory.commit();
  }
  CHECK_FALSE(fs::exists(scratch.path / "plaintext"));
  CHECK_FALSE(fs::exists(scratch.path / ".partial"));
}

TEST_CASE("a directory that cannot be made is named, with the reason, and leaves nothing") {
  const Scratch scratch;
  put(scratch.path / "file", "mine");
  const fs::path below = scratch.path / "file/out";
  CHECK(error_of(below) == below.string() + ": cannot be created: Not a directory");
  CHECK(error_of(scratch.path / "file") ==
        (scratch.path / "file").string() + ": cannot be created: Not a directory");
  CHECK(content(scratch.path / "file") == "mine");
  const fs::path long_name = scratch.path / "a" / std::string(300, 'x');
  CHECK(error_of(long_name) == long_name.string() + ": cannot be created: File name too long");
  CHECK_FALSE(fs::exists(scratch.path / "a"));
  CHECK(error_of("/proc/none/out").rfind("/proc/none/out: cannot be created: ", 0) == 0);
}

TEST_CASE("a file that cannot be opened is named by its place in the result") {
  const Scratch scratch;
  const OutputDirectory directory(scratch.path / "out");
  fs::create_directory(directory.file("summary.json"));
  CHECK_THROWS_WITH(directory.open("summary.json"), (scratch.path / "out/summary.json").string() +
                                                        ": cannot be written: Is a directory");
}
