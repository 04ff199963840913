"""Processes by way of /proc: who belongs to an instance, what it costs, and how to stop it in mid-step."""

import os
import signal
import time
from pathlib import Path

from .build import wait_until

COMM_MAX = 15  # the kernel cuts the names of processes here


def _stat(pid):
    """(name, state, parent) of a process, or None when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    name, rest = text[text.index("(") + 1 :].rsplit(")", 1)
    fields = rest.split()
    return name, fields[0], int(fields[1])


def name_of(pid):
    entry = _stat(pid)
    return entry[0] if entry else None


def children_of(pid, name=None):
    """Direct children, by name if given; zombies are left out."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        stat = _stat(entry.name)
        if stat and stat[2] == pid and stat[1] != "Z" and (name is None or stat[0] == name[:COMM_MAX]):
            found.append(int(entry.name))
    return found


def family_of(pid):
    """The process and all that descend from it, parents first."""
    found, todo = [], [pid]
    while todo:
        one = todo.pop(0)
        if _stat(one):
            found.append(one)
            todo += children_of(one)
    return found


def wait_for_rest(*pids):
    """Returns when all of them wait for something that does not come: asleep at several looks in a row, no work between."""

    def look():
        facts = [Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split() for pid in pids]
        return [fact[0] for fact in facts], [fact[11:13] for fact in facts]

    def rests():
        looks = []
        for _ in range(5):
            looks.append(look())
            time.sleep(0.02)
        return set(looks[0][0]) == {"S"} and all(one == looks[0] for one in looks)

    wait_until(rests, "processes to come to rest")


def send_signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def freeze(pids):
    """Stops all of them where they are and returns when none runs any more."""
    for pid in pids:
        send_signal(pid, signal.SIGSTOP)
    for pid in pids:
        wait_until(lambda: not is_running(pid), f"process {pid} to stop")


def is_running(pid):
    stat = _stat(pid)
    return stat is not None and stat[1] not in "TtZX"


def is_gone(pid):
    stat = _stat(pid)
    return stat is None or stat[1] in "ZX"


def kill_all(pids):
    for pid in pids:
        send_signal(pid, signal.SIGKILL)
    for pid in pids:
        wait_until(lambda: is_gone(pid), f"process {pid} to die")


def cpu_seconds(pid):
    """CPU time of a living process, to the nanosecond."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def pss_bytes(pid):
    """Memory of a process, shared pages divided by the number of those who share them; 0 for who may not know."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except PermissionError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def peak_bytes(pid):
    """The most memory that a living process ever had."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def io_counts(pid):
    """What a living process has read and written so far: bytes and system calls (proc(5), /proc/PID/io)."""
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    return {name: int(value) for name, value in (line.split(": ") for line in lines)}
