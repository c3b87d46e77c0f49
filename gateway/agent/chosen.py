"""What an agent is told when it is started: settings, none of them secret, in a file, because it knows nothing of the portal. [pure]"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gateway.compile import Collector, GatewayListener, Https, Telemetry

FILE = "gateway-agent.json"
_PATHS = ("identity", "renewals", "trust_bundle")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a control plane is: on this machine, or on another one."""

    host: str = ""  # empty: this machine, over its socket
    port: int = 0

    def __str__(self) -> str:
        """Return it as people write it."""
        return (f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}") if self.host else "this machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The settings of one agent.

    :ivar node: the gateway's name
    :ivar envoy: the version of its Envoy
    :ivar places: of its control planes, tried in this order
    :ivar identity: the folder with what it was enrolled with
    :ivar renewals: the folder where a renewal of that is kept
    :ivar keep_hours: how old a kept configuration may be; 0: none is kept
    :ivar trust_bundle: the file of the authorities that its back ends are checked against
    :ivar admin: where Envoy's admin page is, ``None``: on its socket
    :ivar health: where it tells how it is, host and port; ``None``: at a socket in its home
    """

    node: str
    envoy: str
    listener: GatewayListener
    places: tuple[Place, ...]
    identity: Path
    renewals: Path
    keep_hours: int
    trust_bundle: Path | None = None
    admin: tuple[str, int] | None = None
    health: tuple[str, int] | None = None

    def as_json(self) -> str:
        """Return it as the file holds it."""
        return json.dumps(asdict(self) | {name: str(getattr(self, name)) for name in _PATHS if getattr(self, name)}, indent=1)

    @classmethod
    def parse(cls, text: str) -> Chosen:
        """Return what a file says."""
        said = json.loads(text)
        listener = said["listener"]
        https = Https(**listener["https"]) if listener["https"] else None
        said["listener"] = GatewayListener(**(listener | {"https": https, "telemetry": _telemetry(listener.get("telemetry") or {})}))
        said["places"] = tuple(Place(**place) for place in said["places"])
        said |= {name: Path(said[name]) for name in _PATHS if said.get(name)}
        said["admin"] = tuple(said["admin"]) if said.get("admin") else None
        host, port = said.get("health") or (None, None)
        said["health"] = (host, port) if host else None
        return cls(**said)


def _telemetry(said: dict[str, Any]) -> Telemetry:
    collector = Collector(**said["collector"]) if said.get("collector") else None
    return Telemetry(**(said | {"collector": collector}))
