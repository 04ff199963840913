#!/usr/bin/env python3
"""Extensions that a sender uses and a next hop may not have: what is passed on, told, converted or returned (R19)."""

import email
import email.policy
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.api import edit
from harness.build import wait_until
from harness.mail import body_sha256, make_mail
from harness.sender import Session, dot_stuff
from harness.tap import equal, main, test, true

ANNA = "anna@example.org"
BASE = ["PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"]


def gateway(world, *extensions):
    """A sink that offers these beyond BASE (without the name if that begins with '-'), and an instance before it."""
    sink = world.sink(keep_data=True)
    without = {name[1:] for name in extensions if name.startswith("-")}
    sink.extensions = [name for name in (*BASE, *extensions) if name not in without and not name.startswith("-")]
    return sink, world.instance(route=sink.address, settings={"queue.retry-first": 1})


def send(instance, message, mail="", rcpt="", sender=ANNA, recipient="ben@example.com"):
    """Sends with these parameters and returns the MID."""
    with Session(instance.address) as session:
        for command in (f"MAIL FROM:<{sender}> {mail}", f"RCPT TO:<{recipient}> {rcpt}", "DATA"):
            reply = session.command(command.strip())
            true(reply.code in (250, 354), f"{command}: {reply}")
        session.send(dot_stuff(message) + b".\r\n")
        reply = session.read_reply()
        true(reply.mid, f"not accepted: {reply}")
        return reply.mid


def notices(sink):
    return [message for message in sink.messages if message.sender == ""]


def take_notice(sink):
    """The one notice that came, parsed."""
    wait_until(lambda: notices(sink), "the notice")
    equal(len(notices(sink)), 1, "notices")
    return email.message_from_bytes(notices(sink)[0].data, policy=email.policy.default)


def fields_of(notice):
    """The fields about the message and those about its one recipient."""
    equal(notice.get_content_type(), "multipart/report", "type of the notice")
    status = notice.get_payload()[1]
    equal(status.get_content_type(), "message/delivery-status", "type of its second part")
    whole, recipient = status.get_payload()
    return whole, recipient


@test
def what_the_sender_wants_to_be_told_goes_on_to_a_next_hop_that_can(world):
    sink, instance = gateway(world, "DSN")
    send(instance, make_mail(1), "RET=HDRS ENVID=QQ+2B1", "NOTIFY=SUCCESS,DELAY ORCPT=rfc822;old+2Bben@example.com")
    sink.wait_for_messages(1)
    instance.wait_idle()
    equal(len(sink.messages), 1, "messages: the next hop does the telling")
    equal(sink.messages[0].parameters.split()[-2:], ["RET=HDRS", "ENVID=QQ+2B1"], "of MAIL")
    equal(sink.messages[0].rcpt_parameters, ["NOTIFY=SUCCESS,DELAY ORCPT=rfc822;old+2Bben@example.com"], "of RCPT")


@test
def where_the_next_hop_cannot_tell_the_gateway_tells_that_mail_was_relayed(world):
    sink, instance = gateway(world)
    send(instance, make_mail(1, subject="Ahoy"), "RET=FULL ENVID=QQ+2B1", "NOTIFY=SUCCESS ORCPT=rfc822;old@example.com")
    notice = take_notice(sink)
    equal(sink.messages[0].rcpt_parameters, [""], "parameters")
    whole, recipient = fields_of(notice)
    equal(whole["Original-Envelope-Id"], "QQ+1", "Original-Envelope-Id")
    equal(recipient["Original-Recipient"], "rfc822; old@example.com", "Original-Recipient")
    equal(recipient["Final-Recipient"], "rfc822; ben@example.com", "Final-Recipient")
    equal(recipient["Action"], "relayed", "Action")
    equal(recipient["Remote-MTA"], "dns; sink.example.com", "Remote-MTA")
    returned = notice.get_payload()[2]
    equal(returned.get_content_type(), "text/rfc822-headers", "what is returned of mail that did not fail")
    true("Subject: Ahoy" in returned.get_content(), "its subject")
    instance.log.wait_for("was generated for notification about MID")


@test
def a_failure_is_told_with_what_was_asked_for_and_never_to_who_said_never(world):
    sink, instance = gateway(world)
    sink.answer_rcpt = lambda address: "550 5.1.1 no such user" if address.startswith("no") else None
    message = make_mail(1)
    send(instance, message, "RET=FULL", "NOTIFY=NEVER", recipient="no1@example.com")
    send(instance, message, "RET=FULL", "NOTIFY=SUCCESS", recipient="no2@example.com")
    send(instance, message, "RET=FULL", "NOTIFY=FAILURE", recipient="no3@example.com")
    instance.wait_idle()
    notice = take_notice(sink)
    recipient = fields_of(notice)[1]
    equal(recipient["Final-Recipient"], "rfc822; no3@example.com", "Final-Recipient")
    equal(recipient["Diagnostic-Code"], "smtp; 550 5.1.1 no such user", "Diagnostic-Code")
    returned = notice.get_payload()[2]
    equal(returned.get_content_type(), "message/rfc822", "what is returned")
    equal(body_sha256(notices(sink)[0].data.split(b"Content-Type: message/rfc822", 1)[1].split(b"\r\n\r\n", 1)[1]
                      .rpartition(b"\r\n--=_")[0]), body_sha256(message), "its body")
    equal(len(instance.log.find("Bounced: DCID")), 3, "lines of the log")


