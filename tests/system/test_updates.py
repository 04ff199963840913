#!/usr/bin/env python3
"""Updates of rules and models from a server of our own: fetched, verified, tried, installed, used; and what is refused."""

import datetime
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import processes
from harness.build import program, wait_until
from harness.gateway import run
from harness.logs import Log
from harness.mail import make_mail
from harness.sender import send_one
from harness.tap import equal, main, proves, test, true
from harness.update_server import RULES, UpdateServer, make_key, rules_that_hit, sign_list, tool

WORD = "quixotically"
GOOD = {"a.rules": rules_that_hit(WORD)}
HARMLESS = {"a.rules": "rule says_harmless\n    scope body\n    match /harmless-word/i\n    about Says it\n"}
GRAYMAIL = {"graymail.rules": HARMLESS["a.rules"]}


def gateway(world, *options, server=None, **settings):
    """A gateway that trusts the server's key and certificate, and asks it when it is told to."""
    server = server or UpdateServer(world.folder)
    world.callback(server.close)
    instance = world.instance(settings={"trust.folder": str(server.keys), **settings})
    configure(instance, server, *(options or ("--automatic=off",)))
    return instance, server


def configure(instance, server, *options, ca=None):
    (instance.folder / "configuration" / "ca.pem").write_text(ca or server.certificate)
    run(instance, f"updateconfig setup --server={server.url} {' '.join(options)}; updateconfig ca import ca.pem; commit")


def updater(instance):
    return Log(instance.folder, "updater_logs")


def update(instance, line, command="updatenow"):
    """Asks for an update, and returns when the log has this line once more."""
    before = len(updater(instance).find(line))
    run(instance, command)
    wait_until(lambda: len(updater(instance).find(line)) > before, f"{line!r} in {updater(instance).lines()}")


def verdict(instance, serial, word=WORD):
    """The line about the verdict of a message with this word."""
    mail = make_mail(serial, body=f"The others agreed, {word}.\r\n".encode())
    mid = send_one(instance.address, mail)
    return wait_until(
        lambda: next((one for one in instance.log.of_message(mid) if "using engine: CASE" in one), None), "a verdict"
    )


def judged_with(instance, serial):
    """The rules and the model that tracking names for a message."""
    mid = send_one(instance.address, make_mail(serial))
    instance.wait_idle()
    wait_until(lambda: instance.status().get("outbox") == 0, "every final event in the tracking store")
    with sqlite3.connect(f"file:{instance.folder / 'track' / 'tracking.db'}?mode=ro", uri=True) as db:
        return db.execute("SELECT DISTINCT versions FROM final WHERE mid = ?", (mid,)).fetchall()


def versions(instance, command="antispamstatus"):
    """Component -> version, and the time or `Never Updated`."""
    rows = {}
    for line in run(instance, command).splitlines()[2:]:
        if not line:
            break
        name, rest = line[:20].strip(), line[20:].split("  ")
        rows[name] = tuple(part.strip() for part in rest if part.strip())
    return rows


def trouble(instance, command="antispamstatus"):
    """What went wrong with updates, or None."""
    return next((line[9:] for line in run(instance, command).splitlines() if line.startswith("Trouble: ")), None)


def refused(instance, why, version=2):
    """The last package was refused for this reason, told so, and what was installed before is in use."""
    line = updater(instance).find("update refused: ")[-1]
    true(why in line and f"; version {version} stays in use" in line, line)
    true(why in (trouble(instance) or ""), f"antispamstatus: {trouble(instance)}")
    equal(trouble(instance, "graymailstatus"), None, "the trouble of another engine's package")
    equal(versions(instance)["Structural Rules"][1], str(version), "version in use")


def left_alone(instance, server):
    """What the server offers is not fetched once more."""
    asked = len(server.asked)
    update(instance, "has nothing new")
    equal(server.asked[asked:], ["/manifest"], "what the server was asked")


