#!/usr/bin/env python3
"""What the verdicts of rspamd and SpamAssassin are worth to ours: real mail through a whole gateway, without them and with them.

    multiscan.py CORPUS [--count N] [--seed N]

CORPUS is what corpus.py takes.  N spam and N ham, drawn at random, are sent twice: judged by our engine alone, then by
multiscan with the real rspamd and spamd, which must be installed and are asked without the network.  Prints both; ends with
status 1 when with them more pairs of spam and ham are in the wrong order.
"""

import argparse
import random
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from corpus import Load, draw
from harness import tap
from harness.peers import real_rspamd, real_spamd

FALSE_ALARMS = 0.005
SHOWN = "{:24} {:>9} {:>21}".format


def log_odds(instance, mids):
    """MID -> the sum of what gave its score."""
    found = {}
    for line in instance.log.lines():
        if match := re.search(r"MID (\d+) score \d+(.*) revision", line):
            found[int(match[1])] = sum(map(float, re.findall(r"=([+-]\d+\.\d+)", match[2])))
    return {mid: found[mid] for mid in mids if mid in found}


def wrong_pairs(spam, ham):
    """The share of pairs of spam and ham in which the spam has not the higher score: 1-AUC."""
    wrong = sum((s < h) + (s == h) / 2 for s in spam for h in ham)
    return wrong / (len(spam) * len(ham))


def found_at(spam, ham, alarms):
    """The share of spam that is found when this share of the ham may be taken for it."""
    threshold = sorted(ham, reverse=True)[int(alarms * len(ham))]
    return sum(score > threshold for score in spam) / len(spam)


def judge(instance, mails, connections):
    """The scores of spam and of ham."""
    load = Load(instance.address, mails, connections)
    instance.wait_idle(3600)
    odds = log_odds(instance, load.sent)
    return [[odds[mid] for mid, mail in load.sent.items() if mail[0] == label and mid in odds] for label in ("spam", "ham")]


def configure(instance, line):
    run = instance.shell(f"{line}; commit")
    if run.returncode != 0:
        raise SystemExit(f"{line}: {run.stdout}{run.stderr}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    mails = [mail for label in ("spam", "ham") for mail in draw(options.corpus, label, options.count, rng)]
    policy = "policyconfig incoming edit DEFAULT antispam on --positive-action=deliver --engine="
    with tap.World() as world:
        instance = world.instance(settings={"smtp.max-line-bytes": 1 << 20})
        configure(instance, f"{policy}antispam")
        alone = judge(instance, mails, 4)
        peers = f"--rspamd={real_rspamd(world)} --rspamd-timeout=60 --spamd={real_spamd(world)} --spamd-timeout=60"
        configure(instance, f"imsandgraymailconfig globalconfig setup --timeout=120 --always-scan-size=2M; "
                            f"imsandgraymailconfig multiscan setup on {peers} --connections=2; {policy}multiscan")  # fmt: skip
        together = judge(instance, mails, 2)
        without_verdict = instance.status()["peers_without_verdict"]
    print(f"{len(alone[0])} spam and {len(alone[1])} ham, seed {options.seed}; {without_verdict} answers of peers missing")
    print(SHOWN("", "1-AUC", f"found at {FALSE_ALARMS:.1%} alarms"))
    for name, (spam, ham) in (("our engine alone", alone), ("with rspamd and spamd", together)):
        print(SHOWN(name, f"{wrong_pairs(spam, ham):.3%}", f"{found_at(spam, ham, FALSE_ALARMS):.1%}"))
    sys.exit(0 if wrong_pairs(*together) <= wrong_pairs(*alone) else 1)


if __name__ == "__main__":
    main()
