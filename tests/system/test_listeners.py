#!/usr/bin/env python3
"""Listeners of the real daemon: who may send to whom, ports that cannot be had, changes while mail flows."""

import contextlib
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.api import edit
from harness.build import program, wait_until
from harness.mail import body_sha256, make_mail
from harness.sender import Load, Session, send_one
from harness.tap import equal, main, test, true

ANNA, BEN = "anna@example.org", "ben@example.com"
STRANGER, FRIEND = "127.0.0.1", "127.0.0.2"  # clients


def listener(name, address, port=0, kind="public"):
    return edit("listeners", "put", name, kind=kind, address=address, port=port)


def recipient(key, access="accept"):
    return edit("rcptaccess", "put", key, access=access)


def rcpt_code(address, recipient, source=None):
    """The reply to one recipient."""
    with Session(address, source=source) as session:
        equal(session.command(f"MAIL FROM:<{ANNA}>").code, 250, "MAIL")
        return session.command(f"RCPT TO:<{recipient}>").code


def can_connect(address):
    with contextlib.suppress(ConnectionError):
        socket.create_connection(address, timeout=5).close()
        return True
    return False


@contextlib.contextmanager
def occupied(host, port=0):
    """A port that another program listens on."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((host, port))
        other.listen()
        yield other.getsockname()[1]


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as one:
            one.bind(("::1", 0))
            return True
    except OSError:
        return False


def free_port(host):
    with occupied(host) as port:
        return port


# Who may send to whom


@test
def an_unlisted_client_gets_550_for_a_foreign_recipient_on_both_kinds_of_listener(world):
    sink = world.sink()
    instance = world.instance(route=sink.address)
    instance.configure(
        edit("rcptaccess", "delete", "public/ALL"),
        recipient("public/example.com"),
        edit("hostaccess", "new", f"public/{FRIEND}"),
        listener("Inside", "127.0.0.3", kind="private"),
        edit("hostaccess", "new", "Inside/127.0.0.2"),
    )
    public, inside = (instance.listeners()[name] for name in ("public", "Inside"))
    equal(rcpt_code(public, "x@example.net", STRANGER), 550, "a foreign recipient on the public listener")
    equal(rcpt_code(public, BEN, STRANGER), 250, "a recipient of ours on the public listener")
    equal(rcpt_code(inside, "x@example.net", STRANGER), 550, "a foreign recipient on the private listener")
    equal(rcpt_code(inside, BEN, STRANGER), 550, "any recipient on the private listener")
    instance.log.wait_for("To: <x@example.net> Rejected by RAT")
    instance.log.wait_for("REJECT SG ALL match ALL")
    for address in (public, inside):
        equal(rcpt_code(address, "x@example.net", FRIEND), 250, f"a foreign recipient for the host that may relay, {address}")
    with Session(inside, source=FRIEND) as session:
        true(session.mail(ANNA, ["x@example.net"], make_mail(1)).mid, "not accepted")
    sink.wait_for_messages(1)
    instance.log.wait_for("interface Inside (127.0.0.3) address 127.0.0.2")
    instance.log.wait_for("RELAY SG RELAYLIST match 127.0.0.2")
    instance.log.wait_for("in the outbound table")


@test
def the_nearest_entry_decides_in_any_case_of_letters(world):
    instance = world.instance()
    run = instance.shell(
        "listenerconfig EDIT public RCPTACCESS CLEAR; listenerconfig edit public rcptaccess new Example.COM accept; "
        "listenerconfig edit public rcptaccess new Bad@example.com reject; "
        "listenerconfig edit public rcptaccess new .example.net accept; "
        "listenerconfig edit public rcptaccess new hostmaster@ accept; commit rat"
    )
    equal(run.returncode, 0, run.stdout)
    wanted = {
        BEN: 250,
        "BEN@EXAMPLE.com": 250,
        "bad@example.com": 550,
        '"bad"@example.com': 550,
        "x%example.org@example.com": 550,
        "a@sub.example.net": 250,
        "a@example.net": 550,
        "HostMaster@example.org": 250,
        "a@[192.0.2.1]": 550,
    }
    for address, code in wanted.items():
        equal(rcpt_code(instance.address, address), code, address)


def shell_with_input(instance, command, text):
    """Runs the shell as `ssh gw COMMAND < FILE` would; returns the seconds that it took."""
    began = time.monotonic()
    line = [program("mailward"), "--private", str(instance.folder), "-c", command]
    run = subprocess.run(line, input=text, capture_output=True, text=True, timeout=300)
    equal(run.returncode, 0, run.stdout + run.stderr)
    return time.monotonic() - began, run.stdout


@test
def a_hundred_thousand_recipients_are_imported(world):
    instance = world.instance()
    rows = [f"u{i}@d{i % 977}.example {'REJECT' if i % 10 == 3 else 'ACCEPT'}" for i in range(100000)]
    seconds, _ = shell_with_input(
        instance, "listenerconfig edit public rcptaccess import -; commit", "# ours\n" + "\n".join(rows)
    )
    print(f"# import and commit of 100000: {seconds:.2f} s")
    for i in (0, 3, 54321, 99999):
        code = rcpt_code(instance.address, f"u{i}@d{i % 977}.example")
        equal(code, 550 if i % 10 == 3 else 250, f"recipient {i}")
    equal(rcpt_code(instance.address, BEN), 550, "a recipient that the import left out")
    _, printed = shell_with_input(instance, "listenerconfig edit public rcptaccess print", "")
    firsts = {line.split()[0] for line in printed.splitlines() if line.endswith(("accept", "reject"))}
    equal(firsts, {row.split()[0] for row in rows}, "the first column")
    _, exported = shell_with_input(instance, "listenerconfig edit public rcptaccess export -", "")
    wanted = sorted(row.lower().removesuffix(" accept") for row in rows)  # the default is left out
    true(sorted(exported.splitlines()) == wanted, "the export has other rows")
    with instance.api() as api:
        for count in (10000, 1):
            edits = [recipient(f"public/n{i}@{count}.example") for i in range(count)]
            for piece in range(0, count, 1000):
                api.edit(*edits[piece : piece + 1000])
            began = time.monotonic()
            api.commit()
            print(f"# commit of {count} on top: {time.monotonic() - began:.4f} s")
    equal(rcpt_code(instance.address, "n9999@10000.example"), 250, "one of the ten thousand")


@test
def a_listener_goes_with_what_belongs_to_it(world):
    instance = world.instance()
    instance.configure(listener("Extra", "127.0.0.3"), recipient("Extra/example.com"), listener("Extra.x", "127.0.0.4"),
                       recipient("Extra.x/a.example"), edit("hostaccess", "new", "Extra/192.0.2.0/24"))
    instance.configure(edit("listeners", "delete", "Extra"))
    with instance.api() as api:
        keys = [row["recipient"] for row in api.rows("rcptaccess")]
        equal(keys, ["Extra.x/a.example", "public/ALL"], "recipients that are left")
        equal(api.rows("hostaccess"), [], "hosts that are left")


@test
def recipients_and_hosts_of_a_listener_that_does_not_exist_are_refused_at_once(world):
    instance = world.instance()
    for edit_word in ("rcptaccess clear", "rcptaccess new example.com accept", "rcptaccess edit example.com accept",
                      "rcptaccess delete example.com", "hostaccess clear", "hostaccess new 192.0.2.1"):
        run = instance.shell(f"listenerconfig edit nope {edit_word}")
        equal((run.returncode, "listener 'nope' does not exist" in run.stdout), (1, True), f"{edit_word}: {run.stdout}")
    line = [program("mailward"), "--private", str(instance.folder), "-c", "listenerconfig edit nope rcptaccess import -"]
    run = subprocess.run(line, input="example.com\n", capture_output=True, text=True, timeout=60)
    equal((run.returncode, "listener 'nope' does not exist" in run.stdout), (1, True), f"import: {run.stdout}")
    with instance.api() as api:
        equal(api.rows("rcptaccess"), [{"recipient": "public/ALL", "access": "accept"}], "recipients")
    run = instance.shell("listenerconfig delete public; listenerconfig edit public rcptaccess new example.com accept")
    equal(run.returncode, 1, f"of a listener that the candidate has no more: {run.stdout}")


# Ports


@test
def a_port_that_cannot_be_had_refuses_the_commit_and_changes_nothing(world):
    instance = world.instance()
    before = instance.listeners()
    with occupied("127.0.0.1") as port:
        for place in (f"127.0.0.1 {port}", "192.0.2.1 2525"):
            run = instance.shell(f"listenerconfig new Late public {place}; listenerconfig new Good public 127.0.0.3 0; commit")
            equal(run.returncode, 4, f"the status for {place}")
            true("listener 'Late' cannot listen on" in run.stdout, run.stdout)
            equal(instance.listeners(), before, "run/ports")
            true(instance.shell("showconfig json").stdout.count('"kind"') == 1, "a listener was committed")
    equal(instance.shell(f"listenerconfig new Late public 127.0.0.1 {port}; commit").returncode, 0, "when it is free")
    equal(instance.listeners()["Late"], ("127.0.0.1", port), "its place")
    equal(rcpt_code(instance.listeners()["Late"], BEN), 550, "a listener that accepts nobody yet")


@test
def two_listeners_cannot_have_one_place(world):
    instance = world.instance()
    run = instance.shell("listenerconfig new Twin public 127.0.0.1 0; commit")
    equal(run.returncode, 4, "the status")
    true("have the same address and port" in run.stdout, run.stdout)


@test
def a_check_of_a_commit_leaves_no_port_behind(world):
    instance = world.instance()
    port = free_port("127.0.0.3")
    run = instance.shell(f"listenerconfig new Late public 127.0.0.3 {port}; commit check; clearchanges")
    equal(run.returncode, 0, run.stdout)
    wait_until(lambda: not can_connect(("127.0.0.3", port)), "the port to be closed")
    with occupied("127.0.0.3", port):
        run = instance.shell(f"listenerconfig new Late public 127.0.0.3 {port}; commit check")
        equal(run.returncode, 4, "the status of a check")


@test
def a_listener_without_its_port_at_start_only_lacks_itself_until_it_can_be_had(world):
    instance = world.instance()
    port = free_port("127.0.0.3")
    instance.configure(listener("Late", "127.0.0.3", port), recipient("Late/ALL"))
    instance.stop()
    with occupied("127.0.0.3", port):
        instance.start()
        equal(set(instance.listeners()), {"public"}, "listeners")
        instance.log.wait_for(f"listener Late cannot listen on 127.0.0.3 port {port}: Address already in use")
        send_one(instance.address, make_mail(1))
        instance.configure(listener("Other", "127.0.0.4"))  # what is as it was keeps no other change away
        equal(set(instance.listeners()), {"public", "Other"}, "listeners")
    wait_until(lambda: "Late" in instance.listeners(), "the listener to come")
    send_one(instance.listeners()["Late"], make_mail(2))
    instance.log.wait_for("listener Late listens on")
    equal(len(instance.log.find("listener Late cannot listen on")), 1, "alerts")


@test
def one_commit_moves_a_listener_from_all_addresses_to_one_and_back(world):
    instance = world.instance()
    port = free_port("0.0.0.0")
    for address in ("0.0.0.0", "127.0.0.3", "0.0.0.0", *(["::"] if has_ipv6() else [])):
        run = instance.shell(f"listenerconfig edit public setup public {address} {port}; commit")
        equal(run.returncode, 0, f"the status for {address}: {run.stdout}")
        send_one(("127.0.0.3", port), make_mail(1))
        equal(can_connect(("127.0.0.4", port)), address != "127.0.0.3", f"127.0.0.4 while it is {address}")


@test
def a_restarted_smtp_has_the_same_ports(world):
    instance = world.instance()
    instance.configure(listener("Extra", "127.0.0.3"), recipient("Extra/ALL"))
    before = instance.listeners()
    for role in ("smtp", "control"):
        instance.kill_role(role)
        for number, address in enumerate(before.values()):
            send_one(address, make_mail(number))
        equal(instance.listeners(), before, f"run/ports after the death of {role}")


# Changes while mail flows


@test
def listeners_come_and_go_while_mail_flows(world):
    sink = world.sink()
    instance = world.instance(route=sink.address)
    load = Load(lambda: instance.address, sessions=4)
    for number in range(5):
        instance.configure(listener("Extra", "127.0.0.3"), recipient("Extra/ALL"))
        address = instance.listeners()["Extra"]
        with Session(address) as session:
            true(session.mail(ANNA, [BEN], make_mail(number)).mid, "not accepted")
            instance.configure(edit("listeners", "delete", "Extra"))
            equal(set(instance.listeners()), {"public"}, "listeners")
            wait_until(lambda: not can_connect(address), "the port to be closed")
            reply = session.mail(ANNA, [BEN], make_mail(100 + number))
            true(reply.mid, f"the open connection does not go on: {reply}")
    sent = load.stop()
    equal((sent.refused, sent.unanswered), (0, 0), "messages of the load that were not taken")
    instance.wait_idle()
    for digest, recipients in sent.acknowledged.items():
        for one in recipients:
            equal(sink.count(digest, one), 1, "copies")
    for number in (0, 104):
        equal(sink.count(body_sha256(make_mail(number)), BEN), 1, "copies of what came by the other listener")


@test
def a_listener_with_a_new_name_keeps_its_port(world):
    instance = world.instance()
    address = instance.address
    run = instance.shell("listenerconfig delete public; listenerconfig new Mail public 127.0.0.1 0; "
                         "listenerconfig edit Mail rcptaccess new example.com accept; commit")
    equal(run.returncode, 0, run.stdout)
    equal(instance.listeners(), {"Mail": address}, "run/ports")
    send_one(address, make_mail(1))
    instance.log.wait_for("interface Mail (127.0.0.1)")


main()
