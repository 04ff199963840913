#!/usr/bin/env python3
"""The two usual places of a gateway, with the real Postfix (doc/recipes.md): in front of it, and behind it.

Each way 500 messages go through both over several connections, in TLS between the two.  What arrives is counted by
the SHA-256 of the body and the recipient, and each message is followed through both logs by its ids.

    test_postfix.py [--corpus FOLDER] [--seed N] [WORDS]

With --corpus the messages are drawn from that folder (*.eml, one a file) instead of made by us.
"""

import argparse
import random
import re
import sys
import threading
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import postfix
from harness.build import TESTS, wait_until
from harness.certificate import make_certificate
from harness.mail import as_sent, body_sha256, make_mail
from harness.sender import Session
from harness.tap import Skip, equal, main, test, true

MESSAGES, CONNECTIONS = 500, 5
ANNA = "anna@example.org"

# What mailward's log and Postfix's replies say of one message.
TO = re.compile(r"MID (\d+) ICID \d+ RID 0 To: <(.*)>$")
RESPONSE = re.compile(r"MID (\d+) RID \[0\] Response '(.*)'$")
QUEUED_AS = re.compile(r"queued as (\w+)")
ACCEPTED_AS = re.compile(r"Message (\d+) accepted")
FINISHED = re.compile(r"Message finished MID (\d+) done")


