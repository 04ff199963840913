"""The accounts of a system instance, for tests that run as root."""

import contextlib
import fcntl
import grp
import pwd
import subprocess
import tempfile
from pathlib import Path

from . import build

ADMINS = "mailward-admin"
ACCOUNTS = {"log": "mailward", "queue": "mailward", "control": "mailward",
            "scan": "mailward-scan", "smtp": "mailward-smtp", "spamd": "mailward-spamd", "fetch": "mailward-fetch"}


@contextlib.contextmanager
def system_instance(state):
    """mailwardd as root would start it: in the background, without --private."""
    subprocess.run([build.program("mailwardd"), "--state", state, "--set", "smtp.listen=127.0.0.1:0",
                    "--route", "127.0.0.1:1"], check=True, timeout=60)
    try:
        yield
    finally:
        subprocess.run([build.program("mailwardd"), "--state", state, "--stop"], check=True, timeout=60)


class Accounts:
    """The accounts that `make install` will bring; made for the test where they are missing.  One test at a time has
    them, as it takes away again what it made."""

    def __enter__(self):
        self.lock = open(Path(tempfile.gettempdir()) / "mailward-test-accounts.lock", "w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.made = []
        self.made_group = False
        try:
            grp.getgrnam(ADMINS)
        except KeyError:
            subprocess.run(["groupadd", "--system", ADMINS], check=True)
            self.made_group = True
        for name in sorted(set(ACCOUNTS.values())):
            try:
                pwd.getpwnam(name)
            except KeyError:
                subprocess.run(["useradd", "--system", "--no-create-home", "--user-group", name], check=True)
                self.made.append(name)
        return self

    def __exit__(self, *_):
        for name in self.made:
            subprocess.run(["userdel", name], check=True)
        if self.made_group:
            subprocess.run(["groupdel", ADMINS], check=True)
        self.lock.close()
