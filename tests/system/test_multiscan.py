#!/usr/bin/env python3
"""Intelligent Multi-Scan: other engines asked first, ours last.  Scripted peers for everything that can go wrong, and the
real rspamd and spamd where they are installed."""

import json
import os
import re
import shutil
import signal
import socket
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import processes
from harness.build import SAMPLES, program, wait_until
from harness.gateway import configure, delivered, settings
from harness.mail import header, make_mail, read_sample, split_mail
from harness.peers import DROP, HANG, ScriptedRspamd, ScriptedSpamd, http, real_rspamd, real_spamd
from harness.sender import send_one
from harness.tap import Skip, equal, main, proves, test, true
from harness.terminal import Terminal

SETUP = "imsandgraymailconfig multiscan setup"
INCOMING, OUTGOING = (f"policyconfig {direction} edit DEFAULT antispam" for direction in ("incoming", "outgoing"))
POLICY = f"{INCOMING} on --engine=multiscan --positive-action=deliver --suspect-subject=none"

# Neither plainly spam nor plainly not, for our own engine.
DOUBTFUL = (
    b"The minutes of the meeting are on the table.\r\nWe take the early train, and lunch is at noon.\r\n"
    b"The garden needs water before the weekend.\r\nLose weight fast!\r\nOrder now, limited time offer!\r\n"
    b"No risk, no obligation!\r\nCheap pharmacy, no prescription needed!\r\nClick here to claim your free cash!\r\n"
    b"Consolidate your debt today!\r\n"
)


def doubtful(serial=1, **options):
    return make_mail(serial, body=DOUBTFUL, **{"subject": "hello", **options})


def send(instance, message=None):
    """The MID of a message when it is at its end."""
    mid = send_one(instance.address, message or doubtful())
    instance.wait_idle()
    return mid


def told(instance, mid):
    return "\n".join(instance.log.of_message(mid))


def score(instance, mid):
    return int(re.search(r"MID \d+ score (\d+)", told(instance, mid)).group(1))


class Gateway:
    """An instance whose incoming mail is judged by multiscan with two scripted peers."""

    def __init__(self, world, *options, spamd=None, name="gateway"):
        self.rspamd, self.spamd = ScriptedRspamd(), ScriptedSpamd()
        world.callback(self.rspamd.close)
        world.callback(self.spamd.close)
        self.instance = world.instance(name)
        configure(self.instance, " ".join((f"{SETUP} on", f"--rspamd={self.rspamd.url}",
                                           f"--spamd={spamd or self.spamd.place}", *options)), POLICY)


def other_lines(instance, mid):
    return [line.split("engine: ")[1] for line in told(instance, mid).splitlines() if "using engine" in line]


# What is asked, and what becomes of the answer


@test
@proves("S2-9 S2-45 S2-46 S2-47 S2-48 S2-56")
def other_engines_are_asked_first_and_ours_has_the_last_word(world):
    gateway = Gateway(world)
    gateway.rspamd.score, gateway.spamd.score = 7.3, -1.0
    mid = send(gateway.instance)
    lines = other_lines(gateway.instance, mid)
    equal(lines[0], "rspamd spam positive (7.3/15.0 SCRIPTED)", "the first engine")
    equal(lines[1], "spamd spam negative (-1.0/5.0 SCRIPTED)", "the second engine")
    true(re.fullmatch(r"CASE spam \w+", lines[2]), lines)
    true(re.fullmatch(r"IMS spam \w+", lines[3]) and len(lines) == 4, lines)
    detail = re.search(r"MID \d+ score .*", told(gateway.instance, mid)).group(0)
    true("peer:rspamd=+1." in detail and "peer:spamd=-0.500" in detail, detail)
    (head, message), = gateway.rspamd.messages
    wanted = {f"Queue-Id: {mid}", "From: anna@example.org", "Rcpt: ben@example.com", "IP: 127.0.0.1"}
    true(wanted <= set(head), f"the request: {head}")
    true(any(line.startswith("Helo: ") for line in head), head)
    equal(message, gateway.spamd.messages[0][1], "the message that both have")
    true(message.endswith(split_mail(doubtful())[1]) and message.startswith(b"Received:"), "the message")