def parse_options():
    """Takes our own options out of the command line; the words are left for main()."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    found, sys.argv[1:] = parser.parse_known_args()
    return found


options = parse_options()


# Mail


def make_mails(domain):
    """Recipient -> message; each recipient gets one."""
    if options.corpus:
        paths = sorted(options.corpus.rglob("*.eml"))
        messages = [as_sent(path) for path in random.Random(options.seed).sample(paths, MESSAGES)]
    else:
        messages = [make_mail(serial, size=2048 + 40 * serial) for serial in range(MESSAGES)]
    return {f"user{number}@{domain}": message for number, message in enumerate(messages)}


def send_all(address, mails):
    """Over CONNECTIONS at once; fails unless each is accepted."""
    todo, refused = list(mails.items()), []

    def run(share):
        with Session(address) as session:
            for recipient, message in share:
                reply = session.mail(ANNA, [recipient], message)
                if reply.code != 250:
                    refused.append((recipient, reply))

    threads = [threading.Thread(target=run, args=(todo[one::CONNECTIONS],)) for one in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(refused, [], "messages that were not accepted")


def check_arrived(store, mails):
    """None lost, none doubled, none changed."""
    wanted = Counter((body_sha256(message), recipient) for recipient, message in mails.items())
    got = Counter({key: len(times) for key, times in store.arrivals.items()})
    lost, extra = wanted - got, got - wanted
    print(f"# {len(store.messages)} arrived, {lost.total()} lost or changed, {extra.total()} too many")
    equal((lost, extra), (Counter(), Counter()), "messages lost, and too many")


# The two servers


def start_postfix(world, **settings):
    """A Postfix that has TLS both ways; what it sends goes in TLS or not at all."""
    if not postfix.installed():
        raise Skip("needs root and Debian's postfix")
    make_certificate(world.folder, "relay.example.com")
    chain = ", ".join(str(world.folder / f"relay.example.com.{kind}") for kind in ("key", "crt"))
    tls = {"smtpd_tls_security_level": "may", "smtpd_tls_chain_files": chain, "smtp_line_length_limit": 0}
    return world.enter_context(postfix.Postfix(world.folder / "postfix", **tls, **settings))


def configure(instance, *commands):
    run = instance.shell("; ".join([*commands, 'commit "recipe"']))
    equal(run.returncode, 0, f"the recipe: {run.stdout}{run.stderr}")


def place(address):
    return "%s:%d" % address[:2]


def wait_finished(instance, relay, store):
    store.wait_for_messages(MESSAGES, 120)
    instance.wait_idle()
    wait_until(lambda: not relay.queue_ids(), "an empty queue of Postfix")


# Following messages


def mids(instance):
    """Recipient -> MID, for messages that mailward has finished."""
    lines = instance.log.lines()
    finished = {match.group(1) for line in lines if (match := FINISHED.search(line))}
    found = [match.groups() for line in lines if (match := TO.search(line))]
    return {recipient: mid for mid, recipient in found if mid in finished}


def check_followed_from_mailward(instance, relay, mails):
    """From a recipient to its MID, to the queue id in Postfix's answer, to the delivery in Postfix's log."""
    responses = dict(match.groups() for line in instance.log.lines() if (match := RESPONSE.search(line)))
    wanted = {}
    for recipient, mid in mids(instance).items():
        wanted[recipient] = QUEUED_AS.search(responses[mid]).group(1)
    equal(wanted.keys(), mails.keys(), "recipients in mailward's log")
    equal({recipient: queue_id for queue_id, recipient, _ in relay.sent()}, wanted, "queue ids")


def check_followed_from_postfix(instance, relay, mails):
    """From a recipient to its queue id, to the MID in mailward's answer, to the end in mailward's log."""
    answered = {recipient: ACCEPTED_AS.search(reply).group(1) for _, recipient, reply in relay.sent()}
    equal(answered.keys(), mails.keys(), "recipients in Postfix's log")
    equal(mids(instance), answered, "MIDs")


def check_tls(instance, side):
    """side: ICID or DCID; every connection of it was in TLS."""
    opened, secured = (len(instance.log.find(text)) for text in (f"New SMTP {side} ", " TLS success "))
    true(0 < opened == secured, f"{secured} of {opened} connections in TLS")


@test
def the_commands_of_the_recipes_for_the_gateway_are_right(world):
    """Word for word, but for the places of the listeners."""
    recipes = (TESTS.parent / "doc" / "recipes.md").read_text().split("On the gateway:\n\n")[1:]
    equal(len(recipes), 2, "recipes")
    for name, recipe in zip(("front", "behind"), recipes):
        lines = [line.strip() for line in recipe.split("\n\n")[0].splitlines()]
        text = "; ".join(lines).replace("192.0.2.10 10025", "127.0.0.3 0").replace("192.0.2.10 10026", "127.0.0.4 0")
        instance = world.instance(name)
        run = instance.shell(text)
        equal((run.returncode, run.stdout[:18]), (0, "Changes committed:"), f"status and output of {lines}")
        equal(set(instance.listeners()), {"public", "Inside"}, "listeners")
        instance.stop()


# In front of a Postfix


@test
def in_front_of_a_postfix_incoming_mail_goes_through_to_it(world):
    store = world.sink()
    relay = start_postfix(world, relayhost=postfix.hop(store.address))
    instance = world.instance()
    configure(
        instance,
        "listenerconfig edit public rcptaccess clear",
        "listenerconfig edit public rcptaccess new example.com accept",
        f"smtproutes new example.com {place(relay.address)} --tls=required",
        "policyconfig incoming edit DEFAULT antispam on --positive-action=deliver",
    )
    mails = make_mails("example.com")
    send_all(instance.address, mails)
    wait_finished(instance, relay, store)
    check_arrived(store, mails)
    check_followed_from_mailward(instance, relay, mails)
    check_tls(instance, "DCID")


@test
def in_front_of_a_postfix_its_outgoing_mail_leaves_by_the_private_listener(world):
    internet = world.sink()
    instance = world.instance()
    configure(
        instance,
        "listenerconfig new Inside private 127.0.0.3 0 --tls=required",
        "listenerconfig edit Inside hostaccess new 127.0.0.1",
        f"smtproutes new ALL {place(internet.address)}",
        "policyconfig outgoing edit DEFAULT antispam on --positive-action=deliver",
    )
    smart_host = postfix.hop(instance.listeners()["Inside"])
    relay = start_postfix(world, relayhost=smart_host, smtp_tls_security_level="encrypt")
    mails = make_mails("example.net")
    send_all(relay.address, mails)
    wait_finished(instance, relay, internet)
    check_arrived(internet, mails)
    check_followed_from_postfix(instance, relay, mails)
    check_tls(instance, "ICID")
    instance.log.wait_for("in the outbound table")


# Behind a Postfix


@test
def behind_a_postfix_incoming_mail_comes_from_it_and_goes_to_the_store(world):
    store = world.sink()
    instance = world.instance()
    configure(
        instance,
        "listenerconfig edit public rcptaccess clear",
        "listenerconfig edit public rcptaccess new example.com accept",
        f"smtproutes new example.com {place(store.address)}",
        "policyconfig incoming edit DEFAULT antispam on --positive-action=deliver",
    )
    relay = start_postfix(
        world,
        mynetworks="192.0.2.0/24",  # a public MX: nobody here may relay
        relay_domains="example.com",
        relay_transport=f"relay:{postfix.hop(instance.address)}",
        smtp_tls_policy_maps="inline:{{%s = encrypt}}" % postfix.hop(instance.address),
    )
    mails = make_mails("example.com")
    send_all(relay.address, mails)
    wait_finished(instance, relay, store)
    check_arrived(store, mails)
    check_followed_from_postfix(instance, relay, mails)
    check_tls(instance, "ICID")
    instance.log.wait_for("in the inbound table")


@test
def behind_a_postfix_outgoing_mail_leaves_by_it_as_the_smart_host(world):
    internet = world.sink()
    relay = start_postfix(world, relayhost=postfix.hop(internet.address))
    instance = world.instance()
    configure(
        instance,
        "listenerconfig new Inside private 127.0.0.3 0",
        "listenerconfig edit Inside hostaccess new 127.0.0.1",
        f"smtproutes new ALL {place(relay.address)} --tls=required",
        "policyconfig outgoing edit DEFAULT antispam on --positive-action=deliver",
    )
    mails = make_mails("example.net")
    send_all(instance.listeners()["Inside"], mails)
    wait_finished(instance, relay, internet)
    check_arrived(internet, mails)
    check_followed_from_mailward(instance, relay, mails)
    check_tls(instance, "DCID")


main()
