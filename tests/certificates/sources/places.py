"""Files in a folder that may be watched, and entries that renew themselves from them."""

from __future__ import annotations

from pathlib import Path

from django.utils import timezone

from certificates.models import ClientCertificate
from certificates.sources import actions
from certificates.sources.watched import WatchedPlace
from tests.makers import Issued, issue

LIST = "/security/client-certificates/"
WATCH = f"{LIST}watch/"
AUTHORITY = issue("Example Root", authority=True)
INTERMEDIATE = issue("Example Issuing", authority=True, by=AUTHORITY)
FIRST, SECOND, THIRD = (issue("orders", by=INTERMEDIATE) for _ in range(3))


def write(path: Path, content: bytes | str) -> Path:
    """Write a file whole, as careful writers do: beside, then in its place."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content if isinstance(content, bytes) else content.encode())
    return beside.rename(path)


def pem_of(issued: Issued) -> str:
    return issued.pem + issued.chain_pem + issued.key_pem


def current(name: str = "orders") -> str:
    """Return the thumbprint of what the entry presents."""
    version = ClientCertificate.objects.select_related("current").get(name=name).current
    assert version is not None
    return version.thumbprint


def watched(folder: Path, **values: str) -> ClientCertificate:
    """Let the entry *orders* renew itself from a file below *folder*."""
    place = WatchedPlace.of({"path": str(write(folder / "orders.pem", pem_of(FIRST))), **values}, (folder,))
    return actions.watch(ClientCertificate, place, name="orders", by=None, now=timezone.now())


def kubernetes(folder: Path, issued: Issued) -> None:
    """Lay files out as a mounted secret has them."""
    data = folder / "..2026_11_26"
    data.mkdir()
    (data / "tls.crt").write_text(issued.pem + issued.chain_pem)
    (data / "tls.key").write_text(issued.key_pem)
    (data / "ca.crt").write_text(AUTHORITY.pem)
    (folder / "..data").symlink_to(data.name)
    for name in ("tls.crt", "tls.key", "ca.crt"):
        (folder / name).symlink_to(f"..data/{name}")