@test
@proves("S2-47 S2-48 S2-50")
def each_verdict_of_another_engine_moves_the_score_and_none_skips_our_scan(world):
    gateway = Gateway(world)
    for name in ("ham-newsletter", "legitimate/two-lines", "legitimate/flight", "graymail/marketing-shop"):
        scores = {}
        for rspamd, spamd in ((0.0, 0.0), (15.0, 0.0), (0.0, 15.0), (15.0, 15.0)):
            gateway.rspamd.score, gateway.spamd.score = rspamd, spamd
            mid = send(gateway.instance, read_sample(SAMPLES / f"{name}.eml"))
            scores[rspamd, spamd] = score(gateway.instance, mid)
            detail = told(gateway.instance, mid)
            true("interim verdict using engine: CASE spam" in detail and " text=" in detail, f"our own scan of {name}")
        true(scores[0, 0] < scores[15, 0] <= scores[15, 15], f"{name}: {scores}")
        true(scores[0, 0] < scores[0, 15] <= scores[15, 15], f"{name}: {scores}")


@test
def both_are_asked_at_once(world):
    gateway = Gateway(world)
    both = threading.Barrier(2, timeout=30)

    def meet(message):
        both.wait()

    gateway.rspamd.answer = gateway.spamd.answer = meet
    mid = send(gateway.instance)
    equal(len(other_lines(gateway.instance, mid)), 4, "verdicts")


@test
@proves("S2-185")
def headers_tell_what_other_engines_said_and_forged_ones_are_taken_out(world):
    gateway = Gateway(world)
    gateway.rspamd.score, gateway.spamd.score = 7.26, 1.0
    gateway.spamd.symbols = [f"A_RULE_WITH_A_LONG_NAME_{n}" for n in range(8)]
    forged = ("X-Mailward-Peer-rspamd: No, score=-100.0 required=15.0", "X-Mailward-Peer-other: No")
    message = delivered(gateway.instance, send(gateway.instance, doubtful(headers=forged)))
    equal(header(message, "X-Mailward-Peer-rspamd"), "Yes, score=7.3 required=15.0 tests=SCRIPTED", "of rspamd")
    said = header(message, "X-Mailward-Peer-spamd")
    equal(re.sub(r"\s+", "", said.split("tests=")[1]).split(","), gateway.spamd.symbols, "rules of spamd")
    head = split_mail(message)[0]
    equal(head.count(b"X-Mailward-Peer-"), 2, "headers of other engines")
    true(max(map(len, head.splitlines())) < 200, "a long line")
    configure(gateway.instance, f"{INCOMING} on --engine=antispam", "antispamconfig setup on")
    message = delivered(gateway.instance, send(gateway.instance, doubtful(headers=forged)))
    true(b"X-Mailward-Peer-" not in message, "another engine's word on mail that it was not asked about")


@test
def names_of_rules_and_envelopes_cannot_break_a_line(world):
    gateway = Gateway(world)
    gateway.rspamd.symbols = ["GOOD", "BAD\r\nX-Evil: yes", "x" * 65, "sp ace", "ALSO_GOOD"] + ["N%d" % n for n in range(999)]
    message = delivered(gateway.instance, send(gateway.instance))
    names = re.sub(r"\s+", "", header(message, "X-Mailward-Peer-rspamd").split("tests=")[1]).split(",")
    equal(names[:3], ["GOOD", "ALSO_GOOD", "N0"], "names")
    true(len(",".join(names)) <= 1024 and header(message, "X-Evil") is None, names)


@test
def spamd_is_asked_at_a_unix_socket(world):
    path = world.folder / "spamd.sock"
    scripted = ScriptedSpamd(score=9.0, path=path)
    world.callback(scripted.close)
    gateway = Gateway(world, spamd=path)
    mid = send(gateway.instance)
    true("spamd spam positive (9.0/5.0 SCRIPTED)" in other_lines(gateway.instance, mid), told(gateway.instance, mid))


