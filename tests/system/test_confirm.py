#!/usr/bin/env python3
"""Commits that must be confirmed: whoever dies, and when, mail is treated by one revision, and the deadline holds.

The two revisions differ in the domain that smtp takes mail for, so that RCPT tells which of them runs.
"""

import os
import sqlite3
import subprocess
import sys
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.api import edit
from harness.build import program, wait_until
from harness.sender import Session
from harness.tap import equal, main, test, true

WITHIN = 4  # seconds, for deadlines that are to pass
LONG = 3600


class Gateway:
    def __init__(self, world):
        self.instance = world.instance()
        self.commit(edit("rcptaccess", "clear"), edit("rcptaccess", "put", "public/old.example"))

    def commit(self, *edits, **members):
        """Returns the end frame, or None when the answer was lost."""
        with self.instance.api_again() as api:
            api.edit(*edits)
            try:
                return api.call("config.commit", commit_id=uuid.uuid4().hex, **members)[1]
            except ConnectionError:
                return None

    def commit_new(self, **members):
        return self.commit(
            edit("rcptaccess", "put", "public/new.example"), edit("rcptaccess", "delete", "public/old.example"), **members
        )

    def takes(self, domain):
        with Session(self.instance.address) as session:
            session.command("MAIL FROM:<anna@example.org>")
            code = session.command(f"RCPT TO:<x@{domain}>").code
        if code not in (250, 550):
            raise ConnectionError(f"{domain}: {code}, ask again")  # a role is away for a moment
        return code == 250

    def runs(self, wanted):
        """True when smtp follows this revision alone; a mixture fails."""
        try:
            before, new, old = (self.takes(f"{word}.example") for word in ("old", "new", "old"))
        except OSError:
            return False  # smtp is being started anew
        if before != old:
            return False  # it switched between the questions
        true(old != new, f"a mixture: old {old}, new {new}")
        return new if wanted == "new.example" else old

    def pending(self):
        with self.instance.api_again() as api:
            return api.must("config.confirm", operation="status")["confirmation"]

    def answer(self, operation):
        with self.instance.api_again() as api:
            return api.call("config.confirm", operation=operation)[0]

    def store(self, sql):
        """Changes config.db of an instance that is not running."""
        db = sqlite3.connect(self.instance.folder / "config" / "config.db")
        with db:
            db.execute(sql)
        db.close()


def shell(instance, *lines):
    return subprocess.run(
        [program("mailward"), "--private", str(instance.folder), "-c", "; ".join(lines)],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ,
    )


# From before the revision is prepared until after it runs everywhere; whatever died, the deadline decides in the end.
POINTS = (
    "control.before-prepare",
    "smtp.prepare",
    "smtp.prepared",
    "control.prepared",
    "control.before-transaction",
    "control.after-transaction",
    "control.before-head",
    "smtp.before-apply",
    "smtp.after-apply",
    "queue.before-apply",
    "scan.before-apply",
    "log.before-apply",
)


@test
def whoever_is_killed_on_the_way_the_deadline_holds(world):
    gateway = Gateway(world)
    for point in POINTS:
        gateway.instance.die_at(point)
        end = gateway.commit_new(confirm=WITHIN)
        true(gateway.instance.has_died_there(), f"nobody came by {point}")
        if end is None or end["status"] == 0:
            wait_until(lambda: not gateway.pending(), f"the end of what {point} left")
        wait_until(lambda: gateway.runs("old.example"), f"the old revision after {point}")
        equal(gateway.pending(), None, f"pending after {point}")


@test
def a_kill_of_everything_before_the_deadline_leaves_it_pending_and_after_it_undone(world):
    gateway = Gateway(world)
    equal(gateway.commit_new(confirm=LONG)["status"], 0, "status of the commit")
    for _ in range(2):
        gateway.instance.power_off()
        gateway.instance.start()
        true(gateway.runs("new.example"), "the new revision is lost")
        true(gateway.pending()["left"] > LONG - 300, "what is left")
    gateway.instance.power_off()
    gateway.store("UPDATE confirmation SET boot_deadline = 1")
    gateway.instance.start()
    true(gateway.takes("old.example"), "mail was taken by a revision whose time was over")
    equal(gateway.pending(), None, "pending")


@test
def a_jump_of_the_clock_neither_ends_nor_extends_the_time(world):
    gateway = Gateway(world)
    gateway.commit_new(confirm=WITHIN)
    gateway.instance.pass_time(days=-7)
    wait_until(lambda: gateway.runs("old.example"), "the old revision after a jump back")
    gateway.commit_new(confirm=LONG)
    gateway.instance.pass_time(days=14)
    true(gateway.pending()["left"] > LONG - 300, "what is left after a jump forward")
    gateway.instance.power_off()
    gateway.instance.start()
    true(gateway.runs("new.example"), "the revision that is still to be confirmed")


@test
def accepted_is_for_good_and_rejected_is_undone_at_once(world):
    gateway = Gateway(world)
    gateway.commit_new(confirm=WITHIN)
    equal(gateway.answer("accept"), 0, "status of the acceptance")
    time.sleep(WITHIN + 1)  # the deadline that no longer is one
    true(gateway.runs("new.example"), "what was accepted")
    gateway.instance.power_off()
    gateway.instance.start()
    true(gateway.runs("new.example"), "what was accepted, after a restart")
    with gateway.instance.api_again() as api:
        api.edit(edit("antispam", timeout=33))
        equal(api.call("config.commit", commit_id=uuid.uuid4().hex, confirm=LONG)[0], 0, "status of the commit")
        equal(api.call("config.confirm", operation="reject")[0], 0, "status of the rejection")
        equal(api.rows("antispam", running=True)[0]["timeout"], 60, "the time-out that is in force")
        history = api.must("config.history")["revisions"]
    equal(history[0]["rollback_of"], history[2]["revision"], "what the newest revision restores")
    equal(gateway.answer("accept"), 1, "status of an acceptance that comes too late")


