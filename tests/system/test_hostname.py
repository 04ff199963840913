#!/usr/bin/env python3
"""The name of the gateway: a setting of each machine by itself, in force from the commit on wherever it says who it is."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.api import edit
from harness.build import program
from harness.gateway import run
from harness.mail import header, make_mail
from harness.sender import Session
from harness.tap import equal, main, test, true
from harness.terminal import Terminal

OLD, NEW = "old.example.com", "mx.new.example"
MACHINE_ONLY = 'gateway is restricted to "machine" mode: each machine has its own'
ANNA, BEN, NOBODY = "anna@example.org", "ben@example.com", "no@example.com"


def gateway(world, name="gateway", sink=None):
    """An instance that was started as old.example.com."""
    return world.instance(name, route=sink and sink.address, settings={"hostname": OLD, "deliver.idle": 0})


def cluster(world):
    """Its machine keeps the name that it has in the cluster."""
    instance = gateway(world)
    run(instance, "clusterconfig new c1; clusterconfig addgroup eu")
    return instance


def told(instance, sink, wanted):
    """Every place where the gateway says its name, after one message that is delivered and one that bounces."""
    count = len(sink.messages)
    with Session(instance.address) as session:
        for recipient in (BEN, NOBODY):
            true(session.mail(ANNA, [recipient], make_mail(count)).mid, "not accepted")
        banner, hello = session.greeting.text.split()[0], session.hello.lines[0]
    sink.wait_for_messages(count + wanted)
    instance.wait_idle()
    bounce, mail = sorted((m for m in sink.messages[count:]), key=lambda m: m.sender)
    return {
        "banner": banner,
        "EHLO answer": hello,
        "Received": re.search(r"by (\S+)", header(mail.data, "Received")).group(1),
        "EHLO": sink.hellos[-1],
        "From of bounces": header(bounce.data, "From").rpartition("@")[2].rstrip(">"),
        "Message-ID of bounces": header(bounce.data, "Message-ID").rpartition("@")[2].rstrip(">"),
        "Reporting-MTA": re.search(rb"Reporting-MTA: dns; (\S+)", bounce.data).group(1).decode(),
        "status": re.search(r" on (\S+)", run(instance, "status")).group(1),
    }


@test
def a_new_name_is_in_force_everywhere_from_the_commit_on(world):
    sink = world.sink(keep_data=True)
    sink.answer_rcpt = lambda address: "550 5.1.1 no" if address == NOBODY else None
    instance = gateway(world, sink=sink)
    with Session(instance.address) as early:
        equal(set(told(instance, sink, 2).values()), {OLD}, "names before")
        equal(run(instance, f"sethostname {NEW}; showchanges; commit").splitlines()[:2],
              ["gateway", f"  hostname: {OLD} -> {NEW}"], "changes")
        after = told(instance, sink, 2)
        equal(after, dict.fromkeys(after, NEW), "names after")
        equal(early.command("EHLO again.example").lines[0], NEW, "a session that was open")
    with instance.api() as api:
        equal(api.greeting["hostname"], NEW, "greeting of the control socket")
    equal(run(instance, "sethostname print"), f"{NEW}\n", "what is set")


@test
def mail_and_certificates_that_control_makes_have_it(world):
    sink = world.sink(keep_data=True)
    instance = gateway(world, sink=sink)
    run(instance, f"sethostname {NEW}; alertconfig new ops@example.com; commit; mailconfig ops@example.com; workqueue pause")
    sink.wait_for_messages(2)
    alert, config = sorted((m.data for m in sink.messages), key=lambda data: b"Configuration of" in data)
    true(header(alert, "Subject").startswith(f"Warning-{NEW}: "), header(alert, "Subject"))
    equal(header(config, "Subject"), f"Configuration of {NEW}", "subject of the configuration")
    for data in (alert, config):
        true(header(data, "From").endswith(f"@{NEW}>"), header(data, "From"))
        true(header(data, "Message-ID").endswith(f"@{NEW}>"), header(data, "Message-ID"))
    true(NEW in run(instance, "certconfig selfsigned own; certconfig print; clearchanges"), "names of a new certificate")


@test
def prompts_of_open_sessions_follow(world):
    instance = gateway(world)
    command = [program("mailward"), "--private", str(instance.folder)]
    with Terminal(command, "dumb") as one, Terminal(command, "dumb") as other:
        for terminal in (one, other):
            terminal.wait(f"\n{OLD}> ")
        one.type("sethostname\r")
        one.wait(f"Enter the fully qualified host name of this gateway:\r\n[{OLD}]> ")
        one.type("mx.new.example.\r")
        one.wait("without a dot at its end")
        one.type(f"{NEW}\r")
        one.wait(f"\n{OLD}> ")
        one.type("commit\r")
        one.wait("[]> ")
        one.type("\r")
        one.wait("for rollback? [Y]> ")
        one.type("\r")
        one.wait(f"\n{NEW}> ")
        other.type("\r")
        other.wait(f"\n{NEW}> ")


@test
def a_name_that_is_none_is_refused(world):
    instance = gateway(world)
    for wrong in ("mx.example.com.", "b\u00fccher.example", "192.0.2.1", "[192.0.2.1]", "-mx", "mx..example", "1234",
                  "mx.example:25", "x" * 64, "x." * 126 + "xx"):
        ended = instance.shell(f'sethostname "{wrong}"')
        equal(ended.returncode, 2, f"status of {wrong}: {ended.stdout}")
        true("hostname: " in ended.stdout, ended.stdout)
        equal(instance.shell(f"systemsetup --hostname={wrong}").returncode, 2, f"systemsetup {wrong}")
    for good in ("mx", "xn--bcher-kva.example", "MX.Example.com", "x." * 125 + "xx"):
        equal(run(instance, f"sethostname {good}; sethostname print; clearchanges").splitlines()[0], good, "the pending name")
    run(instance, "sethostname", status=2)
    run(instance, "sethostname a b", status=2)


@test
def a_name_counts_from_the_first_start_and_an_empty_one_is_that_of_the_start(world):
    instance = gateway(world)
    instance.stop()
    instance.settings["hostname"] = "later.example"
    instance.start()
    with Session(instance.address) as session:
        equal(session.greeting.text.split()[0], OLD, "the name that is set")
    run(instance, 'sethostname ""; commit')
    with Session(instance.address) as session:
        equal(session.greeting.text.split()[0], "later.example", "the name of the start")
    true("mailwardd was started with" in run(instance, "sethostname print"), "print")
    run(instance, "rollbackconfig 1; commit")
    with Session(instance.address) as session:
        equal(session.greeting.text.split()[0], OLD, "the name that was set first")


@test
def systemsetup_sets_it_with_the_rest(world):
    instance = gateway(world)
    shown = run(instance, f"systemsetup --hostname={NEW} --domains=a.example; commit")
    true(f"  hostname: {OLD} -> {NEW}\n" in shown and "public/a.example" in shown, shown)
    with Session(instance.address) as session:
        equal(session.greeting.text.split()[0], NEW, "the name")


# Levels


@test
def no_level_but_a_machine_has_one(world):
    instance = cluster(world)
    for mode in ("cluster", "group eu"):
        for command, words in (
            (f"sethostname {NEW}", 'This command is restricted to "machine" mode.'),
            ("sethostname print", 'This command is restricted to "machine" mode.'),
            (f"systemsetup --hostname={NEW}", MACHINE_ONLY),
            ("showsetting gateway.hostname", MACHINE_ONLY),
            ("sethostname clusterset new", MACHINE_ONLY),
        ):
            equal(run(instance, f"clustermode {mode}; {command}", status=3), f"{words}\n", f"{command} in {mode}")
        true('"gateway"' not in run(instance, f"clustermode {mode}; showconfig json"), "settings of the mode")
        with instance.api() as api:
            api.must("config.mode", level=mode.replace(" ", "/"))
            status, end, _ = api.call("config.edit", edits=[edit("gateway", hostname=NEW)])
            equal((status, end["error"]), (3, MACHINE_ONLY), "an edit")
            equal(api.call("config.level", operation="copy", tables=["gateway"], to="cluster")[0], 3, "a copy")
    for words in ("new", "delete", "copy cluster", "move group eu"):
        equal(run(instance, f"sethostname clusterset {words}", status=3), f"{MACHINE_ONLY}\n", words)
    true("clusterset" not in run(instance, "help sethostname"), "help offers what is refused")


@test
def each_machine_of_a_cluster_has_its_own(world):
    instance = cluster(world)
    shown = run(instance, "showsetting gateway.hostname")
    true(f"gateway hostname: {OLD}\n  level: machine/{OLD}\n" in shown, shown)
    run(instance, "clustermode cluster; clusterconfig prepjoin new mx2")
    run(instance, "clustermode machine mx2; sethostname mx2.example; commit")
    run(instance, f"sethostname {NEW}; commit")
    shown = run(instance, "sethostname clustershow")
    equal(re.findall(r"machine/\S+|group/\S+|cluster ", shown), ["machine/mx2", f"machine/{OLD}"], "levels")
    with Session(instance.address) as session:
        equal(session.greeting.text.split()[0], NEW, "the name")
    run(instance, f"clustermode cluster; clusterconfig removemachine {OLD}")
    equal(run(instance, "sethostname print"), f"{NEW}\n", "the name without a cluster")


@test
def a_roll_back_over_the_making_of_a_cluster_leaves_the_name_with_the_machine(world):
    instance = cluster(world)
    run(instance, f"sethostname {NEW}; commit; rollbackconfig 1; commit")
    true(f"gateway hostname: {OLD}\n  level: machine/{OLD}\n" in run(instance, "showsetting gateway.hostname"), "the level")


# Configuration files


@test
def a_configuration_file_carries_it_to_another_machine(world):
    first, second = gateway(world), world.instance("second")
    run(first, f"sethostname {NEW}; commit; saveconfig 2 moved.xml")
    text = (first.folder / "configuration" / "moved.xml").read_text()
    equal(re.findall(r" <hostname>.*", text), [f" <hostname>{NEW}</hostname>"], "elements")
    equal(run(first, "loadconfig moved.xml; showchanges").count("hostname"), 0, "changes of the same machine")
    part = f"<config>\n  <hostname>{NEW}</hostname>\n</config>\n"
    (second.folder / "configuration" / "part.xml").write_text(part)
    run(second, "loadconfig part.xml; commit")
    with Session(second.address) as session:
        equal(session.greeting.text.split()[0], NEW, "the name of the second")
    (second.folder / "configuration" / "part.xml").write_text(part.replace(NEW, "mx."))
    true("line 2: hostname: 'mx.' is not" in run(second, "loadconfig part.xml", status=2), "a wrong name")
    run(second, "clusterconfig new c1")
    (second.folder / "configuration" / "part.xml").write_text(part)
    true(MACHINE_ONLY in run(second, "clustermode cluster; loadconfig part.xml", status=3), "in a cluster's mode")


if __name__ == "__main__":
    main()
