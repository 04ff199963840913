#!/usr/bin/env python3
"""The shell on a terminal, of a person or of a program that drives one.  The test plays the daemon, so that each fault comes
exactly when it should; shell_probe is the shell with commands of its own."""

import contextlib
import os
import signal
import subprocess
import sys
import termios
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.build import program, wait_until
from harness.fake_daemon import FakeDaemon
from harness.tap import equal, main, test, true
from harness.terminal import Terminal


def command_line(folder, *options):
    return [program("shell_probe"), "--private", str(folder), *options]


def session(folder, kind):
    return Terminal(command_line(folder), kind)


PROMPT = "\nmx.example.com> "
KINDS = ("dumb", "xterm-256color")


@test
def a_program_on_a_terminal_sees_prompts_and_no_escapes(world):
    daemon = FakeDaemon(world.folder)
    for kind in ("dumb", None, "vt100", "unknown"):
        with session(world.folder, kind) as terminal:
            equal(terminal.wait(PROMPT), "\r", "before the first prompt")
            terminal.type("ask\n")
            equal(terminal.wait("[one]> "), "ask\r\nFirst word?\r\n", "the question")
            terminal.type("1\n")
            terminal.wait("Second? []> ")
            terminal.type("2\n")
            said = terminal.wait(PROMPT)
            equal(said, "2\r\nanswers <1> <2>\r\n\r", "the answer")
            terminal.type("exit\ny\n")
            equal(terminal.end()[1], 0, "exit status")
    del daemon


@test
def a_session_goes_on_after_errors(world):
    daemon = FakeDaemon(world.folder)
    for kind in KINDS:
        with session(world.folder, kind) as terminal:
            terminal.wait(PROMPT)
            for line, shown in (("nonsense", "missing feature key: nonsense"), ("put bad", "bad is not a domain"), ("say ä漢", "said ä漢")):
                terminal.type(line + "\n")
                terminal.wait(shown)
                terminal.wait(PROMPT)
            terminal.type("put bad; say x\n")
            true("said" not in terminal.wait(PROMPT).replace("say", ""), "the rest of a line was run after an error")
            terminal.type("exit\ny\n")
            equal(terminal.end()[1], 0, "exit status")
    del daemon


@test
def leaving_with_changes_is_asked_and_the_end_of_input_discards_them(world):
    daemon = FakeDaemon(world.folder)
    for kind in KINDS:
        with session(world.folder, kind) as terminal:
            terminal.wait(PROMPT)
            terminal.type("put a\nexit\n")
            terminal.wait("exit? [N]> ")
            terminal.type("N\n")
            terminal.wait(PROMPT)
            terminal.type("exit\n")
            terminal.wait("exit? [N]> ")
            terminal.type("y\n")
            equal(terminal.end()[1], 0, "exit status after yes")
        for where in (PROMPT, "exit? [N]> "):
            with session(world.folder, kind) as terminal:
                terminal.wait(PROMPT)
                terminal.type("put a\n")
                terminal.wait(PROMPT)
                if where != PROMPT:
                    terminal.type("exit\n")
                    terminal.wait(where)
                terminal.type("\x04")
                rest, status = terminal.end()
                equal((status, "discarded" in rest), (7, True), f"end of input with changes at {where!r}")
        with session(world.folder, kind) as terminal:
            terminal.wait(PROMPT)
            terminal.type("\x04")
            equal(terminal.end()[1], 0, "end of input without changes")
    equal(daemon.committed, [], "committed")


@test
def ctrl_c_leads_back_to_the_prompt(world):
    daemon = FakeDaemon(world.folder)
    for kind in KINDS:
        with session(world.folder, kind) as terminal:
            terminal.wait(PROMPT)
            terminal.type("half a li")
            terminal.wait("li")
            terminal.type("\x03")
            terminal.wait(PROMPT)
            terminal.type("ask\n")
            terminal.wait("[one]> ")
            terminal.type("\x03")
            terminal.wait(PROMPT)
            terminal.type("call wait\n")
            before = daemon.methods().count("wait")
            wait_until(lambda: daemon.methods().count("wait") > before - 1 and daemon.methods()[-1] == "wait", "the request")
            terminal.type("\x03")
            terminal.wait(PROMPT)
            terminal.type("say on\n")
            terminal.wait("said on")
            terminal.wait(PROMPT)
            terminal.type("exit\ny\n")
            equal(terminal.end()[1], 0, "exit status")


