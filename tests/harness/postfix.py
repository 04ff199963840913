"""A Postfix of a test's own: private configuration, queue and log, a port from the kernel.

The queue is as durable as Postfix ships it; nothing is scanned.  It needs root, and Debian's postfix package; whether
that has a configuration, or runs, makes no difference.
"""

import os
import re
import shutil
import socket
import subprocess

from .build import wait_until

MAIN_CF = {
    "compatibility_level": "3.6",
    "mail_owner": "postfix",
    "myhostname": "relay.example.com",
    "mydestination": "",
    "mynetworks": "127.0.0.0/8",
    "inet_interfaces": "127.0.0.1",
    "inet_protocols": "ipv4",
    "smtpd_peername_lookup": "no",
    "disable_dns_lookups": "yes",
}

MASTER_CF = """
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix  n  -  n  60   1  pickup
cleanup   unix  n  -  n  -    0  cleanup
qmgr      unix  n  -  n  300  1  qmgr
tlsmgr    unix  -  -  n  1000? 1 tlsmgr
rewrite   unix  -  -  n  -    -  trivial-rewrite
bounce    unix  -  -  n  -    0  bounce
defer     unix  -  -  n  -    0  bounce
trace     unix  -  -  n  -    0  bounce
error     unix  -  -  n  -    -  error
retry     unix  -  -  n  -    -  error
smtp      unix  -  -  n  -    -  smtp
relay     unix  -  -  n  -    -  smtp
proxymap  unix  -  -  n  -    -  proxymap
anvil     unix  -  -  n  -    1  anvil
flush     unix  n  -  n  1000? 0 flush
scache    unix  -  -  n  -    1  scache
postlog   unix-dgram n - n -  1  postlogd
"""

SENT = re.compile(r"/smtp\[\d+\]: (\w+): to=<([^>]*)>.* status=sent \((.*)\)$")


def installed():
    return os.geteuid() == 0 and os.access("/usr/sbin/postfix", os.X_OK)


def hop(address):
    """A next hop as Postfix writes it: no MX is asked for."""
    return "[%s]:%d" % address[:2]


class Postfix:
    """settings: parameters of main.cf, beside or instead of MAIN_CF.  A context manager: runs inside it."""

    def __init__(self, folder, **settings):
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = probe.getsockname()
        for name in ("config", "queue", "data"):
            (folder / name).mkdir(parents=True)
        shutil.chown(folder / "data", "postfix")
        folder.parent.chmod(0o711)  # Postfix's accounts pass through
        own = {
            "queue_directory": folder / "queue",
            "data_directory": folder / "data",
            "maillog_file": folder / "maillog",
            "maillog_file_prefixes": folder,
        }
        lines = [f"{name} = {value}\n" for name, value in {**MAIN_CF, **own, **settings}.items()]
        (folder / "config" / "main.cf").write_text("".join(lines))
        (folder / "config" / "master.cf").write_text(MASTER_CF.format(port=self.address[1]))

    def _control(self, verb):
        line = ["/usr/sbin/postfix", "-c", str(self.folder / "config"), verb]
        subprocess.run(line, check=True, capture_output=True)

    def __enter__(self):
        self._control("start")
        wait_until(self._listens, "Postfix to listen")
        return self

    def __exit__(self, *error):
        self._control("stop")

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(self.address) == 0

    def log(self):
        path = self.folder / "maillog"
        return path.read_text(errors="replace").splitlines() if path.exists() else []

    def sent(self):
        """What it has handed on by SMTP: (queue id, recipient, reply of the next hop) of each recipient."""
        return [match.groups() for line in self.log() if (match := SENT.search(line))]

    def queue_ids(self):
        """The messages that it still has."""
        return [path.name for folder in ("incoming", "active", "deferred") for path in self._files(folder)]

    def _files(self, folder):
        return [path for path in (self.folder / "queue" / folder).rglob("*") if path.is_file()]
