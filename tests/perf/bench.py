#!/usr/bin/env python3
"""What the whole program costs: messages a second end to end, CPU, memory, start.  Prints a table with conditions.

    bench.py [--messages N] [--runs N] [--folder DIR] [--corpus DIR] [--labels FILE] [--only PART]

Every figure is the median of the runs.  Throughput is counted at the sink, from the first byte sent to the last
message received.  Only ratios of one run on one machine mean something: the disk's own sync rate is measured in
the same minute, and Postfix relays the same mail, without scanning, when it is installed.
"""

import argparse
import contextlib
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench_accuracy import bench_accuracy
from bench_config import bench_configuration
from bench_graymail import bench_graymail
from bench_shell import bench_shell
from bench_scan import Place, bench_scan
from harness import peers, postfix, processes
from harness.api import edit
from harness.build import SAMPLES, build_folder, program, sanitized, wait_until
from harness.instance import Instance
from harness.mail import make_mail, read_sample
from harness.sender import dot_stuff, send_one

CONNECTIONS = (1, 10)
MESSAGE_BYTES = 4096
# The bench is about speed: no limit on a connection's messages, and nothing held back from the sink as spam.
SETTINGS = {"smtp.max-messages": 1_000_000}
POLICY = edit("incoming-policy", key="DEFAULT", positive_threshold=99)
MULTISCAN = ("imsandgraymailconfig multiscan setup on --rspamd={} --rspamd-timeout=30; "
             "policyconfig incoming edit DEFAULT antispam on --engine=multiscan --positive-action=deliver; commit")


class CountingSink:
    """The program bench-sink: announces every `every` messages."""

    def __init__(self, every):
        self.process = subprocess.Popen([program("bench-sink"), str(every)], stdout=subprocess.PIPE, text=True)
        self.address = ("127.0.0.1", int(self.process.stdout.readline().split()[1]))
        self.times = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.times.append(float(line.split()[2]))

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def write_messages(folder):
    """The mail of the bench, ready for the wire: words of our own, and the ham among the samples."""
    mails = [make_mail(serial, MESSAGE_BYTES) for serial in range(12)]
    mails += [read_sample(path) for path in sorted(SAMPLES.glob("ham-*.eml"))]
    paths = [folder / f"{number}.wire" for number in range(len(mails))]
    for path, mail in zip(paths, mails):
        path.write_bytes(dot_stuff(mail) + b".\r\n")
    return paths


def send(address, connections, count, messages):
    """Runs the load and returns the moment of its first byte."""
    line = [program("bench-load"), address[0], str(address[1]), str(connections), str(count), *map(str, messages)]
    output = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True, timeout=300).stdout
    return float(output.split()[1])


def messages_per_second(address, sink, connections, count, messages):
    seen = len(sink.times)
    first = send(address, connections, count, messages)
    wait_until(lambda: len(sink.times) > seen, "the last message at the sink", 300)
    return count / (sink.times[seen] - first)


def sync_rate(folder, seconds=1.0):
    """fdatasync of a 4 KiB overwrite: what the disk gives in this minute."""
    with open(folder / "sync-probe", "wb+") as file:
        file.write(bytes(4096))
        os.fsync(file.fileno())
        count, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            os.pwrite(file.fileno(), bytes(4096), 0)
            os.fdatasync(file.fileno())
            count += 1
    return count / seconds


def cpu_by_name(instance):
    """CPU seconds so far of all processes, added up by name."""
    total = {}
    for pid in instance.family():
        name = processes.name_of(pid)
        total[name] = total.get(name, 0) + processes.cpu_seconds(pid)
    return total


def measure_throughput(folder, messages, connections, count, commands=None):
    """One run with an instance of its own, on which the commands were run: (messages/s, CPU microseconds a message by
    process name)."""
    with contextlib.closing(CountingSink(count)) as sink:
        instance = Instance(folder, sink.address, SETTINGS).start()
        try:
            instance.configure(POLICY)
            if commands and instance.shell(commands).returncode != 0:
                sys.exit(f"refused: {commands}")
            send(instance.address, connections, count, messages)  # warm up: one full round
            wait_until(lambda: sink.times, "the warm-up at the sink", 300)
            before = cpu_by_name(instance)
            rate = messages_per_second(instance.address, sink, connections, count, messages)
            after = cpu_by_name(instance)
            instance.wait_empty()
        finally:
            instance.power_off()
    return rate, {name: (after[name] - before.get(name, 0)) * 1e6 / count for name in after}


def measure_relay(folder, messages, connections, count):
    """The same for Postfix: messages/s."""
    with contextlib.closing(CountingSink(count)) as sink, postfix.Postfix(folder, relayhost=postfix.hop(sink.address)) as relay:
        return messages_per_second(relay.address, sink, connections, count, messages)


