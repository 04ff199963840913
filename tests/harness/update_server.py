"""An update server: a folder of packages behind HTTPS on 127.0.0.1, with a certificate and a signing key of its own."""

import hashlib
import http.server
import re
import ssl
import subprocess
import threading
from pathlib import Path

from .build import program
from .certificate import make_certificate

EXPIRES = "2099-12-31T23:59:59Z"
RULES = Path(__file__).resolve().parents[2] / "engine/data/rules"


def tool(*words):
    return subprocess.run([program("mailward-package"), *map(str, words)], check=True, capture_output=True, text=True)


def make_key(folder, name):
    """NAME.key and, in the folder of trusted keys, NAME.pub."""
    folder.mkdir(exist_ok=True)
    tool("keygen", folder / name)
    return folder / f"{name}.key"


def rules_that_hit(word):
    """The names that the shipped model knows as signs of spam, all of which now mean this word."""
    text = "".join(path.read_text() for path in sorted(RULES.glob("*.rules")))
    names = [match[1] for match in re.finditer(r"^rule (\w+)\n(?:    .*\n)*?    tag +spam\b", text, re.M)]
    return "".join(f"rule {name}\n    scope body\n    match /{word}/i\n    about Says {word}\n\n" for name in names)


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A gateway that ends, or trusts another certificate, hangs up: that is what its test is about."""


def sign_list(server, path, version, name="antispam-rules", claimed=None, key=None):
    """A manifest that names this file, whatever is in it, signed by openssl instead of our tool, which would refuse."""
    content = path.read_bytes()
    server.sequence = getattr(server, "sequence", 100) + 1
    text = (f"mailward-updates 1\nsequence {server.sequence}\ncreated 2026-11-22T06:30:00Z\nexpires {EXPIRES}\n"
            f"package {name} 1 {version} {claimed or len(content)} {hashlib.sha256(content).hexdigest()} {path.name}\n\n")
    message, signature = server.folder / "message", server.folder / "signature"
    message.write_text(text)
    subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key or server.key, "-in", message, "-out", signature],
                   check=True)
    (server.folder / "manifest").write_text(f"{text}signature {signature.read_bytes().hex()}\n")


class UpdateServer:
    def __init__(self, folder, host="localhost"):
        self.folder = folder / "server"
        self.folder.mkdir()
        self.keys = folder / "trusted"
        self.key = make_key(self.keys, "publisher")
        self.certificate, _ = make_certificate(folder, host)
        self.asked = []  # paths, in the order in which they were asked for
        self.cut = set()  # names of files of which only a half is sent
        self.moved = set()  # names of files that are said to be elsewhere
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / f"{host}.crt", folder / f"{host}.key")
        self.http = _Server(("127.0.0.1", 0), self._handler())
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.url = f"https://localhost:{self.http.server_port}/"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def _handler(server):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                server.asked.append(self.path)
                path = server.folder / self.path.lstrip("/")
                if not path.is_file():
                    self.send_error(404)
                    return
                content = path.read_bytes()
                self.send_response(302 if path.name in server.moved else 200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) // 2] if path.name in server.cut else content)

            def log_message(self, *_):
                pass

        return Handler

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    # What it offers

    def build(self, name, version, members, key=None, file=None):
        """A package of members (name -> text) in the folder; the manifest is as it was."""
        sources = self.folder / f"members-{name}-{version}"
        sources.mkdir(exist_ok=True)
        for member, content in members.items():
            (sources / member).write_bytes(content.encode() if isinstance(content, str) else content)
        path = self.folder / (file or f"{name}-{version}.package")
        files = sorted(sources.iterdir())
        tool("build", "--key", key or self.key, "--name", name, "--version", version, "--out", path, *files)
        return path

    def list(self, key=None, days=30):
        """Makes the manifest, which is good for so many days; another key's is of packages by any of self.keys."""
        keys = ("--keys", self.keys) if key else ()
        tool("list", "--key", key or self.key, *keys, "--days", days, self.folder)

    def offer(self, name, version, members, key=None):
        path = self.build(name, version, members, key)
        self.list()
        return path
