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
from judge import judge
from powercut import DeferringSink

SESSIONS = 20
SETTINGS = {"queue.retry-first": 1, "queue.retry-most": 2}
MOVING = {"queue.retry-first": 5, "queue.retry-most": 5, "spool.segment-bytes": 1 << 20}
MOVING_SHARE = 0.05


def kill_master(instance):
    """Kills the master alone: its roles must not outlive it.  Then starts the instance again."""
    family = instance.family()
    processes.kill_all([instance.process.pid])
    instance.process.wait()
    for pid in family:
        wait_until(lambda: processes.is_gone(pid), f"process {pid} to follow its master")
    instance.start()


def kill_once(instance, role, load, rng):
    """One kill at a random moment; returns when the gateway takes mail again."""
    time.sleep(rng.uniform(0.02, 0.5))  # the random moment
    begin = time.monotonic()
    if role == "master":
        kill_master(instance)
    else:
        instance.kill_role(role)
    end = time.monotonic()
    before = len(load.sent.acknowledged)
    wait_until(lambda: len(load.sent.acknowledged) > before or load.errors, "mail to be taken again", 60)
    return begin, end


def run_role(folder, role, kills, rng, moving):
    sink = DeferringSink(rng, MOVING_SHARE) if moving else Sink()
    instance = Instance(folder / role, sink.address, MOVING if moving else SETTINGS).start()
    try:
        load = Load(lambda: instance.address, SESSIONS)
        wait_until(lambda: load.sent.acknowledged, "the first acknowledgement")
        interruptions = [kill_once(instance, role, load, rng) for _ in range(kills)]
        sent = load.stop()
        instance.wait_empty(120)
        return judge(sent, sink, interruptions)
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
            verdict = run_role(Path(folder), role, options.kills, rng, options.moving)
        good = verdict.acknowledged and not verdict.lost and not verdict.unexplained
        failed |= not good
        print(f"# {options.kills} kills of {role}: {verdict}")
        print(f"{'ok' if good else 'not ok'} {number} - nothing is lost when {role} is killed", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
