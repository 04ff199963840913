#!/usr/bin/env python3
"""The control socket of a real daemon (doc/control-api.md): every method, two sessions that meet, hostile frames."""

import json
import os
import random
import socket
import struct
import sys
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.api import edit
from harness.build import sanitized, wait_until
from harness.mail import make_mail
from harness.processes import children_of, peak_bytes
from harness.sender import send_one
from harness.tap import equal, main, test, true


def route(domain, destination="USEDNS", verb="new"):
    return edit("smtproutes", verb, key=domain, destination=destination)


def commit(api, **members):
    return api.call("config.commit", commit_id=uuid.uuid4().hex, **members)


# ---- every method ----


@test
def a_session_is_greeted_and_knows_who_it_is(world):
    instance = world.instance()
    with instance.api() as api:
        equal(api.greeting["protocol"], 2, "protocol")
        equal(len(api.greeting["schema"]), 16, "length of the fingerprint")
        hello = api.must("hello", terminal=False, program="test", **{"from": "ssh 192.0.2.7"})
        equal(hello["role"], "administrator", "role")
        equal(hello["revision"], 1, "revision")
        who = api.must("whoami")
        equal(who["user"], hello["user"], "user")
        true(who["groups"] or os.geteuid(), "no groups")
        with instance.api() as other:
            sessions = other.must("who")["sessions"]
        equal([s["from"] for s in sessions], ["", "ssh 192.0.2.7"], "where from")
        equal([s["what"] for s in sessions], ["who", "cli"], "what they do")
        wait_until(lambda: len(api.must("who")["sessions"]) == 1, "the other session to be gone")


@test
def status_version_and_logs_answer(world):
    instance = world.instance()
    with instance.api() as api:
        equal(api.must("version")["product"], "mailward", "product")
        status = api.must("status")
        true("messages_received" in status["counters"] and "messages" in status["gauges"], f"it says {status}")
        equal(api.must("logs"), {"logs": ["cli_logs", "error_logs", "graymail_logs", "mail_logs", "system_logs", "updater_logs"]}, "logs")
        true("Begin Logfile" in api.text("tail", log="mail_logs", lines=100), "the log has no head")
        equal(api.text("grep", log="mail_logs", expression="no such line"), "", "lines found")


@test
def the_workqueue_is_paused_and_resumed(world):
    instance = world.instance()
    with instance.api() as api:
        equal(api.must("workqueue", operation="pause"), {"paused": True, "messages": 0}, "after pause")
        send_one(instance.address, make_mail(1))
        wait_until(lambda: api.must("workqueue", operation="status")["messages"] == 1, "a message that waits")
        api.must("workqueue", operation="resume")
        wait_until(lambda: api.must("workqueue", operation="status")["messages"] == 0, "the queue to go on")


@test
def a_tail_follows_the_log_until_it_is_cancelled(world):
    instance = world.instance()
    with instance.api() as api:
        api.send("tail", log="mail_logs", lines=1, follow=True)
        true(api.receive()["text"].strip("\n") in instance.log.lines(), "the last line is not shown")
        mid = send_one(instance.address, make_mail(1))
        shown = ""
        while f"Start MID {mid} " not in shown:
            shown += api.receive()["text"]
        equal(len(children_of(instance.role_pid("control"))), 1, "children")
        api.send("cancel")
        end, _ = api.answer()
        equal((end["status"], end["code"]), (130, "cancelled"), "the end")
        equal(api.must("version")["product"], "mailward", "the next answer")
    wait_until(lambda: not children_of(instance.role_pid("control")), "the child to go")


@test
def a_following_tail_ends_with_its_session(world):
    instance = world.instance()
    with instance.api() as api:
        api.send("tail", log="mail_logs", follow=True)
        api.receive()
    wait_until(lambda: not children_of(instance.role_pid("control")), "the child to go")


