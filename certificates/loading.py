"""What the gateway cannot load is not stored: its own loader is asked about every file that opens.

The gateway app knows how to ask. It stands above this one, and so it enters its loader here when it starts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from certificates.identity import Identity
from certificates.pfx import Pfx, Problem, UnreadablePfx, open_pfx
from certificates.pfx.opening import turn
from certificates.sealing import Secret
from certificates.unloadable import reason_of

Loader = Callable[[Identity], str]  # returns the words it refuses with; empty if it loads
TrustLoader = Callable[[str], str]  # the same of authorities, PEM
_loaders: list[Loader] = []
_trust_loaders: list[TrustLoader] = []


class LoaderFailed(Exception):
    """The loader could not be asked, for a reason that lies in this installation and not in the file."""


def load_with(loader: Loader, trust_loader: TrustLoader) -> None:
    """Let *loader* tell which identities a gateway loads, and *trust_loader* which authorities. Called once, by the app that knows."""
    _loaders[:] = [loader]
    _trust_loaders[:] = [trust_loader]


def open_loadable(data: bytes, password: Secret, *, now: datetime) -> Pfx:
    """Return what the file *data* holds, as :func:`certificates.pfx.open_pfx` does, once the gateway's loader has taken it.

    :param now: of several certificates those valid now are taken
    :raises UnreadablePfx: if the file does not open, or ``NOT_LOADED``, or ``NOT_ASKED``
    """
    pfx = open_pfx(data, password, now=now)
    refuse_unloadable(pfx)
    return pfx


def refuse_unloadable(pfx: Pfx) -> None:
    """Ask the gateway's loader; few ask at once, as when files are opened.

    :raises UnreadablePfx: ``NOT_LOADED``, with the reason; ``NOT_ASKED`` or ``BUSY``, if the loader gave no answer
    """
    (loader,) = _loaders
    try:
        with turn():
            words = loader(Identity.of(pfx.certificate, pfx.chain, pfx.private_key))
    except LoaderFailed:
        raise UnreadablePfx(Problem.NOT_ASKED) from None
    if words:
        raise UnreadablePfx(Problem.NOT_LOADED, str(reason_of(words, (pfx.certificate, *pfx.chain))))


def refuse_unloadable_trust(pem: str, ders: Sequence[bytes]) -> None:
    """Ask the gateway's loader about authorities; few ask at once, as when files are opened.

    :param ders: the certificates in *pem*
    :raises UnreadablePfx: ``NOT_LOADED``, with the reason; ``NOT_ASKED`` or ``BUSY``, if the loader gave no answer
    """
    (loader,) = _trust_loaders
    try:
        with turn():
            words = loader(pem)
    except LoaderFailed:
        raise UnreadablePfx(Problem.NOT_ASKED) from None
    if words:
        raise UnreadablePfx(Problem.NOT_LOADED, str(reason_of(words, ders)))
