#!/usr/bin/env python3
"""A disk that fails now and then: what is acknowledged all the same must arrive, and service goes on.

    fsync_failures.py [--messages N] [--rate R] [--spool-rate R]

A failed sync of the spool loses the data (see fail_sync.c), and the next hop puts some recipients off until after the
crash, so that their mail must be read back from the disk.  Second copies are counted, not judged: any of these failures may have hit the note that a
recipient was delivered, and nobody outside can tell which.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.instance import Instance
from harness.sender import Load
from harness.sink import Sink
from judge import judge
from shim import FailSync

SESSIONS = 10
SETTINGS = {"queue.retry-first": 1, "queue.retry-most": 2}


def run(folder, messages, rate, spool_rate):
    """Returns the verdict, what was sent, and the counts of the shim."""
    sink = Sink()
    sink.answer_rcpt = lambda address: "451 4.3.0 later" if ".1@" in address else None
    shim = FailSync(folder / "control")
    instance = Instance(folder / "gateway", sink.address, SETTINGS, shim.environment()).start()
    try:
        shim.fail(rate, spool_rate)
        sent = Load(lambda: instance.address, SESSIONS, messages).join()
        counts = shim.counts()
        instance.power_off()
        shim.fail(0, 0)
        sink.answer_rcpt = lambda address: None
        instance.start()
        instance.wait_empty(120)
        return judge(sent, sink), sent, counts
    finally:
        instance.power_off()
        sink.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=0.05)
    parser.add_argument("--spool-rate", type=float, default=0.3, help="of the syncs of spool segments")
    options = parser.parse_args()

    print("1..1", flush=True)
    with tempfile.TemporaryDirectory(prefix="mailward-fsync-") as folder:
        verdict, sent, (calls, failures, losses) = run(Path(folder), options.messages, options.rate, options.spool_rate)
    print(f"# {failures} of {calls} calls failed, {losses} of them lost data of the spool")
    print(f"# {sent.refused} messages refused, {sent.unanswered} unanswered")
    print(f"# {verdict}")
    good = losses and len(sent.acknowledged) >= options.messages and not verdict.lost
    print(f"{'ok' if good else 'not ok'} 1 - a failing disk loses nothing acknowledged")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
