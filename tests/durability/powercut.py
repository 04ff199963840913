#!/usr/bin/env python3
"""Power cuts at random moments under load: no acknowledged message may be missing afterwards.

    powercut.py [--cuts N] [--seed N] [--without-sync]

After every second cut the power is cut again, while the instance recovers or a little later.  With
--without-sync every sync is a lie, and the test passes only if it sees messages lost.
"""

import contextlib
import sys
import threading
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
        cut = cut_power(instance, image, copy)
    finally:
        instance.power_off()
    return load.stop(), cut


def cut_power(instance, image, copy):
    family = instance.family()
    begin = time.monotonic()
    processes.freeze(family)
    end = time.monotonic()
    disk.snapshot(image, copy)
    return begin, end


def recover_until_cut(folder, image, copy, sink, rng):
    """Cuts the power again soon after the start, ready or not; returns the moment."""
    instance = Instance(folder / "gateway", sink.address, SETTINGS)
    starting = threading.Thread(target=start_quietly, args=(instance,))
    starting.start()
    try:
        wait_until(lambda: instance.process, "the second start")
        if rng.random() < 0.5:
            time.sleep(rng.uniform(0.05, 0.6))  # it delivers what it found
            return cut_power(instance, image, copy)
        # It is ready after about 0.07 s: to be in time, the one that writes is stopped before the others are looked up.
        queue = wait_until(lambda: instance.role_pid("queue"), "the queue", pause=0.001)
        time.sleep(rng.uniform(0, 0.02))
        begin = time.monotonic()
        processes.freeze([queue])
        return begin, cut_power(instance, image, copy)[1]
    finally:
        instance.power_off()
        starting.join()


def start_quietly(instance):
    with contextlib.suppress(AssertionError):  # it was cut before it was ready
        instance.start()


def drain(folder, sink):
    """Starts an instance on what is left of the disk and lets it deliver all it has."""
    sink.share = 0
    instance = Instance(folder / "gateway", sink.address, SETTINGS).start()
    try:
        instance.wait_empty(120)
    finally:
        instance.power_off()


def one_cut(workspace, rng, lie, twice):
    images = [workspace / f"disk{i}" for i in range(3 if twice else 2)]
    disk.make_image(images[0], IMAGE_MEGABYTES)
    sink = DeferringSink(rng, 0.9 if lie else rng.choice((0, 0.3, 0.9)))
    try:
        with disk.mounted(images[0]) as folder:
            sent, cut = run_until_cut(folder, *images[:2], sink, rng, lie)
        cuts = [cut]
        if twice:
            with disk.mounted(images[1]) as folder:
                cuts.append(recover_until_cut(folder, *images[1:], sink, rng))
        with disk.mounted(images[-1]) as folder:
            drain(folder, sink)
        return judge(sent, sink, cuts)
    finally:
        sink.close()
        for image in images:
            image.unlink(missing_ok=True)


def judge_cuts(folder, rng, cuts, lie):
    total = Verdict()
    for number in range(1, cuts + 1):
        twice = not lie and number % 2 == 0
        verdict = one_cut(folder, rng, lie, twice)
        print(f"# cut {number}{', and another during recovery' if twice else ''}: {verdict}", flush=True)
        total += verdict
    print(f"# {cuts} cuts: {total}")
    return total.acknowledged and (total.lost if lie else not total.lost and not total.unexplained)


if __name__ == "__main__":
    disk.run_judge("power cuts lose nothing acknowledged", "the judge sees the loss when syncs are lies", judge_cuts)
