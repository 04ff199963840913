"""A role program that says what a test wants: it stands in the place of the real one, and every other is real.

The process only carries messages between the other roles and the test: JSON lines over a UNIX socket.  It has no part in
the configuration, so only a dispensable role (daemon/role.h) can be played.
"""

import json
import os
import selectors
import socket
import struct
import sys
import threading
from pathlib import Path

from harness.build import build_folder, close_listener, program, wait_until

MASTER_FD = 3  # daemon/master_fd.h
ROLE_IDS = ("master", "log", "queue", "scan", "smtp", "spamd", "peers", "control", "fetch")  # daemon/role.h
MSG_START, MSG_PEER, MSG_STOP, MSG_READY = 1, 2, 4, 20  # daemon/protocol.h
HEADER = struct.Struct("<IBBH")  # daemon/channel.c


class FakeRole:
    """The test's side.  World.instance(programs=fake.programs) starts it; each life of it is a new connection here."""

    def __init__(self, world, role, is_ready=True):
        self.heard = []  # (life, from whom, type)
        self.lives = 0
        self.programs = world.folder / f"programs-with-fake-{role}"
        self._connection = None
        self._copy_programs(role, world.folder / f"{role}.sock", is_ready)
        self._listener = socket.socket(socket.AF_UNIX)
        world.callback(close_listener, self._listener)
        self._listener.bind(str(world.folder / f"{role}.sock"))
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _copy_programs(self, role, place, is_ready):
        """The master looks for the others beside itself."""
        self.programs.mkdir()
        for path in build_folder().glob("mailwardd*"):
            if path.is_file() and os.access(path, os.X_OK):
                (self.programs / path.name).symlink_to(path)
        (self.programs / "mailwardd").unlink()
        (self.programs / "mailwardd").write_bytes(Path(program("mailwardd")).read_bytes())
        fake = self.programs / f"mailwardd-{role}"
        fake.unlink()
        tests = Path(__file__).resolve().parents[1]
        fake.write_text(
            f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(tests)!r})\n"
            f"from harness.fake_role import carry\ncarry({str(place)!r}, {is_ready})\n"
        )
        for path in (fake, self.programs / "mailwardd"):
            path.chmod(0o755)

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.lives += 1
            self._connection = connection
            with connection.makefile() as lines:
                for line in lines:
                    said = json.loads(line)
                    self.heard.append((self.lives, said["peer"], said["type"]))

    def say(self, peer, kind, body=b"", length=None):
        """A message to another role; with length its frame announces another one than body has."""
        order = {"peer": peer, "type": kind, "body": body.hex(), "length": len(body) if length is None else length}
        self._connection.sendall(json.dumps(order).encode() + b"\n")

    def wait_for(self, peer, kind, count=1):
        """That many messages of this type of this role in the present life."""
        wait_until(lambda: self.heard.count((self.lives, peer, kind)) >= count, f"message {kind} of {peer}", 30)

    def wait_life(self, number, peer):
        """The life of that number, and its connection to another role."""
        wait_until(lambda: (number, peer, "peer") in self.heard, f"life {number} of the role", 30)


# ---- the process ----


class _Carrier:
    def __init__(self, place, is_ready):
        self.is_ready = is_ready
        self.test = socket.socket(socket.AF_UNIX)
        self.test.connect(place)
        self.orders = self.test.makefile("rb", buffering=0)  # what was read ahead would wake nobody
        self.peers = {"master": socket.socket(fileno=MASTER_FD)}
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.test, selectors.EVENT_READ, self.take_order)
        self.selector.register(self.peers["master"], selectors.EVENT_READ, lambda: self.take_message("master"))

    def take_order(self):
        order = json.loads(self.orders.readline() or sys.exit())
        body = bytes.fromhex(order["body"])
        self.peers[order["peer"]].sendall(HEADER.pack(order["length"], 0, 0, order["type"]) + body)

    def take_message(self, name):
        """A descriptor comes with the first byte of its message."""
        peer = self.peers[name]
        peer.setblocking(True)
        data, descriptors, _, _ = socket.recv_fds(peer, HEADER.size, 1)
        while data and len(data) < HEADER.size:
            data += peer.recv(HEADER.size - len(data))
        if not data:
            self.selector.unregister(peer)
            return name == "master" and sys.exit()
        length, _, _, kind = HEADER.unpack(data)
        body = b""
        while len(body) < length:
            body += peer.recv(length - len(body))
        if name == "master":
            self.take_word_of_master(kind, body, descriptors)
        else:
            self.tell(name, kind)
            for fd in descriptors:
                os.close(fd)

    def take_word_of_master(self, kind, body, descriptors):
        if kind == MSG_START and self.is_ready:
            self.peers["master"].sendall(HEADER.pack(4, 0, 0, MSG_READY) + struct.pack("<I", 0))
        elif kind == MSG_STOP:
            sys.exit()
        elif kind == MSG_PEER:
            name = ROLE_IDS[body[0]]
            self.peers[name] = socket.socket(fileno=descriptors[0])
            self.selector.register(self.peers[name], selectors.EVENT_READ, lambda: self.take_message(name))
            self.tell(name, "peer")

    def tell(self, name, kind):
        self.test.sendall(json.dumps({"peer": name, "type": kind}).encode() + b"\n")


def carry(place, is_ready):
    carrier = _Carrier(place, is_ready)
    while True:
        for key, _ in carrier.selector.select():
            key.data()
