#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include "tests/hw_model/nic/in_child.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <exception>
#include <iostream>

extern "C" int sc_main(int, char**) {
  return 0;
}

namespace tlsnic::testing {
namespace {

unsigned failed_assertions = 0;

struct FailureCounter : Catch::TestEventListenerBase {
  using TestEventListenerBase::TestEventListenerBase;
  bool assertionEnded(const Catch::AssertionStats& stats) override {
    failed_assertions += stats.assertionResult.isOk() ? 0 : 1;
    return false;
  }
};
CATCH_REGISTER_LISTENER(FailureCounter)

}  // namespace

void in_child(const std::function<void()>& body, unsigned limit_seconds) {
  std::cout.flush();
  std::fflush(nullptr);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    alarm(limit_seconds);
    failed_assertions = 0;
    try {
      body();
    } catch (const std::exception& error) {
      std::cerr << "the test's world threw: " << error.what() << '\n';
      ++failed_assertions;
    } catch (...) {
      // A REQUIRE that failed; it has been reported.
      failed_assertions += failed_assertions == 0 ? 1 : 0;
    }
    std::cout.flush();
    std::fflush(nullptr);
    _exit(failed_assertions == 0 ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  INFO("exit status as of waitpid: " << status);
  CHECK(status == 0);
}

std::uint64_t number_from_child(const std::function<std::uint64_t()>& body) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  in_child([&] {
    const std::uint64_t number = body();
    CHECK(write(ends[1], &number, sizeof number) == sizeof number);
  });
  close(ends[1]);
  std::uint64_t number = 0;
  CHECK(read(ends[0], &number, sizeof number) == sizeof number);
  close(ends[0]);
  return number;
}

}  // namespace tlsnic::testing
