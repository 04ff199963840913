#!/usr/bin/env python3
"""The spam quarantine: listing, searching, showing, releasing and deleting, through the shell and the whole daemon."""

import mailbox
import sqlite3
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.api import edit
from harness.build import wait_until
from harness.gateway import result, run
from harness.mail import make_mail
from harness.sender import send_one
from harness.tap import equal, main, test, true

SPAM = "X-Advertisement: spam"


def gateway(world):
    """A gateway in front of a sink, whose policy puts spam into quarantine."""
    sink = world.sink(keep_data=True)
    instance = world.instance(route=sink.address)
    instance.configure(edit("incoming-policy", key="DEFAULT", positive_action="quarantine"))
    return instance, sink


def quarantine(instance, count):
    """MIDs of new spam, in the order of its arrival."""
    mids = [send_one(instance.address, make_mail(n, headers=(SPAM,), subject=f"offer {n}")) for n in range(count)]
    instance.wait_idle()
    return mids


def listed(instance, command="spamquarantine list"):
    return result(instance, command)["messages"]


def dropped(instance):
    """MIDs of the recipients that tracking knows as dropped."""
    with sqlite3.connect(f"file:{instance.folder / 'track' / 'tracking.db'}?mode=ro", uri=True) as db:
        return sorted(mid for (mid,) in db.execute("SELECT mid FROM final WHERE kind = 2"))


def lines(instance, text, count):
    wait_until(lambda: len(instance.log.find(text)) == count, f"{count} lines with {text}")


@test
def quarantined_mail_is_listed_newest_first_and_found_by_its_text(world):
    instance, _ = gateway(world)
    mids = quarantine(instance, 3)
    rows = listed(instance)
    equal([row["mid"] for row in rows], mids[::-1], "MIDs")
    true(all(row["subject"].startswith("offer") for row in rows), "no subject")
    true(all(row["score"] >= 90 for row in rows), "no score")
    found = listed(instance, 'spamquarantine search subject "OFFER 1"')
    equal([row["mid"] for row in found], [mids[1]], "found by subject")
    equal(listed(instance, "spamquarantine search nothing-like-it"), [], "found by nothing")
    true("offer 2" in run(instance, "spamquarantine list"), "no row")


@test
def an_encoded_subject_is_listed_and_found_as_it_is_read(world):
    instance, _ = gateway(world)
    subjects = ("=?utf-8?B?R2zDvGNr?=\r\n =?iso-8859-1?Q?_f=FCr_alle?=", "=?koi8-r?B?8NLJ18XU?=",
                "=?utf-8?Q?one=0Atwo=1B[2J?= =?utf-8?B?!!?=", "=?utf-8?B?R2zDvGNr")
    for number, subject in enumerate(subjects):
        send_one(instance.address, make_mail(number, headers=(SPAM,), subject=subject))
    instance.wait_idle()
    rows = [row["subject"] for row in listed(instance)[::-1]]
    equal(rows[:2], ["Glück für alle", "Привет"], "subjects")
    true(rows[2].startswith("one\\x0atwo\\x1b[2J"), f"not made safe: {rows[2]}")
    equal(rows[3], subjects[3], "a word without an end")
    equal(len(listed(instance, 'spamquarantine search subject "ück für"')), 1, "found by what is read")
    equal(len(listed(instance, "spamquarantine search subject Прив")), 1, "found by another script")


@test
def a_quarantined_message_is_shown_safely(world):
    instance, _ = gateway(world)
    body = b"click\x1b[2Jhere\r\n"
    mid = send_one(instance.address, make_mail(1, headers=(SPAM,), body=body))
    instance.wait_idle()
    shown = run(instance, f"spamquarantine show {mid}")
    true(SPAM in shown, "no header")
    true("click\\x1b[2Jhere" in shown and "\x1b" not in shown, "control characters")
    run(instance, f"spamquarantine show {mid + 1000}", status=1)


@test
def released_mail_arrives_once_without_another_scan_and_deleted_mail_never(world):
    instance, sink = gateway(world)
    first, second, third = quarantine(instance, 3)
    equal(sink.messages, [], "delivered before")
    scanned = len(instance.log.find("using engine: CASE"))
    equal(run(instance, f"spamquarantine release {first}"), "1 message released.\n", "answer")
    equal(run(instance, f"spamquarantine delete {second}"), "1 message deleted.\n", "answer")
    instance.wait_idle()
    equal(len(sink.messages), 1, "messages at the sink")
    true(b"Subject: offer 0" in sink.messages[0].data, "another message")
    equal(len(instance.log.find("using engine: CASE")), scanned, "scans")
    lines(instance, f"MID {first} released from Spam Quarantine", 1)
    lines(instance, f"ISQ: Reinjected MID {first} as MID", 1)
    lines(instance, f"MID {second} deleted from Spam Quarantine", 1)
    equal([row["mid"] for row in listed(instance)], [third], "left")
    equal(instance.status()["recipients_quarantined"], 1, "gauge")
    run(instance, f"spamquarantine release {first}", status=1)
    run(instance, f"spamquarantine delete {third} {second}", status=1)
    equal(listed(instance), [], "left")


