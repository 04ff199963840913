#!/usr/bin/env python3
"""The scan service for clients of the spamd protocol: the real spamc, raw sockets, hostile clients, kills."""

import contextlib
import fcntl
import os
import re
import socket
import subprocess
import sys
import termios
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import hostile
from harness import processes
from harness.api import edit
from harness.build import SAMPLES, wait_until
from harness.mail import make_mail
from harness.sender import send_one
from harness.spamd import ask, connect, parse, read_all, request
from harness.tap import equal, main, need, test, true

SPAM = (SAMPLES / "spam-text.eml").read_bytes()
HAM = (SAMPLES / "ham-personal.eml").read_bytes()
MIB = 1 << 20


def service(world, settings=None, **fields):
    """An instance whose service listens on TCP and on its UNIX socket."""
    instance = world.instance(settings=settings)
    instance.configure(edit("spamd", enabled="on", tcp="127.0.0.1:0", **fields))
    return instance


def tcp(instance):
    return instance.spamd_addresses[0]


def spamc(where, *options, message=SPAM):
    need("spamc")
    place = ["-d", where[0], "-p", str(where[1])] if isinstance(where, tuple) else ["-U", str(where)]
    return subprocess.run(["spamc", *place, *options], input=message, capture_output=True, timeout=60)


def one_line(instance, text):
    instance.log.wait_for(text)
    (line,) = instance.log.find(text)
    return line


def spam_score(instance, message):
    """What the gateway's own log says of a message that comes by SMTP."""
    mid = send_one(instance.address, message)
    line = wait_until(lambda: next(iter(instance.log.find(f"MID {mid} score ")), None), "a verdict")
    return int(re.search(r"score (\d+)", line).group(1))


# What clients get


@test
def spamc_gets_verdict_symbols_report_and_the_message_with_its_header(world):
    instance = service(world)
    for where in (tcp(instance), instance.spamd_socket):
        run = spamc(where, "-c")
        equal(run.returncode, 1, "status for spam")
        true(re.fullmatch(rb"(\d\.\d|10\.0)/5\.0\n", run.stdout), f"score: {run.stdout}")
        run = spamc(where, "-c", message=HAM)
        equal(run.returncode, 0, "status for ham")
        true(b",sales_" in spamc(where, "-y").stdout, "symbols")
        report = spamc(where, "-R").stdout.decode()
        true(report.splitlines()[0] == spamc(where, "-c").stdout.decode().strip(), f"first line of {report}")
        true("spam from 5.0 on" in report and " text\n" in report, f"report: {report}")
        true(b"Judged by" in spamc(where, "-r").stdout, "a report if it is spam")
        true(b"Judged by" not in spamc(where, "-r", message=HAM).stdout, "a report on ham")
        marked = spamc(where).stdout
        true(marked.endswith(SPAM), "the message itself is as it was")
        true(b"X-Spam-Flag: YES\n" in marked[: -len(SPAM)], "the header of spam")
        headers_only = spamc(where, "--headers").stdout
        equal(headers_only, marked, "spamc --headers")
        true(b"X-Spam-Status: No, score=" in spamc(where, message=HAM).stdout, "the header of ham")
        run = spamc(where, "-K")
        equal((run.returncode, run.stdout), (0, b"SPAMD/1.5 0\n"), "ping")


@test
def the_score_is_a_tenth_of_the_gateways_or_the_same_if_so_wanted(world):
    instance = service(world)
    for message in (SPAM, HAM):
        is_spam, score, threshold = ask(tcp(instance), "CHECK", message).score
        equal((is_spam, threshold), (score >= 5, 5.0), "verdict and threshold")
        # by SMTP it has a trace header more
        true(abs(score * 10 - spam_score(instance, message.replace(b"\n", b"\r\n"))) <= 3, "far from the gateway's score")
    points = ask(tcp(instance), "CHECK", SPAM).score[1]
    instance.configure(edit("spamd", scale="raw"))
    equal(ask(tcp(instance), "CHECK", SPAM).score, (True, round(points * 10), 50.0), "raw scale")


