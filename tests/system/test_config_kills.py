#!/usr/bin/env python3
"""SIGKILL at every named point of a commit: afterwards all roles behave by the old or all by the new revision.

Each commit changes what three roles and the master do, and only mail that is sent through tells which revision they
follow: the listener that is there, the domain that smtp takes, the header that scan adds to spam, and the next hop that
the queue chooses.
"""

import sys
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.api import edit
from harness.build import wait_until
from harness.mail import body_sha256, make_mail
from harness.sender import Session, send_one
from harness.tap import equal, main, test, true

OLD, NEW, EITHER = "old", "new", "old or new"

CONTROL_POINTS = {
    "control.before-prepare": OLD,
    "control.prepared": OLD,
    "control.before-transaction": OLD,
    "control.after-transaction": NEW,
    "control.before-head": NEW,
}
# A role that dies before the transaction is asked again when it is back, if that is soon enough.
ROLE_POINTS = {"prepare": EITHER, "prepared": EITHER, "before-apply": NEW, "after-apply": NEW}


def fields_of(number, sinks):
    """What generation `number` sets: everything that tells it from the one before."""
    host, port = sinks[number % 2].address[:2]
    hop = f"{host}:{port}"
    return [
        edit("smtproutes", "clear"),
        edit("smtproutes", "put", f"gen-{number}.example", destination=hop),
        edit("smtproutes", "put", "both.example", destination=hop),
        edit("listeners", "clear"),
        edit("listeners", "put", "public", address="127.0.0.1", port=0),
        edit("listeners", "put", f"gen-{number}", address=f"127.0.1.{number}", port=0),
        edit("rcptaccess", "put", "public/ALL"),
        edit("rcptaccess", "put", f"gen-{number}/ALL"),
        edit("antispam", enabled=True, licence_accepted=True),
        edit(
            "incoming-policy",
            "edit",
            "DEFAULT",
            antispam="on",
            positive_action="deliver",
            positive_header=f"X-Generation: {number}",
        ),
    ]


class Gateway:
    """An instance whose configuration is a generation number."""

    def __init__(self, world):
        self.sinks = [world.sink(keep_data=True), world.sink(keep_data=True)]
        self.instance = world.instance(settings={"route": "", "queue.retry-first": 1, "queue.retry-most": 1})
        self.serial = 0
        equal(self.commit(1)[0], 0, "the status of the first commit")

    def commit(self, number, commit_id=None):
        """Commits generation `number`.  Returns (status, None), or (None, commit id) when the answer was lost."""
        commit_id = commit_id or uuid.uuid4().hex
        with self.instance.api_again() as api:
            api.edit(*fields_of(number, self.sinks))
            try:
                return api.call("config.commit", commit_id=commit_id, comment=f"generation {number}")[0], None
            except ConnectionError:
                return None, commit_id

    def look_up(self, commit_id):
        """The revision that a lost commit became, or None."""
        with self.instance.api_again() as api:
            return api.must("config.lookup", commit_id=commit_id)["revision"]

    def settle(self):
        """Returns when every role runs the head: a check of any change has all of them prepare on top of it."""
        with self.instance.api_again() as api:
            api.edit(edit("smtproutes", "put", "settled.example", destination="192.0.2.1:25"))
            equal(api.call("config.commit", commit_id=uuid.uuid4().hex, check=True)[0], 0, "the status of the check")

    def stored(self):
        """The generation that control says is in force."""
        with self.instance.api_again() as api:
            (policy,) = api.rows("incoming-policy", running=True)
            return int(policy["positive-header"].rpartition(" ")[2])

    def address_of(self, number):
        """Where the listener of this generation is, or None."""
        return self.instance.listeners().get(f"gen-{number}")

    def taken_by_smtp(self, number):
        with Session(self.instance.address) as session:
            session.command("MAIL FROM:<anna@example.org>")
            return session.command(f"RCPT TO:<x@gen-{number}.example>").code == 250

    def send_spam(self):
        """Sends a message that is taken for spam; returns (generation of its header, index of the sink)."""
        self.serial += 1
        message = make_mail(self.serial, headers=["X-Advertisement: spam"])
        with Session(self.instance.address) as session:
            reply = session.mail("anna@example.org", ["x@both.example"], message)
        true(reply.mid, f"not accepted: {reply}")
        digest = body_sha256(message)

        def arrived():
            for index, sink in enumerate(self.sinks):
                for received in sink.messages:
                    if received.sha256 == digest:
                        return index, received.data
            return None

        index, data = wait_until(arrived, "the message at a next hop")
        marks = [line for line in data.split(b"\r\n") if line.startswith(b"X-Generation: ")]
        equal(len(marks), 1, "headers of the policy")
        return int(marks[0].split()[1]), index

    def behaves_by(self, number, other):
        """Fails unless every role follows generation `number`, and none follows `other`."""
        wait_until(lambda: self.address_of(number) and not self.address_of(other), f"the listener of generation {number}")
        send_one(self.address_of(number), make_mail(1000 + number), ["x@both.example"])
        equal(self.taken_by_smtp(number), True, f"smtp takes the domain of generation {number}")
        equal(self.taken_by_smtp(other), False, f"smtp takes the domain of generation {other}")
        equal(self.send_spam(), (number, number % 2), "header by scan and next hop by queue")
        equal(self.stored(), number, "what control says")


