#!/usr/bin/env python3
"""Incoming relays: who sent the mail that a relay of one's own brings is read in its header, told in the log, and what
rules see; who may relay is decided by the connection alone."""

import contextlib
import os
import re
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.build import build_folder, program
from harness.gateway import configure
from harness.mail import make_mail
from harness.sender import Session
from harness.tap import equal, main, proves, test, true

RELAY, OTHER = "127.0.0.2", "127.0.0.3"  # clients
FOUND, MISSING, NO_ADDRESS = (
    "IncomingRelay({}): Header {} found, IP {} being used, IPR None",
    "IncomingRelay({}): Header {} not found",
    "IncomingRelay({}): Could not find valid IP address in header",
)
# What a relay at 127.0.0.2 brings: it has the mail from mx, and mx from a machine outside.  The brackets do not match.
RECEIVED = (
    "Received: from mx.example.com (mx.example.com) [10.2.3.4]) by relay.example.com with ESMTP id 8LKkWu1;\r\n"
    "\tWed, 21 Sep 2005 13:46:07 -0700\r\n"
    "Received: from outside.example.net (outside.example.net [7.8.9.1])\r\n"
    "\tby mx.example.com (Postfix) with ESMTP id 4F3DA15AC22; Wed, 21 Sep 2005 13:45:00 -0700\r\n"
)


def mail(headers=RECEIVED, serial=0):
    return headers.encode() + make_mail(serial)


def send_as(instance, message, source):
    """The MID of a message that this client sends."""
    with Session(instance.address, source=source) as session:
        reply = session.mail("anna@example.org", ["ben@example.com"], message)
    equal(reply.code, 250, "the answer")
    return reply.mid


def send(instance, message, source):
    """The same when it is at its end."""
    mid = send_as(instance, message, source)
    instance.wait_idle()
    return mid


def relay_line(instance, message, source=RELAY):
    """What the log says of the relay of a message, or None."""
    mid = send(instance, message, source)
    lines = [line for line in instance.log.of_message(mid) if "IncomingRelay" in line]
    true(len(lines) < 2, f"one line: {lines}")
    return lines[0].split(f"MID {mid} ")[1] if lines else None


@test
@proves("S2-212 S2-213 S2-222 S2-226 S2-227 S2-229 S2-231 S2-234 S2-243")
def the_sender_is_read_in_the_received_header_of_its_hop(world):
    instance = world.instance()
    command = f"incomingrelayconfig relaylist new A {RELAY}"
    configure(instance, f'{command} --received-after="[" --hop=2')
    equal(relay_line(instance, mail()), None, "switched off")
    configure(instance, "incomingrelayconfig setup on")
    equal(relay_line(instance, mail()), FOUND.format("A", "Received", "7.8.9.1"), "after [ in the second")
    equal(relay_line(instance, mail(), OTHER), None, "another client is no relay")
    configure(instance, f'incomingrelayconfig relaylist edit A {RELAY} --received-after=")"')
    equal(relay_line(instance, mail()), NO_ADDRESS.format("A"), "no address behind )")
    configure(instance, f'incomingrelayconfig relaylist edit A {RELAY} --received-after="[" --hop=1')
    equal(relay_line(instance, mail()), FOUND.format("A", "Received", "10.2.3.4"), "the first: ours does not count")
    configure(instance, f"incomingrelayconfig relaylist edit A {RELAY} --hop=3")
    equal(relay_line(instance, mail()), MISSING.format("A", "Received"), "a third that is not there")
    configure(instance, f"incomingrelayconfig relaylist edit A {RELAY} --hop=2")
    longer = mail("Received: from a (a [10.2.3.9]) by b; Wed, 21 Sep 2005 13:46:08 -0700\r\n" + RECEIVED)
    equal(relay_line(instance, longer), FOUND.format("A", "Received", "10.2.3.4"), "with one hop more it is another's")