# Which mail


@test
@proves("S2-9 S2-147 S2-148 S2-149 S2-150")
def the_policy_of_a_direction_says_which_engine_decides(world):
    gateway = Gateway(world)
    instance = gateway.instance
    configure(instance, "antispamconfig setup on", f"{OUTGOING} on --engine=antispam",
              "listenerconfig new Inside private 127.0.0.3 0", "listenerconfig edit Inside hostaccess new 127.0.0.1")
    inside = instance.listeners()["Inside"]
    incoming, outgoing = send(instance), send_one(inside, doubtful())
    instance.wait_idle()
    true(" IMS spam " in told(instance, incoming) and len(gateway.rspamd.messages) == 1, "incoming mail")
    true(" CASE spam " in told(instance, outgoing) and " IMS " not in told(instance, outgoing), "outgoing mail")
    configure(instance, f"{INCOMING} on --engine=antispam", f"{OUTGOING} on --engine=multiscan")
    incoming, outgoing = send(instance), send_one(inside, doubtful())
    instance.wait_idle()
    true(" IMS " not in told(instance, incoming) and " IMS spam " in told(instance, outgoing), "changed over")
    configure(instance, f"{OUTGOING} off", f"{SETUP} off")
    shown = configure(instance, f"{OUTGOING} on")
    true("the engine is multiscan, but Intelligent Multi-Scan is off" in shown, shown)
    outgoing = send_one(inside, doubtful())
    instance.wait_idle()
    true("not scanned: anti-spam is off" in told(instance, outgoing), "mail of an engine that is off")
    equal(len(gateway.spamd.messages), 2, "messages that spamd was asked about")


@test
@proves("S2-57")
def mail_above_never_scan_size_is_not_shown_to_other_engines(world):
    gateway = Gateway(world)
    configure(gateway.instance, "imsandgraymailconfig globalconfig setup --always-scan-size=4K --never-scan-size=16K")
    big = send(gateway.instance, make_mail(1, size=20000))
    true("was too big" in told(gateway.instance, big), "a big message")
    part = send(gateway.instance, make_mail(2, size=10000))
    true("(partial)" in told(gateway.instance, part) and " IMS spam " in told(gateway.instance, part), "between the sizes")
    equal(len(gateway.rspamd.messages), 1, "messages that rspamd was asked about")


# Peers that fail


BROKEN_ANSWERS = {
    "no json": http(b"<html>no</html>"),
    "half of it": http(b'{"score": 1.0, "action": "no action"'),
    "the wrong types": http(b'{"score": "much", "action": 7, "symbols": []}'),
    "an array": http(b"[1, 2, 3]"),
    "a number beyond all numbers": http(b'{"score": 1e999, "action": "reject"}'),
    "too deep": http(b"[" * 100000),
    "another status": http(b"{}", "500 Internal Server Error"),
    "a redirection": http(b"", "302 Found\r\nLocation: http://127.0.0.1:1/"),
    "too long": http(b" " * (3 << 20)),
    "endless headers": b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 20000,
    "no http": b"220 mail.example.com ESMTP\r\n",
    "cut off": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
    "nothing": DROP,
}
BROKEN_RESPONSES = {
    "no protocol": b"220 mail.example.com ESMTP\r\n\r\n",
    "an error": b"SPAMD/1.0 76 Bad header line\r\n\r\n",
    "no verdict": b"SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\n\r\n",
    "a wrong verdict": b"SPAMD/1.1 0 EX_OK\r\nSpam: perhaps ; 3 / 5\r\n\r\n",
    "a wrong number": b"SPAMD/1.1 0 EX_OK\r\nSpam: True ; much / 5\r\n\r\n",
    "too long": b"SPAMD/1.1 0 EX_OK\r\nSpam: True ; 9 / 5\r\n\r\n" + b"A," * (2 << 20),
    "too long by its own word": b"SPAMD/1.1 0 EX_OK\r\nContent-length: 99999999999\r\nSpam: True ; 9 / 5\r\n\r\nA",
    "cut off": b"SPAMD/1.1 0 EX_OK\r\nContent-length: 100\r\nSpam: True ; 9 / 5\r\n\r\nA",
    "nothing": DROP,
}


