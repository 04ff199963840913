#!/usr/bin/env python3
"""STARTTLS of the listeners and certconfig, seen by clients: Python's ssl, and openssl and swaks where they are."""

import contextlib
import os
import random
import re
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.api import edit
from harness.build import program, sanitized, wait_until
from harness.certificate import import_certificate, make_certificate, server_context
from harness.mail import make_mail
from harness.sender import ConnectionLost, Session, send_one
from harness.tap import Skip, equal, main, need, test, true

HANDSHAKE = b"\x16\x03\x01"


def secret_lines(text):
    """The lines of a key that nobody else has."""
    return [line for line in text.splitlines() if len(line) > 40]


def peer_name(session):
    der = session.socket.getpeercert(binary_form=True)
    pem = ssl.DER_cert_to_PEM_cert(der)
    run = subprocess.run(
        ["openssl", "x509", "-noout", "-subject"], input=pem, capture_output=True, text=True, check=True
    )
    return run.stdout.strip().removeprefix("subject=").replace(" ", "")


@test
def a_message_comes_in_by_tls_and_its_header_says_so(world):
    sink = world.sink(keep_data=True)
    instance = world.instance(route=sink.address)
    with Session(instance.address) as session:
        true("STARTTLS" in session.hello.lines, f"offered: {session.hello}")
        hello = session.start_tls()
        true("STARTTLS" not in hello.lines, f"offered again: {hello}")
        equal(session.command("STARTTLS").code, 503, "STARTTLS inside TLS")
        true(session.mail("anna@example.org", ["ben@example.com"], make_mail(1, 300000)).mid, "not accepted")
        session.quit()
    sink.wait_for_messages(1)
    true(b" with ESMTPS id " in sink.messages[0].data, "no ESMTPS in Received")
    instance.log.wait_for("TLS success")
    line = instance.log.find("TLS success")[0]
    true(re.search(r"ICID 1 TLS success protocol TLSv1\.3 cipher \w+$", line), line)


@test
def what_was_said_before_the_handshake_counts_no_more(world):
    instance = world.instance()
    with Session(instance.address) as session:
        session.command("MAIL FROM:<anna@example.org>")
        session.start_tls(hello=None)
        equal(session.command("MAIL FROM:<anna@example.org>").code, 503, "MAIL without a new EHLO")
        session.command("EHLO again")
        equal(session.command("RCPT TO:<ben@example.com>").code, 503, "RCPT to a sender of the plain session")


@test
def tls_1_2_is_taken_and_what_is_older_is_not(world):
    instance = world.instance()
    with Session(instance.address) as session:
        session.start_tls(maximum_version=ssl.TLSVersion.TLSv1_2)
        equal(session.socket.version(), "TLSv1.2", "version")
        true("ECDHE" in session.socket.cipher()[0], session.socket.cipher())
    with Session(instance.address) as session:
        session.command("STARTTLS")
        session.send(HANDSHAKE + bytes.fromhex("002f0100002b0301") + bytes(32) + bytes.fromhex("000004c0140035") + b"\x01\x00")
        true(session.reader.read(1) in (b"\x15", b""), "an answer other than an alert")
    instance.log.wait_for("ICID 2 TLS failed: ")


@test
def a_command_behind_starttls_is_never_executed(world):
    instance = world.instance()
    injected = b"EHLO evil\r\nMAIL FROM:<evil@example.org>\r\n"
    with Session(instance.address) as session:  # in one packet
        session.send(b"STARTTLS\r\n" + injected)
        equal(session.read_reply().code, 554, "STARTTLS with company")
        true(session.at_end(), "the connection is still open")
    with Session(instance.address) as session:  # behind the answer
        equal(session.command("STARTTLS").code, 220, "STARTTLS")
        session.send(injected)
        true(b"250" not in session.reader.read(), "an answer to plain text")
    with Session(instance.address) as session:  # half a command first
        session.send(b"STARTTLS\r\nMAI")
        equal(session.read_reply().code, 554, "STARTTLS with half a command")
    with Session(instance.address) as session:  # at any moment: what counts is that nothing of it is seen inside TLS
        session.send(b"STARTTLS\r\n")
        session.send(injected)
        try:
            reply = session.read_reply()
            if reply.code == 220:
                session.wrap()
                raise AssertionError("a handshake behind injected text")
            equal(reply.code, 554, "STARTTLS, then more")
        except (ssl.SSLError, ConnectionError, ConnectionLost):
            pass
    instance.log.wait_for("ICID 4 close")
    true(not instance.log.find("evil"), "an injected command was obeyed")


