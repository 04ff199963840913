#!/usr/bin/env python3
"""A session that the daemon ends: for being idle, or because its account lost its role."""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness.build import program  # noqa: E402
from harness.fake_daemon import FakeDaemon  # noqa: E402
from harness.tap import equal, main, test  # noqa: E402
from harness.terminal import Terminal  # noqa: E402

PROMPT = "\nmx.example.com> "
KINDS = ("dumb", "xterm-256color")


def command_line(folder, *options):
    return [program("shell_probe"), "--private", str(folder), *options]


def through_c(folder, lines):
    return subprocess.run(command_line(folder, "-c", "; ".join(lines)), capture_output=True, timeout=60)


def through_input(folder, lines):
    return subprocess.run(command_line(folder), input="\n".join(lines).encode(), capture_output=True, timeout=60)


@test
def a_batch_whose_session_the_daemon_ended_says_why(world):
    for channel in (through_c, through_input):
        for method, lines in (("config.edit", ("put a", "say x", "commit")), ("hello", ("put a", "commit"))):
            daemon = FakeDaemon(world.folder, closed_behind=method)
            ended = channel(world.folder, lines)
            equal(ended.returncode, 6, f"exit status of {channel.__name__} behind {method}: {ended.stdout}")
            equal(b"The session was idle for 30 minutes.\n" in ended.stdout, True, f"{ended.stdout}")
            equal(daemon.committed, [], "committed")
            daemon.close()


@test
def a_person_whose_session_the_daemon_ended_is_told_at_the_prompt_and_leaves(world):
    for kind in KINDS:
        daemon = FakeDaemon(world.folder, closed_behind="hello")
        with Terminal(command_line(world.folder), kind) as terminal:
            terminal.wait("The session was idle for 30 minutes.\r\n")
            equal(terminal.end()[1], 6, f"exit status on {kind}")
        daemon.close()
        daemon = FakeDaemon(world.folder, closed_behind="config.edit")
        with Terminal(command_line(world.folder), kind) as terminal:
            terminal.wait(PROMPT)
            terminal.type("put a\n")
            terminal.wait("The session was idle for 30 minutes.\r\n")
            said, status = terminal.end()
            equal((status, "idle" in said), (7, False), f"exit status on {kind} with changes: {said}")
        daemon.close()


main()
