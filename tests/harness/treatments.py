"""What policies do with mail of one kind: every action, and what two next hops, the quarantine, the archives, the log
and the tracking store see of it."""

import itertools
import json
import re
import sqlite3
from collections import Counter
from dataclasses import dataclass, field

from harness.api import edit
from harness.build import SAMPLES, wait_until
from harness.mail import header, make_mail, read_sample
from harness.sender import Session
from harness.tap import equal, true

RECIPIENTS = ["ben@example.com", "carla@example.net", "dora@example.edu"]
ABUSE = "abuse@example.com"
HOST = "other.example"
FRIEND = "127.0.0.2"  # a client that may relay
DELIVERED, BOUNCED, DROPPED, QUARANTINED, REWRITTEN = range(5)  # kinds of final events
SPAM = ("X-Advertisement: spam",)


@dataclass
class Seen:
    """Where one message ended: recipients in each place, copies in the archive, and kinds of final events."""

    usual: list = field(default_factory=list)
    other: list = field(default_factory=list)
    quarantine: list = field(default_factory=list)
    bounces: int = 0
    finals: dict = field(default_factory=dict)


def all_three(kind):
    return {kind: len(RECIPIENTS)}


REWRITES = all_three(REWRITTEN)

# What a policy says -> where mail of its verdict ends.
CASES = [
    ({"action": "deliver"}, Seen(usual=RECIPIENTS, finals=all_three(DELIVERED))),
    ({"action": "drop"}, Seen(finals=all_three(DROPPED))),
    ({"action": "bounce"}, Seen(bounces=1, finals=all_three(BOUNCED))),
    ({"action": "quarantine"}, Seen(quarantine=RECIPIENTS, finals=all_three(QUARANTINED))),
    ({"action": "deliver", "host": HOST}, Seen(other=RECIPIENTS, finals=all_three(DELIVERED))),
    ({"action": "quarantine", "host": HOST}, Seen(other=RECIPIENTS, finals=all_three(DELIVERED))),
    ({"action": "deliver", "recipient": ABUSE}, Seen(usual=[ABUSE], finals={**REWRITES, DELIVERED: 1})),
    ({"action": "quarantine", "recipient": ABUSE}, Seen(quarantine=[ABUSE], finals={**REWRITES, QUARANTINED: 1})),
    ({"action": "deliver", "host": HOST, "recipient": ABUSE}, Seen(other=[ABUSE], finals={**REWRITES, DELIVERED: 1})),
    ({"action": "drop", "host": HOST, "recipient": ABUSE}, Seen(finals=all_three(DROPPED))),
    ({"action": "bounce", "host": HOST, "recipient": ABUSE}, Seen(bounces=1, finals=all_three(BOUNCED))),
]

# The line that tells of an action: of which MID, and by which engine.
LINES = {
    "drop": "Message aborted MID {} Dropped by {}",
    "bounce": "Message aborted MID {} Bounced by {}",
    "deliver": "MID {} queued for delivery",
    "quarantine": "ISQ: Quarantined MID {}",
}

# Mail of each kind.
GRAYMAIL = {"marketing": "marketing-shop", "social": "social-friends", "bulk": "bulk-newsletter"}


def sample(kind, serial=0):
    if kind in GRAYMAIL:
        return read_sample(SAMPLES / "graymail" / f"{GRAYMAIL[kind]}.eml")
    return read_sample(SAMPLES / "legitimate/flight.eml") if kind == "suspect" else make_mail(serial, headers=SPAM)


def engine(kind):
    """How the log calls the engine that finds such mail, and how archives and alternates do."""
    return ("GRAYMAIL", "graymail") if kind in GRAYMAIL else ("CASE", "antispam")


