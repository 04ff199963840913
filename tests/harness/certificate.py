"""Self-signed certificates for both ends of a test, made by openssl, and how they get into a gateway."""

import ssl
import subprocess

from .build import program
from .tap import need


def make_certificate(folder, name, *options):
    """Files NAME.crt and NAME.key of a new certificate for NAME; returns both texts."""
    need("openssl")
    crt, key = folder / f"{name}.crt", folder / f"{name}.key"
    line = "req -x509 -newkey rsa:2048 -nodes -days 30 -batch".split()
    line += ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout", key, "-out", crt, *options]
    subprocess.run(["openssl", *line], check=True, capture_output=True)
    return crt.read_text(), key.read_text()


def server_context(folder):
    """What a sink shows, named sink.example.com."""
    make_certificate(folder, "sink.example.com")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "sink.example.com.crt", folder / "sink.example.com.key")
    return context


def import_certificate(instance, name, text):
    """certconfig import NAME - and commit, as one script."""
    script = f"certconfig import {name} -\n{text}.\ncommit\n"
    line = [program("mailward"), "--private", str(instance.folder)]
    return subprocess.run(line, input=script, capture_output=True, text=True, timeout=60)
