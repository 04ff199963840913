"""Messages made to cost a scanner far more than they cost their sender, and some that are hardly messages.

    hostile.py FOLDER      writes them there, to be looked at or scanned by hand

Each of MESSAGES is made with a marker, a text that ends up in the first text part, so that a test can see whether the
scanner still found it, or without.  FRAGMENTS have no place for one.
"""

import base64
import io
import stat
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path

SPAM_MARKER = (
    "Congratulations! You have been selected to win $1,000,000 cash! Act now! Click here to claim your free "
    "money! Cheap viagra, no prescription! Lowest mortgage rates! Make money fast working from home, 100% guaranteed!\r\n"
) * 5

# What an archive calls files that it wants outside of its folder.
ESCAPED = "mailward-test-escaped"

HEAD = "From: a@example.org\r\nTo: b@example.com\r\nSubject: Notes\r\nMIME-Version: 1.0\r\n"


def _text(marker):
    return f"Content-Type: text/plain; charset=utf-8\r\n\r\n{marker}Regards\r\n"


def _nested(marker, count):
    levels = "".join(f"--b{i}\r\nContent-Type: multipart/mixed; boundary=b{i + 1}\r\n\r\n" for i in range(count))
    return f"{HEAD}Content-Type: multipart/mixed; boundary=b0\r\n\r\n--b0\r\n{_text(marker)}{levels}"


def thousand_nested_parts(marker):
    """1,000 multiparts, each within the one before."""
    return _nested(marker, 1_000)


def ten_thousand_nested_parts(marker):
    """10,000 of them."""
    return _nested(marker, 10_000)


def nested_parts(marker):
    """100,000 of them."""
    return _nested(marker, 100_000)


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


def _mixed(marker, rest, boundary="b"):
    """A multipart whose first part is the text."""
    return f"{HEAD}Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n--{boundary}\r\n{_text(marker)}{rest}"


def _html(marker, rest):
    return f"{HEAD}Content-Type: text/html\r\n\r\n<html><body><p>{marker}</p>{rest}</body></html>\r\n"


def nested_messages(marker):
    """2,000 messages, each attached to the one before."""
    return _mixed(marker, "--b\r\n" + "Content-Type: message/rfc822\r\n\r\n" * 2_000 + "Subject: end\r\n\r\nend\r\n--b--\r\n")


def parts_with_headers(marker):
    """100,000 parts with a type each."""
    return _mixed(marker, "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" * 100_000 + "--b--\r\n")


def long_line_of_words(marker):
    """One line of 10 MB with blanks in it."""
    return HEAD + _text(marker) + "word and " * 1_111_111 + "\r\n"


def blanks(marker):
    """A megabyte of blanks."""
    return HEAD + _text(marker) + " " * 1_000_000 + "x\r\n"


def one_word_again(marker):
    """One word, 200,000 times."""
    return HEAD + _text(marker) + "viagra casino " * 100_000 + "\r\n"


def different_words(marker):
    """A million different words."""
    return HEAD + _text(marker) + " ".join(f"w{i:x}q" for i in range(1_000_000)) + "\r\n"


def many_urls(marker):
    """50,000 links to as many hosts."""
    links = "".join(f"http://host{i}.example.com/a?b={i}\r\n" for i in range(50_000))
    return HEAD + _text(marker) + links


def nested_tables(marker):
    """200,000 tables in tables."""
    return _html(marker, "<table>" * 200_000)


def many_attributes(marker):
    """A tag with a million attributes."""
    return _html(marker, "<div " + "a=b " * 1_000_000 + ">x</div>")


def unclosed_comment(marker):
    """A comment of 5 MB without an end."""
    return _html(marker, "<!-- " + "x - - " * 833_333)


def many_entities(marker):
    """A million character references."""
    return _html(marker, "&amp;" * 1_000_000)


def hidden_text(marker):
    """100,000 styles that hide their text."""
    return _html(marker, "<span style='display:none;font-size:0'>x</span>" * 100_000)


def broken_base64(marker):
    """Two megabytes that claim to be base64."""
    return _mixed(marker, "--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n" + "!a=@b#" * 333_333 + "\r\n--b--\r\n")


