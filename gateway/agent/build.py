"""Which Envoy a binary is, and whether this portal may rely on it: what it is told was tested with one version. [pure]"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

TESTED = (1, 40)  # the version that requirements.txt brings, and that all tests run with
_SECONDS = 10.0
# What `envoy --version` says, its commit, version, state of the tree, kind of build and TLS library, with slashes between
_SAID = re.compile(r"version: [0-9a-f]*/(?P<version>(?P<major>\d+)\.(?P<minor>\d+)\.[^/]+)/[^/]+/[^/]+/(?P<tls>\S+)")


class NotEnvoy(Exception):
    """A program that is no Envoy, or none of this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """An Envoy.

    :ivar version: in its own words, for instance ``1.40.0``
    :ivar tls: what it speaks TLS with
    """

    version: str
    number: tuple[int, int]
    tls: str

    @property
    def refusal(self) -> str:
        """Why no gateway may run it; empty: one may."""
        if self.number < TESTED:
            return f"is Envoy {self.version}, which knows too little: {_tested()} or later is needed"
        if not self.tls.startswith("BoringSSL"):
            return f"speaks TLS by {self.tls}: certificates and connections are judged as BoringSSL does"
        return ""

    @property
    def doubt(self) -> str:
        """Why it may behave otherwise than is known; empty: it should not."""
        return f"is Envoy {self.version}; this portal was tested with {_tested()}" if self.number > TESTED else ""


def build_of(binary: str) -> Build:
    """Return which Envoy *binary* is; it is started for it.

    :raises NotEnvoy: if it does not say so
    """
    try:
        said = subprocess.run(  # noqa: S603 - whoever runs the portal has named it
            [binary, "--version"], stdin=subprocess.DEVNULL, capture_output=True, env={}, cwd="/", timeout=_SECONDS, check=False
        ).stdout.decode(errors="replace")
    except OSError as error:
        raise NotEnvoy(f"{binary} cannot be started: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise NotEnvoy(f"{binary} does not say its version") from error
    if not (found := _SAID.search(said)):
        raise NotEnvoy(f"{Path(binary).name} is no Envoy: it does not say its version as Envoy does")
    return Build(version=found["version"], number=(int(found["major"]), int(found["minor"])), tls=found["tls"])


def _tested() -> str:
    return ".".join(map(str, TESTED))
