#!/usr/bin/env python3
"""Backup and restore: queue, quarantine and configuration are as before, on the same machine and on another."""

import hashlib
import json
import os
import pwd
import random
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import processes
from harness.accounts import Accounts
from harness.api import edit
from harness.build import SAMPLES, program, wait_until
from harness.mail import make_mail
from harness.sender import Load, send_one
from harness.spamd import ask
from harness.stores import (FAST, backup, check, consistent, database, done, full_gateway, mailwardd, restore,
                            wipe)
from harness.tap import Skip, equal, main, test, true

# What a retry changes while one looks.
PASSING = ("tries", "next_try", "in_hand")


def elsewhere(world, file, *options, name="second"):
    """A second gateway in a folder of its own, with the stores of the backup, and its next hop."""
    folder = world.folder / name
    restore(folder, file, *options)
    consistent(folder)
    sink = world.sink()
    return world.instance(name, route=sink.address, settings=FAST), sink


def answer(instance, command):
    run = instance.shell(command, "--json")
    equal(run.returncode, 0, f"status of {command} ({run.stdout})")
    return json.loads(run.stdout.splitlines()[0])


def facts(instance):
    """What an administrator sees of configuration, queue and quarantine."""
    recipients = answer(instance, "showrecipients all")["result"]["recipients"]
    return {
        "configuration": answer(instance, "showconfig json")["output"],
        "queue": [{name: value for name, value in row.items() if name not in PASSING} for row in recipients],
        "quarantine": answer(instance, "spamquarantine list")["result"]["messages"],
    }


def private_key(folder):
    """The blob of config.db that holds the private key of the instance."""
    rows = database(folder, "config/config.db", "SELECT body FROM blob")
    return [body for (body,) in rows if b"BEGIN PRIVATE KEY" in body]


@test
def a_second_machine_goes_on_with_queue_quarantine_and_configuration(world):
    instance, _, waiting = full_gateway(world)
    file = world.folder / "mx.tar"
    equal(backup(instance.folder, file), "", "output of --backup")
    equal(oct(file.stat().st_mode & 0o777), "0o600", "mode of the file")
    equal([path.name for path in world.folder.glob("mx*")], ["mx.tar"], "files")
    true(not (instance.folder / "queue" / "backup.partial").exists(), "the copies are left")
    before = facts(instance)
    second, sink = elsewhere(world, file, "--hold")
    equal(facts(second), before, "facts")
    equal(sink.messages, [], "delivered although it is held")
    second.shell("resumedel")
    second.shell("spamquarantine release all")
    sink.wait_for_messages(len(waiting) + 3)
    for sha256, recipients in waiting.items():
        equal([sink.count(sha256, one) for one in recipients], [1, 1], "copies")
    second.wait_idle()
    consistent(second.folder)
    second.stop()
    instance.stop()
    equal(private_key(second.folder), private_key(instance.folder), "private key")
    true(private_key(instance.folder), "no private key")


@test
def a_second_machine_loads_files_whose_secrets_the_first_encrypted(world):
    first = world.instance(settings=FAST)
    files = {}
    for name, said in (("before", True), ("with-key", False)):
        files[name] = world.folder / f"{name}.tar"
        backup(first.folder, files[name])
        told = restore(world.folder / name, files[name])
        equal("has no config/secret.key" in told, said, f"what is said of the key: {told}")
        equal(first.shell("saveconfig moved.xml").returncode, 0, "saveconfig, which makes the key")
    key = world.folder / "with-key" / "config" / "secret.key"
    equal((key.read_bytes(), key.stat().st_mode & 0o777),
          ((first.folder / "config" / "secret.key").read_bytes(), 0o600), "the key")
    for name, status in (("before", 1), ("with-key", 0)):
        shutil.copy(first.folder / "configuration" / "moved.xml", world.folder)
        second = world.instance(name, settings=FAST)
        loaded = subprocess.run([program("mailward"), "--private", str(second.folder), "-c", "loadconfig -"],
                                stdin=open(world.folder / "moved.xml"), capture_output=True, text=True, timeout=60)
        equal(loaded.returncode != 0, status != 0, f"loadconfig where the key is {name}: {loaded.stdout}")
    old = rebuilt(files["with-key"], lambda name, data: None if name == "config/secret.key" else
                  data.replace(b'"format": 3', b'"format": 1') if name == "backup.json" else
                  json.dumps({k: v for k, v in json.loads(data).items() if k != "key_sha256"}).encode()
                  if name == "manifest.json" else data)
    true("has no config/secret.key" in restore(world.folder / "old", old), "a backup of an older version")
    spoilt_key = rebuilt(files["with-key"], lambda name, data: data[::-1] if name == "config/secret.key" else data)
    true("secret.key does not match" in restore(world.folder / "spoilt", spoilt_key, status=1), "no reason")


