#!/usr/bin/env python3
"""Graymail: what is found in real mail, and what becomes of it by category and policy."""

import json
import re
import shutil
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.api import edit
from harness.build import SAMPLES, program
from harness.gateway import configure, delivered, send, settings
from harness.graymail import CATEGORIES, FOLDER, RULES, category, scan, wanted, without_lists, without_own_network
from harness.mail import header, make_mail, read_sample
from harness.sender import send_one
from harness.tap import equal, main, proves, test, true
from harness.treatments import sample, try_every_action

PHDR = "IronPort-PHdr"
INCOMING = "policyconfig incoming edit DEFAULT graymail"
NO_SPAM = "policyconfig incoming edit DEFAULT antispam on --positive-threshold=99 --suspect=off"
ON = ("imsandgraymailconfig graymail setup on", f"{INCOMING} on", NO_SPAM)

def counted(instance, *answers):
    counters = instance.figures()["counters"]
    return [counters[f"graymail_{name}"]["lifetime"] for name in answers]


def answer(instance, mid):
    """What the log says of the question: a category, negative, too big, signed, or None when it was not asked."""
    text = "\n".join(instance.log.of_message(mid))
    engine = re.search(r"using engine: GRAYMAIL (\w+)", text)
    if "scanning by GRAYMAIL" in text:
        return "too big"
    if "not scanned by GRAYMAIL: it is signed" in text:
        return "signed"
    category = re.search(r"graymail (\w+) points \d", text)
    equal(bool(category), bool(engine and engine.group(1) == "positive"), f"category and answer agree: {text}")
    return category.group(1) if category else engine and engine.group(1)


# What is found


@test
def each_sample_has_the_category_of_its_name_and_named_reasons(world):
    for path, said in scan(FOLDER).items():
        graymail = said["graymail"]
        true(said["verdict"] != "positive", f"{path.stem} is spam: {said['score']}")
        equal(graymail["category"], wanted(path), f"{path.stem}: {graymail}")
        total = sum(reason["points"] for reason in graymail["reasons"])
        true(len(graymail["reasons"]) > 15 or abs(total - graymail["points"]) < 0.01, f"{path.stem}: reasons add up")
        equal(graymail["points"] >= 5, wanted(path) != "negative", f"{path.stem}: points")


@test
@proves("S2-58 S2-60 S2-64 S2-65 S2-66 S2-67 S2-70 S2-137")
def a_gateway_calls_each_sample_by_its_kind_in_its_log_and_counts_it(world):
    instance = world.instance()
    configure(instance, *ON)
    mids = {path: send_one(instance.address, read_sample(path)) for path in sorted(FOLDER.iterdir())}
    instance.wait_idle()
    for path, mid in mids.items():
        equal(answer(instance, mid), wanted(path), path.stem)
    kinds = Counter(map(wanted, mids))
    equal(counted(instance, *CATEGORIES, "negative"), [kinds[name] for name in (*CATEGORIES, "negative")], "counters")


@test
def notices_of_a_network_that_is_not_known_are_still_found(world):
    categories = without_own_network(world.folder)
    equal([name for name, found in categories.items() if found == "negative"], [], "not found")
    true(list(categories.values()).count("social") >= 9, f"called by another category: {categories}")


@test
def graymail_is_found_and_told_apart_without_any_list_of_known_senders(world):
    said = scan(FOLDER, rules=without_lists(world.folder / "rules"))
    wrong = {path: category(one) for path, one in said.items() if category(one) != wanted(path)}
    as_graymail = [path.stem for path in wrong if wanted(path) == "negative"]
    equal(as_graymail, [], "called graymail")
    true(len(wrong) <= len(said) / 20, f"not found, or called by another category: {wrong}")


@test
def rules_about_graymail_are_no_evidence_of_spam(world):
    rules = world.folder / "spam-rules"
    shutil.copytree(RULES, rules)
    (rules / "graymail.rules").unlink()
    paths = (FOLDER, *SAMPLES.glob("*.eml"))
    with_them, without = scan(*paths), scan(*paths, rules=rules)
    equal({n: s["score"] for n, s in with_them.items()}, {n: s["score"] for n, s in without.items()}, "scores")
    equal(set(map(category, without.values())), {"negative"}, "categories without the rules")


@test
def a_mistake_in_the_list_of_known_senders_is_told_with_its_place(world):
    rules = world.folder / "rules"
    shutil.copytree(RULES, rules)
    (rules / "mine.senders").write_text("# mine\nsocial domain a.example A\nsociable domain b.example B\n")
    run = subprocess.run([program("mailward-rules"), "check", rules], stderr=subprocess.PIPE, text=True)
    equal(run.returncode, 1, "exit status")
    true("mine.senders:3:1: a row is: service or social" in run.stderr, run.stderr)


