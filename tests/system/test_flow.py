#!/usr/bin/env python3
"""A message from the socket to the Maildir or the quarantine, and what the log says of it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.api import edit
from harness.build import SAMPLES
from harness.mail import body_sha256, header, make_mail, read_sample, split_mail
from harness.sender import send_one
from harness.tap import equal, main, proves, test, true

# The order of the product's own log sample; what is between may be there too.
HAM_LINES = (
    "Start MID",
    "From: <anna@example.org>",
    "RID 0 To: <ben@example.com>",
    "Message-ID '",
    "Subject '",
    "ready",
    "matched all recipients for per-recipient policy DEFAULT in the inbound table",
    "using engine: CASE spam negative",
    "queued for delivery",
    "Message finished MID",
)


def in_order(lines, shapes):
    """Fails unless each shape is found in a line after the line of the shape before it."""
    rest = iter(lines)
    for shape in shapes:
        true(any(shape in line for line in rest), f"{shape!r} is missing or out of order in {lines}")


def sample(name):
    return read_sample(SAMPLES / name)


def only_delivered(instance):
    delivered = list(instance.maildir().values())
    equal(len(delivered), 1, "messages in the Maildir")
    return delivered[0]


@test
@proves("S2-183 S2-184")
def ordinary_mail_is_delivered_with_its_body_untouched(world):
    instance = world.instance()
    names = [path.name for path in sorted(SAMPLES.glob("ham-*.eml"))]
    for name in names:
        send_one(instance.address, sample(name))
    instance.wait_idle()
    delivered = {body_sha256(data): data for data in instance.maildir().values()}
    equal(set(delivered), {body_sha256(sample(name)) for name in names}, "bodies")
    for data in delivered.values():
        equal(header(data, "X-IronPort-Anti-Spam-Filtered"), "true", "X-IronPort-Anti-Spam-Filtered")
        true(header(data, "X-IronPort-Anti-Spam-Result"), "X-IronPort-Anti-Spam-Result is missing")
        true(header(data, "Received"), "Received is missing")


@test
def ordinary_mail_leaves_its_lines_in_the_documented_order(world):
    instance = world.instance()
    mid = send_one(instance.address, sample("ham-personal.eml"))
    instance.wait_idle()
    in_order(instance.log.of_message(mid), HAM_LINES)
    instance.log.wait_for("ICID 1 ACCEPT")
    instance.log.wait_for("ICID 1 close")


@test
@proves("S2-250 S2-251")
def the_test_header_sends_a_message_to_the_quarantine(world):
    instance = world.instance()
    mid = send_one(instance.address, sample("spam-test.eml"))
    instance.wait_idle()
    lines = instance.log.of_message(mid)
    in_order(lines, ("using engine: CASE spam positive", f"ISQ: Tagging MID {mid} for quarantine"))
    in_order(lines, (f"ISQ: Quarantined MID {mid}",))
    equal(instance.maildir(), {}, "the Maildir")


@test
def a_suspect_message_is_delivered_with_its_subject_marked(world):
    # With both thresholds at their limits any but the cleanest message is suspect, and only the worst is positive.
    instance = world.instance()
    instance.configure(edit("incoming-policy", key="DEFAULT", suspect_threshold=25, positive_threshold=99))
    candidates = [sample("legitimate/flight.eml"), sample("malformed.eml")]
    mids = [send_one(instance.address, message) for message in candidates]
    instance.wait_idle()
    suspect = [mid for mid in mids if any("spam suspect" in line for line in instance.log.of_message(mid))]
    true(suspect, "no sample was suspect: the test needs a better one")
    delivered = instance.maildir().values()
    marked = [data for data in delivered if header(data, "Subject").startswith("[SUSPECTED SPAM] ")]
    equal(len(marked), len(suspect), "marked messages")
    originals = {body_sha256(message): header(message, "Subject") for message in candidates}
    for data in marked:
        subject = originals[body_sha256(data)]
        equal(header(data, "Subject"), f"[SUSPECTED SPAM] {subject}", "the marked subject")


@test
def spam_is_treated_as_spam(world):
    instance = world.instance()
    mid = send_one(instance.address, sample("spam-text.eml"))
    instance.wait_idle()
    lines = "\n".join(instance.log.of_message(mid))
    true("spam positive" in lines or "spam suspect" in lines, lines)


@test
def malformed_mail_is_judged_and_arrives_unchanged(world):
    instance = world.instance()
    message = sample("malformed.eml")
    mid = send_one(instance.address, message)
    instance.wait_idle()
    true(any("using engine: CASE spam" in line for line in instance.log.of_message(mid)), "no verdict")
    if instance.maildir():
        equal(body_sha256(only_delivered(instance)), body_sha256(message), "the body")


@test
def header_fields_of_the_sender_arrive_in_order_and_unchanged(world):
    instance = world.instance()
    message = make_mail(1, headers=("X-Folded: one\r\n\ttwo\r\n  three", "X-Empty:", "X-8bit: Grüße"))
    send_one(instance.address, message)
    instance.wait_idle()
    delivered = split_mail(only_delivered(instance))[0].replace(b"\r\n", b"\n")
    sent = split_mail(message)[0].replace(b"\r\n", b"\n")
    true(sent in delivered + b"\n", f"{sent!r} is not in {delivered!r}")


@test
def a_hostile_subject_cannot_break_a_log_line(world):
    instance = world.instance()
    mid = send_one(instance.address, make_mail(1, subject="a\x1b[31m \xff\x7f MID 99 Subject 'b"))
    instance.wait_idle()
    line = next(line for line in instance.log.of_message(mid) if "Subject '" in line)
    true(line.isprintable(), repr(line))


@test
def the_log_and_the_maildir_agree_by_message_id(world):
    instance = world.instance()
    for serial in range(20):
        headers = ("X-Advertisement: spam",) if serial % 4 == 0 else ()
        send_one(instance.address, make_mail(serial, headers=headers))
    instance.wait_idle()
    in_maildir = {header(data, "Message-ID").strip("<>") for data in instance.maildir().values()}
    for serial in range(20):
        message_id = f"{serial}@tests.example.org"
        mid = instance.log.mid_of_message_id(f"<{message_id}>")
        quarantined = any(f"ISQ: Quarantined MID {mid}" in line for line in instance.log.lines())
        equal(quarantined, serial % 4 == 0, f"{message_id} quarantined")
        equal(message_id in in_maildir, not quarantined, f"{message_id} delivered")


@test
def a_message_larger_than_never_scan_size_is_delivered_unscanned(world):
    instance = world.instance()
    instance.configure(edit("antispam", always_scan_size="10K", never_scan_size="20K"))
    mid = send_one(instance.address, make_mail(1, size=40000, headers=("X-Advertisement: spam",)))
    instance.wait_idle()
    true(any("was too big" in line for line in instance.log.of_message(mid)), "no 'too big' line")
    only_delivered(instance)


main()
