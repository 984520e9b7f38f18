#!/usr/bin/env python3
"""Holds the one-way rule between the folders of this repository.

usage: check_includes.py [ROOT]    (default: the repository that holds this file)

Prints one line per include that breaks the rule and exits with 1; exits with 0 if there is none.
"""
import pathlib
import re
import sys

# What each folder may include besides itself: prefixes of paths from the repository's root.
MAY_INCLUDE = {
    "protocol": [],
    "hw_model": ["protocol/"],
    "host_stack": ["protocol/"],
    "traces": ["protocol/"],
    "driver_shim": ["protocol/", "hw_model/abi/", "host_stack/netdev/"],
    # observe subscribes: it sees what is published, not who publishes it.
    "observe": [
        "protocol/",
        "hw_model/abi/",
        "hw_model/probe",
        "driver_shim/probe",
        "host_stack/probe",
        "host_stack/ktls/tls_stat.h",
    ],
    "scenarios": ["protocol/", "hw_model/", "host_stack/", "driver_shim/", "traces/", "observe/"],
    "app": ["scenarios/", "observe/", "traces/input_error.h"],
}
# Everybody may look at the product; the product looks at none of these.
OUTSIDE = ["tests", "bench", "examples"]

SOURCES = {".h", ".hpp", ".c", ".cc", ".cpp"}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def target_of(name, file, root):
    """The included file as a path from the root; None for a library's header."""
    top = name.split("/")[0]
    if top in MAY_INCLUDE or top in OUTSIDE:
        return name
    beside = (file.parent / name).resolve()
    if beside.is_file() and root in beside.parents:
        return beside.relative_to(root).as_posix()
    return None


def violations(root):
    for folder, allowed in MAY_INCLUDE.items():
        for file in sorted((root / folder).rglob("*")):
            if file.suffix not in SOURCES:
                continue
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
            for number, line in enumerate(lines, start=1):
                match = INCLUDE.match(line)
                target = match and target_of(match.group(1), file, root)
                if target and not target.startswith((folder + "/", *allowed)):
                    place = f"{file.relative_to(root).as_posix()}:{number}"
                    yield f"{place}: {folder} may not include {target}"


def main():
    here = pathlib.Path(__file__).resolve().parent.parent
    root = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else here
    if not any((root / folder).is_dir() for folder in MAY_INCLUDE):
        sys.exit(f"{root}: no folder of the project here, expected one of {', '.join(MAY_INCLUDE)}")
    found = list(violations(root))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
