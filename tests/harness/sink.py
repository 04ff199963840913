"""The next hop of every test: an SMTP server that keeps account of what it has taken, and misbehaves on request.

It runs in a thread of its own and writes nothing to disk.
"""

import asyncio
import hashlib
import ssl
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from .build import wait_until

HANG = "hang"  # never answer, keep the connection
DROP = "drop"  # close the connection without an answer


@dataclass
class Received:
    sha256: str  # of the body
    sender: str
    recipients: list
    data: bytes  # empty unless the sink keeps data
    parameters: str  # what followed the address of MAIL FROM
    tls: bool = False
    rcpt_parameters: list = field(default_factory=list)  # the same of each RCPT TO that was taken


class Sink:
    """answer_mail(address), answer_rcpt(address) and answer_dot(Received) may return a reply, HANG or DROP; None is
    the usual 250.  Whatever it answers to MAIL, it takes recipients and data."""

    def __init__(self, keep_data=False, host="127.0.0.1", port=0):
        self.keep_data = keep_data
        self.extensions = ["PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"]  # None: EHLO is not known
        self.greeting = "220 sink.example.com ESMTP"
        self.tls = None  # an SSL context, or what is done instead of a handshake: bytes, HANG, DROP, "454 ..."
        self.answer_mail = lambda address: None
        self.answer_rcpt = lambda address: None
        self.answer_dot = lambda received: None
        self.messages = []  # accepted with 250
        self.arrivals = defaultdict(list)  # (body SHA-256, recipient) -> times of acceptance
        self.commands = Counter()
        self.connections = 0
        self.hellos = []  # the names that EHLO was said with
        self.address = None
        self._loop = asyncio.new_event_loop()
        self._server = None
        self._transports = set()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(host, port, ready), daemon=True)
        self._thread.start()
        ready.wait()

    def _run(self, host, port, ready):
        asyncio.set_event_loop(self._loop)
        self._server = self._loop.run_until_complete(
            self._loop.create_server(lambda: _Connection(self), host, port, backlog=512)
        )
        self.address = self._server.sockets[0].getsockname()
        ready.set()
        self._loop.run_forever()

    def close(self):
        if self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._shut)
        self._thread.join()
        self._loop.close()

    def _shut(self):
        self._server.close()
        for transport in list(self._transports):
            transport.abort()  # the socket is closed in the loop's next turn
        self._loop.call_soon(self._loop.stop)

    def accept(self, received):
        self.messages.append(received)
        now = time.monotonic()
        for recipient in received.recipients:
            self.arrivals[received.sha256, recipient].append(now)

    def count(self, sha256, recipient):
        return len(self.arrivals.get((sha256, recipient), ()))

    def wait_for_messages(self, count, seconds=30):
        wait_until(lambda: len(self.messages) >= count, f"{count} messages at the sink", seconds)


