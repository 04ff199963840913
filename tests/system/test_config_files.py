#!/usr/bin/env python3
"""Configuration files: saved, shown, mailed, and loaded again on the same gateway and on another one.

    test_config_files.py --accept    takes over the form of the XML into tests/golden/config.xml
"""

import email
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.api import edit
from harness.build import program, wait_until
from harness.certificate import import_certificate, make_certificate
from harness.golden import same
from harness.stores import database
from harness.tap import equal, main, test, true

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "config.xml"

PASSPHRASE = "open sesame & <close> 17"
NOTHING = "There are no changes pending.\n"
LOADED = "Values have been loaded.\nUse commit to make the changes active.\n"
SAME = "No changes detected from current configuration.\n"
ABORTED = "Aborting: nothing was loaded.\n"
HEAD = '<?xml version="1.0" encoding="ISO-8859-1"?>\n'

# A row and more of every table that has rows, and a change of each that has one.
FILLED = (
    "sethostname mx.filled.example",
    "antispamconfig setup on --timeout=42",
    'policyconfig incoming edit DEFAULT antispam on --positive-subject="prepend:<a & b> "',
    "smtproutes new .example.net 192.0.2.1:2525",
    'incomingrelayconfig setup on; incomingrelayconfig relaylist new mx 10.2.3.1-10 "--received-after=[" --hop=2',
    "incomingrelayconfig relaylist new mx6 2001:db8::/64 --custom-header=SenderIP:",
    "featurekeyconfig setup --autocheck=off",
    "portalregistrationconfig set 0123456789abcdef",
    "listenerconfig new inside private 127.0.0.2 0",
    "listenerconfig edit inside hostaccess new 192.0.2.0/24",
    "listenerconfig edit public rcptaccess new example.com ACCEPT",
    "deliveryconfig setup none",
    "spamquarantine setup --days=3",
    "alertconfig new ops@example.com --severity=critical",
    "alertconfig setup --repeat=77",
    'addressconfig setup --alerts="A & B <a@example.com>"',
    "logconfig new copy_logs --type=mail --level=debug",
    "userconfig new auditor --role=guest",
    "adminaccessconfig setup --idle-limit=45",
    "spamdconfig setup on --tcp=127.0.0.1:0 --clients=192.0.2.0/24 --scale=raw",
)


def lines(instance, *lines):
    return subprocess.run(
        [program("mailward"), "--private", str(instance.folder)],
        input="".join(f"{line}\n" for line in lines), capture_output=True, text=True, timeout=120)


def must(run):
    equal(run.returncode, 0, f"status ({run.stdout[-400:]}{run.stderr})")
    return run.stdout


def fill(world, instance):
    crt, key = make_certificate(world.folder, "a.example.com")
    must(import_certificate(instance, "extra", crt + key))
    instance.configure(edit("incoming-policy", "new", "sales", engine="antispam"), edit("outgoing-policy", "new", "robots"))
    must(lines(instance, *FILLED, 'commit "all of it"'))
    return key


def without_time(text):
    return re.sub(r"Current Time: .*", "Current Time:", text)


def saved(instance, name):
    return (instance.folder / "configuration" / name).read_text()


def config_of(instance):
    return json.loads(must(instance.shell("showconfig json")))["tables"]


@test
def what_was_saved_is_loaded_without_a_difference(world):
    instance = world.instance()
    fill(world, instance)
    must(instance.shell("saveconfig all.xml"))
    for name, table in config_of(instance).items():
        true(table, f"the table {name} is empty: this test should fill it")
    equal(must(instance.shell("loadconfig all.xml; showchanges")), SAME + NOTHING, "the same file")
    must(instance.shell("saveconfig again.xml"))
    equal(without_time(saved(instance, "all.xml")), without_time(saved(instance, "again.xml")), "saved twice")


