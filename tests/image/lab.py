"""A network of this machine's own, with a host for each name: network namespaces on a bridge. Names are told by a file of hosts."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from tests import debian

_NETWORK = "10.213.47"


class Lab:
    """The network; a context manager.

    :cvar addresses: that its hosts may have
    :ivar here: the address of this machine in it
    """

    addresses = tuple(f"{_NETWORK}.{number}" for number in range(1, 100))
    here = addresses[0]

    def __init__(self, names: Iterable[str], folder: Path, *, aliases: Mapping[str, str]) -> None:
        """Choose addresses; *aliases* are further names of hosts."""
        self._aliases = aliases
        self._label = f"pp{uuid4().hex[:6]}"
        self.address = dict(zip(names, self.addresses[1:], strict=False))
        self.hosts = folder / "hosts"
        self._namespaces: list[str] = []

    def __enter__(self) -> Self:
        """Make the bridge."""
        _ip("link", "add", self._label, "type", "bridge")
        _ip("address", "add", f"{self.here}/24", "dev", self._label)
        _ip("link", "set", self._label, "up")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Take all of it away."""
        for namespace in self._namespaces:
            _ip("netns", "delete", namespace)
        _ip("link", "delete", self._label)

    def tell_hosts(self) -> None:
        """Write the file of hosts."""
        lines = ["127.0.0.1 localhost", *(f"{address} {name}" for name, address in self.address.items())]
        lines += [f"{self.address[name]} {alias}" for alias, name in self._aliases.items()]
        self.hosts.write_text("\n".join([*lines, ""]), encoding="ascii")
        self.hosts.chmod(0o644)

    def join(self, name: str) -> Path:
        """Return the namespace of the host *name*, made if it is not there."""
        number = self.address[name].rpartition(".")[2]
        namespace, cable = f"{self._label}-{name}", f"{self._label}.{number}"
        if namespace not in self._namespaces:
            _ip("netns", "add", namespace)
            self._namespaces.append(namespace)
            _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", namespace)
            _ip("link", "set", cable, "master", self._label, "up")
            for interface in ("lo", "eth0"):
                _ip("-netns", namespace, "link", "set", interface, "up")
            _ip("-netns", namespace, "address", "add", f"{self.address[name]}/24", "dev", "eth0")
        return Path("/var/run/netns") / namespace

    def run(self, name: str, command: list[str]) -> str:
        """Return what *command*, run on the host *name*, prints."""
        inside = [debian.program("ip"), "netns", "exec", self.join(name).name, *command]
        return subprocess.run(inside, capture_output=True, text=True, check=True, timeout=60).stdout


def _ip(*arguments: str) -> None:
    subprocess.run([debian.program("ip"), *arguments], check=True)
