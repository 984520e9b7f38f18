// Key logs inside captures.
#pragma once

#include <string>

namespace tlsnic::traces {

// The TLS key log text of all Decryption Secrets Blocks of a pcapng file, wherever in the file they
// are, at most 256 MiB of it. Empty for other files, for pipes (reading would consume them), and
// from the first damage on: never throws for a bad file, since CaptureReader reports it.
std::string embedded_secrets(const std::string& path);

}  // namespace tlsnic::traces