@test
@proves("S2-20 S2-130 S2-246 S2-247")
def a_new_package_of_rules_arrives_by_itself_changes_a_verdict_and_shows(world):
    instance, server = gateway(world, "--interval=5")
    true("spam negative" in verdict(instance, 1), "the word means something already")
    equal(versions(instance)["Structural Rules"], ("Never Updated", "1"), "before")
    server.offer("antispam-rules", 20261122, GOOD)
    updater(instance).wait_for("case update completed: antispam-rules version 20261122")
    true("spam positive" in verdict(instance, 2), verdict(instance, 3))
    time, version = versions(instance)["Structural Rules"]
    equal(version, "20261122", "version")
    true(str(datetime.date.today().year) in time, time)
    equal(versions(instance)["Content Rules"], ("Never Updated", "1"), "the model")
    instance.log.wait_for("scan: in use: antispam-rules 20261122, spam-model 1, graymail-rules 1")
    instance.kill_role("control")
    instance.kill_role("scan")
    true("spam positive" in verdict(instance, 4), "after the death of both roles")
    instance.stop()
    instance.start()
    true("spam positive" in verdict(instance, 5), "after a restart")
    equal(versions(instance)["Structural Rules"][1], "20261122", "after a restart")


@test
@proves("S2-132 S2-247")
def without_a_server_nothing_was_ever_updated(world):
    instance = world.instance()
    equal({row[-2 if name.startswith(("CASE", "Str", "Con")) else -1] for name, row in versions(instance).items()},
          {"Never Updated"}, "antispamstatus")
    lines = run(instance, "graymailstatus").splitlines()
    equal(lines[0].split("  ")[0], "Component", "titles")
    equal([line.split()[-2:] for line in lines[2:5]], [["Never", "Updated"]] * 3, "graymailstatus")
    true("Last download attempt: never" in lines, "an attempt")
    for command in ("antispamupdate", "graymailupdate force", "updatenow"):
        done = instance.shell(command)
        equal((done.returncode, "updateconfig" in done.stdout + done.stderr), (1, True), command)


@test
@proves("S2-131 S2-248 S2-249")
def a_model_and_graymail_rules_come_when_they_are_asked_for(world):
    instance, server = gateway(world)
    server.build("spam-model", 2, {"spam.model": (RULES.parent / "spam.model").read_bytes()})
    server.offer("graymail-rules", 3, GRAYMAIL)
    equal(run(instance, "antispamupdate ironport force"), "Forcing updates for CASE rules.\n", "force")
    updater(instance).wait_for("case update completed: spam-model version 2")
    equal(updater(instance).find("graymail"), [], "graymail was not asked for")
    equal(versions(instance)["Content Rules"][1], "2", "the model")
    update(instance, "graymail update completed: graymail-rules version 3", "graymailupdate")
    equal(versions(instance, "graymailstatus")["Graymail Rules"][0], "3", "graymail")
    update(instance, "graymail update completed: graymail-rules version 3", "graymailupdate force")
    true("spam negative" in verdict(instance, 1), "a verdict")
    equal([line for line in instance.log.lines() if "paused" in line], [], "the work queue was paused")


def first_update(world):
    """A gateway with version 2 installed."""
    instance, server = gateway(world)
    server.offer("antispam-rules", 2, GOOD)
    update(instance, "update completed: antispam-rules version 2")
    return instance, server


@test
def tracking_names_the_rules_and_the_model_that_judged(world):
    instance, server = first_update(world)
    equal(judged_with(instance, 1), [("antispam-rules 2, spam-model 1, graymail-rules 1",)], "before")
    server.offer("antispam-rules", 3, HARMLESS)
    update(instance, "update completed: antispam-rules version 3")
    equal(judged_with(instance, 2), [("antispam-rules 3, spam-model 1, graymail-rules 1",)], "after")
    run(instance, "antispamconfig setup on --timeout=50; commit")
    equal(judged_with(instance, 3), [("antispam-rules 3, spam-model 1, graymail-rules 1",)], "of the next revision")


