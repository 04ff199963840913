"""A small ext4 file system whose power can be cut: its image lies in memory, and a copy of the image is the disk
as it would be found afterwards.

What the program wrote but did not sync is in the page cache of the mounted file system, not in the image.
"""

import argparse
import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")


def usable():
    """None, or why loop devices cannot be used here."""
    if os.geteuid() != 0:
        return "needs root for loop mounts"
    if not Path("/dev/loop-control").exists():
        return "needs loop devices"
    if not shutil.which("mkfs.ext4"):
        return "needs mkfs.ext4"
    return None


def make_image(path, megabytes):
    with open(path, "wb") as file:
        file.truncate(megabytes << 20)
    # lazy_*_init=0: no kernel thread keeps writing to the image behind the test's back
    options = "lazy_itable_init=0,lazy_journal_init=0"
    subprocess.run(["mkfs.ext4", "-q", "-F", "-E", options, str(path)], check=True)


def same_content(one, other):
    return subprocess.run(["cmp", "-s", str(one), str(other)]).returncode == 0


def snapshot(image, copy):
    """Copies the image as it is at one moment: again, if the kernel wrote to it meanwhile."""
    for _ in range(10):
        subprocess.run(["cp", "--sparse=always", str(image), str(copy)], check=True)
        if same_content(image, copy):
            return
    raise AssertionError("the image does not hold still")


@contextlib.contextmanager
def mounted(image):
    """Mounts the image and yields the folder; recovery from the journal happens here."""
    folder = Path(tempfile.mkdtemp(prefix="mailward-disk-"))
    subprocess.run(["mount", "-o", "loop", str(image), str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


@contextlib.contextmanager
def workspace():
    """A folder in memory for images."""
    with tempfile.TemporaryDirectory(prefix="mailward-images-", dir=MEMORY) as folder:
        yield Path(folder)


def run_judge(kept, lost, judge):
    """The program of a judge of power cuts, one test named `kept`, or `lost` when every sync is a lie.  judge(folder for
    images, rng, how many cuts, whether syncs lie) says whether it passed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cuts", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--without-sync", action="store_true")
    options = parser.parse_args()
    name = lost if options.without_sync else kept
    print("1..1")
    if reason := usable():
        print(f"ok 1 - {name} # SKIP {reason}")
        return
    print(f"# seed {options.seed}", flush=True)
    with workspace() as folder:
        good = judge(folder, random.Random(options.seed), options.cuts, options.without_sync)
    print(f"{'ok' if good else 'not ok'} 1 - {name}")
    sys.exit(0 if good else 1)
