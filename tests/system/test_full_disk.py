#!/usr/bin/env python3
"""A disk that fills up: senders get 452, queries still work, and mail is taken again once there is room."""

import contextlib
import errno
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.build import wait_until
from harness.mail import make_mail
from harness.sender import ConnectionLost, Session
from harness.tap import Skip, equal, main, test, true

MIB = 1 << 20
SMALL = {"spool.segment-bytes": 4 * MIB, "spool.reserve-bytes": 16 * MIB, "spool.ballast-bytes": 2 * MIB}


@contextlib.contextmanager
def small_disk(folder):
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=96M,mode=0700", "mailward-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        raise Skip("needs root to mount a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(disk, leave):
    """Takes up the disk until no more than `leave` bytes are free; the gateway may take some at the same time."""
    filler = disk / "filler"
    with open(filler, "ab") as file:
        most = 1 << 40
        while most > 0 and (free := os.statvfs(disk).f_bavail * 4096) > leave:
            size = min(most, free - leave)
            try:
                os.posix_fallocate(file.fileno(), file.tell(), size)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                most = size // 2
            file.seek(0, os.SEEK_END)
    return filler


def try_message(instance, serial):
    """The code that a message gets, whichever command gets it."""
    try:
        with Session(instance.address) as session:
            return session.mail("anna@example.org", ["ben@example.com"], make_mail(serial)).code
    except ConnectionLost:
        return 0


def full_and_free_again(world, leave):
    disk = world.enter_context(small_disk(world.folder / "disk"))
    instance = world.instance(folder=disk, settings=SMALL)
    equal(try_message(instance, 1), 250, "a message while there is room")
    instance.wait_idle()
    roles = instance.family()
    filler = fill(disk, leave)
    wait_until(lambda: try_message(instance, 2) == 452, "452")
    equal(instance.shell("status").returncode, 0, "exit status of a query on a full disk")
    equal(instance.shell("grep MID mail_logs").returncode, 0, "exit status of a search on a full disk")
    filler.unlink()
    wait_until(lambda: try_message(instance, 3) == 250, "mail to be taken again")
    wait_until(lambda: instance.log.find("mail is taken"), "the line that says so")
    equal(instance.family(), roles, "processes: none was restarted")
    return instance


@test
def below_the_reserve_senders_get_452_until_there_is_room(world):
    instance = full_and_free_again(world, leave=8 * MIB)
    instance.log.wait_for("senders get 452")


@test
def a_disk_without_a_free_byte_stops_nothing_but_new_mail(world):
    full_and_free_again(world, leave=0)


@test
def the_alert_of_a_full_disk_is_sent_when_there_is_room(world):
    disk = world.enter_context(small_disk(world.folder / "disk"))
    sink = world.sink(keep_data=True)
    instance = world.instance(folder=disk, settings=SMALL, route=sink.address)
    equal(instance.shell("alertconfig new ops@example.com --classes=hardware; commit").returncode, 0, "commit")
    filler = fill(disk, leave=0)
    wait_until(lambda: try_message(instance, 1) == 452, "452")
    equal(sink.messages, [], "sent from a full disk")
    filler.unlink()
    wait_until(lambda: any(b"below the reserve of" in message.data for message in sink.messages), "its mail")
    shown = instance.shell("displayalerts").stdout
    true("Hardware/Critical  queue: " in shown and "sent to ops@example.com (MID " in shown, shown)


main()
