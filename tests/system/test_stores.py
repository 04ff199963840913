#!/usr/bin/env python3
"""mailwardd --check: what is whole is found whole, whatever happens at the time, and what is damaged is named."""

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import processes
from harness.build import program, wait_until
from harness.instance import ROLES
from harness.mail import make_mail
from harness.sender import Load, send_one
from harness.stores import backup, check, consistent, database, full_gateway, mailwardd
from harness.tap import equal, main, test, true


def stopped(world):
    """The state folder of a gateway with mail in every state, which has ended."""
    instance, _, _ = full_gateway(world)
    consistent(instance.folder)
    instance.stop()
    consistent(instance.folder)
    return instance.folder


def problems(folder):
    """Lines of --check but the last, which sums up."""
    lines = check(folder, status=1).splitlines()
    true(lines[-1].startswith("not consistent: ") and lines[-1].endswith(("problem", "problems")), lines)
    return lines[:-1]


def copied(folder, name):
    """The stores alone, in a folder beside it."""
    copy = folder.parent / name
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("run"))
    return copy


def named(folder, name, sql, words):
    """The change that sql makes to a copy of the database is found: one line, with these words."""
    copy = copied(folder, "copy")
    database(copy, name, sql)
    lines = problems(copy)
    shutil.rmtree(copy)
    equal(len(lines), 1, f"problems after {sql} ({lines})")
    true(lines[0].startswith(f"{name}: "), lines[0])
    true(words in lines[0], f"{words!r} is not in {lines[0]!r}")
    true("; " in lines[0], f"no advice in {lines[0]!r}")


@test
def whatever_is_wrong_in_a_database_is_named_with_its_place(world):
    folder = stopped(world)
    last = "(SELECT max(mid) FROM quarantine)"
    for sql, words in (
        ("DELETE FROM recipient WHERE mid = 1", "MID 1 has no recipient"),
        ("INSERT INTO recipient (mid, rid, address, state, tries, next_try) VALUES (777, 0, 'a@example.com', 2, 0, 0)",
         "recipient 0 of MID 777 (a@example.com) belongs to no message"),
        ("UPDATE recipient SET state = 4 WHERE mid = 1 AND rid = 0", "the recipients of MID 1 are in different states"),
        ("UPDATE id_block SET next = (SELECT max(icid) FROM message) WHERE kind = 1", "is above all that were given out"),
        ("DELETE FROM id_block WHERE kind = 3", "there is no supply of ids of kind 3"),
        (f"DELETE FROM quarantine WHERE mid = {last}", "is in the quarantine and not listed there"),
        (f"UPDATE quarantine SET bytes = 1 WHERE mid = {last}", "counts 1 bytes in the quarantine"),
        ("INSERT INTO quarantine (mid, since, bytes, subject) VALUES (1, 0, (SELECT length FROM message WHERE mid = 1), 'x')",
         "MID 1 is listed in the quarantine and no recipient is there"),
        ("UPDATE message SET trace_bytes = length + 1 WHERE mid = 1", "its trace header"),
        ("UPDATE message SET sha256 = x'00' WHERE mid = 1", "its place cannot be right"),
        ("UPDATE message SET edits = x'ffff' WHERE mid = 1", "MID 1: what its verdict changes cannot be read"),
        ("UPDATE message SET envelope_id = 'a' || char(10) || 'b' WHERE mid = 1", "MID 1: its ENVID is none"),
        ("UPDATE recipient SET original = 'no address' WHERE mid = 1 AND rid = 0", "MID 1: its ORCPT is none"),
        ("UPDATE message SET returns = 3 WHERE mid = 1", "MID 1: its RET is 3"),
        ("UPDATE recipient SET notify = 16 WHERE mid = 1 AND rid = 0", "recipient 0 of MID 1: its NOTIFY is 16"),
        ("INSERT INTO outbox (sequence, mid, rid, time, kind, message_id, sender, recipient, detail)"
         " VALUES (900, 1, 0, 0, 0, '', '', '', '')", "recipient 0 of MID 1 has its end in the outbox and waits still"),
        ("INSERT INTO outbox (sequence, mid, rid, time, kind, message_id, sender, recipient, detail)"
         " VALUES (99999, 99, 0, 0, 0, '', '', '', '')", "event 99999 of the outbox is above all"),
        ("CREATE TRIGGER evil AFTER UPDATE ON id_block BEGIN DELETE FROM message; END",
         "no version of mailwardd makes the trigger evil"),
    ):
        named(folder, "queue/queue.db", sql, words)


