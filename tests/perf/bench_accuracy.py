"""What mail is taken for: spam in CORPUS/spam, other mail in CORPUS/ham, one message a file.  Part of bench.py.

The shipped model is asked about mail that it was not trained on, and about the part of it that has Received lines, by
its sums of log-odds, since a score has but 101 values.  A model of this corpus itself is cross-validated by
mailward-train.  What a rate is worth is told by an interval that holds 95 % of the rates of mail drawn anew.
"""

import json
import math
import random
import re
import subprocess
from bisect import bisect_right
from pathlib import Path

from corpus import TRAINED_ON
from harness.build import program

KINDS = ("spam", "ham")
OLD = "csdmc2010"  # the other source of before 2011
BOOTSTRAPS = 1000
AIMS = {"at FPR 0.1 %": "aim 98 %", "at FPR 0.5 %": "aim 99.5 %", "(1-AUC)": "aim 0.010 %"}


def header(mail):
    return re.split(rb"\r?\n\r?\n", mail, maxsplit=1)[0]


def judge(corpus):
    """Path below the corpus -> what mailward-scan says of the message."""
    folders = [str(corpus / kind) for kind in KINDS]
    output = subprocess.run([program("mailward-scan"), "--json", *folders], check=True, capture_output=True).stdout
    found = map(json.loads, output.splitlines())
    return {str(Path(one["path"]).relative_to(corpus)): one for one in found}


def rate(flags):
    flags = list(flags)
    return f"{100 * sum(flags) / len(flags):.2f} %" if flags else "no mail"


def sums(judged, kind):
    return sorted(one["log_odds"] for path, one in judged.items() if path.startswith(f"{kind}/"))


def found_at(spam, ham, false_alarms):
    """The share of spam above a threshold that no more than this share of the ham exceeds."""
    threshold = ham[-1 - math.floor(false_alarms * len(ham))]
    return 1 - bisect_right(spam, threshold) / len(spam)


def interval(spam, ham, false_alarms):
    rng = random.Random(1)
    drawn = (found_at(*(sorted(rng.choices(mail, k=len(mail))) for mail in (spam, ham)), false_alarms) for _ in range(BOOTSTRAPS))
    values = sorted(drawn)
    return f"{100 * values[BOOTSTRAPS // 40]:.1f} to {100 * values[-1 - BOOTSTRAPS // 40]:.1f}"


def print_shipped(title, judged, aims, print_row):
    spam, ham = (sums(judged, kind) for kind in KINDS)
    if not spam or not ham:
        return
    print_row(f"the shipped model, {title}", f"{len(spam)} spam", f"{len(ham)} other; none of them trained on")
    for false_alarms, aim in zip((0.001, 0.005), aims):
        value = f"{100 * found_at(spam, ham, false_alarms):.1f} %"
        print_row(f"  TPR at FPR {100 * false_alarms:.1f} %", value, f"{interval(spam, ham, false_alarms)}{aim}")
    for score in (50, 90):
        spam, ham = ([one["score"] for path, one in judged.items() if path.startswith(f"{kind}/")] for kind in KINDS)
        print_row(f"  score >= {score}: TPR", rate(one >= score for one in spam), f"FPR {rate(one >= score for one in ham)}")


def print_cross_validated(corpus, print_row):
    folders = [f"--positive={corpus / 'spam'}", f"--negative={corpus / 'ham'}"]
    said = subprocess.run([program("mailward-train"), *folders], check=True, capture_output=True, text=True).stdout
    print_row("a model of this corpus, cross-validated", "", said.splitlines()[0])
    for line in (line.strip() for line in said.splitlines()[2:]):
        aim = next((aim for part, aim in AIMS.items() if part in line), "")
        print_row(f"  {line}", "", aim)


def bench_accuracy(options, print_row):
    if not options.corpus or not all((Path(options.corpus) / kind).is_dir() for kind in KINDS):
        print_row("accuracy", "skipped", "needs CORPUS with folders spam and ham")
        return
    corpus = Path(options.corpus)
    unseen = {path: one for path, one in judge(corpus).items() if not Path(path).name.startswith(TRAINED_ON)}
    recent = {
        path: one for path, one in unseen.items()
        if not Path(path).name.startswith(OLD) and b"\nReceived:" in b"\n" + header((corpus / path).read_bytes())
    }
    print_shipped("all mail", unseen, ("", ""), print_row)
    print_shipped("mail since 2011 with Received", recent, ("; aim 92 %", "; aim 98 %"), print_row)
    print_cross_validated(corpus, print_row)
