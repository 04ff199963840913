#!/usr/bin/env python3
"""Numbers of the gateway: what `status` counts, `rate` and `tophosts` show, and listeners suspended by name.

Keys that scripts read are in tests/golden/status.keys and described in doc/status.md.  After a change that is meant:
test_status.py --accept
"""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.api import edit
from harness.build import program, wait_until
from harness.gateway import result, run
from harness.golden import same
from harness.mail import make_mail
from harness.sender import Session, send_one
from harness.tap import equal, main, test, true
from harness.terminal import Terminal

TESTS = Path(__file__).resolve().parents[1]
KEYS, DOC = TESTS / "golden" / "status.keys", TESTS.parent / "doc" / "status.md"

SPAM = "X-Advertisement: spam"
TIMES = ("reset", "uptime", "lifetime")


def counts(instance, name):
    return tuple(instance.figures()["counters"][name][time] for time in TIMES)


def keys_of(figures):
    for section, values in figures.items():
        for name, value in values.items():
            yield f"{section}.{name}"
            yield from (f"{section}.*.{part}" for part in value) if isinstance(value, dict) else ()


def greeting(address):
    with socket.create_connection(address, timeout=20) as client:
        return client.recv(100)[:9]


@test
def keys_of_status_change_only_when_that_is_meant_and_all_are_described(world):
    got = sorted(set(keys_of(world.instance().figures())))
    same("".join(f"{key}\n" for key in got), KEYS)
    rows = re.findall(r"^\| `(\w+)\.([\w*.]+)` \|.*?\|( rate)?", DOC.read_text(), re.MULTILINE)
    described = [f"{section}.{name}" for section, name, _ in rows]
    described += [f"rates.{name}" for _, name, rate in rows if rate]
    equal(sorted(described), got, "keys described in doc/status.md")


@test
def status_agrees_with_what_was_sent(world):
    sink = world.sink()
    sink.answer_rcpt = lambda address: "550 5.1.1 no" if address.startswith("no@") else None
    instance = world.instance(route=sink.address)
    instance.configure(edit("incoming-policy", key="DEFAULT", positive_action="quarantine"))
    for n in range(3):
        send_one(instance.address, make_mail(n), recipients=["a@one.example", "b@one.example"])
    send_one(instance.address, make_mail(3), sender="", recipients=["no@two.example"])
    send_one(instance.address, make_mail(4, headers=(SPAM,)), recipients=["c@one.example"])
    send_one(instance.address, make_mail(5), recipients=["no@two.example"])  # its bounce goes to the sink
    instance.wait_idle()
    figures = instance.figures()
    wanted = {
        "connections_in": 6,
        "messages_received": 6,
        "recipients_received": 9,
        "verdict_positive": 1,
        "recipients_delivered": 7,
        "double_bounces": 1,
        "hard_bounced": 1,
        "bounces_generated": 1,
        "recipients_completed": 9,
        "messages_quarantined": 1,
    }
    for name, count in wanted.items():
        equal(tuple(figures["counters"][name].values()), (count,) * 3, name)
    equal(figures["gauges"]["messages_quarantined"], 1, "messages in quarantine")
    true(figures["gauges"]["quarantine_bytes"] > 0, "quarantined bytes")
    equal(figures["moments"]["oldest_message"], 0, "oldest message of an empty queue")
    rates = figures["rates"]["recipients_delivered"]
    # Seven within the window and up to ten seconds more.
    true(360 <= rates["1m"] <= 420 and 27 <= rates["15m"] <= 28, f"rates {rates}")
    text = run(instance, "status detail")
    true(re.search(r"^ +Delivered recipients +7 +7 +7$", text, re.MULTILINE), text)


@test
def counters_survive_a_restart_a_kill_and_a_reset(world):
    instance = world.instance()
    send_one(instance.address, make_mail(1))
    instance.wait_idle()
    instance.stop()
    instance.start()
    equal(counts(instance, "messages_received"), (1, 0, 1), "after a restart")
    send_one(instance.address, make_mail(2))
    instance.wait_idle()
    store = f"sqlite3.connect('file:{instance.folder}/track/counters.db?mode=ro', uri=True)"
    select = "SELECT lifetime FROM counter WHERE name = 'messages_received'"
    reader = [sys.executable, "-c", f"import sqlite3; print({store}.execute({select!r}).fetchone())"]
    wait_until(lambda: subprocess.run(reader, capture_output=True, text=True).stdout == "(2,)\n", "two on disk")
    instance.kill_role("log")
    wait_until(lambda: instance.figures(), "the log role")
    equal(counts(instance, "messages_received"), (2, 1, 2), "after a kill")
    equal(run(instance, "resetcounters"), "", "output")
    equal(counts(instance, "messages_received"), (0, 1, 2), "after a reset")
    wait_until(lambda: len(instance.log.find("counters reset by")) == 1, "a log line")
    send_one(instance.address, make_mail(3))
    instance.wait_idle()
    instance.stop()
    instance.start()
    equal(counts(instance, "messages_received"), (1, 0, 3), "after the reset and a restart")
    true(instance.figures()["moments"]["counters_reset"] > 0, "the time of the reset")


@test
def status_names_the_part_that_is_away_and_shows_the_rest(world):
    instance = world.instance()
    queue = instance.role_pid("queue")
    os.kill(queue, signal.SIGSTOP)
    try:
        text = run(instance, "status detail", status=1)
        run(instance, "workqueue rate 1 1", status=1)
        run(instance, "rate 1 1", status=1)
    finally:
        os.kill(queue, signal.SIGCONT)
    true("no answer from these parts of the daemon: queue\n" in text, text)
    true("Messages received" in text and "Connections in" in text and "Disk free" not in text, text)


