"""What mail is taken for, by the shipped model and rules: spam in CORPUS/spam, other mail in CORPUS/ham.  Part of bench.py.

Mail that the shipped model was trained on is left out, as in corpus.py.
"""

import json
import subprocess
from pathlib import Path

from harness.build import program

TRAINED_ON = "sa-"
KINDS = ("spam", "ham")


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
