#!/usr/bin/env python3
"""Alerts: mail to administrators when something is wrong, who gets it and how often, and what displayalerts keeps."""

import email
import email.policy
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.api import edit
from harness.build import wait_until
from harness.certificate import import_certificate, make_certificate
from harness.gateway import result, run
from harness.mail import make_mail
from harness.sender import send_one
from harness.tap import equal, main, test, true

OPS = "ops@example.com"


def gateway(world, *lines, **options):
    """A gateway in front of a sink, set up by these lines of alertconfig (default: OPS gets everything)."""
    sink = world.sink(keep_data=True)
    instance = world.instance(route=sink.address, **options)
    run(instance, "; ".join([*(lines or (f"alertconfig new {OPS} --severity=information",)), "commit"]))
    return instance, sink


def alerts(instance, count=1000):
    """The rows of displayalerts, the latest last."""
    return result(instance, f"displayalerts {count}")["alerts"]


def about(instance, text):
    return [row for row in alerts(instance) if text in row["text"]]


def wait_for_alert(instance, text, state):
    """The latest alert with this text, once it is in this state."""
    wait_until(lambda: [row["state"] for row in about(instance, text)[-1:]] == [state], f"'{text}' to be {state}")
    return about(instance, text)[-1]


def subjects(sink):
    return [parsed(message)["Subject"] for message in sink.messages]


def parsed(message):
    return email.message_from_bytes(message.data, policy=email.policy.SMTP)


@test
def the_death_of_a_role_reaches_the_administrator_as_mail(world):
    instance, sink = gateway(world)
    instance.kill_role("scan")
    sink.wait_for_messages(1)
    (received,) = sink.messages
    equal((received.sender, received.recipients), ("", [OPS]), "envelope")
    mail = parsed(received)
    true(re.fullmatch(r"Critical-\S+: \(System\) role scan \(\d+\) was killed .*", mail["Subject"]), mail["Subject"])
    equal((mail["To"], mail["Auto-Submitted"]), (OPS, "auto-generated"), "header")
    true(mail["From"].startswith("mailward alerts <alert@"), mail["From"])
    true(mail["Date"] and mail["Message-ID"] and not mail.defects, "header")
    true("role scan (" in mail.get_content(), "no text")
    instance.log.wait_for(f'A System/Critical alert was sent to {OPS} with subject "{mail["Subject"]}"')
    row = wait_for_alert(instance, "role scan (", "sent")
    equal((row["severity"], row["class"], row["recipients"]), ("Critical", "System", OPS), "row")
    instance.log.wait_for(f"Start MID {row['mid']} ")


@test
def the_deaths_of_control_queue_and_log_are_told_too(world):
    instance, sink = gateway(world)
    for role in ("control", "queue", "log"):
        instance.kill_role(role)
        wait_until(lambda: any(f" role {role} (" in subject for subject in subjects(sink)), f"mail about {role}")


@test
def each_recipient_gets_the_classes_and_severities_that_he_wants(world):
    instance, sink = gateway(
        world,
        "alertconfig new queue@example.com --classes=antispam",
        "alertconfig new disks@example.com --classes=hardware,certificates",
        "alertconfig new worst@example.com --severity=critical",
        "alertconfig new all@example.com --classes=all --severity=information",
    )
    run(instance, "workqueue pause")  # a warning
    sink.wait_for_messages(1)
    equal(sink.messages[0].recipients, ["all@example.com", "queue@example.com"], "recipients of a warning")
    instance.kill_role("smtp")
    wait_until(lambda: any("role smtp" in subject for subject in subjects(sink)), "mail about smtp")
    equal(sink.messages[1].recipients, ["all@example.com", "worst@example.com"], "recipients of a critical one")
    run(instance, "alertconfig edit all@example.com --severity=warning; commit")
    instance.stop()
    instance.start()
    row = wait_for_alert(instance, "started", "no-recipient")  # an information
    equal((row["class"], row["severity"]), ("System", "Information"), "row")


