#!/usr/bin/env python3
"""What the shell does for a person at a terminal: words that may come next, pages, history, news."""

import os
import re
import socket
import stat
import subprocess
import sys
import termios
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.api import edit
from harness.build import program
from harness.logs import Log
from harness.tap import equal, main, test, true
from harness.terminal import Terminal

PROMPT = f"{socket.gethostname()}> "
MORE = "-Press Any Key For More-"
ERASE = "\r" + 25 * " " + "\r"
CTRL_C, CTRL_R, TAB, UP = "\x03", "\x12", "\t", "\x1b[A"


class Person:
    """Somebody at a terminal, who sees prompts."""

    def __init__(self, world, instance, kind="xterm", rows=0, columns=200):
        self.state = world.folder
        command = [program("mailward"), "--private", str(instance.folder)]
        self.terminal = Terminal(command, kind, rows, columns, world.folder)
        self.wait(PROMPT)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.terminal.__exit__(*error)

    def type(self, text):
        self.terminal.type(text)

    def wait(self, text):
        return self.terminal.wait(text)

    def run(self, keys):
        """Types a line; returns what was seen up to the next prompt, as it looks."""
        self.type(keys + "\r")
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", self.wait(PROMPT))


def batch(instance, *lines):
    ended = subprocess.run(
        [program("mailward"), "--private", str(instance.folder), "-c", "; ".join(lines)],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ,
    )
    equal(ended.returncode, 0, ended.stdout + ended.stderr)
    return ended.stdout


@test
def tab_completes_what_is_clear_and_shows_what_is_not(world):
    instance = world.instance()
    with Person(world, instance) as person:
        shown = person.run("antispamc" + TAB + "s" + TAB + "on --ti" + TAB + "44")
        true("antispamconfig setup on --timeout=44\n" in shown, shown)
        person.type("antispamconfig setup o" + TAB)
        person.wait("off  on")
        person.type(CTRL_C)
        person.type("showchanges\r")
        person.wait("timeout: 60 -> 44")


@test
def tab_knows_the_names_in_the_candidate(world):
    instance = world.instance()
    with Person(world, instance) as person:
        person.run("smtproutes new only.example.com 192.0.2.1:25")
        shown = person.run("smtproutes delete on" + TAB)
        true("smtproutes delete only.example.com" in shown, shown)
        true("no changes pending" in person.run("showchanges"), "the route is still there")
    cli = Log(instance.folder, "cli_logs")
    cli.wait_for("entered 'showchanges'")
    equal(cli.find("config.keys"), [], "keys that were pressed, in cli_logs")


@test
def a_question_mark_shows_what_may_come_and_leaves_the_line_as_it_is(world):
    instance = world.instance()
    with Person(world, instance) as person:
        person.type("smtproutes ?")
        person.wait("Create a new")
        person.wait(PROMPT)
        person.type("new ?")
        person.wait("DOMAIN")
        person.type("a.example.com 192.0.2.1:25\r")
        person.wait(PROMPT)
        true("a.example.com" in person.run("smtproutes print"), "the line was changed")
        person.type('commit "why?"\r')
        person.wait("Changes committed")
    true("why?" in batch(instance, "rollbackconfig list"), "a question mark in quotes is text")


@test
def a_question_mark_as_an_answer_shows_what_can_be_answered(world):
    instance = world.instance()
    for kind in ("xterm", "dumb"):
        with Person(world, instance, kind) as person:
            enter = "\r" if kind == "xterm" else "\n"
            person.type("antispamconfig" + enter)
            person.wait("[]> ")
            person.type("?" + enter)
            person.wait("- SETUP - ")
            person.wait("[]> ")
            person.type(f"setup{enter}y{enter}?{enter}")
            person.wait("larger messages are not scanned: ")
            person.wait("[2M]> ")


@test
def output_longer_than_the_screen_comes_page_by_page(world):
    instance = world.instance()
    lines = batch(instance, "showconfig json").splitlines()
    for kind in ("xterm", "dumb"):
        with Person(world, instance, kind, rows=20) as person:
            person.type("showconfig json\r" if kind == "xterm" else "showconfig json\n")
            person.wait("showconfig json")
            seen = []
            person.wait("\n")
            while len(seen) < 40:
                page = person.wait(MORE)
                equal(page.count("\n"), 19, f"lines of a page on {kind}")
                seen += page.replace("\x1b[?2004l", "").splitlines()
                person.type(" ")
                person.wait(ERASE)
            equal(seen[:38], lines[:38], f"what was seen on {kind}")
            person.wait(MORE)
            person.type("q")
            person.wait(PROMPT)
            true(MORE not in person.run("version"), "a page line where all fits")


