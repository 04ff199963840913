#!/usr/bin/env python3
"""What a script learns when a line of it is wrong: each kind of fault through each channel, the real sshd included, ends with
its own exit status, and nothing is committed."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.accounts import Accounts, system_instance
from harness.api import Api, edit
from harness.build import program
from harness.people import People, Sshd, account_of, run_as
from harness.tap import Skip, equal, main, test, true
from harness.terminal import Terminal

LOGIN = account_of("operator")  # mailward is its login shell
FORCED = account_of("technician")  # has another one, and sshd starts mailward instead; also an operator here

EDIT = "smtproutes new a.example mx.example"
# fault: (lines, exit status, what is told on standard output)
FAULTS = {
    "unknown command": (["nonsense"], 2, "Unknown command or missing feature key: nonsense"),
    "bad value": (["antispamconfig setup on --timeout=999"], 2, "from 1 to 120"),
    "no such object": (["smtproutes delete b.example"], 1, "does not exist"),
    "wrong mode": (["clustermode cluster", "workqueue status"], 3, 'restricted to "machine" mode'),
    "refused": (["adminaccessconfig setup --idle-limit=45"], 3, "operator"),
}


class Gateway(contextlib.ExitStack):
    """A clustered system instance that two operators reach by a real sshd."""

    def __init__(self, world):
        super().__init__()
        if os.geteuid() != 0:
            raise Skip("needs root")
        world.folder.chmod(0o755)
        self.folder, self.state = world.folder, world.folder / "system"

    def __enter__(self):
        self.enter_context(Accounts())
        self.daemon = self.enter_context(contextlib.ExitStack())
        self.daemon.enter_context(system_instance(self.state))
        self.enter_context(People(self.folder, self.state))
        subprocess.run(["usermod", "--shell", "/bin/sh", FORCED], check=True)
        force = f"Match User {FORCED}\n  ForceCommand {program('mailward')} --state {self.state}\n"
        self.sshd = self.enter_context(Sshd(self.folder, force))
        with Api(self.state) as api:
            api.edit(*(edit("users", "new", account, role="operator") for account in (LOGIN, FORCED)))
            api.commit()
        self.root("clusterconfig new europe")
        return self

    def words(self, *more):
        return [program("mailward"), "--state", str(self.state), *more]

    def root(self, line):
        done = subprocess.run(self.words("-c", line), capture_output=True, text=True, timeout=60)
        equal(done.returncode, 0, f"{line}: {done.stdout}")
        return done.stdout

    def committed(self):
        """All that a commit would change."""
        return self.root("showconfig json"), self.root("rollbackconfig log 1")


def text_of(lines):
    return "".join(f"{line}\n" for line in lines)


def through_c(gateway, lines):
    return run_as(LOGIN, gateway.words("-c", "; ".join(lines)))


def through_file(gateway, lines):
    batch = gateway.folder / "batch"
    batch.write_text(text_of(lines))
    return run_as(LOGIN, gateway.words("-f", str(batch)))


def through_pipe(gateway, lines):
    return run_as(LOGIN, gateway.words(), input=text_of(lines))


def through_ssh(gateway, lines):
    return gateway.sshd.run(LOGIN, "; ".join(lines))


def through_ssh_heredoc(gateway, lines):
    return gateway.sshd.run(LOGIN, typed=text_of(lines))


def through_ssh_with_a_terminal(gateway, lines):
    words = [*gateway.sshd.terminal(LOGIN), "; ".join(lines)]
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)


def through_force_command(gateway, lines):
    return gateway.sshd.run(FORCED, "; ".join(lines))


def through_force_command_heredoc(gateway, lines):
    return gateway.sshd.run(FORCED, typed=text_of(lines))


CHANNELS = (through_c, through_file, through_pipe, through_ssh, through_ssh_heredoc, through_ssh_with_a_terminal,
            through_force_command, through_force_command_heredoc)  # fmt: skip


def said(ended):
    text = ended.stdout
    return text if isinstance(text, str) else text.decode()


def session(gateway, kind="dumb"):
    """Somebody at a terminal of his own, `ssh -tt host`."""
    return Terminal(gateway.sshd.terminal(LOGIN), kind)


def fail_at_a_terminal(gateway, lines, told):
    """A session with changes in which these lines fail, left by the end of the input; its exit status."""
    with session(gateway) as terminal:
        terminal.wait(")> ")
        for line in ("clustermode cluster", EDIT, *lines):
            terminal.type(f"{line}\n")
            seen = terminal.wait("> ")
            if "[Y]" in seen or "[N]" in seen or seen.endswith("]"):  # a person is asked whether to change the mode
                terminal.type("n\n")
                seen += terminal.wait(")> ")
        true(told in seen, f"{lines[-1]}: {seen}")
        terminal.type("\x04")
        rest, status = terminal.end()
        true("they were discarded" in rest, rest)
        return status


@test
def every_fault_ends_every_channel_with_its_status_and_nothing_committed(world):
    with Gateway(world) as gateway:
        before = gateway.committed()
        for fault, (lines, status, told) in FAULTS.items():
            for channel in CHANNELS:
                ended = channel(gateway, [EDIT, *lines, "commit"])
                equal(ended.returncode, status, f"{fault} {channel.__name__}: {ended}")
                true(told in said(ended), f"{fault} {channel.__name__}: {ended}")
            equal(fail_at_a_terminal(gateway, lines, told), 7, f"{fault} in a session")
        for channel in CHANNELS:
            ended = channel(gateway, [EDIT])
            equal((ended.returncode, "were discarded" in said(ended)), (7, True), f"no commit {channel.__name__}")
        equal(gateway.committed(), before, "what is in force")


@test
def a_daemon_that_is_down_ends_every_channel_with_6(world):
    with Gateway(world) as gateway:
        gateway.daemon.close()
        for channel in CHANNELS:
            ended = channel(gateway, [EDIT, "commit"])
            equal(ended.returncode, 6, f"{channel.__name__}: {ended}")
        with session(gateway) as terminal:
            equal(terminal.end()[1], 6, "a session")


@test
def a_script_without_faults_commits_once_in_every_channel_and_says_nothing_else(world):
    with Gateway(world) as gateway:
        for number, channel in enumerate(CHANNELS):
            ended = channel(gateway, [f"smtproutes new n{number}.example mx.example", 'commit "größer"'])
            equal(ended.returncode, 0, f"{channel.__name__}: {ended}")
            true(said(ended).startswith("Changes committed: ") and said(ended).count("\n") == 1, f"{channel.__name__}: {ended}")
            equal(len(ended.stderr), 0, f"standard error of {channel.__name__}")
            true("größer" in gateway.root("rollbackconfig log 1"), channel.__name__)
        with Api(gateway.state) as api:
            equal(len(api.rows("smtproutes", running=True)), len(CHANNELS), "routes")


main()
