"""What a scan costs, beside the peers that are installed: by the protocols that their own clients use.  Part of bench.py.

Every service is asked about the same messages by the same program (scan_load.c), a connection a message, in turns within
the same minutes.  Nothing else of the run is at work meanwhile, but client and service share the processors.
"""

import contextlib
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
import urllib.error
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))

import hostile
from harness import peers, processes
from harness.api import edit
from harness.build import SAMPLES, program, wait_until
from harness.instance import Instance
from harness.mail import make_mail, make_body
from harness.spamd import ask

MIB = 1 << 20
MESSAGES, MESSAGES_OF_SLOW = 1000, 60
CONCURRENCY = (1, 4)
SIZES = (4 << 10, 64 << 10, 512 << 10, 2 << 20, 10 << 20)
SIZE_RUNS = 5
LEARN_EVERY = 6
CALM_SECONDS = 240  # a peer may go on compiling its rules for so long


class Place(contextlib.ExitStack):
    """A folder, and what must end."""

    def __init__(self, folder):
        super().__init__()
        folder.mkdir()
        self.folder = folder


class Service:
    """One that is asked: where, how, and the processes that it consists of."""

    messages = MESSAGES

    def __init__(self, title, protocol, address, pids):
        self.title, self.protocol, self.address, self.pids = title, protocol, address, pids
        self.runs = {concurrency: [] for concurrency in CONCURRENCY}

    def cpu(self):
        total = 0
        for pid in self.pids():
            with contextlib.suppress(OSError):
                total += processes.cpu_seconds(pid)
        return total

    def memory(self):
        total = 0
        for pid in self.pids():
            with contextlib.suppress(OSError):
                total += processes.pss_bytes(pid)
        return total

    def load(self, concurrency, count, listing):
        """(messages/s, median and 99th percentile in ms, ms of CPU a message)."""
        before = self.cpu()
        line = [program("scan-load"), self.protocol, self.address[0], str(self.address[1]), str(concurrency), str(count)]
        output = subprocess.run([*line, str(listing)], check=True, stdout=subprocess.PIPE, text=True, timeout=600).stdout
        seconds, median, high, _ = map(float, output.split())
        return count / seconds, median, high, (self.cpu() - before) * 1000 / count

    def wait_for_calm(self):
        def is_calm():
            before = self.cpu()
            time.sleep(1)
            return self.cpu() - before < 0.02

        wait_until(is_calm, f"{self.title} to be calm", CALM_SECONDS)


# ---- who is asked ----


def start_ours(place):
    """(the service, seconds from the second start of its daemon to its first verdict)."""
    instance = Instance(place.folder / "gateway")
    place.callback(instance.power_off)
    instance.start()
    instance.configure(edit("spamd", enabled="on", tcp="127.0.0.1:0"),
                       edit("antispam", always_scan_size="100M", never_scan_size="100M"))
    instance.stop()
    begin = time.monotonic()
    instance.start()
    ask(instance.spamd_addresses[0], "CHECK", make_mail(1))
    seconds = time.monotonic() - begin
    service = Service("mailward", "spamd", instance.spamd_addresses[0], instance.family)
    service.instance = instance
    return service, seconds


def start_peer(start, title, protocol, place, warm):
    """The same of a peer; start() gives a URL or HOST:PORT once it listens."""
    before = set(processes.children_of(os.getpid()))
    begin = time.monotonic()
    host, port = re.fullmatch(r"(?:http://)?(.*):(\d+)", start(place)).groups()
    (root,) = set(processes.children_of(os.getpid())) - before
    service = Service(title, protocol, (host, int(port)), lambda: processes.family_of(root))
    service.load(1, 1, warm)
    return service, time.monotonic() - begin


def start_rspamd_with_statistics(place, corpus, warm):
    """rspamd with Bayes in redis, taught every sixth message of a corpus with spam and ham in folders of that name; what it
    answers while it is being taught is not measured."""
    before = set(processes.children_of(os.getpid()))
    url, learn = peers.real_rspamd(place, scanners=2, statistics=True)
    roots = set(processes.children_of(os.getpid())) - before
    host, port = re.fullmatch(r"http://(.*):(\d+)", url).groups()
    pids = lambda: [pid for root in roots for pid in processes.family_of(root)]
    service = Service("rspamd + Bayes", "rspamd", (host, int(port)), pids)
    service.load(1, 1, warm)
    learnt = 0
    for kind in ("spam", "ham"):
        for path in sorted((Path(corpus) / kind).iterdir())[::LEARN_EVERY]:
            with contextlib.suppress(urllib.error.HTTPError):  # learnt before, or too short
                learnt += peers.rspamd_learn(learn, kind, path.read_bytes())
    print(f"rspamd with Bayes in redis, {learnt} messages learnt")
    return service


