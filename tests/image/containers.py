"""Starts the services of deploy/compose.yaml from the built image with runc, as an engine does: what the file says, and nothing else.

Of what compose files may say it knows what this one says. The database's image comes from a registry; PostgreSQL runs here instead.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests import debian
from tests.image.building import Image
from tests.image.lab import Lab
from tests.processes import PROJECT

_USER = 10001  # of the Containerfile
_HEALTHY_SECONDS, _ONCE_SECONDS, _END_SECONDS = 120.0, 120.0, 10.0
# What container engines mount besides.
_MOUNTS: list[dict[str, Any]] = [
    {"destination": "/proc", "type": "proc", "source": "proc"},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=65536k"]},
    {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666"]},
    {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=64m"]},  # noqa: S108 - the engines' place
]


def services() -> dict[str, dict[str, Any]]:
    """Return the services of the compose file by name; tests call portals by their addresses."""
    text = (PROJECT / "deploy" / "compose.yaml").read_text(encoding="utf-8")
    for name, default in re.findall(r"\$\{(\w+):-([^}]*)\}", text):
        text = text.replace(f"${{{name}:-{default}}}", {"PORTAL_ALLOWED_HOSTS": '"*"'}.get(name, default))
    told: dict[str, dict[str, Any]] = yaml.safe_load(text)["services"]
    return told


# What the profile of Docker and Kubernetes forbids to who has no capability (moby, profiles/seccomp/default.json), of what we would use.
_FORBIDDEN = {
    "defaultAction": "SCMP_ACT_ALLOW",
    "syscalls": [
        {
            "names": ["pidfd_getfd", "unshare", "setns", "mount", "umount2", "pivot_root", "bpf", "kcmp", "keyctl", "io_uring_setup"],
            "action": "SCMP_ACT_ERRNO",
            "errnoRet": errno.EPERM,
        },
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno.ENOSYS},
    ],
}


@dataclass
class Container:
    """One service, started.

    :ivar said: what it has written to its standard output and error
    """

    identifier: str
    process: subprocess.Popen[bytes]
    log: Path
    state: str

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it, as its own user."""
        inside = [debian.program("runc"), "--root", self.state, "exec", self.identifier, *command]
        return subprocess.run(inside, capture_output=True, text=True, check=False, timeout=60)

    def stop(self) -> int:
        """End it as engines do, with a signal, and after a while without asking; return its exit code."""
        for sent in ("TERM", "KILL"):
            if self.process.poll() is not None:
                break
            subprocess.run([debian.program("runc"), "--root", self.state, "kill", self.identifier, sent], check=False)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(_END_SECONDS)
        return self.process.wait(_END_SECONDS)


@dataclass
class Engine:
    """Starts services in a lab, each after those that it depends on.

    :ivar folder: what their volumes, logs and bundles lie in
    """

    image: Image
    lab: Lab
    folder: Path
    started: dict[str, Container] = field(default_factory=dict)

    def up(self, name: str) -> Container | None:
        """Start a service, and before it what it depends on; return it once that is done. The database is somebody else's."""
        if name == "database":
            return None
        if name not in self.started:
            service = services()[name]
            for other, how in service.get("depends_on", {}).items():
                container = self.up(other)
                if container and how["condition"] == "service_completed_successfully":
                    assert container.process.wait(_ONCE_SECONDS) == 0, container.said
            self.started[name] = self.start(name, service)
        return self.started[name]

    def start(self, name: str, service: dict[str, Any]) -> Container:
        """Start what *service* says as the host *name*."""
        told = self.image.configuration
        process = {
            "args": [*service.get("entrypoint", told["Entrypoint"]), *(one.replace("$$", "$") for one in service["command"])],
            "env": self.image.environment(service.get("environment", {})),
        }
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        return self.launch(name, process, self._mounts(service))

    def launch(self, name: str, process: dict[str, Any], mounts: list[dict[str, Any]]) -> Container:
        """Start a process from the image as the host *name*: as the image's user, on a read-only root, without a capability."""
        bundle = self.folder / "bundles" / name
        bundle.mkdir(parents=True, exist_ok=True)
        (bundle / "config.json").write_text(json.dumps(self._specification(name, process, mounts)), encoding="utf-8")
        log, state = self.folder / f"{name}.log", str(self.folder / "state")
        identifier = f"{self.lab.join(name).name}-{time.monotonic_ns()}"
        with log.open("ab") as output:
            command = [debian.program("runc"), "--root", state, "run", "--bundle", str(bundle), identifier]
            running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        return Container(identifier, running, log, state)

    def await_healthy(self, name: str) -> None:
        """Wait until the service's own health check succeeds."""
        container, (kind, *check) = self.started[name], services()[name]["healthcheck"]["test"]
        assert kind == "CMD"
        until = time.monotonic() + _HEALTHY_SECONDS
        while (tried := container.run(*check)).returncode:
            assert container.process.poll() is None, container.said
            assert time.monotonic() < until, container.said + tried.stdout + tried.stderr
            time.sleep(0.3)

    def down(self) -> dict[str, int]:
        """End all and return their exit codes."""
        return {name: container.stop() for name, container in reversed(self.started.items())}

    def volume(self, name: str) -> Path:
        """Return a volume's folder: a new one belongs to whom the image's folder belongs to, where engines mount it."""
        folder = self.folder / "volumes" / name
        if not folder.exists():
            folder.mkdir(parents=True, mode=0o700)
            os.chown(folder, _USER, _USER)
        return folder

    def _specification(self, name: str, process: dict[str, Any], mounts: list[dict[str, Any]]) -> dict[str, Any]:
        """Return what runc is told (OCI runtime specification)."""
        told = self.image.configuration
        user, _, group = told["User"].partition(":")
        own = {"user": {"uid": int(user), "gid": int(group)}, "cwd": told["WorkingDir"], "capabilities": {}, "noNewPrivileges": True}
        return {
            "ociVersion": "1.0.2",
            "process": process | own,
            "root": {"path": str(self.image.root), "readonly": True},
            "hostname": name,
            "mounts": [*_MOUNTS, bound(self.lab.hosts, "/etc/hosts", "ro"), *mounts],
            "linux": {
                "namespaces": [*({"type": kind} for kind in ("pid", "ipc", "uts", "mount")), self._network(name)],
                "seccomp": _FORBIDDEN,
            },
        }

    def _network(self, name: str) -> dict[str, str]:
        return {"type": "network", "path": str(self.lab.join(name))}

    def _mounts(self, service: dict[str, Any]) -> list[dict[str, Any]]:
        mounts = []
        for place in service.get("tmpfs", []):
            destination, _, options = place.partition(":")
            mode = [*(options.split(",") if options else ["mode=1777"]), "nosuid", "nodev"]
            mounts.append({"destination": destination, "type": "tmpfs", "source": "tmpfs", "options": mode})
        for volume in service.get("volumes", []):
            name, destination, *mode = volume.split(":")
            mounts.append(bound(self.volume(name), destination, mode[0] if mode else "rw"))
        return mounts


def bound(source: Path, destination: str, mode: str) -> dict[str, Any]:
    """Return how a folder or file of this machine is mounted."""
    return {"destination": destination, "type": "bind", "source": str(source), "options": ["bind", mode]}