@test
def every_method_answers_in_each_version_as_the_protocol_has_it(world):
    instance = service(world)
    spam_line = r"Spam: True ; [\d.]+ / 5\.0\r\n\r\n"
    shapes = (
        ("CHECK", "1.2", rf"SPAMD/1\.1 0 EX_OK\r\n{spam_line}"),
        ("CHECK", "1.5", rf"SPAMD/1\.1 0 EX_OK\r\n{spam_line}"),
        ("SYMBOLS", "1.2", rf"SPAMD/1\.1 0 EX_OK\r\n{spam_line}\S+\r\n"),
        ("SYMBOLS", "1.3", rf"SPAMD/1\.1 0 EX_OK\r\nContent-length: \d+\r\n{spam_line}\S+"),
        # as mail servers ask
        ("REPORT", "1.2", rf"SPAMD/1\.1 0 EX_OK\r\n{spam_line}Judged by .*"),
        ("REPORT_IFSPAM", "1.5", rf"SPAMD/1\.1 0 EX_OK\r\nContent-length: \d+\r\n{spam_line}Judged by .*"),
        ("HEADERS", "1.4", rf"SPAMD/1\.1 0 EX_OK\r\nContent-length: \d+\r\n{spam_line}X-Spam-.*\n\n"),
        ("PROCESS", "1.2", r"SPAMD/1\.1 0 EX_OK\r\nContent-length: \d+\r\n\r\nX-Spam-.*</html>\n*"),
    )
    for method, version, shape in shapes:
        for length in (True, None):
            with connect(tcp(instance)) as one:
                one.sendall(request(method, SPAM, version=version, length=length))
                one.shutdown(socket.SHUT_WR)
                data = read_all(one).decode()
            true(re.fullmatch(shape, data, re.S), f"{method} {version}: {data[:300]!r}")
            found = re.search(r"Content-length: (\d+)", data)
            if found:
                equal(int(found.group(1)), len(data.partition("\r\n\r\n")[2]), f"length of {method} {version}")
    with connect(tcp(instance)) as one:  # 1.0: the message follows the first line
        one.sendall(b"SYMBOLS SPAMC/1.0\r\n" + SPAM)
        one.shutdown(socket.SHUT_WR)
        true(parse(read_all(one)).score[0], "version 1.0")
    with connect(tcp(instance)) as one:
        one.sendall(b"SKIP SPAMC/1.2\r\n")
        equal(read_all(one), b"", "the answer to SKIP")


@test
def the_answer_does_not_wait_for_the_client_to_close_its_side(world):
    instance = service(world)
    equal(ask(tcp(instance), "CHECK", SPAM, shut=False).code, 0, "CHECK")
    equal(ask(tcp(instance), "PING", shut=False, length=None).text, "PONG", "PING")


@test
def forged_headers_go_and_the_line_ends_stay(world):
    instance = service(world)
    forged = b"X-Spam-Flag: NO\r\nX-SPAM-Status: No,\r\n\tscore=-100\r\n" + SPAM.replace(b"\n", b"\r\n")
    body = ask(tcp(instance), "PROCESS", forged).body
    head = body.partition(b"\r\n\r\n")[0]
    equal(head.count(b"X-Spam-Flag:"), 1, "X-Spam-Flag")
    true(b"score=-100" not in head and b"X-Spam-Flag: YES" in head, "the forged status")
    equal(body.count(b"\n"), body.count(b"\r\n"), "line ends")
    true(body.endswith(SPAM.replace(b"\n", b"\r\n")), "the message itself is as it was")


@test
def policies_of_the_gateway_have_no_say_but_the_engine_must_be_on(world):
    instance = service(world)
    instance.configure(edit("incoming-policy", key="DEFAULT", antispam="off"))
    true(ask(tcp(instance), "CHECK", SPAM).score[0], "spam under a policy that scans nothing")
    run = instance.shell("antispamconfig setup off; commit")
    true("spamd: it is enabled, but anti-spam is off" in run.stdout, f"no warning: {run.stdout}")
    reply = ask(tcp(instance), "CHECK", SPAM)
    equal((reply.code, reply.text), (69, "EX_UNAVAILABLE: anti-spam is off on this gateway"), "the answer")
    run = spamc(tcp(instance))
    equal((run.returncode, run.stdout), (0, SPAM), "spamc hands the message on")