def learning_gateway(world):
    """A gateway that has learned of two messages; what it learned; and whether a gateway's score of the first shows it."""
    instance = world.instance(settings=FAST)
    instance.configure(edit("learning", enabled="on"), edit("spamd", enabled="on", tcp="127.0.0.1:0"))
    letter = (SAMPLES / "ham-newsletter.eml").read_bytes()
    for message, kind in ((letter, "spam"), (make_mail(7), "ham")):
        reply = ask(instance.spamd_socket, "TELL", message, headers=(f"Message-class: {kind}", "Set: local"))
        equal(reply.headers.get("didset"), "local", "answer to TELL")
    return instance, learned(instance), lambda one: b"learned" in ask(one.spamd_socket, "SYMBOLS", letter).body


def learned(instance):
    return answer(instance, "learning list")["result"]["changes"]


@test
def what_was_learned_comes_back_with_the_rest(world):
    instance, before, counts_at = learning_gateway(world)
    file = world.folder / "mx.tar"
    equal(backup(instance.folder, file), "", "output of --backup while control has the file open")
    with tarfile.open(file) as tar:
        equal(oct(tar.getmember("config/learned.db").mode), "0o600", "mode in the file")
    told = restore(world.folder / "second", file)
    true("learning begins anew" not in told, told)
    equal(oct((world.folder / "second" / "config" / "learned.db").stat().st_mode & 0o777), "0o600", "mode")
    consistent(world.folder / "second")
    second = world.instance("second", settings=FAST)
    equal(learned(second), before, "learning list")
    wait_until(lambda: counts_at(second), "what was learned to count")
    equal(answer(second, "learning undo 2")["result"]["undone"], 2, "what can be undone")
    instance.stop()
    true("config, queue and" in restore(instance.folder, file, status=1), "no advice")


@test
def a_backup_without_what_was_learned_is_restored_and_learning_begins_anew(world):
    instance, _, _ = learning_gateway(world)
    file = world.folder / "mx.tar"
    backup(instance.folder, file)
    old = rebuilt(file, lambda name, data: None if name == "config/learned.db" else
                  data.replace(b'"format": 3', b'"format": 2') if name == "backup.json" else
                  json.dumps({k: v for k, v in json.loads(data).items() if k != "learned_sha256"}).encode()
                  if name == "manifest.json" else data)
    true("learning begins anew" in restore(world.folder / "second", old), "a backup of an older version")
    equal(learned(world.instance("second", settings=FAST)), [], "learning list")
    instance.stop()
    for wal in (instance.folder / "config").glob("learned.db-*"):
        wal.unlink()
    (instance.folder / "config" / "learned.db").write_bytes(b"no database, but long enough to be one" * 100)
    told = backup(instance.folder, file, status=1)
    true("config/learned.db: " in told and "goes on without it" in told, told)
    true("config/learned.db: " in check(instance.folder, status=1), "--check")
    true("learning begins anew" in restore(world.folder / "third", file), "a damaged one")
    consistent(world.folder / "third")


