#!/usr/bin/env python3
"""Where mail goes: table smtproutes, and what a name server says of the names in it.

Sinks stand at 127.0.0.1, .2 and .3 with one port, so that the port of a route fits whatever exchange is chosen.
"""

import signal
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import processes
from harness.api import Api, edit
from harness.build import wait_until
from harness.dns import SERVFAIL
from harness.mail import body_sha256, make_mail
from harness.sender import Session, send_one
from harness.tap import Skip, equal, main, test, true

SETTINGS = {"route": "", "queue.retry-first": 1, "queue.retry-most": 1, "dns.timeout": 1}
SMTP_PORT = 25


def set_routes(instance, **routes):
    """DOMAIN=DESTINATION; '_' stands for '.' in a domain."""
    with Api(instance.folder) as api:
        named = {domain.replace("_", "."): destination for domain, destination in routes.items()}
        api.edit(*(edit("smtproutes", "put", key, destination=to) for key, to in named.items()))
        true(api.commit()["applied"], "not applied in all roles")


def world_of_sinks(world, count=3, **options):
    """Name server, sinks at 127.0.0.1 and on, their port, and a gateway without a route."""
    dns = world.dns()
    sinks = [world.sink(keep_data=True)]
    port = sinks[0].address[1]
    sinks += [world.sink(keep_data=True, host=f"127.0.0.{n}", port=port) for n in range(2, count + 1)]
    instance = world.instance(settings={**SETTINGS, "dns.servers": dns.address}, **options)
    return dns, sinks, port, instance


def recipients(sink):
    return sorted(address for message in sink.messages for address in message.recipients if message.sender)


def mail_to(instance, *addresses):
    return send_one(instance.address, make_mail(1), addresses)


@test
def each_domain_goes_its_own_way(world):
    dns, sinks, port, instance = world_of_sinks(world)
    dns.set("mx.example", A=["127.0.0.2"])
    set_routes(instance, a_example=f"127.0.0.1:{port}", b_example=f"[mx.example]:{port}", ALL=f"127.0.0.3:{port}")
    mail_to(instance, "x@a.example", "x@B.Example", "x@c.example")
    instance.wait_idle()
    equal([recipients(sink) for sink in sinks], [["x@a.example"], ["x@B.Example"], ["x@c.example"]], "recipients")


@test
def the_domain_comes_before_its_parent_and_that_before_all(world):
    _, sinks, port, instance = world_of_sinks(world)
    routes = {"ALL": f"127.0.0.1:{port}", ".a_example": f"127.0.0.2:{port}", "b_a_example": f"127.0.0.3:{port}"}
    set_routes(instance, **routes)
    mail_to(instance, "x@b.a.example", "x@c.a.example", "x@d.c.a.example", "x@a.example")
    instance.wait_idle()
    expected = [["x@a.example"], ["x@c.a.example", "x@d.c.a.example"], ["x@b.a.example"]]
    equal([recipients(sink) for sink in sinks], expected, "recipients")


@test
def a_recipient_without_a_route_is_refused_at_once(world):
    _, sinks, port, instance = world_of_sinks(world, count=1)
    set_routes(instance, a_example=f"127.0.0.1:{port}")
    with Session(instance.address) as session:
        session.command("MAIL FROM:<anna@example.org>")
        equal(session.command("RCPT TO:<x@b.example>").code, 550, "a recipient without a route")
        equal(session.command("RCPT TO:<x@a.example>").code, 250, "one with a route")


@test
def a_connection_waits_until_the_configuration_is_there(world):
    _, _, port, instance = world_of_sinks(world, count=1)
    set_routes(instance, a_example=f"127.0.0.1:{port}")
    control = instance.role_pid("control")
    processes.send_signal(control, signal.SIGSTOP)
    instance.kill_role("smtp")
    with socket.create_connection(instance.address, timeout=0.5) as early:
        try:
            raise AssertionError(f"greeted too early: {early.recv(100)!r}")
        except TimeoutError:
            pass
        processes.send_signal(control, signal.SIGCONT)
        early.settimeout(30)
        true(early.recv(100).startswith(b"220 "), "no greeting")
    with Session(instance.address) as session:
        session.command("MAIL FROM:<anna@example.org>")
        equal(session.command("RCPT TO:<x@b.example>").code, 550, "a recipient without a route")


@test
def a_new_revision_applies_to_the_next_recipient(world):
    _, sinks, port, instance = world_of_sinks(world, count=1)
    with Session(instance.address) as session:
        session.command("MAIL FROM:<anna@example.org>")
        equal(session.command("RCPT TO:<x@a.example>").code, 550, "before there is a route")
        set_routes(instance, a_example=f"127.0.0.1:{port}")
        equal(session.command("RCPT TO:<x@a.example>").code, 250, "after")
        with Api(instance.folder) as api:
            api.edit(edit("smtproutes", "clear"))
            api.commit()
        equal(session.command("RCPT TO:<y@a.example>").code, 550, "when it is gone")