@test
def a_person_who_waits_long_is_told_and_a_program_is_not(world):
    daemon = FakeDaemon(world.folder)
    with session(world.folder, "dumb") as terminal:
        terminal.wait(PROMPT)
        terminal.type("call wait\n")
        terminal.wait("\rworking, 2 s (Ctrl-C ends it)")
        terminal.type("\x03")
        terminal.wait("\r" + 32 * " " + "\r")
        terminal.wait(PROMPT)
    shell = subprocess.Popen(command_line(world.folder, "-c", "call wait"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_until(lambda: daemon.methods().count("wait") == 2, "the request")
    with contextlib.suppress(subprocess.TimeoutExpired):
        shell.wait(4)
    shell.send_signal(signal.SIGINT)
    _, said = shell.communicate(timeout=20)
    true(b"working" not in said, said)


@test
def a_signal_that_ends_the_session_leaves_the_terminal_as_it_was(world):
    daemon = FakeDaemon(world.folder)
    for kind in KINDS:
        for number in (signal.SIGTERM, signal.SIGHUP):
            with session(world.folder, kind) as terminal:
                before = termios.tcgetattr(terminal.fd)
                terminal.wait(PROMPT)
                terminal.type("put a\n")
                terminal.wait(PROMPT)
                os.kill(terminal.pid, signal.SIGQUIT)  # nothing
                terminal.type("say on\n")
                terminal.wait("said on")
                terminal.wait(PROMPT)
                os.kill(terminal.pid, number)
                rest = terminal.wait("they were discarded.\r\n")
                equal("\x1b[?2004l" in rest, kind != "dumb", "pasting as it was")
                equal(terminal.end()[1], -number, "exit status")
                equal(termios.tcgetattr(terminal.fd), before, "settings of the terminal")
    del daemon


@test
def what_is_typed_ahead_is_not_lost(world):
    daemon = FakeDaemon(world.folder)
    for kind in KINDS:
        with session(world.folder, kind) as terminal:
            terminal.type("ask\none\ntwo\nsay a\nsay b\nexit\ny\n")
            rest, status = terminal.end()
            equal(status, 0, "exit status")
            for wanted in ("answers <one> <two>", "said a", "said b"):
                true(wanted in rest, f"{wanted!r} is not in {rest!r}")
    del daemon


@test
def pasted_text_is_text(world):
    daemon = FakeDaemon(world.folder)
    with session(world.folder, "xterm") as terminal:
        terminal.wait("\x1b[?2004h")
        terminal.type("\x1b[200~say\tp\x01ä\x1b[A\x7f\u0081\nsay next\n\x1b[201~say\tq \x1b[D\n")
        terminal.wait("said pä[A")
        terminal.wait("said next")
        terminal.wait("missing feature key: sayq")  # a TAB that was typed is nothing
        terminal.type("exit\ny\n")
        equal(terminal.end()[1], 0, "exit status")
    del daemon


@test
def history_is_of_commands_not_of_answers(world):
    daemon = FakeDaemon(world.folder)
    with session(world.folder, "xterm") as terminal:
        terminal.wait("example.com> ")
        terminal.type("ask\n")
        terminal.wait("[one]> ")
        terminal.type("\x1b[A1\n")
        terminal.wait("Second? []> ")
        terminal.type("2\n")
        terminal.wait("answers <1> <2>")
        terminal.type("\x1b[A\n")
        terminal.wait("[one]> ")
    del daemon


@test
def a_lost_connection_is_told_once_and_made_anew(world):
    daemon = FakeDaemon(world.folder)
    for kind in KINDS:
        with session(world.folder, kind) as terminal:
            terminal.wait(PROMPT)
            terminal.type("put a\n")
            terminal.wait(PROMPT)
            daemon.faults["hang_up_at"] = "text"
            terminal.type("call text\n")
            terminal.wait("the daemon went away")
            terminal.wait("uncommitted changes")
            terminal.wait(PROMPT)
            terminal.type("put b\ncommit\n")
            terminal.wait("Changes committed")
            terminal.type("exit\ny\n")
            equal(terminal.end()[1], 0, "exit status")
    equal(daemon.committed, ["b", "b"], "committed")


@test
def the_look_up_of_a_commit_ends_at_a_daemon_that_never_greets(world):
    FakeDaemon(world.folder, hang_up_at="config.commit", commit_first=True, stay_mute=True)
    with session(world.folder, "dumb") as terminal:
        terminal.wait(PROMPT)
        terminal.type("put a\ncommit\n")
        terminal.wait("may have committed", seconds=40)


main()