def version_of(*line):
    run = subprocess.run(line, capture_output=True, text=True)
    return (run.stdout + run.stderr).splitlines()[0]


def start_all(stack, folder, options, warm, print_row):
    services = []

    def add(service, seconds, note=""):
        services.append(service)
        print_row(f"{service.title}: start to the first verdict", f"{seconds * 1000:.0f} ms", note)

    add(*start_ours(stack.enter_context(Place(folder / "ours"))), "aim 300 ms")
    if shutil.which("rspamd"):
        print(f"rspamd, rules only, 2 scanners, cold caches: {version_of('rspamd', '--version')}")
        place = stack.enter_context(Place(folder / "rspamd-place"))
        add(*start_peer(lambda it: peers.real_rspamd(it, scanners=2), "rspamd", "rspamd", place, warm))
    if shutil.which("rspamd") and shutil.which("redis-server") and (Path(options.corpus or "/nowhere") / "spam").is_dir():
        place = stack.enter_context(Place(folder / "bayes-place"))
        services.append(start_rspamd_with_statistics(place, options.corpus, warm))
    spamd = shutil.which("spamd", path=os.environ["PATH"] + ":/usr/sbin")
    if spamd:
        print(f"spamd, rules only, local tests, 2 children: {version_of(spamd, '--version')}")
        place = stack.enter_context(Place(folder / "spamd-place"))
        place.folder.chmod(0o755)
        add(*start_peer(peers.real_spamd, "spamd", "spamd", place, warm))
        services[-1].messages = MESSAGES_OF_SLOW
    return services


# ---- what they are asked about ----