@test
@proves("S2-228 S2-233")
def each_way_has_its_hop_and_the_first_address_behind_the_text_counts(world):
    instance = world.instance()
    configure(
        instance,
        "incomingrelayconfig setup on",
        f'incomingrelayconfig relaylist new A {RELAY} --received-after="[" --hop=2',
        f'incomingrelayconfig relaylist new B {OTHER} --received-after="from" --hop=2',
    )
    several = (
        "Received: from mx [10.2.3.4] by relay; Wed, 21 Sep 2005 13:46:07 -0700\r\n"
        "Received: 7.8.9.5 from 7.8.9.6 ([x] [7.8.9.7] from [7.8.9.8]) by mx; Wed, 21 Sep 2005 13:45:00 -0700\r\n"
        "Received: from 7.8.9.9 [7.8.9.9] by outside; Wed, 21 Sep 2005 13:44:00 -0700\r\n"
    )
    for client, name, address in ((RELAY, "A", "7.8.9.7"), (OTHER, "B", "7.8.9.6")):
        equal(relay_line(instance, mail(several), client), FOUND.format(name, "Received", address), name)


@test
@proves("S2-215 S2-216 S2-217 S2-218 S2-219 S2-220 S2-221 S2-224")
def each_relay_has_its_own_header_and_the_narrowest_one_counts(world):
    instance = world.instance()
    new = "incomingrelayconfig relaylist new"
    configure(
        instance,
        "incomingrelayconfig setup on",
        f"{new} A 127.0.0.1/8 --custom-header=X-CustomHeader",
        f"{new} net 127.0.0.2-3 --custom-header=SenderIP:",
        f'{new} z 127.0.0.3 --received-after="["',
        f"{new} v4 10.2.3.1/8 --custom-header=SenderIP",
        f"{new} v4range 10.2.3.1-10 --custom-header=SenderIP",
        f"{new} v6range 2620:101:2004:4202::0-2620:101:2004:4202::ff --custom-header=SenderIP",
        f"{new} v6 2620:101:2004:4202:: --custom-header=SenderIP",
        f"{new} v6host 2620:101:2004:4202::23 --custom-header=SenderIP",
        f"{new} v6net 2620:101:2004:4202::/64 --custom-header=SenderIP",
    )
    message = mail("senderip: [IPv6:2001:db8:0::25]\r\nSenderIP: 7.8.9.2\r\nX-CustomHeader: 7.8.9.3\r\n" + RECEIVED)
    for client, line in (
        ("127.0.0.1", FOUND.format("A", "X-CustomHeader", "7.8.9.3")),
        ("127.0.0.2", FOUND.format("net", "SenderIP", "2001:db8::25")),
        ("127.0.0.3", FOUND.format("z", "Received", "10.2.3.4")),
    ):
        equal(relay_line(instance, message, client), line, client)
    equal(relay_line(instance, mail("SenderIP: outside\r\n")), NO_ADDRESS.format("net"), "no address in it")
    equal(relay_line(instance, make_mail(1)), MISSING.format("net", "SenderIP"), "no such header")
    configure(instance, "incomingrelayconfig relaylist delete net")
    equal(relay_line(instance, message), FOUND.format("A", "X-CustomHeader", "7.8.9.3"), "the next one")
    # In a body it is no header, and a header that is longer than what is sent at a time is one.
    equal(relay_line(instance, make_mail(2, body=b"X-CustomHeader: 7.8.9.3\r\n")), MISSING.format("A", "X-CustomHeader"), "body")
    filler = "".join(f"X-Filler: {'x' * 900}\r\n" for _ in range(100))
    equal(relay_line(instance, mail(filler + "X-CustomHeader: 7.8.9.4\r\n")), FOUND.format("A", "X-CustomHeader", "7.8.9.4"), "long")


@test
@proves("S2-242 S2-244")
def the_log_tells_the_sender_behind_the_recipients_and_before_the_message_id(world):
    instance = world.instance()
    configure(instance, "incomingrelayconfig setup on", f'incomingrelayconfig relaylist new A {RELAY} --received-after="[" --hop=2')
    mid = send(instance, mail(), RELAY)
    text = "\n".join(instance.log.lines())
    marks = ("ACCEPT SG", f"Start MID {mid}", f"MID {mid} ICID 1 From:", "RID 0 To:", "IncomingRelay(A)", "Message-ID '",
             "Subject '", " ready ", "matched all recipients", "CASE spam", "queued for delivery")  # fmt: skip
    places = [text.find(mark) for mark in marks]
    true(-1 not in places, f"all there: {list(zip(marks, places))}")
    equal(places, sorted(places), "order")
    true(re.search(r"ICID 1 ACCEPT .*IPR ", text), "the relay's own reputation")
    true("IP 7.8.9.1 being used, IPR " in text, "the sender's reputation")