@test
def a_package_by_an_unknown_key_is_refused(world):
    instance, server = first_update(world)
    stranger = make_key(world.folder / "elsewhere", "stranger")
    path = server.build("antispam-rules", 3, HARMLESS, key=stranger)
    sign_list(server, path, 3)
    update(instance, "update refused")
    refused(instance, "antispam-rules-3.package is signed by none of the trusted keys")
    true("spam positive" in verdict(instance, 1), "the old rules")
    left_alone(instance, server)
    wait_until(lambda: "is signed by none" in (trouble(instance) or ""), "the trouble, as long as it is offered")
    sign_list(server, path, 3, key=stranger)
    update(instance, "Dynamic manifest fetch failure: manifest is signed by none of the trusted keys")
    sign_list(server, path, 3)
    stranger.with_suffix(".pub").rename(server.keys / "stranger.pub")
    instance.stop()
    instance.start()
    update(instance, "update completed: antispam-rules version 3")
    (server.keys / "stranger.pub").unlink()
    instance.stop()
    instance.start()
    true("antispam-rules.package is not used: it is signed by none" in trouble(instance), trouble(instance))
    equal(trouble(instance, "graymailstatus"), None, "the trouble of another engine's package")
    path.unlink()
    server.offer("antispam-rules", 4, GOOD)
    update(instance, "update completed: antispam-rules version 4")
    equal(trouble(instance), None, "trouble")


@test
def altered_packages_are_refused(world):
    instance, server = first_update(world)
    for version, old, new, why in (
        (3, b"created 20", b"created 19", "is signed by none of the trusted keys"),
        (4, b"harmless-word", b"harmless-Word", "has an altered member a.rules"),
        (5, b"\nsignature ", b"\nSignature ", "has no signature"),
    ):
        path = server.build("antispam-rules", version, HARMLESS)
        path.write_bytes(path.read_bytes().replace(old, new))
        sign_list(server, path, version)
        update(instance, f"update refused: {path.name}")
        refused(instance, why)
        path.unlink()
    true("spam positive" in verdict(instance, 1), "the old rules")


@test
def what_was_swapped_on_the_server_is_refused(world):
    instance, server = first_update(world)
    server.offer("antispam-rules", 3, HARMLESS)
    server.build("antispam-rules", 3, {"a.rules": HARMLESS["a.rules"].replace("harmless-word", "other-words-x")})
    update(instance, "could not download file")
    true("is not the file that the manifest names" in trouble(instance), trouble(instance))
    equal(versions(instance)["Structural Rules"][1], "2", "version")
    path = server.build("antispam-rules", 4, HARMLESS)
    sign_list(server, path, 5)
    update(instance, "update refused: antispam-rules-4")
    refused(instance, "is not what the manifest says it is")


@test
def an_old_version_and_an_old_manifest_are_refused(world):
    instance, server = first_update(world)
    old = (server.folder / "manifest").read_bytes()
    server.offer("antispam-rules", 4, GOOD)
    update(instance, "update completed: antispam-rules version 4")
    (server.folder / "manifest").write_bytes(old)
    update(instance, "Dynamic manifest fetch failure: manifest is rolled back to sequence 1 from 2", "updatenow force")
    (server.folder / "antispam-rules-4.package").unlink()
    (server.folder / "manifest").write_bytes(old)
    server.list()
    server.list()
    update(instance, "update refused", "updatenow force")
    refused(instance, "is rolled back to version 2 from 4", version=4)
    true("spam positive" in verdict(instance, 1), "the rules of version 4")
    instance.stop()
    instance.start()
    update(instance, "is rolled back to version 2 from 4")


@test
def the_old_manifest_of_a_key_stays_refused_whoever_signed_in_between(world):
    server = UpdateServer(world.folder)
    second = make_key(server.keys, "second")
    instance, _ = gateway(world, server=server)
    manifest = server.folder / "manifest"
    server.offer("antispam-rules", 2, GOOD)
    old = manifest.read_bytes()
    server.offer("antispam-rules", 3, GOOD)
    update(instance, "update completed: antispam-rules version 3")
    manifest.unlink()
    server.list(key=second)
    update(instance, "case: server manifest 1 has nothing new")
    manifest.write_bytes(old)
    for _ in range(2):
        update(instance, "Dynamic manifest fetch failure: manifest is rolled back to sequence 1 from 2")
        instance.stop()
        instance.start()


