#!/usr/bin/env python3
"""Anti-spam as an administrator has it: settings and policies given to the real shell, real mail, and what becomes of
it.  Most of these tests are the proof of rows of tests/requirements.tsv."""

import math
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.build import SAMPLES, program
from harness.gateway import configure, delivered, result, send, settings
from harness.mail import header, make_mail, read_sample
from harness.sender import send_one
from harness.tap import equal, main, proves, test, true
from harness.terminal import Terminal

SPAM = ("X-Advertisement: spam",)
INCOMING, OUTGOING = (f"policyconfig {direction} edit DEFAULT antispam" for direction in ("incoming", "outgoing"))

# Mail of every degree: ever more of OFFERS, ever less of NOTES.
OFFERS = (
    "Lose weight fast!", "Order now, limited time offer!", "No risk, no obligation!",
    "Cheap pharmacy, no prescription needed!", "Click here to claim your free cash!", "Consolidate your debt today!",
    "You are a winner, act now!", "Lowest mortgage rates!", "Earn money from home!", "Guaranteed, no credit check!",
    "To be removed from our list click here.", "This is not spam.",
)  # fmt: skip
NOTES = (
    "The minutes of the meeting are on the table.", "We take the early train, and lunch is at noon.",
    "The garden needs water before the weekend.", "Please read the draft of the report.",
    "The kitchen window is still broken.", "Thanks for the review of the budget.",
)  # fmt: skip
SHADES = [(offers, notes) for offers in range(len(OFFERS) + 1) for notes in (6, 3, 0)]
MILD = [(offers, notes) for offers in range(1, 6) for notes in range(len(NOTES) + 1)]
MIDDLING = (6, 3)  # suspect or positive as the thresholds are


def shade(offers, notes, serial=0, **options):
    body = "\r\n".join((*NOTES[:notes], *OFFERS[:offers], "")).encode()
    return make_mail(serial, body=body, **{"subject": "hello", **options})


def judgement(instance, mid):
    """Verdict and score of a finished message, as the log has them."""
    text = "\n".join(instance.log.of_message(mid))
    verdict, score = re.search(r"CASE spam (\w+)", text), re.search(r"MID \d+ score (\d+)", text)
    return verdict and verdict.group(1), score and int(score.group(1))


def fate(instance, mid):
    """What became of a message, told by where it is."""
    if any(message["mid"] == mid for message in result(instance, "spamquarantine list")["messages"]):
        return "quarantine"
    if delivered(instance, mid):
        return "deliver"
    if bounces := instance.log.find(f"was generated for bounce of MID {mid}"):
        notice = delivered(instance, int(re.search(r"MID (\d+) was generated", bounces[0]).group(1)))
        true(b"multipart/report" in notice, "the bounce is no notice")
        return "bounce"
    return "drop" if instance.log.find(f"Message aborted MID {mid} Dropped by CASE") else "nowhere"


def private_listener(instance):
    """Where mail is outgoing."""
    configure(
        instance,
        "listenerconfig new Inside private 127.0.0.3 0",
        "listenerconfig edit Inside hostaccess new 127.0.0.1",
    )
    return instance.listeners()["Inside"]


# Policies of both directions


@test
@proves("S2-1 S2-6 S2-8 S2-147 S2-148 S2-183")
def incoming_and_outgoing_mail_is_judged_and_treated_by_the_policy_of_its_direction(world):
    instance = world.instance()
    inside = private_listener(instance)
    message = shade(*MIDDLING)
    before = send(instance, message, inside)
    equal(header(delivered(instance, before), "X-IronPort-Anti-Spam-Filtered"), None, "outgoing mail as shipped")
    configure(
        instance,
        f"{INCOMING} on --positive-threshold=60 --positive-action=drop --positive-archive=on",
        f"{OUTGOING} on --positive-threshold=99 --suspect-threshold=60 --suspect-subject=append:*",
    )
    incoming, outgoing = send(instance, message), send(instance, message, inside)
    equal(judgement(instance, incoming)[0], "positive", "verdict coming in")
    equal(judgement(instance, outgoing)[0], "suspect", "verdict going out")
    equal((fate(instance, incoming), fate(instance, outgoing)), ("drop", "deliver"), "fates")
    equal(header(delivered(instance, outgoing), "Subject"), "hello*", "the subject that went out")
    equal(header(delivered(instance, outgoing), "X-IronPort-Anti-Spam-Filtered"), "true", "the header that went out")
    instance.log.wait_for(f"MID {incoming} archived by CASE")


