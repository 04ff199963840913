"""Where the programs under test are, and how patient to be with them."""

import contextlib
import functools
import os
import socket
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
SAMPLES = TESTS / "samples"


def build_folder():
    """The build tree: $MAILWARD_BUILD, else the current folder."""
    return Path(os.environ.get("MAILWARD_BUILD", ".")).resolve()


def program(name):
    path = build_folder() / name
    if not path.exists():
        raise FileNotFoundError(f"{path}: not built (set MAILWARD_BUILD to the build folder)")
    return str(path)


@functools.cache
def sanitized():
    """True for a build with ASan and UBSan: it is slower and larger, so bars on time and memory are wider."""
    config = build_folder() / "config.h"
    return config.exists() and "#define WITH_SANITIZERS 1" in config.read_text()


def patience(seconds):
    """How long to wait for what takes at most so many seconds where nothing slows it down."""
    return seconds * (3 if sanitized() else 1)


def wait_until(condition, what, seconds=20, pause=0.01):
    """Asks every `pause` seconds until condition() is true; returns its value, or fails at the deadline."""
    seconds = patience(seconds)
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(pause)


def close_listener(listener):
    """For a socket at which another thread waits.  Closed alone, that thread would go on waiting, and take a connection
    from a later socket that has the same descriptor."""
    with contextlib.suppress(OSError):  # one for datagrams says so, and wakes it all the same
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()
