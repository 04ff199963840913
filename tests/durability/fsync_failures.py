#!/usr/bin/env python3
"""A disk that fails now and then: what is acknowledged all the same must arrive, and service goes on.

    fsync_failures.py [--messages N] [--rate R]
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.instance import Instance
from harness.sender import Load
from harness.sink import Sink
from judge import judge
from shim import FailSync

SESSIONS = 10
SETTINGS = {"queue.retry-first": 1, "queue.retry-most": 2}


def run(folder, messages, rate):
    """Returns the verdict, what was sent, and (calls, failures)."""
    sink = Sink()
    shim = FailSync(folder / "control")
    instance = Instance(folder / "gateway", sink.address, SETTINGS, shim.environment()).start()
    begin = time.monotonic()
    try:
        shim.fail(rate)
        sent = Load(lambda: instance.address, SESSIONS, messages).join()
        counts = shim.counts()
        instance.power_off()
        shim.fail(0)
        instance.start()
        instance.wait_empty(120)
        # A result that could not be written down is SMTP's open window too.
        return judge(sent, sink, [(begin, time.monotonic())]), sent, counts
    finally:
        instance.power_off()
        sink.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=0.05)
    options = parser.parse_args()

    print("1..1", flush=True)
    with tempfile.TemporaryDirectory(prefix="mailward-fsync-") as folder:
        verdict, sent, (calls, failures) = run(Path(folder), options.messages, options.rate)
    print(f"# {failures} of {calls} calls failed; {sent.refused} messages refused, {sent.unanswered} unanswered")
    print(f"# {verdict}")
    good = failures and len(sent.acknowledged) >= options.messages and not verdict.lost
    print(f"{'ok' if good else 'not ok'} 1 - a failing disk loses nothing acknowledged")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
