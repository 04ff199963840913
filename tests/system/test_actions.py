#!/usr/bin/env python3
"""Every action of every verdict with real mail: what two next hops, the quarantine, the archive, the log and the
tracking store see of it."""

import json
import socket
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.api import edit
from harness.build import wait_until
from harness.mail import make_mail
from harness.sender import send_one
from harness.tap import Skip, equal, main, proves, test, true
from harness.treatments import (
    ABUSE,
    HOST,
    QUARANTINED,
    RECIPIENTS,
    REWRITES,
    SPAM,
    Gateway,
    Seen,
    recipients_at,
    try_every_action,
)

SMTP_PORT = 25


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