@test
def an_answer_that_makes_no_sense_is_no_verdict_and_others_are_asked_about_at_once(world):
    gateway = Gateway(world)
    instance = gateway.instance
    for peer, name, answers in ((gateway.rspamd, "rspamd", BROKEN_ANSWERS), (gateway.spamd, "spamd", BROKEN_RESPONSES)):
        for what, said in answers.items():
            peer.answer = lambda message, said=said: said
            mid = send(instance)
            true(f"{name} none (gave no usable answer)" in other_lines(instance, mid), f"{what}: {told(instance, mid)}")
            peer.answer = lambda message: None
            true(verdict_of(instance, name), f"{name} is not asked after {what}")
    equal(instance.log.find("; it is not asked"), [], "engines that are taken for dead")
    equal(instance.log.find("restarting it"), [], "roles that died")
    instance.log.wait_for("multiscan: rspamd gives an answer that makes no sense about MID ")


@test
def an_engine_with_nothing_but_useless_answers_is_asked_no_more_until_it_has_a_verdict(world):
    gateway = Gateway(world)
    instance = gateway.instance
    true(verdict_of(instance, "spamd"), "it is not asked from the start")
    gateway.spamd.answer, gateway.spamd.mute = lambda message: b"SPAMD/1.1 74 EX_IOERR\r\n\r\n", True
    said = [other_lines(instance, send(instance))[1] for _ in range(12)]
    useless = said.count("spamd none (gave no usable answer)")
    true(useless == 10 and "spamd none (not asked" in said[-1], said)
    instance.log.wait_for("multiscan: spamd refuses the request; it is not asked")
    gateway.spamd.answer, gateway.spamd.mute = lambda message: None, False
    wait_until(lambda: verdict_of(instance, "spamd"), "spamd to be asked again", 60)


@test
def a_long_answer_is_understood(world):
    gateway = Gateway(world)
    gateway.rspamd.symbols = [f"A_RULE_{n}" for n in range(20000)]
    gateway.spamd.symbols = gateway.rspamd.symbols
    lines = other_lines(gateway.instance, send(gateway.instance))
    true(len(gateway.rspamd.usual()) > 1_000_000 and len(gateway.spamd.usual()) > 200_000, "the answers are short")
    true(lines[0].startswith("rspamd spam negative (0.0/15.0 A_RULE_0,") and lines[1].startswith("spamd spam negative"), lines)


def verdict_of(instance, name):
    """One more message; whether this engine had a word on it."""
    return any(line.startswith(f"{name} spam") for line in other_lines(instance, send(instance)))


@test
def a_dead_peer_costs_its_time_out_once_and_mail_flows(world):
    gateway = Gateway(world, "--rspamd-timeout=2")
    gateway.rspamd.answer, gateway.rspamd.mute = lambda message: HANG, True
    instance = gateway.instance
    first = send(instance)
    equal(other_lines(instance, first)[0], "rspamd none (timed out)", "the first message")
    mids = [send(instance) for _ in range(20)]
    for mid in mids:
        lines = other_lines(instance, mid)
        equal(lines[0], "rspamd none (not asked: it does not answer at present)", "a later message")
        true(lines[1].startswith("spamd spam"), lines)
    equal(len(gateway.rspamd.messages), 1, "messages that it was asked about")
    equal(len(instance.maildir()), 21, "messages delivered")
    instance.log.wait_for("multiscan: rspamd timed out; it is not asked")
    equal(instance.status()["peers_without_verdict"], 21, "counted")
    alerts = json.loads(instance.shell("displayalerts", "--json").stdout.splitlines()[0])
    true("multiscan: rspamd timed out" in json.dumps(alerts), f"no alert: {alerts}")


