#!/usr/bin/env python3
"""Real mail through the whole program: how much is judged rightly, and whether every account of it agrees.

    corpus.py [--count N] [--seed N] --ham FILE-OR-FOLDER... --spam FILE-OR-FOLDER...

Sends N messages of each kind (100), picked at random, over 10 connections.  The shipped model was trained on the
SpamAssassin public corpus: give it other mail.  Ends with status 1 when a message is lost, doubled or changed, when
log, Maildir and quarantine differ, or when fewer than 80 % of the spam or more than 2 % of the ham counts as spam.
"""

import argparse
import random
import re
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.instance import Instance
from harness.mail import body_sha256, header
from harness.sender import Session

CONNECTIONS = 10
SPAM_AT_LEAST, HAM_AT_MOST = 0.80, 0.02
MAILDIR_MID = re.compile(r"\.M(\d+)R(\d+)\.")


def pick(paths, count, rng):
    files = [file for path in paths for file in ([path] if path.is_file() else sorted(path.rglob("*"))) if file.is_file()]
    return rng.sample(files, min(count, len(files)))


def read_message(path):
    """A message as SMTP carries it: CRLF line ends, no bare CR or LF, no mbox line before the headers."""
    lines = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    if lines[0].startswith(b"From "):
        del lines[0]
    if lines[-1] != b"":
        lines.append(b"")
    return b"\r\n".join(lines)


class Sending:
    """What was sent: MID -> (path, message)."""

    def __init__(self, address, paths):
        self.address = address
        self.accepted = {}
        self.refused = []
        self._paths = list(paths)
        self._lock = threading.Lock()
        threads = [threading.Thread(target=self._run) for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _run(self):
        with Session(self.address) as session:
            while True:
                with self._lock:
                    if not self._paths:
                        return
                    path = self._paths.pop()
                message = read_message(path)
                reply = session.mail("sender@example.org", ["reader@example.com"], message)
                with self._lock:
                    if reply.mid:
                        self.accepted[reply.mid] = (path, message)
                    else:
                        self.refused.append((path, reply.text))


def verdicts(instance):
    """MID -> verdict, by the log."""
    shape = re.compile(r"MID (\d+) using engine: CASE spam (\w+)")
    return {int(m.group(1)): m.group(2) for line in instance.log.lines() if (m := shape.search(line))}


def check_accounts(instance, sending, judged):
    """Yields a sentence for every disagreement between what was sent, the log, the Maildir and the quarantine."""
    quarantined = {int(mid) for mid in re.findall(r"ISQ: Quarantined MID (\d+)", "\n".join(instance.log.lines()))}
    delivered = Counter(int(MAILDIR_MID.search(name).group(1)) for name in instance.maildir())
    held = instance.status().get("recipients_quarantined")
    if held != len(quarantined):
        yield f"the log quarantined {len(quarantined)}, the queue holds {held}"
    for mid, (path, _) in sending.accepted.items():
        if mid not in judged:
            yield f"{path}: no verdict in the log"
        if delivered[mid] + (mid in quarantined) != 1:
            yield f"{path}: delivered {delivered[mid]} times, quarantined {mid in quarantined}"
        if (mid in quarantined) != (judged.get(mid) == "positive"):
            yield f"{path}: {judged.get(mid)}, but quarantined is {mid in quarantined}"
    for name, data in instance.maildir().items():
        path, message = sending.accepted[int(MAILDIR_MID.search(name).group(1))]
        if body_sha256(data) != body_sha256(message):
            yield f"{path}: its body was changed"
        if header(data, "Message-ID") != header(message, "Message-ID"):
            yield f"{path}: its Message-ID was changed"


def share_of_spam(kind, paths, sending, judged):
    """Prints the counts of one kind and returns the share that was treated as spam."""
    chosen = set(paths)
    counts = Counter(judged.get(mid) for mid, (path, _) in sending.accepted.items() if path in chosen)
    caught = counts["positive"] + counts["suspect"]
    total = sum(counts.values())
    print(f"{kind}: {total} messages, {counts['positive']} positive, {counts['suspect']} suspect")
    for mid, (path, _) in sending.accepted.items():
        if path in chosen and (judged.get(mid) != "negative") != (kind == "spam"):
            print(f"  {judged.get(mid)}: {path.name}")
    return caught / total


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--ham", type=Path, nargs="+", required=True)
    parser.add_argument("--spam", type=Path, nargs="+", required=True)
    options = parser.parse_args()

    rng = random.Random(options.seed)
    ham, spam = pick(options.ham, options.count, rng), pick(options.spam, options.count, rng)
    both = ham + spam
    rng.shuffle(both)
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="mailward-corpus-") as folder:
        instance = Instance(Path(folder) / "gateway").start()
        try:
            sending = Sending(instance.address, both)
            instance.wait_idle()
            judged = verdicts(instance)
            complaints = list(check_accounts(instance, sending, judged))
            caught = share_of_spam("spam", spam, sending, judged)
            wrong = share_of_spam("ham", ham, sending, judged)
        finally:
            instance.power_off()
    for path, text in sending.refused:
        print(f"refused: {path.name}: {text}")
    print(*complaints, f"{len(complaints)} disagreements, {len(sending.refused)} refused", sep="\n")
    lost_ham = any(path in ham for path, _ in sending.refused)  # refused spam is no loss: its sender was told
    sys.exit(bool(complaints or lost_ham or caught < SPAM_AT_LEAST or wrong > HAM_AT_MOST))


if __name__ == "__main__":
    main()