class Gateway:
    """An instance between the usual next hop and the alternate host, which a row of smtproutes gives a port."""

    def __init__(self, world):
        self.usual, self.other = world.sink(keep_data=True), world.sink(keep_data=True)
        self.instance = world.instance(route=self.usual.address, settings={"queue.retry-first": 1})
        self.serials = itertools.count(1)
        host, port = self.other.address[:2]
        self.instance.configure(
            edit("smtproutes", "put", HOST, destination=f"[{host}]:{port}"),
            edit("hostaccess", "new", f"public/{FRIEND}"),
            edit("outgoing-policy", key="DEFAULT", antispam="on"),
            edit("graymail", enabled=True),
        )

    def set_policy(self, table, verdict, **treatment):
        """What becomes of mail with this verdict; what is not named is none."""
        fields = {"host": "", "recipient": "", "archive": False, "subject": "none", "header": "", **treatment}
        limits = {"positive_threshold": 99, "suspect_threshold": 25}  # any but the cleanest message is suspect
        if verdict in GRAYMAIL:
            limits = {"positive_threshold": 99, "suspect": False, "graymail": "on"}
        named = {f"{verdict}_{name}": value for name, value in fields.items()}
        self.instance.configure(edit(table, key="DEFAULT", **limits, **named))

    def send(self, verdict="positive", recipients=RECIPIENTS, outgoing=False):
        """Sends a message that gets this verdict; returns its MID and its sender, who is nobody else's."""
        serial = next(self.serials)
        sender = f"sender-{serial}@example.org"
        message = sample(verdict, serial)
        with Session(self.instance.address, source=FRIEND if outgoing else None) as session:
            reply = session.mail(sender, recipients, message)
        true(reply.mid, f"not accepted: {reply}")
        return reply.mid, sender

    def quarantined(self):
        """The rows of the quarantine."""
        run = self.instance.shell("spamquarantine list", "--json")
        equal(run.returncode, 0, f"exit status ({run.stdout})")
        return json.loads(run.stdout.splitlines()[0])["result"]["messages"]

    def archived(self, mid, name="antispam"):
        """How many copies the archive has under this MID."""
        wanted = b"\nX-Mailward-MID: %d\n" % mid
        return sum(path.read_bytes().count(wanted) for path in (self.instance.folder / "archive" / name).iterdir())

    def finals(self, sender):
        """Kind -> number of final events of this sender's mail, once all are there."""
        wait_until(lambda: self.instance.status().get("outbox") == 0, "every final event in the tracking store")
        with sqlite3.connect(f"file:{self.instance.folder / 'track' / 'tracking.db'}?mode=ro", uri=True) as db:
            rows = db.execute("SELECT kind FROM final WHERE sender = ?", (sender.encode(),))
            return dict(Counter(kind for (kind,) in rows))

    def rewritten_to(self, mid):
        """The MID of the copy for an alternate recipient, or this MID."""
        shape = re.compile(r"rewritten to MID (\d+) by (?:antispam|graymail)$")
        found = [shape.search(line) for line in self.instance.log.of_message(mid)]
        return next((int(match.group(1)) for match in found if match and f"MID {mid} rewritten" in match.string), mid)

    def seen(self, sender):
        rows = [row for row in self.quarantined() if row["sender"] == sender]
        return Seen(
            usual=recipients_at(self.usual, sender),
            other=recipients_at(self.other, sender),
            quarantine=[to["address"] for row in rows for to in row["recipients"]],
            bounces=sum(one.sender == "" and one.recipients == [sender] for one in self.usual.messages),
            finals=self.finals(sender),
        )


def recipients_at(sink, sender):
    return sorted(to for one in sink.messages if one.sender == sender for to in one.recipients)


def try_every_action(world, table, verdict):
    gateway = Gateway(world)
    for serial, (treatment, wanted) in enumerate(CASES):
        case = f"{verdict} mail of {table} with {treatment}"
        archive = serial % 2 == (table == "outgoing-policy")  # each action with and without
        gateway.set_policy(table, verdict, archive=archive, header="X-Mark: yes", subject="append: [MARK]", **treatment)
        mid, sender = gateway.send(verdict, outgoing=table == "outgoing-policy")
        gateway.instance.wait_idle()
        lines = gateway.instance.log.of_message(mid)
        found = f"MID {mid} graymail {verdict} " if verdict in GRAYMAIL else f"CASE spam {verdict}"
        true(any(found in line for line in lines), f"{case}: the verdict is another one: {lines}")
        equal(gateway.seen(sender), wanted, case)
        says, name = engine(verdict)
        equal(gateway.archived(mid, name), int(archive), f"{case}: copies in the archive")
        told = f"MID {mid} archived by {says} to {name}"
        equal(any(told in line for line in lines), archive, f"{case}: {told!r}")
        action = "deliver" if "host" in treatment and treatment["action"] == "quarantine" else treatment["action"]
        last = gateway.rewritten_to(mid)
        equal(last != mid, REWRITTEN in wanted.finals, f"{case}: is rewritten")
        line = LINES[action].format(last, says)
        true(any(line in one for one in gateway.instance.log.of_message(last)), f"{case}: no {line!r}")
        for one in gateway.usual.messages + gateway.other.messages:
            if one.sender == sender:
                equal(header(one.data, "X-Mark"), "yes", f"{case}: the header")
                true(header(one.data, "Subject").endswith(" [MARK]"), f"{case}: the subject")
