#!/usr/bin/env python3
"""The levels of a cluster on one machine: modes and their prompts, which settings are in force, and where they come from."""

import functools
import json
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.api import edit
from harness.build import program
from harness.gateway import run
from harness.mail import make_mail
from harness.sender import send_one
from harness.tap import equal, main, proves, test, true
from harness.terminal import Terminal

HOST = socket.gethostname()
MACHINE = f"clustermode machine {HOST}"
GROUP, CLUSTER = "clustermode group eu", "clustermode cluster"

AGGRESSIVE, POSITIVE = 82, 90  # from where on mail is spam for each profile
LINES = (
    b"The minutes of the meeting are on the table.",
    b"We take the early train, and lunch is at noon.",
    b"The garden needs water before the weekend.",
    b"Lose weight fast!",
    b"Order now, limited time offer!",
    b"Cheap pharmacy, no prescription needed!",
    b"Click here to claim your free cash!",
    b"You are a winner, act now!",
    b"No risk, no obligation!",
    b"Consolidate your debt today!",
    b"Earn money from home!",
    b"Lowest mortgage rates!",
)


@functools.cache
def doubtful():
    """Mail that is suspected spam for the normal profile and spam for the aggressive one, by the shipped model."""
    with tempfile.NamedTemporaryFile() as file:
        for count in range(1, len(LINES) + 1):
            mail = make_mail(1, body=b"\r\n".join((*LINES[:count], b"")), subject="hello")
            Path(file.name).write_bytes(mail)
            scanned = subprocess.run([program("mailward-scan"), file.name], check=True, capture_output=True, text=True)
            if AGGRESSIVE <= int(scanned.stdout.split("\t")[1]) < POSITIVE:
                return mail
    raise AssertionError("no number of lines makes mail so doubtful: the test needs others")


def results(instance, *commands):
    """The result of each command that has one."""
    ended = instance.shell("; ".join(commands), "--json")
    equal(ended.returncode, 0, f"status of {commands}: {ended.stdout}{ended.stderr}")
    objects = [json.loads(line) for line in ended.stdout.splitlines()]
    return [o["result"] for o in objects if o.get("result")]


def cluster(world):
    """An instance in a cluster c1; this machine is in the group eu."""
    instance = world.instance()
    run(instance, "clusterconfig new c1; clusterconfig addgroup eu", f"clusterconfig setgroup {HOST} eu")
    return instance


def verdict(instance):
    """Of the same mail each time; None when it was not judged."""
    mid = send_one(instance.address, doubtful())
    instance.wait_idle()
    found = re.search(r"CASE spam (\w+)", "\n".join(instance.log.of_message(mid)))
    return found and found.group(1)


def in_force(instance, setting):
    """Value and level."""
    found = results(instance, f"showsetting {setting}")[0]
    return found["settings"][0]["value"], found["level"]


@test
def the_verdict_of_the_same_mail_follows_the_nearest_level(world):
    instance = cluster(world)
    equal(verdict(instance), "suspect", "by the settings of the cluster")
    run(instance, GROUP, "antispamconfig setup on --profile=aggressive", "commit")
    equal(verdict(instance), "positive", "by those of the group")
    run(instance, MACHINE, "antispamconfig setup off", "commit")
    equal(verdict(instance), None, "by those of the machine")
    run(instance, CLUSTER, "antispamconfig setup on --timeout=33", "commit")
    equal(verdict(instance), None, "a change above changes nothing below")
    run(instance, MACHINE, "antispamconfig clusterset delete", "commit")
    equal(verdict(instance), "positive", "by those of the group again")
    run(instance, GROUP, "antispamconfig clusterset delete", "commit")
    equal(verdict(instance), "suspect", "by those of the cluster again")
    equal(in_force(instance, "antispam.timeout"), (33, "cluster"), "what the cluster was given")