def kill_at(gateway, point, running, expected):
    """Commits running + 1 with a death at `point`; returns the generation that is in force afterwards."""
    wanted = running + 1
    gateway.instance.die_at(point)
    status, lost = gateway.commit(wanted)
    true(gateway.instance.has_died_there(), f"nobody came by {point}")
    if lost:
        committed = gateway.look_up(lost) is not None
    else:
        true(status in (0, 4, 8), f"{point}: the commit ended with status {status}")
        committed = status != 4
    true(expected == EITHER or committed == (expected == NEW), f"{point}: committed is {committed}")
    gateway.settle()
    now, other = (wanted, running) if committed else (running, wanted)
    gateway.behaves_by(now, other)
    return now


@test
def control_that_is_killed_leaves_the_old_or_the_new_revision_everywhere(world):
    gateway = Gateway(world)
    running = 1
    gateway.behaves_by(1, 2)
    for point, expected in CONTROL_POINTS.items():
        running = kill_at(gateway, point, running, expected)


def kill_role(world, role):
    gateway = Gateway(world)
    running = 1
    for point, expected in ROLE_POINTS.items():
        running = kill_at(gateway, f"{role}.{point}", running, expected)


@test
def smtp_that_is_killed_comes_back_with_the_revision_of_all(world):
    kill_role(world, "smtp")


@test
def the_queue_that_is_killed_comes_back_with_the_revision_of_all(world):
    kill_role(world, "queue")


@test
def scan_that_is_killed_comes_back_with_the_revision_of_all(world):
    kill_role(world, "scan")


@test
def a_master_that_is_killed_during_a_commit_starts_again_with_all_of_it_or_nothing(world):
    gateway = Gateway(world)
    running = 1
    for number, pause in enumerate((0.0, 0.005, 0.01, 0.02, 0.05)):
        with gateway.instance.api_again() as api:
            api.edit(*fields_of(running + 1, gateway.sinks))
            api.send("config.commit", commit_id=uuid.uuid4().hex, comment="")
            time.sleep(pause)
            gateway.instance.power_off()
        gateway.instance.start()
        now = gateway.stored()
        true(now in (running, running + 1), f"kill {number}: generation {now}")
        gateway.behaves_by(now, running + 1 if now == running else running)
        running = now


@test
def the_same_commit_is_done_after_control_died_before_it(world):
    gateway = Gateway(world)
    gateway.instance.die_at("control.before-transaction")
    status, lost = gateway.commit(2)
    true(lost and gateway.look_up(lost) is None, "the commit came through")
    equal(gateway.commit(2)[0], 0, "the status of the second try")
    gateway.behaves_by(2, 1)


@test
def a_commit_id_that_came_to_nothing_may_be_used_for_something_else(world):
    gateway = Gateway(world)
    gateway.instance.die_at("control.before-transaction")
    status, lost = gateway.commit(2)
    true(lost and gateway.look_up(lost) is None, "the commit came through")
    equal(gateway.commit(3, lost)[0], 0, "the status of the second try")
    gateway.behaves_by(3, 2)


main()
