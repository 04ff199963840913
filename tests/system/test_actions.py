#!/usr/bin/env python3
"""Every action of every verdict with real mail: what two next hops, the quarantine, the archive, the log and the
tracking store see of it."""

import itertools
import json
import re
import socket
import sqlite3
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.api import edit
from harness.build import wait_until
from harness.mail import header, make_mail, read_sample
from harness.sender import Session, send_one
from harness.tap import Skip, equal, main, proves, test, true

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
RECIPIENTS = ["ben@example.com", "carla@example.net", "dora@example.edu"]
ABUSE = "abuse@example.com"
HOST = "other.example"
SMTP_PORT = 25
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

# The line that tells of an action, by what tells it.
LINES = {
    "drop": "Message aborted MID {} Dropped by CASE",
    "bounce": "Message aborted MID {} Bounced by CASE",
    "deliver": "MID {} queued for delivery",
    "quarantine": "ISQ: Quarantined MID {}",
}


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
        )

    def set_policy(self, table, verdict, **treatment):
        """What becomes of mail with this verdict; what is not named is none."""
        fields = {"host": "", "recipient": "", "archive": False, "subject": "none", "header": "", **treatment}
        limits = {"positive_threshold": 99, "suspect_threshold": 25}  # any but the cleanest message is suspect
        named = {f"{verdict}_{name}": value for name, value in fields.items()}
        self.instance.configure(edit(table, key="DEFAULT", **limits, **named))

    def send(self, verdict="positive", recipients=RECIPIENTS, outgoing=False):
        """Sends a message that gets this verdict; returns its MID and its sender, who is nobody else's."""
        serial = next(self.serials)
        sender = f"sender-{serial}@example.org"
        message = make_mail(serial, headers=SPAM)
        if verdict == "suspect":
            message = read_sample(SAMPLES / "ham-newsletter.eml")
        with Session(self.instance.address, source=FRIEND if outgoing else None) as session:
            reply = session.mail(sender, recipients, message)
        true(reply.mid, f"not accepted: {reply}")
        return reply.mid, sender

    def quarantined(self):
        """The rows of the quarantine."""
        run = self.instance.shell("spamquarantine list", "--json")
        equal(run.returncode, 0, f"exit status ({run.stdout})")
        return json.loads(run.stdout.splitlines()[0])["result"]["messages"]

    def archived(self, mid):
        """How many copies the archive has under this MID."""
        wanted = b"\nX-Mailward-MID: %d\n" % mid
        return sum(path.read_bytes().count(wanted) for path in (self.instance.folder / "archive/antispam").iterdir())

    def finals(self, sender):
        """Kind -> number of final events of this sender's mail, once all are there."""
        wait_until(lambda: self.instance.status().get("outbox") == 0, "every final event in the tracking store")
        with sqlite3.connect(f"file:{self.instance.folder / 'track' / 'tracking.db'}?mode=ro", uri=True) as db:
            rows = db.execute("SELECT kind FROM final WHERE sender = ?", (sender.encode(),))
            return dict(Counter(kind for (kind,) in rows))

    def rewritten_to(self, mid):
        """The MID of the copy for an alternate recipient, or this MID."""
        found = [re.search(r"rewritten to MID (\d+) by antispam$", line) for line in self.instance.log.of_message(mid)]
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
        true(any(f"CASE spam {verdict}" in line for line in lines), f"{case}: the verdict is another one: {lines}")
        equal(gateway.seen(sender), wanted, case)
        equal(gateway.archived(mid), int(archive), f"{case}: copies in the archive")
        action = "deliver" if "host" in treatment and treatment["action"] == "quarantine" else treatment["action"]
        last = gateway.rewritten_to(mid)
        equal(last != mid, REWRITTEN in wanted.finals, f"{case}: is rewritten")
        line = LINES[action].format(last)
        true(any(line in one for one in gateway.instance.log.of_message(last)), f"{case}: no {line!r}")
        for one in gateway.usual.messages + gateway.other.messages:
            if one.sender == sender:
                equal(header(one.data, "X-Mark"), "yes", f"{case}: the header")
                true(header(one.data, "Subject").endswith(" [MARK]"), f"{case}: the subject")


@test
@proves("S2-153 S2-154 S2-159")
def every_action_on_incoming_spam_ends_where_the_table_says(world):
    try_every_action(world, "incoming-policy", "positive")


@test
def every_action_on_incoming_suspected_spam_ends_where_the_table_says(world):
    try_every_action(world, "incoming-policy", "suspect")


@test
def every_action_on_outgoing_spam_ends_where_the_table_says(world):
    try_every_action(world, "outgoing-policy", "positive")


@test
def every_action_on_outgoing_suspected_spam_ends_where_the_table_says(world):
    try_every_action(world, "outgoing-policy", "suspect")


@test
def the_log_tells_how_one_copy_came_to_an_alternate_recipient(world):
    gateway = Gateway(world)
    gateway.set_policy("incoming-policy", "positive", action="deliver", recipient=ABUSE, host=HOST)
    mid, sender = gateway.send()
    gateway.instance.wait_idle()
    copy = gateway.rewritten_to(mid)
    wanted = [
        f"MID {mid} using engine: CASE spam positive",
        f"MID {mid} rewritten to MID {copy} by antispam",
        f"Start MID {copy} ICID 0",
        f"MID {copy} ICID 0 From: <{sender}>",
        f"MID {copy} ICID 0 RID 0 To: <{ABUSE}>",
        f"Message finished MID {mid} done",
        f"MID {copy} goes to alternate host {HOST} by antispam",
        f"MID {copy} queued for delivery",
        f"MID {copy} RID [0] Response",
        f"Message finished MID {copy} done",
    ]
    log = gateway.instance.log.lines()
    places = [next((i for i, line in enumerate(log) if text in line), None) for text in wanted]
    true(None not in places, f"missing: {[text for text, place in zip(wanted, places) if place is None]}")
    equal(places, sorted(places), "the order of the lines")


