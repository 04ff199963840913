"""Our own test mail: deterministic, every body different, with lines that provoke dot-stuffing."""

import hashlib
import random
import re

WORDS = (
    "meeting agenda minutes draft budget garden weather train ticket lunch kitchen report review window "
    "paper signal bridge harbour winter summer coffee bicycle letter answer question morning evening"
).split()


def make_body(serial, size=1024):
    """About `size` bytes of words; some lines begin with dots."""
    rng = random.Random(serial)
    lines, length = [f"This is message {serial}."], 0
    while length < size:
        line = " ".join(rng.choices(WORDS, k=10))
        if rng.random() < 0.05:
            line = rng.choice((".", "..", ". ", "...")) + line
        lines.append(line)
        length += len(line) + 2
    lines.append(".")
    return ("\r\n".join(lines) + "\r\n").encode()


def make_mail(serial, size=1024, subject=None, headers=(), body=None):
    """A whole message with CRLF line ends, not dot-stuffed."""
    fields = [
        "From: Anna Example <anna@example.org>",
        "To: Ben Example <ben@example.com>",
        f"Subject: {subject or f'Notes on item {serial}'}",
        "Date: Sat, 21 Nov 2026 12:00:00 +0000",
        f"Message-ID: <{serial}@tests.example.org>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        *headers,
    ]
    return "\r\n".join(fields).encode() + b"\r\n\r\n" + (make_body(serial, size) if body is None else body)


BARE_LINE_END = re.compile(rb"\r\n|\r|\n")


def as_sent(path):
    """Any file of mail with CRLF line ends, and one at its end: SMTP carries nothing else."""
    message = BARE_LINE_END.sub(b"\r\n", path.read_bytes())
    return message if message.endswith(b"\r\n") else message + b"\r\n"


def read_sample(path):
    """A sample file with its line ends made CRLF, as it travels."""
    return b"\r\n".join(path.read_bytes().replace(b"\r\n", b"\n").split(b"\n"))


def split_mail(message):
    """Header block and body; accepts the line ends of the wire and of a Maildir."""
    for separator in (b"\r\n\r\n", b"\n\n"):
        if separator in message:
            return message.split(separator, 1)
    return message, b""


def body_sha256(message):
    """SHA-256 of the body as it travels, that is with CRLF line ends."""
    body = split_mail(message)[1]
    if b"\r\n" not in body:
        body = body.replace(b"\n", b"\r\n")
    return hashlib.sha256(body).hexdigest()


def header(message, name):
    """The unfolded value of the first header of that name, or None."""
    block = split_mail(message)[0].replace(b"\r\n", b"\n").decode("utf-8", "surrogateescape")
    lines = block.replace("\n ", " ").replace("\n\t", " ").split("\n")
    for line in lines:
        key, colon, value = line.partition(":")
        if colon and key.strip().lower() == name.lower():
            return value.strip()
    return None
