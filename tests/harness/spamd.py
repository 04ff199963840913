"""A client of the spamd protocol on a raw socket, which can also break its rules."""

import os
import re
import socket
from dataclasses import dataclass

from .build import patience

SPAM = re.compile(r"(True|False) ; ([\d.]+) / ([\d.]+)")


@dataclass
class Reply:
    code: int
    text: str  # of the status line
    headers: dict  # names in lower case
    body: bytes

    @property
    def score(self):
        """(is spam, score, threshold) of the Spam header."""
        word, score, threshold = SPAM.fullmatch(self.headers["spam"]).groups()
        return word == "True", float(score), float(threshold)


def connect(where):
    """(host, port), or the path of a UNIX socket."""
    if isinstance(where, tuple):
        return socket.create_connection(where, timeout=patience(20))
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    one.settimeout(patience(20))
    folder = os.open(where.parent, os.O_PATH | os.O_DIRECTORY)
    try:  # a path of any length
        one.connect(f"/proc/self/fd/{folder}/{where.name}")
    finally:
        os.close(folder)
    return one


def read_all(one):
    data = bytearray()
    while piece := one.recv(1 << 20):
        data += piece
    return bytes(data)


def parse(data):
    head, _, body = data.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    code, text = re.fullmatch(r"SPAMD/1\.\d (\d+) (.*)", status).groups()
    headers = dict(line.lower().split(": ", 1)[:1] + line.split(": ", 1)[1:] for line in lines if line)
    return Reply(int(code), text, headers, body)


def request(method, message=b"", version="1.5", headers=(), length=True):
    """The bytes of one; length: True for the right one, None for none, or a number."""
    lines = [f"{method} SPAMC/{version}", *headers]
    if length is not None:
        lines.append(f"Content-length: {len(message) if length is True else length}")
    return "\r\n".join([*lines, "", ""]).encode() + message


def ask(where, method, message=b"", shut=True, **options):
    """One request, and the answer to it; shut: closes its side behind it, as spamc does."""
    with connect(where) as one:
        one.sendall(request(method, message, **options))
        if shut:
            one.shutdown(socket.SHUT_WR)
        return parse(read_all(one))
