#!/usr/bin/env python3
"""Power cuts at random moments under load: no acknowledged message may be missing afterwards.

    powercut.py [--cuts N] [--seed N] [--without-sync]

With --without-sync every sync is a lie, and the test passes only if it sees messages lost.
"""

import argparse
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import disk
from harness import processes
from harness.build import wait_until
from harness.instance import Instance
from harness.sender import Load
from harness.sink import Sink
from judge import Verdict, judge
from shim import FailSync

SESSIONS = 20
IMAGE_MEGABYTES = 256
SETTINGS = {
    "spool.segment-bytes": 8 << 20,
    "spool.reserve-bytes": 16 << 20,
    "spool.ballast-bytes": 1 << 20,
    "queue.retry-first": 1,
    "queue.retry-most": 2,
}


class DeferringSink(Sink):
    """Puts some recipients off, so that the queue holds mail in every state when the power goes."""

    def __init__(self, rng, share):
        super().__init__()
        self.share = share
        self.answer_rcpt = lambda address: "451 4.3.0 later" if rng.random() < self.share else None


def run_until_cut(folder, image, copy, sink, rng, lie):
    """Loads an instance on the mounted image, cuts the power and returns what was sent, and the moment."""
    instance = Instance(folder / "gateway", sink.address, SETTINGS)
    if lie:
        shim = FailSync(image.with_suffix(".control"))
        instance.environment = shim.environment()
    instance.start()
    try:
        if lie:
            shim.lie()
        load = Load(lambda: instance.address, SESSIONS)
        wait_until(lambda: load.sent.acknowledged, "the first acknowledgement")
        time.sleep(rng.uniform(0.05, 2.5))  # the random moment
        family = instance.family()
        begin = time.monotonic()
        processes.freeze(family)
        cut = begin, time.monotonic()
        disk.snapshot(image, copy)
    finally:
        instance.power_off()
    return load.stop(), cut


def drain(folder, sink):
    """Starts an instance on what is left of the disk and lets it deliver all it has."""
    sink.share = 0
    instance = Instance(folder / "gateway", sink.address, SETTINGS).start()
    try:
        instance.wait_empty(120)
    finally:
        instance.power_off()


def one_cut(workspace, rng, lie):
    image, copy = workspace / "disk", workspace / "copy"
    disk.make_image(image, IMAGE_MEGABYTES)
    sink = DeferringSink(rng, 0.9 if lie else rng.choice((0, 0.3, 0.9)))
    try:
        with disk.mounted(image) as folder:
            sent, cut = run_until_cut(folder, image, copy, sink, rng, lie)
        image.unlink()
        with disk.mounted(copy) as folder:
            drain(folder, sink)
        copy.unlink()
        return judge(sent, sink, [cut])
    finally:
        sink.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cuts", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--without-sync", action="store_true")
    options = parser.parse_args()

    lie = options.without_sync
    name = "the judge sees the loss when syncs are lies" if lie else "power cuts lose nothing acknowledged"
    print("1..1")
    if reason := disk.usable():
        print(f"ok 1 - {name} # SKIP {reason}")
        return
    print(f"# seed {options.seed}", flush=True)
    rng = random.Random(options.seed)
    total = Verdict()
    with disk.workspace() as workspace:
        for number in range(1, options.cuts + 1):
            verdict = one_cut(workspace, rng, lie)
            print(f"# cut {number}: {verdict}", flush=True)
            total += verdict
    print(f"# {options.cuts} cuts: {total}")
    good = total.acknowledged and (total.lost if lie else not total.lost and not total.unexplained)
    print(f"{'ok' if good else 'not ok'} 1 - {name}")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