def broken_quoted_printable(marker):
    """Two megabytes of escapes that are none."""
    return _mixed(marker, "--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + "=ZZ=\t=4" * 275_000 + "\r\n--b--\r\n")


def nul_bytes(marker):
    """A megabyte of NUL."""
    return HEAD + _text(marker) + "\0" * 1_048_576 + "\r\n"


def _attached(marker, name, data, kind="zip"):
    """The text, and an archive attached to it."""
    text = base64.encodebytes(data).decode().replace("\n", "\r\n")
    part = f'Content-Type: application/{kind}; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    return _mixed(marker, f"--b\r\n{part}{text}--b--\r\n")


def _zip(files):
    """A zip archive of (name or ZipInfo, content)."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return packed.getvalue()


def zip_bomb(marker):
    """An archive of 100 KB that would be 100 MB."""
    return _attached(marker, "a.zip", _zip([(f"../../{ESCAPED}", bytes(100_000_000))]))


def nested_archives(marker):
    """Archives of ten archives each, six levels deep, and ten megabytes in each of the last: 10^13 bytes."""
    data = bytes(10_000_000)
    for level in range(6):
        data = _zip([(f"{i}.zip", data) for i in range(10)])
    return _attached(marker, "42.zip", data)


def overlapping_archive(marker):
    """An archive whose 60,000 entries are all the same megabyte."""
    one = _zip([("0", bytes(1_000_000))])
    start = one.index(b"PK\1\2")
    entry, end = one[start : one.index(b"PK\5\6")], one[one.index(b"PK\5\6") :]
    count, size = 60_000, 60_000 * len(entry)
    end = end[:8] + count.to_bytes(2, "little") * 2 + size.to_bytes(4, "little") + end[16:]
    return _attached(marker, "a.zip", one[:start] + entry * count + end)


def million_entries(marker):
    """A packed directory of a million empty files."""
    entry = _zip([("0", b"")])
    entry = entry[entry.index(b"PK\1\2") : entry.index(b"PK\5\6")]
    return _attached(marker, "a.zip.gz", zlib.compress(entry * 1_000_000, wbits=31), "gzip")


def escaping_names(marker):
    """Names that lead out of the folder: upwards, from the root, by a symbolic link."""
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    names = (f"../../{ESCAPED}", f"/tmp/{ESCAPED}", f"..\\..\\{ESCAPED}", f"link/{ESCAPED}", f"a/../../../{ESCAPED}")
    return _attached(marker, "a.zip", _zip([(link, "/tmp"), *((name, b"out") for name in names)]))


def devices(marker):
    """A tar archive with devices, a pipe, and links to what is outside."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for kind in (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE):
            member = tarfile.TarInfo(f"../{ESCAPED}")
            member.type, member.devmajor, member.devminor, member.linkname = kind, 1, 3, "/etc/passwd"
            archive.addfile(member)
    return _attached(marker, "a.tar", packed.getvalue(), "x-tar")


def one_letter(marker):
    """A megabyte of one letter: the worst case of many an expression."""
    return HEAD + _text(marker) + "a" * 1_000_000 + "!\r\n"


def long_header(marker):
    """A field of a megabyte."""
    return HEAD + "X-Filler: " + "x" * 1_048_576 + "\r\n" + _text(marker)


def long_subject(marker):
    """A subject of 14 MB."""
    return HEAD.replace("Subject: Notes", "Subject: " + "word " * 2_800_000) + _text(marker)


def million_headers(marker):
    """A million header fields."""
    return HEAD + "X-Filler: x\r\n" * 1_000_000 + _text(marker)


def many_received(marker):
    """20,000 trace fields."""
    trace = "Received: from a.example.org (a.example.org [192.0.2.1]) by b.example.org with ESMTP id 1; Sat, 21 Nov 2026 12:00:00 +0000\r\n"
    return trace * 20_000 + HEAD + _text(marker)


def many_addresses(marker):
    """500,000 addresses in one field."""
    addresses = ",\r\n ".join(f"u{i}@example.com" for i in range(500_000))
    return HEAD.replace("To: b@example.com", f"To: {addresses}") + _text(marker)


def many_parameters(marker):
    """A type with 100,000 parameters."""
    parameters = "".join(f";\r\n p{i}=x" for i in range(100_000))
    return f"{HEAD}Content-Type: text/plain; charset=utf-8{parameters}\r\n\r\n{marker}Regards\r\n"


def confusing_boundaries(marker):
    """10,000 lines that begin as a boundary does."""
    return _mixed(marker, "".join(f"--b{'-' * (i % 7)}x{i}\r\n--bb\r\n" for i in range(10_000)))


MESSAGES = {
    maker.__name__: maker
    for maker in (
        thousand_nested_parts, ten_thousand_nested_parts, nested_parts, million_parts, long_line, nested_divs, many_headers, encoded_words,
        nested_messages, parts_with_headers, long_line_of_words, blanks, one_word_again, different_words, many_urls,
        nested_tables, many_attributes, unclosed_comment, many_entities, hidden_text, broken_base64, broken_quoted_printable,
        nul_bytes, zip_bomb, nested_archives, overlapping_archive, million_entries, escaping_names, devices, one_letter, long_header, long_subject, million_headers, many_received, many_addresses, many_parameters,
        confusing_boundaries,
    )
}  # fmt: skip

FRAGMENTS = {
    "nothing": b"",
    "one_byte": b"x",
    "only_a_colon": b":\r\n\r\n",
    "nul_in_headers": b"From: a\0@example.org\r\nSubject: \0\0\r\n\r\nx\r\n",
    "cut_in_headers": HEAD.encode()[:-7],
    "no_body": HEAD.encode(),
    "a_boundary_and_no_parts": HEAD.encode() + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n",
}


def make(name, marker=SPAM_MARKER):
    return MESSAGES[name](marker).encode()


def all_of_them():
    """(name, message) of everything, made one at a time."""
    for name in MESSAGES:
        yield name, make(name)
    yield from FRAGMENTS.items()


if __name__ == "__main__":
    for each, data in all_of_them():
        (Path(sys.argv[1]) / f"{each}.eml").write_bytes(data)
