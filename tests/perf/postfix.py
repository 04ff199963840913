"""A Postfix of our own to compare with: private configuration and queue, one listener, one relay host.

The queue is durable as Postfix ships it; nothing is scanned.
"""

import os
import shutil
import socket
import subprocess

from harness.build import wait_until

MAIN_CF = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
myhostname = relay.example.com
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relayhost = [{host}]:{port}
maillog_file = {folder}/maillog
maillog_file_prefixes = {folder}
smtpd_peername_lookup = no
disable_dns_lookups = yes
"""

MASTER_CF = """
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix  n  -  n  60   1  pickup
cleanup   unix  n  -  n  -    0  cleanup
qmgr      unix  n  -  n  300  1  qmgr
rewrite   unix  -  -  n  -    -  trivial-rewrite
bounce    unix  -  -  n  -    0  bounce
defer     unix  -  -  n  -    0  bounce
trace     unix  -  -  n  -    0  bounce
error     unix  -  -  n  -    -  error
retry     unix  -  -  n  -    -  error
smtp      unix  -  -  n  -    -  smtp
relay     unix  -  -  n  -    -  smtp
proxymap  unix  -  -  n  -    -  proxymap
anvil     unix  -  -  n  -    1  anvil
flush     unix  n  -  n  1000? 0 flush
scache    unix  -  -  n  -    1  scache
postlog   unix-dgram n - n -  1  postlogd
"""


def installed():
    return os.geteuid() == 0 and os.access("/usr/sbin/postfix", os.X_OK)


class Relay:
    def __init__(self, folder, next_hop):
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = probe.getsockname()
        for name in ("config", "queue", "data"):
            (folder / name).mkdir(parents=True)
        shutil.chown(folder / "data", "postfix")
        host, port = next_hop
        (folder / "config" / "main.cf").write_text(MAIN_CF.format(folder=folder, host=host, port=port))
        (folder / "config" / "master.cf").write_text(MASTER_CF.format(port=self.address[1]))

    def _control(self, verb):
        line = ["/usr/sbin/postfix", "-c", str(self.folder / "config"), verb]
        subprocess.run(line, check=True, capture_output=True)

    def __enter__(self):
        self._control("start")
        wait_until(self._listens, "Postfix to listen")
        return self

    def __exit__(self, *error):
        self._control("stop")

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(self.address) == 0
