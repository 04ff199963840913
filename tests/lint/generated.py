#!/usr/bin/env python3
"""The manual page and the completions are what the tables say: made again and compared.

    generated.py [--accept]    # --accept writes them anew
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES = {
    "doc/mailward.1": "man",
    "completions/mailward.bash": "bash",
    "completions/_mailward": "zsh",
    "completions/mailward.fish": "fish",
}


def main():
    program = Path(os.environ.get("MAILWARD_BUILD", ".")).resolve() / "mailward"
    failed = False
    print(f"1..{len(FILES)}")
    for number, (name, form) in enumerate(FILES.items(), 1):
        made = subprocess.run([program, "--describe", form], check=True, stdout=subprocess.PIPE).stdout
        path = ROOT / name
        if "--accept" in sys.argv:
            path.write_bytes(made)
        same = path.exists() and path.read_bytes() == made
        failed |= not same
        print(f"{'ok' if same else 'not ok'} {number} - {name} is what the tables say")
        if not same:
            print("# run tests/lint/generated.py --accept and read the difference")
    sys.exit(failed)


if __name__ == "__main__":
    main()
