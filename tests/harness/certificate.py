"""Self-signed certificates for both ends of a test, made by openssl."""

import ssl
import subprocess

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