@test
def an_alert_that_comes_again_is_sent_later_with_its_count(world):
    instance, sink = gateway(world)
    for _ in range(2):
        run(instance, "workqueue pause; workqueue resume")
    row = wait_for_alert(instance, "paused", "sent")
    wait_until(lambda: about(instance, "paused")[-1]["repeats"] == 1, "the second one to be counted")
    true("1 more time until" in run(instance, "displayalerts"), "no count")
    sink.wait_for_messages(2)
    equal(len(about(instance, "paused")), 1, "rows")
    instance.pass_time(days=1)
    run(instance, "workqueue pause; workqueue resume")
    sink.wait_for_messages(4)
    texts = [parsed(message).get_content() for message in sink.messages]
    equal([("came 1 more time and" in text) for text in texts], [False, False, True, True], "counts told")
    true(about(instance, "paused")[-1]["time"] > row["time"], "the order of rows")


@test
def an_alert_is_neither_scanned_nor_judged_by_policies(world):
    instance, sink = gateway(world)
    instance.configure(
        edit("incoming-policy", key="DEFAULT", positive_action="drop", suspect_action="drop"),
        edit("addresses", alerts="X-Advertisement: spam <spam@$hostname>".replace(":", "")),
    )
    run(instance, "workqueue pause")  # what goes by scan stays where it is
    sink.wait_for_messages(1)
    row = wait_for_alert(instance, "paused", "sent")
    instance.log.wait_for(f"Message finished MID {row['mid']} done")
    said = "\n".join(instance.log.of_message(row["mid"]))
    true("CASE" not in said and "policy" not in said, said)
    true("From: X-Advertisement spam <spam@" in sink.messages[0].data.decode(), "another From")


@test
def an_alert_outlives_the_death_of_a_queue_that_is_taking_it(world):
    instance, sink = gateway(world, f"alertconfig new {OPS} --classes=antispam")
    for point, operation, copies in (("queue.notice-written", "pause", 1), ("queue.notice-committed", "resume", 2)):
        instance.die_at(point)
        run(instance, f"workqueue {operation}")
        wait_until(instance.has_died_there, f"death at {point}")
        wait_for_alert(instance, f"work queue {operation}", "sent")
        wait_until(lambda: instance.status() and instance.is_empty(), "an empty queue")
        ids = [parsed(message)["Message-ID"] for message in sink.messages if f" {operation}" in str(parsed(message))]
        equal((len(ids), len(set(ids))), (copies, 1), f"copies, and Message-IDs, after {point}")


@test
def an_alert_that_cannot_be_delivered_makes_no_bounce_and_no_other_alert(world):
    instance, sink = gateway(world)
    sink.answer_rcpt = lambda address: "550 5.1.1 no" if address == OPS else None
    before = len(alerts(instance))
    run(instance, "workqueue pause; workqueue resume")
    wait_until(lambda: len(instance.log.find("Double bounce: MID")) == 2, "the ends of both")
    send_one(instance.address, make_mail(1))  # a fence
    instance.wait_idle()
    equal([message.sender != "" for message in sink.messages], [True], "messages at the sink")
    equal(len(alerts(instance)), before + 2, "alerts")
    equal(instance.log.find("was generated for bounce"), [], "bounces")


@test
def displayalerts_survives_a_restart_and_shows_as_many_as_asked_for(world):
    instance, sink = gateway(world)
    instance.kill_role("scan")
    instance.kill_role("smtp")
    sink.wait_for_messages(2)
    wait_for_alert(instance, "role smtp", "sent")
    instance.stop()
    instance.start()
    wait_until(lambda: len(about(instance, "mailwardd")) == 2, "the alerts of both starts")
    texts = [row["text"].partition(" (")[0] for row in alerts(instance)]
    equal([text for text in texts if text.startswith("role")], ["role scan", "role smtp"], "in their order")
    shown = run(instance, "displayalerts 1").splitlines()
    true(len(shown) == 2 and "System/Information" in shown[0] and "started" in shown[0], f"shown: {shown}")
    true(run(instance, "displayalerts").count(f"    sent to {OPS} (MID ") >= 2, "whom they were sent to")
    run(instance, "displayalerts 0", status=2)
    run(instance, "displayalerts many", status=2)


