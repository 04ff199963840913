"""Six messages made to cost a scanner far more than they cost their sender.

    hostile.py FOLDER      writes them there, to be looked at or scanned by hand

Each is made with a marker, a text that ends up in the first text part, so that a test can see whether the scanner
still found it, or without.
"""

import sys
from pathlib import Path

SPAM_MARKER = (
    "Congratulations! You have been selected to win $1,000,000 cash! Act now! Click here to claim your free "
    "money! Cheap viagra, no prescription! Lowest mortgage rates! Make money fast working from home, 100% guaranteed!\r\n"
) * 5

HEAD = "From: a@example.org\r\nTo: b@example.com\r\nSubject: Notes\r\nMIME-Version: 1.0\r\n"


def _text(marker):
    return f"Content-Type: text/plain; charset=utf-8\r\n\r\n{marker}Regards\r\n"


def nested_parts(marker):
    """100,000 multiparts, each within the one before."""
    levels = "".join(
        f"--b{i}\r\nContent-Type: multipart/mixed; boundary=b{i + 1}\r\n\r\n" for i in range(100_000)
    )
    return f"{HEAD}Content-Type: multipart/mixed; boundary=b0\r\n\r\n--b0\r\n{_text(marker)}{levels}"


def million_parts(marker):
    """A million empty parts side by side."""
    parts = "--b\r\n\r\n\r\n" * 1_000_000
    return f"{HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{_text(marker)}{parts}--b--\r\n"


def long_line(marker):
    """One line of 10 MB."""
    return HEAD + _text(marker) + "a" * 10_000_000 + "\r\n"


def nested_divs(marker):
    """500 kB of <div> in <div>."""
    body = f"<html><body><p>{marker}</p>{'<div>' * 100_000}deep</body></html>"
    return f"{HEAD}Content-Type: text/html\r\n\r\n{body}\r\n"


def many_headers(marker):
    """100,000 header fields."""
    return HEAD + "X-Filler: x\r\n" * 100_000 + _text(marker)


def encoded_words(marker):
    """A subject of 50,000 encoded words."""
    return HEAD.replace("Subject: Notes", "Subject: " + "=?utf-8?B?YWJj?=\r\n " * 50_000 + "end") + _text(marker)


MESSAGES = {
    maker.__name__: maker
    for maker in (nested_parts, million_parts, long_line, nested_divs, many_headers, encoded_words)
}


def make(name, marker=SPAM_MARKER):
    return MESSAGES[name](marker).encode()


if __name__ == "__main__":
    for each in MESSAGES:
        (Path(sys.argv[1]) / f"{each}.eml").write_bytes(make(each))