@test
def a_second_gateway_takes_it_with_its_secrets_by_a_passphrase_from_the_input(world):
    first, second = world.instance("first"), world.instance("second")
    key = fill(world, first)
    must(lines(first, "saveconfig 2 --passphrase moved.xml", PASSPHRASE))
    text = saved(first, "moved.xml")
    (second.folder / "configuration" / "moved.xml").write_text(text)
    shown = must(lines(second, "loadconfig moved.xml --passphrase", PASSPHRASE, "commit"))
    true(shown.startswith(LOADED), shown)
    equal(must(lines(second, "loadconfig moved.xml --passphrase", PASSPHRASE, "showchanges")), SAME + NOTHING, "again")
    equal(config_of(second), config_of(first), "what both have")
    second.stop()
    stored = b"".join(body for (body,) in database(second.folder, "config/config.db", "SELECT body FROM blob"))
    true(key.splitlines()[1].encode() in stored, "the private key did not arrive")
    for line in key.splitlines():
        true(len(line) < 30 or line not in text, "the private key stands in the file")


@test
def a_pipe_from_one_gateway_to_another_needs_no_file(world):
    first, second = world.instance("first"), world.instance("second")
    fill(world, first)
    text = must(lines(first, "saveconfig --passphrase -", PASSPHRASE))
    true(text.startswith(HEAD), text[:100])
    shown = must(lines(second, "loadconfig - --passphrase", PASSPHRASE, *text.splitlines(), ".", "commit", "showchanges"))
    true(shown.startswith(LOADED) and shown.endswith(NOTHING), shown)
    equal(config_of(second), config_of(first), "what both have")


@test
def the_wrong_key_is_told_and_loads_nothing(world):
    first, second = world.instance("first"), world.instance("second")
    must(lines(first, "saveconfig 3 own.xml", "saveconfig --passphrase moved.xml", PASSPHRASE))
    for name in ("own.xml", "moved.xml"):
        (second.folder / "configuration" / name).write_text(saved(first, name))
    for given, told in (
        (("loadconfig own.xml",), "the key of another machine"),
        (("loadconfig moved.xml",), "encrypted with a passphrase: with --passphrase it is read"),
        (("loadconfig moved.xml --passphrase", "open Sesame"), "this is not the passphrase"),
    ):
        run = lines(second, *given, "showchanges")
        true(run.returncode in (1, 2) and told in run.stdout and run.stdout.endswith(ABORTED), f"{given}: {run.stdout}")
    equal(must(second.shell("showchanges")), NOTHING, "changes")


@test
def masked_files_are_refused(world):
    instance = world.instance()
    for form in ("1", "y 1", "y"):
        must(instance.shell(f"saveconfig {form} masked.xml"))
        true("<private_key>********</private_key>" in saved(instance, "masked.xml"), f"saveconfig {form}")
        run = instance.shell("loadconfig masked.xml")
        equal(run.returncode, 2, "status")
        true(re.match(r"Parsing failed: line \d+: private-key is masked: files with masked passphrases cannot be "
                      r"loaded\nAborting", run.stdout), run.stdout)


@test
def client_programs_find_the_name_of_the_file(world):
    instance = world.instance()
    said = must(instance.shell("saveconfig y 1"))
    path = said.split(" ")[7].strip().rstrip(".").strip('"')
    true(re.fullmatch(r"/configuration/mailward-[\w.-]+-\d{8}T\d{6}\.xml", path), said)
    equal([line for line in said.splitlines() if "xml" in line], [f'"{path}".'], "the line with xml")
    ElementTree.fromstring(saved(instance, Path(path).name))


@test
def the_form_of_the_file_is_as_it_was(world):
    instance = world.instance(settings={"hostname": "mx.example.com"})
    must(lines(instance, *FILLED, "commit"))
    text = must(instance.shell("showconfig 1"))
    for what in ("Version", "Number of CPUs", r"Memory \(GB\)", "Current Time"):
        text, count = re.subn(rf"(  {what}: ).+", r"\1...", text)
        equal(count, 1, f"lines of {what}")
    text = re.sub(r"(<certificate>)-.*?(</certificate>)", r"\1...\2", text, flags=re.S)
    text = re.sub(r"(<port>)\d{4,}(</port>)", r"\1...\2", text)
    same(text, GOLDEN)


# Parts of files, and files that are wrong


def config(inside):
    return f"{HEAD}<config>\n{inside}\n</config>".splitlines()


