#!/usr/bin/env python3
"""What is taken for spam and by what evidence: kinds of threats, areas that a judgement looks at, and mail of honest people
about the same things."""

import re
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.build import SAMPLES, TESTS
from harness.mail import read_sample
from harness.sender import send_one
from harness.tap import equal, main, proves, test, true

MODEL = TESTS.parent / "engine" / "data" / "spam.model"
ADDRESS = "http://203.0.113.77/"


def letter(body, sender="Anna Example <anna@example.org>", subject="hello", kind="text/plain", headers=()):
    lines = (f"From: {sender}", "To: Ben Example <ben@example.com>", f"Subject: {subject}", "MIME-Version: 1.0",
             "Date: Sat, 21 Nov 2026 12:00:00 +0000", "Message-ID: <1@tests.example.org>",
             f"Content-Type: {kind}; charset=utf-8", *headers, "", *body.splitlines(), "")  # fmt: skip
    return "\r\n".join(lines).encode()


def judge(instance, message):
    """Verdict, and what gave it: name of the evidence -> log-odds."""
    mid = send_one(instance.address, message)
    instance.wait_idle()
    text = "\n".join(instance.log.of_message(mid))
    listed = re.search(rf"MID {mid} score \d+( .*) revision", text).group(1)
    reasons = {name: float(value) for name, value in re.findall(r" ([^=]+)=([+-]\d+\.\d+)", listed)}
    return re.search(r"CASE spam (\w+)", text).group(1), reasons


FRAUD = """Dear Friend,
the late customer of my bank left $12,500,000 and no next of kin.
I seek your assistance with the transfer of the funds. Strictly confidential.
"""
THREATS = {  # and how the evidence is called
    "an offer": (read_sample(SAMPLES / "spam-text.eml"), r"offer_|sales_"),
    "phishing": (read_sample(SAMPLES / "spam-phishing.eml"), r"phish_"),
    "an advance fee": (letter(FRAUD, "Barr. John <john4711@mail.example>", "URGENT ASSISTANCE!!"), r"fee_"),
    "a program behind a link": (
        letter(f"<p>Your account is limited. Install the update: <a href='{ADDRESS}update.exe'>https://www.bank.example/</a></p>",
               "Bank <service@bank.example>", "Security update", "text/html"),
        r"phish_url_ip",
    ),
}  # fmt: skip


@test
@proves("S2-27")
def each_kind_of_threat_is_found_and_named(world):
    instance = world.instance()
    for kind, (message, evidence) in THREATS.items():
        verdict, reasons = judge(instance, message)
        true(verdict in ("positive", "suspect"), f"{kind} is {verdict}: {reasons}")
        true(any(re.match(evidence, name) and value > 0 for name, value in reasons.items()), f"{kind}: {reasons}")
    for path in SAMPLES.glob("ham-*.eml"):
        equal(judge(instance, read_sample(path))[0], "negative", path.name)


@test
@proves("S2-28 S2-29")
def who_sent_it_what_it_says_how_it_is_built_and_where_it_leads_all_count(world):
    instance = world.instance()
    body = "<p>The minutes are on the table: <a href='{}'>here</a></p>".format
    plain = {"body": body("https://www.example.org/minutes"), "kind": "text/html"}
    _, before = judge(instance, letter(**plain))
    for area, change in {
        "text": {"body": plain["body"].replace("The minutes are on the table", "Lose weight fast, order now")},
        "from": {"sender": "Winner 4711 <x4711@free.example>"},
        "urls": {"body": body(ADDRESS)},
        "html only": {"kind": "text/plain"},
    }.items():
        _, after = judge(instance, letter(**{**plain, **change}))
        true(before.get(area) != after.get(area), f"{area} counts for nothing: {before} {after}")
    data = MODEL.read_bytes()
    (bits,) = struct.unpack_from("<I", data, 16)
    attributes = sum(1 for weight in data[-(1 << bits) :] if weight)
    true(attributes > 100_000, f"the model knows {attributes} attributes")


@test
@proves("S2-30")
def mail_in_the_name_of_a_bank_is_worse_when_its_links_lead_to_a_bare_address(world):
    instance = world.instance()
    odds = []
    for link in ("https://www.bank.example/", ADDRESS):
        body = f"<p>Dear customer, please verify your account: <a href='{link}login'>https://www.bank.example/login</a></p>"
        verdict, reasons = judge(instance, letter(body, "Bank <service@bank.example>", "Your account", "text/html"))
        equal("phish_url_ip" in reasons, link == ADDRESS, f"the link {link}: {reasons}")
        odds.append(sum(reasons.values()))
    equal(verdict, "positive", "the verdict on the worse")
    true(odds[0] < odds[1], f"log-odds: {odds}")


PHARMACIST = """Hello Anna,

thank you for the minutes of the meeting. The tablets for the trial left our warehouse on Monday, ibuprofen and
sildenafil (Viagra), and the list of side effects is in the parcel. The pharmacy needs a prescription for the second
batch. Dr Weber asked whether patients who lose weight get the smaller dose.

On Friday Anna Example wrote:
> Could you tell me when the parcel leaves, please?
> I think that Dr Weber would like to have it before Thursday.

With kind regards
Petra Keller
Northwind Pharmaceuticals
"""
SHOP = "Viagra without prescription! Lose weight fast with tablets of our pharmacy. Order now: " + ADDRESS


@test
@proves("S2-31")
def a_maker_of_medicines_may_write_of_them(world):
    instance = world.instance()
    reply = ("In-Reply-To: <1@example.com>", "References: <1@example.com>")
    verdict, reasons = judge(instance, letter(PHARMACIST, "Petra Keller <petra.keller@northwind.example>", "Re: the trial", headers=reply))
    true("pills_names" in reasons or "pills_shop" in reasons, f"its words are no sign of spam: {reasons}")
    equal(verdict, "negative", f"the verdict on the company: {reasons}")
    verdict, reasons = judge(instance, letter(SHOP, "Meds 4711 <x4711@free.example>", "Cheap pills!!"))
    equal(verdict, "positive", f"the verdict on the shop: {reasons}")


main()
