#!/usr/bin/env python3
"""The first shell: mailward --private DIR -c COMMAND, its answers and its exit status."""

import contextlib
import json
import os
import re
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.build import program, wait_until
from harness.mail import make_mail
from harness.processes import children_of, peak_bytes, wait_for_rest
from harness.sender import send_one
from harness.tap import equal, main, test, true


def answer(instance, command, status=0):
    """What a command printed; fails when its exit status is another."""
    run = instance.shell(command)
    equal(run.returncode, status, f"exit status of {command!r} ({run.stdout!r}, {run.stderr!r})")
    return run.stdout


@test
def version_names_the_program_and_its_version(world):
    instance = world.instance()
    true("0.1.0" in answer(instance, "version"), "no version number")


@test
def status_counts_what_went_through(world):
    instance = world.instance()
    for serial in range(3):
        send_one(instance.address, make_mail(serial))
    instance.wait_idle()
    for count in (3, 4):
        shown = answer(instance, "status detail")
        true(re.search(rf"^ +Messages received +{count} +{count} +{count}$", shown, re.MULTILINE), shown)
        send_one(instance.address, make_mail(count))
        instance.wait_idle()


@test
def tail_shows_the_end_of_the_log(world):
    instance = world.instance()
    mid = send_one(instance.address, make_mail(1))
    instance.wait_idle()
    shown = answer(instance, "tail mail_logs").splitlines()
    equal(shown, instance.log.lines()[-len(shown) :], "the lines shown")
    true(any(f"MID {mid}" in line for line in shown), "the message is not there")


@test
def grep_finds_lines_and_is_content_without_any(world):
    instance = world.instance()
    mid = send_one(instance.address, make_mail(1))
    instance.wait_idle()
    found = answer(instance, f'grep "Start MID {mid} ICID [0-9]+" mail_logs').splitlines()
    equal(found, instance.log.find(f"Start MID {mid} "), "lines found")
    true("No results" in answer(instance, "grep no-such-text mail_logs"), "it does not say that nothing was found")


@test
def a_hostile_expression_does_not_hold_up_the_gateway(world):
    instance = world.instance()
    send_one(instance.address, make_mail(1, subject="a" * 900))
    instance.wait_idle()
    instance.shell('grep "(a+)+$b" mail_logs')  # may fail, must end
    send_one(instance.address, make_mail(2))
    instance.wait_idle()


class RawShell:
    """Frames over the control socket, without a program that keeps to the rules."""

    def __init__(self, instance):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(str(instance.folder / "run" / "control.sock"))
        self.stream = self.socket.makefile("rb")
        self.read()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stream.close()
        self.socket.close()

    @staticmethod
    def frame(**request):
        text = json.dumps(request).encode()
        return struct.pack("<I", len(text)) + text

    def ask(self, **request):
        self.socket.sendall(self.frame(**request))

    def read(self):
        (length,) = struct.unpack("<I", self.stream.read(4))
        return json.loads(self.stream.read(length))

    def read_end(self):
        while True:
            frame = self.read()
            if "status" in frame:
                return frame


def grow_log(instance, megabytes):
    line = b"Sat Nov 21 12:00:00 2026 Info: " + b"x" * 968 + b"\n"
    (instance.folder / "log" / "mail_logs" / "mail.@20260101T000000.s").write_bytes(line * 1000 * megabytes)


@test
def a_flood_of_requests_is_answered_one_by_one(world):
    instance = world.instance()
    pid = instance.role_pid("control")
    count = 150000
    with RawShell(instance) as shell:
        flood = RawShell.frame(method="status") + RawShell.frame() * count
        threading.Thread(target=shell.socket.sendall, args=(flood,), daemon=True).start()
        equal(shell.read()["status"], 0, "status")
        equal({shell.read()["status"] for _ in range(count)}, {2}, "status of requests without a method")
    equal(instance.role_pid("control"), pid, "process of the control role")


@test
def output_waits_for_a_shell_that_does_not_read(world):
    instance = world.instance()
    grow_log(instance, 60)
    pid = instance.role_pid("control")
    with RawShell(instance) as shell:
        shell.ask(method="version")
        shell.read()
        before = peak_bytes(pid)
        shell.ask(method="grep", log="mail_logs", expression="x")
        shell.read()
        wait_for_rest(pid, *children_of(pid))
        grown = peak_bytes(pid) - before
        true(grown < 20 * 1024 * 1024, f"{grown} bytes more in memory")
        equal(shell.read_end()["result"]["lines"] >= 60000, True, "all lines came")


@test
def queries_end_with_their_shell_and_only_so_many_run(world):
    instance = world.instance()
    grow_log(instance, 20)
    pid = instance.role_pid("control")
    with contextlib.ExitStack() as stack:
        shells = [stack.enter_context(RawShell(instance)) for _ in range(5)]
        for shell in shells[:4]:
            shell.ask(method="grep", log="mail_logs", expression="x")
            shell.read()
        shells[4].ask(method="tail", log="mail_logs")
        end = shells[4].read_end()
        equal((end["status"], "too many" in end["error"]), (1, True), "the fifth query")
        equal(len(children_of(pid)), 4, "children")
    wait_until(lambda: not children_of(pid), "the children to end")
    answer(instance, "tail mail_logs")


@test
def wrong_commands_have_their_own_exit_status(world):
    instance = world.instance()
    answer(instance, "no-such-command", status=2)
    answer(instance, "tail", status=2)
    answer(instance, "tail no_such_log", status=1)
    answer(instance, 'grep "(" mail_logs', status=2)


@test
def several_commands_of_one_line_run_in_turn_and_stop_at_the_first_error(world):
    instance = world.instance()
    shown = answer(instance, "version; status")
    true("0.1.0" in shown and "Recipients not tried yet" in shown, "both answers")
    shown = answer(instance, "version; nonsense; status", status=2)
    true("0.1.0" in shown and "recipients_active" not in shown, "what follows the error was run")


@test
def without_a_daemon_the_exit_status_is_6(world):
    instance = world.instance()
    instance.stop()
    answer(instance, "status", status=6)


@test
def two_instances_side_by_side_do_not_disturb_each_other(world):
    one, two = world.instance("one"), world.instance("two")
    true(one.address != two.address, "both listen on the same port")
    send_one(one.address, make_mail(1))
    one.wait_idle()
    equal([len(one.maildir()), len(two.maildir())], [1, 0], "messages in the two Maildirs")
    one.stop()
    send_one(two.address, make_mail(2))
    two.wait_idle()
    equal(len(two.maildir()), 1, "messages in the second Maildir")


@test
def a_private_instance_in_the_background_is_ready_when_the_command_returns(world):
    folder = world.folder / "background"
    line = [program("mailwardd"), "--private", str(folder)]
    subprocess.run(line, check=True, timeout=60, stdin=subprocess.DEVNULL)
    world.callback(subprocess.run, [*line, "--stop"], timeout=60, capture_output=True)
    name, host, port = (folder / "run" / "ports").read_text().split()
    equal((name, host), ("public", "127.0.0.1"), "the listener")
    send_one((host, int(port)), make_mail(1))
    equal(subprocess.run([*line, "--stop"], timeout=60).returncode, 0, "exit status of --stop")


@test
def nobody_else_may_read_the_mail_of_an_instance(world):
    instance = world.instance()
    equal(os.stat(instance.folder).st_mode & 0o007, 0, "permissions of others on the folder")


main()