@test
def mail_for_an_alternate_host_keeps_it_over_a_restart_and_a_change_of_the_policy(world):
    gateway = Gateway(world)
    gateway.set_policy("incoming-policy", "positive", action="deliver", host=HOST)
    gateway.other.answer_mail = lambda _: "451 4.3.0 later"
    _, sender = gateway.send()
    wait_until(lambda: gateway.other.commands["MAIL"] > 0, "a first try")
    gateway.set_policy("incoming-policy", "positive", action="drop")
    gateway.instance.kill_role("queue")
    wait_until(lambda: gateway.instance.status(), "the queue to come back")
    run = gateway.instance.shell("showrecipients all", "--json")
    rows = json.loads(run.stdout.splitlines()[0])["result"]["recipients"]
    equal({row["alternate_host"] for row in rows}, {HOST}, "alternate host that is shown")
    gateway.other.answer_mail = lambda _: None
    wait_until(lambda: recipients_at(gateway.other, sender) == RECIPIENTS, "the mail at the alternate host")
    gateway.instance.wait_empty()
    equal(recipients_at(gateway.usual, sender), [], "at the usual host")


@test
@proves("S2-154")
def an_alternate_host_without_a_route_is_found_by_its_exchanges_then_by_its_address(world):
    hosts = ("127.0.0.4", "127.0.0.5")
    try:
        for host in hosts:
            socket.create_server((host, SMTP_PORT)).close()
    except OSError as error:
        raise Skip(f"port {SMTP_PORT} cannot be had: {error}") from None
    sinks = [world.sink(host=host, port=SMTP_PORT) for host in hosts]
    dns = world.dns()
    instance = world.instance(settings={"route": "", "dns.servers": dns.address})
    dns.set("exchanged.example", MX=["10 mx.exchanged.example"], A=["127.0.0.5"])
    dns.set("mx.exchanged.example", A=["127.0.0.4"])
    dns.set("plain.example", A=["127.0.0.5"])
    for host, arrived in (("exchanged.example", 0), ("[exchanged.example]", 1), ("plain.example", 1), ("127.0.0.4", 0)):
        before = [len(sink.messages) for sink in sinks]
        instance.configure(
            edit("incoming-policy", key="DEFAULT", positive_action="deliver", positive_host=host),
            edit("smtproutes", "put", "ALL", destination="192.0.2.1:25"),
        )
        send_one(instance.address, make_mail(1, headers=SPAM), RECIPIENTS)
        instance.wait_idle()
        before[arrived] += 1
        equal([len(sink.messages) for sink in sinks], before, f"messages at each sink after one to {host}")


@test
def released_mail_goes_to_the_alternate_recipient_that_it_was_kept_for(world):
    gateway = Gateway(world)
    gateway.set_policy("incoming-policy", "positive", action="quarantine", recipient=ABUSE)
    _, sender = gateway.send()
    gateway.instance.wait_idle()
    equal(gateway.instance.shell("spamquarantine release all").stdout, "1 message released.\n", "answer")
    wait_until(lambda: recipients_at(gateway.usual, sender), "the released mail")
    gateway.instance.wait_idle()
    equal(recipients_at(gateway.usual, sender), [ABUSE], "recipients")


@test
def a_queue_that_is_killed_while_it_rewrites_loses_and_doubles_nothing(world):
    gateway = Gateway(world)
    gateway.set_policy("incoming-policy", "positive", action="quarantine", recipient=ABUSE)
    instance = gateway.instance
    for point in ("queue.rewrite-written", "queue.rewrite-committed"):
        instance.die_at(point)
        _, sender = gateway.send()
        wait_until(instance.has_died_there, f"death at {point}")
        wait_until(lambda: instance.is_empty() and gateway.quarantined(), "the end of the message")
        equal(gateway.seen(sender), Seen(quarantine=[ABUSE], finals={**REWRITES, QUARANTINED: 1}), point)


@test
def kills_at_any_time_leave_one_copy_of_each_message(world):
    gateway = Gateway(world)
    gateway.set_policy("incoming-policy", "positive", action="quarantine", recipient=ABUSE, archive=True)
    instance, senders = gateway.instance, []
    instance.shell("workqueue pause")
    for _ in range(60):
        senders.append(gateway.send()[1])
    instance.shell("workqueue resume")
    for kept in (1, 20, 40):
        wait_until(lambda: instance.status().get("recipients_quarantined", 0) >= kept, "some of it")
        instance.kill_role("queue")
    wait_until(instance.is_empty, "the end of all", 60)
    rows = gateway.quarantined()
    equal(Counter(row["sender"] for row in rows), Counter(senders), "messages in quarantine")
    equal({to["address"] for row in rows for to in row["recipients"]}, {ABUSE}, "their recipients")
    for sender in senders:
        equal(gateway.finals(sender), {**REWRITES, QUARANTINED: 1}, f"final events of {sender}")


main()
