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
from harness.processes import is_running
from harness.tap import equal, main, test, true
from harness.terminal import Terminal


def command_line(folder, *options):
    return [program("shell_probe"), "--private", str(folder), *options]


def session(folder, kind):
    return Terminal(command_line(folder), kind)


PROMPT = "\nmx.example.com> "
KINDS = ("dumb", "xterm-256color")


def enter(terminal, line):
    """Types a line, and returns what is seen until the next prompt."""
    terminal.type(line + "\n")
    return terminal.wait(PROMPT)


def leave(terminal):
    """Ends the session, with whatever is in it."""
    terminal.type("exit\ny\n")
    equal(terminal.end()[1], 0, "exit status")


@test
def a_program_on_a_terminal_sees_prompts_and_no_escapes(world):
    FakeDaemon(world.folder)
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
            leave(terminal)


@test
def a_session_goes_on_after_errors(world):
    FakeDaemon(world.folder)
    for kind in KINDS:
        with session(world.folder, kind) as terminal:
            terminal.wait(PROMPT)
            for line, shown in (("nonsense", "missing feature key: nonsense"), ("put bad", "bad is not a domain"), ("say ä漢", "said ä漢")):
                terminal.type(line + "\n")
                terminal.wait(shown)
                terminal.wait(PROMPT)
            terminal.type("put bad; say x\n")
            true("said" not in terminal.wait(PROMPT).replace("say", ""), "the rest of a line was run after an error")
            leave(terminal)


@test
def leaving_with_changes_is_asked_and_the_end_of_input_discards_them(world):
    daemon = FakeDaemon(world.folder)
    for kind in KINDS:
        with session(world.folder, kind) as terminal:
            terminal.wait(PROMPT)
            terminal.type("put a\nexit\n")
            terminal.wait("exit? [N]> ")
            enter(terminal, "N")
            terminal.type("exit\n")
            terminal.wait("exit? [N]> ")
            terminal.type("y\n")
            equal(terminal.end()[1], 0, "exit status after yes")
        for where in (PROMPT, "exit? [N]> "):
            with session(world.folder, kind) as terminal:
                terminal.wait(PROMPT)
                enter(terminal, "put a")
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
            leave(terminal)


