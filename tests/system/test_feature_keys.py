#!/usr/bin/env python3
"""Feature keys: what a new gateway may use, what ends with its key and how that is told, and keys that are activated."""

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.build import program, wait_until
from harness.mail import header, make_mail
from harness.peers import ScriptedRspamd
from harness.sender import send_one
from harness.spamd import ask
from harness.tap import equal, main, proves, test, true
from harness.terminal import Terminal

HOST = socket.gethostname()
OPS = "ops@example.com"
MULTISCAN = "imsandgraymailconfig multiscan setup on"
SPAM = ("X-Advertisement: spam",)


class Signer:
    """Who makes keys, and the folder of those whom a gateway trusts."""

    def __init__(self, world, name="sales"):
        self.path = world.folder / name
        subprocess.run([program("mailward-package"), "keygen", str(self.path)], check=True, capture_output=True)
        self.trusted = world.folder / f"trusted-by-{name}"
        self.trusted.mkdir()
        shutil.copy(f"{self.path}.pub", self.trusted)

    def make(self, feature, **options):
        """The completed process of mailward-featurekey."""
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        line = [program("mailward-featurekey"), "--key", f"{self.path}.key", *words, feature]
        return subprocess.run(line, capture_output=True, text=True)

    def key(self, feature, **options):
        done = self.make(feature, **options)
        equal(done.returncode, 0, f"status of mailward-featurekey ({done.stderr})")
        return done.stdout

    def gateway(self, world, name="gateway", route=None, evaluation=0):
        settings = {"trust.folder": self.trusted, "features.evaluation": evaluation}
        return world.instance(name, route=route, settings=settings)


def run(instance, command, status=0, text=None):
    done = subprocess.run(
        [program("mailward"), "--private", str(instance.folder)], input=f"{command}\n" + (text or ""),
        capture_output=True, text=True, timeout=60)  # fmt: skip
    equal(done.returncode, status, f"exit status of {command} ({done.stdout}{done.stderr})")
    return done.stdout


def features(instance):
    done = instance.shell("featurekey", "--json")
    equal(done.returncode, 0, f"exit status ({done.stdout})")
    return {row["feature"]: row for row in json.loads(done.stdout.splitlines()[0])["result"]["features"]}


def status(instance, feature="antispam"):
    return features(instance)[feature]["status"]


def activate(instance, key, status=0):
    return run(instance, "featurekey activate -", status, key + ".\n")


def judged(instance):
    """Whether mail that is certainly spam is found to be."""
    mid = send_one(instance.address, make_mail(1, headers=SPAM))
    instance.wait_idle()
    lines = "\n".join(instance.log.of_message(mid))
    true("queued for delivery" in lines or "ISQ: Quarantined" in lines, f"mail does not flow: {lines}")
    true("CASE spam positive" in lines or "not scanned: anti-spam is off" in lines, lines)
    return "CASE spam positive" in lines


@test
def a_new_gateway_has_a_perpetual_key_for_what_exists_and_none_for_what_does_not(world):
    instance = world.instance()
    row = features(instance)["antispam"]
    equal((row["status"], row["perpetual"], row["expires"]), ("Active", True, None), "antispam")
    equal(status(instance, "outbreak"), "Not Available", "what does not exist")
    shown = run(instance, "featurekey show")
    true("antispam            Active          Perpetual" in shown, shown)
    equal(status(instance, "multiscan"), "Active", "multiscan")
    shown = run(instance, "imsandgraymailconfig graymail setup on --safe-unsubscribe=on", status=3)
    true("missing feature key: safe-unsubscribe" in shown, shown)


