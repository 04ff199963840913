#!/usr/bin/env python3
"""Secrets are typed at every place that takes one, through every channel, and then looked for: on the screen, in history, logs,
audit records and stores, in what `ps` shows, and in the memory that a dying process leaves behind."""

import itertools
import json
import os
import re
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import processes
from harness.build import program, wait_until
from harness.certificate import make_certificate
from harness.logs import Log
from harness.tap import Skip, equal, main, test, true
from harness.terminal import Terminal

# Every place that takes a secret: the fields that the schema calls secret, and the commands that ask for a passphrase.
SECRET_FIELDS = {"certificates.private-key"}
PASSPHRASE_COMMANDS = {"loadconfig", "mailconfig", "saveconfig", "showconfig"}

FOLLOWS = "rate 1 600"  # keeps a batch alive behind the commands with secrets
PROMPT = f"{socket.gethostname()}> "
KINDS = ("dumb", "xterm-256color")
numbers = itertools.count(1)


class Secrets:
    """Makes them, and knows what to look for."""

    def __init__(self, folder):
        self.folder = folder
        self.passphrases, self.keys = [], []

    def passphrase(self):
        self.passphrases.append(f"Zq{os.urandom(6).hex()}{next(numbers)}")
        return self.passphrases[-1]

    def certificate(self):
        """Certificate and key in one text; what is looked for are the lines of the key."""
        certificate, key = make_certificate(self.folder, f"host{next(numbers)}.example.com")
        self.keys += key.splitlines()[2:-2]
        return certificate + key

    def all(self):
        return self.passphrases + self.keys

    def found_in(self, data, wanted=None):
        data = data if isinstance(data, bytes) else data.encode()
        return [secret for secret in (self.all() if wanted is None else wanted) if secret.encode() in data]


def must_not_hold(secrets, data, where):
    equal(secrets.found_in(data), [], f"secrets in {where}")


def running_processes():
    """What ps shows of all processes to root: their words and their environment."""
    seen = b""
    for entry in Path("/proc").iterdir():
        for name in ("cmdline", "environ") if entry.name.isdigit() else ():
            try:
                seen += (entry / name).read_bytes() + b"\n"
            except OSError:
                pass  # it has gone, or belongs to somebody else
    return seen


def shell_words(instance, *options):
    return [program("mailward"), "--private", str(instance.folder), *options]


# ---- the channels: lines of a batch, and the answers that their commands ask for ----


def places(secrets, saved):
    """(command line, its answers) for each place, with new secrets where they may be new."""
    phrase, file = saved
    return [
        (f"certconfig import CERT{next(numbers)} -", secrets.certificate() + ".\n"),
        ("showconfig --passphrase", secrets.passphrase() + "\n"),
        ("saveconfig --passphrase", secrets.passphrase() + "\n"),
        ("mailconfig --passphrase ops@example.com", secrets.passphrase() + "\n"),
        ("loadconfig - --passphrase", f"{phrase}\n{file}.\n"),
    ]


def watch_batch(secrets, words, given, what):
    """Runs a batch that ends with FOLLOWS, looks at all processes meanwhile, and ends it by Ctrl-C."""
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as shell:
        shell.stdin.write(given.encode())
        shell.stdin.flush()
        said = b""
        while b"Time" not in said:
            line = shell.stdout.readline()
            if not line:
                raise AssertionError(f"{what} ended early: {said[-500:]!r} {shell.stderr.read()!r}")
            said += line
        shown = running_processes()
        true(b"mailward\0" in shown, "the shell is not among the processes")
        must_not_hold(secrets, shown, f"the processes while {what}")
        shell.send_signal(signal.SIGINT)
        rest, errors = shell.communicate(timeout=60)
        equal(shell.returncode, 130, f"exit status of {what}: {errors}")
        must_not_hold(secrets, said + rest + errors, f"what {what} says")


def through_c(instance, secrets, steps):
    line = "; ".join([*(line for line, _ in steps), FOLLOWS])
    watch_batch(secrets, shell_words(instance, "-c", line), "".join(answers for _, answers in steps), "-c")


def through_heredoc(instance, secrets, steps):
    text = "".join(f"{line}\n{answers}" for line, answers in steps)
    watch_batch(secrets, shell_words(instance), f"{text}{FOLLOWS}\n", "a heredoc")


def through_file(instance, secrets, steps):
    batch = instance.folder.parent / "batch"
    batch.write_text("".join(f"{line}\n{answers}" for line, answers in steps) + FOLLOWS + "\n")
    watch_batch(secrets, shell_words(instance, "-f", str(batch)), "", "-f")


