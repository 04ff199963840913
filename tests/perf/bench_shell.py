"""What a person or a script waits for at the shell: TAB, and the way through a real ssh.  Part of bench.py."""

import contextlib
import getpass
import json
import statistics
import subprocess
import sys
from pathlib import Path

from bench_config import ROWS, run, timed
from harness.build import program, wait_until
from harness.instance import Instance
from harness.people import Sshd
from harness.tap import Skip
from harness.terminal import Terminal

TIMES = 30


def shell_words(instance):
    return [program("mailward"), "--private", str(instance.folder)]


# ---- TAB ----


def tab_name(number):
    return f"{number:04d}-is-{number:04d}.example.com"


def time_tab(person, typed, wanted):
    """Seconds from the key to what it brings, which nothing before it has shown."""
    person.type(f"smtproutes delete {typed}")
    person.wait(typed)
    seconds = timed(lambda: (person.type("\t"), person.wait(wanted)))
    person.type("\x03")
    return seconds


def tab_times(instance):
    """Median seconds among 10,000 rows: (a word completed, ten names shown)."""
    with Terminal(shell_words(instance), "xterm", 50, 200) as person:
        clear = [time_tab(person, f"{number:04d}", f"-is-{number:04d}") for number in range(TIMES)]
        shown = [time_tab(person, f"{tens}", tab_name(10 * tens + 9)) for tens in range(500, 500 + TIMES)]
    return statistics.median(clear), statistics.median(shown)


# ---- ssh ----


def distinct_routes(count):
    return {f"ssh{n}.example.com": f"192.0.2.{n % 250 + 1}:{n % 1000 + 25}" for n in range(count)}


def check_routes(instance, wanted):
    """What showconfig says is exactly what was typed."""
    said = subprocess.run([*shell_words(instance), "-c", "showconfig json"], check=True, capture_output=True).stdout
    rows = json.loads(said)["tables"]["smtproutes"]
    if {row["domain"]: row["destination"] for row in rows} != wanted:
        sys.exit("the rows that came through ssh are not those that were typed")


def heredoc_times(instance, ssh):
    """Seconds of a heredoc of 1,000 and of 10,000 distinct rows with its commit, from ssh's start to its end."""
    times = {}
    for count in (ROWS // 10, ROWS):
        wanted = distinct_routes(count)
        lines = "".join(f"smtproutes new {name} {to}\n" for name, to in wanted.items())
        times[count] = timed(lambda lines=lines: run(ssh, lines + 'commit "bench"\n'))
        check_routes(instance, wanted)
        run(shell_words(instance), "smtproutes clear\ncommit\n")
    return times


@contextlib.contextmanager
def shared_connection(sshd, folder, first):
    """The words of ssh over a connection that is there already; first is what is run to see that."""
    user, path = getpass.getuser(), str(folder / "shared")
    command = sshd.command(user)
    words = [*command[:-1], "-S", path, command[-1]]
    with subprocess.Popen([*command[:-1], "-M", "-S", path, "-N", command[-1]], stdin=subprocess.DEVNULL) as master:
        try:
            wait_until(lambda: Path(path).exists(), "the shared connection")
            run([*words, first])
            yield words
        finally:
            master.terminate()


def multiplexed_times(plain, ours):
    """Median seconds of `ssh host true` and of `ssh host version`, taken in turn."""
    pairs = [(timed(lambda: run([*plain, "true"])), timed(lambda: run([*ours, "version"]))) for _ in range(TIMES)]
    return [statistics.median(column) for column in zip(*pairs)]


def bench_ssh(instance, folder, print_row):
    (folder / "plain").mkdir()
    (folder / "ours").mkdir()
    # What the account's shell reads at its start is no part of us.
    bare = "SetEnv HOME=/nonexistent\n"
    force = f"{bare}ForceCommand {' '.join(shell_words(instance))}\n"
    try:
        with Sshd(folder / "plain", bare) as plain, Sshd(folder / "ours", force) as ours:
            times = heredoc_times(instance, ours.command(getpass.getuser()))
            with shared_connection(plain, folder / "plain", "true") as one, shared_connection(ours, folder / "ours", "version") as other:
                true, version = multiplexed_times(one, other)
    except (Skip, PermissionError) as why:
        print_row("ssh", "skipped", str(why))
        return
    growth = times[ROWS] / times[ROWS // 10]
    print_row("ssh, heredoc of 10,000 rows and commit", f"{times[ROWS] * 1000:.0f} ms", f"{growth:.1f} x 1,000 rows; aim 1500 ms, 11 x")
    print_row("ssh, shared connection: version - true", f"{(version - true) * 1000:.1f} ms", f"true {true * 1000:.1f} ms; aim 5 ms")


def bench_shell(folder, print_row):
    instance = Instance(folder / "shell").start()
    try:
        rows = "".join(f"smtproutes new {tab_name(number)} 192.0.2.1:25\n" for number in range(ROWS))
        run(shell_words(instance), rows + "commit\n")
        clear, shown = tab_times(instance)
        print_row("TAB among 10,000 rows, a word completed", f"{clear * 1000:.1f} ms", "aim 50 ms")
        print_row("TAB among 10,000 rows, names shown", f"{shown * 1000:.1f} ms", "aim 50 ms")
        run(shell_words(instance), "smtproutes clear\ncommit\n")
        bench_ssh(instance, folder, print_row)
    finally:
        instance.power_off()
