#!/usr/bin/env python3
"""What the start of the shell costs, in counts that no load changes: libraries, system calls, pages.  `make bench` has the time.
A bar is twice what we aim for, so that it stands for a change of kind, as a library more or a table that is built at the start."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.build import program, sanitized
from harness.tap import Skip, equal, main, need, test, true

LIBRARIES_MOST = 10
NOT_OURS = {"curl", "crypto", "ssl", "sqlite3", "event_core", "archive"}  # each would be a multiple of all the others
SYSTEM_CALLS_AIM, PAGES_AIM = 120, 140


@test
def the_shell_maps_few_libraries_and_none_of_the_daemons(world):
    need("ldd")
    shown = subprocess.run(["ldd", program("mailward")], check=True, capture_output=True, text=True).stdout
    names = {name for name in re.findall(r"(?:lib|/|linux-)(\w[\w+-]*?)(?:-x86-64)?\.so", shown)}
    true({"c", "jansson", "edit"} <= names, f"cannot read {shown}")
    equal(names & NOT_OURS, set(), "libraries")
    if not sanitized():
        true(len(shown.splitlines()) <= LIBRARIES_MOST, shown)


def one_command(instance):
    return [program("mailward"), "--private", str(instance.folder), "-c", "version"]


@test
def one_command_takes_few_system_calls(world):
    if sanitized() or not shutil.which("strace"):
        raise Skip("needs strace and a build without sanitizers")
    trace = world.folder / "trace"
    subprocess.run(["strace", "-f", "-qq", "-o", trace, *one_command(world.instance())], check=True, stdout=subprocess.DEVNULL)
    lines = trace.read_text().splitlines()
    true(len(lines) <= 2 * SYSTEM_CALLS_AIM, f"{len(lines)} system calls")
    true(not [line for line in lines if "execve(" in line][1:], "it starts another program")


@test
def one_command_touches_few_pages(world):
    if sanitized():
        raise Skip("needs a build without sanitizers")
    command = one_command(world.instance())
    faults = []
    for _ in range(5):
        shell = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(shell.pid, 0)
        shell.returncode = os.waitstatus_to_exitcode(status)
        equal(shell.returncode, 0, "exit status")
        faults.append(usage.ru_minflt + usage.ru_majflt)
    true(min(faults) <= 2 * PAGES_AIM, f"page faults: {faults}")


main()
