#!/usr/bin/env python3
"""The table of requirements (tests/requirements): that it tells what is not proved, and that nothing of ours is not."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.build import TESTS
from harness.tap import equal, main, test, true

SCRIPT = f"""#!/usr/bin/env python3
import sys
sys.path.insert(0, {str(TESTS)!r})
from harness.tap import Skip, main, proves, test, true

@test
@proves("A-1 A-2")
def the_good_one(world):
    pass

@test
@proves("%s")
def the_other_one(world):
    %s

@test
def one_that_proves_nothing(world):
    true(False, "it was run")

main()
"""


def judge(world, table, rows="A-2", body="pass", options=()):
    """Runs the tool on a table and a script of two proofs; returns its status and its lines in words."""
    script, path = world.folder / "test_one.py", world.folder / "table.tsv"
    script.write_text(SCRIPT % (rows, body))
    script.chmod(0o755)
    path.write_text("# a comment\n" + "".join("\t".join(row) + "\n" for row in table))
    line = [TESTS / "requirements", "--table", path, *options, script]
    run = subprocess.run(line, capture_output=True, text=True, timeout=60)
    equal(run.stderr, "", "standard error")
    return run.returncode, [" ".join(line.split()) for line in run.stdout.splitlines()]


TWO = [("A-1", "first"), ("A-2", "second")]


@test
def each_row_is_printed_with_its_tests_and_the_last_line_is_a_count(world):
    wanted = [
        "A-1 pass first one: the good one",
        "A-2 pass second one: the good one",
        "A-2 pass second one: the other one",
        "2 rows: 2 pass",
    ]
    equal(judge(world, TWO), (0, wanted), "status and output")


@test
def a_row_without_a_test_and_a_proof_of_no_row_are_told(world):
    status, lines = judge(world, [*TWO, ("A-3", "third")])
    equal((status, lines[-2:]), (1, ["A-3 NO TEST third", "3 rows: 2 pass, 1 NO TEST"]), "a row without a test")
    status, lines = judge(world, TWO, rows="A-4")
    equal((status, lines[-2]), (1, "test_one.py: 'the other one' proves A-4, which is not in the table"), "no row")


@test
def a_test_that_fails_dies_or_is_skipped_proves_nothing(world):
    for body, result in (("true(False, 'no')", "FAIL"), ("sys.exit(3)", "FAIL"), ("raise Skip('here')", "skipped")):
        status, lines = judge(world, TWO, body=body)
        true(f"A-2 {result} second one: the other one" in lines, lines)
        equal((status, lines[-1]), (1, f"2 rows: 1 pass, 1 {result}"), f"after {body}")


@test
def a_note_must_be_true(world):
    good = [
        *TWO,
        ("A-3", "advice", "doc tests/README.md: Running"),
        ("A-4", "future", "later: with the next step"),
    ]
    status, lines = judge(world, good)
    equal((status, lines[-1]), (0, "4 rows: 2 pass, 1 doc, 1 later"), "good notes")
    wrong = (("doc tests/README.md: Nowhere",), ("doc tests/nowhere.md: Running",), ("soon",))
    for note in wrong:
        status, lines = judge(world, [*TWO, ("A-3", "third", *note)])
        equal((status, lines[-1]), (1, "3 rows: 2 pass, 1 BAD NOTE"), f"note {note}")
    for kind, result, wanted in (("later", "BAD NOTE", 1), ("partly", "partly", 0)):
        status, lines = judge(world, [TWO[0], ("A-2", "second", f"{kind}: why")])
        equal((status, lines[-1]), (wanted, f"2 rows: 1 pass, 1 {result}"), f"{kind} on a row with a test")
    status, lines = judge(world, [*TWO, ("A-3", "third", "partly: why")])
    equal((status, lines[-1]), (1, "3 rows: 2 pass, 1 NO TEST"), "partly without a test")


@test
def a_list_runs_nothing(world):
    status, lines = judge(world, TWO, body="sys.exit(3)", options=("--list",))
    equal((status, lines[-1]), (0, "2 rows: 2 found"), "the list")


@test
def every_row_of_ours_has_a_test_or_says_why_not(world):
    scripts = sorted(TESTS.glob("system/test_*.py"))
    run = subprocess.run([TESTS / "requirements", "--list", *scripts], capture_output=True, text=True, timeout=120)
    equal(run.returncode, 0, f"status: {run.stdout[-2000:]}{run.stderr}")


main()