@test
@proves("S2-150")
def a_policy_may_leave_anti_spam_off_while_another_has_it(world):
    instance = world.instance()
    inside = private_listener(instance)
    configure(instance, f"{INCOMING} off", f"{OUTGOING} on --positive-action=drop")
    incoming = send(instance, make_mail(1, headers=SPAM))
    outgoing = send(instance, make_mail(1, headers=SPAM), inside)
    true(b"X-IronPort" not in delivered(instance, incoming), "judged although it is off")
    equal(fate(instance, outgoing), "drop", "spam where it is on")


@test
@proves("S2-149 S2-151")
def only_an_engine_that_is_there_can_be_chosen_and_only_one(world):
    instance = world.instance()
    for engine, status in (("multiscan", 1), ("antispam,multiscan", 2), ("antispam --engine=multiscan", 2)):
        run = instance.shell(f"{INCOMING} on --engine={engine}; commit")
        equal(run.returncode, status, f"status for {engine}: {run.stdout}")
    equal(settings(instance, "incoming-policy")[0]["engine"], "antispam", "engine")
    with Terminal([program("mailward"), "--private", str(instance.folder)], "dumb") as terminal:
        for answer in ("policyconfig", "1", "edit", "DEFAULT", "antispam", "edit"):
            terminal.wait("> ")
            terminal.type(f"{answer}\n")
        true("multiscan" not in terminal.wait("From what score on"), "an engine that is off is offered")
    send(instance, make_mail(1))
    instance.log.wait_for("using engine: CASE spam negative")


# Scores and thresholds


def send_shades(instance, shades=SHADES):
    """Every shade once; returns the judgements by MID."""
    mids = [send_one(instance.address, shade(*one, serial=n)) for n, one in enumerate(shades)]
    instance.wait_idle()
    return {mid: judgement(instance, mid) for mid in mids}


def expected(score, positive=90, suspect=50):
    return "positive" if score >= positive else "suspect" if score >= suspect else "negative"


@test
@proves("S2-3")
def the_score_is_higher_the_more_a_message_is_like_spam(world):
    instance = world.instance()
    scores = {}
    for path in SAMPLES.glob("*-*.eml"):
        if path.name != "spam-test.eml":  # judged by its mark
            scores[path.name] = judgement(instance, send(instance, read_sample(path)))[1]
    ham, spam = ([score for name, score in scores.items() if name.startswith(kind)] for kind in ("ham", "spam"))
    true(max(ham) < min(spam), scores)
    shades = [score for _, score in send_shades(instance).values()]
    third = len(shades) // 3
    true(sum(shades[:third]) < sum(shades[third : 2 * third]) < sum(shades[2 * third :]), shades)


@test
@proves("S2-4 S2-5 S2-161 S2-164 S2-165 S2-166 S2-167")
def a_score_from_90_is_spam_and_one_from_50_is_suspect_unless_the_policy_says_otherwise(world):
    instance = world.instance()
    for positive, suspect in ((90, 50), (80, 60)):
        for mid, (verdict, score) in (judged := send_shades(instance)).items():
            equal(verdict, expected(score, positive, suspect), f"verdict for {score}")
            equal(fate(instance, mid), "quarantine" if verdict == "positive" else "deliver", f"fate of {score}")
            if verdict != "positive":
                marked = header(delivered(instance, mid), "Subject").startswith("[SUSPECTED SPAM] ")
                equal(marked, verdict == "suspect", f"mark of {score}")
        equal(len(Counter(verdict for verdict, _ in judged.values())), 3, "kinds of verdict")
        configure(instance, f"{INCOMING} on --positive-threshold=80 --suspect-threshold=60")