@test
def an_override_starts_from_what_is_inherited_and_holds_the_whole_table(world):
    instance = cluster(world)
    run(instance, CLUSTER, "smtproutes new c.example.com 192.0.2.1", "commit")
    run(instance, GROUP, "smtproutes new g.example.com 192.0.2.2", "commit")
    run(instance, CLUSTER, "smtproutes new late.example.com 192.0.2.3", "commit")
    shown = run(instance, "smtproutes print")
    true("c.example.com" in shown and "g.example.com" in shown, shown)
    true("late.example.com" not in shown, "the group has a table of its own")
    run(instance, GROUP, "smtproutes clear", "commit")
    true("example.com" not in run(instance, "smtproutes print"), "an empty table is an override, too")
    shown = run(instance, "smtproutes clustershow")
    true(re.search(r"smtproutes +cluster", shown) and re.search(r"smtproutes +group/eu +here", shown), shown)


@test
def an_override_that_was_asked_for_stays_until_it_is_deleted(world):
    instance = cluster(world)
    at_machine = (60, f"machine/{HOST}")
    run(instance, "antispamconfig clusterset new", "antispamconfig setup on --timeout=60", "commit")
    equal(in_force(instance, "antispam.timeout"), at_machine, "an edit that changed nothing")
    run(instance, "antispamconfig clusterset delete", "commit")
    taken_back = ("antispamconfig setup on --timeout=44", "antispamconfig setup on --timeout=60")
    run(instance, "antispamconfig clusterset new", *taken_back, "commit")
    equal(in_force(instance, "antispam.timeout"), at_machine, "one that was taken back")
    run(instance, CLUSTER, "antispamconfig setup on --timeout=33", "commit")
    equal(in_force(instance, "antispam.timeout"), at_machine, "what the cluster has since is overridden")
    run(instance, "antispamconfig clusterset delete", "commit")
    equal(in_force(instance, "antispam.timeout"), (33, "cluster"), "deleted")
    shown = run(instance, taken_back[0], "antispamconfig setup on --timeout=33", "commit")
    true("There is no data to commit." in shown, "nobody asked for this one: " + shown)


@test
def settings_are_copied_moved_and_started_anew_at_another_level(world):
    instance = cluster(world)
    run(instance, CLUSTER, "deliveryconfig setup preferred --delay-notice=9", "commit")
    run(instance, MACHINE, "deliveryconfig clusterset new", "deliveryconfig setup preferred --delay-notice=7", "commit")
    equal(in_force(instance, "delivery.delay-notice"), (7, f"machine/{HOST}"), "set here")
    run(instance, MACHINE, "deliveryconfig clusterset move group eu", "commit")
    equal(in_force(instance, "delivery.delay-notice"), (7, "group/eu"), "moved up")
    run(instance, MACHINE, "deliveryconfig clusterset new defaults", "commit")
    equal(in_force(instance, "delivery.delay-notice"), (4, f"machine/{HOST}"), "the default")
    run(instance, MACHINE, "deliveryconfig clusterset copy cluster", "deliveryconfig clusterset delete", "commit")
    run(instance, GROUP, "deliveryconfig clusterset delete", "commit")
    equal(in_force(instance, "delivery.delay-notice"), (4, "cluster"), "copied up")
    run(instance, MACHINE, "deliveryconfig clusterset copy cluster", status=1)


@test
def the_wrong_mode_ends_a_batch_with_3(world):
    instance = world.instance()
    for command in ("clustermode cluster", "antispamconfig clusterset delete"):
        shown = run(instance, command, status=3)
        true("Unknown command or missing feature key: cluster" in shown, shown)
    run(instance, "clusterconfig new c1")
    shown = run(instance, "clusterconfig addgroup eu", status=3)
    true('This command is restricted to "cluster" mode.' in shown, shown)
    for command in ("tophosts", "suspend", "workqueue pause", "status", "tail mail_logs"):
        shown = run(instance, CLUSTER, command, status=3)
        true('This command is restricted to "machine" mode.' in shown, shown)
    true(f"Machine {HOST}" in run(instance, "clusterconfig list"), "a list can be had in every mode")
    run(instance, CLUSTER, "clustermode machine", "status")
    run(instance, "clustermode group nowhere", status=1)
    run(instance, CLUSTER, "clusterconfig join 192.0.2.1", status=3)


