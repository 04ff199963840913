"""Tests are functions whose names are sentences; their results are printed as TAP.

    @test
    def a_message_goes_through(world):
        ...

    main()

@proves("S2-155 S2-156"), below @test, names the rows of tests/requirements.tsv that a test is the proof of.

Each test gets a World: a folder of its own and whatever it opens through it, closed when it ends.
"""

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import traceback
from pathlib import Path

from .dns import Dns
from .instance import Instance
from .sink import Sink

# Seconds that one test may take, and then its end: far more than any needs, and less than its script may.
LIMIT = int(os.environ.get("MAILWARD_TEST_LIMIT", 400))
LIMIT_AT_END = 60

_tests = []


class Hangs(BaseException):
    """The test waits for what does not come.  No Exception, as a test may take those for an answer."""


class Skip(Exception):
    """This test cannot run here; the text says why."""


def test(function):
    _tests.append(function)
    return function


def proves(rows):
    def mark(function):
        function.rows = rows.split()
        return function

    return mark


def equal(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, wanted {wanted!r}")


def true(fact, what):
    if not fact:
        raise AssertionError(what)


def need(program):
    """Skips the test where an optional program is not installed."""
    if not shutil.which(program):
        raise Skip(f"{program} is not installed")


class World(contextlib.ExitStack):
    """The folder of one test, and all that must end with it."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="mailward-test-"))
        self.instances = []

    def instance(self, name="gateway", folder=None, **options):
        """A running private instance; it is killed, not asked, when the test ends."""
        instance = Instance((folder or self.folder) / name, **options)
        self.instances.append(instance)
        self.callback(instance.power_off)
        return instance.start()

    def sink(self, **options):
        sink = Sink(**options)
        self.callback(sink.close)
        return sink

    def dns(self, **options):
        dns = Dns(**options)
        self.callback(dns.close)
        return dns

    def logs(self):
        """For a failed test: the end of what each instance has said."""
        for instance in self.instances:
            yield f"{instance.folder}:"
            yield from instance.log.lines()[-25:]
            yield from instance.stderr().splitlines()[-40:]


def _comment(lines):
    for line in lines:
        print(f"# {line}")


def _title(function):
    return function.__name__.replace("_", " ")


def _stop_waiting(*_):
    """Whatever the test waits in, a read or a lock or a child: the traceback names it."""
    signal.alarm(LIMIT_AT_END)
    raise Hangs(f"not done after {LIMIT} s; the last line above this waits")


def _run(number, function):
    name = _title(function)
    world = World()
    signal.alarm(LIMIT)
    try:
        with world:
            function(world)
    except Skip as reason:
        print(f"ok {number} - {name} # SKIP {reason}", flush=True)
    except (Exception, Hangs):
        print(f"not ok {number} - {name}")
        _comment(traceback.format_exc().splitlines())
        _comment(world.logs())
        print(f"# kept: {world.folder}", flush=True)
        return False
    else:
        print(f"ok {number} - {name}", flush=True)
    finally:
        signal.alarm(0)
    shutil.rmtree(world.folder, ignore_errors=True)
    return True


def main():
    """Runs the tests whose names contain all words of the command line; with --proofs, those that prove a requirement,
    which --list-proofs lists with their rows."""
    arguments = sys.argv[1:]
    if arguments in (["--proofs"], ["--list-proofs"]):
        chosen = [one for one in _tests if hasattr(one, "rows")]
    else:
        words = " ".join(arguments).split()
        chosen = [one for one in _tests if all(word in _title(one) for word in words)]
    if arguments == ["--list-proofs"]:
        for one in chosen:
            print(_title(one), *one.rows, sep="\t")
        return
    signal.signal(signal.SIGALRM, _stop_waiting)
    print(f"1..{len(chosen)}", flush=True)
    if not chosen:
        print(f"no test has these words in its name: {' '.join(arguments)}", file=sys.stderr)
    passed = [_run(number, function) for number, function in enumerate(chosen, 1)]
    sys.exit(0 if passed and all(passed) else 1)
