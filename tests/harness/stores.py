"""mailwardd --check, --backup and --restore, and a gateway with mail in every state to try them on."""

import shutil
import sqlite3
import subprocess

from .api import edit
from .build import program, wait_until
from .mail import body_sha256, make_mail
from .sender import send_one
from .tap import equal

SPAM = "X-Advertisement: spam"
FAST = {"queue.retry-first": 1, "queue.retry-most": 1}


def mailwardd(folder, *options, **how):
    """Runs mailwardd on the state folder and returns the completed process."""
    line = [program("mailwardd"), "--private", str(folder), *map(str, options)]
    return subprocess.run(line, capture_output=True, timeout=120, **{"text": True, **how})


def done(run, status=0):
    equal(run.returncode, status, f"status of {run.args[3:]} ({run.stdout}{run.stderr})")
    return run.stdout + run.stderr


def check(folder, status=0):
    """What --check says."""
    return done(mailwardd(folder, "--check"), status)


def consistent(folder):
    equal(check(folder).count("\n"), 1, "lines of --check")


def backup(folder, file, status=0):
    return done(mailwardd(folder, "--backup", file), status)


def restore(folder, file, *options, status=0):
    return done(mailwardd(folder, "--restore", file, *options), status)


def wipe(folder):
    for name in ("config", "queue", "track"):
        shutil.rmtree(folder / name)


def database(folder, name, sql):
    """Changes or reads a database of an instance that does not run."""
    with sqlite3.connect(folder / name) as db:
        rows = db.execute(sql).fetchall()
    db.commit()
    db.close()
    return rows


def full_gateway(world, deferred=5, kept=3):
    """A gateway with two revisions, mail that its next hop puts off, and mail in the quarantine.  Returns it, the next
    hop, and the bodies that wait for delivery by their SHA-256."""
    sink = world.sink()
    sink.answer_rcpt = lambda address: "451 4.3.0 later"
    instance = world.instance(route=sink.address, settings=FAST)
    instance.configure(edit("incoming-policy", key="DEFAULT", positive_action="quarantine"), edit("antispam", timeout=30))
    waiting = {}
    for serial in range(deferred):
        message = make_mail(serial, size=1000 * (serial + 1))
        send_one(instance.address, message, ["a@example.com", "b@example.com"])
        waiting[body_sha256(message)] = ("a@example.com", "b@example.com")
    for serial in range(kept):
        send_one(instance.address, make_mail(100 + serial, headers=(SPAM,), subject=f"offer {serial}"))
    wait_until(lambda: instance.status().get("recipients_quarantined") == kept, "the quarantine")
    wait_until(lambda: instance.status().get("recipients_delayed") == 2 * deferred, "the first tries")
    return instance, sink, waiting