@test
def a_file_is_written_whole_or_not_at_all_and_read_back(world):
    instance = world.instance()
    folder = instance.folder / "configuration"
    text = "".join(f"line {i} with ümläuts\n" for i in range(40000))
    pieces = [text[i : i + 200000] for i in range(0, len(text), 200000)]
    with instance.api() as api:
        for i, piece in enumerate(pieces):
            equal(os.listdir(folder) and (folder / "routes.txt").exists(), False if i else [], "there before its end")
            api.must("file.write", name="routes.txt", text=piece, first=i == 0, last=i == len(pieces) - 1)
        equal(os.listdir(folder), ["routes.txt"], "files")
        true(api.text("file.read", name="routes.txt") == text, "it was read back differently")
        api.must("file.write", name="other", text="x", first=True)
    wait_until(lambda: os.listdir(folder) == ["routes.txt"], "the unfinished file to go")


@test
def changes_show_are_committed_and_rolled_back(world):
    instance = world.instance()
    with instance.api() as api:
        before = json.loads(api.text("config.show"))
        api.edit(edit("antispam", timeout=33), route("example.com"))
        changes = api.must("config.changes")
        equal([c["table"] for c in changes["changes"]], ["antispam", "smtproutes"], "tables changed")
        equal(json.loads(api.text("config.show")), before, "what runs, before the commit")
        equal(commit(api, check=True)[0], 0, "status of a check")
        commit_id = uuid.uuid4().hex
        result = api.must("config.commit", commit_id=commit_id, comment="a test", hidden=True)
        equal((result["revision"], result["applied"]), (2, True), "the commit")
        found = api.must("config.lookup", commit_id=commit_id)
        equal((found["revision"], found["comment"]), (2, "a test"), "what the look-up found")
        equal(api.must("config.lookup", commit_id=uuid.uuid4().hex)["revision"], None, "a commit that never was")
        after = json.loads(api.text("config.show"))
        equal(after["tables"]["antispam"]["timeout"], 33, "time-out")
        equal(after["tables"]["smtproutes"], [{"domain": "example.com", "destination": "USEDNS", "tls": "default"}], "routes")
        equal(api.commit()["revision"], None, "a commit of nothing")
        equal(len(api.must("config.history")["revisions"]), 1, "revisions that are not hidden")
        equal([r["revision"] for r in api.must("config.history", all=True)["revisions"]], [2, 1], "all")
        equal(api.must("config.rollback", revision="1", preview=True)["count"], 2, "changes of the roll-back")
        equal(api.must("config.changes")["count"], 0, "changes after a preview")
        api.must("config.rollback", revision="1")
        equal(api.commit(comment="back")["revision"], 3, "the revision of the roll-back")
        equal(api.must("config.history")["revisions"][0]["rollback_of"], 1, "what it is a roll-back of")
        equal(json.loads(api.text("config.show"))["tables"], before["tables"], "the configuration")
        equal(json.loads(api.text("config.show", revision="2")), after, "revision 2")


@test
def clear_and_the_end_of_a_session_drop_changes(world):
    instance = world.instance()
    with instance.api() as api:
        api.edit(route("example.com"))
        api.must("config.clear")
        equal(api.must("config.changes")["count"], 0, "changes after clear")
        api.edit(route("example.com"))
    with instance.api() as api:
        equal(api.must("config.changes")["count"], 0, "changes of the next session")
        equal(api.rows("smtproutes"), [], "routes")


# ---- two sessions ----


@test
def different_rows_of_one_table_both_land(world):
    instance = world.instance()
    with instance.api() as one, instance.api() as two:
        one.edit(route("a.example.com"))
        two.edit(route("b.example.com"))
        equal((one.commit()["revision"], two.commit()["revision"]), (2, 3), "revisions")
        domains = [row["domain"] for row in one.rows("smtproutes", running=True)]
        equal(domains, ["a.example.com", "b.example.com"], "domains")


@test
def different_fields_of_a_single_table_are_merged(world):
    instance = world.instance()
    with instance.api() as one, instance.api() as two:
        one.edit(edit("antispam", timeout=40))
        two.edit(edit("antispam", profile="aggressive"))
        one.commit()
        two.commit()
        row = one.rows("antispam", running=True)[0]
        equal((row["timeout"], row["profile"]), (40, "aggressive"), "the row")


