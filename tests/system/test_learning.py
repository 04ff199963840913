#!/usr/bin/env python3
"""Learning from single messages (R21): releases, TELL, teaching by MID, undoing, forgetting, kills, and hostile teachers."""

import contextlib
import json
import os
import pwd
import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import processes
from harness.api import edit
from harness.build import SAMPLES, program, wait_until
from harness.gateway import result, run
from harness.sender import send_one
from harness.spamd import ask, connect, parse, read_all, request
from harness.tap import equal, main, need, test, true

OFFER = (SAMPLES / "spam-text.eml").read_bytes()
LETTER = (SAMPLES / "ham-newsletter.eml").read_bytes()
HAM = (SAMPLES / "ham-personal.eml").read_bytes()
AS_SPAM = ("Message-class: spam", "Set: local")
AS_HAM = ("Message-class: ham", "Set: local")
FORGET = ("Remove: local",)
MIB = 1 << 20


def gateway(world, learning="on", settings=None):
    """A gateway that puts spam into quarantine and serves clients of spamd on the UNIX socket."""
    sink = world.sink(keep_data=True)
    instance = world.instance(route=sink.address, settings={"learning.interval": 1} | (settings or {}))
    instance.configure(
        edit("incoming-policy", key="DEFAULT", positive_action="quarantine"),
        edit("spamd", enabled="on", tcp="127.0.0.1:0", scale="raw"),
        edit("learning", enabled=learning),
    )
    return instance, sink


def changes(instance):
    return result(instance, "learning list")["changes"]


def tell(instance, message, headers):
    return ask(instance.spamd_socket, "TELL", message, headers=headers)


def like(message):
    """The same letter once more, by another name."""
    return re.sub(rb"(?mi)^Message-ID:.*$", b"Message-ID: <another-one@mail.example.org>", message)


def report(instance, message):
    """All parts of the score, as text."""
    return ask(instance.spamd_socket, "REPORT", message).body.decode()


def score(instance, message):
    return ask(instance.spamd_socket, "CHECK", message).score[1]


def learned_part(instance, message):
    """In log-odds."""
    found = re.search(r"([+-][\d.]+)  learned$", report(instance, message), re.M)
    return float(found.group(1)) if found else 0.0


def wait_used(instance, count, times):
    """Scan has taken up a set of that many examples, so often in all."""
    wait_until(lambda: len(instance.log.find(f"learning: {count} examples are in use")) >= times, f"{count} examples in use")


def quarantined(instance, message):
    """The MID of a message that is in the quarantine, whatever it scores."""
    mid = send_one(instance.address, b"X-Advertisement: spam\r\n" + message.replace(b"\n", b"\r\n"))
    instance.wait_idle()
    return mid


def settled(instance):
    """Scan has taken up all that was learned so far: one more change, which is undone, has come through behind it."""
    count = result(instance, "learning status")["examples"]
    marker = b"Subject: fence %d\nFrom: fence@example.org\n\nfence\n" % len(instance.log.lines())
    times = len(instance.log.find(f"learning: {count + 1} examples are in use"))
    tell(instance, marker, AS_HAM)
    wait_used(instance, count + 1, times + 1)


# What is learned


@test
def learning_is_off_until_it_is_switched_on(world):
    instance, sink = gateway(world, learning="off")
    before = report(instance, LETTER)
    reply = tell(instance, LETTER, AS_HAM)
    equal((reply.code, reply.text), (69, "EX_UNAVAILABLE: learning is off on this gateway"), "TELL")
    mid = quarantined(instance, LETTER)
    true("learning is off" in run(instance, f"learning ham {mid}", status=1), "by MID")
    run(instance, f"spamquarantine release {mid}")
    sink.wait_for_messages(1)
    equal(changes(instance), [], "learned from the release")
    true(run(instance, "learning status").startswith("Learning: off"), "status")
    equal(report(instance, LETTER), before, "score")


