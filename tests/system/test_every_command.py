#!/usr/bin/env python3
"""What holds for every command there is: help, manual, a form for batches, JSON that can be read.  That what TAB offers is
understood is in tests/unit/test_complete.c."""

import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.build import program
from harness.tap import equal, main, test, true

DOC = Path(__file__).resolve().parents[2] / "doc"


def commands():
    said = subprocess.run([program("mailward"), "--describe", "json"], check=True, capture_output=True).stdout
    return json.loads(said)["commands"]


def help_of(name):
    return subprocess.run([program("mailward"), "-c", f"help {name}"], check=True, capture_output=True, text=True).stdout


@test
def every_command_has_help_by_each_of_its_names(world):
    for command in commands():
        for name in (command["name"], *command["aliases"]):
            shown = help_of(name).splitlines()
            equal(shown[0], f"{command['name']} - {command['summary']}", f"help {name}")
            true("Usage:" in shown and f"  {command['usage'][0]}" in shown, f"help {name}: {shown}")


@test
def every_command_is_in_the_manual(world):
    overview = (DOC / "mailward.1").read_text()
    for command in commands():
        name = command["name"]
        true(f"\n.SS {name}\n" in overview, f"mailward.1 has no section on {name}")
        page = (DOC / "commands" / f"mailward-{name}.1").read_text().replace("\\-", "-")
        true(command["summary"] in page, f"the page of {name}: {page}")


@test
def every_command_has_a_form_for_batches(world):
    for command in commands():
        forms = [line for line in command["usage"] if line != command["name"] and "clusterset" not in line]
        true(forms or not command["dialogue"], f"{command['name']} can only be answered, not written in one line")


@test
def every_command_answers_in_json(world):
    instance = world.instance()
    for command in commands():
        ended = instance.shell(command["name"], "--json")
        reports = [json.loads(line) for line in ended.stdout.splitlines()]
        equal(reports[0]["command"], [command["name"]], f"the report of {command['name']}")
        last = reports[-1]
        equal((last["final"], last["exit"], ended.returncode), (True, ended.returncode, last["exit"]), f"the end of {command['name']}")
        true(ended.returncode in (0, 1, 2, 3, 7), f"{command['name']} alone ends with {ended.returncode}: {ended.stdout}")
        equal("message" in reports[0], reports[0]["exit"] != 0, f"{command['name']}: an error has a message, success has none")


main()
