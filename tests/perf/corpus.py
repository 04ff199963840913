#!/usr/bin/env python3
"""Real mail through a whole gateway: is it judged well, and does every part of the gateway agree?

    corpus.py CORPUS [--count N] [--seed N] [--connections N]

CORPUS is a folder with `spam` and `ham` folders below it, one message a file.  Messages of sources that the shipped
model was trained on are left out (their names begin with "sa-").  N spam and N ham, drawn at random, are sent over
the connections at once.  Then the Maildir, the quarantine (read from the disk) and the log must agree about each by
its MID and Message-ID, the body of each message must have the SHA-256 of what was sent, and none may be missing or there
twice.  Prints the rates; ends with status 1 when a promise is broken or fewer than 80 % of the spam or more
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

from harness import store, tap
from harness.mail import as_sent
from harness.sender import Session, dot_stuff

LEAST_SPAM, MOST_HAM = 0.80, 0.02
TRAINED_ON = "sa-"
LOGGED_BYTES = 1024  # SMTP_CAPTURE_MAX in engine/smtp/header_capture.h
STORED_BYTES = 998  # of a Message-ID: daemon/queue/header.c
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def body_hash(message):
    return hashlib.sha256(message.partition(b"\r\n\r\n")[2]).hexdigest()


def header(message, name):
    head = message.partition(b"\r\n\r\n")[0] + b"\r\n"
    found = re.search(rb"(?im)^" + name + rb":[ \t]*(.*?)\r\n(?![ \t])", head, re.S)
    return found.group(1) if found else None


def as_logged(value):
    """The value of a field as the log shows it: unfolded, cut, and what is no text as \\xNN."""
    if value is None:
        return None
    value = value.replace(b"\r\n", b"").lstrip(b" \t")[:LOGGED_BYTES].rstrip(b" \t")
    text = value.decode("utf-8", "backslashreplace")
    return CONTROL.sub(lambda one: "".join(f"\\x{byte:02x}" for byte in one[0].encode()), text) or None


def as_stored(value):
    """A Message-ID as the queue keeps it: the first line that has something."""
    return next((line.strip() for line in (value or b"").split(b"\r\n") if line.strip()), b"")[:STORED_BYTES]


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


def check_content(mid, data, sent, problems):
    """True if this MID was sent; then what became of it must be what was sent."""
    if mid not in sent:
        problems.append(f"MID {mid} was never sent")
        return False
    message = sent[mid][2]
    if body_hash(data) != body_hash(message):
        problems.append(f"MID {mid}: the body is not what was sent")
    if header(data, rb"Message-ID") != header(message, rb"Message-ID"):
        problems.append(f"MID {mid}: the Message-ID is not what was sent")
    return True


def check_delivered(instance, sent, problems):
    """Returns the MIDs found in the Maildir, with whether their subject was marked."""
    delivered = {}
    for name, data in instance.maildir().items():
        mid = int(re.search(r"\.M(\d+)R\d+\.", name).group(1))
        if mid in delivered:
            problems.append(f"MID {mid} is in the Maildir twice")
        if check_content(mid, data, sent, problems):
            delivered[mid] = b"[SUSPECTED SPAM] " in (header(data, rb"Subject") or b"")
    return delivered


def check_quarantined(instance, sent, problems):
    """Returns the MIDs found in the quarantine of the stopped instance."""
    found = set()
    for message in store.quarantined(instance.folder):
        if not message.whole:
            problems.append(f"MID {message.mid} is damaged in the spool")
        if check_content(message.mid, message.data, sent, problems):
            wanted = as_stored(header(sent[message.mid][2], rb"Message-ID"))
            if message.message_id != wanted:
                problems.append(f"MID {message.mid}: the store has another Message-ID than was sent")
            found.add(message.mid)
    return found


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
    """Ends the instance.  Returns the verdicts by MID."""
    count = instance.status()["recipients_quarantined"]
    instance.stop()
    delivered, quarantined = (check(instance, sent, problems) for check in (check_delivered, check_quarantined))
    if count != len(quarantined):
        problems.append(f"status counts {count} in the quarantine, where there are {len(quarantined)}")
    logged = verdicts_of_log(instance)
    for mid, (_, path, message) in sent.items():
        verdict, end, message_id = logged.get(mid, (None, None, None))
        places = [name for name, mids in (("delivered", delivered), ("quarantined", quarantined)) if mid in mids]
        if places != [end]:
            problems.append(f"MID {mid} ({path.name}): the log says {end}, found: {places}")
        if mid in delivered and delivered[mid] != (verdict == "suspect"):
            problems.append(f"MID {mid} ({path.name}): verdict {verdict}, marked: {delivered[mid]}")
        if (end == "quarantined") != (verdict == "positive"):
            problems.append(f"MID {mid} ({path.name}): {end} though {verdict}")
        if message_id != as_logged(header(message, rb"Message-ID")):
            problems.append(f"MID {mid} ({path.name}): the log has another Message-ID than was sent")
    return {mid: verdict for mid, (verdict, _, _) in logged.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--connections", type=int, default=10)
    options = parser.parse_args()
    for label in ("spam", "ham"):
        if not (options.corpus / label).is_dir():
            parser.error(f"{options.corpus / label}: no such folder")
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
        verdicts = compare(instance, load.sent, problems)
    counts = Counter((mail[0], verdicts.get(mid)) for mid, mail in load.sent.items())
    print(f"{len(load.sent)} messages over {options.connections} connections, seed {options.seed}")
    as_spam = {}
    for label in ("spam", "ham"):
        positive, suspect = counts[label, "positive"], counts[label, "suspect"]
        as_spam[label] = positive + suspect
        print(f"{label}: {positive} positive (quarantined), {suspect} suspect (marked), of {options.count}")
    for problem in problems:
        print(f"problem: {problem}")
    good = as_spam["spam"] >= LEAST_SPAM * options.count and as_spam["ham"] <= MOST_HAM * options.count
    sys.exit(0 if good and not problems else 1)


if __name__ == "__main__":
    main()