@test
def a_manifest_that_has_expired_is_refused_as_of_a_server_that_stands_still(world):
    instance, server = first_update(world)
    server.build("antispam-rules", 3, GOOD)
    server.list(days=3)
    run(instance, "updateconfig setup --interval=5 --automatic=on; commit")
    updater(instance).wait_for("update completed: antispam-rules version 3")
    equal(trouble(instance), None, "trouble")
    instance.pass_time(4)
    updater(instance).wait_for("Dynamic manifest fetch failure: manifest has expired on ")
    for command in ("antispamstatus", "graymailstatus"):
        true("manifest has expired on " in trouble(instance, command), trouble(instance, command))
    true("spam positive" in verdict(instance, 1), "the rules that are installed")
    server.build("antispam-rules", 4, HARMLESS)
    server.list()
    update(instance, "update completed: antispam-rules version 4")
    equal(trouble(instance), None, "trouble")


@test
def how_long_a_manifest_is_good_is_for_its_publisher_to_say(world):
    server = UpdateServer(world.folder)
    world.callback(server.close)
    server.build("antispam-rules", 2, GOOD)
    for days, status in ((0, 1), (3651, 1), ("soon", 1), (3650, 0)):
        done = subprocess.run([program("mailward-package"), "list", "--key", server.key, "--days", str(days), server.folder],
                              capture_output=True, text=True)
        equal(done.returncode, status, f"status of --days {days} ({done.stderr})")
        true(status == 0 or "--days" in done.stderr, done.stderr)
    dates = dict(line.split() for line in (server.folder / "manifest").read_text().splitlines()[2:4])
    day = datetime.datetime.fromisoformat
    equal(day(dates["expires"][:-1]) - day(dates["created"][:-1]), datetime.timedelta(3650), "from begin to end")


@test
def rules_are_packed_for_the_component_that_they_belong_to(world):
    server = UpdateServer(world.folder)
    world.callback(server.close)
    shipped = {path.name: path.read_bytes() for path in RULES.iterdir() if path.suffix in (".rules", ".senders")}
    graymail = {name for name in shipped if name.startswith("graymail") or name.endswith(".senders")}
    for name, wrong in (("antispam-rules", graymail), ("graymail-rules", shipped.keys() - graymail)):
        for member in wrong:
            done = build_by_hand(server, name, [RULES / member])
            equal(done.returncode, 1, f"status of {member} in {name}")
            true(f"{member} belongs into a package " in done.stderr, done.stderr)
            true(not (server.folder / "out.package").exists(), "a package was made")
        server.build(name, 2, {member: shipped[member] for member in shipped.keys() - wrong})
    for version in ("-5", "1", "1.2", "1000000000000000", "2\nformat 9"):
        done = build_by_hand(server, "antispam-rules", [RULES / "offers.rules"], version)
        true(f"--version: a whole number from 2 to 999999999999999, not '{version}'" in done.stderr, done.stderr)


@test
def a_manifest_is_made_only_of_packages_that_gateways_would_take(world):
    server = UpdateServer(world.folder)
    world.callback(server.close)
    stranger = make_key(world.folder / "elsewhere", "stranger")
    server.offer("antispam-rules", 2, GOOD)
    manifest = (server.folder / "manifest").read_bytes()
    path = server.build("antispam-rules", 3, HARMLESS)
    for content, why in (
        (path.read_bytes().replace(b"harmless-word", b"harmless-Word"), "has an altered member a.rules"),
        (server.build("antispam-rules", 3, HARMLESS, key=stranger).read_bytes(), "is signed by none of the trusted keys"),
    ):
        path.write_bytes(content)
        done = subprocess.run([program("mailward-package"), "list", "--key", server.key, server.folder],
                              capture_output=True, text=True)
        equal(done.returncode, 1, f"status ({done.stderr})")
        true(path.name in done.stderr and why in done.stderr, done.stderr)
        equal((server.folder / "manifest").read_bytes(), manifest, "the manifest")
    subprocess.run(["cp", stranger.with_suffix(".pub"), server.keys], check=True)
    server.list(key=server.key)  # with the keys that are trusted


