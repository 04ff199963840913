#!/usr/bin/env python3
"""Hostile messages cost little time and memory, get a verdict, and do not hide the text that comes first."""

import contextlib
import json
import re
import resource
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import hostile
from harness import processes
from harness.api import edit
from harness.build import program, sanitized, wait_until
from harness.mail import make_mail
from harness.sender import Session, send_one
from harness.spamd import ask
from harness.tap import equal, main, test, true
from harness.update_server import UpdateServer

MIB = 1 << 20
SECONDS = 0.25 * (12 if sanitized() else 1)
EXTRA_BYTES = 32 * MIB
# What the marker adds to the log odds that the text gives: 1.0 at least.  Unseen it adds nothing.
MARKER_LOG_ODDS = 0.7
LINES = {"smtp.max-line-bytes": 100 * MIB}


def scan(path):
    """The offline scanner's verdict on one file, its CPU seconds and the most memory it had.

    A process begins with the peak memory of the one that started it, so a small shell stands between.
    """
    line = [program("mailward-scan"), "--json", "--stats", "--no-size-limits", str(path)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run(["sh", "-c", '"$@"; exit $?', "sh", *line], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    kibibytes = re.search(r"(\d+) KiB at most", run.stderr).group(1)
    return json.loads(run.stdout), cpu, int(kibibytes) * 1024


def written(world, name, data):
    path = world.folder / f"{name}.eml"
    path.write_bytes(data)
    return path


def workers(instance):
    """The processes below the scan supervisor."""
    return processes.family_of(instance.role_pid("scan"))[1:]


def text_log_odds(verdict):
    return next((one["log_odds"] for one in verdict["reasons"] if one["name"] == "text"), 0)


def logged_text_log_odds(instance, message):
    """Sends the message and waits for the line that tells the reasons of its verdict."""
    mid = send_one(instance.address, message)
    line = wait_until(
        lambda: next((one for one in instance.log.of_message(mid) if f"MID {mid} score " in one), None), "a verdict"
    )
    found = re.search(r" text=([+-][\d.]+)", line)
    return float(found.group(1)) if found else 0


def check_marker(with_marker, without):
    true(with_marker >= without + MARKER_LOG_ODDS, f"the marker was not seen: the text gives {with_marker}, {without}")


def check_offline(world, name):
    _, base_cpu, base_memory = scan(written(world, "plain", make_mail(1)))
    verdict, cpu, memory = scan(written(world, name, hostile.make(name)))
    extra = memory - base_memory
    print(f"# {name}: {cpu - base_cpu:.3f} s, {extra / MIB:.1f} MiB more, the message included, {verdict['score']}")
    true(cpu - base_cpu <= SECONDS, f"{cpu - base_cpu:.3f} s of CPU")
    true(sanitized() or extra <= EXTRA_BYTES, f"{extra / MIB:.1f} MiB more, the message included")
    harmless, _, _ = scan(written(world, "harmless", hostile.make(name, marker="")))
    check_marker(text_log_odds(verdict), text_log_odds(harmless))


def warm_instance(world, **settings):
    """A gateway that has scanned a message, and scans all of any size."""
    instance = world.instance(settings={**LINES, **settings})
    instance.configure(edit("antispam", always_scan_size="100M", never_scan_size="100M"))
    send_one(instance.address, make_mail(1))
    instance.wait_idle()
    return instance


@contextlib.contextmanager
def bounded(instance, name):
    """What is done meanwhile kills no worker and costs the workers no more than a hostile message may."""
    before = {pid: (processes.cpu_seconds(pid), processes.peak_bytes(pid)) for pid in workers(instance)}
    yield
    equal(set(workers(instance)), set(before), "workers")
    cpu = sum(processes.cpu_seconds(pid) - used for pid, (used, _) in before.items())
    extra = max(processes.peak_bytes(pid) - peak for pid, (_, peak) in before.items())
    print(f"# {name}: {cpu:.3f} s, {extra / MIB:.1f} MiB more, the message included")
    true(cpu <= SECONDS, f"{cpu:.3f} s of CPU")
    true(sanitized() or extra <= EXTRA_BYTES, f"{extra / MIB:.1f} MiB more, the message included")


def check_nothing_escaped(world):
    """No archive has written a file anywhere."""
    places = (Path("/tmp"), Path("/"), *world.folder.parents)
    escaped = [*world.folder.rglob(hostile.ESCAPED), *(one / hostile.ESCAPED for one in places)]
    equal([str(path) for path in escaped if path.exists()], [], "files that an archive wrote")


def check_worker(world, name):
    instance = warm_instance(world)
    with bounded(instance, name):
        with_marker = logged_text_log_odds(instance, hostile.make(name))
    check_marker(with_marker, logged_text_log_odds(instance, hostile.make(name, marker="")))
    check_nothing_escaped(world)


def define(check, title, left_out=()):
    """One test for each hostile message."""
    for name in sorted(hostile.MESSAGES.keys() - left_out):

        def one(world, name=name):
            check(world, name)

        one.__name__ = f"{name}_{title}"
        test(one)


@test
def what_is_hardly_a_message_gets_a_score_too(world):
    for name, data in hostile.FRAGMENTS.items():
        verdict, cpu, _ = scan(written(world, name, data))
        print(f"# {name}: {cpu:.3f} s, {verdict['score']}")
        true(0 <= verdict["score"] <= 100 and cpu <= SECONDS, f"{name}: {verdict}")


@test
def what_is_hardly_a_message_is_judged_by_a_worker_and_delivered(world):
    instance = warm_instance(world)
    for name, data in hostile.FRAGMENTS.items():
        with bounded(instance, name):
            mid = send_one(instance.address, data)
            instance.wait_idle()
        instance.log.wait_for(f"MID {mid} score ")
        true(any(f".M{mid}R" in one for one in instance.maildir()), f"{name} did not arrive")


@test
def mail_with_too_many_hops_is_refused_and_judged_by_a_worker_for_who_asks(world):
    instance = warm_instance(world)
    instance.configure(edit("spamd", enabled="on", tcp="127.0.0.1:0"))
    message = hostile.make("many_received")
    with Session(instance.address) as session:
        equal(session.mail("anna@example.org", ["ben@example.com"], message).code // 100, 5, "the answer by SMTP")
    with bounded(instance, "many_received"):
        reply = ask(instance.spamd_socket, "CHECK", message)
    equal(reply.code, 0, f"the answer by the spamd protocol: {reply}")


BOMB = "rule bomb\n    scope body\n    match /(a+)+$/\n    about A bomb\n"


@test
def an_expression_that_explodes_is_ended_and_named(world):
    server = UpdateServer(world.folder)
    world.callback(server.close)
    server.offer("antispam-rules", 2, {"a.rules": BOMB})
    instance = warm_instance(world, **{"trust.folder": str(server.keys), "scan.workers": 1})
    (instance.folder / "configuration" / "ca.pem").write_text(server.certificate)
    setup = f"updateconfig setup --server={server.url} --automatic=off; updateconfig ca import ca.pem; commit; updatenow"
    equal(instance.shell(setup).returncode, 0, "updateconfig")
    instance.log.wait_for("scan: in use: antispam-rules 2,")
    wait_until(lambda: len(workers(instance)) == 2, "the old workers to end")
    send_one(instance.address, make_mail(2))
    instance.wait_idle()
    with bounded(instance, "a bomb of letters"):
        mid = send_one(instance.address, hostile.make("one_letter"))
        instance.wait_idle()
    (line,) = instance.log.find(f"MID {mid} score ")
    true("(partial) (rule bomb met its limit)" in line, line)


define(check_offline, "are_judged_offline_within_bounds")
# No listener takes a message with so many hops.
define(check_worker, "are_judged_by_a_worker_within_bounds", {"many_received"})
main()