# The order of things


@test
@proves("S2-68 S2-70 S2-74 S2-100 S2-111")
def graymail_is_looked_for_where_gateway_and_policy_want_it_and_without_an_action_only_told(world):
    instance = world.instance()
    message = read_sample(FOLDER / "bulk-newsletter.eml")
    configure(instance, NO_SPAM)
    equal(answer(instance, send(instance, message)), None, "as shipped")
    configure(instance, "imsandgraymailconfig graymail setup on")
    equal(answer(instance, send(instance, message)), None, "with a policy that does not want it")
    configure(instance, "imsandgraymailconfig graymail setup off", f"{INCOMING} on")
    equal(answer(instance, send(instance, message)), None, "with a gateway that does not want it")
    configure(instance, *ON)
    mid, other = send(instance, message), send(instance, make_mail(1))
    equal((answer(instance, mid), answer(instance, other)), ("bulk", "negative"), "with both")
    equal(header(delivered(instance, mid), "Subject"), header(message, "Subject"), "the subject")
    equal(counted(instance, "bulk", "negative"), [1, 1], "counters")


@test
@proves("S2-69")
def spam_is_no_graymail_and_the_log_says_so(world):
    instance = world.instance()
    configure(instance, *ON, f"{INCOMING} on --bulk-action=drop")
    text = read_sample(FOLDER / "bulk-newsletter.eml")
    mid = send(instance, b"X-Advertisement: spam\r\n" + text)
    lines = "\n".join(instance.log.of_message(mid))
    true("CASE spam positive" in lines, lines)
    equal(answer(instance, mid), "negative", "answer")
    true(f"ISQ: Quarantined MID {mid}" in lines and "Dropped" not in lines, lines)


@test
@proves("S2-69 S2-71")
def suspected_spam_that_is_graymail_is_treated_by_both(world):
    instance = world.instance()
    suspect = (
        "policyconfig incoming edit DEFAULT antispam on --positive-threshold=99 --suspect=on --suspect-threshold=25 "
        '"--suspect-subject=prepend:[S] " --suspect-header="X-A: s" --suspect-action='
    )
    gray = f'{INCOMING} on "--marketing-subject=prepend:[M] " --marketing-header="X-B: m" --marketing-action='
    message = read_sample(FOLDER / "marketing-shop.eml")
    configure(instance, *ON[:1], suspect + "deliver", gray + "deliver")
    data = delivered(instance, send(instance, message))
    equal(header(data, "Subject"), "[M] [S] " + header(message, "Subject"), "subject")
    equal((header(data, "X-A"), header(data, "X-B")), ("s", "m"), "headers")
    for first, second, told in (
        ("drop", "bounce", "Dropped by CASE"),
        ("quarantine", "drop", "Dropped by GRAYMAIL"),
        ("quarantine", "deliver", "ISQ: Quarantined"),
        ("deliver", "quarantine", "ISQ: Quarantined"),
    ):
        configure(instance, suspect + first, gray + second)
        lines = "\n".join(instance.log.of_message(send(instance, message)))
        true(told in lines, f"{first}, {second}: {lines}")


@test
@proves("S2-84")
def without_anti_spam_for_the_gateway_there_is_no_graymail_and_the_commit_warns(world):
    instance = world.instance()
    said = configure(instance, *ON, "antispamconfig setup off")
    true("graymail is on, but not looked for while anti-spam is off for the whole gateway" in said, said)
    equal(answer(instance, send(instance, sample("bulk"))), None, "answer")
    said = configure(instance, "antispamconfig setup on")
    true("not looked for" not in said, said)
    equal(answer(instance, send(instance, sample("bulk"))), "bulk", "answer with anti-spam")
    configure(instance, "policyconfig incoming edit DEFAULT antispam off")
    equal(answer(instance, send(instance, sample("bulk"))), "bulk", "answer under a policy without anti-spam")
    multiscan = "imsandgraymailconfig multiscan setup on --spamd=127.0.0.1:783"
    configure(instance, "antispamconfig setup off", multiscan)
    equal(answer(instance, send(instance, sample("bulk"))), "bulk", "answer with multiscan alone")


# Actions


@test
@proves("S2-61 S2-71 S2-104 S2-106 S2-107 S2-108 S2-109 S2-110 S2-136")
def every_action_on_marketing_mail_ends_where_the_table_says(world):
    try_every_action(world, "incoming-policy", "marketing")


