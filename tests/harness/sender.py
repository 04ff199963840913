"""An SMTP client on a raw socket that says exactly what a test tells it to, and a load of many at once."""

import hashlib
import itertools
import re
import socket
import ssl
import threading
from dataclasses import dataclass, field

from .build import patience
from .mail import make_mail, split_mail

ACCEPTED = re.compile(r"Message (\d+) accepted")


@dataclass
class Reply:
    code: int
    lines: list

    @property
    def text(self):
        return "\n".join(self.lines)

    @property
    def mid(self):
        """The MID of an accepted message, or None."""
        found = ACCEPTED.search(self.text)
        return int(found.group(1)) if found and self.code == 250 else None


class ConnectionLost(Exception):
    """The server closed the connection where a reply was due."""


def dot_stuff(message):
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in message.split(b"\r\n"))


class Session:
    """One connection, from the address `source` when there is one.  Reads the greeting; says EHLO unless told not to."""

    def __init__(self, address, hello="EHLO client.example.org", timeout=30, source=None):
        self.socket = socket.create_connection(
            address, timeout=patience(timeout), source_address=source and (source, 0)
        )
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb")
        self.greeting = self.read_reply()
        self.hello = self.command(hello) if hello else None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        self.reader.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def read_reply(self):
        lines = []
        while True:
            try:
                line = self.reader.readline()
            except ConnectionError as error:
                raise ConnectionLost(str(error)) from error
            if not line.endswith(b"\r\n"):
                raise ConnectionLost(f"after {lines!r}, {line!r}")
            text = line[:-2].decode("utf-8", "replace")
            if not re.match(r"[2-5]\d\d[ -]", text) and not re.fullmatch(r"[2-5]\d\d", text):
                raise AssertionError(f"not a reply line: {text!r}")
            lines.append(text[4:])
            if text[3:4] != "-":
                return Reply(int(text[:3]), lines)

    def at_end(self):
        """True when the server has closed its side and nothing more comes."""
        try:
            return self.reader.read(1) == b""
        except ConnectionError:
            return True

    def command(self, line):
        self.send(line.encode("utf-8", "surrogateescape") + b"\r\n")
        return self.read_reply()

    def start_tls(self, hello="EHLO client.example.org", **context):
        """STARTTLS, the handshake and EHLO; returns the reply to EHLO.  context: attributes of the SSL context."""
        reply = self.command("STARTTLS")
        if reply.code != 220:
            raise AssertionError(f"STARTTLS: {reply}")
        self.wrap(**context)
        self.hello = self.command(hello) if hello else None
        return self.hello

    def wrap(self, **context):
        """The handshake: nobody's certificate is checked.  context as for start_tls(), and the server_hostname asked for."""
        self.reader.close()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        server_hostname = context.pop("server_hostname", None)
        for name, value in context.items():
            setattr(tls, name, value)
        self.socket = tls.wrap_socket(self.socket, server_hostname=server_hostname)
        self.reader = self.socket.makefile("rb")

    def mail(self, sender, recipients, message):
        """One pipelined transaction; returns the reply to the final dot, or the first that forbids the data."""
        commands = [f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{one}>" for one in recipients), "DATA"]
        self.send(("\r\n".join(commands) + "\r\n").encode())
        replies = [self.read_reply() for _ in commands]
        if replies[-1].code != 354:
            return next(reply for reply in replies if reply.code >= 400)
        self.send(dot_stuff(message) + (b".\r\n" if message.endswith(b"\r\n") else b"\r\n.\r\n"))
        return self.read_reply()

    def quit(self):
        reply = self.command("QUIT")
        self.close()
        return reply


def send_one(address, message, recipients=("ben@example.com",), sender="anna@example.org"):
    """Sends one message on a connection of its own and returns its MID; fails when it is not accepted."""
    with Session(address) as session:
        reply = session.mail(sender, recipients, message)
        if reply.mid is None:
            raise AssertionError(f"not accepted: {reply}")
        session.quit()
        return reply.mid


@dataclass
class Sent:
    """What a load has handed over: the other half of the sink's account."""

    acknowledged: dict = field(default_factory=dict)  # body SHA-256 -> recipients
    mids: list = field(default_factory=list)
    unanswered: int = 0  # the connection broke between the dot and its reply
    refused: int = 0


class Load:
    """Many sessions that send one message after another until `count` are acknowledged or stop() is called.

    A connection that breaks is made anew; a message without an answer is not repeated, so that every second
    copy at the sink is the gateway's doing.
    """

    def __init__(self, get_address, sessions, count=None, size=2048, recipients=2, per_connection=50):
        self.get_address = get_address
        self.size = size
        self.recipients = recipients
        self.per_connection = per_connection
        self.sent = Sent()
        self.errors = []
        self._serials = itertools.count()
        self._wanted = count
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(sessions)]
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._stopping.set()
        return self.join()

    def join(self):
        for thread in self._threads:
            thread.join()
        if self.errors:
            raise self.errors[0]
        return self.sent

    def _done(self):
        enough = self._wanted is not None and len(self.sent.acknowledged) >= self._wanted
        return enough or self._stopping.is_set()

    def _run(self):
        while not self._done():
            try:
                self._run_connection()
            except (OSError, ConnectionLost):
                self._stopping.wait(0.02)  # the gateway is coming back
            except Exception as error:
                self.errors.append(error)
                self._stopping.set()

    def _run_connection(self):
        with Session(self.get_address()) as session:
            for _ in range(self.per_connection):
                if self._done():
                    break
                self._send(session)
            session.quit()

    def _send(self, session):
        with self._lock:
            serial = next(self._serials)
        message = make_mail(serial, self.size)
        recipients = [f"r{serial}.{i}@example.com" for i in range(1 + serial % self.recipients)]
        try:
            reply = session.mail("anna@example.org", recipients, message)
        except (OSError, ConnectionLost):
            self.sent.unanswered += 1
            raise
        with self._lock:
            if reply.mid is None:
                self.sent.refused += 1
            else:
                self.sent.acknowledged[hashlib.sha256(split_mail(message)[1]).hexdigest()] = recipients
                self.sent.mids.append(reply.mid)
        if reply.code == 421:
            raise ConnectionLost(reply.text)
        if reply.mid is None:
            self._stopping.wait(0.02)

