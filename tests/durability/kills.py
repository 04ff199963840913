#!/usr/bin/env python3
"""kill -9 of each role at random moments under load: the rest goes on, nothing acknowledged is missing at the end.

    kills.py [--kills N] [--seed N] [--moving] [ROLE...]      N kills of each role; `master` ends the whole instance

With --moving much mail is put off among much that goes, so that the queue moves bodies out of small segments now and
then.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import processes
from harness.build import wait_until
from harness.instance import ROLES, Instance
from harness.sender import Load
from harness.sink import Sink
from harness.stores import consistent
from judge import IN_FLIGHT_SECONDS, covered, judge
from powercut import DeferringSink

SESSIONS = 20
SETTINGS = {"queue.retry-first": 1, "queue.retry-most": 2}
MOVING = {"queue.retry-first": 5, "queue.retry-most": 5, "spool.segment-bytes": 1 << 20}
MOVING_SHARE = 0.05

# Who takes part between the 250 of the next hop and the note of it.  The death of another excuses no second copy.
HAND_OVER = ("queue", "smtp", "master")
MOST_COVERED = 0.5


def kill_master(instance):
    """Kills the master alone: its roles must not outlive it.  Then starts the instance again."""
    family = instance.family()
    moment = time.monotonic()
    processes.kill_all([instance.process.pid])
    instance.process.wait()
    for pid in family:
        wait_until(lambda: processes.is_gone(pid), f"process {pid} to follow its master")
    instance.start()
    return moment


def kill_once(instance, role, load, rng):
    """One kill at a random moment, which is returned when the gateway takes mail again."""
    # Mail without an excuse must pass, too: more than the two windows at the sides of a kill.
    window = IN_FLIGHT_SECONDS if role in HAND_OVER else 0
    time.sleep(3 * window + rng.uniform(0.02, 0.5))  # the random moment
    moment = kill_master(instance) if role == "master" else instance.kill_role(role)
    before = len(load.sent.acknowledged)
    wait_until(lambda: len(load.sent.acknowledged) > before or load.errors, "mail to be taken again", 60)
    return moment, moment


def run_role(folder, role, kills, rng, moving):
    """Returns the verdict, and in which share of the run SMTP excused a second copy.  The stores are checked under
    the load and after it."""
    sink = DeferringSink(rng, MOVING_SHARE) if moving else Sink()
    instance = Instance(folder / role, sink.address, MOVING if moving else SETTINGS).start()
    try:
        load = Load(lambda: instance.address, SESSIONS)
        wait_until(lambda: load.sent.acknowledged, "the first acknowledgement")
        begin = time.monotonic()
        interruptions = [kill_once(instance, role, load, rng) for _ in range(kills)]
        time.sleep(3 * IN_FLIGHT_SECONDS)
        consistent(instance.folder)
        sent = load.stop()
        until = time.monotonic()
        instance.wait_empty(120)
        consistent(instance.folder)
        excuses = interruptions if role in HAND_OVER else []
        return judge(sent, sink, excuses), covered(begin, until, excuses)
    finally:
        instance.power_off()
        sink.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--moving", action="store_true")
    parser.add_argument("roles", nargs="*", default=[*ROLES, "master"])
    options = parser.parse_args()

    print(f"1..{len(options.roles)}\n# seed {options.seed}", flush=True)
    failed = False
    for number, role in enumerate(options.roles, 1):
        with tempfile.TemporaryDirectory(prefix="mailward-kills-") as folder:
            rng = random.Random(f"{options.seed} {role}")
            verdict, share = run_role(Path(folder), role, options.kills, rng, options.moving)
        good = verdict.acknowledged and not verdict.lost and not verdict.unexplained and share < MOST_COVERED
        failed |= not good
        print(f"# {options.kills} kills of {role}: {verdict}; SMTP is an excuse in {share:.0%} of the run")
        print(f"{'ok' if good else 'not ok'} {number} - nothing is lost when {role} is killed", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