def build_by_hand(server, name, members, version="2"):
    return subprocess.run([program("mailward-package"), "build", "--key", server.key, "--name", name, "--version", version,
                           "--out", server.folder / "out.package", *members], capture_output=True, text=True)


@test
@proves("S2-90 S2-131")
def graymail_rules_come_by_themselves_only_when_that_is_wanted(world):
    instance, server = gateway(world, "--interval=5")
    server.build("graymail-rules", 2, GRAYMAIL)
    for version in (2, 3):  # the second look came after the first was over
        server.offer("antispam-rules", version, GOOD)
        updater(instance).wait_for(f"case update completed: antispam-rules version {version}")
    equal(updater(instance).find("graymail"), [], "graymail was looked for")
    update(instance, "graymail update completed: graymail-rules version 2", "graymailupdate")
    server.offer("graymail-rules", 3, GRAYMAIL)
    update(instance, "graymail update completed: graymail-rules version 3", "updatenow")
    server.offer("graymail-rules", 4, GRAYMAIL)
    run(instance, "imsandgraymailconfig graymail setup on --auto-update=on; commit")
    updater(instance).wait_for("graymail update completed: graymail-rules version 4")


@test
def rules_that_do_not_compile_are_refused_with_their_place(world):
    instance, server = first_update(world)
    server.offer("antispam-rules", 3, {"b.rules": "rule broken\n    scope body\n    match /(/\n    about Broken\n"})
    update(instance, "update refused")
    refused(instance, "b.rules:3:")
    true("spam positive" in verdict(instance, 1), "the old rules")


@test
def a_trouble_shows_at_the_engine_that_it_concerns(world):
    instance, server = gateway(world)
    broken = {"graymail.rules": "rule broken\n    scope body\n    match /(/\n    about Broken\n"}
    server.offer("graymail-rules", 2, broken)
    update(instance, "graymail update refused")
    for command in ("antispamupdate", "updatenow"):  # one that does not look at graymail, and one that does
        update(instance, "case: server manifest 1 has nothing new", command)
        equal(trouble(instance), None, f"antispamstatus after {command}")
        true("graymail.rules:3:" in trouble(instance, "graymailstatus"), trouble(instance, "graymailstatus"))
    (server.folder / "manifest").rename(server.folder / "away")
    update(instance, "Dynamic manifest fetch failure: ", "antispamupdate")
    for command in ("antispamstatus", "graymailstatus"):
        true("error: 404" in trouble(instance, command), f"{command}: {trouble(instance, command)}")
    (server.folder / "away").rename(server.folder / "manifest")
    update(instance, "case: server manifest 1 has nothing new", "antispamupdate")
    equal(trouble(instance), None, "antispamstatus")
    true("graymail.rules:3:" in trouble(instance, "graymailstatus"), "what graymail's package has, as it is offered still")


@test
def rules_that_kill_their_trial_worker_are_refused(world):
    instance, server = gateway(world, **{"test.hooks": "1"})
    server.offer("antispam-rules", 2, GOOD)
    update(instance, "update completed: antispam-rules version 2")
    deadly = "rule deadly\n    scope body\n    match /ready/i\n    about X-Mailward-Test: crash\n"
    server.offer("antispam-rules", 3, {"a.rules": deadly})
    scan = instance.role_pid("scan")
    update(instance, "update refused")
    refused(instance, "the test message killed its worker")
    true("spam positive" in verdict(instance, 1), "the old rules")
    equal(instance.role_pid("scan"), scan, "the scan role")
    instance.stop()
    instance.start()
    left_alone(instance, server)
    true("the test message killed its worker" in trouble(instance), trouble(instance))