@test
@proves("S2-21 S2-24 S2-25 S2-26")
def an_evaluation_key_is_for_30_days_and_told_of_at_30_15_5_and_0(world):
    sink = world.sink(keep_data=True)
    signer = Signer(world)
    instance = signer.gateway(world, route=sink.address, evaluation=1)
    run(instance, f"alertconfig new {OPS} --severity=warning\ncommit")
    wait_until(lambda: "feature key antispam expires in 30 days" in run(instance, "displayalerts"), "the first alert")
    true("29d 23h" in run(instance, "featurekey"), "the time that is left")
    true(judged(instance), "judged while there is a key")
    for days, text in ((15, "expires in 15 days"), (10, "expires in 5 days"), (5, "has expired")):
        instance.pass_time(days=days)
        wait_until(lambda text=text: f"feature key antispam {text}" in run(instance, "displayalerts"), text)
        instance.kill_role("control")  # which forgets nothing
        wait_until(lambda: instance.shell("version").returncode == 0, "control to be back")
    wait_until(lambda: any(b"antispam has expired" in message.data for message in sink.messages), "mail about it")
    # A control that is killed before it knows of the queue's answer sends the same message once more.
    told = {header(m.data, "Message-ID"): m.data for m in sink.messages if OPS in m.recipients}.values()
    for text in (b"expires in 30 days", b"expires in 15 days", b"expires in 5 days", b"has expired"):
        equal(sum(b"feature key antispam " + text in data for data in told), 1, f"mail that says {text.decode()}")
    equal(features(instance)["antispam"]["remaining"], 0, "nothing is left")


@test
def without_its_key_the_engine_is_off_whatever_is_set_and_mail_flows(world):
    signer = Signer(world)
    instance = signer.gateway(world, evaluation=1)
    true(judged(instance), "judged while there is a key")
    instance.pass_time(days=30)
    wait_until(lambda: instance.log.find("feature key antispam has expired"), "the log to tell")
    wait_until(lambda: not judged(instance), "the engine to be off")
    equal(status(instance), "Expired", "status")
    for role in ("queue", "scan", "control"):
        instance.kill_role(role)
        wait_until(lambda: instance.shell("version").returncode == 0, "control to be back")
        true(not judged(instance), f"off after {role} was restarted")
    # What was set may stay and be changed; what needs the key cannot be set anew.
    run(instance, "antispamconfig setup on --timeout=50\ncommit")
    run(instance, "antispamconfig setup off\ncommit")
    shown = run(instance, "antispamconfig setup on", status=3)
    true("missing feature key: antispam" in shown, shown)
    activate(instance, signer.key("antispam", days=2000, serial=HOST))
    run(instance, "antispamconfig setup on\ncommit")
    true(judged(instance), "with a new key")
    expires = features(instance)["antispam"]["expires"]
    instance.stop()
    instance.start()
    equal(features(instance)["antispam"]["expires"], expires, "after a restart")


@test
def without_its_key_clients_of_the_spamd_protocol_are_told_so_and_scanned_again_with_a_new_one(world):
    signer = Signer(world)
    instance = signer.gateway(world, evaluation=1)
    run(instance, "spamdconfig setup on --tcp=\ncommit")
    no_key = (69, "EX_UNAVAILABLE: anti-spam has no feature key on this gateway")

    def reply():
        answer = ask(instance.spamd_socket, "CHECK", make_mail(1, headers=SPAM))
        return answer.code, answer.text

    equal(reply()[0], 0, "with the key")
    instance.pass_time(days=30)
    wait_until(lambda: reply() == no_key, "the service to be off")
    for role in ("spamd", "control"):
        instance.kill_role(role)
        wait_until(lambda: instance.status().get("spamd_connections") == 0, "both to be back")
        equal(reply(), no_key, f"the answer after {role} was restarted")
    activate(instance, signer.key("antispam", days=2000))
    wait_until(lambda: reply()[0] == 0, "the service to be on again")


@test
@proves("S2-22 S2-23")
def a_key_counts_once_the_licence_is_accepted(world):
    instance = world.instance(settings={"features.evaluation": 1})
    off = {"enabled": False, "licence-accepted": False}
    instance.configure(
        {"table": "antispam", "verb": "edit", "fields": off},
        {"table": "incoming-policy", "verb": "edit", "key": "DEFAULT", "fields": {"antispam": "off"}},
    )
    equal(status(instance), "Dormant", "before")
    with Terminal([program("mailward"), "--private", str(instance.folder)], "dumb") as terminal:
        for answer in ("antispamconfig", "setup", "y", "y", "", "", "", "", "", "commit x", "exit"):
            terminal.wait("> ")
            terminal.type(f"{answer}\n")
        terminal.end()
    equal(status(instance), "Active", "after")
    true(judged(instance), "the default incoming policy scans")