@test
def a_damaged_store_of_alerts_stops_nothing_else(world):
    instance, sink = gateway(world)
    instance.stop()
    for path in instance.folder.glob("config/alerts.db*"):
        path.write_bytes(b"garbage" * 1000)
    instance.start()
    instance.log.wait_for("config/alerts.db: file is not a database; move it away")
    run(instance, "displayalerts", status=1)
    run(instance, "workqueue pause; workqueue resume")
    send_one(instance.address, make_mail(1))
    instance.wait_idle()
    equal(len(sink.messages), 1, "messages")
    for path in instance.folder.glob("config/alerts.db*"):
        path.unlink()
    wait_until(lambda: instance.shell("displayalerts").returncode == 0, "a new store")
    wait_for_alert(instance, "work queue paused", "sent")  # it has waited


@test
def nobody_to_tell_is_said_and_settings_are_checked(world):
    instance, _ = gateway(world, "alertconfig setup --repeat=60 --hourly=5")
    run(instance, "workqueue pause")
    wait_for_alert(instance, "paused", "no-recipient")
    true("not sent: nobody is to get it" in run(instance, "displayalerts"), "no reason")
    for wrong in (
        "alertconfig new nobody",
        f"alertconfig new {OPS} --classes=weather",
        f"alertconfig new {OPS} --severity=trace",
        "alertconfig setup --repeat=100 --repeat-most=99",
        "addressconfig setup --alerts=nobody",
        'addressconfig setup --bounces="A, B <a@example.com>"',
    ):
        run(instance, wrong, status=2)


@test
def bounces_come_from_the_address_that_is_set(world):
    sink = world.sink(keep_data=True)
    sink.answer_rcpt = lambda address: "550 5.1.1 no" if address == "no@example.com" else None
    instance = world.instance(route=sink.address)
    run(instance, r'addressconfig setup --bounces="\"Post, Office\" <post@example.net>"; commit')
    send_one(instance.address, make_mail(1), ["no@example.com"])
    sink.wait_for_messages(1)
    true(b'From: "Post, Office" <post@example.net>\r\n' in sink.messages[0].data, "another From")


@test
def a_certificate_is_alerted_at_30_15_5_and_0_days_once_each(world):
    instance, sink = gateway(world, f"alertconfig new {OPS} --classes=certificates")
    crt, key = make_certificate(world.folder, "mx.example.com", "-days", "40")
    equal(import_certificate(instance, "Web", crt + key).returncode, 0, "exit status of import")
    told = 0
    for days, text in ((10, "expires in 30 days"), (15, "in 15 days"), (10, "in 5 days"), (5, "has expired")):
        instance.pass_time(days=days)
        told += 1
        sink.wait_for_messages(told)
        instance.kill_role("control")  # which forgets nothing
        wait_until(lambda: about(instance, "certificate Web")[-1:], "control to be back")
        subject = subjects(sink)[-1]
        true("(Certificates) certificate Web " in subject and text in subject, subject)
    instance.pass_time(days=2)
    crt, key = make_certificate(world.folder, "fence.example.com")  # looked at behind the other one
    equal(import_certificate(instance, "Xfence", crt + key).returncode, 0, "exit status of import")
    wait_until(lambda: about(instance, "certificate Xfence has expired"), "the alert about the other one")
    equal([row["repeats"] for row in about(instance, "certificate Web")], [0] * told, "alerts, and how often again")
    true("used by listeners public" in about(instance, "certificate Web")[-1]["text"], "no listener")


@test
def a_commit_that_leaves_tls_without_a_certificate_warns(world):
    instance, _ = gateway(world)
    done = instance.shell("certconfig delete DEFAULT; commit")
    equal(done.returncode, 0, "exit status")
    true("there is no certificate DEFAULT: STARTTLS is not offered" in done.stdout + done.stderr, "no warning")


main()
