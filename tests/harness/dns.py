"""A name server for tests: answers by UDP from a table that a test may change at any moment.

    dns = world.dns()
    dns.set("example.com", MX=["10 mx.example.com"])
    dns.set("mx.example.com", A=["127.0.0.2"])
    dns.break_name("example.net", SERVFAIL)
"""

import ipaddress
import socket
import struct
import threading

from .build import close_listener

SERVFAIL, NXDOMAIN = 2, 3
SILENCE = "silence"

TYPES = {"A": 1, "MX": 15, "AAAA": 28}
HEADER = struct.Struct(">HHHHHH")
RESPONSE = 0x8180  # recursion is wanted and available
QUESTION = b"\xc0\x0c"  # the name of the question, by reference


def _name(text):
    labels = [label.encode() for label in text.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _data(kind, text):
    if kind == "MX":
        preference, host = text.split()
        return struct.pack(">H", int(preference)) + _name(host)
    return ipaddress.ip_address(text).packed


def _question(packet):
    """Name, type and the end of the question in the packet."""
    labels, at = [], HEADER.size
    while size := packet[at]:
        labels.append(packet[at + 1 : at + 1 + size].decode().lower())
        at += 1 + size
    return ".".join(labels), struct.unpack_from(">H", packet, at + 1)[0], at + 5


class Dns:
    """What is not in the table does not exist.  Answers live no second longer than `ttl`, which is 0."""

    def __init__(self, ttl=0):
        self.ttl = ttl
        self.questions = []  # (name, type) in the order in which they came
        self._names = {}
        self._broken = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = "%s:%d" % self._socket.getsockname()
        threading.Thread(target=self._run, daemon=True).start()

    def close(self):
        close_listener(self._socket)

    def set(self, name, **records):
        self._names[name] = records
        self._broken.pop(name, None)

    def break_name(self, name, how):
        """SERVFAIL, NXDOMAIN or SILENCE for every question about the name."""
        self._broken[name] = how

    def _run(self):
        while True:
            try:
                packet, client = self._socket.recvfrom(4096)
                if not packet:
                    return  # closed
                answer = self._answer(packet)
                if answer:
                    self._socket.sendto(answer, client)
            except OSError:
                return

    def _answer(self, packet):
        name, number, end = _question(packet)
        kind = next((kind for kind, its_number in TYPES.items() if its_number == number), None)
        self.questions.append((name, kind))
        code = self._broken.get(name, 0 if name in self._names else NXDOMAIN)
        if code == SILENCE:
            return None
        data = [_data(kind, text) for text in self._names.get(name, {}).get(kind, ())] if not code else []
        records = [QUESTION + struct.pack(">HHIH", number, 1, self.ttl, len(one)) + one for one in data]
        identity = struct.unpack_from(">H", packet)[0]
        header = HEADER.pack(identity, RESPONSE | code, 1, len(records), 0, 0)
        return header + packet[HEADER.size : end] + b"".join(records)