# Limits


@test
def what_is_above_never_scan_size_is_refused_however_it_is_announced(world):
    instance = service(world)
    instance.configure(edit("antispam", always_scan_size="64K", never_scan_size="64K"))
    large = make_mail(1, 100_000)
    for length in (True, None):
        reply = ask(tcp(instance), "CHECK", large, length=length)
        equal((reply.code, reply.text), (65, "EX_DATAERR: the message is too large to be scanned"), "the answer")
    equal(ask(tcp(instance), "CHECK", make_mail(1, 50_000)).code, 0, "a smaller one")
    equal(spamc(tcp(instance), message=large).stdout, large, "spamc hands it on")


@test
def garbage_gets_a_reason_and_the_service_goes_on(world):
    instance = service(world, timeout=1)
    rows = (
        (b"\x00\xff\x00\xff\r\n", 76),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 76),
        (b"EHLO x\r\n", 76),
        (b"CHECK SPAMC/9\r\n\r\n", 76),
        (b"CHECK SPAMC/1.2\r\nContent-length: -5\r\n\r\n", 76),
        (b"CHECK SPAMC/1.2\r\nContent-length: 1\r\nContent-length: 2\r\n\r\n", 76),
        (b"CHECK SPAMC/1.2\r\n" + b"X" * 20_000, 76),
        (request("CHECK", SPAM, headers=("Compress: zlib",)), 76),
        (request("CHECK", SPAM, length=len(SPAM) + 1), 76),  # and the end
        (b"CHECK SPAMC/1.5\r\nUser:", 76),
        (b"A" * 1_000_000, 76),
    )
    for data, code in rows:
        with connect(tcp(instance)) as one:
            with contextlib.suppress(OSError):
                one.sendall(data)
                one.shutdown(socket.SHUT_WR)
            equal(parse(read_all(one)).code, code, repr(data[:60]))
    with connect(tcp(instance)):
        pass  # nothing at all
    equal(ask(tcp(instance), "CHECK", b"").code, 0, "an empty message")
    equal(ask(tcp(instance), "CHECK", SPAM + b"more", length=len(SPAM)).score[0], True, "more than announced")
    true(ask(tcp(instance), "CHECK", SPAM, headers=("User: \x1b[31m" + "u" * 500,)).score[0], "a hostile user")
    line = one_line(instance, "for '\\x1b[31m")
    true(len(line) < 400, f"the log line is long: {line}")


@test
def slow_clients_are_ended_by_their_deadline_and_others_do_not_wait_for_them(world):
    instance = service(world, timeout=1)
    part = request("CHECK", SPAM)
    with contextlib.ExitStack() as stack:
        silent, half, unread = (stack.enter_context(connect(tcp(instance))) for _ in range(3))
        half.sendall(part[:200])
        true(ask(tcp(instance), "CHECK", SPAM).score[0], "another client")
        equal(parse(read_all(silent)).code, 79, "a silent one")
        equal(parse(read_all(half)).code, 79, "one that stops half-way")
    big = b"Subject: x\r\n\r\n" + b"words and words\r\n" * 100_000
    with socket.socket() as unread:  # takes 1.7 MB back slowly: not at all
        unread.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        unread.connect(tcp(instance))
        unread.settimeout(30)
        unread.sendall(request("PROCESS", big))
        wait_until(lambda: instance.status().get("spamd_connections") == 0, "the end of a client that does not read", 30)


