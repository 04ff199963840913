#!/usr/bin/env python3
"""What a failed test tells whoever broke it."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import processes
from harness.build import TESTS, close_listener, wait_until
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


SCRIPT = f"""
import os, sys
sys.path.insert(0, {str(TESTS)!r})
from harness.tap import main, test

@test
def it_waits_for_what_does_not_come(world):
    world.callback(print, "what it opened is closed")
    try:
        os.read(os.pipe()[0], 1)
    except Exception:
        print("taken for an answer")

@test
def the_next_one_has_its_turn(world):
    pass

main()
"""


def run_script(world, *words, **environment):
    path = world.folder / "script.py"
    path.write_text(SCRIPT)
    return subprocess.run([*words, f"{sys.executable} {path}"] if words else [sys.executable, path], timeout=60,
                          capture_output=True, text=True, env={**os.environ, **environment}).stdout


@test
def a_test_that_hangs_fails_with_the_line_that_waits_and_the_others_have_their_turn(world):
    said = run_script(world, MAILWARD_TEST_LIMIT="1")
    lines = said.splitlines()
    equal(lines[:3], ["1..2", "what it opened is closed", "not ok 1 - it waits for what does not come"], "the first lines")
    true("#     os.read(os.pipe()[0], 1)" in lines and "not done after 1 s" in said, said)
    equal(lines[-1], "ok 2 - the next one has its turn", "the last line")


@test
def a_program_that_hangs_is_ended_with_the_place_where_it_waits(world):
    said = run_script(world, TESTS / "run", "--limit", "2")
    true(re.search(r'script\.py", line \d+ in it_waits_for_what_does_not_come', said), said)
    true("not done after 2 s\n" in said and said.endswith("0 passed, 2 failed\n"), said)


@test
def what_a_program_left_behind_ends_with_it(world):
    program = "sh -c 'sleep 100 & echo $!; echo 1..1; echo ok 1 - done'"
    said = subprocess.run([TESTS / "run", "--verbose", program], timeout=60, capture_output=True, text=True).stdout
    pid = int(said.split()[3])
    wait_until(lambda: processes.is_gone(pid), "its end")


@test
def a_daemon_that_a_program_left_behind_holds_nobody_up(world):
    program = "sh -c 'setsid sleep 100 & echo $!; echo 1..1; echo ok 1 - done'"
    said = subprocess.run([TESTS / "run", "--limit", "50", "--verbose", program], timeout=60, capture_output=True,
                          text=True).stdout
    os.kill(int(said.split()[3]), signal.SIGKILL)
    true(said.endswith("\n1 passed, 0 failed\n"), said)


@test
def typing_at_a_program_that_takes_nothing_has_an_end(world):
    with Terminal(["/bin/sh", "-c", "stty raw -echo; echo said; exec sleep 600"], "dumb") as terminal:
        terminal.wait("said")
        said = failure(lambda: terminal.type("x" * 1_000_000, seconds=0.1))
        true(said.startswith("takes no more at b'xxx"), said[:100])
    with Terminal(["/bin/sh", "-c", "echo said"], "dumb") as terminal:
        terminal.wait("said")
        said = failure(lambda: terminal.type("x" * 1_000_000))
        true(said.startswith("ended before it took "), said[:100])


@test
def a_thread_that_waits_at_a_socket_of_a_test_ends_with_it(world):
    listener = world.enter_context(socket.create_server(("127.0.0.1", 0)))
    datagrams = world.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    datagrams.bind(("127.0.0.1", 0))
    for one, wait in ((listener, listener.accept), (datagrams, lambda: datagrams.recvfrom(100))):

        def run(wait=wait):
            with contextlib.suppress(OSError):
                wait()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        processes.wait_for_rest(thread.native_id)
        close_listener(one)
        thread.join(20)
        true(not thread.is_alive(), f"it waits on at {one}")


@test
def quick_start_tells_what_it_would_do_and_takes_nothing_else(world):
    script = world.folder / "tests" / "quick-start"  # a copy: what it built would be there
    script.parent.mkdir()
    shutil.copy(TESTS / "quick-start", script)
    wanted = {("-h",): (0, "Usage: "), ("--help",): (0, "Usage: "), ("fast",): (2, "quick-start takes no arguments")}
    for words, (status, text) in wanted.items():
        done = subprocess.run([script, *words], capture_output=True, text=True, timeout=60)
        equal(done.returncode, status, f"status of {words}")
        true(text in (done.stderr if status else done.stdout), f"{words}: {done.stdout}{done.stderr}")
    equal(list(world.folder.iterdir()), [script.parent], "what is there")


main()
