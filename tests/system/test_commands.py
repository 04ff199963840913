#!/usr/bin/env python3
"""Commands as scripts use them: sessions in tests/golden/*.session are run against a real daemon and compared.

A session is lines `$ COMMAND LINE`, each followed by the output that it must have and, when it fails, `[status N]`.
`# ...` lines are comments.  Dates are written DATE, the account USER.  After a change that is meant: test_commands.py --accept
"""

import os
import pwd
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.golden import same  # noqa: E402
from harness.tap import main, test  # noqa: E402

GOLDEN = Path(__file__).resolve().parents[1] / "golden"

DATE = re.compile(r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} [A-Z]+")


USER = pwd.getpwuid(os.getuid()).pw_name


def normal(output):
    """What a command printed, without date and account."""
    named = DATE.sub("DATE", output).replace(f"  {USER:12}", f"  {'USER':12}")
    return named.replace(f"  {USER}\n", "  USER\n").splitlines()


def transcript(instance, session):
    """The session with what the commands really print."""
    lines = []
    for line in session.read_text().splitlines():
        if line.startswith("#"):
            lines.append(line)
        elif line.startswith("$ "):
            run = instance.shell(line[2:])
            lines += [line, *normal(run.stdout)]
            if run.returncode:
                lines.append(f"[status {run.returncode}]")
    return "\n".join(lines) + "\n"


def compare(world, name):
    session = GOLDEN / f"{name}.session"
    same(transcript(world.instance(), session), session)


@test
def help_shows_how_every_command_is_called(world):
    compare(world, "help")


@test
def settings_are_changed_shown_and_rolled_back(world):
    compare(world, "settings")


@test
def what_is_wrong_is_told_and_changes_nothing(world):
    compare(world, "wrong")


main()
