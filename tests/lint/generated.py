#!/usr/bin/env python3
"""Manual pages and completions are what the tables say: made again and compared.

    generated.py [--accept]    # --accept writes them anew
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES = {
    "doc/mailward.1": ("mailward", "man"),
    "doc/mailward-settings.5": ("mailward", "settings"),
    "doc/mailwardd.8": ("mailwardd", "man"),
    "completions/mailward.bash": ("mailward", "bash"),
    "completions/_mailward": ("mailward", "zsh"),
    "completions/mailward.fish": ("mailward", "fish"),
}


# Pages written by hand: they name the options that the program names, no more and no fewer.
BY_HAND = {
    "doc/mailward-featurekey.1": "mailward-featurekey",
    "doc/mailward-package.1": "mailward-package",
    "doc/mailward-rules.1": "mailward-rules",
    "doc/mailward-scan.1": "mailward-scan",
    "doc/mailward-train.1": "mailward-train",
}
COMMANDS = "doc/commands"
LIST = f"{COMMANDS}/sources.mk"


def output_of(build, program, *words):
    return subprocess.run([build / program, *words], check=True, stdout=subprocess.PIPE).stdout


def is_accepted(name, made):
    """Whether the file is as it is made now, or made so."""
    path = ROOT / name
    if "--accept" in sys.argv:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(made)
    return path.exists() and path.read_bytes() == made


def made_again(build):
    for name, (program, form) in FILES.items():
        yield f"{name} is what the tables say", is_accepted(name, output_of(build, program, "--describe", form))


def pages_of_commands(build):
    """A page for each command, and the list of them for make."""
    tables = json.loads(output_of(build, "mailward", "--describe", "json"))
    names = [command["name"] for command in tables["commands"]]
    pages = {f"{COMMANDS}/mailward-{name}.1": output_of(build, "mailward", "--describe", name) for name in names}
    files = " \\\n\t".join(f"%D%/mailward-{name}.1" for name in names)
    pages[LIST] = f"# Made by tests/lint/generated.py --accept.\ndist_man_MANS += \\\n\t{files}\n".encode()
    if "--accept" in sys.argv:
        for old in set((ROOT / COMMANDS).glob("mailward-*.1")) - {ROOT / name for name in pages}:
            old.unlink()
    wrong = [name for name, made in pages.items() if not is_accepted(name, made)]
    wrong += [str(page) for page in (ROOT / COMMANDS).glob("mailward-*.1") if f"{COMMANDS}/{page.name}" not in pages]
    for name in wrong:
        print(f"# {name}")
    yield "each command has its page, and nothing else has", not wrong


def same_options(build):
    for name, program in BY_HAND.items():
        shown = set(re.findall(r"--([a-z-]+)", output_of(build, program, "--help").decode()))
        described = set(re.findall(r"^\.It Fl \\-([a-z-]+)", (ROOT / name).read_text(), re.M))
        yield f"{name} has the options of --help", shown == described


def lint_clean():
    """Whether mandoc finds nothing to warn of; None when there is no mandoc."""
    if not shutil.which("mandoc"):
        return None
    pages = sorted(str(page.relative_to(ROOT)) for page in (ROOT / "doc").rglob("*.[158]"))
    return subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *pages], cwd=ROOT, stdout=sys.stderr).returncode == 0


def main():
    build = Path(os.environ.get("MAILWARD_BUILD", ".")).resolve()
    results = [*made_again(build), *pages_of_commands(build), *same_options(build)]
    clean = lint_clean()
    results.append(("the manual pages are well-formed" + (" # SKIP needs mandoc" if clean is None else ""), clean is not False))
    print(f"1..{len(results)}")
    for number, (what, good) in enumerate(results, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {what}")
    failed = not all(good for _, good in results)
    if failed:
        print("# run tests/lint/generated.py --accept and read the difference; pages for programs without tables are"
              " written by hand")
    sys.exit(failed)


if __name__ == "__main__":
    main()
