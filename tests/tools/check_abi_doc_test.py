"""cmake/check_abi_doc.py must lay structures out as the compiler does, and find every difference."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHECKER = ROOT / "cmake" / "check_abi_doc.py"
sys.path.insert(0, str(CHECKER.parent))
import check_abi_doc  # noqa: E402

HEADER = """
#ifndef TLSNIC_ABI_A_H
#define TLSNIC_ABI_A_H
#define TLSNIC_DB_ARM \\
  0x80cu /* asks for an interrupt */
struct tlsnic_entry {
  uint8_t kind;  /* of entry; not a field */
  uint32_t size;
  union {
    uint64_t address;
    uint8_t bytes[20];
  } body;
};
#endif
"""
DOCUMENT = """
| `TLSNIC_DB_ARM` | `0x80c` | see `TLSNIC_DB_*` |

### `struct tlsnic_entry`, 32 bytes

| 0 | `kind` | `uint8_t` | |
| 4 | `size` | `uint32_t` | |
| 8 | `body.address` | `uint64_t` | |
| 8 | `body.bytes` | `uint8_t[20]` | |
"""


def check(header, document):
    """Runs the checker on a tree of these two files; gives its exit status and its lines."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in ((check_abi_doc.HEADERS + "/a.h", header), (check_abi_doc.DOCUMENT, document)):
            file = pathlib.Path(root, path)
            file.parent.mkdir(parents=True)
            file.write_text(text)
        done = subprocess.run([sys.executable, "-B", CHECKER, root], capture_output=True, text=True)
        return done.returncode, done.stdout.splitlines()


class CheckAbiDoc(unittest.TestCase):
    def refused(self, before, after, complaint):
        self.assertIn(before, DOCUMENT)
        status, lines = check(HEADER, DOCUMENT.replace(before, after))
        self.assertEqual(status, 1)
        self.assertIn(f"{check_abi_doc.DOCUMENT}: {complaint}", lines)

    def test_accepts_a_true_document(self):
        self.assertEqual(check(HEADER, DOCUMENT), (0, []))

    def test_refuses_what_is_missing(self):
        self.refused("| `TLSNIC_DB_ARM` | `0x80c` |", "", "no row for TLSNIC_DB_ARM (0x80c)")
        self.refused(
            "### `struct tlsnic_entry`, 32 bytes",
            "### An entry",
            "no heading for struct tlsnic_entry with its 32 bytes",
        )
        row = "4 | `size` | `uint32_t`"
        self.refused(f"| {row} | |\n", "", f"struct tlsnic_entry: no row {row}")

    def test_refuses_what_is_different(self):
        self.refused("0x80c", "0x810", "TLSNIC_DB_ARM is said to be 0x810, the header says 0x80c")
        self.refused("32 bytes", "28 bytes", "struct tlsnic_entry is said to have 28 bytes, it has 32")
        self.refused("| 4 | `size`", "| 1 | `size`", "struct tlsnic_entry has no uint32_t size at 1")
        self.refused("`uint8_t[20]`", "`uint8_t[16]`", "struct tlsnic_entry has no uint8_t[16] body.bytes at 8")

    def test_refuses_unknown_names(self):
        self.refused("see `TLSNIC_DB_*`", "see `TLSNIC_DB_DISARM`", "TLSNIC_DB_DISARM is in no header")

    def test_a_folder_without_headers_is_an_error(self):
        self.assertEqual(check("", DOCUMENT)[0], 1)

    def test_the_compiler_lays_out_the_structures_so(self):
        headers = check_abi_doc.read_headers(ROOT)
        source = ["#include <stddef.h>"]
        source += [f'#include "{file}"' for file in sorted((ROOT / check_abi_doc.HEADERS).glob("*.h"))]
        for name, (size, _, fields) in headers.structs.items():
            source.append(f'_Static_assert(sizeof(struct {name}) == {size}, "{name}");')
            for offset, field, _ in fields:
                claim = f"offsetof(struct {name}, {field}) == {offset}"
                source.append(f'_Static_assert({claim}, "{name}.{field}");')
        for name, value in headers.constants.items():
            source.append(f'_Static_assert({name} == {value}u, "{name}");')
        self.assertGreater(len(source), 50)
        compiler = os.environ.get("CC", "cc")
        done = subprocess.run(
            [compiler, "-std=c11", f"-I{ROOT}", "-fsyntax-only", "-x", "c", "-"],
            input="\n".join(source) + "\n", capture_output=True, text=True,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