@test
def every_offence_of_a_kind_is_a_line_but_not_thousands(world):
    folder = stopped(world)
    database(folder, "queue/queue.db", "UPDATE recipient SET state = 9 WHERE mid = 1")
    lines = problems(folder)
    equal(len(lines), 2, f"problems ({lines})")
    true(all(f"recipient {rid} of MID 1 is in state 9, which there is not" in lines[rid] for rid in (0, 1)), lines)
    database(folder, "queue/queue.db",
             "WITH RECURSIVE n(v) AS (VALUES (2) UNION ALL SELECT v + 1 FROM n WHERE v < 1000)"
             " INSERT INTO recipient (mid, rid, address, state, tries, next_try) SELECT 1, v, 'a', 9, 0, 0 FROM n")
    lines = problems(folder)
    equal(len(lines), 21, "problems")
    true("and more of the kind" in lines[-1], lines[-1])


@test
def a_changed_blob_and_a_lost_revision_are_named(world):
    folder = stopped(world)
    whole = copied(folder, "whole")
    database(folder, "config/config.db", "UPDATE blob SET body = CAST(body || ' ' AS BLOB) WHERE rowid = 1")
    lines = problems(folder)
    true("does not match its hash" in lines[0], lines)
    true(any("a part of the stored configuration is damaged" in line for line in lines[1:]), lines)
    database(whole, "config/config.db", "DELETE FROM revision WHERE number = 2")
    lines = problems(whole)
    equal(len(lines), 1, f"problems ({lines})")
    true("the revision in force, 2, cannot be read" in lines[0], lines)


@test
def a_changed_byte_in_the_spool_is_named_with_its_message(world):
    folder = stopped(world)
    rows = database(folder, "queue/queue.db", "SELECT mid, segment, position FROM message ORDER BY mid")
    for (mid, segment, position), place in zip(rows, (0, 17, 30, 56, 300)):  # magic, length, SHA-256, body
        path = folder / "queue" / "spool" / f"{segment:08}.seg"
        whole = path.read_bytes()
        changed = bytearray(whole)
        changed[position + place] ^= 1
        path.write_bytes(changed)
        lines = problems(folder)
        equal(len(lines), 1, f"problems ({lines})")
        true(lines[0].startswith(f"queue/spool: {path.name}, offset {position}: the body of MID {mid} "), lines)
        path.write_bytes(whole)
    path.unlink()
    lines = problems(folder)
    equal(len(lines), len([row for row in rows if row[1] == segment]), "problems without the segment")
    true(all("its segment is missing" in line for line in lines), lines)


@test
def bodies_that_overlap_are_named(world):
    folder = stopped(world)
    database(folder, "queue/queue.db", "UPDATE message SET position = (SELECT position + 8 FROM message WHERE mid = 1),"
                                       " segment = (SELECT segment FROM message WHERE mid = 1) WHERE mid = 2")
    lines = problems(folder)
    equal(len(lines), 2, f"problems ({lines})")
    true("the body of MID 2 begins inside of another" in lines[0], lines)
    true("the body of MID 2 is not what was written" in lines[1], lines)


@test
def a_file_that_is_no_database_or_of_a_newer_version_is_named_and_not_saved(world):
    folder = stopped(world)
    for name in ("queue/queue.db", "config/config.db", "track/tracking.db"):
        whole = (folder / name).read_bytes()
        database(folder, name, "PRAGMA user_version = 999")
        lines = problems(folder)
        true(f"{name}: has format 999" in lines[0] and "use the newer version" in lines[0], lines)
        if not name.startswith("track"):
            told = backup(folder, folder.parent / "x.tar", status=1)
            true("has format 999" in told, told)
            equal([*folder.parent.glob("x.tar*")], [], "files of the backup")
        (folder / name).write_bytes(b"rubbish" * 1000)
        lines = problems(folder)
        true(lines[0].startswith(f"{name}: ") and "not a database" in lines[0], lines)
        (folder / name).write_bytes(whole)
    consistent(folder)