@test
def however_the_packets_are_cut_nothing_plain_is_executed_behind_starttls(world):
    instance = world.instance(settings={"smtp.timeout": 5})
    chance = random.Random(7)
    evil = [b"EHLO evil\r\n", b"MAIL FROM:<evil@example.org>\r\n", b"NOOP\r\n", b"\r\n", b"STARTTLS\r\n", b"\x16\x03\x01\r\n"]
    for _ in range(150):
        data = b"STARTTLS\r\n" + b"".join(chance.choices(evil, k=chance.randint(1, 4)))
        with Session(instance.address) as session:
            while data:
                cut = chance.randint(1, len(data))
                try:
                    session.send(data[:cut])
                except OSError:
                    break
                data = data[cut:]
                time.sleep(chance.choice((0, 0, 0.001)))
            try:
                if chance.random() < 0.5:  # a client that goes on as if nothing had happened
                    session.wrap()
                    raise AssertionError("a handshake behind plain text")
                session.socket.shutdown(socket.SHUT_WR)
                answer = session.reader.read()
            except OSError:
                continue
            true(re.fullmatch(rb"(220 2\.0\.0 [^\r]*\r\n)?(554 [^\r]*\r\n)?(\x15.*)?", answer, re.S), answer)
    with Session(instance.address) as session:
        session.start_tls()
    instance.log.wait_for("TLS success")
    true(not instance.log.find("evil"), "an injected command was obeyed")


@test
def garbage_for_a_handshake_ends_the_connection_and_nothing_else(world):
    instance = world.instance()
    pieces = [b"\r\n", b"QUIT\r\n", bytes(100), HANDSHAKE + b"\xff\xff" + os.urandom(500), HANDSHAKE, os.urandom(4000)]
    smtp = instance.role_pid("smtp")
    for piece in pieces:
        with Session(instance.address) as session:
            session.command("STARTTLS")
            session.send(piece)
            session.socket.shutdown(socket.SHUT_WR)
            try:
                true(b"250 " not in session.reader.read(), f"an answer to {piece[:20]!r}")
            except ConnectionError:
                pass
    wait_until(lambda: len(instance.log.find("TLS failed")) == len(pieces), "a line for each", 20)
    equal(instance.role_pid("smtp"), smtp, "the smtp role")
    send_one(instance.address, make_mail(1))


@test
def a_handshake_that_does_not_come_is_waited_for_no_longer_than_a_command(world):
    instance = world.instance(settings={"smtp.timeout": 2})
    with Session(instance.address) as session:
        session.command("STARTTLS")
        taken = 0
        with contextlib.suppress(OSError):
            for byte in HANDSHAKE + b"\x02\x00" + bytes(64):  # each byte just in time
                session.send(bytes([byte]))
                taken += 1
                time.sleep(0.2)
        true(1 < taken < 60, f"{taken} bytes taken, at five a second")
    instance.log.wait_for("TLS failed: timeout")


@test
def renegotiation_is_refused(world):
    need("openssl")
    instance = world.instance()
    host, port = instance.address
    line = ["openssl", "s_client", "-starttls", "smtp", "-connect", f"{host}:{port}", "-tls1_2"]
    run = subprocess.run(line, input="R\n", capture_output=True, text=True, timeout=60)
    true("RENEGOTIATING" in run.stdout + run.stderr, "openssl did not try")
    true("no renegotiation" in run.stdout + run.stderr, (run.stdout + run.stderr)[-600:])


@test
def openssl_s_client_completes_starttls_and_sends_a_message(world):
    need("openssl")
    instance = world.instance()
    host, port = instance.address
    line = ["openssl", "s_client", "-quiet", "-crlf", "-starttls", "smtp", "-connect", f"{host}:{port}"]
    with subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1
    ) as client:

        def say(text):
            client.stdin.write(text + "\n")
            return next(reply for reply in client.stdout if reply[3:4] == " ")[:3]

        lines = ("EHLO here", "MAIL FROM:<anna@example.org>", "RCPT TO:<ben@example.com>", "DATA", "Subject: hi\n\nhi\n.", "QUIT")
        equal([say(one) for one in lines], ["250", "250", "250", "354", "250", "221"], "replies")
    instance.wait_idle()
    (arrived,) = instance.maildir().values()
    true(b" with ESMTPS id " in arrived, "not in TLS")


