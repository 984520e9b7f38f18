#!/usr/bin/env bash
# Replay against tshark and against the bare AEAD, on one capture, in one run.
# usage: bench/replay.sh [MEGABYTES=220]
set -euo pipefail

root=$(dirname "$(dirname "$(readlink -f "$0")")")
build=$root/build/bench
megabytes=${1:-220}
capture=$build/capture-$megabytes

[ -s "$capture.pcap" ] || bash "$root/bench/make_capture.sh" "$capture" "$megabytes"

# best_of COUNT COMMAND...: the shortest run's seconds of wall clock, its CPU seconds, the largest resident set in KiB.
best_of() {
  local count=$1
  shift
  for _ in $(seq "$count"); do
    python3 - "$@" <<'END'
import resource, subprocess, sys, time
start = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
wall = time.perf_counter() - start
use = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{wall:.3f} {use.ru_utime + use.ru_stime:.3f} {use.ru_maxrss}")
END
  done | sort -n | head -n 1
}

replay=("$build/app/tlsnic" replay "$capture.pcap" --quiet)
read -r replay_wall replay_cpu replay_kib < <(best_of 5 "${replay[@]}")
# With it tshark decrypts all of the capture, without it only up to the first segment out of order.
tshark=(tshark -r "$capture.pcap" -o "tls.keylog_file:$capture.keys" -o tcp.reassemble_out_of_order:TRUE -q)
read -r follow_wall follow_cpu _ < <(best_of 2 "${tshark[@]}" -z follow,tls,raw,0)
read -r dissect_wall dissect_cpu _ < <(best_of 2 "${tshark[@]}" -z io,stat,0)
read -r decrypt_wall decrypt_cpu _ < <(best_of 2 "${tshark[@]}" -z io,stat,0 --disable-protocol http)
read -r aead_seconds aead_bytes < <(for _ in 1 2 3 4 5; do "$build/bench/bench_aead_pieces" "$capture.pcap"; done | sort -n | head -n 1)
hashed=("${replay[@]}" --json "$build/replay.json")
read -r hashed_wall _ _ < <(best_of 5 "${hashed[@]}")

python3 - "$build/replay.json" "$capture.pcap" <<END
import json, os, sys
run = json.load(open(sys.argv[1]))
frames, events = run["frames"], run["systemc_events"]
server = run["flows"][0]["server_to_client"]
print(f"capture               {os.path.getsize(sys.argv[2]) / 1e6:.0f} MB, {frames} packets, {server['records']['total']} records, "
      f"{server['packets']['decrypted']} packets decrypted")
print(f"tlsnic replay         $replay_wall s wall, $replay_cpu s CPU: {frames / $replay_wall / 1e3:.0f} thousand packets/s; peak resident {$replay_kib / 1024:.1f} MiB")
print(f"  with SHA-256        $hashed_wall s wall (--json)")
for name, wall, cpu in (("follow,tls,raw", $follow_wall, $follow_cpu), ("dissect all", $dissect_wall, $dissect_cpu),
                        ("HTTP left out", $decrypt_wall, $decrypt_cpu)):
    print(f"tshark {name:14} {wall:.2f} s wall, {cpu:.2f} s CPU: {wall / $replay_wall:.1f} times as long as replay "
          f"(CPU: {cpu / $replay_cpu:.1f} times)")
print(f"bare AEAD             $aead_seconds s for $aead_bytes bytes: {100 * $aead_seconds / $replay_wall:.0f} % of replay")
print(f"SystemC               {events / frames:.2f} timed events per packet")
END