@test
def while_it_is_pending_no_other_commit_goes_through_in_any_session(world):
    gateway = Gateway(world)
    equal(shell(gateway.instance, "antispamconfig setup on --timeout=30", "commit confirm=1h").returncode, 0, "exit status")
    refused = shell(gateway.instance, "antispamconfig setup on --timeout=31", "commit")
    equal(refused.returncode, 1, "exit status of another commit")
    true("must be confirmed first" in refused.stdout, refused.stdout)
    status = shell(gateway.instance, "commit confirm status")
    true("is undone in" in status.stdout, status.stdout)
    equal(shell(gateway.instance, "commit confirm accept").returncode, 0, "exit status of the acceptance")
    equal(shell(gateway.instance, "antispamconfig setup on --timeout=31", "commit").returncode, 0, "exit status afterwards")


@test
def a_time_that_is_none_is_refused_and_nothing_committed(world):
    gateway = Gateway(world)
    for wrong in ("commit confirm=soon", "commit confirm=0m", "commit confirm=", "commit confirm=200h", "commit confirm=-1m"):
        refused = shell(gateway.instance, "antispamconfig setup on --timeout=30", wrong)
        equal(refused.returncode, 2, f"exit status of {wrong}")
    equal(gateway.pending(), None, "pending")
    quoted = shell(gateway.instance, "antispamconfig setup on --timeout=30", 'commit "confirm=1h"')
    equal(quoted.returncode, 0, "exit status of a comment that looks like it")
    equal(gateway.pending(), None, "pending")


@test
def people_who_are_logged_in_are_told(world):
    gateway = Gateway(world)
    with gateway.instance.api_again() as person, gateway.instance.api_again() as program_session:
        person.must("hello", terminal=True)
        program_session.must("hello", terminal=False)
        gateway.commit_new(confirm=WITHIN, comment="try it")
        notices = [person.receive()["notice"] for _ in range(2)]
        true("committed revision 3: try it" in notices[0], notices[0])
        true("is undone in" in notices[1], notices[1])
        wait_until(lambda: not gateway.pending(), "the deadline")
        told = person.receive()["notice"]
        while "restores" not in told:
            told = person.receive()["notice"]
        true("revision 4 restores revision 2" in told, told)
        equal(program_session.must("version")["product"], "mailward", "the next frame of a program")
    gateway.commit_new(confirm=LONG)
    with gateway.instance.api_again() as late:
        (notice,) = late.must("hello", terminal=True)["notices"]
        true("is undone in" in notice, notice)


@test
def a_label_names_a_revision_everywhere_and_keeps_it(world):
    gateway = Gateway(world)
    lines = [
        "antispamconfig setup on --timeout=30",
        "commit",
        "rollbackconfig label 3 rescue",
        "antispamconfig setup on --timeout=31",
        "commit",
    ]
    equal(shell(gateway.instance, *lines).returncode, 0, "exit status")
    equal(shell(gateway.instance, "showchanges diff rescue running").stdout, "antispam\n  timeout: 30 -> 31\n", "diff")
    equal(shell(gateway.instance, "showchanges diff 2 4").stdout, "antispam\n  timeout: 60 -> 31\n", "diff of numbers")
    equal(shell(gateway.instance, "rollbackconfig RESCUE").returncode, 1, "labels are told apart by case")
    equal(shell(gateway.instance, "rollbackconfig rescue", "commit").returncode, 0, "exit status of the roll-back")
    equal(shell(gateway.instance, "showchanges diff rescue running").stdout, "There are no differences.\n", "diff")
    for wrong, status in (("label 3 running", 2), ("label 99 x", 1), ("label 3 2nd", 2), ("unlabel absent", 1), ("absent", 1)):
        equal(shell(gateway.instance, f"rollbackconfig {wrong}").returncode, status, f"exit status of {wrong}")
    equal(shell(gateway.instance, "rollbackconfig unlabel rescue").returncode, 0, "exit status of unlabel")
    equal(shell(gateway.instance, "rollbackconfig rescue").returncode, 1, "exit status without it")


@test
def a_lock_warns_others_and_holds_up_nobody(world):
    gateway = Gateway(world)
    with gateway.instance.api_again() as holder, gateway.instance.api_again() as person:
        person.must("hello", terminal=True)
        holder.must("config.lock", operation="lock", comment="moving routes")
        true("has locked the configuration" in person.receive()["notice"], "the notice")
        with gateway.instance.api_again() as late:
            (notice,) = late.must("hello", terminal=True)["notices"]
            true(notice.endswith(": moving routes"), notice)
        end = gateway.commit(edit("antispam", timeout=30))
        equal(end["status"], 0, "status of another one's commit")
        true("moving routes" in end["warnings"][0], end["warnings"])
        equal(person.call("config.lock", operation="lock")[0], 1, "status of a second lock")
    equal(shell(gateway.instance, "config status").stdout, "The configuration is not locked.\n", "after its session")


@test
def a_comment_of_bytes_that_are_not_shown_is_told_and_ends_nothing(world):
    instance = world.instance()
    with instance.api() as holder, instance.api() as person:
        person.must("hello", terminal=True)
        holder.must("config.lock", operation="lock", comment=200 * "\x01" + 400 * "é")
        true(person.receive()["notice"].endswith(": " + 200 * "\\x01" + 400 * "é"), "the notice")


main()