@test
def who_waits_for_a_peer_that_turns_out_to_be_dead_waits_no_longer(world):
    gateway = Gateway(world, "--spamd-timeout=2")
    gateway.spamd.answer, gateway.spamd.mute = lambda message: HANG, True
    mids = [send_one(gateway.instance.address, doubtful(n)) for n in range(8)]
    gateway.instance.wait_idle()
    said = [other_lines(gateway.instance, mid)[1] for mid in mids]
    equal(said.count("spamd none (timed out)"), 1, f"time-outs: {said}")
    equal(len(gateway.instance.maildir()), 8, "messages delivered")


@test
def a_peer_that_comes_back_is_asked_again(world):
    gateway = Gateway(world)
    instance = gateway.instance
    gateway.rspamd.stop()
    gateway.spamd.stop()
    mid = send(instance)
    true("rspamd none" in told(instance, mid) and "spamd none" in told(instance, mid), told(instance, mid))
    gateway.rspamd.start()
    gateway.spamd.start()
    for name in ("rspamd", "spamd"):
        wait_until(lambda: instance.log.find(f"multiscan: {name} answers and is asked"), f"{name} to be up", 60)
        true(verdict_of(instance, name), f"{name} is not asked")


@test
def one_message_that_is_too_much_for_a_peer_does_not_take_it_from_others(world):
    gateway = Gateway(world, "--rspamd-timeout=3")
    hangs = threading.Event()

    def answer(message):
        if b"too much" in message:
            hangs.set()
            return HANG
        return None

    gateway.rspamd.answer = answer
    slow = send_one(gateway.instance.address, doubtful(subject="too much"))
    wait_until(hangs.is_set, "the slow message to be asked about")
    mids = [send_one(gateway.instance.address, doubtful(n)) for n in range(3)]
    gateway.instance.wait_idle()
    true("rspamd none (timed out)" in other_lines(gateway.instance, slow), told(gateway.instance, slow))
    for mid in (*mids, send(gateway.instance)):
        true(other_lines(gateway.instance, mid)[0].startswith("rspamd spam"), told(gateway.instance, mid))
    equal(gateway.instance.log.find("multiscan: rspamd timed out"), [], "it is taken for dead")


# Roles that die


@test
def mail_that_is_asked_about_when_a_role_dies_is_asked_about_again_and_delivered_once(world):
    for role in ("peers", "queue", "scan"):
        with_role_killed(world, role)


def with_role_killed(world, role):
    gateway = Gateway(world, name=role)
    instance = gateway.instance
    hold = threading.Event()

    def wait(message):
        hold.wait(60)

    gateway.rspamd.answer = wait
    mids = [send_one(instance.address, doubtful(n)) for n in range(4)]
    wait_until(lambda: len(gateway.rspamd.messages) == 4, "all to be asked about")
    instance.kill_role(role)
    again = 4 if role == "scan" else 8
    wait_until(lambda: len(gateway.rspamd.messages) == again, "all to be asked about again")
    hold.set()
    instance.wait_idle()
    equal(len(instance.maildir()), 4, f"copies, {role} killed")
    for mid in mids:
        true(other_lines(instance, mid)[0].startswith("rspamd spam"), told(instance, mid))
    instance.power_off()


@test
def a_message_that_the_role_dies_with_twice_is_scanned_without_other_verdicts(world):
    gateway = Gateway(world)
    gateway.rspamd.answer = lambda message: HANG if b"poison" in message else None
    mid = send_one(gateway.instance.address, doubtful(subject="poison"))
    for n in (1, 2):
        wait_until(lambda: len(gateway.rspamd.messages) == n, "the message to be asked about")
        gateway.instance.kill_role("peers")
    gateway.instance.wait_idle()
    lines = other_lines(gateway.instance, mid)
    equal(lines[0], "rspamd none (not asked: it does not answer at present)", "rspamd")
    equal(len(gateway.instance.maildir()), 1, "copies")


