#!/usr/bin/env python3
"""mailward-train: from folders and mbox files of mail to a model that mailward-scan takes, and what it refuses."""

import json
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.build import program
from harness.tap import equal, main, test, true

OFFERS = ("cheap pills without prescription", "lowest mortgage rates today", "claim your cash prize now",
          "earn money from home fast")  # fmt: skip
NOTES = ("the garden needs water again", "minutes of the council meeting", "lunch at the harbour on friday",
         "the roof is mended at last")  # fmt: skip
EACH = 24
FEW = ("--bits", "14", "--descents", "2", "--cross-validate", "3")


def message(words, i):
    """Each has a subject of its own, so that none shares a part of the cross-validation with another for it."""
    subject = " ".join(words[(i + k) % len(words)] for k in range(2)) + " " + chr(ord("a") + i) * 3
    body = "\r\n".join(words[(i + k) % len(words)] + f" {'xyz'[k]}{chr(ord('a') + i)}" for k in range(3))
    return (
        f"From: Sender <sender{i}@mail{i}.example>\r\nTo: ben@example.com\r\nSubject: {subject}\r\n"
        f"Message-ID: <{words[0][:3]}{i}@mail{i}.example>\r\n\r\n{body}\r\n"
    )


def folder_of(world, name, words, numbers):
    folder = world.folder / name
    folder.mkdir()
    for i in numbers:
        (folder / f"{i:02}.eml").write_text(message(words, i), newline="")
    return folder


def mbox_of(world, name, words, numbers):
    path = world.folder / name
    lines = "From sender@mail.example Fri Nov 20 12:00:00 2026\r\n"
    path.write_text("".join(f"{lines}{message(words, i)}\r\n" for i in numbers), newline="")
    return path


def run(name, *arguments):
    return subprocess.run([program(name), *map(str, arguments)], capture_output=True, text=True)


def train(*arguments):
    return run("mailward-train", *FEW, *arguments)