@test
def rows_of_another_machine_are_edited_here_and_have_no_effect_here(world):
    instance = cluster(world)
    run(instance, CLUSTER, "clusterconfig prepjoin new other.example.com eu")
    run(instance, "clustermode machine other.example.com", "antispamconfig setup off", "commit")
    equal(verdict(instance), "suspect", "the other machine's settings count here")
    equal(in_force(instance, "antispam.enabled"), (True, "cluster"), "of this machine")
    run(instance, "clustermode machine other.example.com", "suspend", status=3)
    other = results(instance, "clustermode machine other.example.com", "showsetting antispam.enabled")[-1]
    equal((other["level"], other["settings"][0]["value"]), ("machine/other.example.com", False), "of the other")
    # What that machine could not run is refused, by its name.
    run(instance, "clustermode machine other.example.com", "listenerconfig clusterset new", "commit")
    run(instance, CLUSTER, "clusterconfig removemachine other.example.com")
    true("other.example.com" not in run(instance, "clusterconfig list"), "it is still there")


@test
def who_leaves_the_cluster_keeps_what_was_in_force(world):
    instance = cluster(world)
    run(instance, GROUP, "antispamconfig setup on --profile=aggressive", "commit")
    run(instance, CLUSTER, f"clusterconfig removemachine {HOST}")
    equal(verdict(instance), "positive", "after it left")
    equal(in_force(instance, "antispam.profile"), ("aggressive", f"machine/{HOST}"), "its own now")
    run(instance, "clustermode cluster", status=3)
    instance.stop()
    instance.start()
    equal(in_force(instance, "antispam.profile"), ("aggressive", f"machine/{HOST}"), "after a restart")


@test
def groups_are_renamed_and_deleted_with_their_machines_in_them(world):
    instance = cluster(world)
    run(instance, GROUP, "antispamconfig setup on --profile=aggressive", "commit")
    run(instance, CLUSTER, "clusterconfig renamegroup eu europe", "clusterconfig setname c2")
    equal(in_force(instance, "antispam.profile"), ("aggressive", "group/europe"), "goes along with its group")
    shown = run(instance, CLUSTER, "clusterconfig deletegroup europe", status=1)
    true("name the group that they are to go to" in shown, shown)
    run(instance, CLUSTER, "clusterconfig deletegroup europe Main_Group")
    equal(in_force(instance, "antispam.profile"), ("normal", "cluster"), "the group's settings went with it")
    equal(verdict(instance), "suspect", "by the cluster's")
    shown = run(instance, "clusterconfig list")
    true(shown.startswith("cluster = c2\nGroup Main_Group:\n") and "europe" not in shown, shown)
    before = results(instance, "rollbackconfig list")
    run(instance, CLUSTER, "clusterconfig addgroup Main_Group")
    equal(results(instance, "rollbackconfig list"), before, "nothing was changed, and no revision made")


@test
def the_shape_of_the_cluster_outlives_a_roll_back_and_waits_for_pending_changes(world):
    instance = world.instance()
    run(instance, "antispamconfig setup on --timeout=44; commit")
    run(instance, "clusterconfig new c1", "antispamconfig setup on --timeout=55", "commit")
    shown = run(instance, CLUSTER, "antispamconfig setup on --timeout=56", "clusterconfig addgroup eu", status=1)
    true("commit or clear your pending changes" in shown, shown)
    run(instance, "rollbackconfig 1", "commit")
    equal(in_force(instance, "antispam.timeout"), (60, "cluster"), "as it was in revision 1")
    true("cluster = c1" in run(instance, "clusterconfig list"), "the cluster went away")
    run(instance, "rollbackconfig 3 --table=cluster-members", status=2)
    run(instance, CLUSTER, f"clusterconfig removemachine {HOST}")
    run(instance, "rollbackconfig 4", "commit")
    equal(in_force(instance, "antispam.timeout"), (55, f"machine/{HOST}"), "without the cluster that it had")


@test
def pending_changes_and_conflicts_name_their_level(world):
    instance = cluster(world)
    shown = run(
        instance,
        GROUP,
        "antispamconfig setup on --timeout=44",
        CLUSTER,
        "antispamconfig setup on --timeout=45",
        "showchanges",
        "commit",
    )
    true(shown.startswith("cluster: antispam\n  timeout: 60 -> 45\ngroup/eu: antispam\n  timeout: 60 -> 44\n"), shown)


@test
def a_machine_in_no_cluster_is_told_nothing_of_levels(world):
    shown = run(world.instance(), "antispamconfig setup on --timeout=44; showchanges; clearchanges")
    true(shown.startswith("antispam\n"), "one machine has no levels to tell")


