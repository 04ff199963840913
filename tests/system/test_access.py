#!/usr/bin/env python3
"""Who may do what: five real accounts, one of each role, through every channel; nothing rises (issue 5, item 7)."""

import json
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import build, tap  # noqa: E402
from harness.accounts import Accounts, system_instance  # noqa: E402
from harness.api import Api, edit  # noqa: E402
from harness.people import ROLES, People, Sshd, account_of, call_as, run_as  # noqa: E402
from harness.terminal import Terminal  # noqa: E402

SOURCE = build.TESTS.parent

# clustermode is refused to everybody on a machine that is in no cluster (test_levels.py has it), and mailconfig leaves mail
# behind that the other lines would meet; what it calls, config.export, is among the methods.
# Lines that do no harm, and the letters of the roles that may give them.  A line that is not refused may fail: there is
# no such object.
LINES = {
    "addressconfig setup --bounces=x@example.com": "AOR",
    "adminaccessconfig print": "AOTR",
    "adminaccessconfig setup --idle-limit=45": "A",
    "adminaccessconfig banner clear": "A",
    "alertconfig print": "AOTR",
    "alertconfig delete nobody@example.com": "AOR",
    "antispamconfig setup on": "AOR",
    "antispamstatus": "AOTR",
    "antispamupdate": "AOT",
    "archivemessage 999999": "AO",
    "bouncerecipients host nowhere.example": "AO",
    "certconfig print": "AOTR",
    "certconfig delete nothing": "AOR",
    "clearchanges": "AOR",
    "clusterconfig list": "AOTR",
    "commitdetail 0123456789abcdef0123": "AOTR",
    "config status": "AOTR",
    "config lock": "AO",
    "config unlock": "AO",
    "deleterecipients host nowhere.example": "AO",
    "delivernow host nowhere.example": "AOT",
    "deliveryconfig setup none": "AOR",
    "displayalerts": "AOTR",
    "featurekey show": "AOTR",
    "featurekey checknow": "AT",
    "featurekeyconfig setup --autocheck=off": "AOR",
    "graymailstatus": "AOTR",
    "graymailupdate": "AOT",
    "grep x mail_logs": "AOTR",
    "help": "AOTRG",
    "hoststatus nowhere.example": "AOTR",
    "incomingrelayconfig relaylist print": "AOTR",
    "incomingrelayconfig relaylist delete nothing": "AOR",
    "imsandgraymailconfig graymail setup on": "AOR",
    "last 3": "AOTR",
    "learning list": "AOTR",
    "learning status": "AOTR",
    "learning export matrix.learned": "AO",
    "learning undo": "AO",
    "learning reset": "AO",
    "learning spam 999999": "AO",
    "learningconfig setup off": "AOR",
    "listenerconfig print": "AOTR",
    "listenerconfig delete nothing": "AOR",
    "loadconfig nothing.xml": "AOT",
    "logconfig delete nothing": "AOR",
    "oldmessage": "AOTR",
    "passphrase": "AOTRG",
    "policyconfig incoming edit DEFAULT antispam off": "AOR",
    "portalregistrationconfig clear": "AOR",
    "rate 1 1": "AOTRG",
    "removemessage 999999": "AO",
    "resetconfig": "A",
    "resetcounters": "AOT",
    "rollbackconfig list": "AOTR",
    "rollovernow mail_logs": "AOT",
    "sethostname print": "AOTR",
    "sethostname mx.example.com": "AOR",
    "setttymode 0": "AOTRG",
    "saveconfig 1 matrix.xml": "AOTR",
    "saveconfig 2 matrix.xml": "AOT",
    "showchanges": "AOTR",
    "showconfig": "AOTR",
    "showmessage 999999": "AO",
    "showsetting antispam.timeout": "AOTR",
    "showrecipients all": "AOTR",
    "smtproutes new a.example mx.example": "AOR",
    "spamdconfig setup on --tcp=": "AOR",
    "spamquarantine list": "AOR",
    "spamquarantine delete 999999": "AO",
    "status": "AOTRG",
    "suspend": "AOT",
    "systemsetup --engine=antispam": "AOR",
    "resume": "AOT",
    "suspenddel": "AOT",
    "resumedel": "AOT",
    "suspendlistener all": "AOT",
    "resumelistener all": "AOT",
    "tail -n 1 mail_logs": "AOTR",
    "tophosts": "AOTR",
    "updateconfig setup --interval=300": "AOR",
    "updatenow": "AOT",
    "userconfig print": "AOTR",
    "userconfig new mwt-stranger --role=administrator": "A",
    "userconfig edit mwt-guest --role=administrator": "A",
    "userconfig delete mwt-operator": "A",
    "version": "AOTRG",
    "who": "AOTR",
    "whoami": "AOTRG",
    "workqueue status": "AOTR",
    "workqueue pause": "AOT",
    "workqueue resume": "AOT",
    # what ends a batch or is refused in it for other reasons stands alone
    "commit": "AO",
    "exit": "AOTRG",
}
ALONE = ("commit", "exit")