def measure_start(folder):
    """(seconds to ready, seconds to the first verdict, memory of everything then)."""
    begin = time.monotonic()
    instance = Instance(folder).start()
    try:
        ready = time.monotonic() - begin
        send_one(instance.address, make_mail(1))
        wait_until(instance.maildir, "the first message in the Maildir")
        verdict = time.monotonic() - begin
        return ready, verdict, sum(map(processes.pss_bytes, instance.family()))
    finally:
        instance.power_off()


def print_row(name, value, note=""):
    print(f"{name:52} {value:>12}  {note}", flush=True)


def bench_throughput(folder, options, messages):
    for connections in CONNECTIONS:
        rates, costs, syncs, relays = [], [], [], []
        for number in range(options.runs):
            syncs.append(sync_rate(folder))
            place = folder / f"{connections}-{number}"
            rate, cost = measure_throughput(place, messages, connections, options.messages)
            rates.append(rate)
            costs.append(cost)
            if postfix.installed():
                place = folder / f"{connections}-{number}-postfix"
                relays.append(measure_relay(place, messages, connections, options.messages))
        rate = statistics.median(rates)
        runs = ", ".join(f"{one:.0f}" for one in rates)
        print_row(f"messages/s, {connections} connections", f"{rate:.0f}", f"runs: {runs}")
        if relays:
            relay = statistics.median(relays)
            print_row("  Postfix as a relay, not scanning", f"{relay:.0f}", f"ratio {rate / relay:.2f}")
        print_row("  fdatasync/s of the disk meanwhile", f"{statistics.median(syncs):.0f}")
        for name in sorted(costs[0]):
            cpu = statistics.median(cost.get(name, 0) for cost in costs)
            print_row(f"  CPU a message, {name}", f"{cpu:.0f} us")


def bench_start(folder, options):
    starts = [measure_start(folder / f"start-{number}") for number in range(options.runs)]
    ready, verdict, memory = (statistics.median(column) for column in zip(*starts))
    print_row("start to ready", f"{ready * 1000:.0f} ms")
    print_row("start to the first message delivered", f"{verdict * 1000:.0f} ms", "aim 300 ms")
    print_row("memory of everything after it (PSS)", f"{memory / (1 << 20):.1f} MiB" if memory else "needs root", "aim 60 MiB")


def bench_multiscan(folder, options, messages):
    """rspamd is asked about each message before our own engine is."""
    if not shutil.which("rspamd"):
        print_row("messages/s, multi-scan", "skipped", "needs rspamd")
        return
    connections, count = max(CONNECTIONS), max(1, options.messages // 10)
    with Place(folder / "peer") as place:
        commands = MULTISCAN.format(peers.real_rspamd(place, scanners=2))
        runs = [measure_throughput(place.folder / str(number), messages, connections, count, commands) for number in range(options.runs)]
    rates = [rate for rate, _ in runs]
    role = statistics.median(cost.get("mailwardd-peers", 0) for _, cost in runs)
    note = f"runs: {', '.join(f'{one:.0f}' for one in rates)}, {count} messages each; role peers {role:.0f} us of CPU each"
    print_row(f"messages/s, multi-scan with rspamd, {connections} connections", f"{statistics.median(rates):.0f}", note)


PARTS = {
    "start": bench_start,
    "accuracy": lambda _, options: bench_accuracy(options, print_row),
    "scan": lambda folder, options: bench_scan(folder, options, print_row),
    "graymail": lambda folder, options: bench_graymail(folder, options, print_row),
    "configuration": lambda folder, options: bench_configuration(folder, options, print_row),
    "shell": lambda folder, _: bench_shell(folder, print_row),
    "throughput": lambda folder, options: bench_throughput(folder, options, write_messages(folder)),
    "multiscan": lambda folder, options: bench_multiscan(folder, options, write_messages(folder)),
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", help="on the disk to be measured", default=build_folder())
    parser.add_argument("--corpus", help="a folder of real mail, one message a file, for the scan")
    parser.add_argument("--labels", help="a table of messages of the corpus that says which are graymail (bench_graymail.py)")
    parser.add_argument("--only", choices=PARTS, help="this part and no other")
    options = parser.parse_args()
    if options.labels and not options.corpus:
        parser.error("--labels needs --corpus")

    print(f"{platform.system()} {platform.release()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    print(f"sender, sink and gateway on this machine; most messages of {MESSAGE_BYTES} bytes")
    print(f"medians of {options.runs} runs of {options.messages} messages")
    if sanitized():
        print("This build has sanitizers: the figures mean nothing.")
    with tempfile.TemporaryDirectory(prefix="mailward-bench-", dir=options.folder) as name:
        folder = Path(name)
        folder.chmod(0o755)  # Postfix's processes have an account of their own
        for name, part in PARTS.items():
            if options.only in (None, name):
                own = folder / name  # parts call their things alike
                own.mkdir()
                part(own, options)


if __name__ == "__main__":
    main()