@test
def a_setting_tells_where_it_comes_from(world):
    instance = cluster(world)
    run(instance, GROUP, 'antispamconfig setup on --timeout=44; commit "slow disk"')
    run(instance, GROUP, "smtproutes new a.example.com 192.0.2.1; commit")
    shown = run(instance, "showsetting antispam.timeout")
    true(shown.startswith("antispam timeout: 44\n  level: group/eu\n  set: revision 5, "), shown)
    true(shown.endswith("\n  default: 60\n"), shown)
    found = {s["field"]: s for s in results(instance, "showsetting antispam")[0]["settings"]}
    equal((found["timeout"]["revision"], found["timeout"]["default"]), (5, 60), "the field that was set last")
    run(instance, CLUSTER, "spamquarantine clusterset delete; commit")
    equal(results(instance, "showsetting spamquarantine")[0]["level"], None, "what nobody sets is built in")
    route = results(instance, "showsetting smtproutes.destination a.example.com")[0]["settings"][0]
    equal((route["value"], route["revision"]), ("192.0.2.1", 6), "a row of a list")
    run(instance, "showsetting smtproutes", status=2)
    said = run(instance, "showsetting antispam timeout", status=2)
    true("'timeout' is a field of 'antispam'; did you mean 'antispam.timeout'?" in said, said)
    run(instance, "showsetting antispam.nothing", status=2)
    run(instance, "showsetting smtproutes b.example.com", status=1)


class Person:
    """Somebody at a terminal of a clustered machine."""

    def __init__(self, world, instance, kind="dumb"):
        command = [program("mailward"), "--private", str(instance.folder)]
        self.terminal = Terminal(command, kind, 0, 0, world.folder)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.terminal.__exit__(*error)

    def sees(self, text):
        return self.terminal.wait(text)

    def answers(self, *keys):
        for line in keys:
            self.terminal.type(line + "\r")


@test
def prompts_tell_the_mode(world):
    instance = world.instance()
    with Person(world, instance) as person:
        person.sees(f"\n{HOST}> ")
        person.answers("clusterconfig", "2", "c1", "")
        person.sees("\n(Cluster c1)> ")
        person.answers("clusterconfig addgroup eu", "clustermode group eu")
        person.sees("\n(Group eu)> ")
        person.answers("clustermode", "3")
        shown = person.sees(f"\n(Machine {HOST})> ")
        true("1. Cluster c1\r\n2. Group Main_Group\r\n" in shown, shown)
    with Person(world, instance) as person:
        person.sees(f"\n(Machine {HOST})> ")


@test
def a_person_is_asked_what_a_batch_is_refused_or_takes_for_granted(world):
    instance = cluster(world)
    with Person(world, instance) as person:
        person.sees(f"\n(Machine {HOST})> ")
        person.answers("clusterconfig setname c2")
        person.sees('This command is restricted to "cluster" mode.')
        person.sees('Would you like to switch to "cluster" mode? [Y]> ')
        person.answers("")
        person.sees("\n(Cluster c2)> ")
        person.answers("tophosts", "n")
        person.sees("\n(Cluster c2)> ")
        person.answers("clustermode group eu", "antispamconfig")
        person.sees("NOTICE: This configuration command has not yet been configured for the current cluster mode")
        person.sees('1. Switch modes to edit at mode "Cluster c2".')
        person.sees("[1]> ")
        person.answers("2")
        shown = person.sees("[]> ")
        true("- CLUSTERSET - " in shown and "- CLUSTERSHOW - " in shown, shown)
        person.answers("clustershow", "")
        person.sees("group/eu")
        person.answers('commit "here"')
        person.sees("Changes committed")
        person.answers("antispamconfig")
        true("NOTICE" not in person.sees("[]> "), "it has settings of its own now")
        person.answers("clusterset", "2", "", "antispamconfig")
        person.sees("NOTICE")
        person.sees("[1]> ")
        person.answers("", "")
        person.sees("\n(Cluster c2)> ")


KINDS = ("dumb", "xterm-256color")


