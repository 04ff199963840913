#!/usr/bin/env python3
"""Real mail through a whole gateway: is it judged well, and does every part of the gateway agree?

    corpus.py CORPUS [--count N] [--seed N] [--connections N]

CORPUS is a folder with `spam` and `ham` folders below it, one message a file.  Messages of sources that the shipped
model was trained on are left out (their names begin with "sa-").  N spam and N ham, drawn at random, are sent over
the connections at once.  Then the Maildir, the quarantine and the log must agree about each by its MID and
Message-ID, the body of each delivered message must have the SHA-256 of what was sent, and none may be missing or
there twice.  Prints the rates; ends with status 1 when a promise is broken or fewer than 80 % of the spam or more
than 2 % of the ham is treated as spam.
"""

import argparse
import hashlib
import random
import re
import sys
import threading
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import tap
from harness.sender import Session, dot_stuff

LEAST_SPAM, MOST_HAM = 0.80, 0.02
TRAINED_ON = "sa-"
BARE_LINE_END = re.compile(rb"\r\n|\r|\n")


def body_hash(message):
    return hashlib.sha256(message.partition(b"\r\n\r\n")[2]).hexdigest()


def header(message, name):
    head = message.partition(b"\r\n\r\n")[0] + b"\r\n"
    found = re.search(rb"(?im)^" + name + rb":[ \t]*(.*?)\r\n(?![ \t])", head, re.S)
    return found.group(1) if found else None


def as_sent(path):
    """The file with CRLF line ends and one at its end: SMTP carries nothing else."""
    message = BARE_LINE_END.sub(b"\r\n", path.read_bytes())
    return message if message.endswith(b"\r\n") else message + b"\r\n"


def draw(corpus, label, count, rng):
    paths = sorted(path for path in (corpus / label).iterdir() if not path.name.startswith(TRAINED_ON))
    return [(label, path, as_sent(path)) for path in rng.sample(paths, count)]


class Load:
    """Sends all mails over several connections; remembers the MID of each."""

    def __init__(self, address, mails, connections):
        self.address, self.todo, self.lock = address, list(mails), threading.Lock()
        self.sent, self.refused = {}, []
        threads = [threading.Thread(target=self._run) for _ in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _next(self):
        with self.lock:
            return self.todo.pop() if self.todo else None

    def _run(self):
        with Session(self.address) as session:
            while mail := self._next():
                for command in ("MAIL FROM:<sender@example.org>", "RCPT TO:<reader@example.com>", "DATA"):
                    session.command(command)
                session.send(dot_stuff(mail[2]) + b".\r\n")
                reply = session.read_reply()
                with self.lock:
                    if reply.mid is None:
                        self.refused.append((mail[1].name, reply.code, reply.text))
                    else:
                        self.sent[reply.mid] = mail


def check_delivered(instance, sent, problems):
    """Returns the MIDs found in the Maildir, with whether their subject was marked."""
    delivered = {}
    for name, data in instance.maildir().items():
        mid = int(re.search(r"\.M(\d+)R\d+\.", name).group(1))
        if mid in delivered:
            problems.append(f"MID {mid} is in the Maildir twice")
        if mid not in sent:
            problems.append(f"MID {mid} was never sent")
            continue
        message = sent[mid][2]
        if body_hash(data) != body_hash(message):
            problems.append(f"MID {mid}: the body is not what was sent")
        if header(data, rb"Message-ID") != header(message, rb"Message-ID"):
            problems.append(f"MID {mid}: the Message-ID is not what was sent")
        delivered[mid] = b"[SUSPECTED SPAM] " in (header(data, rb"Subject") or b"")
    return delivered


def verdicts_of_log(instance):
    """MID -> (verdict, end, Message-ID) as the log tells it."""
    verdict, end, message_id = {}, {}, {}
    for line in instance.log.lines():
        if found := re.search(r"MID (\d+) using engine: CASE spam (\w+)", line):
            verdict[int(found.group(1))] = found.group(2)
        elif found := re.search(r"ISQ: Quarantined MID (\d+)", line):
            end[int(found.group(1))] = "quarantined"
        elif found := re.search(r"MID (\d+) RID \[0\] Response", line):
            end[int(found.group(1))] = "delivered"
        elif found := re.search(r"MID (\d+) Message-ID '(.*)'$", line):
            message_id[int(found.group(1))] = found.group(2)
    return {mid: (verdict.get(mid), end.get(mid), message_id.get(mid)) for mid in verdict.keys() | end.keys()}


def compare(instance, sent, problems):
    """Returns the MIDs that were treated as spam."""
    delivered, logged = check_delivered(instance, sent, problems), verdicts_of_log(instance)
    for mid, (_, path, message) in sent.items():
        verdict, end, message_id = logged.get(mid, (None, None, None))
        if (end == "delivered") != (mid in delivered) or end is None:
            problems.append(f"MID {mid} ({path.name}): the log says {end}, in the Maildir: {mid in delivered}")
        if mid in delivered and delivered[mid] != (verdict == "suspect"):
            problems.append(f"MID {mid} ({path.name}): verdict {verdict}, marked: {delivered[mid]}")
        if end == "quarantined" and verdict != "positive":
            problems.append(f"MID {mid} ({path.name}): quarantined though {verdict}")
        wanted = header(message, rb"Message-ID")
        if wanted and message_id is None:
            problems.append(f"MID {mid} ({path.name}): the log has no Message-ID")
    quarantined = sum(end == "quarantined" for _, end, _ in logged.values())
    if instance.status()["recipients_quarantined"] != quarantined:
        problems.append("the queue and the log count the quarantine differently")
    return {mid for mid, (verdict, _, _) in logged.items() if verdict in ("suspect", "positive")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--connections", type=int, default=10)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    mails = [mail for label in ("spam", "ham") for mail in draw(options.corpus, label, options.count, rng)]
    rng.shuffle(mails)
    problems = []
    with tap.World() as world:
        # Nothing may be refused for its form: old mail has NULs and lines of any length.
        instance = world.instance(settings={"smtp.max-line-bytes": 1 << 20})
        load = Load(instance.address, mails, options.connections)
        instance.wait_idle()
        problems += [f"refused: {one}" for one in load.refused]
        as_spam = compare(instance, load.sent, problems)
    caught = Counter(mail[0] for mid, mail in load.sent.items() if mid in as_spam)
    print(f"{len(load.sent)} messages over {options.connections} connections, seed {options.seed}")
    for label in ("spam", "ham"):
        print(f"{label} treated as spam: {caught[label]} of {options.count}")
    for problem in problems:
        print(f"problem: {problem}")
    good = caught["spam"] >= LEAST_SPAM * options.count and caught["ham"] <= MOST_HAM * options.count
    sys.exit(0 if good and not problems else 1)


main()
