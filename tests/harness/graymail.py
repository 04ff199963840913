"""What the engine says of graymail in messages: with the shipped rules, or with some of them taken out."""

import json
import re
import shutil
import subprocess
from pathlib import Path

from harness.build import SAMPLES, TESTS, program

FOLDER = SAMPLES / "graymail"
DATA = TESTS.parent / "engine" / "data"
RULES = DATA / "rules"
CATEGORIES = ("marketing", "social", "bulk")

# The network that a sample is a notice of, as the list of known senders calls it.
NETWORKS = {
    "social-dating": "OkCupid",
    "social-friends": "Facebook",
    "social-links": "Reddit",
    "social-neighbours": "Nextdoor",
    "social-photos": "Instagram",
    "social-pins": "Pinterest",
    "social-questions": "Quora",
    "social-short-posts": "X",
    "social-sport": "Strava",
    "social-work": "LinkedIn",
}


def scan(*paths, rules=RULES):
    """Path -> what mailward-scan says of the message."""
    command = [program("mailward-scan"), "--json", "--rules", rules, "--model", DATA / "spam.model", *paths]
    lines = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    return {Path(said["path"]): said for said in map(json.loads, lines)}


def category(said):
    return said["graymail"]["category"]


def wanted(path):
    """The category that the name of a sample promises."""
    kind = path.stem.split("-")[0]
    return "negative" if kind == "other" else kind


def copy_of_rules(folder):
    shutil.rmtree(folder, ignore_errors=True)
    return Path(shutil.copytree(RULES, folder))


def without_network(folder, network):
    """A copy of the rules whose list of social networks lacks this one."""
    known = copy_of_rules(folder) / "social-networks.senders"
    rows = known.read_text().splitlines()
    others = [row for row in rows if row.split(None, 3)[3:] != [network]]
    if len(others) == len(rows):
        raise ValueError(f"{network} is not in the list")
    known.write_text("\n".join(others) + "\n")
    return folder


def without_lists(folder):
    """A copy of the rules without any known sender."""
    for known in copy_of_rules(folder).glob("*.senders"):
        known.unlink()
    return folder


def without_points(folder, names):
    """A copy of the rules in which these about graymail give no points."""
    file = copy_of_rules(folder) / "graymail.rules"
    text = file.read_text()
    for name in names:
        text, count = re.subn(rf"(?m)^(rule {name}\n(?:    .*\n)*?    points )\S+", r"\g<1>+0.00", text)
        if not count:
            raise ValueError(f"no rule {name}")
    file.write_text(text)
    return folder


def without_own_network(folder):
    """Name of each notice of a network -> its category when that network is not known."""
    found = {}
    for name, network in NETWORKS.items():
        rules = without_network(folder / f"without-{name}", network)
        (said,) = scan(FOLDER / f"{name}.eml", rules=rules).values()
        found[name] = category(said)
    return found
