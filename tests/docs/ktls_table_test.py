#!/usr/bin/env python3
"""Holds the tables of docs/ktls.md to the tests that they name.

usage: ktls_table_test.py [ROOT]    (default: the repository that holds this file)

A test is named by its file's link and its name: [label] `name`, `another of the same file`. Each file and
each test must be there, each test whose name begins with "ktls: " must be named, and each row of a table
with a column "test" must have a test or say "none: " and why. Prints one line for each fault and exits
with 1; exits with 0 if there is none.
"""
import pathlib
import re
import sys

DOCUMENT = "docs/ktls.md"
PREFIX = "ktls: "

LINK = re.compile(r"^\[([\w-]+)\]: (\S+)$", re.M)
NAMED = re.compile(r"\[([\w-]+)\]((?:,? `[^`]+`)+)")
TEST_CASE = re.compile(r'\bTEST_CASE\s*\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)')
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')


def tests_in(file):
    """The names of a source file's tests."""
    found = TEST_CASE.findall(file.read_text(encoding="utf-8"))
    return {re.sub(r"\\(.)", r"\1", "".join(LITERAL.findall(name))) for name in found}


def rows_without(text):
    """(line number, row) of rows in a column "test" with neither a test nor a reason."""
    column = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("|"):
            column = None
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if column is None:
            column = cells.index("test") if "test" in cells else -1
        elif column >= 0 and not set(line) <= set("|- "):
            cell = cells[column] if column < len(cells) else ""
            if not NAMED.search(cell) and not re.search(r"\bnone: \S", cell):
                yield number, line


def faults_of(root):
    document = root / DOCUMENT
    text = document.read_text(encoding="utf-8")
    links = dict(LINK.findall(text))
    tests = {}  # label -> names
    for label, path in links.items():
        file = document.parent / path
        if file.is_file():
            tests[label] = tests_in(file)
        else:
            yield f"{DOCUMENT}: [{label}]: there is no file {path}"

    named = set()  # (path, name)
    used = set()
    for number, line in enumerate(text.splitlines(), 1):
        for label, names in NAMED.findall(line):
            used.add(label)
            if label not in links:
                yield f"{DOCUMENT}:{number}: [{label}] is no link to a file"
                continue
            for name in re.findall(r"`([^`]+)`", names):
                named.add((str((document.parent / links[label]).resolve()), name))
                if label in tests and name not in tests[label]:
                    yield f"{DOCUMENT}:{number}: {links[label]} has no test \"{name}\""
    for label in links.keys() - used:
        yield f"{DOCUMENT}: [{label}] is used by no row"

    for number, row in rows_without(text):
        yield f"{DOCUMENT}:{number}: neither a test nor a reason (\"none: ...\"): {row}"

    found = 0
    for file in sorted((root / "tests").rglob("*.cpp")):
        for name in sorted(tests_in(file)):
            if not name.startswith(PREFIX):
                continue
            found += 1
            if (str(file.resolve()), name) not in named:
                yield f"{DOCUMENT}: no row for \"{name}\" of {file.relative_to(root)}"
    if found == 0 or not named:
        yield f"{DOCUMENT}: no tests found in it or in the tree"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
    faults = list(faults_of(root))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
