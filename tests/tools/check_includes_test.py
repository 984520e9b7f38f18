"""cmake/check_includes.py must find what breaks the rule, and only that."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECKER = pathlib.Path(__file__).resolve().parents[2] / "cmake" / "check_includes.py"


def check(files):
    """Runs the checker on a tree of {path: text}; gives its exit status and its lines."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            file = pathlib.Path(root, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        done = subprocess.run([sys.executable, CHECKER, root], capture_output=True, text=True)
        return done.returncode, done.stdout.splitlines()


class CheckIncludes(unittest.TestCase):
    def refused(self, path, include):
        folder = path.split("/")[0]
        status, lines = check({path: f'#pragma once\n#include "{include}"\n'})
        self.assertEqual(lines, [f"{path}:2: {folder} may not include {include}"])
        self.assertEqual(status, 1)

    def allowed(self, path, include):
        self.assertEqual(check({path: f'#include "{include}"\n'}), (0, []))

    def test_refuses_every_wrong_direction(self):
        self.refused("protocol/frame.h", "traces/keylog/key_log.h")
        self.refused("hw_model/mac/mac.cpp", "observe/packet_log.h")
        self.refused("hw_model/tls/walk.h", "host_stack/netdev/tls_dev.h")
        self.refused("host_stack/tcp/queue.cpp", "driver_shim/driver.h")
        self.refused("traces/capture/reader.cpp", "scenarios/replay.h")
        self.refused("driver_shim/driver.cpp", "hw_model/nic.h")
        self.refused("driver_shim/driver.cpp", "host_stack/ktls/rx.h")
        self.refused("observe/report.cpp", "hw_model/tls/context.h")
        self.refused("observe/report.cpp", "host_stack/ktls/rx.h")
        self.refused("scenarios/world.cpp", "app/options.h")
        self.refused("app/main.cpp", "hw_model/nic.h")
        self.refused("app/main.cpp", "traces/capture/capture_reader.h")
        self.refused("scenarios/world.cpp", "tests/support/capture_builder.h")

    def test_allows_the_right_direction(self):
        self.allowed("driver_shim/driver.cpp", "hw_model/abi/registers.h")
        self.allowed("driver_shim/driver.cpp", "host_stack/netdev/tls_dev.h")
        self.allowed("observe/report.cpp", "hw_model/probe.h")
        self.allowed("observe/report.cpp", "host_stack/ktls/tls_stat.h")
        self.allowed("scenarios/world.cpp", "hw_model/nic.h")
        self.allowed("app/main.cpp", "traces/input_error.h")
        self.allowed("hw_model/mac/mac.cpp", "hw_model/nic.h")
        self.allowed("protocol/bytes.h", "gsl/span")

    def test_sees_through_relative_includes_and_angle_brackets(self):
        status, lines = check(
            {"observe/log.h": "", "hw_model/mac.cpp": '# include "../observe/log.h"\n'}
        )
        self.assertEqual(lines, ["hw_model/mac.cpp:1: hw_model may not include observe/log.h"])
        self.assertEqual(status, 1)
        status, lines = check({"hw_model/mac.cpp": "#include <observe/log.h>\n"})
        self.assertEqual(len(lines), 1)
        self.assertEqual(status, 1)

    def test_a_comment_is_no_include(self):
        self.allowed("hw_model/mac.cpp", "protocol/frame.h")
        self.assertEqual(check({"hw_model/mac.cpp": '// #include "observe/log.h"\n'}), (0, []))

    def test_a_folder_without_the_project_is_an_error(self):
        self.assertEqual(check({"elsewhere/a.h": ""})[0], 1)


if __name__ == "__main__":
    unittest.main()
