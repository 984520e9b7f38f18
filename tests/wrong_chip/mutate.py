"""Writes the sources of the wrong chip: the product's, with every bug of the lists put in.

usage: mutate.py --list                 the files that have bugs in them, one per line
       mutate.py SOURCE_DIR OUTPUT_DIR  write them
"""

import pathlib
import re
import sys

import receive_bugs
import transmit_bugs

BUGS = receive_bugs.BUGS + transmit_bugs.BUGS
ASKED = re.compile(r'tlsnic_wrong\("(\w+)"\)')


def edits_by_file(bugs):
    """{file: [(text, replacement, bug)]}; raises ValueError if a bug is in no text, or unnamed."""
    files = {}
    asked = set()
    names = [name for name, _, _ in bugs]
    for name, _, edits in bugs:
        for file, text, replacement in edits:
            files.setdefault(file, []).append((text, replacement, name))
            asked.update(ASKED.findall(replacement))
    if len(set(names)) != len(names):
        raise ValueError("two bugs have the same name")
    if asked != set(names):
        raise ValueError(f"named or asked for, not both: {sorted(asked ^ set(names))}")
    return files


def mutate(source, edits, file):
    """The source with all edits; raises ValueError if a text is not in it exactly once."""
    places = []
    for text, replacement, bug in edits:
        count = source.count(text)
        if count != 1:
            raise ValueError(f"{file}: found the text of the bug '{bug}' {count} times, expected once "
                             f"(change it in tests/wrong_chip):\n{text}")
        places.append((source.index(text), text, replacement, bug))
    places.sort()
    out, at = ['#include "tests/wrong_chip/wrong.h"\n'], 0
    for start, text, replacement, bug in places:
        if start < at:
            raise ValueError(f"{file}: the text of the bug '{bug}' overlaps another one's")
        out += [source[at:start], replacement]
        at = start + len(text)
    return "".join(out) + source[at:]


def main(arguments):
    files = edits_by_file(BUGS)
    if arguments == ["--list"]:
        print("\n".join(sorted(files)))
        return 0
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    root, out = map(pathlib.Path, arguments)
    for file, edits in files.items():
        written = out / file
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(mutate((root / file).read_text(), edits, file))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (OSError, ValueError) as error:
        sys.exit(f"mutate.py: {error}")
