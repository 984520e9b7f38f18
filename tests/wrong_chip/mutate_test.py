"""Tests of mutate.py: a list that does not fit the sources stops the build, and says where."""

import unittest

import mutate

BUG = ("b", "wrong", [("f.cpp", "x = 1;", 'x = tlsnic_wrong("b") ? 2 : 1;')])


class Mutate(unittest.TestCase):
    def refused(self, source, edits):
        with self.assertRaises(ValueError) as caught:
            mutate.mutate(source, edits, "f.cpp")
        return str(caught.exception)

    def test_replaces_and_keeps_the_rest(self):
        out = mutate.mutate("a;\nx = 1;\ny = 2;\n", [("y = 2;", "y = 3;", "c"), ("x = 1;", "x = 0;", "b")], "f")
        self.assertEqual(out, '#include "tests/wrong_chip/wrong.h"\na;\nx = 0;\ny = 3;\n')

    def test_text_that_is_gone(self):
        self.assertIn("f.cpp: found the text of the bug 'b' 0 times", self.refused("y = 1;", [("x = 1;", "", "b")]))

    def test_text_that_is_there_twice(self):
        self.assertIn("2 times, expected once", self.refused("x = 1; x = 1;", [("x = 1;", "", "b")]))

    def test_texts_that_overlap(self):
        self.assertIn("overlaps", self.refused("x = 1;", [("x = ", "", "b"), ("= 1", "", "c")]))

    def test_names(self):
        self.assertEqual(list(mutate.edits_by_file([BUG])), ["f.cpp"])
        for bugs in ([BUG, BUG], [BUG, ("c", "asked nowhere", [])], [("c", "another name", BUG[2])]):
            with self.assertRaises(ValueError):
                mutate.edits_by_file(bugs)

    def test_lists_of_the_wrong_chip(self):
        self.assertGreater(len(mutate.BUGS), 40)
        for name, text, _ in mutate.BUGS:
            self.assertNotIn("|", text, name)
        mutate.edits_by_file(mutate.BUGS)


if __name__ == "__main__":
    unittest.main()