@test
@proves("S2-104 S2-106 S2-107 S2-108 S2-109 S2-110 S2-136")
def every_action_on_mail_of_social_networks_ends_where_the_table_says(world):
    try_every_action(world, "incoming-policy", "social")


@test
@proves("S2-104 S2-106 S2-107 S2-108 S2-109 S2-110 S2-136")
def every_action_on_bulk_mail_ends_where_the_table_says(world):
    try_every_action(world, "incoming-policy", "bulk")


@test
@proves("S2-112")
def every_action_on_outgoing_graymail_ends_where_the_table_says(world):
    try_every_action(world, "outgoing-policy", "bulk")


@test
@proves("S2-64 S2-104 S2-186")
def each_category_is_treated_on_its_own(world):
    instance = world.instance()
    marks = [f'"--{name}-subject=prepend:[{name}] " "--{name}-header=X-Kind: {name}"' for name in CATEGORIES]
    configure(instance, *ON, f"{INCOMING} on {' '.join(marks)}")
    for name in CATEGORIES:
        data = delivered(instance, send(instance, sample(name)))
        equal(header(data, "X-Kind"), name, "header")
        true(header(data, "Subject").startswith(f"[{name}] "), header(data, "Subject"))
    equal(counted(instance, *CATEGORIES), [1, 1, 1], "counters")
    shown = instance.shell("status detail").stdout
    true("Marketing mail" in shown and "Bulk mail" in shown, shown)


# Signed mail, sizes, time


def smime(kind, message):
    """The message with the outer Content-Type that S/MIME gives it."""
    types = {
        "signed": 'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=b',
        "encrypted": "application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m",
        "pgp": 'multipart/signed; protocol="application/pgp-signature"; micalg=pgp-sha256; boundary=b',
    }
    return re.sub(rb"Content-Type: [^\r]*", b"Content-Type: " + types[kind].encode(), message, count=1)


@test
@proves("S2-102 S2-103")
def signed_and_encrypted_mail_can_be_left_alone(world):
    instance = world.instance()
    message = sample("bulk")
    for apply_to, wanted in (("unsigned", "signed"), ("all", "bulk")):
        configure(instance, *ON, f"{INCOMING} on --apply-to={apply_to} --bulk-action=deliver")
        for kind in ("signed", "encrypted"):
            told = answer(instance, send(instance, smime(kind, message)))
            equal(told == "signed", wanted == "signed", f"{kind} mail, {apply_to}: {told}")
        true(answer(instance, send(instance, smime("pgp", message))) != "signed", "mail signed by other means")
        equal(answer(instance, send(instance, message)), "bulk", f"unsigned mail, {apply_to}")