# Every method, as a frame with a member that it does not know: whoever may call it is told that, and nothing is done.
METHODS = {
    "alerts": "AOTR", "certificate.list": "AOTR", "certificate.make": "AOR", "config.changes": "AOTR",
    "config.clear": "AOR", "config.commit": "AO", "config.confirm": "AO", "config.diff": "AOTR", "config.edit": "AOR",
    "config.get": "AOTR", "config.history": "AOTR", "config.keys": "AOTR", "config.label": "AO", "config.lock": "AO",
    "cluster.change": "A", "cluster.list": "AOTR", "config.export": "AOTR", "config.level": "AOR",
    "config.levels": "AOTR", "config.mode": "AOTRG", "config.reset": "A", "config.setting": "AOTR",
    "config.lookup": "AOTR", "config.rebase": "AOR", "config.rollback": "AOR", "config.show": "AOTR",
    "counters.reset": "AOT", "feature.activate": "AT", "feature.check": "AT", "feature.list": "AOTR", "file.read": "AOT", "file.write": "AOT", "grep": "AOTR", "hello": "AOTRG",
    "hosts": "AOTR", "last": "AOTR", "learning.export": "AO", "learning.learn": "AO", "learning.list": "AOTR",
    "learning.reset": "AO", "learning.status": "AOTR", "learning.undo": "AO", "log.rollover": "AOT", "logs": "AOTR", "quarantine.change": "AO",
    "quarantine.list": "AOR", "queue.archive": "AO", "queue.change": "AO", "queue.list": "AOTR", "queue.read": "AO",
    "rate": "AOTRG", "status": "AOTRG", "suspend": "AOT", "tail": "AOTR", "update.start": "AOT",
    "update.status": "AOTR", "version": "AOTRG", "who": "AOTR",
    "whoami": "AOTRG", "workqueue": "AOT",
}
OPERATIONS = {
    ("config.confirm", "status"): "AOTRG", ("config.lock", "status"): "AOTR", ("queue.change", "deliver"): "AOT",
    ("suspend", "status"): "AOTR", ("workqueue", "status"): "AOTR",
}
USERS_FRAMES = [
    {"edits": [edit("users", "new", "mwt-stranger", role="administrator")]},
    {"edits": [edit("users", "put", account_of("guest"), role="administrator")]},
    {"edits": [edit("antispam", timeout=50), edit("users", "delete", account_of("operator"))]},
    {"edits": [edit("access", idle_limit=1440)]},
    {"edits": [edit("users", "clear")]},
]


class Gateway:
    """A system instance whose table of users names the accounts, as root committed it."""

    def __init__(self, world):
        if os.geteuid() != 0:
            raise tap.Skip("needs root")
        world.folder.chmod(0o755)
        self.folder = world.folder
        self.state = world.folder / "system"
        self.parts = [Accounts(), system_instance(self.state), People(world.folder, self.state)]

    def __enter__(self):
        self.entered = []
        try:
            for part in self.parts:
                part.__enter__()
                self.entered.append(part)
            self.commit(*(edit("users", "new", account_of(role), role=role) for role in ROLES))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for part in reversed(self.entered):
            part.__exit__(None, None, None)

    def commit(self, *edits):
        with self.root() as api:
            api.edit(*edits)
            api.commit()

    def root(self):
        return Api(self.state)

    def words(self, *more):
        return [build.program("mailward"), "--state", str(self.state), *more]


