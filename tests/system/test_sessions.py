#!/usr/bin/env python3
"""What becomes of a session and its changes: the idle limit, and a control process that dies under a batch."""

import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.api import edit  # noqa: E402
from harness.build import program, wait_until  # noqa: E402
from harness.tap import equal, main, test, true  # noqa: E402
from harness.terminal import Terminal  # noqa: E402

HOST = socket.gethostname()
IDLE = "The session was idle for 5 minutes and was ended; changes that were not committed are lost."
KINDS = ("dumb", "xterm-256color")


def shell(world, instance, kind="dumb"):
    """The real shell on a pseudo-terminal."""
    return Terminal([program("mailward"), "--private", str(instance.folder)], kind, 0, 0, world.folder)


def impatient(world):
    """An instance whose sessions end after the least idle limit that there is."""
    instance = world.instance()
    instance.configure(edit("access", idle_limit=5))
    return instance


def timeout_in_force(instance):
    with instance.api() as api:
        return api.rows("antispam", running=True)[0]["timeout"]


@test
def a_session_that_is_idle_for_too_long_is_told_so_and_its_changes_are_gone(world):
    instance = impatient(world)
    with instance.api() as idle, instance.api() as follower:
        idle.edit(edit("antispam", timeout=44))
        follower.send("tail", log="mail_logs", follow=True)
        instance.pass_idle(4)
        with instance.api() as other:
            equal(len(other.must("who")["sessions"]), 3, "sessions below the limit")
        idle.must("whoami")  # from here on it is idle
        instance.pass_idle(6)
        equal(idle.receive(), {"closed": IDLE, "code": "unreachable"}, "the last frame")
        true(idle.is_closed(), "and then the connection ends")
        with instance.api() as other:
            equal(len(other.must("who")["sessions"]), 2, "a request in work, the tail, is no idleness")
    equal(timeout_in_force(instance), 60, "nothing was committed")


@test
def a_person_who_is_idle_is_told_at_the_prompt_and_the_shell_ends(world):
    instance = impatient(world)
    for kind in KINDS:
        for command, status in (("whoami", 6), ("antispamconfig setup on --timeout=44", 7)):
            with shell(world, instance, kind) as terminal:
                terminal.wait(f"\n{HOST}> ")
                terminal.type(command + "\r")
                terminal.wait(f"\n{HOST}> ")
                instance.pass_idle(6)
                terminal.wait(IDLE)
                equal(terminal.end()[1], status, f"exit status on {kind} after {command}")
    equal(timeout_in_force(instance), 60, "nothing was committed")


@test
def a_person_who_is_idle_in_front_of_a_question_loses_the_session_too(world):
    instance = impatient(world)
    for kind in KINDS:
        with shell(world, instance, kind) as terminal:
            terminal.wait(f"\n{HOST}> ")
            terminal.type("antispamconfig setup on --timeout=44\rantispamconfig\r")
            terminal.wait("[]> ")
            instance.pass_idle(6)
            terminal.wait(IDLE)
            equal(terminal.end()[1], 7, f"exit status on {kind}")
    equal(timeout_in_force(instance), 60, "nothing was committed")


class Batch:
    """A batch whose lines come one after the other."""

    def __init__(self, instance, *options):
        command = [program("mailward"), "--private", str(instance.folder), *options]
        pipes = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
        self.process = subprocess.Popen(command, text=True, **pipes)

    def says(self, line, wanted):
        """The batch is given a line, and answers with this one."""
        print(line, file=self.process.stdin, flush=True)
        equal(self.process.stdout.readline(), wanted + "\n", f"the answer to {line}")

    def ends_with(self, *lines):
        """The rest of its output, and its status."""
        out, _ = self.process.communicate("".join(line + "\n" for line in lines), timeout=60)
        return out, self.process.returncode


def routes(instance):
    with instance.api_again() as api:
        return [row["domain"] for row in api.rows("smtproutes", running=True)]


@test
def a_batch_never_commits_the_half_that_outlived_its_session(world):
    """Half of its changes go with the session; no option makes a new one of the other half."""
    instance = impatient(world)
    ends = (lambda: instance.kill_role("control"), lambda: instance.pass_idle(6))
    for end in ends:
        for options in ((), ("--keep-going",)):
            batch = Batch(instance, *options)
            batch.says("smtproutes new a.example.com 192.0.2.1\nshowchanges", "smtproutes")
            with instance.api() as api:
                before = len(api.must("who")["sessions"])
            end()
            wait_until(lambda: sessions(instance) < before, "the session of the batch to end")
            out, status = batch.ends_with("smtproutes new b.example.com 192.0.2.2", "showchanges", "commit")
            equal((status, routes(instance)), (6, []), f"with {options}: {out}")
            true("Changes committed" not in out and "b.example.com" not in out, out)
            if options:
                true("the session ended, and its uncommitted changes with it" in out, out)


def sessions(instance):
    with instance.api_again() as api:
        return len(api.must("who")["sessions"])


@test
def a_batch_that_lost_nothing_goes_on_at_the_level_that_it_chose(world):
    instance = world.instance()
    made = instance.shell(f"clusterconfig new c1; clusterconfig addgroup eu; clusterconfig setgroup {HOST} eu")
    equal(made.returncode, 0, made.stdout)
    instance.die_at("control.after-transaction")
    ended = instance.shell(
        "clustermode group eu; smtproutes new a.example.com 192.0.2.1; commit;"
        "deliveryconfig setup preferred --delay-notice=9; commit"
    )
    equal(ended.returncode, 0, ended.stdout + ended.stderr)
    true(instance.has_died_there(), "control did not die")
    shown = instance.shell("showsetting delivery.delay-notice; showsetting smtproutes.destination a.example.com").stdout
    equal(shown.count("level: group/eu"), 2, shown)


main()