@test
def everything_is_released_by_one_command(world):
    instance, sink = gateway(world)
    quarantine(instance, 30)
    equal(run(instance, "spamquarantine release all"), "30 messages released.\n", "answer")
    instance.wait_idle()
    equal(sorted(len(times) for times in sink.arrivals.values()), [1] * 30, "arrivals of each")
    equal(instance.status()["quarantine_bytes"], 0, "bytes")


@test
def a_queue_that_is_killed_while_it_deletes_everything_loses_and_doubles_nothing(world):
    instance, _ = gateway(world)
    count, page = 300, 200
    instance.shell("workqueue pause")
    mids = [send_one(instance.address, make_mail(n, headers=(SPAM,))) for n in range(count)]
    instance.shell("workqueue resume")
    instance.wait_idle(120)
    for point, left in (("queue.change-written", count), ("queue.change-committed", count - page)):
        instance.die_at(point)
        with instance.api() as api:
            api.send("quarantine.change", operation="delete", match="all")
            wait_until(instance.has_died_there, f"death at {point}")
        wait_until(instance.status, "the queue to come back")
        equal([row["mid"] for row in listed(instance)], mids[::-1][:left], f"left after {point}")
        equal(instance.status()["recipients_quarantined"], left, "gauge")
    equal(run(instance, "spamquarantine delete all"), f"{count - page} messages deleted.\n", "answer")
    equal((listed(instance), instance.status()["messages"]), ([], 0), "left in the end")
    wait_until(lambda: instance.status().get("outbox") == 0, "every final event in the tracking store")
    equal(dropped(instance), sorted(mids), "final events")


@test
def old_messages_expire_when_their_days_are_over(world):
    instance, sink = gateway(world)
    first, second = quarantine(instance, 2)
    run(instance, "spamquarantine setup --days=3; commit")
    instance.pass_time(days=2)
    third = send_one(instance.address, make_mail(9, headers=(SPAM,)))
    wait_until(lambda: [row["mid"] for row in listed(instance)] == [third, second, first], "three messages")
    instance.pass_time(days=2)
    wait_until(lambda: [row["mid"] for row in listed(instance)] == [third], "the end of the old ones")
    for mid in (first, second):
        lines(instance, f"MID {mid} deleted from Spam Quarantine (expired)", 1)
    run(instance, "spamquarantine setup --days=0; commit")
    instance.pass_time(days=4000)
    time.sleep(2.5)  # two ticks
    equal([row["mid"] for row in listed(instance)], [third], "with days=0")
    equal(sink.messages, [], "delivered")


@test
def the_oldest_make_room_when_the_quarantine_is_too_large_and_mail_goes_on(world):
    instance, _ = gateway(world)
    run(instance, "spamquarantine setup --size=1M; commit")
    mids = [send_one(instance.address, make_mail(n, size=300_000, headers=(SPAM,))) for n in range(6)]
    wait_until(lambda: [row["mid"] for row in listed(instance)] == mids[:2:-1], "three that fit")
    lines(instance, "deleted from Spam Quarantine (queue full)", 3)
    true(instance.status()["quarantine_bytes"] <= 1 << 20, "bytes")


@test
def a_message_is_archived_as_an_mbox_file_that_other_programs_read(world):
    instance, _ = gateway(world)
    body = b"hello\r\nFrom here on\r\n" + b"x" * 70 * 10000 + b"\r\n"  # several pieces
    mid = send_one(instance.address, make_mail(1, headers=(SPAM,), body=body))
    instance.wait_idle()
    equal(run(instance, f"archivemessage {mid} one.mbox"), f"MID {mid} archived in 'one.mbox'.\n", "answer")
    (copy,) = mailbox.mbox(instance.folder / "configuration" / "one.mbox")
    equal((copy["X-Mailward-MID"], copy["X-Advertisement"]), (str(mid), "spam"), "header")
    equal(copy.get_payload().encode(), body.replace(b"\r\n", b"\n").replace(b"\nFrom", b"\n>From"), "body, quoted")
    run(instance, f"archivemessage {mid + 1}", status=1)
    run(instance, f"archivemessage {mid} ../one", status=2)
    equal([path.name for path in (instance.folder / "configuration").iterdir()], ["one.mbox"], "files")


main()