@test
def an_open_session_learns_at_once_that_the_machine_joined_a_cluster(world):
    for kind in KINDS:
        instance = world.instance(kind)
        with Person(world, instance, kind) as person:
            person.sees(f"{HOST}> ")
            run(instance, "clusterconfig new c1")
            if kind == "dumb":  # a program sees no byte between its prompt and its line
                person.answers("")
            person.sees("clusterconfig new c1")
            person.sees(f"(Machine {HOST})> ")
            person.answers("clustermode cluster")
            person.sees("(Cluster c1)> ")
            run(instance, CLUSTER, "clusterconfig setname c2")
            person.answers("")
            person.sees("(Cluster c2)> ")


@test
def a_session_whose_level_is_deleted_is_told_and_sets_nothing_elsewhere(world):
    for kind in KINDS:
        instance = world.instance(kind)
        run(instance, "clusterconfig new c1; clusterconfig addgroup eu")
        with Person(world, instance, kind) as person:
            person.sees(f"(Machine {HOST})> ")
            person.answers("smtproutes new m.example.com 192.0.2.1", GROUP)
            person.sees("(Group eu)> ")
            person.answers("antispamconfig setup on --timeout=44")
            person.sees("(Group eu)> ")
            person.terminal.type("antispamconfig setup on --timeout=45")  # but for Enter
            run(instance, CLUSTER, "clusterconfig deletegroup eu")
            person.answers("")
            person.sees(
                f"Notice: The group eu does not exist any more: this session goes on in the mode of the machine {HOST}. "
                'Uncommitted changes at the group eu cannot be committed any more: "commit rebase keep theirs" drops '
                'them, "clearchanges" drops all changes.'
            )
            person.sees("group/eu does not exist any more; choose a mode by clustermode")
            person.sees(f"(Machine {HOST})> ")
            person.answers("commit later")
            person.sees("there are settings at group/eu, which does not exist (any more)")
            person.answers("commit rebase keep theirs", "showchanges")
            shown = person.sees("+ m.example.com")
            true("antispam" not in shown, shown)
            person.answers("commit now")
            person.sees("Changes committed")
        equal(in_force(instance, "smtproutes.destination m.example.com"), ("192.0.2.1", f"machine/{HOST}"), "committed")
        equal(in_force(instance, "antispam.timeout"), (60, "cluster"), "what was typed for the group")


@test
def a_session_that_other_changes_do_not_concern_is_not_disturbed(world):
    instance = cluster(world)
    with instance.api() as api:
        api.must("hello", terminal=True)
        api.must("config.mode", level="group/eu")
        api.edit(edit("antispam", timeout=44))
        for command in ("clusterconfig addgroup us", "clusterconfig renamegroup us asia", "clusterconfig deletegroup asia"):
            run(instance, CLUSTER, command)
        frames = [api.receive() for _ in range(3)]
        true(all(list(frame) == ["notice"] and "clusterconfig" in frame["notice"] for frame in frames), frames)
        api.commit()
        run(instance, CLUSTER, "clusterconfig deletegroup eu Main_Group")
        equal(api.receive(), {"mode": {"level": f"machine/{HOST}", "cluster": "c1", "hostname": HOST}}, "the level it is to ask for")
        true("does not exist any more" in api.receive()["notice"], "its own news")
        true("clusterconfig deletegroup eu" in api.receive()["notice"], "the commit's")
        status, end, _ = api.call("config.edit", edits=[edit("antispam", timeout=45)])
        equal((status, end["error"][:8]), (1, "group/eu"), "before it has asked")
        equal(api.must("config.mode")["level"], f"machine/{HOST}", "the mode")
        equal(api.call("config.edit", edits=[edit("antispam", timeout=45)])[0], 0, "after it has")
    run(instance, CLUSTER, f"clusterconfig removemachine {HOST}")
    true("c1" not in run(instance, "version"), "in no cluster")


@test
def who_is_in_a_cluster_that_ends_goes_on_as_the_machine(world):
    instance = world.instance()
    run(instance, "clusterconfig new c1")
    with Person(world, instance) as person:
        person.sees(f"(Machine {HOST})> ")
        person.answers(CLUSTER)
        person.sees("(Cluster c1)> ")
        run(instance, CLUSTER, f"clusterconfig removemachine {HOST}")
        person.answers("")
        person.sees("Notice: The cluster does not exist any more: this session goes on in the mode of the machine")
        person.sees(f"\n{HOST}> ")
        person.answers("antispamconfig setup on --timeout=44", "commit x")
        person.sees("Changes committed")


