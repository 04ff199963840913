#!/usr/bin/env python3
"""Delivery to an SMTP next hop that says yes, no, later, or nothing: each recipient ends in exactly one way."""

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.build import wait_until
from harness.mail import body_sha256, header, make_mail
from harness.sender import Session, send_one
from harness.sink import DROP, HANG
from harness.tap import equal, main, test, true

ANNA = "anna@example.org"
FAST = {"queue.retry-first": 1, "queue.retry-most": 1}


def gateway(world, keep_data=True, **settings):
    """A sink and an instance that delivers to it and retries every second."""
    sink = world.sink(keep_data=keep_data)
    named = {name.replace("__", ".").replace("_", "-"): value for name, value in settings.items()}
    return sink, world.instance(route=sink.address, settings={**FAST, **named})


def once(*replies):
    """Gives the replies in turn, then the usual one."""
    rest = list(replies)
    return lambda _: rest.pop(0) if rest else None


def bounces(sink):
    return [message for message in sink.messages if message.sender == ""]


@test
def messages_arrive_byte_for_byte(world):
    sink, instance = gateway(world)
    sent = [make_mail(serial, size=100 * serial) for serial in range(30)]
    with Session(instance.address) as session:
        for message in sent:
            true(session.mail(ANNA, ["a@example.com", "b@example.com"], message).mid, "not accepted")
    sink.wait_for_messages(30)
    instance.wait_idle()
    expected = Counter(body_sha256(message) for message in sent)
    equal(Counter(message.sha256 for message in sink.messages), expected, "bodies")
    for message in sink.messages:
        equal(sorted(message.recipients), ["a@example.com", "b@example.com"], "recipients")
        equal(message.sender, ANNA, "sender")


@test
def each_recipient_gets_the_end_that_the_next_hop_gave_it(world):
    sink, instance = gateway(world)
    answers = {"no@example.com": ["550 5.1.1 unknown"], "later@example.com": ["450 4.2.1 busy", "450 4.2.1 busy"]}

    def answer(address):
        rest = answers.get(address, [])
        return rest.pop(0) if rest else None

    sink.answer_rcpt = answer
    message = make_mail(1)
    mid = send_one(instance.address, message, ["yes@example.com", "no@example.com", "later@example.com"])
    sink.wait_for_messages(3)  # yes, the bounce, later
    instance.wait_idle()
    sha256 = body_sha256(message)
    equal(sink.count(sha256, "yes@example.com"), 1, "copies of the one who said yes")
    equal(sink.count(sha256, "later@example.com"), 1, "copies of the one who said later")
    equal(sink.count(sha256, "no@example.com"), 0, "copies of the one who said no")
    (bounce,) = bounces(sink)
    equal(bounce.recipients, [ANNA], "recipients of the bounce")
    true(b"no@example.com" in bounce.data, "the bounce does not name the recipient")
    true(b"later@example.com" not in bounce.data, "the bounce names another")
    lines = "\n".join(instance.log.of_message(mid))
    for shape in ("Delayed: DCID", "Bounced: DCID", "Response '", "was generated for bounce of"):
        true(shape in lines, f"no {shape!r} in the log of the message")


@test
def a_refusal_after_the_dot_bounces_to_every_recipient(world):
    sink, instance = gateway(world)
    sink.answer_dot = once("554 5.7.1 not this one")
    send_one(instance.address, make_mail(1), ["a@example.com", "b@example.com"])
    instance.wait_idle()
    recipients = b"".join(message.data for message in bounces(sink))
    true(b"a@example.com" in recipients and b"b@example.com" in recipients, "a recipient without a bounce")
    equal(len(sink.messages), len(bounces(sink)), "messages at the sink beside bounces")


@test
def nothing_is_sent_to_a_next_hop_that_refused_the_sender_and_goes_on(world):
    sink, instance = gateway(world)
    sink.answer_mail = once("550 5.7.1 not from you")
    send_one(instance.address, make_mail(1), ["a@example.com", "b@example.com"])
    instance.wait_idle()
    equal(len(bounces(sink)), 1, "bounces")
    equal(len(sink.messages), 1, "messages at the sink")


