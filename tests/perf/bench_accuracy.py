"""What mail is taken for, by the shipped model and rules: spam in CORPUS/spam, other mail in CORPUS/ham.  Part of bench.py.

Mail that the shipped model was trained on is left out, as in corpus.py.  The labels of graymail are a file with columns
path (below CORPUS) and label, separated by tabs.
"""

import csv
import json
import subprocess
from pathlib import Path

from harness.build import program

TRAINED_ON = "sa-"
KINDS = ("spam", "ham")
GRAYMAIL = {"marketing", "social", "bulk"}


def judge(corpus):
    """Path below the corpus -> what mailward-scan says of the message."""
    folders = [str(corpus / kind) for kind in KINDS]
    output = subprocess.run([program("mailward-scan"), "--json", *folders], check=True, capture_output=True).stdout
    found = map(json.loads, output.splitlines())
    return {str(Path(one["path"]).relative_to(corpus)): one for one in found}


def rate(flags):
    flags = list(flags)
    return f"{100 * sum(flags) / len(flags):.2f} %" if flags else "no mail"


def bench_accuracy(options, print_row):
    if not options.corpus or not all((Path(options.corpus) / kind).is_dir() for kind in KINDS):
        print_row("accuracy", "skipped", "needs CORPUS with folders spam and ham")
        return
    judged = judge(Path(options.corpus))
    unseen = {path: one for path, one in judged.items() if not Path(path).name.startswith(TRAINED_ON)}
    for kind in KINDS:
        scores = [one["score"] for path, one in unseen.items() if path.startswith(f"{kind}/")]
        note = f"{rate(score >= 90 for score in scores)} have 90 and more; {len(scores)} messages, none of them trained on"
        print_row(f"{kind} with a score of 50 and more", rate(score >= 50 for score in scores), note)
    if options.labels:
        bench_graymail(judged, options.labels, print_row)


def bench_graymail(judged, labels, print_row):
    with open(labels, newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["path"] in judged and row["label"] != "spam"]
    taken = [(row["label"] in GRAYMAIL, judged[row["path"]]["graymail"]["category"] in GRAYMAIL) for row in rows]
    for wanted, title in ((True, "graymail found"), (False, "other mail taken for graymail")):
        flags = [found for label, found in taken if label == wanted]
        print_row(title, rate(flags), f"{len(flags)} labelled messages, rules that may have been made with them")