@test
def a_key_that_does_not_count_is_refused_with_the_reason(world):
    signer, stranger = Signer(world), Signer(world, "stranger")
    instance = signer.gateway(world)
    good = signer.key("antispam", days=30)
    for key, reason in (
        ("what is this", "this is no feature key, or not all of it"),
        (good[:-9] + "\n", "this is no feature key, or not all of it"),
        (good.replace(good[40], "x" if good[40] != "x" else "y", 1), "feature key"),
        (stranger.key("antispam"), "by none of the trusted keys"),
        (signer.key("antispam", serial="other.example.com"), f"is for other.example.com, and this gateway is {HOST}"),
        (signer.key("coffee"), "is for 'coffee', which this version does not know"),
        (signer.key("antispam", begins="2020-01-01", days=30), "has expired"),
    ):
        shown = activate(instance, key, status=2)
        true(reason in shown, f"{reason}: {shown}")
    row = features(instance)["antispam"]
    equal((row["status"], row["perpetual"]), ("Active", True), "nothing has changed")
    nobody = world.instance("nobody", settings={"trust.folder": world.folder / "nothing"})
    true("no trusted key" in activate(nobody, good, status=2), "nobody is trusted")


@test
def no_key_is_made_for_no_days_or_for_more_than_a_hundred_years(world):
    signer = Signer(world)
    for days in (0, 36501, -1, "1d", ""):
        done = signer.make("antispam", days=days)
        equal((done.returncode, done.stdout), (2, ""), f"status and key of --days {days}")
        equal(done.stderr, f"mailward-featurekey: --days: a number from 1 to 36500, not '{days}'\n", "what it says")
    instance = signer.gateway(world)
    for days in (36500, 1):
        activate(instance, signer.key("antispam", days=days))


@test
def keys_are_found_in_the_folder_and_activated_when_that_is_wanted(world):
    signer = Signer(world)
    instance = signer.gateway(world, evaluation=1)
    folder = instance.folder / "configuration"
    run(instance, "featurekeyconfig setup --autocheck=off\ncommit")  # which would be the one to find them
    (folder / "a.featurekey").write_text(signer.key("antispam", days=400))
    (folder / "b.featurekey").write_text("nonsense\n")
    (folder / "c.txt").write_text(signer.key("antispam", days=500))
    before = features(instance)["antispam"]["expires"]
    equal(run(instance, "featurekey checknow"), "a.featurekey: a feature key for antispam\n", "found")
    equal(features(instance)["antispam"]["expires"], before, "it is not activated by itself")
    wait_until(lambda: instance.log.find("feature key in b.featurekey: this is no feature key"), "the log to tell")
    run(instance, "featurekeyconfig setup --autoactivate=on\ncommit")
    equal(run(instance, "featurekey checknow"), "a.featurekey: a feature key for antispam, activated\n", "activated")
    true(features(instance)["antispam"]["expires"] > before, "it counts")
    equal(run(instance, "featurekey checknow"), "There are no new feature keys.\n", "again")
    run(instance, "featurekey activate a.featurekey")  # what is there already (R4)
    wait_until(lambda: instance.log.find("feature key antispam activated by autoactivate"), "the log to say who")


@test
def keys_in_the_folder_are_looked_for_every_hour(world):
    signer = Signer(world)
    instance = signer.gateway(world, evaluation=1)
    run(instance, "featurekeyconfig setup --autoactivate=on\ncommit")
    folder = instance.folder / "configuration"
    for hour, feature in enumerate(("antispam", "multiscan")):
        (folder / f"{hour}.featurekey").write_text(signer.key(feature, days=400))
        instance.pass_idle(60)
        wait_until(lambda: instance.log.find(f"feature key {feature} activated by autoactivate"), feature)


@test
def a_key_is_pasted_at_a_terminal(world):
    signer = Signer(world)
    instance = signer.gateway(world, evaluation=1)
    with Terminal([program("mailward"), "--private", str(instance.folder)], "dumb") as terminal:
        for answer in ("featurekey", "activate", signer.key("antispam").strip(), "", "exit"):
            terminal.wait("> ")
            terminal.type(f"{answer}\n")
        terminal.end()
    equal(features(instance)["antispam"]["perpetual"], True, "perpetual now")


