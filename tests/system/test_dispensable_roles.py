#!/usr/bin/env python3
"""Roles that talk with strangers (spamd, peers, fetch), taken over or broken: nobody else suffers from them."""

import os
import signal
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.api import edit
from harness.build import wait_until
from harness.fake_role import FakeRole
from harness.instance import ROLES
from harness.mail import make_mail
from harness.sender import send_one
from harness.tap import equal, main, test, true

# daemon/protocol.h
MSG_LOG_LINE, MSG_SCAN_JOB, MSG_STATUS_REPLY, MSG_FETCHED, MSG_CONFIG_HELLO = 100, 320, 401, 496, 500
MSG_PEERS_HELLO, MSG_PEERS_RESULT, MSG_PEERS_JOB = 340, 341, 360
NO_MESSAGE = 9999
FRAME_MOST = 8 << 20  # CHANNEL_MESSAGE_MAX


def gateway(world, role):
    fake = FakeRole(world, role)
    return world.instance(programs=fake.programs), fake


def pids(instance, but):
    return {role: instance.role_pid(role) for role in ROLES if role != but}


def flows(instance):
    """Changes are committed, and mail is taken and delivered."""
    instance.configure(edit("antispam", enabled="on"))
    is_delivered(instance, send_one(instance.address, make_mail(1)))


def is_delivered(instance, mid):
    instance.log.wait_for(f"Message finished MID {mid} done")
    equal(len(instance.maildir()), 1, "messages delivered")


def suffers_alone(world, role, words):
    """Each word (to whom, type, body, length of the frame) ends the fake role and nothing else."""
    instance, fake = gateway(world, role)
    others = pids(instance, role)
    for life, word in enumerate(words, 1):
        fake.wait_life(life, word[0])
        fake.say(*word)
        fake.wait_life(life + 1, word[0])
        told = wait_until(lambda: instance.log.find("; starting it anew")[life - 1 :], f"a line about {word}")
        true(f" role {word[0]}: role {role} " in told[0], f"who had it started anew: {told}")
    flows(instance)
    equal(pids(instance, role), others, "the other roles")


@test
def what_the_role_peers_says_wrong_ends_it_and_no_other(world):
    suffers_alone(world, "peers", (
        ("queue", MSG_PEERS_RESULT, b"\1"),
        ("queue", NO_MESSAGE, b""),
        ("queue", MSG_PEERS_RESULT, b"", FRAME_MOST + 1),
        ("control", MSG_STATUS_REPLY, b"\1"),
        ("log", MSG_LOG_LINE, b"\xff"),
    ))  # fmt: skip


@test
def what_the_role_spamd_says_wrong_ends_it_and_no_other(world):
    suffers_alone(world, "spamd", (
        ("scan", MSG_SCAN_JOB, b"\1"),
        ("scan", NO_MESSAGE, b""),
        ("control", MSG_CONFIG_HELLO, b"\1"),
        ("log", MSG_LOG_LINE, b"\xff"),
    ))  # fmt: skip


@test
def what_the_role_fetch_says_wrong_ends_it_and_no_other(world):
    suffers_alone(world, "fetch", (("control", MSG_FETCHED, b"\1"), ("log", MSG_LOG_LINE, b"\xff")))


@test
def two_that_complain_of_one_life_of_a_role_do_not_end_two(world):
    instance, fake = gateway(world, "peers")
    fake.wait_life(1, "control")
    control = instance.role_pid("control")
    os.kill(control, signal.SIGSTOP)
    fake.say("control", MSG_STATUS_REPLY, b"\1")
    fake.say("queue", NO_MESSAGE)
    fake.wait_life(2, "queue")
    os.kill(control, signal.SIGCONT)
    instance.log.wait_for("role control: role peers sends a message that cannot be read")
    flows(instance)
    equal(fake.lives, 2, "lives of the role")
    (line,) = instance.log.find(" is killed: ")
    true(line.endswith("is killed: role queue asked for a new one"), line)


@test
def a_peers_role_that_answers_nothing_is_started_anew_and_mail_goes_on_without_it(world):
    instance, fake = gateway(world, "peers")
    instance.configure(edit("multiscan", enabled="on", rspamd="http://127.0.0.1:1"), edit("imsandgraymail", timeout=1),
                       edit("incoming-policy", key="DEFAULT", antispam="on", engine="multiscan"))  # fmt: skip
    fake.wait_life(1, "queue")
    fake.say("queue", MSG_PEERS_HELLO)
    mid = send_one(instance.address, make_mail(1))
    fake.wait_for("queue", MSG_PEERS_JOB)
    instance.pass_idle(1)
    is_delivered(instance, mid)
    true("rspamd none (not asked: " in "\n".join(instance.log.of_message(mid)), "what the log says of the other engine")
    fake.wait_life(2, "queue")
    instance.log.wait_for("role queue: role peers does not answer; starting it anew")


@test
def a_daemon_that_cannot_start_for_what_a_role_does_wrong_says_what(world):
    fake = FakeRole(world, "spamd", is_ready=False)

    def speak():
        fake.wait_life(1, "control")
        fake.say("control", MSG_STATUS_REPLY, b"\1")

    threading.Thread(target=speak, daemon=True).start()
    try:
        world.instance(programs=fake.programs)
        raise RuntimeError("it has started")
    except AssertionError as error:
        true("cannot start: role spamd sends a message that cannot be read (401), says role control" in str(error), f"{error}")


main()
