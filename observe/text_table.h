// Tables for a terminal.
#pragma once

#include <string>
#include <vector>

namespace tlsnic::observe {

using TableRow = std::vector<std::string>;

// Columns as wide as their widest cell, two spaces apart; the last one is left ragged.
std::string text_table(const std::vector<TableRow>& rows);

}  // namespace tlsnic::observe
