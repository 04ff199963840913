#!/usr/bin/env python3
"""What the anti-spam settings and the policies do to mail, and how the workers change from one revision to the next."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import processes
from harness.api import edit
from harness.build import wait_until
from harness.mail import header, make_mail
from harness.sender import Session, send_one
from harness.tap import equal, main, proves, test, true

ANNA, BEN = "anna@example.org", "ben@example.com"
SPAM = ("X-Advertisement: spam",)
JUDGED = re.compile(r"MID \d+ score .* revision (\d+)$")


def policy(**fields):
    return edit("incoming-policy", key="DEFAULT", **fields)


def revision_of(instance, mid):
    """The revision that judged the message, as the log has it."""
    found = [match for line in instance.log.of_message(mid) if (match := JUDGED.search(line))]
    equal(len(found), 1, f"judgements of MID {mid}")
    return int(found[0].group(1))


def delivered_ids(instance):
    return {header(data, "Message-ID") for data in instance.maildir().values()}


@test
@proves("S2-19 S2-156 S2-252")
def spam_is_dropped_marked_or_let_through_as_the_policy_says(world):
    instance = world.instance()
    mids = []
    for serial, action in enumerate(("deliver", "drop", "quarantine", "bounce")):
        subject = "append: [SPAM] "
        instance.configure(policy(positive_action=action, positive_subject=subject, positive_header="X-Spam: yes"))
        mids.append(send_one(instance.address, make_mail(serial, subject="hello", headers=SPAM)))
        instance.wait_idle()
    (arrived,) = [data for data in instance.maildir().values() if header(data, "Message-ID").startswith("<0@")]
    equal(header(arrived, "X-Spam"), "yes", "the header")
    true(b"\r\nSubject: hello [SPAM] \r\n" in arrived, "the subject is not what it was, then the text with its blanks")
    ends = ("done", "Dropped by CASE", "ISQ: Quarantined", "was generated for bounce of")
    for mid, end in zip(mids, ends):
        true(any(end in line for line in instance.log.of_message(mid)), f"MID {mid}: no {end!r}")
    equal([revision_of(instance, mid) for mid in mids], list(range(2, 6)), "revisions")


@test
@proves("S2-33")
def where_anti_spam_is_off_spam_is_delivered_without_our_headers(world):
    instance = world.instance()
    instance.configure(edit("antispam", enabled=False))
    mid = send_one(instance.address, make_mail(1, headers=(*SPAM, "X-IronPort-Anti-Spam-Filtered: true")))
    instance.wait_idle()
    (arrived,) = instance.maildir().values()
    true(b"X-IronPort-Anti-Spam" not in arrived, "a header of ours, or one that was forged")
    true(any("anti-spam is off, revision 2" in line for line in instance.log.of_message(mid)), "no line")


@test
def a_commit_under_load_judges_each_message_wholly_by_one_revision(world):
    """Odd revisions drop spam, even ones deliver it."""
    instance = world.instance()
    mids = []
    with Session(instance.address) as session:
        for serial in range(150):
            if serial % 15 == 7:
                action = "deliver" if (serial // 15) % 2 == 0 else "drop"
                instance.configure(policy(positive_action=action))
            mids.append(session.mail(ANNA, [BEN], make_mail(serial, headers=SPAM)).mid)
            if serial == 0:  # the first revision quarantines
                instance.wait_idle()
    instance.wait_idle()
    seen, arrived = set(), delivered_ids(instance)
    for serial, mid in enumerate(mids):
        revision = revision_of(instance, mid)
        seen.add(revision)
        delivered = f"<{serial}@tests.example.org>" in arrived
        equal(delivered, revision > 1 and revision % 2 == 0, f"MID {mid} of revision {revision} delivered")
    equal(seen, set(range(1, 12)), "revisions that judged")


@test
def a_configuration_that_the_workers_fail_with_is_refused_and_changes_nothing(world):
    instance = world.instance(settings={"test.hooks": 1})
    with instance.api() as api:
        for hook in ("refuse-prepare", "crash", "hang"):
            api.edit(policy(positive_action="drop", positive_header=f"X-Mailward-Test: {hook}"))
            candidate = api.rows("incoming-policy")
            status, end, _ = api.call("config.commit", commit_id=f"refused-{hook}-0000000000")
            equal((status, end.get("role")), (4, "scan"), f"the answer to {hook}: {end}")
            true("test message" in end["error"] or "in time" in end["error"], end["error"])
            equal(api.rows("incoming-policy"), candidate, "the candidate")
        mid = send_one(instance.address, make_mail(1, headers=SPAM))
        instance.wait_idle()
        equal(revision_of(instance, mid), 1, "revision")
        true(any("ISQ: Quarantined" in line for line in instance.log.of_message(mid)), "not treated as before")
        api.edit(policy(positive_header=""))
        equal(api.commit()["revision"], 2, "the commit of what is left")


@test
def the_workers_of_an_old_revision_end(world):
    instance = world.instance(settings={"scan.workers": 2})
    for threshold in range(60, 70):
        instance.configure(policy(positive_threshold=threshold))
    supervisor = instance.role_pid("scan")
    # Itself, its zygote, two workers.
    wait_until(lambda: len(processes.family_of(supervisor)) == 4, "the old workers to end", 20)


main()