def conflict(instance, one, two):
    """Both change the same row; the first commits.  Returns the end frame of the second's commit."""
    one.must("hello", **{"from": "ssh 192.0.2.1"})
    one.edit(route("example.com", "theirs.example.com"))
    two.edit(route("example.com", "mine.example.com"), route("other.example.com"))
    one.commit(comment="first")
    status, end, _ = commit(two)
    equal((status, end["code"]), (5, "conflict"), "the second commit")
    return end


@test
def the_same_row_is_a_conflict_that_tells_everything_and_keeps_the_candidate(world):
    instance = world.instance()
    with instance.api() as one, instance.api() as two:
        (told,) = conflict(instance, one, two)["conflicts"]
        equal((told["table"], told["key"], told["field"]), ("smtproutes", "example.com", None), "what")
        equal(told["base"], None, "base")
        equal(told["theirs"]["destination"], "theirs.example.com", "theirs")
        equal(told["mine"]["destination"], "mine.example.com", "mine")
        equal((told["revision"], told["author"]), (2, one.must("whoami")["user"]), "who")
        true(abs(told["time"] / 1e6 - time.time()) < 300, f"the time is {told['time']}")
        equal(two.must("config.changes")["count"], 2, "changes of the second")
        equal(two.must("config.changes")["base"], 1, "base of the second")


@test
def keep_mine_ends_a_conflict(world):
    instance = world.instance()
    with instance.api() as one, instance.api() as two:
        conflict(instance, one, two)
        equal(two.call("config.rebase")[0], 5, "a rebase without a decision")
        two.must("config.rebase", keep="mine", table="smtproutes", key="example.com")
        two.commit()
        equal([r["destination"] for r in two.rows("smtproutes")], ["mine.example.com", "USEDNS"], "routes")


@test
def keep_theirs_ends_a_conflict(world):
    instance = world.instance()
    with instance.api() as one, instance.api() as two:
        conflict(instance, one, two)
        two.must("config.rebase", keep="theirs")
        equal(two.must("config.changes")["count"], 1, "changes that are left")
        two.commit()
        equal([r["destination"] for r in two.rows("smtproutes")], ["theirs.example.com", "USEDNS"], "routes")


@test
def the_same_field_of_a_single_table_is_a_conflict_that_names_it(world):
    instance = world.instance()
    with instance.api() as one, instance.api() as two:
        one.edit(edit("antispam", timeout=40))
        two.edit(edit("antispam", timeout=50))
        one.commit()
        (told,) = commit(two)[1]["conflicts"]
        equal((told["field"], told["base"]["timeout"], told["theirs"]["timeout"], told["mine"]["timeout"]),
              ("timeout", 60, 40, 50), "the conflict")


# ---- hostile ----