@test
@proves("S2-161 S2-165 S2-166 S2-167")
def a_score_that_is_the_threshold_has_reached_it(world):
    instance = world.instance()
    score = judgement(instance, send(instance, shade(*MIDDLING)))[1]
    true(50 <= score <= 97, f"{score}: the test needs another message")
    for positive, suspect in ((score, 25), (score + 1, score), (99, score + 1)):
        configure(instance, f"{INCOMING} on --positive-threshold={positive} --suspect-threshold={suspect}")
        verdict, again = judgement(instance, send(instance, shade(*MIDDLING)))
        equal((again, verdict), (score, expected(score, positive, suspect)), f"at {positive} and {suspect}")


@test
@proves("S2-168 S2-169")
def thresholds_outside_their_ranges_are_refused(world):
    instance = world.instance()
    wanted = {(50, 25): 0, (99, 99): 0, (99, 25): 0, (49, 25): 2, (100, 50): 2, (90, 24): 2, (60, 61): 2}
    for (positive, suspect), status in wanted.items():
        before = settings(instance, "incoming-policy")
        run = instance.shell(f"{INCOMING} on --positive-threshold={positive} --suspect-threshold={suspect}; commit")
        equal(run.returncode, status, f"status for {positive} and {suspect}: {run.stdout}")
        after = settings(instance, "incoming-policy")
        equal(after == before, status != 0, f"{positive} and {suspect} changed nothing")


@test
@proves("S2-2 S2-163")
def the_score_is_the_sum_of_what_the_parts_of_the_engine_found(world):
    instance = world.instance()
    mid = send(instance, read_sample(SAMPLES / "spam-phishing.eml"))
    (line,) = [line for line in instance.log.of_message(mid) if f"MID {mid} score" in line]
    listed = re.search(r"score \d+( .*) revision", line).group(1)
    reasons = dict(re.findall(r" ([^=]+)=([+-]\d+\.\d+)", listed))
    true({"prior", "text"} <= reasons.keys() and len(reasons) > 5, line)
    log_odds = sum(map(float, reasons.values()))
    true(abs(100 / (1 + math.exp(-log_odds)) - judgement(instance, mid)[1]) <= 1, line)


# Actions

ACTIONS = ("deliver", "drop", "bounce", "quarantine")


@test
@proves("S2-5 S2-7 S2-153 S2-171")
def spam_and_suspected_spam_have_an_action_each_in_any_combination(world):
    instance = world.instance()
    for number, positive in enumerate(ACTIONS):
        suspect = ACTIONS[(number + 2) % len(ACTIONS)]
        configure(
            instance,
            f"{INCOMING} on --positive-threshold=99 --suspect-threshold=50 "
            f"--positive-action={positive} --suspect-action={suspect}",
        )
        mids = send(instance, make_mail(1, headers=SPAM)), send(instance, shade(*MIDDLING))
        equal([judgement(instance, mid)[0] for mid in mids], ["positive", "suspect"], "verdicts")
        equal([fate(instance, mid) for mid in mids], [positive, suspect], "fates")


@test
@proves("S2-152")
def suspected_spam_is_treated_only_where_that_is_on_and_spam_always(world):
    instance = world.instance()
    configure(instance, f"{INCOMING} on --suspect=off --positive-threshold=99 --positive-action=drop")
    mid = send(instance, shade(*MIDDLING))
    equal(judgement(instance, mid)[0], "negative", "verdict")
    equal(header(delivered(instance, mid), "Subject"), "hello", "subject")
    spam = send(instance, make_mail(1, headers=SPAM))
    equal(fate(instance, spam), "drop", "spam")
    true(any(" (test header) " in line for line in instance.log.of_message(spam)), "the log does not say why it is spam")
    true(not any("(test header)" in line for line in instance.log.of_message(mid)), "the log calls other mail a test")
    configure(instance, f"{INCOMING} on --suspect=on")
    equal(judgement(instance, send(instance, shade(*MIDDLING)))[0], "suspect", "verdict when it is on")