@test
def too_many_recipients_in_the_words_of_552_is_tried_again(world):
    sink, instance = gateway(world)
    sink.answer_rcpt = once("552 5.5.3 too many recipients")
    mid = send_one(instance.address, make_mail(1))
    sink.wait_for_messages(1)
    instance.wait_idle()
    equal(sink.messages[0].recipients, ["ben@example.com"], "recipients")
    true(any("Delayed: DCID" in line for line in instance.log.of_message(mid)), "no deferral in the log")


@test
def a_bounce_is_never_bounced(world):
    sink, instance = gateway(world)
    sink.answer_rcpt = lambda address: "550 5.1.1 unknown"
    mid = send_one(instance.address, make_mail(1))
    send_one(instance.address, make_mail(2), sender="")
    instance.wait_idle()
    equal(sink.messages, [], "messages at the sink")
    equal(len(instance.log.find("was generated for bounce of")), 1, "bounces made")
    instance.log.wait_for(f"was generated for bounce of MID {mid}")


@test
def a_message_that_has_gone_round_too_often_is_stopped(world):
    sink, instance = gateway(world, smtp__max_hops=10)
    trail = ("Received: from a.example.net by b.example.net; Sat, 21 Nov 2026 12:00:00 +0000",) * 11
    with Session(instance.address) as session:
        reply = session.mail(ANNA, ["ben@example.com"], make_mail(1, headers=trail))
        equal(reply.code, 554, "a looping message")
        true(session.mail(ANNA, ["ben@example.com"], make_mail(2, headers=trail[:8])).mid, "a well-travelled one")
    sink.wait_for_messages(1)


@test
def silence_after_the_dot_is_tried_again(world):
    sink, instance = gateway(world, deliver__timeout=1)
    sink.answer_dot = once(HANG)
    message = make_mail(1)
    send_one(instance.address, message)
    sink.wait_for_messages(1)
    instance.wait_idle()
    equal(sink.count(body_sha256(message), "ben@example.com"), 1, "accepted copies")


@test
def a_connection_lost_before_the_reply_is_tried_again(world):
    sink, instance = gateway(world)
    sink.answer_dot = once(DROP, DROP)
    message = make_mail(1)
    send_one(instance.address, message)
    sink.wait_for_messages(1)
    instance.wait_idle()
    equal(sink.count(body_sha256(message), "ben@example.com"), 1, "accepted copies")


@test
def a_next_hop_that_is_away_defers_and_mail_waits(world):
    sink, instance = gateway(world)
    address = sink.address
    sink.close()
    message = make_mail(1)
    mid = send_one(instance.address, message)
    wait_until(lambda: any("Delayed: DCID" in line for line in instance.log.of_message(mid)), "the deferral")
    back = world.sink(port=address[1])
    back.wait_for_messages(1)
    instance.wait_idle()


@test
def mail_that_stays_undelivered_bounces_at_the_end_of_its_life(world):
    sink, instance = gateway(world, queue__lifetime=2)
    sink.answer_rcpt = lambda address: None if address == ANNA else "450 4.2.1 never"
    send_one(instance.address, make_mail(1))
    wait_until(lambda: bounces(sink), "the bounce")
    true(b"ben@example.com" in bounces(sink)[0].data, "the bounce does not name the recipient")


@test
def a_bounce_is_a_delivery_status_notice_from_nobody(world):
    sink, instance = gateway(world)
    sink.answer_rcpt = once("550 5.1.1 no such user")
    send_one(instance.address, make_mail(1, subject="Where am I"))
    wait_until(lambda: bounces(sink), "the bounce")
    data = bounces(sink)[0].data
    true("report-type=delivery-status" in header(data, "Content-Type"), "Content-Type of the bounce")
    for field in (b"Final-Recipient: rfc822;", b"Action: failed", b"Status: 5.1.1", b"Where am I"):
        true(field in data, f"{field} is missing in {data!r}")


@test
def connections_to_the_next_hop_are_reused(world):
    sink, instance = gateway(world, keep_data=False, deliver__max_connections=2)
    with Session(instance.address) as session:
        for serial in range(50):
            true(session.mail(ANNA, ["ben@example.com"], make_mail(serial)).mid, "not accepted")
    sink.wait_for_messages(50)
    true(sink.connections <= 4, f"{sink.connections} connections for 50 messages")


main()