# The commands


@test
@proves("S2-149 S2-151")
def multiscan_can_be_chosen_once_it_is_on(world):
    instance = world.instance()
    run = instance.shell(f"{POLICY}; commit")
    equal((run.returncode, run.stdout), (1, "Intelligent Multi-Scan is off: imsandgraymailconfig multiscan setup on\n"),
          "an engine that is off")
    for engine in ("antispam,multiscan", "antispam --engine=multiscan"):
        equal(instance.shell(f"{INCOMING} on --engine={engine}; commit").returncode, 2, f"status of {engine}")
    configure(instance, "antispamconfig setup on")
    true("Which engine" not in dialogue_of_policy(instance), "a question with one answer")
    configure(instance, f"{SETUP} on")
    shown = dialogue_of_policy(instance)
    true("Which engine should decide?" in shown and "2. Intelligent Multi-Scan" in shown, shown)
    configure(instance, POLICY)
    configure(instance, "antispamconfig setup off")
    true("Which engine" not in dialogue_of_policy(instance), "a question with one answer again")
    true("Multi-Scan" in instance.shell("policyconfig incoming print").stdout, "the table of policies")
    send(instance)
    instance.log.wait_for("using engine: IMS spam")


def dialogue_of_policy(instance):
    """What is shown before the first threshold is asked for."""
    with Terminal([program("mailward"), "--private", str(instance.folder)], "dumb") as terminal:
        for answer in ("policyconfig", "1", "edit", "DEFAULT", "antispam", "edit"):
            terminal.wait("> ")
            terminal.type(f"{answer}\n")
        return terminal.wait("]> ")


@test
@proves("S2-55 S2-56 S2-57")
def the_dialogue_of_multiscan_asks_for_licence_and_addresses(world):
    instance = world.instance()
    with Terminal([program("mailward"), "--private", str(instance.folder)], "dumb") as terminal:
        for wait, answer in (("> ", "imsandgraymailconfig"), ("MULTISCAN", "multiscan"), ("SETUP", "setup"),
                             ("use Intelligent Multi-Scan?", "y"), ("license agreement?", "n"), ("> ", ""), ("> ", ""),
                             ("> ", "commit refused"), ("> ", "exit")):  # fmt: skip
            terminal.wait(wait)
            terminal.type(f"{answer}\n")
    equal(settings(instance, "multiscan")["enabled"], False, "without the licence")
    with Terminal([program("mailward"), "--private", str(instance.folder)], "dumb") as terminal:
        for wait, answer in (("> ", "imsandgraymailconfig"), ("MULTISCAN", "multiscan"), ("SETUP", "setup"),
                             ("use Intelligent Multi-Scan?", "y"), ("license agreement?", "y"),
                             ("Where does rspamd answer?", "rspamd.example.com"),
                             ("names are not looked up", "http://127.0.0.1:11333"),
                             ("time that rspamd has", "5"), ("Where does spamd answer?", "off"),
                             ("at a time?", "4"), ("Multi-Scan is enabled", None), ("> ", ""), ("> ", ""), ("> ", "commit"),
                             ("comments", "test"), ("for rollback?", ""), ("Changes committed", "exit")):
            terminal.wait(wait)
            if answer is not None:
                terminal.type(f"{answer}\n")
    row = settings(instance, "multiscan")
    equal((row["enabled"], row["licence-accepted"], row["rspamd"], row["rspamd-timeout"], row["spamd"], row["connections"]),
          (True, True, "http://127.0.0.1:11333", 5, "off", 4), "what was set")


