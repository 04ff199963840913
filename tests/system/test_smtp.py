#!/usr/bin/env python3
"""The listener over real sockets: the session of a person at a keyboard, and what must never get through."""

import contextlib
import resource
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.build import wait_until
from harness.mail import body_sha256, make_mail
from harness.sender import ConnectionLost, Session, dot_stuff, send_one
from harness.tap import equal, main, proves, test, true

ANNA, BEN = "anna@example.org", "ben@example.com"


def begin_data(session, recipients=(BEN,)):
    equal(session.command(f"MAIL FROM:<{ANNA}>").code, 250, "MAIL")
    for recipient in recipients:
        equal(session.command(f"RCPT TO:<{recipient}>").code, 250, "RCPT")
    equal(session.command("DATA").code, 354, "DATA")


def segments(instance):
    return instance.status()["spool_segments"]


def greeting_code(instance):
    try:
        with Session(instance.address, hello=None) as session:
            return session.greeting.code
    except (ConnectionError, ConnectionLost):
        return None


def only_message(instance, message):
    """Fails unless exactly this message, and no other, came out at the other end."""
    instance.wait_idle()
    bodies = [body_sha256(data) for data in instance.maildir().values()]
    equal(bodies, [body_sha256(message)], "bodies delivered")


@test
@proves("S2-253")
def a_session_typed_by_hand_is_answered_as_documented(world):
    instance = world.instance()
    with Session(instance.address, hello=None) as session:
        equal(session.greeting.code, 220, "greeting")
        equal(session.command("HELO mailtester.example.org").code, 250, "HELO")
        equal(session.command(f"mail from:<{ANNA}>").code, 250, "mail")
        equal(session.command(f"rcpt to:<{BEN}>").code, 250, "rcpt")
        equal(session.command("data").code, 354, "data")
        session.send(b"X-Advertisement: spam\r\n\r\nspam test\r\n")
        reply = session.command(".")
        true(reply.mid, f"no 'Message <MID> accepted' in {reply}")
        equal(session.command("quit").code, 221, "quit")
        true(session.at_end(), "the connection stays open after QUIT")


