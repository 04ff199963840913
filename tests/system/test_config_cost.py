#!/usr/bin/env python3
"""What a change costs does not grow with the configuration: bytes and system calls, counted by the kernel."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.api import edit
from harness.build import program
from harness.processes import io_counts
from harness.tap import Skip, equal, main, test, true

COUNTS = ("wchar", "syscw")  # what control writes to its store; the kernel does not count sockets here


def routes(count, prefix):
    return {f"{prefix}{n}.example.com": f"192.0.2.{n % 250 + 1}:{n % 1000 + 25}" for n in range(count)}


def add(api, rows):
    names = list(rows)
    for first in range(0, len(names), 1000):
        api.edit(*(edit("smtproutes", "new", name, destination=rows[name]) for name in names[first : first + 1000]))


def counted(pid):
    """What control has written so far; other processes than root's may not look (engine/base/dumps.h)."""
    try:
        return io_counts(pid)
    except PermissionError as error:
        raise Skip("needs root") from error


def cost_of_one_row(instance, number):
    """What control writes for an edit and its commit: {count: value}."""
    pid = instance.role_pid("control")
    with instance.api() as api:
        api.must("hello", terminal=False, program="test", **{"from": ""})
        before = counted(pid)
        add(api, routes(1, f"one-more-{number}-"))
        api.commit()
        after = counted(pid)
    return {count: after[count] - before[count] for count in COUNTS}


def least(costs):
    """Control writes by itself now and then: the least of several commits is what the commit costs."""
    return {key: min(cost[key] for cost in costs) for key in costs[0]}


def run_lines(instance, lines, before=()):
    """Runs the shell on these lines, under the command `before`; returns (what control wrote, output)."""
    pid = instance.role_pid("control")
    start = counted(pid)
    done = subprocess.run([*before, program("mailward"), "--private", str(instance.folder)],
                          input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=300)
    end = counted(pid)
    equal(done.returncode, 0, f"status ({done.stdout[-300:]}{done.stderr[-300:]})")
    return {count: end[count] - start[count] for count in COUNTS}, done.stdout


def route_lines(size):
    return [*(f"smtproutes new {name} {to}" for name, to in routes(size, "line-").items()), 'commit "all"']


@test
def one_row_more_costs_the_same_on_ten_thousand_rows_as_on_one_thousand(world):
    instance = world.instance()
    costs = {}
    for size in (1000, 10000):
        with instance.api() as api:
            add(api, routes(size, f"table-{size}-"))
            api.commit()
        costs[size] = least([cost_of_one_row(instance, f"{size}-{n}") for n in range(5)])
    # A level tree names every chunk: some bytes for each 256 rows are added, never the rows themselves.
    true(costs[10000]["wchar"] <= costs[1000]["wchar"] + 16384, f"bytes written: {costs}")
    true(costs[10000]["syscw"] <= costs[1000]["syscw"] + 8, f"writes: {costs}")
    true(costs[10000]["wchar"] < 200_000, f"bytes written: {costs}")


@test
def ten_times_the_lines_write_at_most_eleven_times_as_much(world):
    costs = {}
    for size in (1000, 10000):
        costs[size], output = run_lines(world.instance(f"gateway-{size}"), route_lines(size))
        true(output.startswith("Changes committed: ") and output.count("\n") == 1, f"the output is {output!r}")
    for count in COUNTS:
        true(costs[10000][count] <= 11 * costs[1000][count], f"{count}: {costs}")


@test
def ten_times_the_lines_take_at_most_eleven_times_the_system_calls_of_the_shell(world):
    if not shutil.which("strace"):
        raise Skip("strace is not installed")
    calls = {}
    for size in (1000, 10000):
        instance = world.instance(f"gateway-{size}")
        trace = instance.folder / "trace"
        # The leak checker cannot work in a traced process.
        tracer = ("env", "ASAN_OPTIONS=detect_leaks=0", "strace", "-f", "-qq", "-o", str(trace))
        run_lines(instance, route_lines(size), before=tracer)
        calls[size] = len(trace.read_text().splitlines())
    true(calls[10000] <= 11 * calls[1000], f"system calls: {calls}")


@test
def the_configuration_shown_is_exactly_what_was_put_in(world):
    instance = world.instance()
    wanted = routes(10000, "exact-")
    lines = [f"smtproutes new {name} {to}" for name, to in wanted.items()]
    run_lines(instance, [*lines, "commit"])
    _, output = run_lines(instance, ["showconfig json"])
    shown = {row["domain"]: row["destination"] for row in json.loads(output)["tables"]["smtproutes"]}
    equal(shown, wanted, "routes")


if __name__ == "__main__":
    main()