@test
def hosts_are_sorted_and_one_is_shown_with_its_last_refusal(world):
    sink = world.sink()
    answers = {"later": "450 4.2.0 later", "no": "550 5.1.1 not here"}
    sink.answer_rcpt = lambda address: answers.get(address.partition("@")[0])
    instance = world.instance(route=sink.address, settings={"queue.retry-first": 600, "queue.retry-most": 600})
    for n, (user, host, count) in enumerate([("ok", "Good.example", 3), ("later", "slow.example", 2), ("no", "bad.example", 1)]):
        for i in range(count):
            send_one(instance.address, make_mail(10 * n + i), sender="", recipients=[f"{user}@{host}"])
    wait_until(lambda: instance.status().get("recipients_delayed") == 2, "two deferred")
    wait_until(lambda: instance.status().get("recipients_active") == 0, "all others done")

    def hosts(order):
        return [row["host"] for row in result(instance, f"tophosts {order}")["hosts"]]

    equal(hosts("")[0], "slow.example", "most waiting")
    equal(hosts("delivered")[0], "good.example", "most delivered")
    equal(hosts("hard")[0], "bad.example", "most refused")
    equal(hosts("soft")[0], "slow.example", "most delayed")
    slow = result(instance, "hoststatus SLOW.example")["host"]
    equal((slow["active"], slow["soft"], slow["delivered"]), (2, 2, 0), "slow.example")
    true("550 5.1.1 not here" in run(instance, "hoststatus bad.example"), "no reply")
    run(instance, "hoststatus never.example", status=1)
    run(instance, "tophosts size", status=2)
    equal(run(instance, "deleterecipients host slow.example"), "2 recipients deleted.\n", "answer")
    equal(result(instance, "hoststatus slow.example")["host"]["active"], 0, "active after they are deleted")


@test
def hosts_that_are_many_take_no_more_memory_than_is_set_aside(world):
    sink = world.sink()
    instance = world.instance(route=sink.address)
    for n in range(25):
        send_one(instance.address, make_mail(n), recipients=[f"a@h{n}-{i}.example" for i in range(200)])
    instance.wait_idle()
    equal(len(result(instance, "tophosts delivered")["hosts"]), 20, "rows")
    # 5,000 are more than the 4,096 that are kept once nothing waits for them.
    run(instance, "hoststatus h0-0.example", status=1)
    equal(result(instance, "hoststatus h24-199.example")["host"]["delivered"], 1, "of the latest")


@test
def the_rate_of_a_paused_work_queue_shows_what_comes_in(world):
    instance = world.instance()
    run(instance, "workqueue pause")
    with instance.api() as api:
        api.send("rate", what="workqueue", interval=1, count=3)
        for n in range(4):
            send_one(instance.address, make_mail(n))
        rows = []
        while "status" not in (frame := api.receive()):
            rows += frame["rows"]
    equal(frame["status"], 0, "status of the end")
    equal((len(rows), rows[-1]["pending"]), (3, 4), "rows, pending")
    equal((sum(row["in"] for row in rows), sum(row["out"] for row in rows)), (4, 0), "in and out")
    run(instance, "workqueue resume")
    instance.wait_idle()
    text = run(instance, "workqueue rate 1 2")
    equal(len(re.findall(r"^\d\d:\d\d:\d\d +0 +0 +0$", text, re.MULTILINE)), 2, text)
    equal(len(result(instance, "rate 1 2")["rows"]), 2, "rows of rate")
    run(instance, "rate 0", status=2)
    run(instance, "workqueue rate 3601", status=2)


@test
def ctrl_c_ends_a_rate_on_a_terminal(world):
    instance = world.instance()
    with Terminal([program("mailward"), "--private", str(instance.folder)], "xterm") as terminal:
        terminal.wait("> ")
        terminal.type("rate 1\n")
        terminal.wait("Completed")
        terminal.wait("\n")
        terminal.wait("\n")  # a line of numbers
        terminal.type("\x03")
        terminal.wait("> ")
        terminal.type("exit\n")
        _, status = terminal.end()
    equal(status, 0, "exit status")


@test
def a_listener_suspended_by_name_turns_its_clients_away_and_no_others(world):
    instance = world.instance()
    instance.configure(edit("listeners", "put", "second", kind="public", address="127.0.0.2", port=0))
    first, second = (wait_until(lambda: instance.listeners().get(name), name) for name in ("public", "second"))

    def answers(of_first, of_second):
        wait_until(lambda: (greeting(first)[:3], greeting(second)[:3]) == (of_first, of_second), "both listeners")

    with Session(second) as session:
        said = run(instance, "suspendlistener second")
        equal(said, "Receiving active, but suspended on second.\nMail delivery active.\n", "answer")
        answers(b"220", b"421")
        equal(session.command("MAIL FROM:<a@example.org>").code, 421, "in an open session")
    send_one(first, make_mail(1))
    equal(instance.status()["listeners_suspended_by_name"], 1, "gauge")
    for role in ("queue", "smtp"):
        instance.kill_role(role)
        wait_until(lambda: instance.status().get("listeners_suspended_by_name") == 1, "the queue")
        answers(b"220", b"421")
    run(instance, "suspendlistener second")  # again: nothing changes
    run(instance, "suspendlistener all")
    answers(b"421", b"421")
    # The others stay suspended.
    equal(result(instance, "resumelistener public")["suspended_listeners"], ["second"], "still suspended")
    answers(b"220", b"421")
    run(instance, "suspendlistener public,second")
    answers(b"421", b"421")
    run(instance, "resumelistener nosuch", status=1)
    run(instance, "suspendlistener public,,second", status=2)
    run(instance, "resumelistener")
    answers(b"220", b"220")
    wait_until(lambda: len(instance.log.find("receiving on second suspended by")) == 2, "both log lines")


main()
