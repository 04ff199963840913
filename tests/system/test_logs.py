#!/usr/bin/env python3
"""Logs as they are configured: types and levels, rollover, syslog, what administrators typed."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.api import edit
from harness.build import program, wait_until
from harness.fake_daemon import FakeDaemon
from harness.logs import Log
from harness.mail import make_mail
from harness.sender import send_one
from harness.tap import equal, main, test, true
from harness.terminal import Terminal


def log(instance, name):
    return Log(instance.folder, name)


def new_log(name, **fields):
    return edit("logs", "new", key=name, **fields)


def files(instance, name, ending):
    return [path for path in log(instance, name).files() if path.suffix == ending]


def saved(instance, name):
    return files(instance, name, ".s")


def must(instance, command):
    run = instance.shell(command)
    equal((run.returncode, run.stderr), (0, ""), f"outcome of {command!r}")
    return run.stdout


def type_lines(instance, *lines):
    """Puts lines into cli_logs."""
    with instance.api() as api:
        api.must("version", typed=[{"line": line, "prompt": ""} for line in lines])


# ---- types and levels ----


@test
def lines_of_level_debug_are_only_in_a_log_of_that_level(world):
    instance = world.instance()
    instance.configure(new_log("debug_logs", level="debug"))
    mid = send_one(instance.address, make_mail(1))
    log(instance, "debug_logs").wait_for(f"Debug: MID {mid} accepted")
    for one in ("debug_logs", "mail_logs"):
        log(instance, one).wait_for(f"Message finished MID {mid} done")
    equal(instance.log.find("Debug:"), [], "debug lines in mail_logs")
    instance.configure(edit("logs", key="debug_logs", level="information"))
    mid = send_one(instance.address, make_mail(2))
    log(instance, "debug_logs").wait_for(f"Message finished MID {mid} done")
    equal(log(instance, "debug_logs").find(f"MID {mid} accepted"), [], "debug lines after the edit")
    equal(saved(instance, "debug_logs"), [], "files that an edit saved")


@test
def a_type_decides_which_lines_are_in_a_log(world):
    instance = world.instance()
    instance.configure(new_log("warnings", type="error", level="warning"), new_log("daemon", type="system"))
    mid = send_one(instance.address, make_mail(1))
    instance.kill_role("scan")
    must(instance, "workqueue pause; workqueue resume")
    for name in ("mail_logs", "daemon", "system_logs", "warnings", "error_logs"):
        log(instance, name).wait_for("role scan (")
    log(instance, "warnings").wait_for("work queue resumed")
    instance.log.wait_for(f"Message finished MID {mid} done")
    for name in ("daemon", "system_logs", "warnings", "error_logs"):
        equal(log(instance, name).find(f"MID {mid}"), [], f"lines about mail in {name}")
    equal(log(instance, "error_logs").find("work queue"), [], "warnings in error_logs")
    true(all("Critical:" in line or "Warning:" in line for line in log(instance, "warnings").lines()[3:]), "others")
    equal(instance.log.find("PID"), [], "what was typed, in mail_logs")


@test
def a_deleted_log_keeps_its_files_and_takes_no_more_lines(world):
    instance = world.instance()
    instance.configure(new_log("second"))
    first = send_one(instance.address, make_mail(1))
    log(instance, "second").wait_for(f"Message finished MID {first} done")
    must(instance, "logconfig delete second; commit")
    equal(files(instance, "second", ".current"), [], "open files")
    true(log(instance, "second").lines()[-1].endswith("Info: End Logfile"), "the file has no end")
    mid = send_one(instance.address, make_mail(2))
    instance.log.wait_for(f"Message finished MID {mid} done")
    equal(log(instance, "second").find(f"MID {mid}"), [], "lines of a log that is gone")
    true(f"MID {first}" in must(instance, f'grep "MID {first}" second'), "its files cannot be read")
    equal(instance.shell("rollovernow second").returncode, 1, "rollover of a log that is gone")
    must(instance, "logconfig new second; commit")
    mid = send_one(instance.address, make_mail(3))
    log(instance, "second").wait_for(f"Message finished MID {mid} done")
    equal(len(log(instance, "second").files()), 2, "files of a log that is there again")


@test
def what_is_no_name_of_a_log_or_a_folder_of_others_is_refused(world):
    instance = world.instance()
    for name in ("all", "Mail", "../up", "a/b", "1st", "x" * 33, ".x"):
        equal(instance.shell(f'logconfig new "{name}"; commit').returncode, 2, f"name {name!r}")
    strange = instance.folder / "log" / "backup"
    strange.mkdir()
    (strange / "notes.txt").write_text("mine")
    run = instance.shell("logconfig new backup; logconfig new afine; commit")
    equal(run.returncode, 4, "a folder with other files")
    true("log/backup is there and holds other files" in run.stdout, f"it says {run.stdout!r}")
    true(not (instance.folder / "log" / "afine").exists(), "a folder of a refused commit is left")
    with instance.api() as api:
        api.edit(*(new_log(f"log{number}") for number in range(29)))
        status, end, _ = api.call("config.commit", commit_id="0123456789abcdef")
    equal((status, end["error"]), (4, "there are more than 32 logs"), "too many logs")
    equal([path.name for path in strange.iterdir()], ["notes.txt"], "the other files")


# ---- rollover ----


@test
def a_log_is_rolled_over_by_size_and_only_so_many_files_are_kept(world):
    instance = world.instance()
    instance.configure(new_log("typed", type="cli", rollover_size="64K", files=2))
    for number in range(8):
        type_lines(instance, *["x" * 900] * 45, f"end {number}")
        log(instance, "typed").wait_for(f"end {number}")
    equal([len(files(instance, "typed", ending)) for ending in (".s", ".current")], [2, 1], "files")
    true(all(path.stat().st_size <= 65536 for path in saved(instance, "typed")), "a file is larger than it may be")
    equal(len(saved(instance, "cli_logs")), 0, "saved files of a log that may have 10M")
    for path in saved(instance, "typed"):
        lines = path.read_text().splitlines()
        true(lines[0].endswith("Begin Logfile") and lines[-1].endswith("End Logfile"), f"{path} is not whole")
    must(instance, "logconfig edit typed --files=1; commit")
    equal(len(saved(instance, "typed")), 1, "saved files once fewer are kept")


@test
def a_log_is_rolled_over_by_time(world):
    instance = world.instance()
    instance.configure(new_log("daily", type="cli", rollover_time=1440), new_log("idle", type="error", rollover_time=60))
    type_lines(instance, "yesterday")
    log(instance, "daily").wait_for("yesterday")
    instance.pass_time(1)
    wait_until(lambda: len(saved(instance, "daily")) == 1, "the file to be saved")
    type_lines(instance, "today")
    log(instance, "daily").wait_for("today")
    true("today" in files(instance, "daily", ".current")[0].read_text(), "the new file has no new line")
    true("yesterday" in saved(instance, "daily")[0].read_text(), "the saved file has no old line")
    equal(saved(instance, "idle"), [], "saved files of a log without lines")
    equal(saved(instance, "cli_logs"), [], "saved files of a log without such a time")


@test
def rollovernow_saves_one_log_or_all(world):
    instance = world.instance()
    type_lines(instance, "before")
    equal(must(instance, "rollovernow cli_logs"), "Rolled over: cli_logs\n", "what is said")
    equal(len(saved(instance, "cli_logs")), 1, "saved files")
    true("before" in saved(instance, "cli_logs")[0].read_text(), "what came before is not in the saved file")
    equal(saved(instance, "mail_logs"), [], "saved files of another log")
    run = instance.shell("rollovernow all", "--json")
    equal(json.loads(run.stdout.splitlines()[0])["result"]["count"], 6, "logs")
    equal([len(saved(instance, name)) for name in ("cli_logs", "mail_logs")], [2, 1], "saved files")
    said = instance.shell("rollovernow all").stdout
    equal(said, "Rolled over: cli_logs, error_logs, graymail_logs, mail_logs, system_logs, updater_logs\n", "what is said of all")
    equal(saved(instance, "error_logs"), [], "saved files without a line")
    run = instance.shell("rollovernow nothing")
    equal(run.returncode, 1, "an unknown log")
    equal(run.stdout, "log 'nothing' (logs: cli_logs, error_logs, graymail_logs, mail_logs, system_logs, updater_logs) does not exist\n", "its error")


@test
def tail_follows_into_the_next_file(world):
    instance = world.instance()
    with instance.api() as api, instance.api() as other:
        api.send("tail", log="cli_logs", follow=True)
        for word in ("one", "two"):
            type_lines(instance, word)
            seen = ""
            while f"entered '{word}'" not in seen:
                seen += api.receive()["text"]
            other.must("log.rollover", log="cli_logs")


# ---- death of the log role ----


@test
def logs_go_on_when_the_log_role_was_killed(world):
    instance = world.instance()
    instance.configure(new_log("second", level="debug", files=5))
    before = send_one(instance.address, make_mail(1))
    log(instance, "second").wait_for(f"Message finished MID {before} done")
    victim = instance.role_pid("log")
    instance.kill_role("log")
    after = send_one(instance.address, make_mail(2))
    for name in ("second", "mail_logs"):
        log(instance, name).wait_for(f"Message finished MID {after} done")
        true(log(instance, name).find(f"Message finished MID {before} done"), f"{name} has lost what it had")
        log(instance, name).wait_for(f"role log ({victim}) was killed")  # from before it had a configuration
    log(instance, "second").wait_for(f"MID {after} accepted")
    equal(len(files(instance, "second", ".current")), 1, "open files")


@test
def an_instance_starts_when_a_folder_of_a_log_cannot_be_had(world):
    instance = world.instance()
    instance.configure(new_log("second"))
    equal(instance.stop(), 0, "exit status")
    for path in log(instance, "second").files():
        path.unlink()
    (instance.folder / "log" / "second").rmdir()
    (instance.folder / "log" / "second").write_text("not a folder")
    instance.start()
    send_one(instance.address, make_mail(1))
    instance.wait_idle()
    (instance.folder / "log" / "second").unlink()
    mid = send_one(instance.address, make_mail(2))
    log(instance, "second").wait_for(f"Message finished MID {mid} done")
    instance.log.wait_for("lines of log second could not be written to its file")


# ---- syslog ----


def receive(receiver, text):
    """The first datagram with this text."""
    while text not in (datagram := receiver.recv(65536).decode()):
        pass
    return datagram


@test
def lines_go_to_a_syslog_by_udp(world):
    instance = world.instance()
    receiver = world.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    receiver.bind(("127.0.0.1", 0))
    receiver.settimeout(60)
    where = "127.0.0.1:%d" % receiver.getsockname()[1]
    instance.configure(edit("logs", key="mail_logs", syslog=where))
    mid = send_one(instance.address, make_mail(1))
    datagram = receive(receiver, f"Message finished MID {mid} done")
    priority, stamp, rest = datagram[:4], datagram[4:19], datagram[19:]
    equal((priority, rest), ("<22>", f" mail_logs: Info: Message finished MID {mid} done"), "a line")
    instance.log.wait_for(f"Message finished MID {mid} done")
    line = instance.log.find(f"Message finished MID {mid} done")[0]
    equal(stamp.replace("  ", " 0"), line[4:19], "its time")
    instance.kill_role("scan")
    equal(receive(receiver, "role scan (")[:4], "<18>", "priority of a critical line")
    must(instance, "logconfig edit mail_logs --syslog=none; commit")
    send_one(instance.address, make_mail(2))
    instance.wait_idle()
    receiver.setblocking(False)
    try:
        while True:
            true(f"Start MID {mid + 1} " not in receiver.recv(65536).decode(), "a line after the end of it")
    except BlockingIOError:
        pass


@test
def lines_go_to_the_local_syslog_and_wait_for_it_when_it_is_away(world):
    instance = world.instance()
    place = instance.folder / "run" / "syslog"

    def listen():
        receiver = world.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        here = os.open(place.parent, os.O_PATH)
        receiver.bind(f"/proc/self/fd/{here}/{place.name}")
        os.close(here)
        receiver.settimeout(60)
        return receiver

    instance.configure(edit("logs", key="cli_logs", syslog="local"), edit("logs", key="mail_logs", syslog="local"))
    type_lines(instance, "nobody listens")
    log(instance, "cli_logs").wait_for("nobody listens")
    first = listen()
    equal(receive(first, "nobody listens")[:4], "<86>", "priority of a line that waited")
    first.close()
    place.unlink()
    mid = send_one(instance.address, make_mail(1))
    instance.log.wait_for(f"Message finished MID {mid} done")
    second = listen()
    receive(second, f"Message finished MID {mid} done")
    instance.log.wait_for("lines of log mail_logs did not reach syslog local")
    instance.kill_role("log")
    type_lines(instance, "another log role")
    receive(second, "another log role")


# ---- what administrators do ----


@test
def what_is_typed_in_a_batch_is_in_cli_logs(world):
    instance = world.instance()
    cli = log(instance, "cli_logs")
    must(instance, 'antispamconfig setup on --timeout=33; commit "a reason; why not"')
    cli.wait_for("entered 'antispamconfig setup on --timeout=33'; prompt was ''")
    cli.wait_for("""entered 'commit "a reason; why not"'; prompt was ''""")
    true(cli.find("Info: PID ")[0].split(": User ")[1].startswith(os.environ.get("USER", "") or ""), "the user")
    equal(instance.shell("tail nolog").returncode, 1, "a command that fails")
    cli.wait_for("entered 'tail nolog'")
    must(instance, 'logconfig new x; logconfig edit x --level=debug; logconfig delete x')
    for line in ("logconfig new x", "logconfig edit x --level=debug", "logconfig delete x"):
        cli.wait_for(f"entered '{line}'")
    equal(cli.find(" called "), [], "requests that the shell did not explain")


@test
def a_client_without_lines_is_logged_by_its_methods_and_hostile_lines_are_made_safe(world):
    instance = world.instance()
    cli = log(instance, "cli_logs")
    instance.configure(new_log("requests", type="cli", level="debug"))
    with instance.api() as api:
        api.must("status")
        api.must("version", typed=[{"line": "a\nb\x1b[31m\u202e'; prompt was 'x", "prompt": "\r\n"}])
        for wrong in ("text", [1], [{"line": "x"}], [{"line": 1, "prompt": ""}], [{"line": "", "prompt": ""}] * 101,
                      [{"line": 4097 * "x", "prompt": ""}]):
            equal(api.call("version", typed=wrong)[0], 2, f"typed {wrong!r:.30}")
    cli.wait_for(f"PID {os.getpid()}: User ")
    cli.wait_for(" called status")
    cli.wait_for("entered 'a\\x0ab\\x1b[31m")
    log(instance, "requests").wait_for("requests version")
    equal(cli.find("Debug"), [], "debug lines in cli_logs")


@test
def a_dialogue_is_logged_with_its_answers_and_their_questions(world):
    instance = world.instance()
    cli = log(instance, "cli_logs")
    with Terminal([program("mailward"), "--private", str(instance.folder)], "dumb") as terminal:
        terminal.wait("> ")
        terminal.type("logconfig\n")
        terminal.wait("[]> ")
        for answer, question in (("new", "[]> "), ("asked", "[1]> "), ("", "[3]> "), ("4", "[10M]> "), ("", "[0]> "),
                                 ("bad", "[0]> "), ("5", "[10]> "), ("", "[none]> "), ("", "Choose the operation")):
            terminal.type(answer + "\n")
            terminal.wait(question)
        terminal.type("\nexit\n")
    with instance.api() as api:
        host = api.greeting["hostname"]
    cli.wait_for(f"entered 'logconfig'; prompt was '\\n{host}> '")
    cli.wait_for("entered 'asked'; prompt was '\\nEnter a name for the log")
    cli.wait_for("entered '4'; prompt was '\\nChoose the level")
    cli.wait_for("entered '********'; prompt was '")
    equal(cli.find("'bad'"), [], "an answer that was none")


@test
def what_was_typed_goes_with_the_next_request_and_secrets_do_not(world):
    daemon = FakeDaemon(world.folder)
    shell = [program("shell_probe"), "--private", str(world.folder)]
    given = 'put a; PUT "b c"\nsay x\nask\none\ntwo\ncall text\nhide it --secret=s3cret x\nword\ns3cret\ncommit\n'
    subprocess.run(shell, input=given, text=True, capture_output=True, timeout=60)
    typed = [[line["line"] for line in request.pop("typed")] for request in daemon.requests]
    wanted = [
        ("hello", []),
        ("config.edit", ["put a"]),
        ("config.edit", ['PUT "b c"']),
        ("text", ["call text"]),
        ("text", ["hide it ********", "word", "********"]),
        ("config.commit", ["commit"]),
    ]
    equal(list(zip(daemon.methods(), typed)), wanted, "requests with their lines")


@test
def no_secret_is_in_any_log(world):
    instance = world.instance()
    shell = [program("mailward"), "--private", str(instance.folder)]
    key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0LXNlY3JldA==\n-----END PRIVATE KEY-----\n"
    script = f"certconfig import DEFAULT -\n{key}.\n"
    subprocess.run(shell, input=script, text=True, capture_output=True, timeout=60)
    instance.shell("logconfig new x --private-key=c2VjcmV0LXNlY3JldA==")
    with Terminal(shell, "dumb") as terminal:
        terminal.wait("> ")
        # pasted where it is asked for; then where a name is asked for; then as commands
        terminal.type(f"certconfig\nimport\n\n\n{key}.\nimport\n\n{key}\n\n{key}whoami\nexit\n")
        terminal.end()
    log(instance, "cli_logs").wait_for("entered 'whoami'")
    log(instance, "cli_logs").wait_for("entered 'import'")
    for name in ("cli_logs", "mail_logs", "system_logs", "error_logs"):
        equal(log(instance, name).find("c2VjcmV0"), [], f"secrets in {name}")


main()