def exits(output):
    """The exit status of each line of a batch in JSON, by its text."""
    reports = [json.loads(line) for line in output.splitlines()]
    return {" ".join(report["command"]): report["exit"] for report in reports if "command" in report}


def check(role, channel, got):
    for line, roles in LINES.items():
        if line not in got:
            raise AssertionError(f"{role} through {channel}: '{line}' was not answered")
        status, where = got[line], f"'{line}' of {role} through {channel} ended with {got[line]}"
        tap.true((status != 3) == (ROLES[role] in roles), where)
        if role == "administrator":
            tap.true(status not in (2, 6), f"{where}: the line is wrong")


def all_lines(run_line, run_input):
    """Each line through a channel: all but some in one batch."""
    head, rest = "batch json keep-going", [line for line in LINES if line not in ALONE]
    got = exits(run_line("; ".join([head, *rest])) if run_line else run_input("\n".join([head, *rest]) + "\n"))
    for line in ALONE:
        got |= exits(run_line(f"batch json; {line}") if run_line else run_input(f"batch json\n{line}\n"))
    return got


def people_are_as_root_left_them(gateway):
    with gateway.root() as api:
        rows = {row["account"]: row["role"] for row in api.rows("users", running=True)}
    tap.equal(rows, {account_of(role): role for role in ROLES}, "users")


@tap.test
def the_matrix_names_every_command_and_every_method(world):
    table = (SOURCE / "commands" / "commands.def").read_text()
    tap.equal(sorted({line.split()[0] for line in LINES}), sorted(set(re.findall(r"^COMMAND\((\w+)\)", table, re.M)) - {"clustermode", "mailconfig"}), "commands")
    table = (SOURCE / "daemon" / "control" / "methods.c").read_text()
    tap.equal(sorted(METHODS), sorted(re.findall(r'^    \{"([a-z._]+)", ', table, re.M)), "methods")


@tap.test
def each_role_may_do_in_the_shell_what_the_matrix_says(world):
    with Gateway(world) as gateway:
        for role in ROLES:
            account = account_of(role)
            check(role, "-c", all_lines(lambda line: run_as(account, gateway.words("-c", line)).stdout, None))
            check(role, "a heredoc", all_lines(None, lambda text: run_as(account, gateway.words(), input=text).stdout))
        people_are_as_root_left_them(gateway)


@tap.test
def each_role_may_do_through_ssh_what_the_matrix_says(world):
    with Gateway(world) as gateway, Sshd(world.folder) as sshd:
        for role in ROLES:
            account = account_of(role)
            check(role, "ssh", all_lines(lambda line: sshd.run(account, line).stdout.decode(), None))
            check(role, "ssh with a heredoc", all_lines(None, lambda text: sshd.run(account, typed=text).stdout.decode()))
        people_are_as_root_left_them(gateway)


@tap.test
def each_role_may_do_through_force_command_what_the_matrix_says(world):
    with Gateway(world) as gateway:
        force = f"ForceCommand {' '.join(gateway.words())}\n"
        for role in ROLES:
            subprocess.run(["usermod", "--shell", "/bin/sh", account_of(role)], check=True)
        with Sshd(world.folder, force) as sshd:
            for role in ROLES:
                account = account_of(role)
                check(role, "ForceCommand", all_lines(lambda line: sshd.run(account, line).stdout.decode(), None))
                check(role, "ForceCommand with a heredoc",
                      all_lines(None, lambda text: sshd.run(account, typed=text).stdout.decode()))
        people_are_as_root_left_them(gateway)


def frames(state):
    """The statuses that raw frames get: methods, methods with an operation, edits of users, and what came of a commit."""
    with Api(state) as api:
        methods = {name: api.call(name, no="sense")[0] for name in METHODS}
        operations = [api.call(name, operation=word, no="sense")[0] for name, word in OPERATIONS]
        users = [api.call("config.edit", **members)[0] for members in USERS_FRAMES]
        claims = [api.call("hello", role="administrator")[0], api.call("hello", program="root", **{"from": "root"})[0]]
        return [methods, operations, users, claims, api.must("whoami")["role"]]


