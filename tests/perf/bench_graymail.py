"""How well graymail is found, and called by its category.  Part of bench.py.

On the samples of the tree, also with what is known of senders taken out; and, where it is given, on mail that was
labelled: a table (tab-separated, with a heading) whose columns `path` and `label` name a message below the corpus, and
marketing, social, bulk, spam (left out) or anything else, which is no graymail.
"""

import csv
import email
import random
import re
import shutil
import statistics
import subprocess
from collections import Counter, defaultdict
from pathlib import Path

from harness.build import program
from harness.graymail import (
    CATEGORIES, FOLDER, RULES, category, scan, wanted, without_lists, without_own_network, without_points
)

BOOTSTRAPS = 2000
THREE_LEVELS = re.compile(r"\.(?:co|ac|or|org|com|gov|net)\.\w\w$")


def percent(part, whole):
    return f"{100 * part / whole:.1f} %" if whole else "-"


def rates(pairs):
    """(recall, precision) as texts, of pairs of what was wanted and what was found."""
    hits = sum(wanted != "negative" and found != "negative" for wanted, found in pairs)
    gray, called = (sum(pair[i] != "negative" for pair in pairs) for i in (0, 1))
    return f"{percent(hits, gray)} ({hits} of {gray})", f"{percent(hits, called)} ({hits} of {called})"


def print_categories(pairs, print_row):
    for kind in CATEGORIES:
        found = Counter(found for wanted, found in pairs if wanted == kind)
        if found:
            print_row(f"  {kind}, called so", f"{found[kind]} of {found.total()}", ", ".join(f"{n} {c}" for c, n in found.most_common()))


def print_samples(folder, print_row):
    for title, rules in (("samples of our own", RULES), ("  without any list of known senders", without_lists(folder / "no-lists"))):
        pairs = [(wanted(path), category(said)) for path, said in scan(FOLDER, rules=rules).items()]
        recall, precision = rates(pairs)
        right = sum(wanted == found for wanted, found in pairs)
        print_row(f"{title}: recall", recall, f"precision {precision}; category right {right} of {len(pairs)}")
    found = Counter(without_own_network(folder).values())
    graymail = found.total() - found["negative"]
    print_row("notices of a network that is left out", f"{graymail} of {found.total()}", f"{found['social']} of them as social")


# ---- labelled mail ----


def sender_of(path):
    """The domain of the From header that somebody owns, as far as the number of its labels tells."""
    value = str(email.message_from_bytes(path.read_bytes())["From"])
    domains = re.findall(r"@([\w.-]+)", value)
    labels = domains[-1].lower().split(".") if domains else [value]
    return ".".join(labels[-3 if THREE_LEVELS.search(".".join(labels)) else -2:])


def read_labels(table, corpus):
    """Path -> the category wanted; spam is left out."""
    with open(table, newline="") as file:
        rows = [(Path(corpus) / row["path"], row["label"]) for row in csv.DictReader(file, delimiter="\t")]
    return {path: label if label in CATEGORIES else "negative" for path, label in rows if label != "spam"}


def interval(by_sender, rate):
    """95 % of what other senders of this kind would give, by drawing senders with replacement."""
    rng = random.Random(1)
    senders = list(by_sender.values())
    drawn = ([pair for group in rng.choices(senders, k=len(senders)) for pair in group] for _ in range(BOOTSTRAPS))
    values = sorted(value for value in map(rate, drawn) if value is not None)
    return f"{100 * values[len(values) // 40]:.1f} to {100 * values[-1 - len(values) // 40]:.1f} %"


def share(pairs, given, counted):
    """Of the pairs that are graymail in the place `given` (0: by label, 1: found), the share that are in the place `counted`."""
    chosen = [pair for pair in pairs if pair[given] != "negative"]
    return sum(pair[counted] != "negative" for pair in chosen) / len(chosen) if chosen else None


def copied(folder, paths):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number, path in enumerate(paths):
        shutil.copy(path, folder / f"{number}.eml")
    return folder


def rules_of_one_sender(mine, others):
    """The rules for graymail that hit in mail of the first folder and in none of the second."""
    command = [program("mailward-rules"), "check", "--spam", mine, "--ham", others, RULES]
    table = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    hits = re.findall(r"(?m)^(gray_\w+) +([\d.]+) +([\d.]+) ", table)
    scored = set(re.findall(r"(?m)^rule (gray_\w+)\n(?:    .*\n)*?    points \+", (RULES / "graymail.rules").read_text()))
    return [name for name, in_mine, in_others in hits if name in scored and float(in_mine) > 0 and float(in_others) == 0]


def found_without_own_rules(folder, by_sender, more):
    """Sender -> (found, of how many), when rules that no mail of others supports, nor the paths in more, give nothing."""
    found = {}
    for sender, paths in by_sender.items():
        mine = copied(folder / "mine", paths)
        others = copied(folder / "others", [*(path for name, all in by_sender.items() if name != sender for path in all), *more])
        rules = without_points(folder / "left-out", rules_of_one_sender(mine, others))
        said = scan(mine, rules=rules).values()
        found[sender] = (sum(category(one) != "negative" for one in said), len(paths))
    return found


def print_left_out(title, found, print_row):
    hits, count = (sum(numbers) for numbers in zip(*found.values()))
    mean = statistics.mean(hits / count for hits, count in found.values())
    print_row(title, f"{percent(hits, count)} ({hits} of {count})", f"mean of {len(found)} senders {100 * mean:.1f} %")


def print_labelled(folder, table, corpus, print_row):
    labels = read_labels(table, corpus)
    said = scan(*labels)
    pairs_of, gray_of = defaultdict(list), defaultdict(list)
    for path, label in labels.items():
        pairs_of[sender_of(path)].append((label, category(said[path])))
        if label != "negative":
            gray_of[sender_of(path)].append(path)
    pairs = [pair for group in pairs_of.values() for pair in group]
    recall, precision = rates(pairs)
    print_row(f"{len(pairs)} labelled messages: recall", recall, interval(pairs_of, lambda some: share(some, 0, 1)))
    print_row("  precision", precision, interval(pairs_of, lambda some: share(some, 1, 0)))
    print_categories(pairs, print_row)
    samples = [path for path in FOLDER.iterdir() if wanted(path) != "negative"]
    for title, more in (("without rules that one sender supports", []), ("  where our samples support, too", samples)):
        print_left_out(f"  recall {title}", found_without_own_rules(folder, gray_of, more), print_row)
    verdicts = Counter(said[path]["verdict"] for path, label in labels.items() if label == "marketing")
    print_row("  marketing mail called spam or suspect", f"{verdicts.total() - verdicts['negative']} of {verdicts.total()}")


def bench_graymail(folder, options, print_row):
    print_samples(folder / "samples", print_row)
    if options.labels:
        print_labelled(folder / "labelled", options.labels, options.corpus, print_row)