@test
def without_a_size_or_with_setttymode_0_there_are_no_pages(world):
    instance = world.instance()
    with Person(world, instance) as person:
        true(MORE not in person.run("showconfig json"), "a page on a terminal without a size")
    with Person(world, instance, rows=10) as person:
        person.run("setttymode 0")
        shown = person.run("showconfig json")
        true(MORE not in shown and "\x1b" not in shown, "pages or escapes after setttymode 0")
        person.run("setttymode 1")
        person.type("showconfig json\r")
        person.wait(MORE)


@test
def behind_the_last_page_no_key_is_waited_for_and_none_is_taken(world):
    instance = world.instance()
    height = len(batch(instance, "help version").splitlines()) + 1  # the last line of the screen is the prompt's
    with Person(world, instance, "dumb", rows=height) as person:
        person.type("help version\nwhoami\n")
        shown = person.wait("Username: ")
        true(MORE not in shown, shown)
    with Person(world, instance, "dumb", rows=height - 1) as person:
        person.type("help version\n whoami\n")
        person.wait(MORE)
        person.wait("Username: ")


@test
def what_is_typed_ahead_is_not_lost_to_the_pager(world):
    instance = world.instance()
    with Person(world, instance, "dumb", rows=10) as person:
        person.type("help\n\nqwhoami\n")
        person.wait("Username: ")


@test
def commands_are_kept_for_the_next_session_but_no_secret(world):
    instance = world.instance()
    with Person(world, instance) as person:
        person.run("version")
        person.run("certconfig delete X --private-key=abc")
        person.run('version; certconfig delete X "--private-"key=abc')
        person.run("c2VjcmV0LXNlY3JldA==")  # a line of a key that was pasted
        person.run("antispamconfig setup on --timeout=21")
        person.type("exit\ry\r")
        person.terminal.end()
    kept = world.folder / "mailward" / "history"
    equal(kept.read_text(), "version\nantispamconfig setup on --timeout=21\nexit\n", "the file")
    equal(stat.S_IMODE(kept.stat().st_mode), 0o600, "its mode")
    with Person(world, instance) as person:
        person.type(UP + UP + "\rshowchanges\r")
        person.wait("timeout: 60 -> 21")
        person.wait(PROMPT)
        person.type(CTRL_R + "vers\r")
        person.wait("Product: mailward")


@test
def of_a_history_that_has_grown_the_newest_lines_count(world):
    kept = world.folder / "mailward" / "history"
    kept.parent.mkdir()
    kept.write_text(30 * (100000 * "x" + "\n") + "antispamconfig setup on --timeout=22\n")
    instance = world.instance()
    with Person(world, instance) as person:
        person.type(UP + "\rshowchanges\r")
        person.wait("timeout: 60 -> 22")
    true(kept.stat().st_size <= 1 << 20, "it is as long as it was")


@test
def news_come_while_a_line_is_typed_and_spoil_nothing(world):
    instance = world.instance()
    with Person(world, instance) as person:
        person.type("smtproutes new half")
        person.wait("half")
        batch(instance, "antispamconfig setup on --timeout=33", 'commit "elsewhere"')
        person.wait("committed revision 2: elsewhere")
        person.type("way.example.com 192.0.2.1:25\r")
        person.wait("halfway.example.com 192.0.2.1:25")
        person.wait(PROMPT)
        true("halfway.example.com" in person.run("showchanges"), "the line that was typed")


@test
def a_line_is_drawn_anew_when_the_terminal_gets_another_size(world):
    instance = world.instance()
    with Person(world, instance, rows=24, columns=40) as person:
        line = "smtproutes new a-name-that-is-long.example.com 192.0.2.1:25"
        person.type(line)
        person.wait("192.0.2.1:25")
        termios.tcsetwinsize(person.terminal.fd, (24, 120))
        person.wait(PROMPT + line)  # in one row
        person.type("\r")
        person.wait(PROMPT)
        true("a-name-that-is-long.example.com" in person.run("showchanges"), "the line that was typed")


@test
def a_program_on_a_terminal_hears_news_before_a_prompt_only(world):
    instance = world.instance()
    with Person(world, instance, "dumb") as person:
        batch(instance, "antispamconfig setup on --timeout=33", 'commit "elsewhere"')
        person.type("version\n")
        shown = person.wait(PROMPT)
        true("Notice: " in shown and "\x1b" not in shown, shown)


main()
