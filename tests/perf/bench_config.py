"""What a change of the configuration costs: edits, commits, the start of the shell.  Part of bench.py.

A peer's figure of the same run stands beside ours where there is one: BIRD takes 10,000 routes by `configure`.
"""

import contextlib
import statistics
import subprocess
import time

import bird
from harness.api import Api, edit
from harness.build import program
from harness.instance import Instance

ROWS = 10_000
STARTS = 50


def timed(call):
    begin = time.monotonic()
    call()
    return time.monotonic() - begin


def run(line, text=None):
    subprocess.run(line, input=text, check=True, stdout=subprocess.DEVNULL, text=True)


def route_lines(count, prefix):
    return "".join(f"smtproutes new {prefix}{n}.example.com 192.0.2.1:25\n" for n in range(count))


def start_times(line):
    run(line)
    return statistics.median(timed(lambda: run(line)) for _ in range(STARTS))


def measure_batches(instance):
    """Seconds of a heredoc of 1,000 and of 10,000 lines, each with its commit, on tables of the same size."""
    shell = [program("mailward"), "--private", str(instance.folder)]
    times = {}
    for count in (ROWS // 10, ROWS):
        times[count] = timed(lambda: run(shell, route_lines(count, "batch") + "commit batch\n"))
        run(shell, "smtproutes clear\ncommit clear\n")
    return times


def measure_commits(instance):
    """(seconds of the commit of 10,000 new rows, median seconds of the commit of one more row)."""
    with contextlib.closing(Api(instance.folder)) as api:
        for first in range(0, ROWS, 1000):
            api.edit(*(edit("smtproutes", "new", f"row{first + n}.example.com", destination="192.0.2.1") for n in range(1000)))
        many = timed(api.commit)
        ones = []
        for number in range(20):
            api.edit(edit("smtproutes", "new", f"one{number}.example.com", destination="192.0.2.1"))
            ones.append(timed(api.commit))
    return many, statistics.median(ones)


def measure_bird(folder):
    """(seconds of a start of birdc, seconds of `configure` with 10,000 routes)."""
    folder.mkdir()
    with bird.Bird(folder) as peer:
        start = start_times(peer.command("show", "status"))
        peer.write(ROWS)
        return start, timed(lambda: run(peer.command("configure")))


def bench_configuration(folder, options, print_row):
    rows = {name: [] for name in ("start", "1,000 lines", "10,000 lines", "many", "one", "birdc", "configure")}
    for number in range(options.runs):
        instance = Instance(folder / f"config-{number}").start()
        try:
            rows["start"].append(start_times([program("mailward"), "--private", str(instance.folder), "-c", "version"]))
            batches = measure_batches(instance)
            rows["1,000 lines"].append(batches[ROWS // 10])
            rows["10,000 lines"].append(batches[ROWS])
            many, one = measure_commits(instance)
            rows["many"].append(many)
            rows["one"].append(one)
        finally:
            instance.power_off()
        if bird.installed():
            start, configure = measure_bird(folder / f"bird-{number}")
            rows["birdc"].append(start)
            rows["configure"].append(configure)
    figures = {name: statistics.median(values) * 1000 for name, values in rows.items() if values}

    def against(peer, ours):
        return f"BIRD {figures[peer]:.1f} ms, ratio {figures[ours] / figures[peer]:.1f}" if peer in figures else ""

    print_row("shell: start, one round trip, end", f"{figures['start']:.1f} ms", against("birdc", "start"))
    print_row("batch of 1,000 lines and commit", f"{figures['1,000 lines']:.0f} ms")
    rate = ROWS / figures["10,000 lines"] * 1000
    growth = figures["10,000 lines"] / figures["1,000 lines"]
    print_row("batch of 10,000 lines and commit", f"{figures['10,000 lines']:.0f} ms", f"{rate:.0f} lines/s, {growth:.1f} x 1,000 lines")
    print_row("commit of 10,000 new rows, applied", f"{figures['many']:.0f} ms", against("configure", "many"))
    print_row("commit of one row more", f"{figures['one']:.1f} ms")
