#!/usr/bin/env python3
"""Power cuts at random moments of an update: afterwards the old rules judge or the new ones, whole, and what the log called
installed is there.

    update_powercut.py [--cuts N] [--seed N] [--without-sync]

With --without-sync every sync is a lie, and the test passes only if it sees an installed update lost.
"""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import disk
from harness import processes
from harness.build import wait_until
from harness.instance import Instance
from harness.logs import Log
from harness.mail import make_mail
from harness.sender import send_one
from harness.update_server import UpdateServer, rules_that_hit
from shim import FailSync

IMAGE_MEGABYTES = 256
COMPONENT = "antispam-rules"
OLD, NEW = 2, 3  # version 1 is shipped
WORDS = {OLD: "quixotically", NEW: "perspicaciously"}  # the spam of each
LATEST = 0.3  # seconds after the question for an update: most are done by then
SETTINGS = {"spool.segment-bytes": 8 << 20, "spool.reserve-bytes": 16 << 20, "spool.ballast-bytes": 1 << 20}


def gateway(folder, server):
    return Instance(folder / "gateway", settings={**SETTINGS, "trust.folder": str(server.keys)})


def installed(instance, version):
    """Whether the log has said so; it is read in the page cache, as a person at the console would."""
    return bool(Log(instance.folder, "updater_logs").find(f"case update completed: {COMPONENT} version {version}"))


def make_first_image(image, server):
    """A gateway that has had OLD from the server, and was stopped."""
    disk.make_image(image, IMAGE_MEGABYTES)
    server.offer(COMPONENT, OLD, {"a.rules": rules_that_hit(WORDS[OLD])})
    with disk.mounted(image) as folder:
        instance = gateway(folder, server).start()
        try:
            (instance.folder / "configuration" / "ca.pem").write_text(server.certificate)
            setup = f"updateconfig setup --server={server.url} --automatic=off; updateconfig ca import ca.pem; commit; updatenow"
            done = instance.shell(setup)
            assert done.returncode == 0, done.stderr
            wait_until(lambda: installed(instance, OLD), "the first update")
            instance.stop()
        finally:
            instance.power_off()


def update_until_cut(image, copy, server, rng, lie):
    """Cuts the power in an update to NEW; returns whether the log called it installed before."""
    with disk.mounted(image) as folder:
        instance = gateway(folder, server)
        if lie:
            shim = FailSync(image.with_suffix(".control"))
            instance.environment = shim.environment()
        instance.start()
        try:
            control = instance.role_pid("control")
            if lie:
                shim.lie()
            with instance.api() as api:
                api.call("update.start", engine="all")
            if lie:
                wait_until(lambda: installed(instance, NEW), "the update")
            else:
                time.sleep(rng.uniform(0, LATEST))  # the random moment
            processes.freeze([control])  # the one that writes; to find the others takes longer than an update
            processes.freeze(instance.family())
            done = installed(instance, NEW)
            disk.snapshot(image, copy)
            return done
        finally:
            instance.power_off()


def is_spam(instance, serial, word):
    mid = send_one(instance.address, make_mail(serial, body=f"The others agreed, {word}.\r\n".encode()))
    line = wait_until(
        lambda: next((one for one in instance.log.of_message(mid) if "using engine: CASE" in one), None), "a verdict"
    )
    return "spam positive" in line


def found_after(image, server):
    """The version that is shown and judged with, or what is wrong."""
    with disk.mounted(image) as folder:
        instance = gateway(folder, server).start()
        try:
            shown = json.loads(instance.shell("antispamstatus", "--json").stdout.splitlines()[0])["result"]
            rules = next(one for one in shown["components"] if one.get("package") == COMPONENT)
            judging = [version for version, word in WORDS.items() if is_spam(instance, version, word)]
            if judging != [rules["version"]] or shown.get("trouble"):
                return f"version {rules['version']} is shown, {judging} judge, trouble: {shown.get('trouble')}"
            return rules["version"]
        finally:
            instance.power_off()


def is_kept(found, done):
    return found == NEW or (found == OLD and not done)


def judge_cuts(folder, rng, cuts, lie):
    good = []
    server = UpdateServer(folder)
    first, image, copy = (folder / one for one in ("first", "image", "copy"))
    make_first_image(first, server)
    server.offer(COMPONENT, NEW, {"a.rules": rules_that_hit(WORDS[NEW])})
    for number in range(1, cuts + 1):
        disk.snapshot(first, image)
        done = update_until_cut(image, copy, server, rng, lie)
        found = found_after(copy, server)
        good.append(is_kept(found, done))
        print(f"# cut {number}: {'said' if done else 'not said'} to be installed, found {found}", flush=True)
    server.close()
    return not any(good) if lie else all(good)


if __name__ == "__main__":
    disk.run_judge("a power cut in an update leaves the old rules or the new",
                   "the judge sees that an update is lost when syncs are lies", judge_cuts)  # fmt: skip