@tap.test
def each_role_may_do_with_raw_frames_what_the_matrix_says(world):
    names = {"administrator": "administrator", "operator": "operator", "technician": "technician",
             "readonly": "read-only operator", "guest": "guest"}
    with Gateway(world) as gateway:
        for role, letter in ROLES.items():
            methods, operations, users, claims, name = call_as(account_of(role), lambda: frames(gateway.state))
            for method, roles in METHODS.items():
                tap.equal(methods[method], 2 if letter in roles else 3, f"{method} of {role}")
            for (method, operation), status in zip(OPERATIONS, operations):
                tap.equal(status, 2 if letter in OPERATIONS[method, operation] else 3, f"{method} {operation} of {role}")
            tap.equal(users, [0] * len(USERS_FRAMES) if letter == "A" else [3] * len(USERS_FRAMES), f"users by {role}")
            tap.equal(claims, [2, 0], f"claims of {role}")
            tap.equal(name, names[role], "the role")
        people_are_as_root_left_them(gateway)


def knock(state):
    """What somebody gets who connects very often, and never reads nor hangs up."""
    kept = [Api(state) for _ in range(100)]
    end, _ = kept[-1].answer()
    return [end["status"], kept[-1].is_closed()]


@tap.test
def a_stranger_is_refused_whatever_he_types_and_takes_nobodys_place(world):
    with Gateway(world) as gateway, Sshd(world.folder) as sshd:
        for line in ("status", "nonsense", "commit", "userconfig new mwt-stranger --role=guest"):
            answer = run_as(account_of("stranger"), gateway.words("-c", line))
            wanted = 2 if line == "nonsense" else 3  # no such command: nothing was asked of the daemon
            tap.equal(answer.returncode, wanted, f"{line}: {answer.stdout}")
        tap.equal(sshd.run(account_of("stranger"), "status").returncode, 3, "through ssh")
        tap.equal(call_as(account_of("stranger"), lambda: knock(gateway.state)), [3, True], "a hundred knocks")
        tap.equal(run_as(account_of("guest"), gateway.words("-c", "version")).returncode, 0, "a guest after that")


def crowd(state):
    """The statuses of seventy sessions at a time."""
    sessions = [Api(state) for _ in range(70)]
    return [sessions[0].call("version")[0], sessions[63].call("version")[0], sessions[64].answer()[0]["status"]]


@tap.test
def one_account_has_64_sessions_at_most(world):
    with Gateway(world) as gateway:
        tap.equal(call_as(account_of("guest"), lambda: crowd(gateway.state)), [0, 0, 1], "statuses")
        tap.equal(run_as(account_of("guest"), gateway.words("-c", "version")).returncode, 0, "when they have gone")


