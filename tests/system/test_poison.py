#!/usr/bin/env python3
"""A message that kills its scan worker costs itself two tries and nobody else anything (R16)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.api import edit
from harness.mail import header, make_mail
from harness.sender import Session, send_one
from harness.tap import equal, main, test, true

HOOKS = {"test.hooks": 1}
ANNA, BEN = "anna@example.org", "ben@example.com"


def hooked_instance(world):
    """One that obeys X-Mailward-Test and gives a message one second."""
    instance = world.instance(settings=HOOKS)
    instance.configure(edit("antispam", timeout=1))
    return instance


def expect_unscannable(instance, mid):
    lines = instance.log.of_message(mid)
    deaths = [line for line in lines if "killed its scan worker" in line]
    equal(len(deaths), 2, f"tries of MID {mid}")
    true(all("in stage '" in line for line in deaths), f"no stage in {deaths}")
    true(any("cannot be scanned by CASE" in line for line in lines), "no line that says unscannable")
    true(any(f"ISQ: Quarantined MID {mid}" in line for line in lines), "it is not in the quarantine")


def poison_among_neighbours(world, hook):
    instance = hooked_instance(world)
    with Session(instance.address) as session:
        mids = []
        for serial in range(30):
            headers = (f"X-Mailward-Test: {hook}",) if serial == 10 else ()
            mids.append(session.mail(ANNA, [BEN], make_mail(serial, headers=headers)).mid)
    instance.wait_idle()
    expect_unscannable(instance, mids[10])
    delivered = {header(data, "Message-ID") for data in instance.maildir().values()}
    expected = {f"<{serial}@tests.example.org>" for serial in range(30) if serial != 10}
    equal(delivered, expected, "neighbours delivered")
    equal(len(instance.maildir()), 29, "copies delivered")
    deaths = instance.log.find("killed its scan worker")
    equal({f"MID {mids[10]} " in line for line in deaths}, {True}, "only the poison killed workers")


@test
def a_message_that_crashes_its_worker_is_quarantined_after_two_tries(world):
    poison_among_neighbours(world, "crash")


@test
def a_message_that_hangs_its_worker_is_quarantined_after_two_tries(world):
    poison_among_neighbours(world, "hang")


@test
def many_poisoned_messages_at_once_all_come_to_rest(world):
    instance = hooked_instance(world)
    with Session(instance.address) as session:
        headers = ("X-Mailward-Test: crash",)
        mids = [session.mail(ANNA, [BEN], make_mail(i, headers=headers)).mid for i in range(10)]
    fence = send_one(instance.address, make_mail(99))
    instance.wait_idle(120)
    for mid in mids:
        expect_unscannable(instance, mid)
    instance.log.wait_for(f"Message finished MID {fence} ")


@test
def without_the_setting_the_hook_is_an_ordinary_header(world):
    instance = world.instance()
    send_one(instance.address, make_mail(1, headers=("X-Mailward-Test: crash",)))
    instance.wait_idle()
    equal(instance.log.find("killed its scan worker"), [], "workers killed")


main()