@test
def clients_above_the_limit_wait_and_strangers_are_shut_out(world):
    instance = service(world, connections=2)
    with connect(tcp(instance)), connect(tcp(instance)), connect(instance.spamd_socket) as third:
        wait_until(lambda: instance.status().get("spamd_connections") == 2, "two clients")
        third.sendall(request("CHECK", SPAM))
        third.settimeout(0.3)
        with contextlib.suppress(TimeoutError):
            true(not third.recv(1), "the third was answered")
        equal(instance.status()["spamd_connections"], 2, "clients")
    with connect(instance.spamd_socket) as third:
        third.sendall(request("CHECK", SPAM))
        equal(parse(read_all(third)).code, 0, "when the others are gone")
    instance.configure(edit("spamd", clients="192.0.2.0/24"))
    with connect(tcp(instance)) as stranger:
        with contextlib.suppress(ConnectionError):
            equal(stranger.recv(100), b"", "what a stranger is told")
    instance.log.wait_for("spamd: connection from 127.0.0.1 refused")
    equal(ask(instance.spamd_socket, "CHECK", SPAM).code, 0, "the UNIX socket")
    instance.configure(edit("spamd", clients="127.0.0.0/8"))
    equal(ask(tcp(instance), "CHECK", SPAM).code, 0, "a network")


@test
def a_flood_of_large_messages_is_served_within_bounded_memory(world):
    instance = service(world, connections=200)
    instance.configure(edit("antispam", always_scan_size="10M", never_scan_size="10M"))
    message = b"Subject: x\r\n\r\n" + b"words and more words\r\n" * 400_000  # 8.8 MB
    codes, peak = [], [0]

    def one():
        codes.append(ask(tcp(instance), "CHECK", message).code)

    def measure():
        pid = instance.role_pid("spamd")
        total = 0
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                if "memfd:spamd" in os.readlink(f"/proc/{pid}/fd/{name}"):
                    total += os.stat(f"/proc/{pid}/fd/{name}").st_size
        peak[0] = max(peak[0], total)

    threads = [threading.Thread(target=one) for _ in range(40)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        measure()
        threads[-1].join(0.01)
    equal(codes, [0] * 40, "answers")
    true(0 < peak[0] <= 128 * MIB, f"{peak[0] / MIB:.0f} MiB of messages at a time")
    true(processes.peak_bytes(instance.role_pid("spamd")) < 300 * MIB, "memory of the role")


@test
def hostile_messages_are_judged_and_returned_whole(world):
    instance = service(world)
    instance.configure(edit("antispam", always_scan_size="100M", never_scan_size="100M"))
    for name, message in hostile.all_of_them():
        reply = ask(tcp(instance), "PROCESS", message)
        equal(reply.code, 0, f"code of {name}")
        true(reply.body.endswith(message), f"{name} came back changed")
    equal(instance.log.find("killed its scan worker"), [], "workers killed")


# Kills


@test
def a_message_that_kills_its_worker_fails_alone(world):
    instance = service(world, settings={"test.hooks": 1})
    instance.configure(edit("antispam", timeout=1))
    for hook in ("crash", "hang"):
        reply = ask(tcp(instance), "CHECK", f"X-Mailward-Test: {hook}\r\n".encode() + SPAM)
        equal((reply.code, reply.text), (70, "EX_SOFTWARE: the message killed the worker that scanned it"), hook)
    wait_until(lambda: len(instance.log.find("spamd: message from 127.0.0.1 killed its scan worker")) == 2, "two lines")
    true(ask(tcp(instance), "CHECK", SPAM).score[0], "the next message")


@test
def clients_get_their_verdict_though_the_scan_role_dies_meanwhile(world):
    instance = service(world)
    replies = []
    stop = threading.Event()

    def load():
        while not stop.is_set():
            replies.append(ask(tcp(instance), "CHECK", SPAM))

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        before = len(replies)
        wait_until(lambda: len(replies) > before + 5, "answers")
        instance.kill_role("scan")
    stop.set()
    for thread in threads:
        thread.join()
    equal({(reply.code, reply.score[0]) for reply in replies}, {(0, True)}, "answers")


@test
def at_the_end_of_the_service_all_are_told_to_try_again_also_those_that_wait_for_room(world):
    instance = service(world)
    instance.configure(edit("antispam", always_scan_size="100M", never_scan_size="100M"))
    large = request("CHECK", b"Subject: x\r\n", length=100 * MIB)
    small = request("TELL", SPAM, headers=("Message-class: spam", "Set: local"))
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connect(instance.spamd_socket)) for _ in range(3)]
        # One has the room, one waits for as much, and the other stands behind that one though it needs little.
        for client, data in ((clients[0], large), (clients[2], large), (clients[1], small)):
            client.sendall(data)
            wait_until(lambda: unread_bytes(client) == 0, "the request to be read")
        clients[1].shutdown(socket.SHUT_WR)
        equal(instance.stop(), 0, "status")
        for client in clients:
            equal(parse(read_all(client)).text, "EX_TEMPFAIL: the service is ending", "the answer")