@test
def a_message_that_is_released_is_learned_and_undone_to_the_bit(world):
    instance, sink = gateway(world)
    before, points = report(instance, like(OFFER)), score(instance, like(OFFER))
    mid = quarantined(instance, OFFER)
    equal(run(instance, f"spamquarantine release {mid}"), "1 message released.\n", "answer")
    sink.wait_for_messages(1)
    wait_used(instance, 1, 1)
    instance.log.wait_for(f"learning: released MID {mid} learned as not spam by")
    (change,) = changes(instance)
    equal((change["kind"], change["origin"], change["undo"], change["used"]), ("ham", f"released MID {mid}", True, True), "change")
    true(learned_part(instance, like(OFFER)) < -0.3, f"hardly any effect: {report(instance, like(OFFER))}")
    true(score(instance, like(OFFER)) <= points, "score of the like message")
    equal(run(instance, "learning undo"), "1 change undone.\n", "undo")
    wait_used(instance, 0, 1)
    equal(report(instance, like(OFFER)), before, "score after undo")
    equal(run(instance, "learning undo"), "There is nothing to undo.\n", "nothing left")


@test
def the_gateways_own_mail_is_judged_with_what_was_learned_and_says_so(world):
    instance, _ = gateway(world)
    equal(tell(instance, LETTER, AS_SPAM).headers.get("didset"), "local", "answer")
    wait_used(instance, 1, 1)
    mid = send_one(instance.address, like(LETTER).replace(b"\n", b"\r\n"))
    line = wait_until(lambda: next(iter(instance.log.find(f"MID {mid} score ")), None), "a verdict")
    true(re.search(r" learned=\+[\d.]+ ", line), line)


@test
def a_release_of_all_teaches_nothing(world):
    instance, sink = gateway(world)
    quarantined(instance, LETTER)
    run(instance, "spamquarantine release all")
    sink.wait_for_messages(1)
    settled(instance)
    equal([change["origin"] for change in changes(instance)], ["a message told to spamd"], "the fence alone")


@test
def administrators_teach_by_mid_and_forget_again(world):
    instance, _ = gateway(world)
    before = report(instance, like(LETTER))
    mid = quarantined(instance, LETTER)
    equal(run(instance, f"learning spam {mid}"), "1 message handed over.\n", "answer")
    wait_used(instance, 1, 1)
    true(learned_part(instance, like(LETTER)) > 0.3, "effect")
    true(f"MID {mid + 5000}" in run(instance, f"learning ham {mid + 5000}", status=1), "one that is not there")
    run(instance, f"learning forget {mid}")
    wait_used(instance, 0, 1)
    equal(report(instance, like(LETTER)), before, "score")
    equal([change["kind"] for change in changes(instance)], ["spam", "forget"], "both can be undone")
    run(instance, "learning undo")
    wait_used(instance, 1, 2)
    true(learned_part(instance, like(LETTER)) > 0.3, "effect after the forgetting was undone")


@test
def the_same_message_counts_once_and_its_last_class(world):
    instance, _ = gateway(world)
    equal(tell(instance, LETTER, AS_HAM).headers.get("didset"), "local", "news")
    equal(tell(instance, LETTER, AS_HAM).headers.get("didset"), None, "the same again")
    delivered = b"Received: from a by b; Fri, 20 Nov 2026 10:00:00 +0000\nX-Spam-Flag: NO\n" + LETTER
    equal(tell(instance, delivered, AS_SPAM).headers.get("didset"), "local", "another class, as it was delivered")
    equal(result(instance, "learning status")["examples"], 1, "examples")
    equal(["score" in change for change in changes(instance)], [False, True], "what was said first has no score any more")
    settled(instance)
    true(learned_part(instance, like(LETTER)) > 0.3, "what was said last counts")
    equal(tell(instance, delivered, FORGET).headers.get("didremove"), "local", "forgotten")
    equal(tell(instance, delivered, FORGET).headers.get("didremove"), None, "nothing to forget")


