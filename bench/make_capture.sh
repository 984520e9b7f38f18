#!/usr/bin/env bash
# Makes a capture of real TLS for the benchmarks: usage() below says which. Needs root.
set -euo pipefail

port=4433
cipher=ECDHE-RSA-AES128-GCM-SHA256
attempts=3

usage() {
  cat >&2 <<'END'
usage: make_capture.sh OUT_PREFIX [MEGABYTES=220]

Writes OUT_PREFIX.pcap and OUT_PREFIX.keys: OpenSSL's server sends a random file of MEGABYTES (10^6 bytes) to
OpenSSL's client, TLS 1.2 with AES-128-GCM, 16 KiB records, MTU 1500, no segmentation offload, seen by the client.
END
  exit 2
}

die() {
  echo "make_capture: $*" >&2
  exit 1
}

[ $# -ge 1 ] && [ $# -le 2 ] && [[ ${2:-220} =~ ^[1-9][0-9]{0,4}$ ]] || usage
prefix=$1
bytes=$((${2:-220} * 1000000))
[ -d "$(dirname "$prefix")" ] || die "$prefix: no such folder"
for tool in ip ethtool tcpdump openssl; do command -v $tool >/dev/null || die "$tool is missing; ./dev bench installs it"; done

server=tlsnic-server-$$
client=tlsnic-client-$$
work=$(mktemp -d)
children=()

cleanup() {
  local child
  for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
  ip netns del $server 2>/dev/null || true
  ip netns del $client 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
  local left=$(($1 * 20))
  shift
  until "$@"; do
    [ $((left -= 1)) -gt 0 ] || return 1
    sleep 0.05
  done
}

# Offloads off, checksums too: the capture must hold what would be on a cable.
connect_namespaces() {
  ip netns add $server && ip netns add $client || return 1
  ip link add eth0 netns $server mtu 1500 type veth peer name eth0 netns $client || return 1
  local name address=1
  for name in $server $client; do
    ip -n $name address add 10.77.0.$address/24 dev eth0
    ip netns exec $name ethtool -K eth0 tx off rx off tso off gso off gro off
    ip -n $name link set eth0 up
    address=$((address + 1))
  done
  # Slower than the client reads, or the capture is full of zero windows. A kernel without tbf does without.
  ip netns exec $server tc qdisc add dev eth0 root tbf rate 400mbit burst 64kb limit 16mb || true
}

start_server() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=server -keyout "$work/key" -out "$work/cert" 2>"$work/log" ||
    die "openssl req: $(tail -n 1 "$work/log")"
  head -c "$bytes" /dev/urandom >"$work/data"
  (cd "$work" && exec ip netns exec $server openssl s_server -quiet -WWW -accept $port -tls1_2 -cipher $cipher \
    -cert cert -key key -keylogfile keys) >"$work/server.log" 2>&1 &
  children+=($!)
  wait_for 10 server_listens || die "openssl s_server: $(tail -n 1 "$work/server.log")"
}

server_listens() { ip netns exec $server ss -ltnH | grep -q ":$port "; }

# What the client reads ends with the file (the server puts an HTTP header before it).
download() {
  printf 'GET /data HTTP/1.0\r\n\r\n' |
    ip netns exec $client openssl s_client -quiet -connect 10.77.0.1:$port -tls1_2 2>"$work/client.log" >"$work/got" || true
  tail -c "$bytes" "$work/got" | cmp -s - "$work/data"
}

# One attempt; fails if the kernel had no room for a packet.
capture() {
  local dumper
  : >"$work/keys"
  ip netns exec $client tcpdump -i eth0 -n -s 0 -B 131072 -Z root -w "$work/pcap" tcp port $port 2>"$work/tcpdump.log" &
  dumper=$!
  children+=("$dumper")
  wait_for 10 grep -qs 'listening on' "$work/tcpdump.log" || die "tcpdump: $(tail -n 1 "$work/tcpdump.log")"
  download || die "the download failed: $(tail -n 1 "$work/client.log")"
  sleep 1
  kill -INT "$dumper"
  wait "$dumper" || true
  grep -q '^0 packets dropped by kernel' "$work/tcpdump.log"
}

connect_namespaces >"$work/log" 2>&1 ||
  die "cannot make network namespaces here (root with CAP_SYS_ADMIN is needed): $(tail -n 1 "$work/log")"
start_server
for ((attempt = 1; ; attempt++)); do
  capture && break
  [ $attempt -lt $attempts ] || die "tcpdump lost packets $attempts times: $(grep dropped "$work/tcpdump.log")"
done
mv "$work/pcap" "$prefix.pcap"
grep '^CLIENT_RANDOM ' "$work/keys" >"$prefix.keys"
echo "$prefix.pcap: $(sed -n 's/ packets captured//p' "$work/tcpdump.log") packets, $(stat -c %s "$prefix.pcap") bytes"
