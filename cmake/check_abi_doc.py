#!/usr/bin/env python3
"""Holds docs/programming-interface.md to what the headers in hw_model/abi say.

usage: check_abi_doc.py [ROOT]    (default: the repository that holds this file)

The document has a table row `NAME` | `VALUE` for every constant, and for every structure a heading
with its name and its size in bytes, followed by rows OFFSET | `FIELD` | `TYPE`. Prints one line for
each thing that is missing, different or unknown and exits with 1; exits with 0 if there is none.
"""
import pathlib
import re
import sys

DOCUMENT = "docs/programming-interface.md"
HEADERS = "hw_model/abi"
SCALARS = {"uint8_t": 1, "uint16_t": 2, "uint32_t": 4, "uint64_t": 8}

DEFINE = re.compile(r"^\s*#\s*define\s+(\w+)[ \t]+(\w+)\s*$", re.M)
FIELD = re.compile(r"(?P<type>struct \w+|\w+) (?P<name>\w+)(?:\[(?P<count>\w+)\])?;")
UNION = re.compile(r"union \{(?P<body>[^}]*)\} (?P<name>\w+);")
STRUCT = re.compile(r"struct (\w+) \{((?:[^{}]|\{[^{}]*\})*)\};")
HEADING = re.compile(r"^#+ .*`struct (\w+)`.*?(\d+) bytes")


class Headers:
    """Constants and structures, laid out as a C compiler for a 64-bit machine does."""

    def __init__(self, texts):
        self.constants = {}  # name -> value
        self.structs = {}  # name -> (size, alignment, [(offset, field, type)])
        clean = [re.sub(r"/\*.*?\*/", " ", text, flags=re.S).replace("\\\n", " ") for text in texts]
        for text in clean:
            for name, value in DEFINE.findall(text):
                self.constants[name] = int(value.rstrip("uU"), 0)
        waiting = [found for text in clean for found in STRUCT.findall(text)]
        # A structure may contain one that another header declares.
        while waiting:
            later = [found for found in waiting if not self.lay_out(*found)]
            if len(later) == len(waiting):
                raise ValueError("structures with unknown fields: " + ", ".join(n for n, _ in later))
            waiting = later

    def size_of(self, field):
        """(bytes, alignment, type as the document writes it), or None if not known yet."""
        kind = field["type"]
        if kind in SCALARS:
            size = alignment = SCALARS[kind]
        elif kind.startswith("struct ") and kind[7:] in self.structs:
            size, alignment, _ = self.structs[kind[7:]]
        else:
            return None
        if field["count"] is None:
            return size, alignment, kind
        count = self.constants.get(field["count"]) or int(field["count"], 0)
        return size * count, alignment, f"{kind}[{field['count']}]"

    def lay_out(self, name, body):
        body = " ".join(body.split())
        fields, end, widest = [], 0, 1
        while body:
            union = UNION.match(body)
            found = union or FIELD.match(body)
            if not found:
                raise ValueError(f"struct {name}: cannot read: {body}")
            members = list(FIELD.finditer(union["body"])) if union else [found]
            sizes = [self.size_of(member) for member in members]
            if None in sizes:
                return False
            alignment = max(a for _, a, _ in sizes)
            start = -(-end // alignment) * alignment
            prefix = union["name"] + "." if union else ""
            for member, (_, _, kind) in zip(members, sizes):
                fields.append((start, prefix + member["name"], kind))
            end = start + max(size for size, _, _ in sizes)
            widest = max(widest, alignment)
            body = body[found.end() :].lstrip()
        self.structs[name] = (-(-end // widest) * widest, widest, fields)
        return True


def read_headers(root):
    return Headers([file.read_text() for file in sorted((root / HEADERS).glob("*.h"))])


class Document:
    def __init__(self, text):
        self.constants = {}  # name -> [value as written]
        self.structs = {}  # name -> (size, [(offset, field, type)])
        self.mentions = set(re.findall(r"\b(?:TLSNIC|tlsnic)_\w+\b(?!\*)", text))
        rows = None
        for line in text.splitlines():
            if line.startswith("#"):
                found = HEADING.match(line)
                rows = []
                if found:
                    self.structs[found[1]] = (int(found[2]), rows)
                continue
            cells = [cell.strip().strip("`") for cell in line.strip().strip("|").split(" | ")]
            if len(cells) >= 2 and cells[0].startswith("TLSNIC_"):
                self.constants.setdefault(cells[0], []).append(cells[1])
            elif rows is not None and len(cells) >= 3 and cells[0].isdigit():
                rows.append((int(cells[0]), cells[1], cells[2]))


def is_value(text, value):
    try:
        return int(text, 0) == value
    except ValueError:
        return False


def differences(headers, document):
    for name, value in headers.constants.items():
        if name not in document.constants:
            yield f"no row for {name} ({value:#x})"
        for text in document.constants.get(name, []):
            if not is_value(text, value):
                yield f"{name} is said to be {text}, the header says {value:#x}"
    for name, (size, _, fields) in headers.structs.items():
        if name not in document.structs:
            yield f"no heading for struct {name} with its {size} bytes"
            continue
        said_size, rows = document.structs[name]
        if said_size != size:
            yield f"struct {name} is said to have {said_size} bytes, it has {size}"
        for row in fields:
            if row not in rows:
                yield f"struct {name}: no row {row[0]} | `{row[1]}` | `{row[2]}`"
        for row in rows:
            if row not in fields:
                yield f"struct {name} has no {row[2]} {row[1]} at {row[0]}"
    known = headers.constants.keys() | headers.structs.keys()
    for name in sorted(document.mentions - known):
        if not name.endswith("_"):  # TLSNIC_STATUS_*
            yield f"{name} is in no header"


def main():
    here = pathlib.Path(__file__).resolve().parent.parent
    root = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else here
    headers = read_headers(root)
    if not headers.constants or not headers.structs:
        sys.exit(f"{root / HEADERS}: found no programming interface")
    found = list(differences(headers, Document((root / DOCUMENT).read_text())))
    for line in found:
        print(f"{DOCUMENT}: {line}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
