"""The three processes one by one, as services of a machine run them: each says when it is ready, and all logs are objects."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from kit.ports import free_ports
from tests.processes import PROJECT, Portal

WITHIN_SECONDS = 120.0
SERVICES = {"xds": ("xds",), "portal": ("portal", "run"), "gateway": ("gateway", "run")}
READY = {"xds": "Serving gateways", "portal": "Answering pages", "gateway": "Answering calls"}


class Service:
    """One process, and what it tells whoever runs it."""

    def __init__(self, name: str, environment: dict[str, str], folder: Path) -> None:
        """Start it."""
        self._told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._told.bind(str(folder / f"{name}.notify"))
        self.log = folder / f"{name}.log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", *SERVICES[name]],
                cwd=PROJECT,
                env={**environment, "NOTIFY_SOCKET": str(folder / f"{name}.notify"), "WATCHDOG_USEC": "2000000"},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def tells(self, state: str) -> str:
        """Wait until it tells *state*; return all that it tells with it."""
        until = time.monotonic() + WITHIN_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            self._told.settimeout(1)
            try:
                told = self._told.recv(4096).decode()
            except TimeoutError:
                continue
            if state in told.splitlines():
                return told
        raise AssertionError(f"{state} was not told:\n{self.log.read_text()}")

    def end(self) -> int:
        """End it and return its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(WITHIN_SECONDS)

    def close(self) -> None:
        """Leave nothing behind."""
        self._told.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()


def objects(text: str) -> list[dict[str, Any]]:
    told = [json.loads(line) for line in text.splitlines()]
    assert all(one.keys() >= {"time", "level", "logger", "message", "process"} for one in told)
    return told


def test_each_service_says_when_it_is_ready_and_logs_objects_alone(tmp_path: Path) -> None:
    ports = free_ports(2)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PORTAL_", "GATEWAY_", "DATABASE_"))},
        "PORTAL_HOME": str(tmp_path / "home"),
        "PORTAL_ADDRESS": f"127.0.0.1:{ports[0]}",
        "GATEWAY_ADDRESS": f"127.0.0.1:{ports[1]}",
        "PORTAL_LOG_FORMAT": "json",
    }
    made = subprocess.run([sys.executable, "manage.py", "setup"], cwd=PROJECT, env=environment, capture_output=True, text=True, check=True)
    assert objects(made.stdout)[-1]["message"] == "Everything is set up."
    services: dict[str, Service] = {}
    with contextlib.ExitStack() as all_services:
        for name in SERVICES:
            services[name] = Service(name, environment, tmp_path)
            all_services.callback(services[name].close)
            assert f"STATUS={READY[name]}" in services[name].tells("READY=1")
        services["xds"].tells("WATCHDOG=1")
        assert {name: service.end() for name, service in services.items()} == dict.fromkeys(SERVICES, 0)

    processes = {one["process"] for service in services.values() for one in objects(service.log.read_text())}
    assert processes >= {"xds", "portal", "agent"}


@pytest.mark.parametrize("level", ["info", "warning"])
def test_serve_hands_on_objects_of_the_level_that_is_set_and_no_password(tmp_path: Path, level: str) -> None:
    environment = {"PORTAL_LOG_FORMAT": "json", "PORTAL_LOG_LEVEL": level}
    with Portal(tmp_path / "home", environment, command=(sys.executable, "manage.py", "serve")) as portal:
        password = (portal.home / "administrator-password").read_text()

    told = objects(portal.said)

    assert {one["process"] for one in told} >= {"serve", "portal"}
    assert any(re.match(r"Compiled \d+ resources", one["message"]) for one in told) is (level == "info")
    assert password not in portal.said