class _Connection(asyncio.Protocol):
    def __init__(self, sink):
        self.sink = sink
        self.buffer = bytearray()
        self.in_data = False
        self.searched = 0
        self.hanging = False
        self.in_tls = False
        self._forget_transaction()

    def _forget_transaction(self):
        self.sender, self.parameters, self.recipients, self.rcpt_parameters = None, "", [], []

    def connection_made(self, transport):
        self.transport = transport
        self.sink._transports.add(transport)
        self.sink.connections += 1
        self._reply(self.sink.greeting)

    def connection_lost(self, error):
        self.sink._transports.discard(self.transport)

    def _reply(self, text):
        if text == DROP:
            self.transport.abort()
        elif text == HANG:
            self.hanging = True
        else:
            self.transport.write(text.encode() + b"\r\n")

    def data_received(self, data):
        self.buffer += data
        while not self.hanging and not self.transport.is_closing():
            if not (self._take_message() if self.in_data else self._take_command()):
                break

    def _take_command(self):
        end = self.buffer.find(b"\n")
        if end < 0:
            return False
        line = self.buffer[:end].decode("utf-8", "surrogateescape").strip()
        del self.buffer[: end + 1]
        verb, _, argument = line.partition(" ")
        self.sink.commands[verb.upper()] += 1
        handler = getattr(self, f"_command_{verb.lower()}", None)
        if handler is None:
            self._reply("500 5.5.1 what?")
        else:
            handler(argument)
        return True

    def _command_ehlo(self, argument):
        self.sink.hellos.append(argument)
        if self.sink.extensions is None:
            self._reply("502 5.5.1 what?")
            return
        starttls = ["STARTTLS"] if self.sink.tls and not self.in_tls else []
        lines = ["sink.example.com", *self.sink.extensions, *starttls]
        self._reply("\r\n".join(["250-" + line for line in lines[:-1]] + ["250 " + lines[-1]]))

    def _command_starttls(self, argument):
        tls = self.sink.tls
        if isinstance(tls, str):
            self._reply(tls)
        elif isinstance(tls, bytes):
            self.transport.write(b"220 2.0.0 go on\r\n" + tls)
        else:
            self._reply("220 2.0.0 go on")
            self.hanging = True  # until the handshake is done
            asyncio.ensure_future(self._start_tls(tls))

    async def _start_tls(self, context):
        loop, plain = asyncio.get_running_loop(), self.transport
        try:
            self.transport = await loop.start_tls(plain, self, context, server_side=True)
        except (OSError, ssl.SSLError):
            plain.abort()
            return
        self.sink._transports.discard(plain)
        self.sink._transports.add(self.transport)
        self.in_tls, self.hanging = True, False
        self._forget_transaction()
        self.data_received(b"")  # what came together with the end of the handshake

    def _command_helo(self, argument):
        self._reply("250 sink.example.com")

    def _command_mail(self, argument):
        self._forget_transaction()
        self.sender, _, self.parameters = argument[argument.index("<") + 1 :].partition(">")
        self._reply(self.sink.answer_mail(self.sender) or "250 2.1.0 ok")

    def _command_rcpt(self, argument):
        address, _, parameters = argument[argument.index("<") + 1 :].rpartition(">")
        answer = self.sink.answer_rcpt(address)
        if answer is None or answer.startswith("2"):
            self.recipients.append(address)
            self.rcpt_parameters.append(parameters.strip())
        self._reply(answer or "250 2.1.5 ok")

    def _command_data(self, argument):
        if not self.recipients:
            self._reply("503 5.5.1 no recipients")
            return
        self.in_data, self.searched = True, 0
        self._reply("354 go on")

    def _command_rset(self, argument):
        self._forget_transaction()
        self._reply("250 2.0.0 ok")

    def _command_noop(self, argument):
        self._reply("250 2.0.0 ok")

    def _command_quit(self, argument):
        self._reply("221 2.0.0 bye")
        self.transport.close()

    def _take_message(self):
        if self.buffer.startswith(b".\r\n"):
            end, taken = 0, 3
        else:
            at = self.buffer.find(b"\r\n.\r\n", self.searched)
            if at < 0:
                self.searched = max(0, len(self.buffer) - 4)
                return False
            end, taken = at + 2, at + 5
        data = bytes(self.buffer[:end])
        del self.buffer[:taken]
        self.in_data = False
        self._finish(data)
        return True

    def _finish(self, data):
        if b"\n." in data or data.startswith(b"."):
            data = b"\n".join(line[1:] if line.startswith(b".") else line for line in data.split(b"\n"))
        body = data.partition(b"\r\n\r\n")[2]
        received = Received(
            hashlib.sha256(body).hexdigest(),
            self.sender,
            self.recipients,
            data if self.sink.keep_data else b"",
            self.parameters.strip(),
            self.in_tls,
            self.rcpt_parameters,
        )
        answer = self.sink.answer_dot(received)
        if answer is None or answer.startswith("2"):
            self.sink.accept(received)
        self._forget_transaction()
        self._reply(answer or "250 2.0.0 taken")