def dialogues(secrets, saved):
    """The same for a person: (what is waited for, what is typed) for each place, with and without words."""
    phrase, file = saved
    again = "Enter the passphrase again.\r\n"

    def twice(secret):
        return [("Enter the passphrase.\r\n", secret), (again, secret)]

    def asked(*first):
        return [*first, ("[1]> ", "2"), ("needs a passphrase.", "y")]

    return [
        [(PROMPT, "certconfig"), ("- DELETE - ", "import"), ("[DEFAULT]> ", f"CERT{next(numbers)}"), ("[-]> ", "-"),
         ("Nothing of it is shown.\r\n", secrets.certificate() + "."), ("- DELETE - ", "")],
        [(PROMPT, f"certconfig import CERT{next(numbers)} -"), ("Nothing of it is shown.\r\n", secrets.certificate() + ".")],
        asked((PROMPT, "showconfig")) + twice(secrets.passphrase()),
        asked((PROMPT, "saveconfig")) + twice(secrets.passphrase()),
        [(PROMPT, "saveconfig --passphrase"), *twice(secrets.passphrase())],
        [(PROMPT, "mailconfig --passphrase ops@example.com"), *twice(secrets.passphrase())],
        [(PROMPT, "loadconfig - --passphrase"), ("Enter the passphrase.\r\n", phrase), ("to end.\r\n", file + ".")],
        [(PROMPT, "loadconfig -"), ("to end.\r\n", file + "."), ("are encrypted with.\r\n", phrase)],
        # Typed where nobody asked for it.
        [(PROMPT, f"certconfig import X --private-key={secrets.passphrase()}")],
        [(PROMPT, f"certconfig delete X; certconfig delete X \"--private-key\"={secrets.passphrase()}")],
    ]


def through_a_terminal(instance, secrets, steps, kind):
    """Types all; what stands on the screen is looked at, but for the lines whose secret nobody asked for."""
    with Terminal(shell_words(instance), kind, state=instance.folder.parent) as terminal:
        asked = steps[:-2]
        for wanted, typed in itertools.chain(*asked):
            must_not_hold(secrets, terminal.wait(wanted), f"a screen of {kind}, before {wanted!r}")
            terminal.type(typed + "\n")
        for wanted, typed in itertools.chain(*steps[-2:]):
            terminal.wait(wanted)
            terminal.type(typed + "\n")
        terminal.wait("does not exist")
        terminal.wait(PROMPT)
        must_not_hold(secrets, running_processes(), f"the processes behind a session on {kind}")
        terminal.type("clearchanges\ny\nexit\n")
        rest, status = terminal.end()
        must_not_hold(secrets, rest, f"the last screen of {kind}")
        equal(status, 0, "exit status of the session")


def saved_with_a_passphrase(instance, secrets):
    phrase = secrets.passphrase()
    made = subprocess.run(shell_words(instance), input=f"saveconfig --passphrase -\n{phrase}\n", capture_output=True,
                          text=True, timeout=60)
    equal((made.returncode, secrets.found_in(made.stdout + made.stderr)), (0, []), "saveconfig")
    return phrase, made.stdout


# ---- where they are looked for ----


def audit_rows(instance):
    with sqlite3.connect(instance.folder / "config" / "config.db") as store:
        return store.execute("SELECT * FROM audit").fetchall()


def config_rows(instance):
    """All that config.db holds but the rows of configurations, where a certificate's key is kept."""
    with sqlite3.connect(instance.folder / "config" / "config.db") as store:
        tables = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        true({"blob", "audit", "revision"} <= set(tables), f"tables of config.db: {tables}")
        return {name: store.execute(f"SELECT * FROM {name}").fetchall() for name in tables if name != "blob"}


