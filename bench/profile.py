#!/usr/bin/env python3
"""Where the host's time goes in the two-ends benchmark: each unit's share of its own cost, adding up to 100 %.

usage: profile.py BENCH_TWO_ENDS [instructions|time] [MEGABYTES]

instructions  executed, by valgrind's callgrind: the same at each run, allowed everywhere (default; 32 MB)
time          sampled by perf, where the kernel permits it (1024 MB)

A line of code counts for the folder of its source, inlined or not; one of the C++ library's or GSL's headers for the folder
of the function that it was inlined into.
"""
import collections
import functools
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
RUNS = [(flows, loss) for loss in (0, 1) for flows in (1, 128)]
COPIES = re.compile(r"_*(mem|str|wmem)[a-z]*(_|$)")
ALLOCATION = re.compile(
    r"_*(int_|libc_|mid_)?(malloc|free|calloc|realloc|memalign)\b|operator (new|delete)"
    r"|unlink_chunk|sysmalloc|systrim|tcache|arena_get"
)
LIBRARIES = [
    ("libsystemc", "SystemC"),
    ("libIPSec_MB", "AES-GCM of the chip (intel-ipsec-mb)"),
    ("libcrypto", "OpenSSL"),
    ("libssl", "OpenSSL"),
    ("[kernel", "operating system"),
    ("ld-linux", "program start"),
]
HEADERS = re.compile(r"/(sysc|tlm_core|tlm_utils|systemc)\b")
REST = "rest"

# file: of the line. home: of the function whose machine code it is in.
Cost = collections.namedtuple("Cost", "object file home function amount")


@functools.lru_cache(None)
def folder(file):
    """The first two folders of a file of this repository; None for others."""
    parts = os.path.normpath(file).split("/")
    for first in range(len(parts)):
        inside = parts[first:]
        if len(inside) > 1 and os.path.isfile(os.path.join(ROOT, *inside)):
            return "/".join(inside[:-1][:2])
    return None


def unit(cost):
    if ALLOCATION.match(cost.function):
        return "allocation"
    name = os.path.basename(cost.object)
    if name.startswith("libc.") and COPIES.match(cost.function):
        return "memory: copy, compare, fill"
    for prefix, library in LIBRARIES:
        if name.startswith(prefix):
            return library
    if HEADERS.search(cost.file):
        return "SystemC"
    return folder(cost.file) or folder(cost.home) or REST


def run(command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def instructions(command, file):
    """Yields costs; returns what the command printed. The format is described in valgrind's manual."""
    tool = ["valgrind", "-q", "--tool=callgrind", "--compress-strings=no", "--compress-pos=no"]
    printed = run(tool + ["--callgrind-out-file=" + file] + command)
    names = dict.fromkeys(("ob", "fl", "fi", "fn"), "")
    is_call = False
    with open(file, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            key, equals, value = line.rstrip("\n").partition("=")
            if equals and key in ("ob", "fl", "fi", "fe", "fn"):
                names["fi" if key == "fe" else key] = value
                if key == "fl":
                    names["fi"] = value
            elif key == "calls":
                is_call = True
            elif line[0].isdigit():
                # What follows a call is the callee's cost.
                if not is_call:
                    yield Cost(names["ob"], names["fi"], names["fl"], names["fn"], int(line.split()[1]))
                is_call = False
    return printed


def time(command, file):
    """As above, in samples."""
    record = ["perf", "record", "-q", "-e", "cpu-clock", "-F", "4000", "-o", file]
    printed = run(record + command)
    script = run(["perf", "script", "-i", file, "--show-mmap-events", "-F", "ip,sym,dso"], stderr=subprocess.DEVNULL)
    binary = os.path.realpath(command[0])
    start = 0
    samples = []
    for line in script.splitlines():
        mapped = re.search(r"MMAP2? .*\[(0x\w+)\(\w+\) @ (\w+) .*: r-xp (.*)", line)
        sample = re.match(r"\s*([0-9a-f]+) (.*) \((.*)\)$", line)
        if mapped and os.path.realpath(mapped[3]) == binary:
            start = int(mapped[1], 16) - int(mapped[2], 0)
        elif sample:
            samples.append((int(sample[1], 16), sample[2], sample[3]))
    own = sorted({address - start for address, _, name in samples if name == binary})
    files = inlined_files(binary, own)
    for address, function, name in samples:
        at = files[address - start] if name == binary else ["", ""]
        yield Cost(name, at[0], at[-1], function, 1)
    return printed


def inlined_files(binary, addresses):
    """For each address the files of its lines, from what was inlined deepest to the function's own."""
    asked = "\n".join(map(hex, addresses))
    files = {}
    for line in run(["addr2line", "-a", "-i", "-e", binary], input=asked).splitlines():
        if line.startswith("0x"):
            here = files.setdefault(int(line, 16), [])
        else:
            here.append(line.rpartition(":")[0])
    return files


def measure(costs, command):
    shares = collections.Counter()
    with tempfile.TemporaryDirectory() as work:
        source = costs(command, os.path.join(work, "profile"))
        while True:
            try:
                cost = next(source)
            except StopIteration as end:
                return shares, int(end.value)
            shares[unit(cost)] += cost.amount


def main():
    kinds = {"instructions": (instructions, 32), "time": (time, 1024)}
    kind = sys.argv[2] if len(sys.argv) > 2 else "instructions"
    if len(sys.argv) < 2 or kind not in kinds:
        sys.exit(__doc__)
    costs, megabytes = kinds[kind]
    megabytes = sys.argv[3] if len(sys.argv) > 3 else str(megabytes)
    tables = [measure(costs, [sys.argv[1], megabytes, str(flows), str(loss)]) for flows, loss in RUNS]
    totals = [sum(shares.values()) for shares, _ in tables]
    units = {name for shares, _ in tables for name in shares}
    rows = {name: [100 * shares[name] / total for (shares, _), total in zip(tables, totals)] for name in units}
    small = [name for name in rows if max(rows[name]) < 0.1 and name != REST]
    for name in small:
        rows[REST] = [a + b for a, b in zip(rows.get(REST, [0] * len(RUNS)), rows.pop(name))]
    line = "{:37}" + "{:>18}" * len(RUNS)
    print(line.format("% of " + kind, *(f"{flows} fl. {loss} % loss" for flows, loss in RUNS)))
    for name in sorted(rows, key=lambda name: (name == REST, -sum(rows[name]))):
        print(line.format(name, *(f"{share:.1f}" for share in rows[name])))
    print(line.format("all", *(f"{sum(row):.1f}" for row in zip(*rows.values()))))
    if kind == "instructions":
        print(line.format("instructions per data packet", *(f"{t / n:.0f}" for t, (_, n) in zip(totals, tables))))


main()