def choose(corpus, folder):
    """A file that lists the messages."""
    if corpus:
        files = sorted(path for path in Path(corpus).rglob("*") if path.is_file() and path.suffix not in (".tsv", ".md"))
        files = files[:: max(1, len(files) // MESSAGES)][:MESSAGES]
    else:
        files = sorted(SAMPLES.glob("*.eml"))
        for serial in range(100):
            path = folder / f"made-{serial}.eml"
            path.write_bytes(make_mail(serial, 1000 * (1 + serial % 20)))
            files.append(path)
    listing = folder / "messages"
    listing.write_text("".join(f"{path}\n" for path in files))
    mean = sum(path.stat().st_size for path in files) / len(files)
    what = f"real mail of {corpus}" if corpus else "mail of our own (CORPUS=FOLDER asks about real mail)"
    print(f"{len(files)} messages, {mean / 1000:.1f} KB on average: {what}")
    return listing


def of_size(kind, size):
    words = make_body(size, size).decode()
    if kind == "text":
        return make_mail(size, size)
    if kind == "html":
        rows = "".join(f'<p><a href="http://www.example.com/{n}">{line}</a></p>\r\n' for n, line in enumerate(words.split("\r\n")))
        return make_mail(1, body=f"<html><body>{rows[:size]}</body></html>\r\n".encode()).replace(b"text/plain", b"text/html")
    encoded = hostile.base64.encodebytes(os.urandom(size * 3 // 4)).decode().replace("\n", "\r\n")
    parts = f'--b\r\n\r\n{words[:1000]}\r\n--b\r\nContent-Type: application/pdf; name="a.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n{encoded}--b--\r\n'
    return make_mail(1, body=parts.encode()).replace(b"text/plain; charset=utf-8", b"multipart/mixed; boundary=b")


# ---- the tables ----


def median_of(runs, column):
    return statistics.median(run[column] for run in runs)


def bench_rates(services, listing, options, print_row):
    for service in services:
        service.load(4, service.messages, listing)  # warm up
        service.wait_for_calm()
    for _ in range(options.runs):
        for concurrency in CONCURRENCY:
            for service in services:
                service.runs[concurrency].append(service.load(concurrency, service.messages, listing))
    ours = services[0]
    for concurrency in CONCURRENCY:
        for service in services:
            runs = service.runs[concurrency]
            rate = median_of(runs, 0)
            more = median_of(ours.runs[concurrency], 0) / rate
            less = median_of(runs, 3) / median_of(ours.runs[concurrency], 3)
            ratio = "" if service is ours else f"; ours is {more:.1f} times that, at 1/{less:.1f} of the CPU"
            spread = "-".join(f"{one(run[0] for run in runs):.0f}" for one in (min, max))
            note = f"{spread}; p50 {median_of(runs, 1):.2f} ms, p99 {median_of(runs, 2):.2f} ms; {median_of(runs, 3):.2f} ms of CPU each{ratio}"
            print_row(f"{service.title}: messages/s, {concurrency} at a time", f"{rate:.0f}", note)
    alone, crowd = (ours.runs[concurrency] for concurrency in CONCURRENCY)
    print_row("mailward: median answer, 1 at a time", f"{median_of(alone, 1):.2f} ms", "aim 0.8 ms")
    print_row("mailward: 99th percentile, 1 at a time", f"{median_of(alone, 2):.2f} ms", "aim 6 ms")
    print_row("mailward: CPU of the whole gateway a message", f"{median_of(crowd, 3):.2f} ms", "aim 0.5 ms")
    for service in services:
        note = "aim 60 MiB" if service is ours else ""
        print_row(f"{service.title}: memory of everything (PSS)", f"{service.memory() / MIB:.1f} MiB", note)
    print(f"load {os.getloadavg()[0]:.1f} at the end of these; messages asked a run: " +
          ", ".join(f"{service.title} {service.messages}" for service in services))


def bench_sizes(services, folder, print_row):
    for kind in ("text", "html", "attach"):
        for size in SIZES:
            path = folder / "one.eml"
            path.write_bytes(of_size(kind, size))
            (folder / "one").write_text(f"{path}\n")
            cells = []
            for service in services:
                _, median, _, cpu = service.load(1, SIZE_RUNS if service.messages == MESSAGES else 1, folder / "one")
                cells.append(f"{service.title} {median:.1f} ({cpu:.1f})")
            aim = ["aim 100"] if (kind, size) == ("html", SIZES[-1]) else []
            print_row(f"ms (of CPU), {kind} of {size >> 10}K", cells[0].split(" ", 1)[1], "; ".join(aim + cells[1:]))


def peaks(pids):
    return {pid: processes.peak_bytes(pid) for pid in pids}


def bench_hostile(ours, print_row):
    """What each of the hostile set costs us: time to the answer, the most memory beyond what there was, the verdict."""
    worst_ms, worst_cpu, worst_mib = (0, ""), (0, ""), (0, "")
    for name, message in hostile.all_of_them():
        pids = ours.instance.family()
        for pid in pids:
            Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak is what there is
        before, cpu = peaks(pids), ours.cpu()
        begin = time.monotonic()
        reply = ask(ours.address, "CHECK", message)
        milliseconds = (time.monotonic() - begin) * 1000
        cpu = (ours.cpu() - cpu) * 1000
        alive = set(ours.instance.family()) == set(pids)
        mib = sum(peak - before[pid] for pid, peak in peaks(set(pids) & set(ours.instance.family())).items()) / MIB
        note = f"{cpu:.1f} ms of CPU, {mib:.1f} MiB more, {reply.headers['spam'] if reply.code == 0 else reply.text}{'' if alive else ', A WORKER DIED'}"
        print_row(f"hostile: {name}, {len(message)} bytes", f"{milliseconds:.1f} ms", note)
        worst_ms, worst_cpu = max(worst_ms, (milliseconds, name)), max(worst_cpu, (cpu, name))
        worst_mib = max(worst_mib, (mib, name))
    print_row("hostile: the slowest", f"{worst_ms[0]:.0f} ms", f"{worst_ms[1]}; aim 250 ms")
    print_row("hostile: the most CPU", f"{worst_cpu[0]:.0f} ms", worst_cpu[1])
    print_row("hostile: the most memory, the message included", f"{worst_mib[0]:.1f} MiB", f"{worst_mib[1]}; aim 32 MiB")


def bench_scan(folder, options, print_row):
    listing = choose(options.corpus, folder)
    warm = folder / "warm"
    warm.write_text(f"{SAMPLES / 'ham-personal.eml'}\n")
    with contextlib.ExitStack() as stack:
        services = start_all(stack, folder, options, warm, print_row)
        bench_rates(services, listing, options, print_row)
        bench_sizes(services, folder, print_row)
        bench_hostile(services[0], print_row)