@test
def delivery_into_a_maildir_is_told_as_such(world):
    instance = world.instance(settings={"route": f"maildir:{world.folder}/box"})
    send(instance, make_mail(1), rcpt="NOTIFY=SUCCESS")
    instance.wait_idle()
    mails = [path.read_bytes() for path in (world.folder / "box" / "new").iterdir()]
    told = [mail for mail in mails if b"multipart/report" in mail]
    equal((len(mails), len(told)), (2, 1), "files and notices")
    true(b"Action: delivered\r\n" in told[0], "what the notice says")


@test
def bad_parameters_are_refused_with_what_would_be_right(world):
    _, instance = gateway(world)
    with Session(instance.address) as session:
        for parameters, right in (("RET=SOME", "FULL or HDRS"), ("ENVID=a=b", "xtext"), ("RET=FULL RET=FULL", "twice")):
            reply = session.command(f"MAIL FROM:<{ANNA}> {parameters}")
            true(reply.code == 501 and right in reply.text, f"{parameters}: {reply}")
        session.command(f"MAIL FROM:<{ANNA}>")
        for parameters, right in (("NOTIFY=NEVER,DELAY", "NEVER, or some of"), ("ORCPT=ben@example.com", "type;address")):
            reply = session.command(f"RCPT TO:<ben@example.com> {parameters}")
            true(reply.code == 501 and right in reply.text, f"{parameters}: {reply}")


JOERG = "jörg@example.com"


@test
def utf8_addresses_go_on_to_a_next_hop_that_takes_them(world):
    sink, instance = gateway(world, "SMTPUTF8")
    mid = send(instance, make_mail(1, subject="Grüße"), "SMTPUTF8", sender="änna@example.org", recipient=JOERG)
    sink.wait_for_messages(1)
    taken = sink.messages[0]
    equal((taken.sender, taken.recipients), ("änna@example.org", [JOERG]), "envelope")
    true("SMTPUTF8" in taken.parameters.split(), f"parameters: {taken.parameters}")
    true("Subject: Grüße".encode() in taken.data and b"with UTF8SMTP id" in taken.data, "header")
    instance.log.wait_for(f"MID {mid} ICID 1 RID 0 To: <{JOERG}>")


@test
def an_original_recipient_in_utf8_goes_on_in_ascii_or_not_at_all(world):
    sink, instance = gateway(world, "DSN")
    send(instance, make_mail(1), "SMTPUTF8", "ORCPT=utf-8;jörg@example.com")
    send(instance, make_mail(2), "SMTPUTF8", f"ORCPT=utf-8;{'ö' * 200}@example.com")
    sink.wait_for_messages(2)
    taken = {message.sha256: message.rcpt_parameters for message in sink.messages}
    equal(taken[body_sha256(make_mail(1))], ["ORCPT=utf-8;j\\x{F6}rg@example.com"], "the short one")
    equal(taken[body_sha256(make_mail(2))], [""], "one that becomes too long")


@test
def without_smtputf8_utf8_addresses_are_refused(world):
    _, instance = gateway(world)
    with Session(instance.address) as session:
        equal(session.command("MAIL FROM:<änna@example.org>").code, 553, "MAIL")
        session.command(f"MAIL FROM:<{ANNA}>")
        reply = session.command(f"RCPT TO:<{JOERG}>")
        true(reply.code == 553 and "5.6.7" in reply.text, f"RCPT: {reply}")
        session.command("RSET")
        equal(session.command("MAIL FROM:<\udcffx@example.org> SMTPUTF8").code, 553, "MAIL with bytes that are not UTF-8")
        equal(session.command("MAIL FROM:<x@→.example> SMTPUTF8").code, 501, "MAIL from a domain that IDNA does not know")


@test
def a_domain_in_utf8_goes_on_as_dns_knows_it_and_needs_nothing_then(world):
    sink, instance = gateway(world)
    send(instance, make_mail(1), "SMTPUTF8", recipient="ben@Bücher.example")
    sink.wait_for_messages(1)
    equal(sink.messages[0].recipients, ["ben@xn--bcher-kva.example"], "recipients")
    equal(sink.messages[0].parameters, "", "parameters")
    instance.configure(edit("rcptaccess", "new", "public/xn--bcher-kva.example", access="reject"))
    with Session(instance.address) as session:
        session.command(f"MAIL FROM:<{ANNA}> SMTPUTF8")
        equal(session.command("RCPT TO:<ben@BÜCHER.example>").code, 550, "a recipient whom the access list refuses")
        equal(session.command("RCPT TO:<ben@büchse.example>").code, 250, "another one")