@test
def wrong_addresses_of_other_engines_are_refused(world):
    instance = world.instance()
    for option in ("--rspamd=rspamd.example.com", "--rspamd=https://127.0.0.1", "--rspamd=http://127.0.0.1:0",
                   "--rspamd=http://127.0.0.1/checkv2", "--rspamd=http://", "--spamd=127.0.0.1", "--spamd=spamd.example.com:783",
                   "--spamd=/" + "x" * 120, "--rspamd-timeout=0", "--connections=101"):  # fmt: skip
        equal(instance.shell(f"{SETUP} on {option}").returncode, 2, option)
    for option in ("--rspamd=http://[::1]:11333", "--rspamd=http://localhost/", "--rspamd=OFF", "--spamd=[::1]:783",
                   "--spamd=/run/spamd.sock", "--spamd=localhost:783"):  # fmt: skip
        equal(instance.shell(f"{SETUP} on {option}; clearchanges").returncode, 0, option)


@test
@proves("S2-53")
def systemsetup_with_multiscan_switches_it_on_for_the_default_incoming_policy(world):
    instance = world.instance()
    configure(instance, "systemsetup --engine=multiscan")
    tables = json.loads(instance.shell("showconfig json").stdout)["tables"]
    policy = next(row for row in tables["incoming-policy"] if row["name"] == "DEFAULT")
    equal((policy["antispam"], policy["engine"]), ("on", "multiscan"), "the policy")
    equal((tables["multiscan"]["enabled"], tables["imsandgraymail"]["always-scan-size"]), (True, 524288), "the gateway")
    send(instance)
    instance.log.wait_for("using engine: IMS spam")


# The real ones


def gateway_with_real_peers(world):
    if not shutil.which("rspamd") or not shutil.which("spamd", path="/usr/sbin:/usr/bin"):
        raise Skip("rspamd and spamd are not both installed")
    instance = world.instance()
    configure(instance, f"{SETUP} on --rspamd={real_rspamd(world)} --rspamd-timeout=30 --spamd={real_spamd(world)} "
              "--spamd-timeout=30", POLICY)
    for name in ("rspamd", "spamd"):  # a busy machine may take them for dead while they start
        wait_until(lambda: verdict_of(instance, name), f"a verdict of {name}", 120)
    return instance


@test
def the_real_rspamd_and_spamd_are_asked_first(world):
    instance = gateway_with_real_peers(world)
    good = send(instance, make_mail(1))
    gtube = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"
    bad = send(instance, make_mail(2, body=gtube))
    for mid, word in ((good, "negative"), (bad, "positive")):
        lines = other_lines(instance, mid)
        true(lines[0].startswith(f"rspamd spam {word} ("), f"rspamd: {lines}")
        true(lines[1].startswith(f"spamd spam {word} ("), f"spamd: {lines}")
        true(lines[2].startswith("CASE spam ") and lines[3].startswith("IMS spam "), f"ours: {lines}")
    true(header(delivered(instance, bad), "X-Mailward-Peer-rspamd").startswith("Yes, score=15.0"), "the header of rspamd")
    true("GTUBE" in header(delivered(instance, bad), "X-Mailward-Peer-spamd"), "the header of spamd")
    true(score(instance, bad) > score(instance, send(instance, make_mail(3, body=gtube[3:]))), "it counts for nothing")


@test
def the_real_rspamd_that_hangs_costs_its_time_out_once(world):
    instance = gateway_with_real_peers(world)
    configure(instance, f"{SETUP} on --rspamd-timeout=2")
    asked = [pid for child in processes.children_of(os.getpid(), "rspamd") for pid in processes.family_of(child)]
    true(asked, "no process of rspamd")
    for pid in asked:
        os.kill(pid, signal.SIGSTOP)
    try:
        said = [other_lines(instance, send(instance)) for _ in range(6)]
    finally:
        for pid in asked:
            os.kill(pid, signal.SIGCONT)
    firsts = [lines[0] for lines in said]
    equal(firsts.count("rspamd none (timed out)"), 1, f"time-outs: {firsts}")
    equal(firsts.count("rspamd none (not asked: it does not answer at present)"), 5, f"messages that did not wait: {firsts}")
    true(all(lines[1].startswith("spamd spam ") for lines in said), said)
    wait_until(lambda: verdict_of(instance, "rspamd"), "rspamd to be asked again", 120)


if __name__ == "__main__":
    main()