@test
def swaks_sends_by_tls(world):
    need("swaks")
    instance = world.instance()
    host, port = instance.address
    line = ["swaks", "--server", host, "--port", str(port), "--to", "ben@example.com", "--from", "anna@example.org"]
    run = subprocess.run([*line, "--tls"], capture_output=True, text=True, timeout=60)
    if "requires Net::SSLeay" in run.stdout + run.stderr:
        raise Skip("swaks has no Net::SSLeay here (Debian: libnet-ssleay-perl)")
    equal(run.returncode, 0, run.stdout + run.stderr)
    true("~> " in run.stdout, "nothing was sent in TLS")


@test
def a_thousand_handshakes_leave_nothing_behind(world):
    instance = world.instance()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE

    def handshakes(count):
        for i in range(count):
            with Session(instance.address, timeout=60) as session:
                session.command("STARTTLS")
                if i % 5 == 4:
                    session.send(b"nonsense\r\n")
                else:
                    with tls.wrap_socket(session.socket) as wrapped:
                        wrapped.send(b"QUIT\r\n")
                        wrapped.recv(100)

    def size():
        status = Path(f"/proc/{instance.role_pid('smtp')}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))

    def descriptors():
        return len(os.listdir(f"/proc/{instance.role_pid('smtp')}/fd"))

    handshakes(200)
    before, open_before = size(), descriptors()
    handshakes(1000)
    wait_until(lambda: descriptors() <= open_before, "descriptors to be closed", 10)
    if not sanitized():  # there, freed memory is kept on purpose
        true(size() - before < 1024, f"grew by {size() - before} KiB")


@test
def an_imported_certificate_is_shown_from_the_commit_on(world):
    instance = world.instance()
    crt, key = make_certificate(world.folder, "mx.example.com")
    run = import_certificate(instance, "DEFAULT", f"some words\n{key}\nmore words\n{crt}".replace("\n", "\r\n"))
    equal((run.returncode, run.stderr), (0, ""), run.stdout)
    with Session(instance.address) as session:
        session.start_tls()
        equal(peer_name(session), "CN=mx.example.com", "certificate")
    printed = instance.shell("certconfig print").stdout
    true(re.search(r"DEFAULT .*20\d\d UTC .*CN=mx\.example\.com", printed), printed)


@test
def a_certificate_comes_from_files_and_by_the_dialogue_too(world):
    instance = world.instance()
    files = instance.folder / "configuration"
    for name, first in (("a.example.com", "certconfig import DEFAULT a.pem a.key\n"), ("b.example.com", "certconfig\nimport\n\nb.pem\n\n")):
        crt, key = make_certificate(world.folder, name)
        letter = name[0]
        (files / f"{letter}.pem").write_text(crt if letter == "a" else key + crt)
        (files / f"{letter}.key").write_text(key)
        line = [program("mailward"), "--private", str(instance.folder)]
        run = subprocess.run(line, input=first + "commit\n", capture_output=True, text=True, timeout=60)
        equal((run.returncode, run.stderr), (0, ""), run.stdout)
        with Session(instance.address) as session:
            session.start_tls()
            equal(peer_name(session), f"CN={name}", "certificate")
    equal(instance.shell("certconfig import DEFAULT absent.pem").returncode, 1, "a file that is not there")


@test
def a_client_gets_the_certificate_of_the_name_that_it_asks_for(world):
    instance = world.instance()
    for name in ("a.example.com", "b.example.com"):
        crt, key = make_certificate(world.folder, name)
        equal(import_certificate(instance, name, crt + key).returncode, 0, "import")
    for asked, shown in (("b.example.com", "CN=b.example.com"), ("a.example.com", "CN=a.example.com")):
        with Session(instance.address) as session:
            session.start_tls(server_hostname=asked)
            equal(peer_name(session), shown, f"asked for {asked}")


@test
def a_key_of_another_certificate_is_refused_at_commit(world):
    instance = world.instance()
    crt, _ = make_certificate(world.folder, "a.example.com")
    _, key = make_certificate(world.folder, "b.example.com")
    run = import_certificate(instance, "DEFAULT", crt + key)
    equal(run.returncode, 4, run.stdout + run.stderr)
    true("certificate DEFAULT" in run.stderr + run.stdout, run.stderr)
    with Session(instance.address) as session:
        session.start_tls()
        true("example.com" not in peer_name(session), "the refused certificate is shown")


@test
def what_is_no_certificate_or_has_a_passphrase_is_a_wrong_value(world):
    instance = world.instance()
    crt, key = make_certificate(world.folder, "a.example.com")
    locked = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")
    for text in ("", "hello\n", crt, key, crt + locked, crt + key + key, crt + key[:-40] + "\n"):
        run = import_certificate(instance, "DEFAULT", text)
        equal(run.returncode, 2, f"{text[:30]!r}: {run.stdout}{run.stderr}")
        true(not any(line in run.stdout + run.stderr for line in secret_lines(key)), "a key in an error")


@test
def without_a_certificate_starttls_is_neither_offered_nor_taken(world):
    instance = world.instance()
    equal(instance.shell("certconfig delete default; commit").returncode, 0, "delete")
    with Session(instance.address) as session:
        true("STARTTLS" not in session.hello.lines, session.hello)
        equal(session.command("STARTTLS").code, 502, "STARTTLS")
    equal(instance.shell("certconfig selfsigned DEFAULT; commit").returncode, 0, "selfsigned")
    with Session(instance.address) as session:
        session.start_tls()


@test
def a_private_key_is_shown_to_nobody(world):
    instance = world.instance()
    crt, key = make_certificate(world.folder, "a.example.com")
    equal(import_certificate(instance, "DEFAULT", crt + key).returncode, 0, "import")
    said = [instance.shell(command).stdout for command in ("showconfig", "certconfig print", "rollbackconfig preview 1")]
    said.append(instance.shell("certconfig delete DEFAULT; showchanges", "--json").stdout)
    said.append(instance.shell("certconfig selfsigned DEFAULT; showchanges", "--json").stdout)
    with instance.api() as api:
        for request in (
            {"method": "config.get", "table": "certificates"},
            {"method": "config.get", "table": "certificates", "key": "DEFAULT"},
            {"method": "config.show"},
            {"method": "certificate.list"},
        ):
            said.append(str(api.call(**request)))
    said += instance.log.lines()
    said += [path.read_text(errors="replace") for path in instance.folder.glob("log/**/*") if path.is_file()]
    for text in said:
        true(not any(line in text for line in secret_lines(key)), f"the key is in {text[:200]!r}")
        true("BEGIN PRIVATE" not in text, f"a key is in {text[:200]!r}")


@test
def a_masked_key_that_is_sent_back_leaves_the_key_as_it_is(world):
    instance = world.instance()
    with Session(instance.address) as session:
        session.start_tls()
        before = session.socket.getpeercert(binary_form=True)
    with instance.api() as api:
        api.edit(edit("certificates", "edit", "DEFAULT", private_key="********"))
        equal(api.commit()["revision"], None, "a commit of nothing")
    with Session(instance.address) as session:
        session.start_tls()
        equal(session.socket.getpeercert(binary_form=True), before, "certificate")


@test
def each_listener_offers_starttls_or_requires_it_as_it_is_told(world):
    instance = world.instance()

    def tls(level):
        equal(instance.shell(f"listenerconfig edit public setup public 127.0.0.1 0 --tls={level}; commit").returncode, 0, level)

    with Session(instance.address) as early:
        tls("required")
        equal(early.command("MAIL FROM:<anna@example.org>").code, 530, "MAIL in plain text of a session of before")
        early.start_tls()
        equal(early.command("MAIL FROM:<anna@example.org>").code, 250, "MAIL by TLS")
    with Session(instance.address) as session:
        true("STARTTLS" in session.hello.lines, session.hello)
        equal(session.command("MAIL FROM:<anna@example.org>").lines, ["5.7.0 Must issue a STARTTLS command first"], "MAIL")
        equal(session.command("RCPT TO:<ben@example.com>").code, 503, "RCPT without MAIL")
    tls("none")
    with Session(instance.address) as session:
        true("STARTTLS" not in session.hello.lines, session.hello)
        equal(session.command("STARTTLS").code, 502, "STARTTLS")
        equal(session.command("MAIL FROM:<anna@example.org>").code, 250, "MAIL")
    tls("preferred")
    send_one(instance.address, make_mail(1))


# Outgoing

OUT = {"queue.retry-first": 1, "queue.retry-most": 1, "deliver.timeout": 5, "deliver.idle": 0}


def send_and_wait(instance, sink, number=1):
    send_one(instance.address, make_mail(number))
    sink.wait_for_messages(number)
    instance.wait_idle()


@test
def mail_leaves_by_tls_where_the_next_hop_offers_it(world):
    sink = world.sink(keep_data=True)
    sink.tls = server_context(world.folder)
    instance = world.instance(route=sink.address, settings=OUT)
    message = make_mail(1, 400000)
    send_one(instance.address, message)
    sink.wait_for_messages(1)
    instance.wait_idle()
    true(sink.messages[0].tls, "it came in plain text")
    true(sink.messages[0].data.endswith(message[-1000:]), "not the message that was sent")
    true(re.search(r"DCID 1 TLS success protocol TLSv1\.3 cipher \w+$", instance.log.find("DCID 1 TLS")[0]), "log")
    equal((sink.connections, sink.commands["EHLO"]), (1, 2), "connections and EHLO")


@test
def one_connection_in_tls_carries_message_after_message(world):
    sink = world.sink()
    sink.tls = server_context(world.folder)
    instance = world.instance(route=sink.address, settings={**OUT, "deliver.idle": 30})
    for number in (1, 2, 3):
        send_and_wait(instance, sink, number)
    equal((sink.connections, [m.tls for m in sink.messages]), (1, [True] * 3), "connections and messages in TLS")


@test
def preferred_falls_back_to_plain_text_on_a_new_connection(world):
    broken = {
        "garbage": b"nonsense\r\n" * 20,
        "an injected answer": b"250 2.0.0 injected\r\n",
        "the end": "drop",
        "a closing": "421 4.3.0 not now",
    }
    for name, what in broken.items():
        sink = world.sink()
        sink.tls = what
        instance = world.instance(name.replace(" ", "-"), route=sink.address, settings=OUT)
        send_and_wait(instance, sink)
        equal((sink.connections, sink.messages[0].tls), (2, False), f"connections, TLS after {name}")
        equal(len(instance.log.find("DCID 1 TLS failed: ")), 1, f"lines after {name}")
        true(not instance.log.find("Delayed:"), f"delayed by {name}")
        instance.stop()


@test
def preferred_goes_on_in_plain_text_where_tls_is_refused_or_not_offered(world):
    for name, what in {"refused": "454 4.7.0 not now", "absent": None}.items():
        sink = world.sink()
        sink.tls = what
        instance = world.instance(name, route=sink.address, settings=OUT)
        send_and_wait(instance, sink)
        equal((sink.connections, sink.messages[0].tls), (1, False), f"connections and TLS when {name}")
        instance.stop()


@test
def a_handshake_that_hangs_is_given_up_and_mail_goes_in_plain_text(world):
    sink = world.sink()
    sink.tls = b"\x16"  # the start of a record that never ends
    instance = world.instance(route=sink.address, settings={**OUT, "deliver.timeout": 2})
    send_and_wait(instance, sink)
    equal((sink.connections, sink.messages[0].tls), (2, False), "connections and TLS")


@test
def required_never_sends_in_plain_text(world):
    for name, what in {"absent": None, "refused": "454 4.7.0 not now", "broken": b"nonsense\r\n" * 20, "ended": "drop"}.items():
        sink = world.sink()
        sink.tls = what
        instance = world.instance(name, route=sink.address, settings=OUT)
        instance.configure(edit("delivery", tls="required"))
        mid = send_one(instance.address, make_mail(1))
        instance.log.wait_for(f"MID {mid} to RID 0 - 4.7.")
        equal((sink.commands["MAIL"], sink.commands["DATA"], len(sink.messages)), (0, 0, 0), f"when {name}")
        sink.tls = server_context(world.folder)  # it is put right
        sink.wait_for_messages(1)
        true(sink.messages[0].tls, "in plain text in the end")
        instance.stop()


@test
def each_route_has_its_own_tls_and_connections_are_not_shared(world):
    sink = world.sink()
    sink.tls = server_context(world.folder)
    instance = world.instance(settings={**OUT, "deliver.idle": 30})
    host, port = sink.address
    lines = [f"smtproutes new {name}.example {host}:{port} --tls={tls}" for name, tls in
             (("a", "none"), ("b", "required"), ("c", "default"))]
    equal(instance.shell("; ".join([*lines, "deliveryconfig setup none", "commit"])).returncode, 0, "routes")
    for number, domain in enumerate(("a", "b", "c", "a", "b"), 1):
        send_one(instance.address, make_mail(number), [f"x@{domain}.example"])
        sink.wait_for_messages(number)
        instance.wait_idle()
    equal([m.tls for m in sink.messages], [False, True, False, False, True], "TLS of each message")
    equal(sink.connections, 2, "connections")


main()
