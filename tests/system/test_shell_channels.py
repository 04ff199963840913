#!/usr/bin/env python3
"""The shell in every channel: what is run, what is told and with which status it ends.  The test plays the daemon, so that
each fault comes exactly when it should; shell_probe is the shell with commands of its own."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.build import program, wait_until
from harness.fake_daemon import FakeDaemon
from harness.tap import equal, main, test, true


def command_line(folder, *options):
    return [program("shell_probe"), "--private", str(folder), *options]


def run(daemon, *options, given="", environment=None):
    given = given if isinstance(given, bytes) else given.encode()
    return subprocess.run(
        command_line(daemon.folder, *options),
        input=given,
        capture_output=True,
        timeout=60,
        env={**os.environ, **(environment or {})},
    )


def through_c(daemon, lines):
    return run(daemon, "-c", "; ".join(lines))


def through_input(daemon, lines):
    return run(daemon, given="".join(f"{line}\n" for line in lines))


def through_file(daemon, lines):
    path = daemon.folder / "batch"
    path.write_text("\n".join(lines))
    return run(daemon, "-f", str(path))


def through_ssh(daemon, lines):
    return run(daemon, environment={"SSH_ORIGINAL_COMMAND": ";".join(lines)})


DISCARDED = b"The input ended with uncommitted changes: they were discarded."
CHANNELS = (through_c, through_input, through_file, through_ssh)


@test
def each_channel_ends_with_the_status_of_the_first_error_and_commits_nothing(world):
    table = {
        ("put a", "nonsense x", "commit"): 2,
        ("put a", "put bad", "commit"): 2,
        ("put a", "put missing", "commit"): 1,
        ("put a", "call shutdown", "commit"): 3,
        ("put a", 'say "\\n"', "commit"): 2,
        ("put a",): 7,
        ("put a", "exit", "commit"): 7,
    }
    for lines, status in table.items():
        for channel in CHANNELS:
            daemon = FakeDaemon(world.folder)
            ended = channel(daemon, lines)
            what = f"{channel.__name__} {lines}"
            equal(ended.returncode, status, f"exit status of {what}")
            equal(daemon.committed, [], f"what {what} committed")
            daemon.close()


@test
def a_refused_commit_and_a_daemon_that_is_away_have_their_own_status(world):
    for status in (3, 4, 5):
        daemon = FakeDaemon(world.folder, commit_status=status)
        for channel in CHANNELS:
            equal(channel(daemon, ("put a", "commit")).returncode, status, "exit status")
        daemon.close()
    for channel in CHANNELS:
        equal(channel(daemon, ("put a", "commit")).returncode, 6, "exit status without a daemon")
    daemon = FakeDaemon(world.folder, commit_status=8)
    equal(through_c(daemon, ("put a", "commit")).returncode, 8, "not applied everywhere")
    daemon.close()
    daemon = FakeDaemon(world.folder, greeting={"schema": "0" * 16})
    ended = through_c(daemon, ("put a",))
    equal((ended.returncode, b"(version 0) was built from other tables than this shell" in ended.stdout), (6, True), "a daemon of another build")
    daemon.close()
    daemon = FakeDaemon(world.folder, refuse_hello=True)
    equal(through_c(daemon, ("put a",)).returncode, 3, "an account without a role")


@test
def success_is_silent_and_all_channels_do_the_same(world):
    for channel in CHANNELS:
        daemon = FakeDaemon(world.folder)
        ended = channel(daemon, ("put a", "PUT b c", "commit why"))
        equal((ended.returncode, ended.stdout, ended.stderr), (0, b"Changes committed: 42\n", b""), channel.__name__)
        equal(daemon.committed, ["a", "b", "c"], "committed")
        daemon.close()


@test
def an_error_of_an_edit_is_told_for_its_line_and_nothing_behind_it_is_done(world):
    daemon = FakeDaemon(world.folder)
    lines = [f"put good{i}" for i in range(700)] + ["put bad"] + [f"put behind{i}" for i in range(300)] + ["say x"]
    ended = through_input(daemon, ["# a comment", "", *lines])
    equal(ended.returncode, 2, "exit status")
    equal(ended.stdout, b"bad is not a domain\n", "standard output")
    equal(ended.stderr, b"batch: line 703: put bad\n", "standard error")
    equal(len(daemon.candidate), 700, "edits that counted")
    ended = through_c(daemon, ("put a", "put bad", "say x"))
    equal(ended.stderr, b"batch: command 2, column 8: put bad\n", "standard error of -c")
    ended = run(daemon, given="put a\nsay x; put bad;\n")
    equal((ended.stdout, ended.stderr), (b"said x\nbad is not a domain\n", b"batch: line 2, column 8: put bad\n"), "place")


@test
def an_error_that_the_shell_finds_comes_after_the_answers_before_it(world):
    daemon = FakeDaemon(world.folder)
    ended = through_input(daemon, ["put a", "put missing", "nonsense"])
    equal((ended.returncode, ended.stdout), (1, b"missing does not exist\n"), "the first error")


@test
def keep_going_runs_on_but_commits_nothing(world):
    for options, first in ((("--keep-going",), ""), ((), "batch keep-going\n")):
        daemon = FakeDaemon(world.folder)
        ended = run(daemon, *options, given=first + "put a\nput missing\nnonsense\nmany 20000\nput b\ncommit\nsay end\n")
        equal(ended.returncode, 1, "exit status")
        equal(ended.stdout.splitlines()[0], b"missing does not exist", "first line")
        equal(ended.stdout.splitlines()[-2:], [b"said end", DISCARDED], "last lines")
        equal(ended.stderr.count(b"batch: line"), 3, "errors that were placed")
        equal((daemon.committed, len(daemon.candidate)), ([], 20002), "committed and edited")
        daemon.close()
    daemon = FakeDaemon(world.folder)
    ended = run(daemon, "--check", "--keep-going", given="nonsense\nput b\ncommit\n")
    equal((ended.returncode, ended.stderr.count(b"batch: line")), (2, 2), "with --check the commit is refused, too")
    true(b"commit is refused after an error" in ended.stdout, "it says so")


@test
def check_sends_edits_and_does_nothing_else(world):
    acting = "".join(f"call {one} x\n" for one in ("workqueue", "config.confirm", "config.label", "config.lock", "file.write",
                     "counters.reset", "log.rollover", "queue.archive", "queue.change", "quarantine.change", "suspend"))
    for options, first in ((("--check",), ""), ((), "batch check;")):
        daemon = FakeDaemon(world.folder)
        ended = run(daemon, *options, given=first + f"put a\n{acting}call workqueue status\ncommit\n")
        equal((ended.returncode, ended.stdout, ended.stderr), (0, b"", b""), "the end")
        equal(daemon.methods(), ["hello", "config.edit", "workqueue", "config.commit"], "requests")
        equal(daemon.requests[-1].get("check"), True, "commit is only a check")
        equal(run(daemon, *options, given=first + "put a\nput bad\n").returncode, 2, "a wrong value")
        daemon.close()


@test
def json_is_one_object_a_command_and_a_last_one(world):
    daemon = FakeDaemon(world.folder)
    for options, first in ((("--json",), ""), ((), "batch json;")):
        ended = run(daemon, *options, given=first + "put warn\nsay x\ncall text\nask\none\ntwo\nput b; put bad\n")
        objects = [json.loads(line) for line in ended.stdout.splitlines()]
        equal([one.get("line") for one in objects], [1, 2, 3, 4, 7, 7, None], "lines")
        equal(objects[0]["warnings"], ["warn is large"], "warnings")
        equal((objects[1]["command"], objects[1]["output"], objects[1]["result"]), (["say", "x"], "said x\n", {"said": "x"}), "say")
        equal(objects[2]["output"], "part one, part two\n", "parts of an answer")
        equal(objects[5], {"line": 7, "column": 8, "command": ["put", "bad"], "status": "error", "exit": 2,
                           "code": "invalid-value", "message": "bad is not a domain"}, "the error")
        equal((objects[6]["final"], objects[6]["done"], objects[6]["failed"], objects[6]["exit"], objects[6]["revision"]),
              (True, 5, 1, 2, 41), "the last object")  # fmt: skip


@test
def a_dialogue_takes_its_answers_as_they_are(world):
    daemon = FakeDaemon(world.folder)
    ended = run(daemon, given="ask\n# a;b?\n \"\nsay x\n")
    equal(ended.stdout, "answers <# a;b?> < \">\nsaid x\n".encode(), "from the stream")
    ended = run(daemon, "-c", "ask; take; say x", given="1\n2\nl1\r\n\nl3\n.\n")
    equal(ended.stdout, b"answers <1> <2>\ndata <l1\n\nl3\n>\nsaid x\n", "beside -c")
    ended = run(daemon, "-c", "take", given="ä\nlast".encode())
    equal(ended.stdout, "data <ä\nlast\n>\n".encode(), "up to the end")
    ended = run(daemon, given="say x\nask\nonly")
    equal((ended.returncode, ended.stderr), (2, b"batch: line 2: ask (answer in line 3)\n"), "an end in the middle")
    ended = run(daemon, given="ask\nwrong\nx\nsay y\n")
    equal((ended.returncode, ended.stdout), (2, b"wrong is not a word\n"), "a wrong answer")


@test
def bytes_that_are_no_text_are_told_with_their_line(world):
    daemon = FakeDaemon(world.folder)
    for wrong, why in ((b"say \xff", b"UTF-8"), (b"say \0", b"NUL"), (b"say \xed\xa0\x80", b"UTF-8"), (b"x" * 1100000, b"longer")):
        ended = run(daemon, given=b"say good\n" + wrong + b"\nsay x\n")
        true(ended.returncode == 2 and b"line 2" in ended.stdout and why in ended.stdout, f"{wrong[:9]}: {ended}")
        true(b"said x" not in ended.stdout, "it went on")
    ended = run(daemon, "--keep-going", given=b"say good\nsay \xff\nsay x\n")
    equal((ended.returncode, ended.stdout.splitlines()[-1]), (2, b"said x"), "with --keep-going the next line is run")
    ended = run(daemon, "--keep-going", given=b"say good\n" + b"x" * 1100000 + b"\nsay x\n")
    equal((ended.returncode, ended.stderr), (2, b"batch: line 2\n"), "a line without end is the end")
    equal(run(daemon, given="say \u00e4\u6f22\r\n".encode()).stdout, "said \u00e4\u6f22\n".encode(), "good text")


@test
def a_lost_answer_of_commit_is_looked_up(world):
    for committed in (True, False):
        daemon = FakeDaemon(world.folder, hang_up_at="config.commit", commit_first=committed)
        ended = through_c(daemon, ("put a", "commit"))
        equal(ended.returncode, 0 if committed else 6, f"exit status, committed {committed}")
        equal(ended.stdout.startswith(b"Changes committed: 42"), committed, "its line")
        daemon.close()


@test
def a_commit_of_which_nothing_can_be_learned_ends_with_9(world):
    daemon = FakeDaemon(world.folder, hang_up_at="config.commit", commit_first=True, stay_away=True)
    ended = through_c(daemon, ("put a", "commit"))
    equal(ended.returncode, 9, "exit status")
    true(daemon.requests[-1]["commit_id"].encode() in ended.stdout, "the id is not named")


def given_up_commit(daemon, before_giving_up=lambda: None):
    """Status and output of a shell whose commit is not answered, after two Ctrl-C."""
    shell = subprocess.Popen(command_line(daemon.folder, "-c", "put a; commit"), stdout=subprocess.PIPE)
    for method in ("config.commit", "cancel"):  # the first one asks the daemon to end it, the second gives up
        wait_until(lambda method=method: daemon.methods()[-1:] == [method], method)
        if method == "cancel":
            before_giving_up()
        shell.send_signal(signal.SIGINT)
    said, _ = shell.communicate(timeout=60)
    return shell.returncode, said


@test
def a_commit_that_was_given_up_by_ctrl_c_is_looked_up_all_the_same(world):
    daemon = FakeDaemon(world.folder, silent_at="config.commit", commit_first=True)
    equal(given_up_commit(daemon), (130, b"Changes committed: 42\n"), "the end")


@test
def an_unknown_outcome_is_9_even_when_it_was_interrupted(world):
    daemon = FakeDaemon(world.folder, silent_at="config.commit", commit_first=True)
    status, said = given_up_commit(daemon, daemon.close)
    equal((status, b"may have committed" in said), (9, True), "the end")


@test
def edits_that_were_sent_at_once_or_lost_with_the_daemon_are_uncommitted_changes(world):
    daemon = FakeDaemon(world.folder)
    for line, status in (("now a", 7), ("now a; commit", 0)):
        equal(run(daemon, "-c", line).returncode, status, line)
    daemon.faults["hang_up_at"] = "config.changes"
    ended = run(daemon, "-c", "put a")
    equal((ended.returncode, ended.stdout, ended.stderr), (7, DISCARDED + b"\n", b""), "a daemon that dies at the end")


@test
def ctrl_c_ends_the_sending_to_a_daemon_that_reads_no_more(world):
    daemon = FakeDaemon(world.folder, stuck_at="config.edit")
    shell = subprocess.Popen(command_line(world.folder, "-c", "many 60000; say x"), stdout=subprocess.PIPE)
    wait_until(lambda: "config.edit" in daemon.methods(), "the edit")
    shell.send_signal(signal.SIGINT)
    said, _ = shell.communicate(timeout=60)
    equal((shell.returncode, said), (130, b"interrupted\n"), "the end")


@test
def a_daemon_that_goes_away_ends_the_batch(world):
    for method in ("config.edit", "hello", "text"):
        daemon = FakeDaemon(world.folder, hang_up_at=method)
        ended = through_input(daemon, ["put a", "put b", "call text", "say x", "commit"])
        equal((ended.returncode, b"said" in ended.stdout, ended.stdout.count(b"went away")), (6, False, 1), method)
        equal(daemon.committed, [], "committed")
        daemon.close()


@test
def output_that_cannot_be_written_is_an_error(world):
    daemon = FakeDaemon(world.folder)
    with open("/dev/full", "wb") as full:
        shell = subprocess.run(command_line(world.folder, "-c", "say x; put a; commit"), stdout=full, timeout=60)
    equal((shell.returncode, daemon.committed), (1, []), "a full disk")
    with open("/dev/full", "wb") as full:
        line = command_line(world.folder, "-c", "put a; commit")
        shell = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, timeout=60)
    equal((shell.returncode, daemon.committed), (1, ["a"]), "a commit whose line cannot be written")
    told = shell.stderr.decode().splitlines()[-1]
    equal(told, "output could not be written; what was done is done", "standard error")
    shell = subprocess.Popen(command_line(world.folder, "-c", "call flood"), stdout=subprocess.PIPE)
    shell.stdout.read(100000)
    shell.stdout.close()
    equal(shell.wait(timeout=60), 1, "a reader that left")


@test
def input_and_output_that_do_not_block_are_waited_for(world):
    daemon = FakeDaemon(world.folder)
    text = b"say " + b"x" * 900000 + b"\n"
    into, out = os.pipe(), os.pipe()
    for end in (into[0], out[1]):
        os.set_blocking(end, False)
    shell = subprocess.Popen(command_line(world.folder), stdin=into[0], stdout=out[1])
    for end in (into[0], out[1]):
        os.close(end)
    with open(into[1], "wb") as given:
        given.write(text)
    with open(out[0], "rb") as said:
        equal(len(said.read()), len(text) + 1, "bytes that came")
    equal(shell.wait(timeout=60), 0, "exit status")
    del daemon


@test
def a_line_of_many_commands_needs_no_more_memory_than_one(world):
    daemon = FakeDaemon(world.folder)
    peaks = []
    for count in (1, 30000):
        batch = world.folder / "batch"
        batch.write_text("say x;" * count)
        shell = subprocess.Popen(command_line(world.folder, "-f", str(batch)), stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(shell.pid, 0)
        shell.returncode = os.waitstatus_to_exitcode(status)
        equal(shell.returncode, 0, "exit status")
        peaks.append(usage.ru_maxrss)
    true(peaks[1] - peaks[0] < 100 * 1024, f"{peaks} KiB")
    del daemon


@test
def no_byte_of_an_error_is_for_the_terminal(world):
    daemon = FakeDaemon(world.folder)
    ended = run(daemon, given="put bad\x1b[2Jä\n")
    equal(ended.stdout, "bad\\x1b[2Jä is not a domain\n".encode(), "an error of the daemon")
    ended = run(daemon, "-c", "no\x1b[2Jsuch")
    true(b"\x1b" not in ended.stdout and b"\\x1b[2Jsuch" in ended.stdout, f"an error of the shell: {ended}")
    ended = run(daemon, given="put warn\x1b\ncommit\n")
    true(b"Warning: warn\\x1b is large\n" in ended.stdout, f"a warning: {ended}")
    ended = run(daemon, "-c", 'say "\\ä"')
    equal(ended.stdout, "Command contained invalid escape character: ä\n".encode(), "a character is whole")


@test
def a_program_that_waits_for_each_answer_gets_it(world):
    daemon = FakeDaemon(world.folder)
    shell = subprocess.Popen(command_line(world.folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    for word in ("one", "two"):
        shell.stdin.write(f"put a\nsay {word}\n".encode())
        equal(shell.stdout.readline(), f"said {word}\n".encode(), "answer")
    shell.stdin.write(b"put bad\n")
    equal(shell.stdout.readline(), b"bad is not a domain\n", "an error, before the next line is sent")
    shell.stdin.close()
    equal(shell.wait(timeout=60), 2, "exit status")
    del daemon


@test
def ctrl_c_ends_a_batch_with_130(world):
    daemon = FakeDaemon(world.folder)
    for request in ("wait", "finish"):
        line = f"put a; call {request}; commit"
        shell = subprocess.Popen(command_line(world.folder, "-c", line), stdout=subprocess.PIPE)
        wait_until(lambda: daemon.methods()[-1:] == [request], "the request")
        shell.send_signal(signal.SIGINT)
        shell.communicate(timeout=60)
        equal((shell.returncode, daemon.committed), (130, []), f"in the request {request}")
    shell = subprocess.Popen(command_line(world.folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    shell.stdin.write(b"say x\n")
    shell.stdin.flush()
    shell.stdout.readline()
    shell.send_signal(signal.SIGINT)
    equal(shell.wait(timeout=60), 130, "while it waits for input")


@test
def options_that_make_no_sense_are_told(world):
    daemon = FakeDaemon(world.folder)
    for options in (("-c", "say x", "-f", "y"), ("--no-such",), ("stray",)):
        ended = run(daemon, *options)
        equal((ended.returncode, ended.stdout, b"usage:" in ended.stderr), (2, b"", True), str(options))
    equal(run(daemon, "-f", "/no/such/file").returncode, 1, "a file that is not there")
    last = json.loads(run(daemon, "--json", "-f", "/no/such/file").stdout)
    equal((last["final"], last["exit"], "/no/such/file" in last["message"]), (True, 1, True), "the same with --json")
    equal(run(daemon, "-c", "batch xml; say x").returncode, 2, "a wrong word of batch")
    equal(run(daemon, "--help").stdout[:6], b"usage:", "--help")


@test
def a_table_is_as_wide_as_its_cells(world):
    daemon = FakeDaemon(world.folder)
    rows = [{"domain": "ä.example", "port": 25, "note": "n"}, {"domain": "b", "port": 2525}]
    quoted = json.dumps(rows, ensure_ascii=False).replace("\\", "\\\\").replace('"', '\\"')
    ended = run(daemon, "-c", f'rows "{quoted}"')
    equal(
        ended.stdout.decode().splitlines(),
        ["Domain       Port  Note", "=========  ======  ====", "ä.example      25  n", "b            2525", "Warning: that was all"],
        "table",
    )
    ended = run(daemon, "--json", "-c", f'rows "{quoted}"')
    equal(json.loads(ended.stdout.splitlines()[0])["result"]["routes"], rows, "rows in JSON")


main()
