"""What a person, or a program that plays one, sees and types."""

import contextlib
import os
import pty
import select
import signal
import termios
import time

from .build import patience, wait_until


class Terminal:
    """A program on a pseudo-terminal of the kind that $TERM names (None: it is not set), which may have a size, and a
    folder for what the user keeps."""

    def __init__(self, command, kind, rows=0, columns=0, state=None):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            if rows:
                termios.tcsetwinsize(0, (rows, columns))
            environment = {**os.environ, "TERM": kind} if kind else {k: v for k, v in os.environ.items() if k != "TERM"}
            environment.pop("LANG", None)
            environment["XDG_STATE_HOME"] = str(state or "/proc/none")
            os.execve(command[0], command, environment)
        os.set_blocking(self.fd, False)
        self.seen = b""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    def type(self, text, seconds=20):
        """Reads meanwhile what is said, as a real terminal does: a program that can't echo takes no more."""
        rest, deadline = text.encode(), time.monotonic() + patience(seconds)
        while rest:
            readable, writable, _ = select.select([self.fd], [self.fd], [], max(0, deadline - time.monotonic()))
            try:
                if readable:
                    self.seen += os.read(self.fd, 65536)
                if writable:
                    rest = rest[os.write(self.fd, rest) :]
            except OSError as error:
                raise AssertionError(f"ended before it took {rest[:80]!r}, saw {self.seen!r}") from error
            if not writable and time.monotonic() > deadline:
                raise AssertionError(f"takes no more at {rest[:80]!r}, saw {self.seen!r}")

    def read(self, deadline, what):
        ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            raise AssertionError(f"waited for {what}, saw {self.seen!r}")
        return os.read(self.fd, 65536)

    def wait(self, text, seconds=20):
        """Reads up to text, and returns what came before it."""
        wanted, deadline = text.encode(), time.monotonic() + patience(seconds)
        while wanted not in self.seen:
            try:
                self.seen += self.read(deadline, repr(text))
            except OSError as error:
                raise AssertionError(f"ended before {text!r}, saw {self.seen!r}") from error
        before, _, self.seen = self.seen.partition(wanted)
        return before.decode()

    def end(self, seconds=20):
        """What it still said, and its exit status."""
        deadline = time.monotonic() + patience(seconds)
        with contextlib.suppress(OSError):
            while chunk := self.read(deadline, "its end"):
                self.seen += chunk
        _, status = wait_until(self._reaped, "the program that has left its terminal")
        return self.seen.decode(), os.waitstatus_to_exitcode(status)

    def _reaped(self):
        found = os.waitpid(self.pid, os.WNOHANG)
        return found if found[0] else None
