#include "tests/scenarios/in_child.h"

#include <stdexcept>

#include "scenarios/check/jobs.h"

extern "C" int sc_main(int, char**) {
  return 0;
}

namespace tlsnic::testing {

nlohmann::json json_from_child(const std::function<nlohmann::ordered_json()>& body) {
  nlohmann::json json;
  scenarios::run_jobs({[&body] { return body().dump(); }}, 1,
                      [&json](std::size_t, const scenarios::JobResult& result) {
                        if (!result.ok) throw std::runtime_error(result.output);
                        json = nlohmann::json::parse(result.output);
                      });
  return json;
}

}  // namespace tlsnic::testing