@test
def what_needs_smtputf8_is_returned_where_the_next_hop_has_it_not(world):
    sink, instance = gateway(world)
    with Session(instance.address) as session:
        session.command(f"MAIL FROM:<{ANNA}> SMTPUTF8")
        for recipient in (JOERG, "ben@example.com"):
            session.command(f"RCPT TO:<{recipient}>")
        session.command("DATA")
        session.send(dot_stuff(make_mail(1)) + b".\r\n")
        true(session.read_reply().mid, "not accepted")
    notice = take_notice(sink)
    equal([m.recipients for m in sink.messages if m.sender], [["ben@example.com"]], "who got it")
    recipient = fields_of(notice)[1]
    equal(recipient["Final-Recipient"], "utf-8; j\\x{F6}rg@example.com", "Final-Recipient")
    equal(recipient["Status"], "5.6.7", "Status")
    true("does not offer SMTPUTF8" in recipient["Diagnostic-Code"], "Diagnostic-Code")
    true(JOERG in notice.get_payload()[0].get_content(), "the address in words")


@test
def a_header_in_utf8_is_returned_where_the_next_hop_has_no_smtputf8(world):
    sink, instance = gateway(world)
    send(instance, make_mail(1, subject="Grüße"), "SMTPUTF8")
    send(instance, make_mail(2), "SMTPUTF8")
    notice = take_notice(sink)
    equal(fields_of(notice)[1]["Status"], "5.6.9", "Status")
    equal(notice.get_payload()[2].get_content_type(), "message/global-headers", "what is returned")
    instance.wait_idle()
    equal([m.sha256 for m in sink.messages if m.sender], [body_sha256(make_mail(2))], "what needs it not goes on")


def eight_bit_mail(serial):
    """Text and an attachment with 8-bit bytes as they are, in a multipart that is inside another message."""
    inner = make_mail(serial, headers=["Content-Transfer-Encoding: 8bit"], body="Grüße aus Köln = €\r\n.\r\n".encode() * 200)
    parts = [
        b"Content-Type: application/x-test\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + bytes(range(128, 256)) * 9,
        b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + inner,
    ]
    body = b"".join(b"--=b\r\n" + part + b"\r\n" for part in parts) + b"--=b--\r\n"
    header = f"From: {ANNA}\r\nSubject: {serial}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=b\"\r\n"
    return (header + "Content-Transfer-Encoding: 8bit\r\n\r\n").encode() + body


def contents(message):
    """The decoded leaves of a message."""
    return [part.get_payload(decode=True) for part in email.message_from_bytes(message).walk() if not part.is_multipart()]


@test
def a_next_hop_with_8bitmime_gets_8bit_mail_as_it_is(world):
    sink, instance = gateway(world)
    message = eight_bit_mail(1)
    send(instance, message, "BODY=8BITMIME")
    sink.wait_for_messages(1)
    equal(sink.messages[0].sha256, body_sha256(message), "body")
    equal(sink.messages[0].parameters, "BODY=8BITMIME", "parameters")


@test
def a_next_hop_without_8bitmime_gets_the_same_content_in_7bit(world):
    sink, instance = gateway(world, "-8BITMIME", "SIZE")
    message = eight_bit_mail(1)
    send(instance, message, "BODY=8BITMIME")
    send(instance, make_mail(2))
    sink.wait_for_messages(2)
    converted = next(m for m in sink.messages if m.sha256 != body_sha256(make_mail(2)))
    true(converted.data.isascii(), "8-bit bytes are left")
    true(max(map(len, converted.data.split(b"\r\n"))) <= 998, "long lines")
    equal(contents(converted.data), contents(message), "contents")
    equal(converted.parameters, "", "parameters: neither BODY nor a SIZE that is no more true")
    true(any(m.sha256 == body_sha256(make_mail(2)) for m in sink.messages), "7-bit mail is changed")


@test
def a_next_hop_that_knows_only_helo_gets_7bit_mail_too(world):
    sink, instance = gateway(world)
    sink.extensions = None
    message = eight_bit_mail(1)
    send(instance, message, "BODY=8BITMIME")
    sink.wait_for_messages(1)
    true(sink.messages[0].data.isascii(), "8-bit bytes are left")
    equal(contents(sink.messages[0].data), contents(message), "contents")


@test
def what_cannot_be_made_7bit_is_returned_with_the_reason(world):
    sink, instance = gateway(world, "-8BITMIME")
    send(instance, make_mail(1, subject="Grüße"))
    notice = take_notice(sink)
    true(notices(sink)[0].data.isascii(), "the notice itself goes as 7-bit")
    recipient = fields_of(notice)[1]
    equal(recipient["Status"], "5.6.3", "Status")
    true("a header field holds 8-bit bytes" in recipient["Diagnostic-Code"], "Diagnostic-Code")
    true("Subject: Grüße".encode() in notice.get_payload()[2].get_payload(decode=True), "the header that is returned")
    equal([m.sender for m in sink.messages], [""], "nothing else came")


main()