@test
def rules_that_take_long_for_ordinary_words_are_refused(world):
    instance, server = first_update(world)
    slow = "".join(f"rule slow_{i}\n    scope body\n    match /\\b\\w+ \\w+ \\w+[0-9]{{{i % 9 + 3}}}[a-f]/\n    about Slow\n\n"
                   for i in range(1000))
    server.offer("antispam-rules", 3, {"a.rules": slow})
    update(instance, "update refused")
    refused(instance, "the rules take too long on the test message: ")
    true("spam positive" in verdict(instance, 1), "the old rules")
    stuck = "rule stuck\n    scope body\n    match /(\\w+ ?)+[0-9]{7}[a-f]/\n    about Stuck\n"
    server.offer("antispam-rules", 4, {"a.rules": stuck})
    update(instance, "update refused")
    refused(instance, "the rules take too long on the test message: stuck meets a match limit")


@test
def a_package_that_could_not_be_tried_in_time_is_tried_again_later(world):
    instance, server = first_update(world)
    server.offer("antispam-rules", 3, HARMLESS)
    scan = processes.family_of(instance.role_pid("scan"))
    processes.freeze(scan)
    update(instance, "case update put off: antispam-rules-3.package was not ready to use in time; "
                     "it is left alone for 10 minutes")
    for pid in scan:
        processes.send_signal(pid, signal.SIGCONT)
    left_alone(instance, server)
    true("was not ready to use in time" in trouble(instance), trouble(instance))
    run(instance, "antispamconfig setup on --timeout=50; commit")  # nothing holds it up
    update(instance, "update completed: antispam-rules version 3", "updatenow force")
    update(instance, "case: server manifest 2 has nothing new")
    equal(trouble(instance), None, "trouble")


@test
def rules_that_hang_never_come_into_use_and_hold_up_commits_ever_less_often(world):
    instance, server = gateway(world, **{"test.hooks": "1"})
    server.offer("antispam-rules", 2, GOOD)
    update(instance, "update completed: antispam-rules version 2")
    server.offer("antispam-rules", 3, {"a.rules": "rule stuck\n    scope body\n    match /ready/i\n"
                                                  "    about X-Mailward-Test: hang\n"})
    update(instance, "were not ready in time; it is left alone for 10 minutes")
    instance.pass_time(1)
    update(instance, "were not ready in time; it is left alone for 20 minutes")
    equal(versions(instance)["Structural Rules"][1], "2", "version")
    true("spam positive" in verdict(instance, 1), "the old rules")


@test
def a_download_that_is_cut_short_changes_nothing_and_is_tried_again(world):
    instance, server = first_update(world)
    path = server.offer("antispam-rules", 3, HARMLESS)
    server.cut.add(path.name)
    update(instance, 'case could not download file "antispam-rules-3.package"')
    equal(versions(instance)["Structural Rules"][1], "2", "version")
    server.cut.clear()
    update(instance, "update completed: antispam-rules version 3")


@test
def a_page_that_says_that_the_file_is_elsewhere_is_no_package(world):
    instance, server = first_update(world)
    path = server.offer("antispam-rules", 3, HARMLESS)
    server.moved.add(path.name)
    update(instance, 'case could not download file "antispam-rules-3.package"')
    server.moved.clear()
    update(instance, "update completed: antispam-rules version 3")


@test
def a_huge_file_is_not_swallowed(world):
    instance, server = first_update(world)
    huge = server.folder / "huge.package"
    with open(huge, "wb") as file:
        file.truncate(1 << 30)
    (server.folder / "manifest").unlink()
    os.symlink(huge, server.folder / "manifest")
    update(instance, "Dynamic manifest fetch failure: ")
    true("Maximum file size exceeded" in updater(instance).find("fetch failure")[-1], updater(instance).lines()[-1])
    (server.folder / "manifest").unlink()
    path = server.build("antispam-rules", 3, HARMLESS)
    sign_list(server, path, 3, claimed=17)
    update(instance, "could not download file")