def trained(world, *options):
    """A model from spam in an mbox file and ham in two folders; its path and what the trainer said."""
    spam = mbox_of(world, "spam.mbox", OFFERS, range(EACH))
    early = folder_of(world, "early", NOTES, range(EACH // 2))
    late = folder_of(world, "late", NOTES, range(EACH // 2, EACH))
    out = world.folder / "mine.model"
    result = train("--spam", spam, "--ham", early, "--ham", late, "--out", out, *options)
    equal((result.returncode, result.stderr), (0, ""), "status and errors")
    return out, result.stdout


@test
def folders_and_mbox_files_make_a_model_that_tells_the_kinds_apart(world):
    model, said = trained(world)
    true(f"{EACH} spam and {EACH} other (0 duplicates left out)" in said, said)
    unseen = world.folder / "unseen"
    unseen.mkdir()
    for name, words in (("spam", OFFERS), ("ham", NOTES)):
        (unseen / name).write_text(message(words, 25), newline="")
    lines = run("mailward-scan", "--model", model, unseen).stdout.splitlines()
    scores = {Path(path).name: int(score) for path, score in (line.split("\t") for line in lines)}
    true(scores["spam"] >= 50 > scores["ham"], scores)


@test
def every_message_is_scored_by_a_model_that_has_not_seen_it(world):
    scores = world.folder / "scores"
    _, said = trained(world, "--scores", scores)
    rows = [line.split("\t") for line in scores.read_text().splitlines()]
    equal(sorted(kind for _, kind, _ in rows), ["0"] * EACH + ["1"] * EACH, "kinds")
    odds = [float(value) for _, _, value in rows]
    equal(odds, sorted(odds, reverse=True), "the most spam-like first")
    spam, ham = ([float(v) for _, k, v in rows if k == kind] for kind in "10")
    above = sum((s < h) + (s == h) / 2 for s in spam for h in ham) / (len(spam) * len(ham))
    told = float(re.search(r"\(1-AUC\) ([\d.]+) %", said).group(1))
    true(abs(told - 100 * above) < 0.01, f"(1-AUC) told {told} %, by the scores {100 * above} %")


@test
def the_model_keeps_what_it_was_trained_on(world):
    model, said = trained(world, "--note", "Two villages, autumn")
    head = model.read_bytes()[:4096]
    true(b"Two villages, autumn" in head, "the note")
    true(said.splitlines()[1].encode() in head, "what the trainer said")


@test
def a_rule_for_spam_that_no_mail_hits_still_counts_for_spam(world):
    mail = ("--spam", mbox_of(world, "spam.mbox", OFFERS, range(EACH)), "--ham", folder_of(world, "ham", NOTES, range(EACH)))
    rules, model, unseen = (world.folder / name for name in ("mine.rules", "mine.model", "unseen.eml"))
    unseen.write_text(message(("the garden needs a zebra again",), 25), newline="")
    found = []
    for tag in ("", "tag spam"):
        rules.write_text(
            "rule seen\n scope body\n match /pills/\n tag spam\n about Speaks of pills\n"
            f"rule never_seen\n scope body\n match /zebra/\n {tag}\n about Speaks of a zebra\n"
        )
        equal(train("--rules", rules, *mail, "--out", model).stderr, "", "errors")
        said = run("mailward-scan", "--json", "--model", model, "--rules", rules, unseen).stdout
        found.append(json.loads(said)["log_odds"])
    true(found[1] > found[0] + 0.1, f"log-odds without and with the tag: {found}")


@test
def the_same_mail_and_options_make_the_same_file(world):
    first, _ = trained(world)
    again = world.folder / "again.model"
    paths = [world.folder / name for name in ("early", "late", "spam.mbox")]
    train("--ham", paths[0], "--ham", paths[1], "--spam", paths[2], "--out", again)
    true(first.read_bytes() == again.read_bytes(), "the bytes")
    train("--ham", paths[0], "--ham", paths[1], "--spam", paths[2], "--out", again, "--seed", 2)
    true(first.read_bytes() != again.read_bytes(), "another seed makes another file")


@test
def duplicates_are_left_out_and_shares_told_by_source(world):
    spam = mbox_of(world, "spam.mbox", OFFERS, range(EACH))
    ham = folder_of(world, "ham", NOTES, range(EACH))
    (ham / "again.eml").write_bytes((ham / "03.eml").read_bytes())
    table = world.folder / "table.tsv"
    rows = [f"{i:02}.eml\t{'town' if i % 2 else 'country'}" for i in range(EACH)]
    table.write_text("\n".join(["path\tplace", *rows]) + "\n")
    result = train("--spam", spam, "--ham", ham, "--table", table, "--by", "place")
    true("(1 duplicates left out)" in result.stdout, result.stdout)
    true(f"  town, negative: {EACH // 2} messages" in result.stdout, result.stdout)


@test
def a_model_without_a_family_scores_by_the_others(world):
    model, _ = trained(world, "--without", "text", "--without", "end of text")
    path = world.folder / "one.eml"
    path.write_text(message(OFFERS, 25), newline="")
    said = run("mailward-scan", "--json", "--model", model, path).stdout
    true('"name":"subject"' in said, said)
    true('"name":"text"' not in said, said)


@test
def bad_input_is_refused_and_no_model_written(world):
    spam = mbox_of(world, "spam.mbox", OFFERS, range(EACH))
    ham = folder_of(world, "ham", NOTES, range(EACH))
    out = world.folder / "none.model"
    bad_rules = world.folder / "bad.rules"
    bad_rules.write_text("rule a\n    scope nowhere\n")
    refusals = (
        (("--spam", spam), 1, "there must be both kinds of mail to learn from"),
        (("--spam", spam, "--ham", world.folder / "missing"), 1, "missing: No such file or directory"),
        (("--rules", bad_rules, "--spam", spam, "--ham", ham), 1, "unknown scope"),
        (("--spam", spam, "--ham", ham, "--table", ham / "01.eml"), 1, "there must be columns named path and source"),
        (("--spam", spam, "--ham", ham, "--bits", "40"), 2, "Usage:"),
        (("--spam", spam, "--ham", ham, "--without", "nothing"), 2, "Usage:"),
        (("--spam", spam, "--ham", ham, "--question", "weather"), 2, "Usage:"),
        (("--spam", spam, "--ham", ham, "stray"), 2, "Usage:"),
    )
    for arguments, status, words in refusals:
        result = train("--out", out, *arguments)
        equal(result.returncode, status, f"status of {arguments}: {result.stderr}")
        true(words in result.stderr, f"{arguments}: {result.stderr}")
        true(not out.exists(), f"{arguments}: no model")


@test
def a_model_of_another_question_is_not_taken(world):
    model, _ = trained(world, "--question", "graymail")
    result = run("mailward-scan", "--model", model, world.folder / "early")
    equal(result.returncode, 1, "status")
    true("it tells graymail, not spam" in result.stderr, result.stderr)


main()