@test
def reset_forgets_everything_for_ever(world):
    instance, _ = gateway(world)
    before = report(instance, LETTER)
    tell(instance, LETTER, AS_SPAM)
    tell(instance, HAM, AS_HAM)
    wait_used(instance, 2, 1)
    true("cannot be undone" not in run(instance, "learning reset"), "a batch is not asked")
    wait_used(instance, 0, 1)
    equal(changes(instance), [], "left")
    equal(run(instance, "learning undo"), "There is nothing to undo.\n", "undo")
    equal(report(instance, LETTER), before, "score")
    traces = [file.name for file in (instance.folder / "config").glob("learned.db*") if b"told to spamd" in file.read_bytes()]
    equal(traces, [], "files with traces")


@contextlib.contextmanager
def nothing_is_read(instance):
    """Scan takes nothing meanwhile, so that what is to be learned from waits."""
    scan = processes.family_of(instance.role_pid("scan"))
    processes.freeze(scan)
    try:
        yield
    finally:
        for pid in scan:
            processes.send_signal(pid, signal.SIGCONT)


def begin_to_tell(instance, *messages):
    """One client after the other, none of which reads its answer yet."""
    tellers = [connect(instance.spamd_socket) for _ in messages]
    for teller, message in zip(tellers, messages):
        teller.sendall(request("TELL", message, headers=AS_SPAM))
    return tellers


@test
def what_waits_to_be_learned_from_is_forgotten_by_a_reset_too(world):
    instance, _ = gateway(world, settings={"test.hooks": 1})
    instance.configure(edit("antispam", timeout=2))
    with nothing_is_read(instance):
        tellers = begin_to_tell(instance, b"X-Mailward-Test: hang\n" + LETTER, LETTER, HAM)

        def all_are_dropped():
            run(instance, "learning reset")
            return len(instance.log.find("is not learned from: everything was forgotten while it waited")) == 3

        wait_until(all_are_dropped, "the end of what waits")
    replies = [parse(read_all(teller)) for teller in tellers]
    equal([(reply.code, "was forgotten" in reply.text) for reply in replies], [(75, True)] * 3, "answers")
    equal(tell(instance, LETTER, AS_HAM).headers.get("didset"), "local", "the next one")
    equal([change["kind"] for change in changes(instance)], ["ham"], "learned")
    instance.log.wait_for("learned as not spam")
    equal(instance.log.find("killed the worker"), [], "what was said of the one that was at scan")


@test
def so_many_messages_wait_to_be_learned_from_and_no_more(world):
    instance, _ = gateway(world)
    mid = quarantined(instance, LETTER)
    with nothing_is_read(instance), instance.api() as api:
        answer = api.must("learning.learn", operation="spam", messages=[mid] * 102)
        equal((answer["messages"], answer["refused"]), (100, 2), "taken and refused")
        instance.log.wait_for("is not learned from: too many messages wait for that")
    wait_used(instance, 1, 1)
    equal(tell(instance, HAM, AS_HAM).headers.get("didset"), "local", "when the others are through")


