"""A BIRD of our own to compare with: the fastest control tool among the peers.  It touches no kernel routes."""

import os
import shutil
import subprocess

from harness.build import wait_until

CONFIGURATION = 'router id 192.0.2.1;\nprotocol device {{}}\nprotocol static {{ ipv4;\n{routes}}}\n'


def installed():
    return os.geteuid() == 0 and shutil.which("bird") and shutil.which("birdc")


class Bird:
    def __init__(self, folder):
        self.file, self.control = folder / "bird.conf", folder / "bird.ctl"
        self.write(0)
        line = ["bird", "-f", "-c", str(self.file), "-s", str(self.control), "-P", str(folder / "bird.pid")]
        self.process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def write(self, routes):
        lines = (f"route 10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}/32 blackhole;\n" for n in range(routes))
        self.file.write_text(CONFIGURATION.format(routes="".join(lines)))

    def command(self, *words):
        return ["birdc", "-s", str(self.control), *words]

    def __enter__(self):
        wait_until(self.control.exists, "BIRD's control socket", 10)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