@test
def hostile_frames_are_answered_and_hurt_nobody_else(world):
    instance = world.instance()
    control = instance.role_pid("control")
    rng = random.Random(1)
    samples = [
        {"method": "config.edit", "edits": [route("example.com"), edit("antispam", timeout=1)], "more": False},
        {"method": "config.get", "table": "smtproutes", "key": "example.com"},
        {"method": "config.commit", "commit_id": "0123456789abcdef", "check": True},
        {"method": "config.rebase", "keep": "mine", "table": "antispam"},
        {"method": "tail", "log": "mail_logs", "lines": 1},
        {"method": "file.write", "name": "a", "text": "b", "first": True, "last": True},
    ]
    with instance.api() as api, instance.api() as bystander:
        for _ in range(600):
            frame = bytearray(json.dumps(rng.choice(samples)).encode())
            for _ in range(rng.randrange(1, 6)):
                place = rng.randrange(len(frame))
                frame[place : place + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
            api.send_frame(bytes(frame))
            end, _ = api.answer()
            true("code" in end or end["status"] == 0, f"{bytes(frame)} was answered {end}")
        bystander.must("version")
        nested = b'{"method":' + b"[" * 100000 + b"]" * 100000 + b"}"
        api.send_frame(nested)
        equal(api.answer()[0]["code"], "bad-request", "deep nesting")
        wide = b'{"method":"config.edit","edits":[' + b"7," * 400000 + b"7]}"
        api.send_frame(wide)
        equal(api.answer()[0]["code"], "bad-request", "too many edits")
        api.send_bytes(struct.pack("<I", 1 << 20) + b"x" * 1000)  # and never the rest
        with instance.api() as too_long:
            too_long.send_bytes(struct.pack("<I", (1 << 20) + 1))
            equal(too_long.answer()[0]["error"], "the request is too long", "the last answer")
            true(too_long.is_closed(), "it goes on")
        bystander.must("version")
    equal(instance.role_pid("control"), control, "the process of control")


@test
def a_shell_that_never_reads_costs_little(world):
    instance = world.instance()
    routes = [route(f"d{i}.example.com") for i in range(100000)]  # shown in 10 MB
    with instance.api() as api:
        for i in range(0, len(routes), 5000):
            api.edit(*routes[i : i + 5000])
        api.commit()
    with instance.api() as idle, instance.api() as bystander:
        bystander.must("version")
        before = peak_bytes(instance.role_pid("control"))
        idle.socket.settimeout(1)
        try:
            while True:  # until the daemon takes no more
                idle.send("config.show", pipeline=True)
        except TimeoutError:
            pass
        bystander.must("version")
        grown = peak_bytes(instance.role_pid("control")) - before
        most = 256 << 20 if sanitized() else 8 << 20  # a sanitizer keeps for a while what was freed
        true(grown < most, f"control grew by {grown} bytes")


@test
def after_a_failure_a_pipeline_is_skipped_and_what_it_had_edited_stays(world):
    instance = world.instance()
    with instance.api() as api:
        api.send("config.edit", edits=[route("a.example.com")], pipeline=True)
        api.send("config.edit", edits=[route("not a domain")], pipeline=True)
        api.send("config.edit", edits=[route("b.example.com")], pipeline=True)
        api.send("config.commit", commit_id=uuid.uuid4().hex, pipeline=True)
        api.send("config.changes")
        ends = [api.answer()[0] for _ in range(5)]
        equal([end.get("code") for end in ends], [None, "invalid-value", "skipped", "skipped", None], "answers")
        equal([c["key"] for c in ends[4]["result"]["changes"]], ["a.example.com"], "changes")


@test
def many_sessions_come_and_go(world):
    instance = world.instance()
    for _ in range(5):
        sessions = [instance.api() for _ in range(60)]
        for number, api in enumerate(sessions):
            api.edit(route(f"d{number}.example.com"))
        for api in sessions:
            api.close()
    with instance.api() as api:
        wait_until(lambda: len(api.must("who")["sessions"]) == 1, "the sessions to be gone")
        equal(api.must("config.changes")["count"], 0, "changes")


@test
def a_commit_that_a_part_refuses_leaves_candidate_and_configuration_as_they_were(world):
    instance = world.instance()
    with socket.create_server(("127.0.0.1", 0)) as taken, instance.api() as api, instance.api() as other:

        def candidate():
            return [json.dumps(api.call("config.changes"), sort_keys=True), json.dumps(api.rows("listeners"))]

        running = other.text("config.show")
        api.edit(route("d.example.com"),
                 edit("listeners", "new", "second", kind="private", address="127.0.0.1", port=taken.getsockname()[1]))
        before = candidate()
        for number in range(2):
            status, end, _ = api.call("config.commit", commit_id=f"{number:032}")
            equal((status, "port" in end["error"]), (4, True), f"the commit: {end}")
            equal(candidate(), before, "the candidate")
            equal(other.text("config.show"), running, "what is in force")
        taken.close()
        equal(api.commit()["revision"], 2, "the commit once the port is free")


@test
def a_session_that_leaves_in_mid_commit_holds_up_nobody(world):
    instance = world.instance()
    for number in range(10):
        with instance.api() as api:
            api.edit(route(f"d{number}.example.com"))
            api.send("config.commit", commit_id=f"{number:032}")
    with instance.api() as api:
        api.edit(route("last.example.com"))
        api.commit()
        domains = {row["domain"] for row in api.rows("smtproutes", running=True)}
        for number in range(10):  # each is there as a whole, or known not to be
            known = api.must("config.lookup", commit_id=f"{number:032}")["revision"] is not None
            equal(f"d{number}.example.com" in domains, known, f"commit {number}")


main()
