#!/usr/bin/env python3
"""Roles that die and instances that restart: mail in hand is carried on with.

The heavy version, with counts of what was lost, is tests/durability/kills.py.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import processes
from harness.build import wait_until
from harness.instance import ROLES, Instance
from harness.mail import body_sha256, make_mail
from harness.sender import Session, send_one
from harness.tap import equal, main, test, true

ANNA, BEN = "anna@example.org", "ben@example.com"
FAST = {"queue.retry-first": 1, "queue.retry-most": 1}


@test
def each_role_that_dies_is_replaced_and_mail_flows_again(world):
    instance = world.instance()
    for serial, role in enumerate(ROLES):
        instance.kill_role(role)
        wait_until(lambda: accepts(instance, serial), f"mail to be taken after the death of {role}")
    instance.wait_idle()
    equal(len(instance.maildir()), len(ROLES), "messages delivered")
    for role in ROLES:
        deaths = instance.log.find("; restarting it")
        true(any(f"role {role} (" in line for line in deaths), f"no line about {role}")


def accepts(instance, serial):
    """True when a message was taken; False when the listener says later or hangs up, as it may meanwhile."""
    try:
        with Session(instance.address) as session:
            return session.mail(ANNA, [BEN], make_mail(serial)).mid
    except OSError:
        return False


@test
def deferred_mail_is_delivered_after_a_restart(world):
    sink = world.sink()
    sink.answer_rcpt = lambda address: "451 4.3.0 later"
    instance = world.instance(route=sink.address, settings=FAST)
    messages = [make_mail(serial) for serial in range(10)]
    for message in messages:
        send_one(instance.address, message, ["a@example.com", "b@example.com"])
    wait_until(lambda: len(instance.log.find("Delayed: DCID")) >= 20, "the first tries")
    equal(instance.stop(), 0, "exit status of mailwardd after --stop")
    sink.answer_rcpt = lambda address: None
    instance.start()
    sink.wait_for_messages(10)
    for message in messages:
        for recipient in ("a@example.com", "b@example.com"):
            equal(sink.count(body_sha256(message), recipient), 1, f"copies for {recipient}")


@test
def message_numbers_are_never_used_twice(world):
    instance = world.instance()
    mids = []
    for serial in range(4):
        mids.append(send_one(instance.address, make_mail(serial)))
        if serial % 2:
            instance.stop()
        else:
            instance.power_off()
        instance.start()
    equal(len(set(mids)), len(mids), "different MIDs")
    equal(sorted(mids), mids, "MIDs in rising order")


@test
def no_role_outlives_the_master(world):
    instance = world.instance()
    family = instance.family()
    true(len(family) > len(ROLES), f"only {len(family)} processes")
    processes.kill_all([instance.process.pid])
    instance.process.wait()
    for pid in family:
        wait_until(lambda: processes.is_gone(pid), f"process {pid} to end")


@test
def stop_ends_every_process_and_says_so(world):
    instance = world.instance()
    family = instance.family()
    equal(instance.stop(), 0, "exit status")
    true(all(processes.is_gone(pid) for pid in family), "a process is left")
    true(instance.log.find("mailwardd stopping"), "no log line")


@test
def a_second_instance_in_the_same_folder_is_refused(world):
    instance = world.instance()
    try:
        Instance(instance.folder).start()
    except AssertionError:
        pass
    else:
        raise AssertionError("two instances run in one folder")
    true(accepts(instance, 1), "the first one suffers")


main()
