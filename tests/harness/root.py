"""A fresh Debian root with mailward installed, and machines that run in it: as a test of what an administrator gets.

The bare root is made once in a build folder, from the mirror that this machine's own apt uses; each test has a copy.
"""

import contextlib
import ctypes
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from . import processes
from .build import TESTS, build_folder, sanitized, wait_until
from .tap import Skip

BOOT = ["systemd-nspawn", "--quiet", "--register=no", "--private-network", "--console=pipe",
        # its own filter knows them not, and the gateway's sandbox needs them
        "--system-call-filter=landlock_create_ruleset landlock_add_rule landlock_restrict_self", "--boot"]
ENTER = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"]
LOOPBACK_UP = "import fcntl, socket; fcntl.ioctl(socket.socket(), 0x8914, b'lo'.ljust(16, b'\\0') + b'\\x41' + bytes(23))"


def output_of(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def release():
    """(codename, mirror) of this machine."""
    text = Path("/etc/os-release").read_text()
    codename = re.search(r"^VERSION_CODENAME=(\S+)$", text, re.M)
    if not codename or not shutil.which("apt-get"):
        raise Skip("needs Debian")
    targets = output_of("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)").splitlines()
    mirrors = [uri for uri, suite, component in map(str.split, targets)
               if (suite, component) == (codename[1], "main")]
    if not mirrors:
        raise Skip(f"the apt of this machine has no mirror of {codename[1]}")
    return codename[1], mirrors[0]


def runtime_packages():
    """What doc/install.md tells to install; a build with sanitizers needs their libraries, too."""
    packages = re.search(r"apt-get install (lib.*)", (TESTS.parent / "doc" / "install.md").read_text())[1].split()
    if sanitized():
        linked = re.findall(r"=> (\S*/lib(?:asan|ubsan)\S*)", output_of("ldd", build_folder() / "mailwardd"))
        packages += [output_of("dpkg-query", "-S", os.path.realpath(path)).split(":")[0] for path in linked]
    return packages


def bare_root():
    """The cached root; made now when it is not there."""
    root = build_folder() / "fresh-root"
    packages = ",".join(["systemd", *runtime_packages()])
    if root.exists() and (root / ".packages").read_text() == packages:
        return root
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        raise Skip("needs root and debootstrap")
    codename, mirror = release()
    if codename != "bookworm":
        raise Skip("needs Debian 12, whose packages doc/install.md names")
    new = root.with_suffix(".new")
    for old in (root, new):
        shutil.rmtree(old, ignore_errors=True)
    made = subprocess.run(["debootstrap", "--variant=minbase", f"--include={packages}", codename, new, mirror],
                          capture_output=True, text=True)
    if made.returncode:
        # A mirror that cannot be reached is no fault of ours, a package that is not there is.
        if "Couldn't find these debs" in made.stdout + made.stderr:
            raise AssertionError(made.stdout[-2000:] + made.stderr)
        raise Skip(f"debootstrap: {(made.stderr or made.stdout).strip().splitlines()[-1:]}")
    shutil.rmtree(new / "var/cache/apt", ignore_errors=True)
    (new / ".packages").write_text(packages)
    new.rename(root)
    return root


def install(destination):
    subprocess.run(["make", "-s", "-C", build_folder(), "install", f"DESTDIR={destination}"], check=True,
                   capture_output=True, timeout=300)


def installed_root(folder):
    """A copy of the bare root with `make install` in it."""
    prefix = re.search(r"^prefix = (.*)$", (build_folder() / "Makefile").read_text(), re.M)[1]
    if prefix not in ("/usr", "/usr/local"):
        raise Skip("systemd looks for units below /usr and /usr/local only")
    root = folder / "root"
    subprocess.run(["cp", "-a", "--reflink=auto", bare_root(), root], check=True)
    install(root)
    return root


class Machine:
    """Something that runs in a root, with a network of its own; run() enters it."""

    def __init__(self, root, command, first, log):
        """first: the name of its first process, which comes to be below command."""
        self.log = log
        self.first = first
        # It has to end even when this process is killed.
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *command], stdin=subprocess.DEVNULL,
                                        stdout=open(log, "wb"), stderr=subprocess.STDOUT, start_new_session=True)
        self.root = root
        try:
            self.leader = wait_until(self._find_leader, "the first process of the machine")
        except BaseException:
            self.kill()
            raise

    def _find_leader(self):
        if self.process.poll() is not None:
            raise Skip(f"a machine cannot run here: {self.log.read_text(errors='replace').strip()}")
        children = processes.children_of(self.process.pid, self.first)
        return children[0] if children else None

    def run(self, *words, account=None, check=True):
        """A program of the root; account: with its groups and nothing of root's."""
        become = ["setpriv", f"--reuid={account}", f"--regid={account}", "--init-groups", "--"] if account else []
        done = subprocess.run(["nsenter", "-t", str(self.leader), "-a", "--root",
                               "--wd", *become, *words], capture_output=True, text=True, timeout=120)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(words)}: status {done.returncode}: {done.stdout}{done.stderr}")
        return done

    def python(self, code):
        """A program of ours in the machine's network."""
        return subprocess.run(["nsenter", "-t", str(self.leader), "--net", sys.executable, "-c", code], check=True,
                              capture_output=True, text=True, timeout=120).stdout

    def kill(self):
        processes.kill_all(processes.family_of(self.process.pid))
        self.process.wait()


def _forget_cgroups():
    """systemd-nspawn leaves the groups that it made where no systemd runs; one that is in use stays."""
    for mount in ("systemd", "unified", ""):
        for top in ("payload", "supervisor"):
            for folder, _, _ in os.walk(Path("/sys/fs/cgroup") / mount / top, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(folder)


@contextlib.contextmanager
def booted(root):
    """systemd as the first process."""
    if not shutil.which("systemd-nspawn"):
        raise Skip("needs systemd-nspawn")
    keep = [] if Path("/run/systemd/system").exists() else ["--keep-unit"]
    machine = Machine(root, [*BOOT, *keep, "-D", str(root)], "systemd", root.with_suffix(".boot"))
    try:
        wait_until(lambda: machine.run("systemctl", "is-system-running", check=False).stdout.strip()
                   in ("running", "degraded"), "systemd to be up", seconds=60, pause=0.2)
        yield machine
        machine.run("systemctl", "poweroff", check=False)
        machine.process.wait(timeout=60)
    finally:
        machine.kill()
        _forget_cgroups()


@contextlib.contextmanager
def entered(root):
    """No service manager: namespaces only."""
    machine = Machine(root, [*ENTER, "--root", str(root), "sleep", "infinity"], "sleep", root.with_suffix(".log"))
    try:
        machine.python(LOOPBACK_UP)
        yield machine
    finally:
        machine.kill()


def kernel_has_landlock():
    call_create_ruleset, version = 444, 1
    return ctypes.CDLL(None).syscall(call_create_ruleset, None, 0, version) > 0
