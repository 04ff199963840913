#!/usr/bin/env python3
"""The rules of doc/architecture.md that a program can check: which folder may include which, where each foreign
library may be used, what is called nowhere, how long a file may be, and that each header compiles alone.

    includes.py [FOLDER-WITH-config.h]
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Folders of the daemon that nothing but themselves may include.
ROLES = tuple(f"daemon/{name}" for name in ("control", "fetch", "log", "master", "offline", "peers", "queue", "scan", "smtp", "spamd", "stores"))

# Folder -> what it may include besides itself.  Arrows only point down.
ARROWS = {
    "engine/base": (),
    "engine/wire": ("engine/base",),
    "engine/schema": ("engine/base", "engine/wire", "engine/smtp"),
    "engine/config": ("engine/base", "engine/wire", "engine/schema"),
    "engine/smtp": ("engine/base",),
    "engine/mime": ("engine/base",),
    "engine/scan": ("engine/base", "engine/wire", "engine/mime"),
    "engine/peers": ("engine/base", "engine/wire"),
    "engine/judge": ("engine/base", "engine/wire", "engine/mime", "engine/scan", "engine/peers"),
    "engine/relay": ("engine/base", "engine/mime", "engine/judge"),
    "engine/trust": ("engine/base",),
    "engine/package": ("engine/base", "engine/trust", "engine/scan"),
    "engine/spamd": ("engine/base", "engine/judge"),
    "daemon": ("engine",),
    **{role: ("daemon", "engine") for role in ROLES},
    # Reads what these write.
    "daemon/stores": ("daemon", "engine", "daemon/control", "daemon/log", "daemon/queue"),
    "commands": ("engine/base", "engine/wire", "engine/schema"),
    "shell": ("commands", "engine/base", "engine/wire", "engine/schema"),
    "tests": ("engine", "daemon", "commands", "shell"),
}

# Foreign header -> files that may use it.
FOREIGN = {
    r"sqlite3\.h": r"daemon/store_database\.[ch]|daemon/(control|log|queue)/store\w*\.[ch]|daemon/stores/\w+\.[ch]|tests/unit/.*",
    r"openssl/.*": r"daemon/queue/\w+\.[ch]|daemon/stores/digest\.h|daemon/control/(store_config|lessons|self_signed|secret_key|certificate\w*)\.c|daemon/smtp/tls\w*\.[ch]|engine/trust/\w+\.c|engine/package/(package_verify|feature_key)\.c|daemon/offline/package_\w+\.[ch]|tests/unit/.*",
    r"histedit\.h|editline/.*": r"shell/editor\.c",
    r"pcre2\.h": r"engine/(scan|filter)/\w+\.[ch]|daemon/control/log_(query\.c|child\.[ch])"
    r"|tests/unit/test_literals\.c",
    r"jansson\.h": r"(shell|commands|daemon/control|daemon/offline|daemon/stores)/\w+\.[ch]|engine/(schema/json|config/chunk_json)\.[ch]|engine/peers/rspamd_reply\.c"
    r"|tests/unit/.*",
    r"expat\.h": r"commands/config_read(er\.c|ing\.h)",
    r"event2/.*": r"daemon/.*|tests/.*",
    r"seccomp\.h|linux/landlock\.h": r"daemon/sandbox\w*\.c|tests/unit/test_sandbox\.c",
    r"ares\.h": r"daemon/smtp/dns\.c",
    r"curl/.*": r"daemon/curl_loop\.h",
    r"idn2\.h": r"daemon/smtp/idna\.c|engine/scan/domain\.c",
    r"archive(_entry)?\.h": r"daemon/stores/\w+\.c|tests/unit/.*",
    r"gmime/.*": r"tests/.*",
}

# strcpy of a literal is seen as `strcpy(to, )`: comments and strings are taken out first.
FORBIDDEN_CALLS = re.compile(
    r"\b(?:(system|popen|gets|sprintf|vsprintf|alloca)\s*\(|(strcpy|strcat)\s*\([^,;]*,\s*[^\s)])"
)

MAX_LINES = 600
LONG_FILES = ()  # named exceptions; this list may only shrink

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)
COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)


TOPS = ("engine", "daemon", "shell", "commands", "tests")


def sources(*suffixes):
    """C files of the tree, relative to its root."""
    paths = (path for top in TOPS for path in (ROOT / top).rglob("*") if path.name.endswith(suffixes))
    return sorted(str(path.relative_to(ROOT)) for path in paths)


def folder_of(name):
    """The row of ARROWS that a file belongs to: the longest that fits."""
    fitting = [row for row in ARROWS if name.startswith(row + "/")]
    return max(fitting, key=len, default=None)


def may_include(source, target):
    here, there = folder_of(source), folder_of(target)
    if here is None:
        return False
    if here == there or here == "tests":
        return True
    for allowed in ARROWS[here]:
        if there == allowed or (there and there.startswith(allowed + "/") and there not in ROLES):
            return True
    return False


def check_arrows():
    for name in sources(".c", ".h"):
        for kind, target in INCLUDE.findall((ROOT / name).read_text()):
            if kind == '"' and target != "config.h" and not may_include(name, target):
                yield f"{name} may not include {target}"


def check_foreign():
    for name in sources(".c", ".h"):
        for kind, target in INCLUDE.findall((ROOT / name).read_text()):
            for header, places in FOREIGN.items():
                if kind == "<" and re.fullmatch(header, target) and not re.fullmatch(places, name):
                    yield f"{name} may not use {target}"


def check_calls():
    for name in sources(".c", ".h"):
        code = COMMENT_OR_STRING.sub("", (ROOT / name).read_text())
        for call in FORBIDDEN_CALLS.findall(code):
            yield f"{name} calls {''.join(call)}()"


def check_lengths():
    for name in sources(".c", ".h", ".py"):
        lines = (ROOT / name).read_text().count("\n")
        if lines > MAX_LINES and name not in LONG_FILES:
            yield f"{name} has {lines} lines, more than {MAX_LINES}"
        if lines <= MAX_LINES and name in LONG_FILES:
            yield f"{name} is short enough: take it off LONG_FILES"


def check_headers():
    build = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MAILWARD_BUILD", ".")
    compiler = shlex.split(os.environ.get("CC", "gcc"))
    flags = ["-std=c11", "-D_GNU_SOURCE", "-fsyntax-only", "-x", "c", "-Wall", "-Werror"]
    flags += [f"-I{ROOT}", f"-I{build}"]
    for name in sources(".h"):
        run = subprocess.run([*compiler, *flags, str(ROOT / name)], capture_output=True, text=True)
        if run.returncode:
            yield f"{name} does not compile alone:\n{run.stderr}"


CHECKS = {
    "includes follow the arrows of the architecture": check_arrows,
    "foreign headers stay where they belong": check_foreign,
    "nothing calls what is forbidden": check_calls,
    "no file is too long": check_lengths,
    "each header compiles alone": check_headers,
}


def main():
    print(f"1..{len(CHECKS)}")
    failed = False
    for number, (name, check) in enumerate(CHECKS.items(), 1):
        complaints = list(check())
        failed |= bool(complaints)
        print(f"{'not ok' if complaints else 'ok'} {number} - {name}")
        for complaint in complaints:
            print("\n".join(f"# {line}" for line in complaint.splitlines()))
    sys.exit(failed)


if __name__ == "__main__":
    main()