@test
def a_section_replaces_an_empty_one_clears_a_missing_one_stays(world):
    instance = world.instance()
    fill(world, instance)
    before = config_of(instance)
    must(lines(instance, "loadconfig -", *config("""
        <antispam><enabled>on</enabled></antispam>
        <smtproutes></smtproutes>
        <listeners><listener>
          <listener_name>public</listener_name><address>127.0.0.1</address><port>0</port>
          <rat><rat_entry><rat_address>new.example</rat_address></rat_entry></rat>
        </listener></listeners>"""), ".", "commit"))
    after = config_of(instance)
    equal(after["antispam"]["timeout"], 60, "a field that the file does not name has its default")
    equal(after["smtproutes"], [], "routes")
    equal([row["name"] for row in after["listeners"]], ["public"], "listeners")
    equal(after["rcptaccess"], [{"recipient": "public/new.example", "access": "accept"}], "recipients")
    equal(after["hostaccess"], [], "hosts go with their listeners")
    for name in before.keys() - {"antispam", "smtproutes", "listeners", "rcptaccess", "hostaccess"}:
        equal(after[name], before[name], name)


@test
def a_wrong_file_changes_nothing_not_even_what_is_pending(world):
    instance = world.instance()
    twice = "".join(
        f"<listener><listener_name>{name}</listener_name><address>127.0.0.1</address><port>2525</port></listener>\n"
        for name in ("a", "b"))
    for inside, told in (
        ("<antispam>", "Parsing failed: line 4: mismatched tag"),
        ("<smtproutes/>\n<antispam><timeout>900</timeout></antispam>", "Parsing failed: line 4: timeout: '900' is not"),
        (f"<smtproutes/><listeners>{twice}</listeners>", "listener"),
        ("<smtproutes/><certificates><certificate><name>a</name></certificate></certificates>", "is on line 3 of the file"),
        ("", "Parsing failed: the file has no settings"),
    ):
        text = "\n".join(config(inside))
        (instance.folder / "configuration" / "wrong.xml").write_text(text)
        run = subprocess.run([program("mailward"), "--private", str(instance.folder), "--keep-going"],
                             input="smtproutes new kept.example mx.example\nloadconfig wrong.xml\nshowchanges\nclearchanges\n",
                             capture_output=True, text=True, timeout=120)
        true(told in run.stdout and ABORTED in run.stdout, f"{inside}: {run.stdout}")
        true(run.stdout.rstrip().endswith(f"{ABORTED}smtproutes\n  + kept.example\n      destination: mx.example\n"
                                          "      tls: default"), f"{inside}: {run.stdout}")
        true(run.returncode in (2, 4), f"status {run.returncode}")


@test
def a_file_that_is_not_there_says_so(world):
    run = world.instance().shell("loadconfig none.xml")
    equal((run.returncode, run.stdout), (1, "file 'configuration/none.xml' does not exist\n"), "status and output")


@test
def a_hundred_thousand_rows_are_saved_and_loaded(world):
    count = 100000
    instance = world.instance()
    text = "".join(f"u{n}@example.com ACCEPT\n" for n in range(count))
    run = subprocess.run([program("mailward"), "--private", str(instance.folder), "-c",
                          "listenerconfig edit public rcptaccess import -; commit; saveconfig big.xml; loadconfig big.xml"],
                         input=text, capture_output=True, text=True, timeout=300)
    true(must(run).endswith(SAME), run.stdout[-200:])
    equal(saved(instance, "big.xml").count("<rat_entry>"), count, "entries")


@test
def many_rows_with_many_fields_fit_their_requests(world):
    value = "prepend:" + 180 * "x"
    rows = "\n".join(
        f"<policy><policy_name>p{n}</policy_name><positive_subject>{value}</positive_subject>"
        f"<positive_action>deliver</positive_action><positive_threshold>80</positive_threshold>"
        f"<suspect_subject>{value}</suspect_subject><antispam>on</antispam></policy>" for n in range(3000))
    domain = ".".join(4 * [55 * "d"])
    entries = "\n".join(f"<rat_entry><rat_address>u{n}@{domain}</rat_address></rat_entry>" for n in range(6000))
    run = lines(world.instance(), "loadconfig -", *config(
        f"<inbound_policies>{rows}</inbound_policies>\n<listeners><listener><listener_name>public</listener_name>"
        f"<rat>{entries}</rat></listener></listeners>"), ".", "clearchanges")
    true(must(run).endswith(LOADED), run.stdout)


# Secrets, roles, mail


