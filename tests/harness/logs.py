"""Reading logs the way an admin's script does: by the shapes of daemon/log_lines.def."""

import re

from .build import wait_until

MID = re.compile(r"\bMID (\d+)\b")
STARTED = re.compile(r"Start MID (\d+)\b")
ENDED = re.compile(
    r"Message finished MID (\d+)\b|ISQ: Quarantined MID (\d+)\b|Message aborted MID (\d+)\b"
)


class Log:
    def __init__(self, instance_folder, name):
        self.folder = instance_folder
        self.name = name

    def files(self):
        """Oldest first: the time is in their names."""
        return sorted(self.folder.glob(f"log/{self.name}/*.@*"))

    def lines(self):
        while True:
            try:
                return [line for path in self.files() for line in path.read_text(errors="replace").splitlines()]
            except FileNotFoundError:
                continue  # rolled over between the look and the read

    def find(self, text):
        return [line for line in self.lines() if text in line]

    def wait_for(self, text):
        """The log is written a little after the fact: waits for a line with this text."""
        wait_until(lambda: self.find(text), f"a line with {text!r} in {self.name}")


class MailLog(Log):
    def __init__(self, instance_folder):
        super().__init__(instance_folder, "mail_logs")

    def of_message(self, mid):
        """Every line that names this MID, in the order written."""
        return [line for line in self.lines() if str(mid) in MID.findall(line)]

    def mid_of_message_id(self, message_id):
        for line in self.find(f"Message-ID '{message_id}'"):
            return int(MID.search(line).group(1))
        return None

    def unfinished(self):
        """The MIDs that have been started and are not at their end."""
        open_mids = set()
        for line in self.lines():
            if started := STARTED.search(line):
                open_mids.add(started.group(1))
            elif ended := ENDED.search(line):
                open_mids -= set(ended.groups())
        return open_mids