@tap.test
def a_commit_takes_the_role_of_an_open_session_away(world):
    with Gateway(world) as gateway:
        with subprocess.Popen(gateway.words(), user=account_of("operator"), extra_groups=[], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/") as shell:
            shell.stdin.write("smtproutes new a.example mx.example\nshowchanges\n")
            shell.stdin.flush()
            tap.equal(shell.stdout.readline(), "smtproutes\n", "the change is pending")
            gateway.commit(edit("users", "edit", account_of("operator"), role="technician"))
            said, _ = shell.communicate("showchanges\ncommit\n", timeout=60)
        tap.true("There are no changes" in said or "no changes" in said.lower(), said)
        tap.equal(shell.returncode, 3, "exit status")
        gateway.commit(edit("users", "edit", account_of("operator"), enabled=False))
        answer = run_as(account_of("operator"), gateway.words("-c", "version"))
        tap.equal(answer.returncode, 3, f"without any role: {answer.stdout}")


@tap.test
def ssh_as_login_shell_behaves_as_any_program(world):
    with Gateway(world) as gateway, Sshd(world.folder) as sshd:
        operator = account_of("operator")
        done = sshd.run(operator, "smtproutes new a.example mx.example; commit \"a route\"; smtproutes print")
        tap.equal([done.returncode, done.stderr], [0, b""], f"two commands and a commit: {done.stdout}")
        tap.true(b"a.example" in done.stdout, done.stdout)
        done = sshd.run(operator, typed="smtproutes new b.example mx.example\ncommit \"größer, 日本\"\nrollbackconfig log 1\n")
        tap.equal([done.returncode, done.stderr], [0, b""], "a heredoc")
        tap.true("größer, 日本" in done.stdout.decode(), "UTF-8 without a locale")
        for line, status in (("nonsense", 2), ("smtproutes delete c.example", 1), ("smtproutes", 2),
                             ("userconfig delete mwt-guest", 3), ("smtproutes new c.example mx.example", 7)):
            done = sshd.run(operator, line)
            tap.equal(done.returncode, status, f"{line}: {done.stdout}")
        tap.equal(sshd.run(operator, typed="exit\n").returncode, 0, "exit")
        with gateway.root() as api:
            tap.equal([row["domain"] for row in api.rows("smtproutes", running=True)], ["a.example", "b.example"], "routes")


@tap.test
def a_person_who_logs_in_through_ssh_reads_who_was_here_and_leaves_with_a_warning(world):
    with Gateway(world) as gateway, Sshd(world.folder) as sshd:
        gateway.commit(edit("access", banner="Authorized use only.\nYou are watched.\n"))
        operator = account_of("operator")
        tap.equal(sshd.run(operator, "version").returncode, 0, "a session before")
        with Terminal([*sshd.terminal(operator)], "dumb") as terminal:
            said = terminal.wait("> ")
            for line in ("Authorized use only.\r\nYou are watched.\r\n", "Last login: ", " from 127.0.0.1\r\n",
                         "\r\nWelcome to mailward, ", "\r\nNOTE: This session ends after 30 idle minutes."):
                tap.true(line in said, f"{line!r} is not in {said!r}")
            terminal.type("last\r")
            tap.true(re.search(r"mwt-operator +127\.0\.0\.1 .*still logged in", terminal.wait("> ")), "last")
            terminal.type("who\r")
            tap.true(re.search(r"mwt-operator +operator +\d\d:\d\d[AP]M +0s +127\.0\.0\.1 +who", terminal.wait("> ")), "who")
            terminal.type("smtproutes new a.example mx.example\r")
            terminal.wait("> ")
            terminal.type("exit\r")
            tap.true("have not been committed" in terminal.wait("[N]> "), "the warning")
            terminal.type("n\r")
            terminal.wait("> ")
            terminal.type("exit\r")
            terminal.wait("[N]> ")
            terminal.type("y\r")
            tap.equal(terminal.end()[1], 0, "exit status")


@tap.test
def last_tells_who_is_here_and_who_has_gone(world):
    with Gateway(world) as gateway, Sshd(world.folder) as sshd:
        sshd.run(account_of("guest"), "version")
        rows = json.loads(run_as(account_of("readonly"), gateway.words("--json", "-c", "last")).stdout.splitlines()[0])
        mine, guests = rows["result"]["sessions"][:2]
        tap.equal([mine["user"], mine["open"], "end" in mine], [account_of("readonly"), True, False], "the session itself")
        tap.equal([guests["user"], guests["from"], guests["open"]], [account_of("guest"), "127.0.0.1", False], "the guest")
        tap.true(guests["begin"] <= guests["end"], "times")


@tap.test
def users_banner_and_idle_limit_are_set_in_batches_and_in_dialogues(world):
    with Gateway(world) as gateway:
        def run(text):
            return run_as(account_of("administrator"), gateway.words(), input=text)
        done = run("userconfig new anna --role=operator\nuserconfig edit anna --enabled=off\nuserconfig\nNEW\nbert\n3\nY\n\n"
                   "adminaccessconfig setup --idle-limit=45\nadminaccessconfig banner import -\nKeep out.\n.\n"
                   "adminaccessconfig print\ncommit\n")
        tap.equal([done.returncode, done.stderr], [0, ""], done.stdout)
        tap.true("Sessions end after 45 idle minutes.\nBanner:\nKeep out.\n" in done.stdout, done.stdout)
        with gateway.root() as api:
            rows = {row["account"]: (row["role"], row["enabled"]) for row in api.rows("users", running=True)}
        tap.equal([rows["anna"], rows["bert"]], [("operator", False), ("technician", True)], "users")
        for wrong, status in (("userconfig new -x --role=guest", 2), ("userconfig new eve --role=king", 2),
                              ("userconfig edit eve --role=guest", 1), ("adminaccessconfig setup --idle-limit=4", 2),
                              ("passwd", 1)):
            tap.equal(run(f"{wrong}\n").returncode, status, wrong)


tap.main()