@test
def so_many_bytes_wait_to_be_learned_from_and_no_more(world):
    instance, _ = gateway(world)
    instance.configure(edit("antispam", never_scan_size="100M"))
    big, huge = (b"Subject: x\n\n" + b"words\n" * (size // 6) for size in (22 * MIB, 65 * MIB))
    reply = tell(instance, huge, AS_SPAM)
    equal((reply.code, reply.text), (75, "EX_TEMPFAIL: nothing is learned from a message of more than 64 MiB"), "one alone")
    with nothing_is_read(instance):
        tellers = begin_to_tell(instance, big, b"a" + big, b"b" + big)
        instance.log.wait_for("is not learned from: too many messages wait for that")
    replies = [parse(read_all(teller)) for teller in tellers]
    equal(sorted(reply.code for reply in replies), [0, 0, 75], "answers")


@test
def switching_it_off_brings_the_old_scores_and_on_again_the_learned_ones(world):
    instance, _ = gateway(world)
    before = report(instance, LETTER)
    tell(instance, LETTER, AS_SPAM)
    wait_used(instance, 1, 1)
    learned = report(instance, LETTER)
    run(instance, "learningconfig setup off; commit")
    equal(report(instance, LETTER), before, "off")
    equal(result(instance, "learning status")["examples"], 1, "examples are kept")
    run(instance, "learningconfig setup on; commit")
    equal(report(instance, LETTER), learned, "on")
    true(learned != before, "no effect")


@test
def what_is_exported_scores_offline_as_it_does_here(world):
    instance, _ = gateway(world)
    tell(instance, LETTER, AS_SPAM)
    wait_used(instance, 1, 1)
    equal(run(instance, "learning export now.learned"), "1 example exported to 'now.learned'.\n", "answer")
    letter = world.folder / "letter.eml"
    letter.write_bytes(like(LETTER).replace(b"\n", b"\r\n"))
    exported = instance.folder / "configuration" / "now.learned"

    def offline(*options):
        return subprocess.run([program("mailward-scan"), "--json", *options, letter], capture_output=True, text=True, timeout=60)

    reasons = {reason["name"]: reason["log_odds"] for reason in json.loads(offline("--learned", exported).stdout)["reasons"]}
    equal(round(reasons["learned"], 2), learned_part(instance, like(LETTER)), "the learned part")
    true("learned" not in offline().stdout, "without the file")
    exported.write_bytes(exported.read_bytes()[:-1])
    broken = offline("--learned", exported)
    equal((broken.returncode, "is damaged, or of another version" in broken.stderr), (1, True), broken.stderr)


@test
def who_learns_while_nothing_is_scanned_is_warned(world):
    instance = world.instance()
    warning = "Warning: learning: enabled is on, but anti-spam is off for the whole gateway: what is learned has no effect"
    true(warning not in run(instance, "learningconfig setup on; commit"), "while it is on")
    true(warning in run(instance, "antispamconfig setup off; commit"), "once it is off")


# Kills


@test
def what_was_answered_survives_kills_of_every_role_and_a_restart(world):
    instance, _ = gateway(world)
    tell(instance, LETTER, AS_SPAM)
    wait_used(instance, 1, 1)
    learned = report(instance, LETTER)
    instance.kill_role("control")
    wait_until(lambda: result(instance, "learning status")["examples"] == 1, "control has its examples")
    for times in (2, 3):
        instance.kill_role("scan")
        wait_used(instance, 1, times)
        equal(report(instance, LETTER), learned, "score")
    instance.power_off()
    instance.start()
    wait_used(instance, 1, 4)
    equal(report(instance, LETTER), learned, "score after the restart")
    equal(tell(instance, LETTER, AS_SPAM).headers.get("didset"), None, "it is known")


@test
def a_message_that_kills_its_worker_is_not_learned_and_the_next_one_is(world):
    instance, _ = gateway(world, settings={"test.hooks": 1})
    reply = tell(instance, b"X-Mailward-Test: crash\n" + LETTER, AS_SPAM)
    equal((reply.code, "killed the worker" in reply.text), (75, True), "answer")
    equal(tell(instance, LETTER, AS_SPAM).headers.get("didset"), "local", "the next one")
    equal(len(changes(instance)), 1, "changes")


@test
def examples_of_another_version_are_kept_aside_and_said(world):
    instance, _ = gateway(world)
    before = report(instance, LETTER)
    tell(instance, LETTER, AS_SPAM)
    wait_used(instance, 1, 1)
    instance.stop()
    with sqlite3.connect(instance.folder / "config" / "learned.db") as db:
        db.execute("UPDATE example SET version = version - 1")
    instance.start()
    instance.log.wait_for("learning: 1 examples of another version of the program are kept, and not used")
    status = result(instance, "learning status")
    equal((status["examples"], status["unused"]), (1, 1), "status")
    equal(report(instance, LETTER), before, "score")
    tell(instance, LETTER, FORGET)
    instance.log.wait_for("is not known; 1 examples of another version of the program were not looked through")


@test
def examples_that_are_damaged_are_refused_and_the_gateway_goes_on(world):
    instance, _ = gateway(world)
    before = report(instance, LETTER)
    tell(instance, LETTER, AS_SPAM)
    wait_used(instance, 1, 1)
    instance.stop()
    with sqlite3.connect(instance.folder / "config" / "learned.db") as db:
        db.execute("UPDATE example SET sample = x'ffffffff'")
    instance.start()
    refused = "learning: what was learned last cannot be used (scan zygote: what was learned is damaged"
    instance.log.wait_for(refused)
    equal(report(instance, LETTER), before, "score")
    tell(instance, HAM, AS_HAM)
    wait_until(lambda: len(instance.log.find(refused)) == 2, "a second refusal, while the first generation goes on")
    equal(report(instance, LETTER), before, "score")
    run(instance, "learning reset")
    tell(instance, LETTER, AS_SPAM)
    wait_used(instance, 1, 2)


@test
def a_store_that_cannot_be_opened_is_said_and_nothing_is_learned(world):
    instance, _ = gateway(world)
    instance.stop()
    for file in (instance.folder / "config").glob("learned.db*"):
        file.unlink()
    (instance.folder / "config" / "learned.db").write_bytes(b"no database, but long enough to be taken for one" * 100)
    instance.start()
    instance.log.wait_for("learning: cannot open config/learned.db: file is not a database; move it away, and a new one is begun")
    equal(tell(instance, LETTER, AS_SPAM).code, 75, "TELL")
    true("cannot be opened" in run(instance, "learning list", status=1), "list")
    equal(ask(instance.spamd_socket, "CHECK", LETTER).code, 0, "a scan")


# Who may teach


@test
def nobody_teaches_over_tcp(world):
    instance, _ = gateway(world)
    for headers in (AS_SPAM, AS_HAM, FORGET):
        reply = ask(instance.spamd_addresses[0], "TELL", LETTER, headers=headers)
        equal((reply.code, reply.text), (77, "EX_NOPERM: TELL is taken on the UNIX socket only"), str(headers))
    equal(changes(instance), [], "learned")


@test
def what_an_administrator_has_said_of_a_message_stands_whatever_is_told(world):
    instance, _ = gateway(world)
    mid = quarantined(instance, LETTER)
    run(instance, f"learning ham {mid}")
    wait_used(instance, 1, 1)
    for headers in (AS_SPAM, FORGET):
        reply = tell(instance, LETTER, headers)
        equal((reply.code, reply.headers), (77, {}), f"answer to {headers}")
        true("an administrator has said of this message that it is not spam" in reply.text, reply.text)
    reply = tell(instance, LETTER, AS_HAM)
    equal((reply.code, reply.headers.get("didset")), (0, None), "the same as he said")
    equal([(change["kind"], "score" in change) for change in changes(instance)], [("ham", True)], "what is learned")
    instance.log.wait_for("is not learned from: an administrator has said")
    run(instance, f"learning forget {mid}")
    wait_used(instance, 0, 1)
    equal(tell(instance, LETTER, AS_SPAM).headers.get("didset"), "local", "told once he has taken it back")


def spamc(instance, word):
    """Its exit status, and what it says."""
    run = subprocess.run(["spamc", "-U", str(instance.spamd_socket), "-L", word], input=LETTER, capture_output=True, timeout=60)
    return run.returncode, run.stdout.decode().strip()


@test
def spamc_fails_where_nothing_is_learned(world):
    need("spamc")
    instance, _ = gateway(world, learning="off")
    status, said = spamc(instance, "spam")
    true(status != 0 and "un/learned" not in said, f"{status}: {said}")


@test
def tellers_do_not_keep_scan_busy_with_new_generations(world):
    instance, _ = gateway(world, settings={"learning.interval": 3600, "test.hooks": 1})
    instance.configure(edit("antispam", timeout=5))
    tell(instance, LETTER, AS_SPAM)
    wait_used(instance, 1, 1)
    tell(instance, HAM, AS_HAM)
    tell(instance, OFFER, AS_SPAM)
    equal(tell(instance, b"X-Mailward-Test: hang\n" + OFFER, AS_SPAM).code, 75, "one that takes until its worker is killed")
    equal(len(instance.log.find("examples are in use")), 1, "generations")
    run(instance, "learning undo")
    wait_used(instance, 2, 1)


@test
def who_has_told_is_by_the_kernels_word(world):
    instance, _ = gateway(world)
    tell(instance, LETTER, (*AS_SPAM, "User: postmaster"))
    me = pwd.getpwuid(os.getuid()).pw_name
    (change,) = changes(instance)
    equal((change["who"], change["origin"]), (me, "a message told to spamd for postmaster"), "change")


@test
def spamc_learns_and_forgets(world):
    need("spamc")
    instance, _ = gateway(world)

    told, known = (0, "Message successfully un/learned"), (0, "Message was already un/learned")
    said = [spamc(instance, word) for word in ("spam", "spam", "ham", "forget", "forget")]
    equal(said, [told, known, told, told, known], "spamc -L")
    equal(result(instance, "learning status")["examples"], 0, "examples")


@test
def requests_that_make_no_sense_are_answered(world):
    instance, _ = gateway(world)
    cases = (
        (("Message-class: eggs", "Set: local"), 76, "Message-class is neither spam nor ham"),
        (("Set: local",), 76, "TELL with Set needs a Message-class"),
    )
    for headers, code, text in cases:
        reply = tell(instance, LETTER, headers)
        equal((reply.code, text in reply.text), (code, True), reply.text)
    for headers in ((), ("Message-class: spam", "Set: remote"), ("Remove: remote",)):
        equal((tell(instance, LETTER, headers).code, tell(instance, LETTER, headers).headers.get("didset")), (0, None), str(headers))
    equal(changes(instance), [], "learned")


@test
def a_hundred_hostile_tellers_do_not_move_other_mail_over_the_threshold(world):
    instance, _ = gateway(world)
    before = score(instance, HAM)
    words = re.findall(rb"[a-z]{4,}", LETTER) + re.findall(rb"[a-z]{4,}", HAM)
    for n in range(100):
        text = b" ".join(words[(n * 7 + i * (n + 3)) % len(words)] for i in range(60))
        message = b"From: a%d@example.org\nSubject: hello %d\nMessage-ID: <%d@example.org>\n\n%s\n" % (n, n, n, text)
        equal(tell(instance, message, AS_SPAM).headers.get("didset"), "local", f"teller {n}")
    wait_used(instance, 100, 1)
    for n in range(20):
        tell(instance, HAM + b"p.s. %d\n" % n, AS_SPAM)
    settled(instance)
    true(learned_part(instance, HAM) <= 3.0, "the limit of what learning may do")
    true(score(instance, HAM) < 50, f"legitimate mail has {score(instance, HAM)} instead of {before}")
    unrelated = (SAMPLES / "ham-attachment.eml").read_bytes()
    true(learned_part(instance, unrelated) < 1.0, report(instance, unrelated))


@test
def what_is_taught_is_in_the_audit(world):
    instance, _ = gateway(world)
    mid = quarantined(instance, LETTER)
    run(instance, f"learning spam {mid}")
    wait_used(instance, 1, 1)
    with sqlite3.connect(f"file:{instance.folder / 'config' / 'config.db'}?mode=ro", uri=True) as db:
        found = [row for row in db.execute("SELECT * FROM audit") if "learning.learn" in row]
    equal(len(found), 1, "records of the audit")


if __name__ == "__main__":
    main()