@test
def an_archive_that_is_none_is_named(world):
    folder = stopped(world)
    (folder / "archive" / "antispam").mkdir(exist_ok=True)
    (folder / "archive" / "antispam" / "antispam.@1.s").write_text("From anna@example.org\n\nText.\n\n")
    consistent(folder)
    (folder / "archive" / "antispam" / "antispam.@1.s").write_text("rubbish")
    equal(problems(folder), ["archive/antispam: antispam.@1.s is no mbox; move it away"], "problems")


@test
def numbers_that_would_be_given_twice_are_named(world):
    folder = stopped(world)
    database(folder, "track/tracking.db", "INSERT INTO final (mid, rid, sequence, time, kind) VALUES (5000000, 0, 1, 0, 0)")
    lines = problems(folder)
    equal(len(lines), 1, f"problems ({lines})")
    true("knows MID 5000000" in lines[0], lines)


@test
def an_instance_that_was_killed_at_any_moment_is_consistent(world):
    instance, sink, _ = full_gateway(world)
    sink.answer_rcpt = lambda address: None
    rng = random.Random(5)
    for _ in range(4):
        load = Load(lambda: instance.address, 4)
        target = rng.randrange(5, 60)
        wait_until(lambda: len(load.sent.acknowledged) >= target, "the load")
        instance.power_off()
        load.stop()
        consistent(instance.folder)
        instance.start()
    instance.wait_empty()
    consistent(instance.folder)


@test
def an_instance_that_was_killed_while_it_started_is_consistent(world):
    instance, _, _ = full_gateway(world)
    instance.power_off()
    rng = random.Random(17)
    for _ in range(12):
        starting = subprocess.Popen([program("mailwardd"), "--private", instance.folder, "--foreground"],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.random() * 0.2)  # any moment of the start
        family = processes.family_of(starting.pid)
        processes.freeze(family)
        processes.kill_all(family)
        starting.wait()
        consistent(instance.folder)
    instance.start()
    equal(instance.status()["recipients_quarantined"], 3, "quarantine")


@test
def a_gateway_that_runs_and_moves_bodies_raises_no_false_alarm(world):
    rng = random.Random(7)
    sink = world.sink()
    sink.answer_rcpt = lambda address: "451 4.3.0 later" if rng.random() < 0.1 else None
    instance = world.instance(route=sink.address, settings={
        "queue.retry-first": 1, "queue.retry-most": 1, "spool.segment-bytes": 1048576})
    load = Load(lambda: instance.address, 6, size=20000)
    wait_until(lambda: len(load.sent.acknowledged) > 50, "the load")
    for turn in range(12):
        before = len(load.sent.acknowledged)
        consistent(instance.folder)
        backup(instance.folder, world.folder / "running.tar")
        wait_until(lambda: len(load.sent.acknowledged) > before, "mail to be taken meanwhile")
        if turn % 4 == 3:
            instance.kill_role(ROLES[turn // 4])
    load.stop()
    consistent(instance.folder)


@test
def wrong_options_and_missing_stores_are_told(world):
    nothing = mailwardd(world.folder / "nothing", "--check")
    equal(nothing.returncode, 1, "status without a folder")
    (world.folder / "empty").mkdir()
    nothing = mailwardd(world.folder / "empty", "--check")
    equal(nothing.returncode, 1, "status without stores")
    true("there are no stores" in nothing.stderr, nothing.stderr)
    for options in (("--check", "--stop"), ("--hold",), ("--backup", "x", "--hold"), ("--restore",)):
        equal(mailwardd(world.folder, *options).returncode, 2, f"status of {options}")
    instance = world.instance()
    send_one(instance.address, make_mail(1))
    missing = mailwardd(instance.folder, "--backup", world.folder / "no" / "such" / "folder.tar")
    equal(missing.returncode, 1, "status without the folder of the file")
    true("cannot write" in missing.stderr, missing.stderr)


main()
