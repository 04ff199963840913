#!/usr/bin/env python3
"""Rules: the checker tells mistakes and costs, the shipped set is right, hits show as reasons by name, and the workers'
machine code is sealed."""

import json
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import processes
from harness.build import program, sanitized, wait_until
from harness.sender import send_one
from harness.tap import equal, main, proves, test, true

SHIPPED = Path(__file__).resolve().parents[2] / "engine/data/rules"
MICROSECONDS = 250_000 * (12 if sanitized() else 1)

TALE = (
    "From: Barr. John <john4711@mail.example>\r\nSubject: URGENT ASSISTANCE!!\r\n\r\n"
    "Dear Friend,\r\nthe late customer of my bank left $12,500,000 and no next of kin.\r\n"
    "I seek your assistance with the transfer of the funds. Strictly confidential.\r\n"
)


def check(*arguments):
    return subprocess.run([program("mailward-rules"), "check", *map(str, arguments)], capture_output=True, text=True)


def scan(world, text, *options):
    path = world.folder / "message.eml"
    path.write_text(text, newline="")
    run = subprocess.run(
        [program("mailward-scan"), "--json", "--stats", *options, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    microseconds = float(run.stderr.split(" us CPU")[0].split()[-1])
    return json.loads(run.stdout), microseconds


@test
def the_shipped_set_has_no_mistake(world):
    run = check(SHIPPED)
    equal(run.stderr, "", "mistakes")
    equal(run.returncode, 0, "exit status")


@test
def a_mistake_is_told_with_file_line_and_column(world):
    path = world.folder / "bad.rules"
    path.write_text("rule money\n    scope bodi\n    match /mo(ney/\n    about Money\n")
    run = check(path)
    equal(run.returncode, 1, "exit status")
    true(f"{path}:2:11: unknown scope" in run.stderr, "the line")
    true("did you mean body?" in run.stderr, "what would be right")


@test
def a_rule_without_a_literal_is_named_with_its_cost(world):
    path = world.folder / "slow.rules"
    path.write_text("rule figures\n    scope body\n    match /[0-9]+-[0-9]+/\n    about Figures\n")
    run = check(path)
    equal(run.returncode, 0, "exit status")
    true("figures has no literal" in run.stdout and " us" in run.stdout, run.stdout)


@test
def hits_in_spam_and_ham_and_the_cost_are_shown(world):
    spam = world.folder / "spam.eml"
    ham = world.folder / "ham.eml"
    spam.write_text(TALE, newline="")
    ham.write_text("From: Ann <ann@a.example>\r\nSubject: Lunch\r\n\r\nAt noon?\r\n", newline="")
    run = check("--spam", spam, "--ham", ham, SHIPPED)
    equal(run.returncode, 0, "exit status")
    row = next(line.split() for line in run.stdout.splitlines() if line.startswith("fee_next_of_kin "))
    equal(row[1:3], ["100.00", "0.00"], "share of spam and of ham")


@test
def a_rule_that_hits_is_a_reason_by_its_name(world):
    verdict, _ = scan(world, TALE)
    names = {reason["name"] for reason in verdict["reasons"]}
    true(any(name.startswith("fee_") for name in names), names)
    true(verdict["score"] >= 50, verdict["score"])


@test
def text_made_of_literals_costs_little(world):
    words = "viagra mortgage unsubscribe verify your account beneficiary click here million casino god limited time "
    verdict, microseconds = scan(world, "Subject: words\r\n\r\n" + (words * 8 + "\r\n") * 1000)
    true(microseconds < MICROSECONDS, microseconds)
    true(verdict["score"] >= 0, verdict)


@test
def hostile_expressions_end_with_a_partial_verdict(world):
    path = world.folder / "bombs.rules"
    path.write_text(
        "".join(
            f"rule bomb{i}\n    scope body\n    match /{expression}/s\n    about A bomb\n"
            for i, expression in enumerate(["(?:a+)+[yz]", "(?:a|aa)+[yz]", "[a-z]+[0-9]", "(?:.*a){12}[yz]"] * 30)
        )
    )
    verdict, microseconds = scan(world, "Subject: a\r\n\r\n" + "a" * 200_000 + "\r\n", "--rules", str(path))
    true(verdict["partial"], verdict)
    true(microseconds < 2 * MICROSECONDS, microseconds)


@test
@proves("S2-2")
def the_gateway_logs_the_rules_that_hit(world):
    instance = world.instance()
    mid = send_one(instance.address, TALE.encode())
    line = wait_until(
        lambda: next((one for one in instance.log.of_message(mid) if f"MID {mid} score " in one), None), "a verdict"
    )
    true(re.search(r" fee_\w+=[+-]", line), line)


@test
def no_memory_of_a_scan_process_may_be_both_written_and_executed(world):
    instance = world.instance()
    supervisor = instance.role_pid("scan")
    for pid in processes.family_of(supervisor):
        maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
        equal([line for line in maps if " rwx" in line], [], f"writable code of {pid}")
        # Without a file: what the expressions were compiled to, by the zygote.
        compiled = any(" r-xp " in line and len(line.split()) == 5 for line in maps)
        equal(compiled, pid != supervisor, f"machine code of {pid}")


if __name__ == "__main__":
    main()
