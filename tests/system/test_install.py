#!/usr/bin/env python3
"""What `make install` brings: in a fresh root, by systemd and without it, for administrators and for nobody else."""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import root as fresh  # noqa: E402
from harness.build import build_folder, program, wait_until  # noqa: E402
from harness.tap import Skip, equal, main, test, true  # noqa: E402

MOST_EXPOSURE = 2.0
UNIT = "daemon/service/mailward.service"
# A leak check would trace its own process, which the unit forbids.
DROP_IN = '[Service]\nEnvironment="MAILWARDD_OPTIONS=--route maildir:maildir" ASAN_OPTIONS=detect_leaks=0\n'
SEND = """
import smtplib
with smtplib.SMTP("127.0.0.1", 25, timeout=60) as smtp:
    smtp.ehlo("client.example.org")
    print(smtp.sendmail("anna@example.org", ["ben@example.com"], "Subject: the first one\\r\\n\\r\\nHello\\r\\n"))
"""
FIRST_STEPS = "listenerconfig edit public rcptaccess new example.com accept; antispamconfig setup on; commit first"


def setting(unit, name):
    return re.search(rf"^{name}=(.*)$", unit, re.M)[1].split()


def state_folder(root):
    """Where the unit that is installed in the root says that it is."""
    unit = next(root.glob("**/systemd/system/mailward.service")).read_text()
    return Path(setting(unit, "ReadWritePaths")[0].lstrip("-"))


def libraries(path):
    """What a program is linked with itself, without what every machine has."""
    run = subprocess.run(["readelf", "-d", path], capture_output=True, text=True)
    return {name for name in re.findall(r"\(NEEDED\).*\[(lib.*)\]", run.stdout)
            if not re.match(r"lib(c|m|crypto|asan|ubsan|gcc_s)\.so", name)}


def make_people(machine):
    machine.run("useradd", "-m", "-G", "mailward-admin", "anna")
    machine.run("useradd", "-m", "stranger")


def make_accounts(machine):
    machine.run("systemd-sysusers", "mailward.conf")
    machine.run("systemd-tmpfiles", "--create", "mailward.conf")


def only_administrators_are_let_in(machine):
    for account in ("anna", "root", "mailward"):
        equal(machine.run("mailward", "-c", "version; whoami", account=account, check=False).returncode, 0,
              f"status for {account}")
    refused = machine.run("mailward", "-c", "version", account="stranger", check=False)
    equal(refused.returncode, 3, "status for a stranger")
    true("may not administer" in refused.stdout + refused.stderr, refused.stdout + refused.stderr)
    machine.run("mailward", "-c", FIRST_STEPS, account="anna")


def a_message_arrives(machine, state):
    equal(machine.python(SEND).strip(), "{}", "refused recipients")
    maildir = machine.root / state.relative_to("/") / "maildir" / "new"
    wait_until(lambda: len(list(maildir.iterdir())) == 1, "the message in the Maildir")


def owners(machine, state):
    """{name: "account mode"} of what is in the state folder."""
    lines = machine.run("find", str(state), "-maxdepth", "1", "-printf", "%P %u %m\n").stdout.splitlines()
    return dict(line.split(" ", 1) for line in lines)


def processes_of(machine):
    """{(name, account, capabilities)} of the gateway's living processes."""
    pids = machine.run("sh", "-c", "grep -ls '^Name:.mailward' /proc/[0-9]*/status", check=False).stdout.split()
    found = set()
    for path in pids:
        status = machine.run("cat", path, check=False).stdout
        fields = dict(line.split(":", 1) for line in status.splitlines())
        if fields and "Z" not in fields["State"]:  # nobody waits for orphans where no systemd runs
            account = machine.run("getent", "passwd", fields["Uid"].split()[0]).stdout.split(":")[0]
            found.add((fields["Name"].strip(), account, int(fields["CapPrm"], 16)))
    return found


def each_process_has_what_it_needs(machine):
    four = (1 << 5) | (1 << 6) | (1 << 7) | (1 << 10)  # kill, setgid, setuid, net_bind_service
    equal(processes_of(machine), {("mailwardd", "mailward", four), ("mailwardd-log", "mailward", 0),
                                  ("mailwardd-queue", "mailward", 0), ("mailwardd-contr", "mailward", 0),
                                  ("mailwardd-smtp", "mailward-smtp", 0), ("mailwardd-scan", "mailward-scan", 0),
                                  ("mailwardd-spamd", "mailward-spamd", 0),
                                  ("mailwardd-fetch", "mailward-fetch", 0)},
          "processes with their accounts and capabilities")


def private_folders(machine, state):
    folders = owners(machine, state)
    equal(folders.pop(""), "mailward 755", "the state folder")
    equal(folders.pop("run"), "mailward 755", "the folder of the control socket")
    true(len(folders) > 3 and set(folders.values()) == {"mailward 750"}, f"folders of the roles: {folders}")


def every_program_has_its_libraries(machine):
    """The packages that doc/install.md names are all that is needed."""
    programs = machine.run("sh", "-c", "find /usr -name 'mailward*' -type f -perm -u+x -print").stdout.split()
    true(len(programs) > 9, f"programs: {programs}")
    for path in programs:
        missing = re.findall(r"(\S+) => not found", machine.run("ldd", path, check=False).stdout)
        equal(missing, [], f"libraries that {path} lacks")
    machine.run("mailwardd", "--check")
    machine.run("mailwardd", "--backup", "/root/backup.tar")


