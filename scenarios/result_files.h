// packets.csv, records.csv and events.csv: what `tlsnic run --out DIR` leaves beside the summary.
#pragma once

#include <string>

#include "scenarios/run_result.h"

namespace tlsnic::scenarios {

std::string packets_csv(const RunResult& result);
std::string records_csv(const RunResult& result);
std::string events_csv(const RunResult& result);

}  // namespace tlsnic::scenarios
