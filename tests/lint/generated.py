#!/usr/bin/env python3
"""Manual pages and completions are what the tables say: made again and compared.

    generated.py [--accept]    # --accept writes them anew
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES = {
    "doc/mailward.1": ("mailward", "man"),
    "doc/mailwardd.8": ("mailwardd", "man"),
    "completions/mailward.bash": ("mailward", "bash"),
    "completions/_mailward": ("mailward", "zsh"),
    "completions/mailward.fish": ("mailward", "fish"),
}


# Pages written by hand: they name the options that the program names, no more and no fewer.
BY_HAND = {
    "doc/mailward-rules.1": "mailward-rules",
    "doc/mailward-scan.1": "mailward-scan",
    "doc/mailward-train.1": "mailward-train",
}
PAGES = [name for name in (*FILES, *BY_HAND) if name.endswith((".1", ".8"))]


def output_of(build, program, *words):
    return subprocess.run([build / program, *words], check=True, stdout=subprocess.PIPE).stdout


def made_again(build):
    for name, (program, form) in FILES.items():
        made = output_of(build, program, "--describe", form)
        path = ROOT / name
        if "--accept" in sys.argv:
            path.write_bytes(made)
        yield f"{name} is what the tables say", path.exists() and path.read_bytes() == made


def same_options(build):
    for name, program in BY_HAND.items():
        shown = set(re.findall(r"--([a-z-]+)", output_of(build, program, "--help").decode()))
        described = set(re.findall(r"^\.It Fl \\-([a-z-]+)", (ROOT / name).read_text(), re.M))
        yield f"{name} has the options of --help", shown == described


def lint_clean():
    """Whether mandoc finds nothing to warn of; None when there is no mandoc."""
    if not shutil.which("mandoc"):
        return None
    return subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *PAGES], cwd=ROOT, stdout=sys.stderr).returncode == 0


def main():
    build = Path(os.environ.get("MAILWARD_BUILD", ".")).resolve()
    results = [*made_again(build), *same_options(build)]
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