@test
@proves("S2-141 S2-142 S2-143")
def only_the_upper_size_counts_for_graymail(world):
    instance = world.instance()
    shown = settings(instance, "imsandgraymail")
    equal((shown["always-scan-size"], shown["never-scan-size"]), (512 << 10, 2 << 20), "as shipped")
    configure(
        instance,
        *ON,
        "antispamconfig setup on --always-scan-size=8K --never-scan-size=40K",
        "imsandgraymailconfig globalconfig setup --always-scan-size=1K --never-scan-size=100K",
    )
    head, body = sample("bulk").split(b"\r\n\r\n", 1)
    for size, wanted in ((2, "bulk"), (20, "bulk"), (60, "bulk"), (120, "too big")):
        filler = b"The scaffolding stays until May.\r\n" * (size * 1024 // 34)
        mid = send(instance, head + b"\r\n\r\n" + filler + body)
        equal(answer(instance, mid), wanted, f"at {size} KiB")


@test
@proves("S2-144")
def the_shared_time_out_is_1_to_120_seconds_and_ends_the_look_at_a_message(world):
    instance = world.instance(settings={"test.hooks": 1})
    equal(settings(instance, "imsandgraymail")["timeout"], 60, "as shipped")
    for seconds, status in ((0, 2), (121, 2), (120, 0), (1, 0)):
        run = instance.shell(f"imsandgraymailconfig globalconfig setup --timeout={seconds}; commit")
        equal(run.returncode, status, f"status for {seconds}: {run.stdout}")
    configure(instance, "imsandgraymailconfig graymail setup on")
    mid = send(instance, make_mail(1, headers=("X-Mailward-Test: hang",)))
    instance.log.wait_for(f"MID {mid} cannot be scanned by CASE")


# Headers


@test
@proves("S2-114 S2-115 S2-116 S2-117")
def the_header_of_graymail_is_on_all_mail_that_an_engine_may_look_at(world):
    instance = world.instance()
    forged = PHDR.encode() + b": forged\r\n"
    off = "policyconfig incoming edit DEFAULT antispam off"
    values = {}
    for case, wanted, commands in (
        ("nothing", False, (off, f"{INCOMING} off", "imsandgraymailconfig graymail setup off")),
        ("anti-spam alone", True, ("policyconfig incoming edit DEFAULT antispam on",)),
        ("the engine, not the policy", True, (off, "imsandgraymailconfig graymail setup on")),
        ("both", True, (f"{INCOMING} on",)),
    ):
        configure(instance, *commands)
        for kind, message in (("bulk", sample("bulk")), ("none", make_mail(1))):
            data = delivered(instance, send(instance, forged + message))
            value = header(data, PHDR)
            equal((value is not None, value != "forged"), (wanted, True), f"{case}, {kind}: {value}")
            values[case, kind] = value
    explained = subprocess.run(
        [program("mailward-scan"), "--rules", RULES, "--explain", values["both", "bulk"]],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    true(explained.startswith("graymail bulk, ") and "rule gray_newsletter: " in explained, explained)
    true(b"newsletter" not in values["both", "bulk"].encode(), "the value can be read by everybody")


# Settings and logs


@test
@proves("S2-90 S2-91 S2-113 S2-146")
def settings_are_made_by_command_take_effect_with_commit_and_survive_a_file(world):
    instance = world.instance()
    instance.shell("imsandgraymailconfig graymail setup on")
    equal(settings(instance, "graymail")["enabled"], False, "without a commit")
    configure(
        instance,
        "imsandgraymailconfig graymail setup on --auto-update=on",
        "imsandgraymailconfig globalconfig setup --never-scan-size=3M --timeout=30",
        f"{INCOMING} on --apply-to=unsigned --social-action=quarantine --bulk-header=\"X-A: b\" --marketing-archive=on",
    )
    tables = ("graymail", "imsandgraymail", "incoming-policy")
    before = {table: settings(instance, table) for table in tables}
    equal((before["graymail"]["enabled"], before["graymail"]["auto-update"]), (True, True), "switches")
    saved = json.loads(instance.shell("saveconfig 2 all.xml", "--json").stdout.splitlines()[0])
    equal(saved["status"], "ok", "saveconfig")
    configure(instance, "imsandgraymailconfig graymail setup off", f"{INCOMING} off --apply-to=all")
    configure(instance, "loadconfig all.xml")
    equal({table: settings(instance, table) for table in tables}, before, "after the file was loaded")


@test
@proves("S2-89")
def each_level_of_a_cluster_may_have_its_own_answer(world):
    instance = world.instance()
    host = socket.gethostname()
    made = instance.shell(f"clusterconfig new c1; clusterconfig addgroup eu; clusterconfig setgroup {host} eu")
    equal(made.returncode, 0, made.stdout)
    line = "imsandgraymailconfig graymail setup"
    configure(instance, "clustermode cluster", NO_SPAM, f"{INCOMING} on", f"{line} on")
    equal(answer(instance, send(instance, sample("bulk"))), "bulk", "set for the cluster")
    configure(instance, "clustermode group eu", f"{line} off")
    equal(answer(instance, send(instance, sample("bulk"))), None, "set for the group")
    configure(instance, f"clustermode machine {host}", f"{line} on")
    equal(answer(instance, send(instance, sample("bulk"))), "bulk", "set for the machine")


@test
def safe_unsubscribe_needs_a_key_that_there_is_not(world):
    instance = world.instance()
    for line in (
        "imsandgraymailconfig graymail setup on --safe-unsubscribe=on",
        f"{INCOMING} on --safe-unsubscribe=on",
        "policyconfig outgoing edit DEFAULT graymail on --safe-unsubscribe=on",
    ):
        run = instance.shell(f"{line}; commit")
        equal((run.returncode, run.stdout.strip()), (3, "missing feature key: safe-unsubscribe"), line)
    equal(settings(instance, "graymail")["enabled"], False, "the rest of the line")


@test
@proves("S2-135 S2-137")
def the_engine_has_a_log_of_its_own_and_messages_are_in_that_of_mail(world):
    instance = world.instance()
    configure(instance, *ON)
    mid = send(instance, sample("bulk"))
    log = (instance.folder / "log" / "graymail_logs").glob("graymail.@*")
    text = "".join(path.read_text() for path in log)
    for line in (
        "graymail [CONFIG] Starting graymail configuration handler",
        "graymail [CONFIG] Graymail detection is on for messages up to 2097152 bytes",
    ):
        true(line in text, f"no {line!r} in {text}")
    true("MID" not in text, text)
    instance.log.wait_for(f"MID {mid} using engine: GRAYMAIL positive")


main()