@test
@proves("S2-19 S2-155 S2-156 S2-158 S2-186 S2-252")
def subjects_and_headers_are_changed_by_verdict_to_the_blank(world):
    instance = world.instance()
    configure(
        instance,
        f'{INCOMING} on --positive-threshold=99 --positive-action=deliver "--positive-subject=prepend: [P]  " '
        '"--positive-header=X-Class: spam" "--suspect-subject=append:  [S] " "--suspect-header=X-Class: maybe"',
    )
    positive = delivered(instance, send(instance, make_mail(1, headers=SPAM, subject="hello")))
    suspect = delivered(instance, send(instance, shade(*MIDDLING)))
    clean = delivered(instance, send(instance, shade(0, 6)))
    subjects = [re.search(rb"\r\nSubject:(.*)\r\n", one).group(1) for one in (positive, suspect, clean)]
    equal(subjects, [b"  [P]  hello", b" hello  [S] ", b" hello"], "subjects")
    equal([header(one, "X-Class") for one in (positive, suspect, clean)], ["spam", "maybe", None], "headers")


@test
@proves("S2-157")
def a_subject_text_that_is_not_us_ascii_is_refused(world):
    instance = world.instance()
    before = settings(instance, "incoming-policy")
    for text in ("prepend:[Würfel] ", "append: \u2014spam", "prepend:\u200b"):
        for verdict in ("positive", "suspect"):
            run = instance.shell(f'{INCOMING} on "--{verdict}-subject={text}"; commit')
            equal((run.returncode, "US-ASCII" in run.stdout), (2, True), f"{text!r}: {run.stdout}")
    equal(settings(instance, "incoming-policy"), before, "the policy")


@test
@proves("S2-172")
def the_aggressive_sample_drops_spam_and_marks_suspects(world):
    instance = world.instance()
    configure(
        instance,
        f'{INCOMING} on --positive-threshold=99 --positive-action=drop --suspect-action=deliver '
        '"--suspect-subject=prepend:[Suspected Spam] "',
    )
    equal(fate(instance, send(instance, make_mail(1, headers=SPAM))), "drop", "spam")
    suspect = delivered(instance, send(instance, shade(*MIDDLING)))
    equal(header(suspect, "Subject"), "[Suspected Spam] hello", "suspected spam")


@test
@proves("S2-173")
def the_conservative_sample_marks_both_or_quarantines_spam(world):
    instance = world.instance()
    sample = (
        f'{INCOMING} on --positive-threshold=99 --positive-action=deliver "--positive-subject=prepend:[Positive Spam] " '
        '--suspect-action=deliver "--suspect-subject=prepend:[Suspected Spam] "'
    )
    configure(instance, sample)
    mids = send(instance, make_mail(1, headers=SPAM, subject="hello")), send(instance, shade(*MIDDLING))
    subjects = [header(delivered(instance, mid), "Subject") for mid in mids]
    equal(subjects, ["[Positive Spam] hello", "[Suspected Spam] hello"], "subjects")
    configure(instance, f"{INCOMING} on --positive-action=quarantine")
    equal(fate(instance, send(instance, make_mail(1, headers=SPAM))), "quarantine", "spam")


# The settings of the gateway