@test
def what_was_wiped_is_restored_in_place_and_no_number_is_used_twice(world):
    instance, sink, waiting = full_gateway(world)
    file = world.folder / "mx.tar"
    backup(instance.folder, file)
    before = facts(instance)
    later = send_one(instance.address, make_mail(500))
    instance.stop()
    wipe(instance.folder)
    told = restore(instance.folder, file)
    true("is delivered again" in told, told)
    consistent(instance.folder)
    instance.start()
    equal(facts(instance), before, "facts")
    true(send_one(instance.address, make_mail(501)) > later + 900000, "MIDs may be used twice")
    sink.answer_rcpt = lambda address: None
    instance.wait_empty()
    for sha256, recipients in waiting.items():
        equal([sink.count(sha256, one) for one in recipients], [1, 1], "copies")


@test
def a_backup_while_mail_flows_holds_whole_messages_and_all_that_stayed(world):
    instance, sink, waiting = full_gateway(world)
    sink.answer_rcpt = lambda address: None if address.startswith("r") else "451 4.3.0 later"
    load = Load(lambda: instance.address, 4, size=4000)
    wait_until(lambda: len(load.sent.acknowledged) > 20, "the load")
    files = [world.folder / f"{n}.tar" for n in range(5)]
    for file in files:
        before = len(load.sent.acknowledged)
        backup(instance.folder, file)
        wait_until(lambda: len(load.sent.acknowledged) > before, "mail to be taken meanwhile")
    sent = load.stop()
    for n, file in enumerate(files):
        second, other = elsewhere(world, file, name=f"second-{n}")
        second.wait_idle()
        for sha256, recipients in waiting.items():
            equal([other.count(sha256, one) for one in recipients], [1, 1], "copies")
        bodies = {received.sha256 for received in other.messages}
        true(bodies <= {*waiting, *sent.acknowledged}, "a body that nobody sent")
        equal(second.status()["recipients_quarantined"], 3, "quarantine")
        second.stop()


@test
def a_pipe_takes_a_backup_and_gives_it_back(world):
    instance, _, _ = full_gateway(world, deferred=1, kept=1)
    with open("/dev/full", "wb") as full:
        run = subprocess.run([program("mailwardd"), "--private", instance.folder, "--backup", "-"],
                             stdout=full, stderr=subprocess.PIPE, text=True, timeout=120)
    equal(run.returncode, 1, "status of a backup to a full disk")
    true("cannot write the backup: " in run.stderr and "No space left" in run.stderr, run.stderr)
    piped = mailwardd(instance.folder, "--backup", "-", text=False)
    equal(piped.returncode, 0, f"status ({piped.stderr})")
    second = world.folder / "second"
    equal(mailwardd(second, "--restore", "-", text=False, input=piped.stdout).returncode, 0, "status of the restore")
    consistent(second)


@test
def nothing_is_restored_over_stores_or_into_a_running_instance(world):
    instance, _, _ = full_gateway(world, deferred=1, kept=1)
    file = world.folder / "mx.tar"
    backup(instance.folder, file)
    true("another mailwardd is running" in restore(instance.folder, file, status=1), "no reason")
    instance.stop()
    before = (instance.folder / "queue" / "queue.db").read_bytes()
    true("move config, queue and track away" in restore(instance.folder, file, status=1), "no advice")
    equal((instance.folder / "queue" / "queue.db").read_bytes(), before, "queue.db")
    consistent(instance.folder)


@test
def a_restore_that_was_cut_short_is_repeated_before_anything_starts(world):
    instance, _, _ = full_gateway(world, deferred=2, kept=1)
    file = world.folder / "mx.tar"
    backup(instance.folder, file)
    before = facts(instance)
    second = world.folder / "second"
    restore(second, file)
    (second / "config" / "config.db").unlink()  # as between two renames
    (second / "queue" / "restore.partial").mkdir()
    (second / "queue" / "restore.partial" / "queue.db").write_text("half")
    refused = mailwardd(second, "--foreground")
    equal(refused.returncode, 1, "status of a start")
    true("repeat it with --restore" in refused.stderr, refused.stderr)
    resumed, _ = elsewhere(world, file, "--hold")
    equal(facts(resumed), before, "facts")


