#!/usr/bin/env python3
"""The commands that look into the queue and change it, through the shell and the whole daemon."""

import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.build import wait_until
from harness.gateway import result, run
from harness.mail import make_mail
from harness.sender import Session, send_one
from harness.tap import equal, main, test, true


def lines(instance, text, count):
    wait_until(lambda: len(instance.log.find(text)) == count, f"{count} lines with {text}")


def recipients(instance, which="all"):
    return sorted(row["address"] for row in result(instance, f"showrecipients {which}")["recipients"])


def busy_gateway(world, addresses):
    """A gateway whose sink says "later" to everything, with one message for each of these recipients in its queue."""
    sink = world.sink(keep_data=True)
    sink.answer_rcpt = lambda address: "450 4.2.0 later"
    instance = world.instance(route=sink.address, settings={"queue.retry-first": 600, "queue.retry-most": 600})
    mids = [
        send_one(instance.address, make_mail(n), sender="from@sender.example", recipients=[address])
        for n, address in enumerate(addresses)
    ]
    wait_until(lambda: instance.status().get("recipients_delayed") == len(addresses), "deferred mail")
    return instance, sink, mids


@test
def recipients_are_shown_by_host_and_sender(world):
    instance, _, mids = busy_gateway(world, ["a@one.example", "b@two.example"])
    equal(recipients(instance), ["a@one.example", "b@two.example"], "all")
    equal(recipients(instance, "host ONE.example"), ["a@one.example"], "by host")
    equal(recipients(instance, "sender from@sender.example"), ["a@one.example", "b@two.example"], "by sender")
    equal(recipients(instance, "sender nobody@sender.example"), [], "of nobody")
    run(instance, "showrecipients host", status=2)
    true(f"MID {mids[0]}:" in run(instance, "oldmessage"), "not the oldest")
    shown = run(instance, f"showmessage {mids[1]}")
    true("Message-ID:" in shown, "no header")
    true("\n\tby " in shown, f"a folded header is not shown as it is: {shown}")
    run(instance, "showmessage 100000", status=1)


@test
def mail_without_a_sender_is_chosen_by_its_sign_and_never_by_an_empty_word(world):
    instance, sink, mids = busy_gateway(world, ["a@one.example"])
    bounce = send_one(instance.address, make_mail(7), sender="", recipients=["b@two.example"])
    wait_until(lambda: instance.status().get("recipients_delayed") == 2, "deferred mail")
    for command in ("showrecipients", "deleterecipients", "bouncerecipients", "delivernow"):
        for word in ("sender", "host"):
            true(f"the {word} is empty" in run(instance, f'{command} {word} ""', status=2), f"{command} {word}: no reason")
    with instance.api() as api:
        status, end, _ = api.call("queue.change", operation="delete", match="sender", text="")
        true(status != 0 and "the text of sender is empty" in str(end), f"the API answers {end}")
    equal(recipients(instance), ["a@one.example", "b@two.example"], "left")
    equal(recipients(instance, 'sender "<>"'), ["b@two.example"], "of mail without a sender")
    rows = run(instance, 'showrecipients sender "<>"').splitlines()
    equal([row.split()[0] for row in rows if " <> " in row], [str(bounce)], "MIDs of rows with the sign")
    equal(run(instance, 'deleterecipients sender "<>"'), "1 recipient deleted.\n", "answer")
    equal(recipients(instance), ["a@one.example"], "left at the end")


@test
def deleting_by_host_takes_these_recipients_and_no_others(world):
    instance, sink, mids = busy_gateway(world, ["a@one.example", "b@two.example"])
    equal(run(instance, "deleterecipients host one.example"), "1 recipient deleted.\n", "answer")
    equal(recipients(instance), ["b@two.example"], "left")
    lines(instance, f"MID {mids[0]} RID 0 deleted by", 1)
    equal(run(instance, f"removemessage {mids[1]}"), "1 message removed.\n", "answer")
    run(instance, f"removemessage {mids[1]}", status=1)
    sink.answer_rcpt = lambda address: None
    instance.wait_idle()
    equal((sink.messages, instance.status()["messages"]), ([], 0), "delivered, left")


@test
def bouncing_by_host_returns_the_mail_to_its_sender(world):
    instance, sink, mids = busy_gateway(world, ["a@one.example", "b@two.example"])
    sink.answer_rcpt = lambda address: None
    equal(run(instance, "bouncerecipients host one.example"), "1 recipient bounced.\n", "answer")
    wait_until(lambda: sink.messages, "the bounce")
    (bounce,) = sink.messages
    equal((bounce.sender, bounce.recipients), ("", ["from@sender.example"]), "envelope of the bounce")
    true(b"Final-Recipient: rfc822; a@one.example" in bounce.data, "another recipient")
    equal(recipients(instance), ["b@two.example"], "left")
    lines(instance, f"generated for bounce of MID {mids[0]}", 1)


@test
def deferred_mail_is_tried_at_once_when_told(world):
    instance, sink, _ = busy_gateway(world, ["a@one.example", "b@two.example"])
    sink.answer_rcpt = lambda address: None
    equal(run(instance, "delivernow host one.example"), "1 recipient scheduled for delivery now.\n", "answer")
    wait_until(lambda: sink.messages, "a delivery")
    equal(sink.messages[0].recipients, ["a@one.example"], "delivered")
    equal(run(instance, "delivernow all"), "1 recipient scheduled for delivery now.\n", "answer")
    instance.wait_idle()
    equal(len(sink.messages), 2, "delivered")


@test
def suspended_delivery_holds_everything_through_kills_until_it_is_resumed(world):
    sink = world.sink()
    instance = world.instance(route=sink.address)
    said = run(instance, "suspenddel")
    equal(said, "Receiving active.\nMail delivery suspended.\n", "answer")
    for n in range(5):
        send_one(instance.address, make_mail(n))
    wait_until(lambda: instance.status().get("recipients_active") == 5, "judged mail")
    instance.kill_role("queue")
    instance.kill_role("smtp")
    wait_until(lambda: instance.status().get("recipients_active") == 5, "the queue to come back")
    send_one(instance.address, make_mail(6))
    wait_until(lambda: instance.status().get("recipients_active") == 6, "judged mail")
    equal((sink.messages, instance.status()["delivery_suspended"]), ([], 1), "delivered")
    run(instance, "resumedel")
    instance.wait_idle()
    equal(sorted(len(times) for times in sink.arrivals.values()), [1] * 6, "arrivals of each")


@test
def suspended_listeners_turn_clients_away_through_kills_until_they_are_resumed(world):
    instance = world.instance()

    def greeting():
        with socket.create_connection(instance.address, timeout=20) as client:
            return client.recv(100)[:9]

    with Session(instance.address) as session:
        run(instance, "suspend")
        true(greeting().startswith(b"421 4.3.2"), "not turned away")
        equal(session.command("MAIL FROM:<a@example.org>").code, 421, "in an open session")
    for role in ("queue", "smtp"):
        instance.kill_role(role)
        wait_until(lambda: instance.status().get("listeners_suspended") == 1, "the queue")
        wait_until(lambda: greeting().startswith(b"421 4.3.2"), "being turned away")
    equal(run(instance, "resume"), "Receiving active.\nMail delivery active.\n", "answer")
    wait_until(lambda: greeting().startswith(b"220"), "a greeting")
    run(instance, "suspendlistener nosuch", status=1)


main()
