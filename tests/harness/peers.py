"""Other engines for multiscan: scripted ones that say and do as they are told, and the real rspamd and spamd.

The real ones run with folders and ports of their own and without whatever needs the net.
"""

import json
import os
import shutil
import socket
import socketserver
import subprocess
import threading
import urllib.error
import urllib.request
from pathlib import Path

from .build import wait_until

HANG = "hang"  # never answer, keep the connection
DROP = "drop"  # close the connection without an answer


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64


class _UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class ScriptedPeer:
    """At a port of its own, or at the UNIX socket `path`.  Says `score` about each message.  `answer` (a function of the message) may return bytes to be sent as they are, HANG
    or DROP instead; None is the usual answer.  `mute`: probes hang, too."""

    required = 0.0  # of a subclass

    def __init__(self, score=0.0, symbols=("SCRIPTED",), path=None):
        self.score, self.symbols = score, list(symbols)
        self.path = path
        self.answer = lambda message: None
        self.mute = False
        self.messages = []  # (header of the request, message)
        self.probes = 0
        self.connections = 0
        self.port = 0
        self._open = set()
        self._over = threading.Event()
        self.start()

    @property
    def address(self):
        return "127.0.0.1", self.port

    def start(self):
        """Again at the same port."""
        self._over.clear()
        peer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                peer.connections += 1
                peer._open.add(self.connection)
                try:
                    while peer._take_request(self.rfile, self.wfile):
                        pass
                except OSError:
                    pass
                finally:
                    peer._open.discard(self.connection)

        if self.path:
            self._server = _UnixServer(str(self.path), Handler)
        else:
            self._server = _Server(("127.0.0.1", self.port), Handler)
            self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self):
        """Nothing listens any more, and who waits for an answer is hung up on."""
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    close = stop

    @property
    def is_spam(self):
        return self.score >= self.required

    def _take_request(self, rfile, wfile):
        head = []
        for line in rfile:
            if not line.strip():
                break
            head.append(line.decode("latin-1").strip())
        if not head:
            return False
        length = next((int(line.split(":")[1]) for line in head if line.lower().startswith("content-length:")), 0)
        message = rfile.read(length)
        if self._is_probe(head[0]):
            self.probes += 1
            said = HANG if self.mute else self._pong()
        else:
            self.messages.append((head, message))
            said = self.answer(message) or self.usual()
        if said == HANG:
            self._over.wait()
        if said in (HANG, DROP):
            return False
        wfile.write(said)
        return self.keeps_connections and said == self.usual()


class ScriptedRspamd(ScriptedPeer):
    required = 6.0
    keeps_connections = True

    def _is_probe(self, line):
        return line.startswith("GET /ping")

    def _pong(self):
        return http(b"pong\r\n")

    def usual(self):
        action = "add header" if self.is_spam else "no action"
        symbols = {name: {"name": name, "score": 1.0} for name in self.symbols}
        reply = {"score": self.score, "required_score": 15.0, "action": action, "symbols": symbols}
        return http(json.dumps(reply).encode())

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.port


class ScriptedSpamd(ScriptedPeer):
    required = 5.0
    keeps_connections = False

    def _is_probe(self, line):
        return line.startswith("PING")

    def _pong(self):
        return b"SPAMD/1.5 0 PONG\r\n"

    def usual(self):
        body = ",".join(self.symbols).encode()
        word = "True" if self.is_spam else "False"
        head = f"SPAMD/1.1 0 EX_OK\r\nContent-length: {len(body)}\r\nSpam: {word} ; {self.score} / {self.required}\r\n\r\n"
        return head.encode() + body

    @property
    def place(self):
        return "127.0.0.1:%d" % self.port


def http(body, status="200 OK"):
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


# ---- the real ones ----