@test
def the_best_exchange_is_tried_first_and_then_the_next(world):
    dns, sinks, port, instance = world_of_sinks(world)
    exchanges = ["30 c.example", "20 b.example", "10 a.example"]
    dns.set("a.example", A=["127.0.0.1"])
    dns.set("b.example", A=["127.0.0.2"])
    dns.set("c.example", A=["127.0.0.3"])
    dns.set("far.example", MX=exchanges)
    set_routes(instance, ALL=f"far.example:{port}")
    mail_to(instance, "1@far.example")
    instance.wait_idle()
    equal([len(sink.messages) for sink in sinks], [1, 0, 0], "messages at each")
    sinks[0].close()
    sinks[1].greeting = "421 4.3.2 not now"
    mid = mail_to(instance, "2@far.example")
    instance.wait_idle()
    equal([len(sink.messages) for sink in sinks], [1, 0, 1], "messages at each")
    true(not any("Delayed" in line for line in instance.log.of_message(mid)), "the message was put off")


@test
def a_domain_that_takes_no_mail_bounces(world):
    dns, sinks, port, instance = world_of_sinks(world, count=1)
    dns.set("null.example", MX=["0 ."], A=["127.0.0.1"])
    set_routes(instance, null_example="USEDNS", ALL=f"127.0.0.1:{port}")
    mail_to(instance, "x@null.example")
    sinks[0].wait_for_messages(1)
    bounce = sinks[0].messages[0]
    equal((bounce.sender, bounce.recipients), ("", ["anna@example.org"]), "envelope of the bounce")
    true(b"Status: 5.1.10" in bounce.data, "no status 5.1.10 in the bounce")


@test
def a_domain_that_does_not_exist_bounces(world):
    _, sinks, port, instance = world_of_sinks(world, count=1)
    set_routes(instance, gone_example="USEDNS", ALL=f"127.0.0.1:{port}")
    mail_to(instance, "x@gone.example")
    sinks[0].wait_for_messages(1)
    true(b"Status: 5.1.2" in sinks[0].messages[0].data, "no status 5.1.2 in the bounce")


@test
def mail_waits_until_the_name_server_is_well_again(world):
    dns, sinks, port, instance = world_of_sinks(world, count=1)
    dns.break_name("sick.example", SERVFAIL)
    set_routes(instance, ALL=f"sick.example:{port}")
    mid = mail_to(instance, "x@sick.example")
    wait_until(lambda: any("4.4.3" in line for line in instance.log.of_message(mid)), "the deferral")
    dns.set("sick.example", A=["127.0.0.1"])
    sinks[0].wait_for_messages(1)
    equal(sinks[0].count(body_sha256(make_mail(1)), "x@sick.example"), 1, "copies")


@test
def a_route_to_a_host_that_does_not_exist_makes_mail_wait(world):
    dns, sinks, port, instance = world_of_sinks(world, count=1)
    set_routes(instance, ALL=f"mistyped.example:{port}")
    mid = mail_to(instance, "x@example.com")
    wait_until(lambda: any("4.1.2" in line for line in instance.log.of_message(mid)), "the deferral")
    set_routes(instance, ALL=f"127.0.0.1:{port}")
    sinks[0].wait_for_messages(1)
    equal(sinks[0].messages[0].recipients, ["x@example.com"], "recipients")


@test
def a_route_back_to_the_gateway_is_a_loop(world):
    _, sinks, port, instance = world_of_sinks(world, count=1)
    host, own_port = instance.address
    set_routes(instance, loop_example=f"{host}:{own_port}", ALL=f"127.0.0.1:{port}")
    mid = mail_to(instance, "x@loop.example")
    wait_until(lambda: any("4.4.6" in line for line in instance.log.of_message(mid)), "the deferral")
    instance.log.wait_for("ICID 2 lost")  # the gateway's own call
    equal(len(instance.log.find("Start MID")), 1, "messages")


@test
def usedns_asks_for_the_exchanges_of_the_recipients_domain(world):
    try:
        socket.create_server(("127.0.0.1", SMTP_PORT)).close()
    except OSError as error:
        raise Skip(f"port {SMTP_PORT} cannot be had: {error}") from None
    dns, sink = world.dns(), world.sink(port=SMTP_PORT)
    instance = world.instance(settings={**SETTINGS, "dns.servers": dns.address})
    dns.set("dns.example", MX=["10 mx.dns.example"])
    dns.set("mx.dns.example", A=["127.0.0.1"])
    set_routes(instance, ALL="USEDNS")
    mail_to(instance, "x@dns.example")
    sink.wait_for_messages(1)
    true(("dns.example", "MX") in dns.questions, "nobody asked for the exchanges")


main()