@test
def ehlo_offers_what_is_kept(world):
    instance = world.instance(settings={"smtp.max-message-bytes": 100000})
    with Session(instance.address) as session:
        offered = set(session.hello.lines[1:])
        for extension in ("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "SIZE 100000"):
            true(extension in offered, f"{extension} is not among {offered}")
        equal(session.command(f"MAIL FROM:<{ANNA}> SIZE=100001 BODY=8BITMIME").code, 552, "MAIL that is too large")
        equal(session.command(f"MAIL FROM:<{ANNA}> SIZE=100000 BODY=8BITMIME").code, 250, "MAIL that fits")


@test
def commands_sent_in_one_packet_are_answered_in_order(world):
    instance = world.instance()
    first, second = make_mail(1), make_mail(2)
    envelope = f"MAIL FROM:<{ANNA}>\r\nRCPT TO:<{BEN}>\r\nDATA\r\n".encode()
    with Session(instance.address) as session:
        session.send(b"RSET\r\nNOOP\r\n" + envelope)
        equal([session.read_reply().code for _ in range(5)], [250, 250, 250, 250, 354], "replies")
        session.send(dot_stuff(first) + b".\r\n" + envelope)
        equal([session.read_reply().code for _ in range(4)], [250, 250, 250, 354], "replies")
        session.send(dot_stuff(second) + b".\r\nQUIT\r\n")
        equal([session.read_reply().code for _ in range(2)], [250, 221], "replies")
    instance.wait_idle()
    delivered = {body_sha256(data) for data in instance.maildir().values()}
    equal(delivered, {body_sha256(first), body_sha256(second)}, "bodies delivered")


@test
def what_is_sent_before_its_turn_ends_the_session(world):
    """EHLO and DATA end a group (RFC 2920): what is behind them was not meant for this state of the session."""
    instance = world.instance()
    with Session(instance.address) as session:
        session.send(f"MAIL FROM:<{ANNA}>\r\nRCPT TO:<{BEN}>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\n".encode())
        equal([session.read_reply().code for _ in range(3)], [250, 250, 554], "replies")
        true(session.at_end(), "the connection stays open")
    with Session(instance.address, hello=None) as session:
        session.send(b"EHLO c.example.org\r\nNOOP\r\n")
        equal(session.read_reply().code, 554, "reply")
        true(session.at_end(), "the connection stays open")


@test
def a_message_in_single_bytes_is_the_same_message(world):
    instance = world.instance()
    message = make_mail(2, size=300)
    with Session(instance.address) as session:
        begin_data(session)
        for byte in dot_stuff(message) + b".\r\n":
            session.send(bytes([byte]))
        true(session.read_reply().mid, "not accepted")
    only_message(instance, message)


@test
def an_oversized_message_is_refused_and_the_session_goes_on(world):
    instance = world.instance(settings={"smtp.max-message-bytes": 20000})
    with Session(instance.address) as session:
        equal(session.mail(ANNA, [BEN], make_mail(1, size=30000)).code, 552, "too large")
        message = make_mail(2, size=10000)
        true(session.mail(ANNA, [BEN], message).mid, "the next one is not accepted")
    only_message(instance, message)


@test
def limits_on_lines_recipients_and_errors_hold(world):
    instance = world.instance(
        settings={"smtp.max-line-bytes": 2000, "smtp.max-recipients": 3, "smtp.max-errors": 5}
    )
    with Session(instance.address) as session:
        long_line = make_mail(1, body=b"x" * 3000 + b"\r\n")
        true(500 <= session.mail(ANNA, [BEN], long_line).code < 600, "a long line is not refused")
        equal(session.command("NOOP " + "x" * 5000).code, 500, "a long command")
        equal(session.command(f"MAIL FROM:<{ANNA}>").code, 250, "MAIL")
        codes = [session.command(f"RCPT TO:<r{i}@example.com>").code for i in range(4)]
        equal(codes, [250, 250, 250, 452], "the recipient over the limit")
    with Session(instance.address) as session:
        try:
            codes = [session.command("NONSENSE").code for _ in range(10)]
        except ConnectionLost:
            return
        true(421 in codes, f"ten wrong commands and no end: {codes}")


@test
def commands_out_of_order_or_malformed_get_5xx(world):
    instance = world.instance(settings={"smtp.max-errors": 1000})
    with Session(instance.address) as session:
        wrong = {
            "RCPT TO:<a@example.com>": 503,
            "DATA": 503,
            "MAIL FROM:<a@example.com> NONSENSE=1": 555,
            "MAIL FROM:a b": 501,
            "MAIL TO:<a@example.com>": 501,
            "EXPN list": 502,
            "XYZZY": 500,
            "\x01\x02": 500,
        }
        for command, code in wrong.items():
            got = session.command(command).code
            true(500 <= got < 600, f"{command!r} got {got}, like {code} wanted")
        for address in ("a\rb@example.com", "a\0b@example.com", "a>b@example.com", "<a@example.com", "a@b\x7f"):
            got = session.command(f"MAIL FROM:<{address}>")
            true(500 <= got.code < 600, f"{address!r} got {got}")
        true(session.mail(ANNA, [BEN], make_mail(1)).mid, "a right message after the wrong ones")


@test
def no_smuggled_message_gets_through(world):
    instance = world.instance(settings={"smtp.max-errors": 1000})
    inner = f"MAIL FROM:<evil@example.net>\r\nRCPT TO:<{BEN}>\r\nDATA\r\nSubject: inner\r\n\r\ninner\r\n.\r\n"
    marks = ("\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r\n.\r", "\n\n.\n\n", "\r\r\n.\r\r\n", "\r\n.\r\r\n")
    for mark in marks:
        text = f"Subject: outer\r\n\r\nouter{mark}{inner}".encode()
        middle = text.index(b".")
        for pieces in ([text], [text[:middle], text[middle:]], [bytes([byte]) for byte in text]):
            with Session(instance.address) as session:
                begin_data(session)
                for piece in pieces:
                    session.send(piece)
                reply = session.read_reply()
                true(500 <= reply.code < 600, f"{mark!r} got {reply}")
                try:
                    equal(session.command("NOOP").code, 250, f"NOOP after {mark!r}")
                except ConnectionLost:
                    pass  # to hang up on such a client is as good
    fence = make_mail(3)
    send_one(instance.address, fence)
    only_message(instance, fence)


@test
def bare_carriage_returns_and_line_feeds_in_text_are_refused(world):
    instance = world.instance()
    for body in (b"one\ntwo\r\n", b"one\rtwo\r\n", b"one\r\r\ntwo\r\n", b"one\n\rtwo\r\n"):
        with Session(instance.address) as session:
            reply = session.mail(ANNA, [BEN], make_mail(1, body=body))
            true(500 <= reply.code < 600, f"{body!r} got {reply}")
    fence = make_mail(4)
    send_one(instance.address, fence)
    only_message(instance, fence)


@test
def a_message_cut_off_before_its_dot_is_never_delivered(world):
    instance = world.instance()
    with Session(instance.address) as session:
        begin_data(session)
        session.send(make_mail(1)[:-20])
    instance.log.wait_for("Receiving aborted")
    fence = make_mail(5)
    send_one(instance.address, fence)
    only_message(instance, fence)


@test
def a_first_line_that_begins_with_a_blank_does_not_join_the_trace_header(world):
    instance = world.instance()
    for message in (b" blank: first\r\n\r\nx\r\n", b"\ttab\r\n"):
        mid = send_one(instance.address, message)
        instance.wait_idle()
        (delivered,) = [data for data in instance.maildir().values() if b"id %d;" % mid in data]
        head, _, body = delivered.partition(b"\r\n\r\n")
        true(head.endswith(b"+0000") and message.strip() not in head, f"head {head!r}")
        true(body.endswith(message), f"body {body!r}")


@test
def a_message_that_is_refused_midway_leaves_the_queue_at_once(world):
    instance = world.instance()
    before = segments(instance)
    with Session(instance.address) as session:
        begin_data(session)
        session.send(dot_stuff(make_mail(2, size=3000000)))
        wait_until(lambda: segments(instance) > before, "the queue to have a part of it")
        session.send(b"bare\nfeed\r\n")
        wait_until(lambda: segments(instance) == before, "the queue to let go of it")
        session.send(b"and the rest\r\n")
        equal(session.command(".").code, 550, "the reply to its end")
        true(session.mail(ANNA, [BEN], make_mail(3)).mid, "the next one is not accepted")


@test
def clients_do_not_use_up_the_descriptors_of_deliveries(world):
    sink = world.sink()
    instance = world.instance(route=sink.address)
    resource.prlimit(instance.process.pid, resource.RLIMIT_NOFILE, (150, 150))
    instance.kill_role("smtp")
    wait_until(lambda: greeting_code(instance) == 220, "the listener")
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(Session(instance.address))
        codes = [stack.enter_context(Session(instance.address, hello=None)).greeting.code for _ in range(120)]
        true({220, 421} == set(codes), f"greetings {set(codes)}")
        true(first.mail(ANNA, [BEN], make_mail(1)).mid, "not accepted")
        sink.wait_for_messages(1)


@test
def dots_at_line_starts_arrive_as_sent(world):
    instance = world.instance()
    message = make_mail(6, body=b".\r\n..\r\n...\r\n.x\r\n\r\n.\r\n")
    send_one(instance.address, message)
    only_message(instance, message)


@test
def an_idle_client_is_told_421_and_left(world):
    instance = world.instance(settings={"smtp.timeout": 1})
    with Session(instance.address) as session:
        equal(session.read_reply().code, 421, "farewell")
        true(session.at_end(), "the connection stays open")


main()
