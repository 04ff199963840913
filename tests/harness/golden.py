"""Files that are compared to the byte, and written anew by `SCRIPT --accept` after a change that is meant."""

import difflib
import sys
from pathlib import Path

ACCEPT = "--accept" in sys.argv and not sys.argv.remove("--accept")
MOST_LINES = 60


def same(got, path):
    """Fails with the lines in which a text differs from the file, and says how to take it over."""
    if ACCEPT:
        path.write_text(got)
    kept = path.read_text()
    if got == kept:
        return
    lines = list(difflib.unified_diff(kept.splitlines(), got.splitlines(), path.name, "now", lineterm="", n=1))
    if len(lines) > MOST_LINES:
        lines[MOST_LINES:] = [f"... and {len(lines) - MOST_LINES} lines more"]
    how = f"if this is meant: {Path(sys.argv[0]).name} --accept"
    raise AssertionError("\n".join([f"{path.name} differs; {how}", *lines]))