@test
def a_server_with_another_certificate_is_not_asked(world):
    instance, server = gateway(world)
    other = world.folder / "other"
    other.mkdir()
    stranger = UpdateServer(other)
    world.callback(stranger.close)
    configure(instance, server, "--automatic=off", ca=stranger.certificate)
    server.offer("antispam-rules", 2, GOOD)
    update(instance, "Dynamic manifest fetch failure: ")
    true("certificate" in updater(instance).find("fetch failure")[-1], updater(instance).lines())
    run(instance, f"updateconfig ca clear; updateconfig setup --server={server.url}; commit")
    update(instance, "Dynamic manifest fetch failure: ")
    equal(server.asked, [], "what the server was asked")
    wrong_name = world.folder / "wrong"
    wrong_name.mkdir()
    named = UpdateServer(wrong_name, host="updates.example.com")
    world.callback(named.close)
    configure(instance, named, "--automatic=off")
    update(instance, "Dynamic manifest fetch failure: ")
    equal(named.asked, [], "what the server with another name was asked")


@test
def a_day_of_failures_and_a_refusal_raise_alerts(world):
    instance, server = first_update(world)
    run(instance, "alertconfig new ops@example.com --classes=updater --severity=information; commit")
    (server.folder / "manifest").rename(server.folder / "away")
    update(instance, "Dynamic manifest fetch failure: ")
    update(instance, "Dynamic manifest fetch failure: ")
    equal(updater(instance).find("updates have failed"), [], "alerts of a short trouble")
    true("Trouble: The requested URL returned error: 404" in run(instance, "antispamstatus"), "trouble")
    instance.pass_time(2)
    update(instance, "updates have failed for 48 hours: The requested URL returned error: 404")
    (server.folder / "away").rename(server.folder / "manifest")
    update(instance, "updates work again")
    server.offer("antispam-rules", 3, {"b.rules": "nonsense"})
    update(instance, "update refused")
    wait_until(lambda: "b.rules:1:" in run(instance, "displayalerts"), "the alert of a refusal")
    for text in ("updates have failed for 48 hours", "updates work again"):
        true(text in run(instance, "displayalerts"), text)


@test
def power_loss_during_an_update_leaves_one_whole_set(world):
    instance, server = first_update(world)
    version, meaning = 2, "positive"
    for serial, (point, arrives) in enumerate((
        ("control.manifest-begun", False),
        ("control.manifest-written", False),
        ("control.manifest-renamed", False),
        ("control.package-begun", False),
        ("control.package-written", False),
        ("control.package-renamed", True),
        ("control.package-installed", True),
    )):
        other, rules = ("negative", HARMLESS) if meaning == "positive" else ("positive", GOOD)
        server.offer("antispam-rules", version + 1, rules)
        instance.die_at(point)
        instance.shell("updatenow")
        wait_until(instance.has_died_there, point)
        instance.power_off()
        if arrives:
            version, meaning = version + 1, other
        instance.start()
        equal(versions(instance)["Structural Rules"][1], str(version), f"version after {point}")
        true(f"spam {meaning}" in verdict(instance, serial), f"the rules after {point}")
    server.offer("antispam-rules", version + 1, HARMLESS)
    update(instance, f"update completed: antispam-rules version {version + 1}")
    equal(sorted(path.name.split("-")[0] for path in (instance.folder / "updates").iterdir()),
          ["antispam", "attempt", "manifest"], "files")
    equal([path.name for path in (instance.folder / "updates").glob("*.new")], [], "files half-written")


@test
def a_commit_and_an_update_do_not_get_into_each_others_way(world):
    instance, server = gateway(world)
    for version in range(2, 8):
        server.offer("antispam-rules", version, GOOD if version % 2 else HARMLESS)
        run(instance, f"updatenow; antispamconfig setup on --timeout={version + 20}; commit")
        updater(instance).wait_for(f"update completed: antispam-rules version {version}")
    true("spam positive" in verdict(instance, 1), "the rules of version 7")
    equal(instance.log.find("role scan"), instance.log.find("role scan")[:1], "the scan role was started once")


if __name__ == "__main__":
    main()