@test
def who_may_relay_is_a_matter_of_the_connection(world):
    instance = world.instance()
    configure(
        instance,
        "listenerconfig edit public hostaccess new 7.8.9.1",
        "listenerconfig edit public rcptaccess clear",
        "listenerconfig edit public rcptaccess new example.com accept",
        "incomingrelayconfig setup on",
        f'incomingrelayconfig relaylist new A {RELAY} --received-after="[" --hop=2',
    )
    equal(relay_line(instance, mail()), FOUND.format("A", "Received", "7.8.9.1"), "a host that may relay, it says")
    with Session(instance.address, source=RELAY) as session:
        session.command("MAIL FROM:<anna@example.org>")
        equal(session.command("RCPT TO:<ben@example.net>").code, 550, "a foreign recipient")


# ---- rules that see the address ----


@contextlib.contextmanager
def programs_with_rules_about(world, expression):
    """A build folder in which all rules against spam look at the envelope instead, for this expression."""
    folder = world.folder / "programs"
    folder.mkdir()
    own = ("mailwardd", "mailwardd-scan", "rules")
    for path in build_folder().iterdir():
        if path.name not in own:
            (folder / path.name).symlink_to(path)
    for name in own[:2]:
        shutil.copy2(program(name), folder)
    (folder / "rules").mkdir()
    for path in (build_folder() / "rules").iterdir():
        rules = re.split(r"(?m)^(?=rule |part )", path.read_text())
        changed = [re.sub(r"scope .*\n\s+match .*", lambda _: f"scope envelope\n    match {expression}", rule, count=1)
                   if re.search(r"tag +spam", rule) else rule for rule in rules]  # fmt: skip
        (folder / "rules" / path.name).write_text("".join(changed))
    before = os.environ.get("MAILWARD_BUILD")
    os.environ["MAILWARD_BUILD"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["MAILWARD_BUILD"]
        else:
            os.environ["MAILWARD_BUILD"] = before


def verdict(instance, message, source):
    mid = send(instance, message, source)
    return next(line for line in instance.log.of_message(mid) if "CASE spam" in line).split()[-1]


@test
@proves("S2-211 S2-230 S2-232")
def rules_judge_the_sender_and_the_relay_only_where_no_sender_is_found(world):
    with programs_with_rules_about(world, r"/^ip (?:7\.8\.9\.\d+|127\.0\.0\.3)$/"):
        instance = world.instance()
        configure(
            instance,
            "incomingrelayconfig setup on",
            f'incomingrelayconfig relaylist new A {RELAY} --received-after="[" --hop=2',
            f'incomingrelayconfig relaylist new B {OTHER} --received-after="[" --hop=1',
        )
        equal(verdict(instance, mail(), RELAY), "positive", "mail of 7.8.9.1")
        equal(verdict(instance, mail(), OTHER), "negative", "mail of 10.2.3.4")
        equal(verdict(instance, mail(), "127.0.0.1"), "negative", "no relay")
        equal(verdict(instance, make_mail(1), OTHER), "positive", "no header: the relay at 127.0.0.3 itself")
        configure(instance, f'incomingrelayconfig relaylist edit B {OTHER} --received-after=")" --hop=2')
        equal(verdict(instance, mail(), OTHER), "positive", "no address behind ): the same")
        configure(instance, "incomingrelayconfig setup off")
        equal(verdict(instance, mail(), RELAY), "negative", "switched off")
        instance.kill_role("queue")  # what is stored of a message tells the same
        configure(instance, "incomingrelayconfig setup on")
        configure(instance, "workqueue pause")
        mid = send_as(instance, mail(), RELAY)
        instance.kill_role("queue")
        configure(instance, "workqueue resume")
        instance.wait_idle()
        true(any("CASE spam positive" in line for line in instance.log.of_message(mid)), "after a restart")


if __name__ == "__main__":
    main()