@test
@proves("S2-54")
def a_key_for_multiscan_is_one_for_its_last_engine(world):
    signer = Signer(world)
    instance = signer.gateway(world, evaluation=1)
    instance.pass_time(days=31)
    wait_until(lambda: status(instance) == "Expired", "the end of the evaluation")
    activate(instance, signer.key("antispam"))
    for line in (MULTISCAN, "systemsetup --engine=multiscan"):
        true("missing feature key: multiscan" in run(instance, line, status=3), line)
    activate(instance, signer.key("multiscan"))
    run(instance, f"{MULTISCAN}\ncommit")
    for engine in ("multiscan", "antispam"):
        run(instance, f"policyconfig incoming edit DEFAULT antispam on --engine={engine}\ncommit")


@test
@proves("S2-52")
def with_the_key_of_multiscan_alone_its_last_engine_is_on(world):
    signer = Signer(world)
    instance = signer.gateway(world, evaluation=1)
    instance.pass_time(days=31)
    wait_until(lambda: status(instance) == "Expired", "the end of the evaluation")
    activate(instance, signer.key("multiscan"))
    equal(status(instance), "Active", "antispam")
    wait_until(lambda: judged(instance), "the engine to be on again")
    for engine, name in (("multiscan", "IMS"), ("antispam", "CASE")):
        run(instance, f"{MULTISCAN}\npolicyconfig incoming edit DEFAULT antispam on --engine={engine}\ncommit")
        mid = send_one(instance.address, make_mail(1, headers=SPAM))
        instance.wait_idle()
        instance.log.wait_for(f"MID {mid} using engine: {name} spam positive")


@test
def without_its_key_multiscan_asks_nobody_and_mail_flows(world):
    signer, peer = Signer(world), ScriptedRspamd()
    world.callback(peer.close)
    instance = signer.gateway(world, evaluation=1)
    run(instance, f"{MULTISCAN} --rspamd={peer.url}\npolicyconfig incoming edit DEFAULT antispam on "
                  "--engine=multiscan\ncommit")
    mid = send_one(instance.address, make_mail(1, headers=SPAM))
    instance.wait_idle()
    equal(len(peer.messages), 1, "messages that were shown")
    true("engine: IMS spam positive" in "\n".join(instance.log.of_message(mid)), "a verdict with the key")
    instance.pass_time(days=31)
    wait_until(lambda: instance.log.find("feature key multiscan has expired"), "the log to tell")
    activate(instance, signer.key("antispam"))  # which is not the engine of the policy
    wait_until(lambda: not judged(instance), "the engine to be off")
    asked = len(peer.messages)
    true(not judged(instance), "judged without a key")
    equal(len(peer.messages), asked, "messages that were shown without a key")
    activate(instance, signer.key("multiscan"))
    mid = send_one(instance.address, make_mail(2, headers=SPAM))
    instance.wait_idle()
    equal(len(peer.messages), asked + 1, "messages that were shown with a new key")
    true("engine: IMS spam positive" in "\n".join(instance.log.of_message(mid)), "a verdict with a new key")


@test
def keys_are_in_the_backup(world):
    signer = Signer(world)
    instance = signer.gateway(world, evaluation=1)
    activate(instance, signer.key("antispam", days=400))
    expires = features(instance)["antispam"]["expires"]
    file, second = world.folder / "all.backup", world.folder / "second"
    for folder, what in ((instance.folder, "--backup"), (second, "--restore")):
        subprocess.run([program("mailwardd"), "--private", str(folder), what, str(file)], check=True, capture_output=True)
    restored = signer.gateway(world, "second", evaluation=1)
    equal(features(restored)["antispam"]["expires"], expires, "in the restored gateway")


@test
def keys_are_of_one_machine(world):
    instance = world.instance()
    run(instance, "clusterconfig new c1")
    shown = run(instance, "clustermode cluster\nfeaturekey", status=3)
    true('This command is restricted to "machine" mode.' in shown, shown)


main()