def is_empty(folder):
    """No store and nothing half-built."""
    return not [path for name in ("config", "queue") for path in (folder / name).rglob("*")]


def spoilt(data, rng):
    """The bytes of a backup, cut off or with flipped bits, in many ways."""
    for size in (0, 1, 511, 512, 700, 1024, 1536):
        yield f"cut to {size}", data[:size]
    for _ in range(15):
        size = rng.randrange(len(data))
        yield f"cut to {size}", data[:size]
    for _ in range(60):
        changed = bytearray(data)
        place = rng.randrange(len(data))
        changed[place] ^= 1 << rng.randrange(8)
        yield f"bit at {place}", bytes(changed)
    for _ in range(10):
        changed = bytearray(data)
        place = rng.randrange(len(data) // 512) * 512
        changed[place : place + 512] = rng.randbytes(512)
        yield f"block at {place}", bytes(changed)


@test
def a_spoilt_backup_is_refused_as_a_whole_or_harmless(world):
    instance, _, _ = full_gateway(world, deferred=2, kept=1)
    file = world.folder / "mx.tar"
    backup(instance.folder, file)
    good = world.folder / "good"
    restore(good, file)
    sound = check(good)
    refused = 0
    for number, (how, data) in enumerate(spoilt(file.read_bytes(), random.Random(3))):
        bad, target = world.folder / "bad.tar", world.folder / f"target-{number}"
        bad.write_bytes(data)
        run = mailwardd(target, "--restore", bad)
        if run.returncode == 0:  # padding of the archive
            equal(check(target), sound, f"--check ({how})")
        else:
            equal(run.returncode, 1, f"status ({how}: {run.stderr})")
            true("nothing was restored" in run.stderr, f"no reason ({how}: {run.stderr})")
            true("Sanitizer" not in run.stderr and "ended by signal" not in run.stderr, run.stderr)
            true(is_empty(target), f"something is left ({how})")
            refused += 1
        shutil.rmtree(target)
    true(refused > 60, f"only {refused} refused")


def rebuilt(file, change):
    """A backup like file, of which change(name, data) returns new bytes of a member, or None to leave it out."""
    other = file.with_name("rebuilt.tar")
    with tarfile.open(file) as old, tarfile.open(other, "w") as new:
        for member in old:
            data = change(member.name, old.extractfile(member).read())
            if data is not None:
                path = file.with_name("member")
                path.write_bytes(data)
                new.add(path, arcname=member.name)
    return other


@test
def a_backup_that_is_not_what_it_says_is_refused_with_the_reason(world):
    instance, _, _ = full_gateway(world, deferred=2, kept=1)
    file = world.folder / "mx.tar"
    backup(instance.folder, file)
    target = world.folder / "target"

    def refused(change, reason):
        told = restore(target, rebuilt(file, change), status=1)
        true(reason in told, f"{reason!r} is not in {told!r}")
        true(is_empty(target), f"something is left: {reason}")

    def is_body(name):
        return name.startswith("spool/")

    refused(lambda name, data: data.replace(b'"format": 3', b'"format": 4') if name == "backup.json" else data,
            "the backup has format 4")
    refused(lambda name, data: None if name == "backup.json" else data, "no backup that mailwardd wrote")
    refused(lambda name, data: None if name == "manifest.json" else data, "cut off")
    for description in ("backup.json", "manifest.json"):
        refused(lambda name, data: b" " * (64 << 20) + data if name == description else data,
                "a description in the backup is too long")
    refused(lambda name, data: None if name == "queue/queue.db" else data, "queue.db does not match")
    refused(lambda name, data: data + b"x" if name == "config/config.db" else data, "config.db does not match")
    refused(lambda name, data: None if name == "config/learned.db" else data, "learned.db does not match")
    refused(lambda name, data: bytes((64 << 20) + 1) if name == "config/learned.db" else data, "is too long")
    refused(lambda name, data: data.replace(b"This is", b"That is") if is_body(name) else data,
            "does not match its SHA-256")
    refused(lambda name, data: None if is_body(name) else data, "it has 0 bodies")
    with tarfile.open(file, "a") as more:
        more.add(file.with_name("member"), arcname="../../escape")
    true("goes on behind its end" in restore(target, file, status=1), "no reason")
    true(not (world.folder.parent / "escape").exists(), "written outside of the folder")


def with_head(**members):
    """For rebuilt(): changes what a backup says of itself."""
    return lambda name, data: json.dumps({**json.loads(data), **members}).encode() if name == "backup.json" else data


@test
def what_a_backup_says_of_itself_is_believed_by_no_terminal_and_no_arithmetic(world):
    instance, _, _ = full_gateway(world, deferred=1, kept=1)
    file = world.folder / "mx.tar"
    backup(instance.folder, file)
    told = restore(world.folder / "one", rebuilt(file, with_head(hostname="mx\x1b[2J")))
    true("of mx\\x1b[2J of " in told and "\x1b" not in told, repr(told))
    told = restore(world.folder / "two", rebuilt(file, with_head(time=-(1 << 63))), status=1)
    true("backup.json of the backup is damaged" in told and "runtime error" not in told, told)


def with_sums(change_name, change):
    """For rebuilt(): changes one database, and the manifest so that it fits."""
    sums = {}

    def apply(name, data):
        if name == change_name:
            data = change(data)
            sums[Path(name).stem + "_sha256"] = hashlib.sha256(data).hexdigest()
        return json.dumps({**json.loads(data), **sums}).encode() if name == "manifest.json" else data

    return apply


@test
def a_hostile_database_with_right_checksums_does_no_harm(world):
    instance, _, _ = full_gateway(world, deferred=2, kept=1)
    file = world.folder / "mx.tar"
    backup(instance.folder, file)
    rng = random.Random(11)

    def scribble(data):
        changed = bytearray(data)
        for _ in range(rng.choice((1, 3, 30))):
            changed[rng.randrange(len(data))] = rng.randrange(256)
        return bytes(changed[: rng.choice((len(data), len(data) // 2))])

    refused = 0
    for number in range(60):
        name = ("queue/queue.db", "config/config.db", "config/learned.db")[number % 3]
        target = world.folder / f"target-{number}"
        run = mailwardd(target, "--restore", rebuilt(file, with_sums(name, scribble)))
        true(run.returncode in (0, 1), f"status {run.returncode} ({run.stderr})")
        true("Sanitizer" not in run.stderr and "ended by signal" not in run.stderr, run.stderr)
        if run.returncode == 0:  # pages that nothing uses
            consistent(target)
        else:
            true(is_empty(target), f"something is left ({run.stderr})")
            refused += 1
        shutil.rmtree(target)
    true(refused > 30, f"only {refused} refused")


@test
def a_restore_that_is_killed_is_whole_or_can_be_repeated(world):
    instance, _, _ = full_gateway(world, deferred=3, kept=2)
    file = world.folder / "mx.tar"
    backup(instance.folder, file)
    sound = check(instance.folder)
    rng = random.Random(13)
    again = 0
    for number in range(25):
        target = world.folder / f"target-{number}"
        run = subprocess.Popen([program("mailwardd"), "--private", target, "--restore", file],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        time.sleep(rng.random() * 0.1)
        processes.freeze([run.pid])  # so that nobody is born while the family is counted
        processes.kill_all(processes.family_of(run.pid))
        run.communicate()
        if mailwardd(target, "--restore", file).returncode == 0:
            again += 1
        equal(check(target), sound, "--check")
        shutil.rmtree(target)
    true(again > 0, "never killed in time")


@test
def a_restore_does_nothing_once_the_mailwardd_that_started_it_has_ended(world):
    instance, _, _ = full_gateway(world, deferred=1, kept=1)
    file, target = world.folder / "mx.tar", world.folder / "target"
    backup(instance.folder, file)
    restore(target, file)
    wipe(target)
    for name in ("config", "queue"):
        (target / name).mkdir()
    ended = subprocess.Popen(["true"])
    ended.wait()
    with open(file, "rb") as stdin:
        run = subprocess.run([program("mailwardd-stores"), "restore", str(ended.pid)], cwd=target, stdin=stdin,
                             capture_output=True, text=True)
    true(run.returncode != 0, "it went on")
    true("has ended" in run.stderr, run.stderr)
    true(is_empty(target), "something was restored")


@test
def a_damaged_body_is_named_and_the_rest_is_saved(world):
    instance, _, waiting = full_gateway(world)
    instance.stop()
    ((mid, segment, position),) = database(
        instance.folder, "queue/queue.db", "SELECT mid, segment, position FROM message ORDER BY mid LIMIT 1")
    with open(instance.folder / "queue" / "spool" / f"{segment:08}.seg", "r+b") as spool:
        spool.seek(position + 200)
        spool.write(b"\0")
    file = world.folder / "mx.tar"
    told = backup(instance.folder, file, status=1)
    true(f"the body of MID {mid} cannot be read" in told, told)
    second = world.folder / "second"
    true("1 bodies were damaged" in restore(second, file), "not told")
    told = check(second, status=1)
    equal(told.count("\n"), 2, f"lines of --check ({told})")
    true(f"the body of MID {mid}" in told, told)
    sink = world.sink()
    gateway = world.instance("second", route=sink.address, settings=FAST)
    sink.wait_for_messages(len(waiting) - 1)
    wait_until(lambda: gateway.status().get("recipients_held") == 2, "the damaged message to be held")


@test
def what_an_account_points_to_is_not_read_with_the_rights_of_root(world):
    if os.geteuid() != 0:
        raise Skip("needs root")
    instance, _, _ = full_gateway(world, deferred=1, kept=1)
    instance.stop()
    world.folder.chmod(0o755)
    (instance.folder / "config").rename(world.folder / "roots")
    (instance.folder / "config").symlink_to(world.folder / "roots")
    subprocess.run(["chown", "-R", "nobody", instance.folder], check=True)
    (world.folder / "roots").chmod(0o700)
    run = mailwardd(instance.folder, "--check")
    equal(run.returncode, 1, f"status ({run.stdout})")
    true("config/config.db: cannot be opened: Permission denied" in run.stdout, run.stdout + run.stderr)


@test
def restored_files_belong_to_the_account_that_the_roles_run_as(world):
    if os.geteuid() != 0:
        raise Skip("needs root")
    instance, _, _ = full_gateway(world, deferred=2, kept=1)
    file = world.folder / "mx.tar"
    backup(instance.folder, file)
    world.folder.chmod(0o755)
    state = world.folder / "system"

    def system(*options):
        line = [program("mailwardd"), "--state", str(state), *map(str, options)]
        return subprocess.run(line, capture_output=True, text=True, timeout=120)

    with Accounts():
        done(system("--restore", file))
        owner = pwd.getpwnam("mailward")
        for name in ("config/config.db", "config/learned.db", "queue/queue.db", "queue/spool", *(
                str(path.relative_to(state)) for path in (state / "queue" / "spool").iterdir())):
            st = (state / name).stat()
            equal((st.st_uid, st.st_gid), (owner.pw_uid, owner.pw_gid), f"owner of {name}")
            equal(st.st_mode & 0o077, 0, f"mode of {name}")
        done(system("--check"))
        started = system("--set", "smtp.listen=127.0.0.1:0", "--route", "127.0.0.1:1")
        equal(started.returncode, 0, f"status of the start ({started.stderr})")
        try:
            done(system("--check"))
            done(system("--backup", world.folder / "system.tar"))
        finally:
            done(system("--stop"))
        done(system("--check"))
        for path in (*(state / "queue").iterdir(), *(state / "config").iterdir()):
            equal(path.stat().st_uid, owner.pw_uid, f"owner of {path}")


main()