@test
@proves("S2-34 S2-35 S2-37")
def size_decides_whether_a_message_is_scanned_in_full_in_part_or_not_at_all(world):
    instance = world.instance()
    sizes = "antispamconfig setup on --never-scan-size=100K --always-scan-size=40K"
    configure(instance, sizes, f"{INCOMING} on --positive-action=deliver")
    notes, offers = ("\r\n".join((*lines, "")).encode() for lines in (NOTES, OFFERS * 20))
    scores = {}
    for kind, size in (("full", 30), ("partial", 60), ("not scanned", 120)):
        mid = send(instance, make_mail(1, body=notes * (size * 1024 // len(notes)) + offers))
        text, data = "\n".join(instance.log.of_message(mid)), delivered(instance, mid)
        equal("(partial)" in text, kind == "partial", f"{kind}: told as partial")
        equal("was too big" in text, kind == "not scanned", f"{kind}: told as too big")
        equal(b"X-IronPort-Anti-Spam-Filtered: true" in data, kind != "not scanned", f"{kind}: the header")
        scores[kind] = judgement(instance, mid)[1]
    true(scores["full"] > scores["partial"], f"the end of a message counted where it should not: {scores}")


@test
@proves("S2-36 S2-38")
def sizes_above_the_advice_are_warned_of_and_taken(world):
    instance = world.instance()
    said = configure(instance, "antispamconfig setup on --never-scan-size=10M --always-scan-size=3M")
    true("Warning" not in said, said)
    said = configure(instance, "antispamconfig setup on --always-scan-size=4M")
    true("Warning: always-scan-size: 4M is above the advised 3M" in said, said)
    said = configure(instance, "antispamconfig setup on --never-scan-size=11M")
    true("Warning: never-scan-size: 11M is above the advised 10M" in said, said)
    sizes = [settings(instance, "antispam")[f"{name}-scan-size"] >> 20 for name in ("always", "never")]
    equal(sizes, [4, 11], "sizes in force")


@test
@proves("S2-40")
def the_time_for_a_message_is_1_to_120_seconds_and_then_it_is_given_up(world):
    instance = world.instance(settings={"test.hooks": 1})
    equal(settings(instance, "antispam")["timeout"], 60, "as shipped")
    for seconds, status in ((0, 2), (121, 2), ("1.5", 2), (120, 0), (1, 0)):
        run = instance.shell(f"antispamconfig setup on --timeout={seconds}; commit")
        equal(run.returncode, status, f"status for {seconds}: {run.stdout}")
    mid = send(instance, make_mail(1, headers=("X-Mailward-Test: hang",)))
    instance.log.wait_for(f"MID {mid} cannot be scanned by CASE")


@test
@proves("S2-41 S2-42")
def the_aggressive_profile_finds_more_spam_and_reacts_more_to_thresholds(world):
    instance = world.instance()
    caught = {}
    for profile in ("normal", "aggressive"):
        for threshold in (95, 75):
            configure(
                instance,
                f"antispamconfig setup on --profile={profile}",
                f"{INCOMING} on --positive-threshold={threshold} --positive-action=drop",
            )
            fates = [fate(instance, mid) for mid in send_shades(instance, MILD)]
            caught[profile, threshold] = fates.count("drop")
    for threshold in (95, 75):
        true(caught["aggressive", threshold] > caught["normal", threshold], f"at {threshold}: {caught}")
    effect = {profile: caught[profile, 75] - caught[profile, 95] for profile in ("normal", "aggressive")}
    true(effect["normal"] < effect["aggressive"], f"of the threshold: {effect}")


@test
@proves("S2-44")
def nothing_counts_before_the_commit_and_everything_after_it(world):
    instance = world.instance()
    with instance.api() as api:
        api.edit({"table": "antispam", "verb": "edit", "fields": {"enabled": False}})
        mid = send(instance, make_mail(1, headers=SPAM))
        equal(fate(instance, mid), "quarantine", "spam before the commit")
        api.commit()
    equal(fate(instance, send(instance, make_mail(2, headers=SPAM))), "deliver", "spam after it")


def answer_setup(instance, *answers):
    """`antispamconfig setup` on a terminal: each prompt gets its answer; then a commit.  Returns what was shown."""
    shown = ""
    with Terminal([program("mailward"), "--private", str(instance.folder)], "dumb") as terminal:
        for answer in ("antispamconfig", "setup", *answers, "", 'commit "licence"', "exit"):
            shown += terminal.wait("> ")
            terminal.type(f"{answer}\n")
        terminal.end()
    return shown


@test
@proves("S2-32")
def the_engine_is_enabled_only_with_the_licence_accepted(world):
    instance = world.instance()
    off = {"enabled": False, "licence-accepted": False}
    instance.configure({"table": "antispam", "verb": "edit", "fields": off})
    shown = answer_setup(instance, "y", "n")
    true("without any warranty" in shown, f"no licence was shown: {shown}")
    equal(settings(instance, "antispam")["enabled"], False, "enabled when it was refused")
    equal(fate(instance, send(instance, make_mail(1, headers=SPAM))), "deliver", "spam when it was refused")
    answer_setup(instance, "y", "y", "", "", "", "")
    equal(settings(instance, "antispam")["licence-accepted"], True, "recorded")
    equal(fate(instance, send(instance, make_mail(2, headers=SPAM))), "quarantine", "spam when it was accepted")


# Headers


@test
@proves("S2-183 S2-184")
def each_judged_message_says_so_and_by_what_in_a_form_that_tells_others_nothing(world):
    instance = world.instance()
    configure(instance, f"{INCOMING} on --positive-action=deliver")
    messages = [shade(*one, serial=n) for n, one in enumerate(SHADES)]
    results = {}
    for message in [*messages, *messages[:3]]:
        data = delivered(instance, send(instance, message))
        equal(header(data, "X-IronPort-Anti-Spam-Filtered"), "true", "Filtered")
        result = header(data, "X-IronPort-Anti-Spam-Result")
        result = re.sub(r"\s", "", result)
        true(re.fullmatch(r"[A-Za-z0-9_-]{12,}", result), result)
        results.setdefault(message, set()).add(result)
    true(all(len(one) == 1 for one in results.values()), "the same message has different results")
    true(len(set.union(*results.values())) > 10, "different messages have the same result")


def explain(*words):
    command = [program("mailward-scan"), "--explain", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@test
@proves("S2-184")
def the_result_names_the_rules_that_hit_and_the_engine_to_who_has_them(world):
    instance = world.instance()
    configure(instance, f"{INCOMING} on --positive-action=deliver --suspect-action=deliver")
    message = read_sample(SAMPLES / "spam-phishing.eml")
    value = header(delivered(instance, send(instance, message)), "X-IronPort-Anti-Spam-Result")
    for name in ("phish_url_ip", "mime_html_type"):
        true(name not in value, f"{value} says {name} to everybody")
    told = explain(value)
    equal(told.returncode, 0, told.stderr)
    lines = told.stdout.splitlines()
    true(re.fullmatch(r"score \d+, (negative|suspect|positive)", lines[0]), lines[0])
    true(re.fullmatch(r"engine: features \d+, model [0-9a-f]{8}", lines[1]), lines[1])
    true(any(line.startswith("rule phish_url_ip: ") for line in lines[2:]), told.stdout)
    wrong = explain(value[:-3] + "xyz")
    equal(wrong.returncode, 1, "exit status for a damaged value")


@test
def a_header_is_explained_as_it_is_copied_from_a_message(world):
    instance = world.instance()
    configure(instance, f"{INCOMING} on --suspect-action=deliver --positive-action=deliver")
    message = read_sample(SAMPLES / "spam-phishing.eml")
    data = delivered(instance, send(instance, message)).decode()
    for name in ("X-IronPort-Anti-Spam-Result", "IronPort-PHdr"):
        (field,) = re.findall(rf"^{name}:.*\r?\n(?:[ \t].*\r?\n)*", data, re.M)
        value = field.partition(":")[2]
        plain = "".join(value.split())
        told = explain(plain)
        equal(told.returncode, 0, told.stderr)
        halves = (plain[:9], plain[9:])
        for form in (
            (field,),
            (value,),
            (f"{name}: {plain}",),
            (f"  {name.lower()} :{plain}  ",),
            ("\n\t".join(halves),),
            (f"{name}:\r\n {' '.join(halves)}\r\n",),
            (f"{name}:", *halves),  # typed without quotes
            halves,
        ):
            equal(explain(*form).stdout, told.stdout, f"what is said of {form}")
    equal(explain("Subject: Hello").returncode, 1, "another field")
    equal(subprocess.run([program("mailward-scan")], capture_output=True, timeout=60).returncode, 2, "nothing to do")


main()
