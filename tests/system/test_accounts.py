#!/usr/bin/env python3
"""A system instance started by root: each role runs as its own account, and strangers are refused."""

import grp
import os
import pathlib
import pwd
import smtplib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import build, processes, tap  # noqa: E402
from harness.accounts import ACCOUNTS, ADMINS, Accounts, system_instance  # noqa: E402

MASTER = "mailward"


def owner_of(pid):
    return pwd.getpwuid(pathlib.Path(f"/proc/{pid}").stat().st_uid).pw_name


def master_of(state):
    """The process that holds the lock of the state folder."""
    inode = str((state / "run" / "lock").stat().st_ino)
    for line in pathlib.Path("/proc/locks").read_text().splitlines():
        fields = line.split()
        if fields[5].rsplit(":", 1)[-1] == inode:
            return int(fields[4])
    raise AssertionError("nobody holds the lock")


def shell_as(account, state, groups=()):
    return subprocess.run([build.program("mailward"), "--state", state, "-c", "version"], user=account,
                          extra_groups=groups, capture_output=True, text=True, timeout=60)


@tap.test
def each_role_runs_as_its_own_account_and_only_administrators_are_let_in(world):
    if os.geteuid() != 0:
        raise tap.Skip("needs root")
    world.folder.chmod(0o755)
    state = world.folder / "system"
    with Accounts(), system_instance(state):
        master = master_of(state)
        tap.equal(owner_of(master), MASTER, "account of the master")
        for role, account in ACCOUNTS.items():
            pids = processes.children_of(master, f"mailwardd-{role}")
            tap.equal([owner_of(pid) for pid in pids[:1]], [account], f"account of {role}")
        answer = shell_as("mailward", state)
        tap.equal(answer.returncode, 0, "status for the daemon's account")
        answer = shell_as("nobody", state, [grp.getgrnam(ADMINS).gr_gid])
        tap.equal(answer.returncode, 0, f"status for a member of {ADMINS} ({answer.stdout})")
        answer = shell_as("nobody", state)
        tap.equal(answer.returncode, 3, "status for a stranger")
        tap.true("may not administer" in answer.stdout, answer.stdout)


@tap.test
def a_role_that_hangs_is_ended_though_it_has_another_account(world):
    if os.geteuid() != 0:
        raise tap.Skip("needs root")
    world.folder.chmod(0o755)
    state = world.folder / "system"
    with Accounts():
        with system_instance(state):
            master = master_of(state)
            stuck = processes.children_of(master, "mailwardd-smtp")
            processes.freeze(stuck)
        tap.true(processes.is_gone(master), "the master has not ended")
        tap.true(all(processes.is_gone(pid) for pid in stuck), "the role has not ended")


@tap.test
def the_folder_of_somebody_else_is_not_taken_over(world):
    if os.geteuid() != 0:
        raise tap.Skip("needs root")
    world.folder.chmod(0o755)
    with Accounts():
        answer = subprocess.run([build.program("mailwardd"), "--state", world.folder], capture_output=True, text=True,
                                timeout=60)
    tap.equal(answer.returncode, 1, "exit status")
    tap.true(f"chown {MASTER}: {world.folder}" in answer.stderr, answer.stderr)
    tap.equal(list(world.folder.iterdir()), [], "what was made there")


@tap.test
def a_fresh_system_instance_lets_the_machine_itself_relay_and_nobody_else(world):
    if os.geteuid() != 0:
        raise tap.Skip("needs root")
    world.folder.chmod(0o755)
    state = world.folder / "system"
    with Accounts(), system_instance(state):
        _, address, port = (state / "run" / "ports").read_text().split()
        for client, wanted in (("127.0.0.1", 250), ("127.0.0.2", 550)):
            with smtplib.SMTP(address, int(port), timeout=30, source_address=(client, 0)) as smtp:
                smtp.ehlo("client.example.org")
                smtp.mail("somebody@example.org")
                code, _ = smtp.rcpt("anybody@example.com")
            tap.equal(code, wanted, f"reply to a recipient of {client}")


tap.main()
