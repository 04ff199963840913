#!/usr/bin/env python3
"""What a failed test tells whoever broke it."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.golden import same
from harness.tap import equal, main, test, true
from harness.terminal import Terminal


def failure(action):
    try:
        action()
    except AssertionError as error:
        return str(error)
    raise AssertionError("nothing failed")


@test
def a_difference_from_a_golden_file_is_shown_as_lines_with_how_to_take_it_over(world):
    golden = world.folder / "all.session"
    golden.write_text("".join(f"line {n}\n" for n in range(1000)))
    same(golden.read_text(), golden)
    said = failure(lambda: same(golden.read_text().replace("line 500\n", "another\n"), golden))
    true(said.startswith("all.session differs; if this is meant: test_harness.py --accept\n"), said)
    equal(said.splitlines()[4:], [" line 499", "-line 500", "+another", " line 501"], "the lines")
    said = failure(lambda: same("", golden))
    true(len(said.splitlines()) < 100 and "lines more" in said, f"{len(said)} bytes")


@test
def a_program_that_does_not_end_is_not_waited_for_without_a_deadline(world):
    with Terminal(["/bin/sh", "-c", "echo said; exec sleep 600"], "dumb") as terminal:
        terminal.wait("said")
        said = failure(lambda: terminal.end(seconds=0.1))
        true(said.startswith("waited for its end, saw "), said)


@test
def words_that_no_test_has_are_told(world):
    done = subprocess.run([sys.executable, __file__, "no", "such", "sentence"], capture_output=True, text=True, timeout=60)
    equal((done.returncode, done.stdout), (1, "1..0\n"), "status and output")
    equal(done.stderr, "no test has these words in its name: no such sentence\n", "what it says")


main()
