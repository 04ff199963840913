#!/usr/bin/env python3
"""What the configuration makes of the queue: the archive, pausing, unscannable mail."""

import mailbox
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.api import edit
from harness.build import wait_until
from harness.mail import make_mail
from harness.sender import send_one
from harness.tap import equal, main, proves, test, true

SPAM = ("X-Advertisement: spam",)


def archived(instance):
    """The messages of all files of the archive, by an mbox reader that is not ours."""
    folder = instance.folder / "archive" / "antispam"
    return [message for path in sorted(folder.iterdir()) for message in mailbox.mbox(path)]


@test
@proves("S2-160")
def spam_is_archived_as_it_came_when_its_policy_says_so(world):
    instance = world.instance()
    body = b"hello\r\nFrom here on\r\n>From there\r\nend\r\n"
    plain = send_one(instance.address, make_mail(1, headers=SPAM, body=body))
    instance.wait_idle()
    equal(archived(instance), [], "copies before the archive was on")
    instance.configure(edit("incoming-policy", key="DEFAULT", positive_archive=True, positive_action="drop"))
    mid = send_one(instance.address, make_mail(2, headers=SPAM, body=body))
    send_one(instance.address, make_mail(3))
    instance.wait_idle()
    copies = archived(instance)
    equal([copy["X-Mailward-MID"] for copy in copies], [str(mid)], "MIDs in the archive")
    equal(copies[0].get_payload(), "hello\n>From here on\n>>From there\nend\n", "body, quoted")
    true(any("archived by CASE to antispam" in line for line in instance.log.of_message(mid)), "no line")
    true(not any("archived" in line for line in instance.log.of_message(plain)), "a line too many")


def archives_without_a_maildir(world, **options):
    sink = world.sink()
    instance = world.instance(**options)
    hop = "%s:%d" % sink.address[:2]
    instance.configure(
        edit("smtproutes", "put", "example.com", destination=hop),
        edit("incoming-policy", key="DEFAULT", positive_archive=True, positive_action="drop"),
    )
    mid = send_one(instance.address, make_mail(1, headers=SPAM))
    instance.wait_idle()
    equal([copy["X-Mailward-MID"] for copy in archived(instance)], [str(mid)], "MIDs in the archive")


@test
def the_archive_is_written_where_all_mail_leaves_by_smtp(world):
    archives_without_a_maildir(world, route=("127.0.0.1", 9))


@test
def the_archive_is_written_where_only_the_table_has_routes(world):
    archives_without_a_maildir(world, settings={"route": ""})


@test
def a_paused_work_queue_takes_mail_and_stays_paused_after_a_kill(world):
    instance = world.instance()

    def work_queue(operation):
        with instance.api() as api:
            result = api.must("workqueue", operation=operation)
            return result["paused"], result["messages"]

    equal(work_queue("pause"), (True, 0), "after pausing")
    send_one(instance.address, make_mail(1))
    equal(work_queue("status"), (True, 1), "with one message")
    instance.kill_role("queue")
    wait_until(lambda: instance.status().get("workqueue_paused") == 1, "the queue, paused")
    equal(work_queue("status"), (True, 1), "after the kill")
    equal(work_queue("resume"), (False, 1), "after resuming")
    instance.wait_idle()
    equal(len(instance.maildir()), 1, "delivered")


@test
def unscannable_mail_is_delivered_with_a_header_when_the_policy_says_so(world):
    instance = world.instance(settings={"test.hooks": 1})
    instance.configure(edit("incoming-policy", key="DEFAULT", unscannable="deliver"))
    send_one(instance.address, make_mail(1, headers=("X-Mailward-Test: crash",)))
    instance.wait_idle()
    (message,) = instance.maildir().values()
    true(b"X-Mailward-Unscannable: yes\r\n" in message.split(b"\r\n\r\n")[0] + b"\r\n", "no header")


main()