def conflicting(instance, mine, theirs):
    """What a batch is told whose changes meet these of another, which are committed first."""
    command = [program("mailward"), "--private", str(instance.folder)]
    batch = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    print("\n".join((*mine, "version")), file=batch.stdin, flush=True)
    batch.stdout.readline()  # its edits are in its candidate
    run(instance, *theirs, "commit theirs")
    out, _ = batch.communicate("commit mine\n", timeout=60)
    return batch.returncode, out


@test
def a_conflict_is_headed_by_its_level_and_there_is_none_between_levels(world):
    instance = cluster(world)
    status, shown = conflicting(
        instance, (GROUP, "antispamconfig setup on --timeout=44"), (CLUSTER, "antispamconfig setup on --timeout=45")
    )
    equal(status, 0, f"the same field at two levels: {shown}")
    equal(in_force(instance, "antispam.timeout"), (44, "group/eu"), "the nearer level")
    status, shown = conflicting(
        instance, (GROUP, "antispamconfig setup on --timeout=46"), (GROUP, "antispamconfig setup on --timeout=47")
    )
    equal(status, 5, f"at the same level: {shown}")
    heading = r"group/eu: antispam: changed by \w+, .*, revision \d+\n  timeout\n    base    44\n    theirs  47\n    mine    46\n"
    true(re.search(heading, shown), shown)
    routes = ("smtproutes new r.example.com 192.0.2.1", "smtproutes new r.example.com 192.0.2.2")
    status, shown = conflicting(instance, (CLUSTER, routes[0]), (CLUSTER, routes[1]))
    equal(status, 5, f"a row that both have made: {shown}")
    true(re.search(r"cluster: smtproutes r.example.com: changed by \w+, .*, revision \d+\n  destination\n", shown), shown)
    status, shown = conflicting(
        instance, (MACHINE, "antispamconfig clusterset new"), (MACHINE, "antispamconfig setup on --timeout=48")
    )
    equal((status, in_force(instance, "antispam.timeout")), (0, (48, f"machine/{HOST}")), f"a copy and a change: {shown}")
    alone = world.instance("alone")
    status, shown = conflicting(
        alone, ("antispamconfig setup on --timeout=46",), ("antispamconfig setup on --timeout=47",)
    )
    true(status == 5 and "antispam: changed by" in shown and "machine/" not in shown, f"one machine: {shown}")


@test
@proves("S2-197 S2-198 S2-199")
def the_registration_id_is_that_of_the_whole_cluster(world):
    instance = world.instance()
    equal(run(instance, "portalregistrationconfig set a.b_C-4567890123; commit").count("Warning"), 0, "16 characters")
    equal(run(instance, f"portalregistrationconfig set {'x' * 36}; commit").count("Warning"), 0, "36 characters")
    shown = run(instance, "portalregistrationconfig set x; commit")
    true("Warning: id: it has 1 characters; known ones have 16 or 36" in shown, shown)
    for wrong in ("a+b", "a/b", "ä", "x" * 65):
        run(instance, f'portalregistrationconfig set "{wrong}"', status=2)
    run(instance, "portalregistrationconfig clear; commit")
    equal(results(instance, "showsetting portal-registration.id")[0]["settings"][0]["value"], "", "cleared")
    run(instance, "clusterconfig new c1; clusterconfig addgroup eu", f"clusterconfig setgroup {HOST} eu")
    new = "portalregistrationconfig set 0123456789abcdef"
    for mode in (MACHINE, GROUP):
        shown = run(instance, mode, new, status=3)
        true('This command is restricted to "cluster" mode.' in shown, shown)
        run(instance, mode, "portalregistrationconfig clusterset new", status=3)
    run(instance, CLUSTER, new, "commit")
    setting = results(instance, MACHINE, "showsetting portal-registration.id")[0]
    equal((setting["settings"][0]["value"], setting["level"]), ("0123456789abcdef", "cluster"), "in force on this machine")
    run(instance, CLUSTER, "portalregistrationconfig clusterset copy machine " + HOST, status=3)
    run(instance, MACHINE, new)  # what is in force already (R4)


main()