def look_everywhere(instance, secrets):
    history = (instance.folder.parent / "mailward" / "history").read_text()
    true("saveconfig --passphrase\n" in history, f"the history is not kept: {history!r}")
    must_not_hold(secrets, history, "the history")
    log = Log(instance.folder, "cli_logs")
    log.wait_for("entered 'clearchanges'")
    log.wait_for("entered '********'")
    true(len(audit_rows(instance)) > 20, "audit records")
    for name, rows in config_rows(instance).items():
        must_not_hold(secrets, repr(rows), f"the table {name} of config.db")
    equal(instance.stop(), 0, "exit status")
    keepers = set()
    for path in sorted(path for path in instance.folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        equal(secrets.found_in(data, secrets.passphrases), [], f"passphrases in {path}")
        if secrets.found_in(data, secrets.keys):
            keepers.add(path.name)
            equal(path.stat().st_mode & 0o077, 0, f"{path}, which holds keys, for others")
    true(keepers <= {"config.db", "config.db-wal"}, f"private keys are in {keepers}")


@test
def the_places_that_take_a_secret_are_those_that_are_tried_here(world):
    tables = json.loads(subprocess.run([program("mailward"), "--describe", "json"], check=True, capture_output=True).stdout)
    fields = {f"{table['name']}.{field['name']}" for table in tables["tables"] for field in table["fields"] if field["secret"]}
    equal(fields, SECRET_FIELDS, "secret fields: type the new one in places() and dialogues()")
    commands = {command["name"] for command in tables["commands"] if "--passphrase" in str(command["usage"])}
    equal(commands, PASSPHRASE_COMMANDS, "commands with a passphrase: type the new one in places() and dialogues()")
    reads = re.compile(r"shell_read_secret\w*\(|list_read_secret_file\(")
    source = Path(__file__).resolve().parents[2] / "commands"
    callers = {path.name for path in source.glob("*.c") if reads.search(path.read_text())}
    equal(callers, {"certconfig.c", "config_text.c", "list_file.c"}, "files that read a secret")


@test
def a_secret_is_found_nowhere_whatever_it_was_typed_at(world):
    secrets = Secrets(world.folder)
    instance = world.instance()
    saved = saved_with_a_passphrase(instance, secrets)
    for kind in KINDS:
        through_a_terminal(instance, secrets, dialogues(secrets, saved), kind)
    for channel in (through_c, through_heredoc, through_file):
        channel(instance, secrets, places(secrets, saved))
    wrong = subprocess.run(shell_words(instance), input=f"loadconfig - --passphrase\n{secrets.passphrase()}\n{saved[1]}.\n",
                           capture_output=True, text=True, timeout=60)
    equal((wrong.returncode, secrets.found_in(wrong.stdout + wrong.stderr)), (2, []), "a wrong passphrase")
    kept = subprocess.run(shell_words(instance), input=f"certconfig import KEPT -\n{secrets.certificate()}.\ncommit\n"
                          "showconfig json\ncertconfig print\nshowchanges diff 1 2\n", capture_output=True, text=True, timeout=60)
    equal((kept.returncode, secrets.found_in(kept.stdout + kept.stderr)), (0, []), "a key that is committed and shown")
    look_everywhere(instance, secrets)


# ---- core dumps ----


def allow_core_dumps():
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def dies_with_a_core(words, folder):
    """Whether the kernel writes the memory of this program to a file (or a program) when it is aborted."""
    environment = {**os.environ, "ASAN_OPTIONS": "disable_coredump=0:detect_leaks=0"}
    process = subprocess.Popen(words, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment,
                               preexec_fn=allow_core_dumps)
    if words[0] != "sleep":
        process.stdin.write(b"version\n")
        process.stdin.flush()
        process.stdout.readline()  # it is at work
    os.kill(process.pid, signal.SIGABRT)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdin.close()
    process.stdout.close()
    return os.WCOREDUMP(status)


@test
def no_process_leaves_its_memory_behind_when_it_dies(world):
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    if hard != resource.RLIM_INFINITY and os.geteuid() != 0:
        raise Skip("core dumps are limited here")
    if not dies_with_a_core(["sleep", "60"], world.folder):
        raise Skip("this machine writes no core dumps")
    for core in world.folder.glob("core*"):
        core.unlink()
    before = resource.getrlimit(resource.RLIMIT_CORE)
    allow_core_dumps()
    try:
        instance = world.instance(environment={"ASAN_OPTIONS": "disable_coredump=0:detect_leaks=0"})
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)
    true(not dies_with_a_core(shell_words(instance), world.folder), "the shell leaves a core dump")
    family = instance.family()[1:]
    true(len(family) > 5, "roles, the zygote of scan and its workers")
    for pid in family:
        equal(Path(f"/proc/{pid}/limits").read_text().split("Max core file size")[1].split()[:2], ["0", "0"], "the limit")
        processes.send_signal(pid, signal.SIGABRT)
    for pid in family:
        wait_until(lambda pid=pid: processes.is_gone(pid), f"{pid} to die")
    equal([str(path) for path in world.folder.rglob("core*") if path.is_file()], [], "core dumps")


@test
def the_memory_of_a_process_is_nobodys_but_roots(world):
    """A process that may be dumped, or traced, belongs to its user in /proc; one that may not belongs to root."""
    if os.geteuid() != 0:
        raise Skip("needs root")
    world.folder.chmod(0o777)
    state = world.folder / "instance"
    words = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", program("mailwardd"), "--private", str(state), "--foreground"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/") as daemon:
        try:
            while (line := daemon.stdout.readline()) and line.strip() != "ready":
                pass
            shell = subprocess.Popen(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", program("mailward"),
                                      "--private", str(state)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/")
            with shell:
                shell.stdin.write(b"whoami\n")
                shell.stdin.flush()
                equal(shell.stdout.readline(), b"Username: nobody\n", "the account")
                family = [shell.pid, *processes.family_of(daemon.pid)]
                true(len(family) > 6, f"all processes: {family}")
                for pid in family:
                    equal(os.stat(f"/proc/{pid}/mem").st_uid, 0, f"owner of the memory of {processes.name_of(pid)}")
                shell.stdin.close()
        finally:
            daemon.terminate()


main()
