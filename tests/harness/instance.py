"""A private instance of mailwardd: everything under one folder, one listener with a port from the kernel."""

import json
import os
import signal
import struct
import subprocess
import threading
import time
from pathlib import Path

from . import processes
from .api import Api
from .build import program, wait_until
from .logs import MailLog

# Every role that the master starts.
ROLES = ("log", "queue", "scan", "smtp", "spamd", "peers", "control", "fetch")

# struct test_page of daemon/failpoint.h.
FAILPOINT_OFFSET, FAILPOINT_SIZE = 8, 56
MONO_OFFSET = 64

# The gauges of `status` that count recipients who still wait for something.
UNDONE = ("recipients_waiting_scan", "recipients_active", "recipients_delayed")


class Instance:
    """Runs in the foreground as a child, so that it can never outlive its test by much."""

    def __init__(self, folder, route=None, settings=None, environment=None, programs=None):
        self.folder = Path(folder)
        self.route = route
        self.settings = dict(settings or {})
        self.environment = dict(environment or {})
        self.daemon = f"{programs}/mailwardd" if programs else program("mailwardd")
        self.process = None
        self.log = MailLog(self.folder)

    # Start and end

    def _command_line(self):
        line = [self.daemon, "--private", str(self.folder), "--foreground"]
        if self.route:
            line += ["--route", "%s:%d" % self.route]
        for name, value in self.settings.items():
            line += ["--set", f"{name}={value}"]
        return line

    def start(self):
        """Returns when the instance has said that mail can be sent."""
        errors = open(f"{self.folder}.stderr", "ab")
        with errors:
            self.process = subprocess.Popen(
                self._command_line(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **self.environment},
            )
        said = threading.Event()
        threading.Thread(target=self._watch_output, args=(self.process.stdout, said), daemon=True).start()
        wait_until(lambda: said.is_set() or self.process.poll() is not None, "'ready' of mailwardd", 30)
        if not said.is_set():
            raise AssertionError(f"mailwardd ended with status {self.process.returncode}: {self.stderr()}")
        return self

    @staticmethod
    def _watch_output(stream, said):
        with stream:
            for line in stream:
                if line.strip() == b"ready":
                    said.set()

    def stop(self):
        """Asks the instance to end and returns its exit status."""
        subprocess.run([program("mailwardd"), "--private", str(self.folder), "--stop"], check=True, timeout=60)
        return self.process.wait(timeout=60)

    def power_off(self):
        """Kills every process of the instance at once, as a lost power supply would."""
        if self.process is not None and self.process.poll() is None:
            family = processes.family_of(self.process.pid)
            processes.freeze(family)  # none gets to act on the death of another
            processes.kill_all(family)
            self.process.wait()

    def stderr(self):
        path = Path(f"{self.folder}.stderr")
        return path.read_text(errors="replace") if path.exists() else ""

    # Its processes

    def role_pid(self, role):
        """The process of a role, or None while there is none."""
        found = processes.children_of(self.process.pid, f"mailwardd-{role}")
        return found[0] if found else None

    def kill_role(self, role):
        """kill -9 of one role; returns the moment of it when the master has put another in its place."""
        victim = wait_until(lambda: self.role_pid(role), f"role {role}")
        moment = time.monotonic()
        processes.send_signal(victim, signal.SIGKILL)
        wait_until(lambda: self.role_pid(role) not in (None, victim), f"role {role} to come back")
        return moment

    def pass_time(self, days):
        """Wall time goes on by so many days at once, for all roles."""
        with open(self.folder / "run" / "clock", "r+b") as page:
            (offset,) = struct.unpack("<q", page.read(8))
            page.seek(0)
            page.write(struct.pack("<q", offset + days * 86400 * 10**6))

    def pass_idle(self, minutes):
        """The clock that idle sessions are judged by goes on by so many minutes at once.  Looked at every five seconds."""
        with open(self.folder / "run" / "clock", "r+b") as page:
            page.seek(MONO_OFFSET)
            (offset,) = struct.unpack("<q", page.read(8))
            page.seek(MONO_OFFSET)
            page.write(struct.pack("<q", offset + minutes * 60 * 10**6))

    def die_at(self, point):
        """The first process that comes by this point (daemon/failpoint.h) is killed there."""
        with open(self.folder / "run" / "clock", "r+b") as page:
            page.seek(FAILPOINT_OFFSET)
            page.write(point.encode().ljust(FAILPOINT_SIZE, b"\0"))

    def has_died_there(self):
        with open(self.folder / "run" / "clock", "rb") as page:
            page.seek(FAILPOINT_OFFSET)
            return page.read(1) == b"\0"

    def family(self):
        return processes.family_of(self.process.pid)

    # What it says

    @property
    def address(self):
        """Host and port of the public listener."""
        return self.listeners()["public"]

    def listeners(self):
        return {name: (host, port) for name, host, port in self._ports() if name != "(spamd)"}

    @property
    def spamd_addresses(self):
        """Host and port of each TCP socket of the spamd service."""
        return [(host, port) for name, host, port in self._ports() if name == "(spamd)" and host != "unix"]

    @property
    def spamd_socket(self):
        return self.folder / "run" / "spamd.sock"

    def _ports(self):
        lines = (self.folder / "run" / "ports").read_text().splitlines()
        return [(name, host, int(port)) for name, host, port in map(str.split, lines)]

    def shell(self, command, *options):
        """Runs the admin shell on one command line and returns the completed process."""
        return subprocess.run(
            [program("mailward"), "--private", str(self.folder), *options, "-c", command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def api(self):
        """A session at the control socket."""
        return Api(self.folder)

    def api_again(self):
        """The same, as soon as control takes one: it may just have been killed."""

        def connect():
            try:
                return self.api()
            except OSError:
                return None

        return wait_until(connect, "the control socket to answer")

    def configure(self, *edits, comment="test"):
        """Commits edits (of api.edit()) and returns the new revision: every role runs with it."""
        with self.api() as api:
            api.edit(*edits)
            return api.commit(comment=comment)["revision"]

    def figures(self):
        """All that `status detail` says, by section; empty while a part of the daemon is away."""
        run = self.shell("status detail", "--json")
        return json.loads(run.stdout.splitlines()[0])["result"] if run.returncode == 0 else {}

    def status(self):
        """The gauges, and the counters since the daemon's start, by name; empty while a part of the daemon is away.
        Of a gauge and a counter with one name this is the gauge."""
        figures = self.figures()
        counters = {name: values["uptime"] for name, values in figures.get("counters", {}).items()}
        return counters | figures.get("gauges", {})

    def is_empty(self):
        """True when the queue has nothing left to do: what is in the quarantine does not count."""
        status = self.status()
        return bool(status) and not any(status[name] for name in UNDONE)

    def wait_empty(self, seconds=60):
        wait_until(self.is_empty, "an empty queue", seconds, pause=0.1)

    def _is_idle(self):
        started = self.status().get("messages_started", 0)
        return len(self.log.find("Start MID")) >= started and not self.log.unfinished() and self.is_empty()

    def wait_idle(self, seconds=60):
        """Returns when the queue is empty and the log, which is written a little later, tells the end of every
        message that was started."""
        wait_until(self._is_idle, "every message to be finished", seconds, pause=0.05)

    def maildir(self):
        """The delivered messages, by file name."""
        return {path.name: path.read_bytes() for path in sorted((self.folder / "maildir" / "new").glob("*"))}