def unread_bytes(unix_socket):
    """Of what was sent there, what the other side has not read."""
    return int.from_bytes(fcntl.ioctl(unix_socket, termios.TIOCOUTQ, bytes(4)), sys.byteorder)


@test
def the_role_itself_comes_back_with_its_sockets(world):
    instance = service(world)
    before = tcp(instance)
    instance.kill_role("spamd")
    for where in (before, instance.spamd_socket):
        true(ask(where, "CHECK", SPAM).score[0], "a verdict after the kill")


@test
def the_sockets_are_there_only_while_they_are_wanted(world):
    instance = world.instance()
    equal(instance.spamd_addresses, [], "by default")
    true(not instance.spamd_socket.exists(), "a UNIX socket by default")
    instance.configure(edit("spamd", enabled="on", tcp="", socket="on"))
    equal(instance.spamd_addresses, [], "TCP")
    equal(ask(instance.spamd_socket, "CHECK", SPAM).code, 0, "the UNIX socket")
    instance.configure(edit("spamd", tcp="127.0.0.1:0,127.0.0.2:0", socket="off"))
    true(not instance.spamd_socket.exists(), "the UNIX socket is left")
    equal(len(instance.spamd_addresses), 2, "TCP sockets")
    for where in instance.spamd_addresses:
        equal(ask(where, "PING", length=None).text, "PONG", f"at {where}")
    instance.configure(edit("spamd", enabled="off"))
    equal(instance.spamd_addresses, [], "switched off")


@test
def a_port_that_cannot_be_had_refuses_the_commit(world):
    instance = world.instance()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        run = instance.shell(f"spamdconfig setup on --tcp=127.0.0.1:{port}; commit")
        equal(run.returncode, 4, "status")
        true(f"spamd cannot listen on 127.0.0.1 port {port}: Address already in use" in run.stderr + run.stdout,
             f"the reason: {run.stdout}{run.stderr}")
    instance.configure(edit("listeners", "put", "second", kind="public", address="127.0.0.1", port=port))
    run = instance.shell(f"spamdconfig setup on --tcp=127.0.0.1:{port}; commit")
    equal(run.returncode, 4, "status")
    true("spamd tcp: listener second has the same address and port" in run.stderr + run.stdout, "the reason")
    run = instance.shell("spamdconfig setup on --tcp= --socket=off")
    true("neither tcp nor socket" in run.stdout + run.stderr, f"nothing to listen on: {run.stdout}{run.stderr}")


@test
def what_was_done_is_counted_and_logged(world):
    instance = service(world)
    ask(tcp(instance), "CHECK", SPAM, headers=("User: anna",))
    ask(tcp(instance), "CHECK", HAM)
    ask(tcp(instance), "NONSENSE", HAM)
    instance.log.wait_for("spamd: request from 127.0.0.1 failed: unknown command")
    line = one_line(instance, f"spamd: CHECK of {len(SPAM)} bytes from 127.0.0.1 for 'anna': score ")
    true(re.search(r"score \d+, revision 2$", line), line)
    wait_until(lambda: [instance.status().get(f"spamd_{name}") for name in ("scanned", "spam", "failed")] == [2, 1, 1],
               "the counters")


main()
