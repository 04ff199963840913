#!/usr/bin/env python3
"""The shell and the gateway together: the same commands through every channel, their exit status, and that an error
anywhere commits nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.build import program
from harness.tap import equal, main, proves, test, true
from harness.terminal import Terminal


def run(instance, *options, given="", environment=None):
    return subprocess.run(
        [program("mailward"), "--private", str(instance.folder), *options],
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **(environment or {})},
    )


def through_c(instance, lines):
    return run(instance, "-c", "; ".join(lines))


def through_input(instance, lines):
    return run(instance, given="".join(f"{line}\n" for line in lines))


def through_file(instance, lines):
    path = Path(f"{instance.folder}.batch")
    path.write_text("\n".join(lines))
    return run(instance, "-f", str(path))


def through_ssh(instance, lines):
    return run(instance, environment={"SSH_ORIGINAL_COMMAND": ";".join(lines)})


CHANNELS = (through_c, through_input, through_file, through_ssh)
EDIT = "antispamconfig setup on --timeout=30"
DISCARDED = "The input ended with uncommitted changes: they were discarded.\n"


def configuration(instance):
    shown = run(instance, "-c", "showconfig json")
    equal(shown.returncode, 0, "exit status of showconfig")
    return shown.stdout


@test
def a_line_that_is_wrong_ends_every_channel_with_its_status_and_nothing_committed(world):
    instance = world.instance()
    before = configuration(instance)
    table = {
        "nonsense": 2,
        "antispamconfig setup on --timeout=999": 2,
        "antispamconfig setup on --timeuot=30": 2,
        "smtproutes new": 2,
        "smtproutes delete absent.example.com": 1,
        "policyconfig incoming edit ABSENT antispam off": 1,
        "tail no_such_log": 1,
        'grep "a\\n" mail_logs': 2,
    }
    for wrong, status in table.items():
        for channel in CHANNELS:
            ended = channel(instance, (EDIT, wrong, "commit"))
            what = f"{wrong!r} {channel.__name__}: {ended}"
            equal(ended.returncode, status, f"exit status of {what}")
            true(ended.stdout and ended.stderr.startswith("batch: "), f"an error and its place: {what}")
            true(" 2" in ended.stderr.split(": ")[1], f"the place is the second command: {what}")
    for channel in CHANNELS:
        ended = channel(instance, (EDIT,))
        equal((ended.returncode, ended.stdout), (7, DISCARDED), f"changes at the end of input: {channel.__name__}")
    equal(configuration(instance), before, "configuration")
    instance.stop()
    for channel in CHANNELS:
        equal(channel(instance, (EDIT, "commit")).returncode, 6, f"without a daemon: {channel.__name__}")


@test
def a_line_that_is_too_long_is_named_by_its_number_on_both_outputs(world):
    instance = world.instance()
    for before in ("", "version\n"):
        ended = run(instance, given=before + "x" * 1500000 + "\n")
        line = before.count("\n") + 1
        equal(f"\nline {line} is longer than " in f"\n{ended.stdout}", True, f"standard output: {ended.stdout}")
        equal(ended.stderr, f"batch: line {line}\n", "standard error")


@test
def the_same_commands_make_the_same_tables_in_every_channel(world):
    lines = (EDIT, "smtproutes new b.example.com 127.0.0.1:2525", 'commit "a comment"')
    seen = []
    for channel in CHANNELS:
        instance = world.instance(channel.__name__)
        ended = channel(instance, lines)
        equal((ended.returncode, ended.stderr), (0, ""), f"the end of {channel.__name__}: {ended.stdout}")
        true(ended.stdout.startswith("Changes committed: ") and ended.stdout.count("\n") == 1, ended.stdout)
        tables = json.loads(configuration(instance))["tables"]
        equal((tables["antispam"]["timeout"], len(tables["smtproutes"])), (30, 1), "what was set")
        del tables["certificates"]  # each instance has made its own
        seen.append(tables)
        instance.stop()
    true(all(tables == seen[0] for tables in seen), "the tables differ")


@test
def setting_what_is_set_is_no_change(world):
    instance = world.instance()
    equal(run(instance, "-c", f"{EDIT}; commit").returncode, 0, "the first time")
    ended = run(instance, "-c", EDIT)
    equal((ended.returncode, ended.stdout, ended.stderr), (0, "", ""), "the second time")
    equal(run(instance, "-c", "commit").stdout, "There is no data to commit.\n", "commit")


LARGE = "antispamconfig setup on --never-scan-size=20M"
ADVICE = "Warning: never-scan-size: 20M is above the advised 10M"


@test
@proves("S2-38")
def what_is_advised_against_is_warned_of_by_the_command_that_sets_it(world):
    instance = world.instance()
    for channel in CHANNELS:
        ended = channel(instance, (LARGE, "clear"))
        equal((ended.returncode, ended.stdout), (0, ADVICE + "\n"), channel.__name__)
    ended = run(instance, "--json", "-c", f"{LARGE}; clear")
    equal(json.loads(ended.stdout.splitlines()[0])["warnings"], [ADVICE.removeprefix("Warning: ")], "with --json")
    with Terminal([program("mailward"), "--private", str(instance.folder)], "dumb") as terminal:
        terminal.wait("> ")
        terminal.type(f"{LARGE}\n")
        terminal.wait(ADVICE)
        terminal.type("clear\n")
        terminal.wait("[Y]> ")
        terminal.type("y\nantispamconfig\n")
        terminal.wait("[]> ")
        terminal.type("setup\n\n20M\n")
        terminal.wait("Do you want to use it anyway? [N]> ")
        terminal.type("y\n\n\n\n")
        true(ADVICE not in terminal.wait("Choose the operation"), "it was confirmed, and is told again")


@test
def check_finds_errors_and_commits_nothing(world):
    instance = world.instance()
    before = configuration(instance)
    ended = run(instance, "--check", "-c", f"{EDIT}; workqueue pause; commit")
    equal((ended.returncode, ended.stdout, ended.stderr), (0, "", ""), "a batch that is right")
    equal(run(instance, "-c", f"batch check; {EDIT}; smtproutes delete absent").returncode, 1, "one that is wrong")
    equal(configuration(instance), before, "configuration")
    true("Operational" in run(instance, "-c", "workqueue status").stdout, "the work queue was paused")


@test
def json_tells_each_command_and_the_end(world):
    instance = world.instance()
    ended = run(instance, "--json", given=f"{EDIT}\nwhoami\ncommit x\nsmtproutes delete absent\n")
    objects = [json.loads(line) for line in ended.stdout.splitlines()]
    equal([(one.get("line"), one["exit"]) for one in objects], [(1, 0), (2, 0), (3, 0), (4, 1), (None, 1)], "objects")
    equal((objects[3]["code"], objects[4]["revision"]), ("not-found", objects[2]["result"]["revision"]), "the end")


@test
def a_dialogue_in_a_batch_is_answered_by_the_next_lines(world):
    instance = world.instance()
    asked = run(instance, "-c", "antispamconfig setup on; commit; smtproutes", given="new\nexample.com\n127.0.0.1\n\n")
    equal(asked.returncode, 7, f"beside -c, without a commit: {asked}")
    ended = run(instance, given="smtproutes\nnew\nexample.com\n127.0.0.1\n\ncommit\n")
    equal((ended.returncode, ended.stderr), (0, ""), f"in the stream: {ended}")
    equal(len(json.loads(configuration(instance))["tables"]["smtproutes"]), 1, "routes")
    ended = run(instance, given="smtproutes\nnew\nother.example.com\n")
    equal(ended.returncode, 2, f"an end in the middle: {ended}")


@test
def ten_thousand_lines_are_one_revision(world):
    instance = world.instance()
    lines = [f"smtproutes new d{number}.example.com 127.0.0.1:25" for number in range(10000)]
    wrong = lines[:7000] + ["smtproutes new bad..domain 127.0.0.1"] + lines[7000:]
    ended = through_input(instance, (*wrong, "commit"))
    equal((ended.returncode, "batch: line 7001: " in ended.stderr), (2, True), f"a wrong line: {ended.stderr}")
    equal(json.loads(configuration(instance))["tables"]["smtproutes"], [], "routes after an error")
    ended = through_input(instance, (*lines, "commit"))
    equal((ended.returncode, ended.stderr), (0, ""), "all lines right")
    equal(len(json.loads(configuration(instance))["tables"]["smtproutes"]), 10000, "routes")


@test
def a_person_is_asked_and_answered(world):
    instance = world.instance()
    for kind in ("dumb", "xterm"):
        with Terminal([program("mailward"), "--private", str(instance.folder)], kind) as terminal:
            prompt = "> "
            terminal.wait(prompt)
            terminal.type(f"antispamconfig setup on --timeout={30 if kind == 'dumb' else 40}\n")
            terminal.wait(prompt)
            terminal.type("exit\n")
            terminal.wait("[N]> ")
            terminal.type("n\n")
            terminal.wait(prompt)
            terminal.type("commit\n")
            terminal.wait("[]> ")
            terminal.type("\x03")
            terminal.wait(prompt)
            terminal.type("commit\n")
            terminal.wait("[]> ")
            terminal.type("why\n")
            terminal.wait("[Y]> ")
            terminal.type("\n")
            terminal.wait("Changes committed: ")
            terminal.wait(prompt)
            terminal.type("nonsense\nexit\n")
            equal(terminal.end()[1], 0, "exit status")
    equal(json.loads(configuration(instance))["tables"]["antispam"]["timeout"], 40, "what was committed")


@test
def following_a_log_ends_with_ctrl_c(world):
    instance = world.instance()
    with Terminal([program("mailward"), "--private", str(instance.folder)], "dumb") as terminal:
        terminal.wait("> ")
        terminal.type("tail mail_logs\n")
        terminal.wait("Info: ")
        run(instance, "-c", f"{EDIT}; commit seen")
        terminal.wait("seen")
        terminal.type("\x03")
        terminal.wait("> ")
        terminal.type("version\n")
        terminal.wait("Product: ")
        terminal.type("exit\n")
        equal(terminal.end()[1], 0, "exit status")


@test
def settings_without_effect_are_warned_about_and_committed(world):
    instance = world.instance()
    warning = "incoming-policy DEFAULT: antispam is on, but anti-spam is off for the whole gateway"
    ended = run(instance, "-c", "antispamconfig setup off; commit check; commit why")
    equal((ended.returncode, ended.stderr), (0, ""), "status and standard error")
    equal(ended.stdout.count(f"Warning: {warning}\n"), 2, f"each says so: {ended.stdout}")
    true("Changes committed" in ended.stdout, ended.stdout)
    ended = run(instance, "--json", "-c", "logconfig new x --type=error; commit")
    told = [json.loads(line).get("warnings") for line in ended.stdout.splitlines()]
    true(["logs x: an error log takes critical lines and warnings, whatever its level"] in told, told)
    equal(ended.returncode, 0, "status with --json")


main()