@test
def a_person_who_waits_long_is_told_and_a_program_is_not(world):
    daemon = FakeDaemon(world.folder)
    with session(world.folder, "dumb") as terminal:
        terminal.wait(PROMPT)
        terminal.type("call wait\n")
        terminal.wait("\rworking, ")
        true(int(terminal.wait(" s (Ctrl-C ends it)")) >= 2, "told before two seconds are over")
        terminal.type("\x03")
        terminal.wait("\r" + 32 * " " + "\r")
        terminal.wait(PROMPT)
    shell = subprocess.Popen(command_line(world.folder, "-c", "call wait"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_until(lambda: daemon.methods().count("wait") == 2, "the request")
    with contextlib.suppress(subprocess.TimeoutExpired):
        shell.wait(4)
    shell.send_signal(signal.SIGINT)
    _, said = shell.communicate(timeout=60)
    true(b"working" not in said, said)


@test
def a_signal_that_ends_the_session_leaves_the_terminal_as_it_was(world):
    FakeDaemon(world.folder)
    for kind in KINDS:
        for number in (signal.SIGTERM, signal.SIGHUP):
            with session(world.folder, kind) as terminal:
                before = termios.tcgetattr(terminal.fd)
                terminal.wait(PROMPT)
                enter(terminal, "put a")
                os.kill(terminal.pid, signal.SIGQUIT)  # nothing
                terminal.type("say on\n")
                terminal.wait("said on")
                terminal.wait(PROMPT)
                os.kill(terminal.pid, number)
                rest = terminal.wait("they were discarded.\r\n")
                equal("\x1b[?2004l" in rest, kind != "dumb", "pasting as it was")
                equal(terminal.end()[1], -number, "exit status")
                equal(termios.tcgetattr(terminal.fd), before, "settings of the terminal")


def hidden(terminal):
    """Whether the terminal shows nothing of what is typed."""
    return not termios.tcgetattr(terminal.fd)[3] & termios.ECHO


def takes_a_secret(terminal):
    """Whether it is the shell that shows nothing, in whole lines; its line editor takes single keys and shows them itself."""
    return termios.tcgetattr(terminal.fd)[3] & (termios.ECHO | termios.ICANON) == termios.ICANON


def asked_for_a_secret(terminal):
    """From the prompt to the question for a secret; what the terminal was set to before."""
    terminal.wait(PROMPT)
    terminal.type("hide\n")
    terminal.wait("Word? []> ")
    before = termios.tcgetattr(terminal.fd)
    terminal.type("seen\n")
    terminal.wait("Secret? []> ")
    return before


@test
def a_secret_is_not_shown_while_it_is_typed(world):
    daemon = FakeDaemon(world.folder)
    for kind in (*KINDS, None):
        with session(world.folder, kind) as terminal:
            asked_for_a_secret(terminal)
            true(hidden(terminal), "the terminal shows what is typed")
            terminal.type("swordfiss\x7fh\n")
            said = terminal.wait(PROMPT)
            true("\r\na secret of 9 bytes\r\n" in said and "swordfis" not in said, said)
            equal([one["line"] for one in daemon.requests[-1]["typed"]], ["hide", "seen", "********"], "what is logged")
            terminal.type("key\nswordfish\nmore of it\n")
            terminal.type(".\nsay on\n")
            terminal.wait("a key of 21 bytes")
            terminal.wait("said on")
            terminal.wait(PROMPT)
            terminal.type("say seen\n")
            equal(terminal.wait("said seen").count("say seen"), 1, "what is typed next is shown")
            leave(terminal)


@test
def data_with_a_secret_is_not_shown_when_it_is_pasted(world):
    FakeDaemon(world.folder)
    for kind in KINDS:
        with session(world.folder, kind) as terminal:
            terminal.wait(PROMPT)
            terminal.type("key\n")
            wait_until(lambda terminal=terminal: takes_a_secret(terminal), "the terminal to show nothing")
            terminal.type(200 * "swordfish\twith a TAB\n" + ".\n")
            said = terminal.wait("a key of 4200 bytes")
            true("swordfish" not in said, said)


@test
def a_secret_that_is_typed_ahead_is_not_lost(world):
    FakeDaemon(world.folder)
    for kind in KINDS:
        with session(world.folder, kind) as terminal:
            terminal.type("hide\nseen\nswordfish\nsay a\nsay b\nexit\ny\n")
            rest, status = terminal.end()
            equal(status, 0, "exit status")
            for wanted in ("a secret of 9 bytes", "said a", "said b"):
                true(wanted in rest, f"{wanted!r} is not in {rest!r}")


@test
def after_ctrl_c_in_a_secret_the_terminal_shows_what_is_typed_again(world):
    FakeDaemon(world.folder)
    for kind in KINDS:
        for question in ("hide", "key"):
            with session(world.folder, kind) as terminal:
                if question == "hide":
                    asked_for_a_secret(terminal)
                else:
                    terminal.wait(PROMPT)
                    terminal.type("key\n")
                wait_until(lambda terminal=terminal: takes_a_secret(terminal), "the terminal to show nothing")
                terminal.type("swordfish\nmore" if question == "key" else "swordfish")
                terminal.type("\x03")
                said = terminal.wait(PROMPT)
                terminal.type("say on\n")
                said += terminal.wait("said on")
                true("swordfish" not in said and "more" not in said, said)
                terminal.wait(PROMPT)
                true("missing feature key" not in said, f"half a secret was taken for a command: {said}")
                equal(hidden(terminal), kind != "dumb", "only the line editor shows by itself")
                leave(terminal)


@test
def the_end_of_input_or_of_the_session_in_a_secret_leaves_the_terminal_as_it_was(world):
    FakeDaemon(world.folder)
    for kind in KINDS:
        for number in (signal.SIGTERM, signal.SIGHUP, None):
            with Terminal(command_line(world.folder), kind) as terminal:
                fresh = termios.tcgetattr(terminal.fd)
                asked_for_a_secret(terminal)
                terminal.type("swordfish")
                if number:
                    os.kill(terminal.pid, number)
                else:
                    terminal.type("\x03")
                    terminal.wait(PROMPT)
                    terminal.type("hide\nseen\n")
                    terminal.wait("Secret? []> ")
                    terminal.type("\x04")
                    terminal.wait(PROMPT)
                    terminal.type("exit\ny\n")
                said, status = terminal.end()
                equal((status, "swordfish" in said), (-number if number else 0, False), f"the end: {said}")
                equal(termios.tcgetattr(terminal.fd), fresh, "settings of the terminal")


@test
def who_stops_and_continues_the_shell_does_not_make_a_secret_seen(world):
    FakeDaemon(world.folder)
    for kind in KINDS:
        with session(world.folder, kind) as terminal:
            shown = asked_for_a_secret(terminal)
            terminal.type("\x1a")  # Ctrl-Z: a session is not suspended, it would hold its candidate
            os.kill(terminal.pid, signal.SIGSTOP)
            wait_until(lambda terminal=terminal: not is_running(terminal.pid), "the shell to stop")
            shown[3] |= termios.ECHO
            termios.tcsetattr(terminal.fd, termios.TCSANOW, shown)  # as the shell around it would
            os.kill(terminal.pid, signal.SIGCONT)
            wait_until(lambda terminal=terminal: takes_a_secret(terminal), "the terminal to show nothing")
            terminal.type("swordfish\n")
            said = terminal.wait(PROMPT)
            true("a secret of" in said and "swordfish" not in said, said)


@test
def what_is_typed_ahead_is_not_lost(world):
    FakeDaemon(world.folder)
    for kind in KINDS:
        with session(world.folder, kind) as terminal:
            terminal.type("ask\none\ntwo\nsay a\nsay b\nexit\ny\n")
            rest, status = terminal.end()
            equal(status, 0, "exit status")
            for wanted in ("answers <one> <two>", "said a", "said b"):
                true(wanted in rest, f"{wanted!r} is not in {rest!r}")


@test
def pasted_text_is_text(world):
    FakeDaemon(world.folder)
    with session(world.folder, "xterm") as terminal:
        terminal.wait("\x1b[?2004h")
        terminal.type("\x1b[200~say\tp\x01ä\x1b[A\x7f\u0081\nsay next\n\x1b[201~say\tq \x1b[D\n")
        terminal.wait("said pä[A")
        terminal.wait("said next")
        terminal.wait("missing feature key: sayq")  # a TAB that was typed is nothing
        leave(terminal)


@test
def history_is_of_commands_not_of_answers(world):
    FakeDaemon(world.folder)
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


@test
def a_lost_connection_is_told_once_and_made_anew(world):
    daemon = FakeDaemon(world.folder)
    for kind in KINDS:
        with session(world.folder, kind) as terminal:
            terminal.wait(PROMPT)
            enter(terminal, "put a")
            daemon.faults["hang_up_at"] = "text"
            terminal.type("call text\n")
            terminal.wait("the daemon went away")
            terminal.wait("uncommitted changes")
            terminal.wait(PROMPT)
            terminal.type("put b\ncommit\n")
            terminal.wait("Changes committed")
            leave(terminal)
    equal(daemon.committed, ["b", "b"], "committed")


@test
def the_look_up_of_a_commit_ends_at_a_daemon_that_never_greets(world):
    FakeDaemon(world.folder, hang_up_at="config.commit", commit_first=True, stay_mute=True)
    with session(world.folder, "dumb") as terminal:
        terminal.wait(PROMPT)
        terminal.type("put a\ncommit\n")
        terminal.wait("may have committed", seconds=40)


main()
