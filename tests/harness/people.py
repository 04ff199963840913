"""Real accounts of the machine, one of each role, and a real sshd that lets them in."""

import contextlib
import json
import os
import pwd
import shutil
import socket
import subprocess
import traceback

from .build import program, wait_until
from .tap import Skip

ROLES = {"administrator": "A", "operator": "O", "technician": "T", "readonly": "R", "guest": "G"}
SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:" + os.environ.get("PATH", ""))
SSH_OPTIONS = ["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "LogLevel=ERROR"]


def account_of(role):
    return f"mwt-{role}"


class People:
    """An account of each role, and `mwt-stranger`, who has none.  Their login shell is mailward, at this instance."""

    def __init__(self, folder, state):
        self.folder = folder
        self.shell = folder / "login-shell"
        # A login shell gets no options; the tests' instance is not where mailward looks.
        self.shell.write_text("#!/bin/bash\n"
                              f"exec -a -mailward {program('mailward')} --state {state} \"$@\"\n")
        self.shell.chmod(0o755)
        self.names = [account_of(role) for role in (*ROLES, "stranger")]

    def __enter__(self):
        home = self.folder / "home"
        home.mkdir(mode=0o755)
        for name in self.names:
            with contextlib.suppress(KeyError):
                pwd.getpwnam(name)
                subprocess.run(["userdel", name], check=True)  # of a test that was killed
            # The passphrase '*' fits nothing, but is not that of a locked account, whom sshd turns away.
            subprocess.run(["useradd", "--no-create-home", "--home-dir", home, "--shell", self.shell, "--password", "*",
                            name], check=True)
        return self

    def __exit__(self, *_):
        for name in self.names:
            subprocess.run(["userdel", name], check=True)


def run_as(account, words, **options):
    """A program as this account, with nothing of root's."""
    return subprocess.run(words, user=account, group=account, extra_groups=[], capture_output=True, text=True,
                          timeout=120, cwd="/", **options)


def call_as(account, function):
    """What function returns (as JSON) in a process of this account."""
    entry = pwd.getpwnam(account)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            os.setgroups([])
            os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
            os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
            with os.fdopen(writer, "w") as out:
                json.dump(function(), out)
            os._exit(0)
        except BaseException:  # the parent is not to run twice
            traceback.print_exc()
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    if status:
        raise AssertionError(f"the process of {account} failed")
    return json.loads(text)


class Sshd:
    """A daemon with its own port, host key and configuration."""

    def __init__(self, folder, extra=""):
        if not SSHD or not shutil.which("ssh"):
            raise Skip("needs sshd and ssh (package openssh-server)")
        self.folder = folder / "sshd"
        self.folder.mkdir(mode=0o755)
        for key in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / key], check=True)
        (self.folder / "keys").write_bytes((self.folder / "user.pub").read_bytes())
        (self.folder / "keys").chmod(0o644)
        self.extra = extra

    def __enter__(self):
        os.makedirs("/run/sshd", exist_ok=True)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        (self.folder / "config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.folder}/host\nPidFile none\nUsePAM no\n"
            f"StrictModes no\nAuthorizedKeysFile {self.folder}/keys\nPasswordAuthentication no\n"
            f"KbdInteractiveAuthentication no\nPrintMotd no\nPrintLastLog no\nMaxStartups 100\n{self.extra}")
        host = (self.folder / "host.pub").read_text()
        (self.folder / "known").write_text(f"[127.0.0.1]:{self.port} {host}")
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", self.folder / "config"], stderr=self.log,
                                        env={"PATH": "/usr/bin:/bin"})
        wait_until(self._answers, "sshd to listen")
        return self

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError((self.folder / "log").read_text())
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            return connection.recv(4) == b"SSH-"
        return False

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()

    def command(self, account, *words):
        """The words of ssh to this sshd."""
        return ["ssh", "-F", "none", "-p", str(self.port), "-i", str(self.folder / "user"), "-o",
                f"UserKnownHostsFile={self.folder}/known", *SSH_OPTIONS, f"{account}@127.0.0.1", *words]

    def terminal(self, account):
        """The words of ssh for somebody at a terminal."""
        return [shutil.which("ssh"), "-tt", *self.command(account)[1:]]

    def run(self, account, *words, typed=""):
        """ssh with these words as the command, and typed as its input; without any locale."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("LANG", "LC_"))}
        return subprocess.run(self.command(account, *words), input=typed.encode(), capture_output=True, timeout=120,
                              env=environment)