@test
def the_page_names_the_package_of_each_library(world):
    if not shutil.which("readelf"):
        raise Skip("readelf is not installed")
    page = (Path(__file__).resolve().parents[2] / "doc" / "install.md").read_text()
    packages = {re.sub("[-.]", "", name) for name in re.search(r"apt-get install ((?:.|\\\n)*?)\n\n", page)[1].split()}
    needed = {name for path in build_folder().glob("mailward*") if path.is_file() for name in libraries(path)}
    true(len(needed) > 8, needed)
    equal({name for name in needed if re.sub(r"\.so|[-_.]", "", name) not in packages}, set(), "libraries without a package")


@test
def the_unit_leaves_little_exposed(world):
    if not shutil.which("systemd-analyze"):
        raise Skip("needs systemd-analyze")
    unit = world.folder / "mailward.service"
    shutil.copy(build_folder() / UNIT, unit)
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", unit], capture_output=True,
                          text=True, timeout=60)
    exposure = re.search(r"Overall exposure level for mailward.service: ([0-9.]+)", done.stdout)
    if not exposure and "unrecognized option" in done.stderr:
        raise Skip("this systemd-analyze knows no --offline")
    true(exposure, done.stdout + done.stderr)
    true(float(exposure[1]) <= MOST_EXPOSURE, done.stdout)


def words_to_service_manager(world, name):
    """What the daemon says from its start to its end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name.replace("@", "\0", 1))
        manager.settimeout(60)
        folder = world.folder / "notified"
        daemon = subprocess.Popen([program("mailwardd"), "--private", folder, "--foreground"], text=True,
                                  stdout=subprocess.PIPE, env={**os.environ, "NOTIFY_SOCKET": name})
        try:
            words = [manager.recv(100).decode()]
            true((folder / "run" / "ports").exists(), "ready before mail can be sent")
            daemon.terminate()
            words.append(manager.recv(100).decode())
        except BaseException:
            daemon.kill()
            raise
        equal(daemon.wait(timeout=60), 0, "exit status")
        return words


@test
def a_service_manager_is_told_when_mail_can_be_sent_and_when_the_end_begins(world):
    for name in (f"@mailward-test-{os.getpid()}", str(world.folder / "notify")):
        equal(words_to_service_manager(world, name), ["READY=1", "STOPPING=1"], f"words to {name}")


@test
def uninstall_takes_away_all_that_install_has_brought(world):
    tree = world.folder / "tree"
    fresh.install(tree)
    installed = [path for path in tree.rglob("*") if not path.is_dir()]
    for name in ("mailward.service", "mailward.conf", "mailwardd.8", "mailward.1", "mailward-scan.1", "_mailward"):
        true(any(path.name == name for path in installed), f"{name} is not installed")
    subprocess.run(["make", "-s", "-C", build_folder(), "uninstall", f"DESTDIR={tree}"], check=True,
                   capture_output=True, timeout=300)
    equal([path for path in tree.rglob("*") if not path.is_dir()], [], "files left")


@test
def systemd_runs_the_gateway_in_a_fresh_root(world):
    root = fresh.installed_root(world.folder)
    drop_in = root / "etc/systemd/system/mailward.service.d"
    drop_in.mkdir(parents=True)
    (drop_in / "route.conf").write_text(DROP_IN)
    state = state_folder(root)
    with fresh.booted(root) as machine:
        make_accounts(machine)
        make_people(machine)
        machine.run("systemctl", "enable", "--now", "mailward")
        equal(machine.run("systemctl", "is-active", "mailward").stdout, "active\n", "state of the unit")
        only_administrators_are_let_in(machine)
        a_message_arrives(machine, state)
        every_program_has_its_libraries(machine)
        each_process_has_what_it_needs(machine)
        private_folders(machine, state)
        log = machine.run("mailward", "-c", "tail -n 500 mail_logs").stdout
        equal("no landlock" in log, not fresh.kernel_has_landlock(), "sandboxes without landlock")
        before = machine.run("systemctl", "show", "-P", "MainPID", "mailward").stdout
        machine.run("systemctl", "restart", "mailward")
        true(machine.run("systemctl", "show", "-P", "MainPID", "mailward").stdout != before, "not restarted")
        machine.run("mailward", "-c", "status", account="anna")
        machine.run("systemctl", "stop", "mailward")
        equal(machine.run("systemctl", "show", "-P", "Result", "mailward").stdout, "success\n", "how it ended")


@test
def without_systemd_a_service_account_starts_the_gateway_and_is_told_what_is_missing(world):
    root = fresh.installed_root(world.folder)
    state = state_folder(root)
    capabilities = "+kill,+setuid,+setgid,+net_bind_service"
    start = ["setpriv", "--reuid=mailward", "--regid=mailward", "--init-groups", f"--inh-caps={capabilities}",
             f"--ambient-caps={capabilities}", "--", "mailwardd", "--route", "maildir:maildir"]
    with fresh.entered(root) as machine:
        failed = machine.run("mailwardd", check=False)
        equal(failed.returncode, 1, "status without accounts")
        true("no account 'mailward'" in failed.stderr and "systemd-sysusers" in failed.stderr, failed.stderr)
        machine.run("systemd-sysusers", "mailward.conf")
        failed = machine.run(*start, check=False)
        equal(failed.returncode, 1, "status without a state folder")
        true(str(state) in failed.stderr and "systemd-tmpfiles" in failed.stderr, failed.stderr)
        make_accounts(machine)
        make_people(machine)
        machine.run(*start)
        only_administrators_are_let_in(machine)
        a_message_arrives(machine, state)
        each_process_has_what_it_needs(machine)
        private_folders(machine, state)
        machine.run("mailwardd", "--stop")
        equal(processes_of(machine), set(), "processes after the end")


main()
