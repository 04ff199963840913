"""What tests do with a gateway most: a batch of its shell, which has to end as they say, and mail on its way through."""

import json

from .sender import send_one
from .tap import equal


def run(instance, *commands, status=0):
    """What a batch of the shell says; it must end with this status."""
    done = instance.shell("; ".join(commands))
    equal(done.returncode, status, f"exit status of {commands} ({done.stdout}{done.stderr})")
    return done.stdout


def configure(instance, *commands):
    """Commits a batch of the shell."""
    return run(instance, *commands, "commit")


def result(instance, command, status=0):
    """The result of a command as --json prints it."""
    done = instance.shell(command, "--json")
    equal(done.returncode, status, f"exit status of {command} ({done.stdout}{done.stderr})")
    return json.loads(done.stdout.splitlines()[0])["result"]


def settings(instance, table):
    """What is in force of a table."""
    return json.loads(run(instance, "showconfig json"))["tables"][table]


def send(instance, message, address=None):
    """The MID of the message when it is at its end."""
    mid = send_one(address or instance.address, message)
    instance.wait_idle()
    return mid


def delivered(instance, mid):
    """The message in the Maildir, or None."""
    return next((data for name, data in instance.maildir().items() if f".M{mid}R" in name), None)
