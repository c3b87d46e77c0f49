"""The certificate by which the portal itself speaks TLS: taken from its files at the start, and again whenever they change. [pure]

The server reads one file, written whole, that holds certificate and key together; so it never reads half of a change. What does not fit
together is left alone, and the portal goes on with what it has. Run as a script beside the server, with the standard library alone.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import ssl
import sys
import time
from pathlib import Path

_LOOK_SECONDS = 1.0
_STATE = tuple[tuple[int, int, int], ...]


class UnusableTls(Exception):
    """Files that no server can use; the message is a sentence for whoever has named them."""


def take(certificate: Path, key: Path, *, into: Path) -> None:
    """Put *certificate* (with its chain) and *key*, PEM files, together *into* a private file.

    :raises UnusableTls: if they cannot be read, do not belong together, or the key is encrypted; nothing is written then
    """
    content = b"\n".join((_read(certificate), _read(key)))
    new = into.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    try:
        _try(new, certificate, key)
        new.replace(into)
    finally:
        new.unlink(missing_ok=True)


def watch(certificate: Path, key: Path, *, into: Path, server: int) -> None:
    """Take the files again whenever they change, and have the process *server* read them; return once it has ended."""
    before = _state(certificate, key)
    while os.getppid() == server:
        time.sleep(_LOOK_SECONDS)
        if (now := _state(certificate, key)) == before:
            continue
        before = now
        try:
            take(certificate, key, into=into)
        except UnusableTls as refusal:
            sys.stderr.write(f"{refusal} The portal goes on with the certificate before.\n")
        else:
            os.kill(server, signal.SIGHUP)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = f"{path} cannot be read: {error.strerror}."
        raise UnusableTls(reason) from error


def _try(both: Path, certificate: Path, key: Path) -> None:
    """Load what lies together in *both*, as a server does."""
    encrypted: list[bool] = []

    def no_password() -> str:
        encrypted.append(True)
        return ""

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(both, password=no_password)
    except ssl.SSLError as error:
        if encrypted:
            reason = f"The private key in {key} is encrypted. Decrypt it with: openssl pkey -in {key} -out portal.key"
        elif error.reason == "KEY_VALUES_MISMATCH":
            reason = f"The private key in {key} does not belong to the certificate in {certificate}."
        else:
            reason = f"{certificate} and {key} must hold a certificate with its chain and its private key, in PEM form."
        raise UnusableTls(reason) from error


def _state(*paths: Path) -> _STATE:
    """Return what tells whether files have changed; a link that leads elsewhere has, too."""
    found = []
    for path in paths:
        with contextlib.suppress(OSError):
            stat = path.stat()
            found.append((stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return tuple(found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("certificate", "key", "into"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--server", type=int, required=True)
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # of the terminal's; it ends with the server
    watch(options.certificate, options.key, into=options.into, server=options.server)
