"""A client of the control socket (doc/control-api.md) that can also break its rules."""

import json
import os
import socket
import struct
import uuid

from .build import patience


class Api:
    """One session.  Use it as a context manager, or close() it: with the connection its candidate goes."""

    def __init__(self, instance_folder):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(patience(20))
        folder = os.open(instance_folder, os.O_PATH | os.O_DIRECTORY)
        try:  # a path of any length
            self.socket.connect(f"/proc/self/fd/{folder}/run/control.sock")
        finally:
            os.close(folder)
        self.greeting = self.receive()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    # Frames

    def send_bytes(self, data):
        self.socket.sendall(data)

    def send_frame(self, data):
        self.send_bytes(struct.pack("<I", len(data)) + data)

    def send(self, method, **members):
        self.send_frame(json.dumps({"method": method, **members}).encode())

    def _read(self, size):
        data = bytearray()
        while len(data) < size:
            piece = self.socket.recv(min(size - len(data), 1 << 20))
            if not piece:
                raise ConnectionError("the daemon hung up")
            data += piece
        return bytes(data)

    def receive(self):
        """The next frame, whatever it is."""
        (size,) = struct.unpack("<I", self._read(4))
        return json.loads(self._read(size))

    def is_closed(self):
        """True when the daemon has hung up; waits for that or for a frame."""
        try:
            return self.socket.recv(1, socket.MSG_PEEK) == b""
        except ConnectionError:
            return True

    # Requests

    def answer(self):
        """The end frame of the next answer, and its parts."""
        parts = []
        while "status" not in (frame := self.receive()):
            parts.append(frame)
        return frame, parts

    def call(self, method, **members):
        """Sends one request and returns (status, end frame, parts)."""
        self.send(method, **members)
        end, parts = self.answer()
        return end["status"], end, parts

    def must(self, method, **members):
        """The result of a request that has to be done."""
        status, end, _ = self.call(method, **members)
        if status != 0:
            raise AssertionError(f"{method} ended with {end}")
        return end.get("result")

    def rows(self, table, **members):
        """The rows of a table, as the candidate has them."""
        status, end, parts = self.call("config.get", table=table, **members)
        if status != 0:
            raise AssertionError(f"config.get {table} ended with {end}")
        return [row for part in parts for row in part["rows"]]

    def text(self, method, **members):
        """The text that a request answers."""
        status, end, parts = self.call(method, **members)
        if status != 0:
            raise AssertionError(f"{method} ended with {end}")
        return "".join(part["text"] for part in parts)

    # The configuration

    def edit(self, *edits):
        self.must("config.edit", edits=list(edits))

    def commit(self, **members):
        """Commits under an id of its own; returns the result."""
        return self.must("config.commit", **{"commit_id": uuid.uuid4().hex, **members})


def edit(table, verb="edit", key=None, **fields):
    """One edit; a field's '-' is written '_': edit("antispam", always_scan_size="512K")."""
    made = {"table": table, "verb": verb}
    if key is not None:
        made["key"] = key
    if verb in ("new", "edit", "put", "set"):
        made["fields"] = {name.replace("_", "-"): value for name, value in fields.items()}
    return made
