#!/usr/bin/env python3
"""Follows doc/adding-a-command.md to the letter on a copy of the tree, builds that and tries what came of it."""

import difflib
import json
import os
import re
import shutil
import smtplib
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.tap import Skip, equal, main, test, true  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "doc" / "adding-a-command.md"

# "In `FILE`, before `LINE`:" or "New file `FILE`:", an empty line, and a block of code.
STEP = re.compile(
    r"^(?:New file|In) `(?P<file>[^`]+)`(?:, (?P<how>at the end|before|in place of)(?: `(?P<line>[^`]+)`)?)?:\n\n"
    r"```\w*\n(?P<code>.*?)^```$",
    re.M | re.S,
)


def follow_page(tree):
    """Does what the page says; returns the number of steps."""
    steps = list(STEP.finditer(PAGE.read_text()))
    for step in steps:
        path = tree / step["file"]
        if step["how"] is None:
            true(not path.exists(), f"{step['file']} is not new")
            path.write_text(step["code"])
            continue
        text = path.read_text()
        if step["how"] == "at the end":
            path.write_text(text + step["code"])
            continue
        line = step["line"] + "\n"
        equal(text.count("\n" + line), 1, f"lines of {step['file']} that are {step['line']!r}")
        behind = "" if step["how"] == "in place of" else line
        path.write_text(text.replace("\n" + line, "\n" + step["code"] + behind))
    return len(steps)


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace")
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}:\n{done.stdout[-4000:]}")


def left_out(folder, names):
    """What of a folder is not the tree: build folders have the state folders of tests in them, and devices."""
    patterns = shutil.ignore_patterns(".git", "__pycache__", "autom4te.cache")(folder, names)
    return patterns | {name for name in names if (Path(folder) / name / "config.status").exists()}


def build(tree, folder):
    folder.mkdir()
    run("autoreconf", "-i", cwd=tree)
    run(tree / "configure", "--enable-werror", "CFLAGS=-O0", cwd=folder)
    run("make", "-j2", cwd=folder)


def difference(old, new):
    """Lines that were added or taken away."""
    lines = difflib.unified_diff(old.read_text().splitlines(True), new.read_text().splitlines(True), n=0)
    return [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]


def greeting(instance):
    with smtplib.SMTP() as client:
        code, text = client.connect(*instance.address)
        return f"{code} {text.decode()}"


def shell_input(instance, lines):
    """Runs the shell with these lines as its input."""
    return subprocess.run([os.environ["MAILWARD_BUILD"] + "/mailward", "--private", str(instance.folder)],
                          input=lines, capture_output=True, text=True, timeout=60)


@test
def a_tree_in_which_the_page_was_followed_has_the_command(world):
    if not shutil.which("autoreconf"):
        raise Skip("autoreconf is not installed")
    tree, folder = world.folder / "tree", world.folder / "build"
    shutil.copytree(ROOT, tree, ignore=left_out)
    equal(follow_page(tree), PAGE.read_text().count("\n```") // 2 - 2, "blocks of code that are steps")
    build(tree, folder)
    os.environ["MAILWARD_BUILD"] = str(folder)
    made = re.findall(r"^\$ MAILWARD_BUILD=\. \.\./(\S+) (--accept.*)$", PAGE.read_text(), re.M)
    equal(len(made), 3, "kinds of files that are made again")
    for script, words in made:
        run(sys.executable, tree / script, *words.split(), cwd=folder)
    session = Path("tests") / "golden" / "help.session"
    equal(difference(ROOT / session, tree / session), ["+greetingconfig   configure the greeting of listeners\n"], "help")
    true("+  <greeting>\n" in difference(*(top / "tests/golden/config.xml" for top in (ROOT, tree))), "the form of files")
    run("make", "distdir", cwd=folder)
    equal(len(list(folder.glob("mailward-*/engine/schema/greeting.def"))), 1, "the new file in the tarball")
    instance = world.instance()
    true(greeting(instance).endswith(" ESMTP mailward"), greeting(instance))

    one_line = instance.shell('greetingconfig setup off; showchanges; commit "say less"')
    equal(one_line.returncode, 0, one_line.stdout + one_line.stderr)
    true(re.fullmatch(r"greeting\n  show-product: on -> off\nChanges committed: .*\n", one_line.stdout), one_line.stdout)
    true(greeting(instance).endswith(" ESMTP"), greeting(instance))

    dialogue = shell_input(instance, "greetingconfig\nsetup\ny\n\ncommit\n")
    equal(dialogue.returncode, 0, dialogue.stdout + dialogue.stderr)
    true(greeting(instance).endswith(" ESMTP mailward"), greeting(instance))

    wrong = instance.shell("greetingconfig setup maybe")
    equal(wrong.returncode, 2, "exit status of a wrong value")
    true("show-product: 'maybe' is not off or on" in wrong.stdout, wrong.stdout)
    true("greetingconfig setup off|on\n" in instance.shell("help greetingconfig").stdout, "help does not show the option")
    true('"show-product"' in json.dumps(json.loads(instance.shell("showconfig json").stdout)), "showconfig has no such setting")


main()