@test
def a_passphrase_is_kept_nowhere(world):
    instance = world.instance()
    must(lines(instance, "saveconfig --passphrase a.xml", PASSPHRASE, "loadconfig a.xml --passphrase", PASSPHRASE))
    wait_until(lambda: "loadconfig a.xml" in "".join(
        path.read_text() for path in (instance.folder / "log" / "cli_logs").iterdir()), "the line in cli_logs")
    for path in instance.folder.rglob("*"):
        if path.is_file() and "control.sock" not in path.name:
            true(PASSPHRASE.encode() not in path.read_bytes(), f"it is in {path.name}")


@test
def one_request_of_a_file_says_that_its_secrets_need_a_key(world):
    with world.instance().api() as api:
        sealed = {"encrypted": "QUFB"}
        secret = edit("certificates", "set", "a", private_key=sealed)
        for members, wanted in (
            ({"edits": [secret]}, "Invalid arguments: nothing says which key secrets are encrypted with"),
            ({"edits": [secret], "secrets": {"key": "machine", "check": "QUFB"}}, "key of another machine"),
            ({"edits": [secret], "secrets": {"key": "lost"}}, "key: 'lost' is not machine or passphrase"),
            ({"edits": [edit("antispam", "set", timeout=sealed)]}, "timeout is no secret and cannot be encrypted"),
        ):
            status, end, _ = api.call("config.edit", **members)
            true(status == 2 and wanted in end["error"], f"{members}: {end}")


@test
def the_configuration_comes_by_mail_as_it_is_shown(world):
    instance = world.instance()
    said = must(instance.shell("mailconfig ops@example.com second@example.com"))
    true(re.fullmatch(r"The configuration has been mailed \(MID \d+\)\.\n", said), said)
    wait_until(lambda: len(instance.maildir()) == 2, "the mail of both")
    message = email.message_from_bytes(next(iter(instance.maildir().values())))
    text, attachment = message.get_payload()
    true(message["Subject"].startswith("Configuration of "), message["Subject"])
    equal(attachment.get_content_type(), "application/xml", "type")
    equal(without_time(attachment.get_payload(decode=True).decode()), without_time(must(instance.shell("showconfig"))),
          "the attachment")
    rows = database(instance.folder, "config/config.db", "SELECT method, detail, status FROM audit")
    true(("config.export", "by mail to ops@example.com, second@example.com", 0) in rows, f"the audit: {rows}")
    run = instance.shell("mailconfig nobody")
    true(run.returncode == 1 and "'nobody' is not an address" in run.stdout, run.stdout)


# The others


@test
def resetconfig_brings_back_what_was_there_at_first_after_a_commit(world):
    instance = world.instance()
    first = config_of(instance)
    fill(world, instance)
    equal(instance.shell("resetconfig").returncode, 7, "status with changes that were not committed")
    true(config_of(instance) != first, "it takes effect without a commit")
    must(instance.shell("resetconfig; commit"))
    now = config_of(instance)
    for tables in (first, now):
        true(tables["certificates"].pop(0)["name"] == "DEFAULT", "the certificate, which is a new one")
    equal(now, first, "the configuration")


@test
def systemsetup_sets_what_a_new_gateway_needs_and_commits_nothing(world):
    instance = world.instance()
    line = ("systemsetup --listener=127.0.0.1:0 --domains=a.example,.b.example --next-hop=mx.example:26 "
            "--engine=antispam --alerts=ops@example.com")
    shown = must(instance.shell(line + "; clearchanges"))
    true("+ public/a.example\n      access: accept\n" in shown and "+ ops@example.com\n" in shown, shown)
    equal(config_of(instance)["alerts"], [], "it was committed")
    must(instance.shell(line + "; commit"))
    now = config_of(instance)
    equal([row["recipient"] for row in now["rcptaccess"]], ["public/.b.example", "public/ALL", "public/a.example"], "domains")
    equal({row["destination"] for row in now["smtproutes"]}, {"mx.example:26"}, "next hops")
    equal(must(instance.shell(line)), NOTHING, "a second time")
    for wrong, status in (("--engine=best", 2), ("--next-hop=a", 2), ("--listener=here", 2),
                          ("--colour=red", 2)):
        equal(instance.shell(f"systemsetup {wrong}").returncode, status, wrong)
    must(instance.shell("systemsetup --engine=none; commit"))
    equal(config_of(instance)["antispam"]["enabled"], False, "the engine")


if __name__ == "__main__":
    main()