# Modules that ask name servers, other hosts or a database.
_RSPAMD_OFF = (
    "antivirus arc asn aws_s3 bimi clickhouse dcc dkim dkim_signing dmarc elastic external_services fuzzy_check greylist "
    "hfilter history_redis known_senders metadata_exporter metric_exporter mx_check neural p0f phishing ratelimit rbl "
    "replies reputation spamtrap spf surbl url_redirector whitelist"
).split()  # fmt: skip


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def _answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _run(world, line, port, what, output):
    process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
    world.callback(_end, process)
    wait_until(lambda: _answers(port) or process.poll() is not None, f"{what} to answer", 120, pause=0.1)
    if process.poll() is not None:
        raise AssertionError(f"{what} ended with status {process.returncode}: see {output.name}")
    return process


def _end(process):
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _with_statistics(world, local):
    """Has it keep its statistics in a redis of its own and learn without asking whether it should; the port to learn at."""
    redis, port = free_port(), free_port()
    line = ["redis-server", "--port", str(redis), "--bind", "127.0.0.1", "--save", "", "--dir", str(local)]
    with open(local / "redis.output", "wb") as output:
        _run(world, line, redis, "redis", output)
    (local / "redis.conf").write_text(f'servers = "127.0.0.1:{redis}";\n')
    always = "return function(task, is_spam, is_unlearn) return true end"
    (local / "classifier-bayes.conf").write_text(f'servers = "127.0.0.1:{redis}";\nlearn_condition = "{always}";\n')
    (local / "worker-controller.inc").write_text(f'bind_socket = "127.0.0.1:{port}";\nsecure_ip = "127.0.0.1";\n')
    return port


def rspamd_learn(port, kind, message):
    """Teaches it a message; kind is spam or ham."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/learn{kind}", data=message)
    with urllib.request.urlopen(request, timeout=60) as reply:
        return reply.status == 200


def real_rspamd(world, scanners=1, statistics=False):
    """Starts rspamd and returns the URL where it answers; with statistics also the port to learn at."""
    folder, port = Path(world.folder) / "rspamd", free_port()
    local = folder / "local.d"
    for name in ("local.d", "override.d", "db", "run", "log"):
        (folder / name).mkdir(parents=True)
    for module in _RSPAMD_OFF:
        (local / f"{module}.conf").write_text("enabled = false;\n")
    for worker in ("controller", "proxy", "fuzzy"):
        (local / f"worker-{worker}.inc").write_text("enabled = false;\n")
    (local / "worker-normal.inc").write_text(f'bind_socket = "127.0.0.1:{port}";\ncount = {scanners};\n')
    (local / "options.inc").write_text('dns { nameserver = ["127.0.0.1:1"]; timeout = 0.1s; retransmits = 1; }\n')
    (local / "logging.inc").write_text(f'type = "file";\nfilename = "{folder}/log/rspamd.log";\n')
    learn = _with_statistics(world, local) if statistics else None
    line = ["rspamd", "--no-fork", "--insecure", "--config=/etc/rspamd/rspamd.conf", f"--var=LOCAL_CONFDIR={folder}"]
    line += [f"--var={name}={folder}/{sub}" for name, sub in (("DBDIR", "db"), ("RUNDIR", "run"), ("LOGDIR", "log"))]
    with open(folder / "output", "wb") as output:
        _run(world, line, port, "rspamd", output)
    return (f"http://127.0.0.1:{port}", learn) if statistics else f"http://127.0.0.1:{port}"


def real_spamd(world):
    """Starts spamd without network tests and returns the address where it answers."""
    folder, port = Path(world.folder) / "spamd", free_port()
    (folder / "home").mkdir(parents=True)
    line = [shutil.which("spamd", path=os.environ["PATH"] + ":/usr/sbin"), "--local", "--nouser-config", "--max-children=2"]
    line += ["--min-children=1", "--listen=127.0.0.1", f"--port={port}", f"--helper-home-dir={folder}/home", "--syslog=stderr"]
    line += ["--username=nobody"] if os.geteuid() == 0 else []
    with open(folder / "output", "wb") as output:
        _run(world, line, port, "spamd", output)
    return f"127.0.0.1:{port}"
