"""What an Envoy is started with."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from gateway.agent import envoy
from gateway.agent.bootstrap import GatewayBootstrap, UnixSocket, as_json, bootstrap
from gateway.agent.chosen import Chosen
from gateway.compile import Https
from gateway.management.commands.gateway import _write_settings


def validate(text: str, home: Path) -> None:
    """Let Envoy itself judge a bootstrap."""
    file = home / "bootstrap.json"
    file.write_text(text, encoding="utf-8")
    judged = subprocess.run(
        [envoy.binary(), "--mode", "validate", "--config-path", str(file), "--log-level", "error"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stderr


def test_envoy_takes_the_bootstrap_of_a_gateway_beside_the_portal(tmp_path: Path) -> None:
    chosen = GatewayBootstrap(
        node="here", agent=UnixSocket(path="agent.sock"), admin=UnixSocket(path="admin.sock"), trust_bundle=envoy.trust_bundle()
    )
    validate(as_json(bootstrap(chosen)), tmp_path)


def test_the_bootstrap_is_written_for_nobody_else_to_read(tmp_path: Path, settings: Settings) -> None:
    settings.PORTAL_HOME = tmp_path / "home"
    _write_settings()
    written = settings.PORTAL_HOME / "gateway.json"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    made = json.loads(written.read_text(encoding="utf-8"))
    assert made["admin"]["address"]["pipe"] == {"path": "gateway-admin.sock", "mode": 0o600}
    assert made["node"]["id"] == os.uname().nodename


def test_the_settings_say_where_admin_page_and_control_planes_are(settings: Settings) -> None:
    settings.GATEWAY_ADMIN_ADDRESS = ("127.0.0.1", 9901)
    settings.GATEWAY_XDS_ADDRESSES = (("portal.example.com", 18000), ("::1", 18001))
    settings.GATEWAY_NAME = "edge-1"
    assert envoy.chosen_bootstrap().admin == ("127.0.0.1", 9901)
    told = envoy.chosen_agent()
    assert ([str(place) for place in told.places], told.node) == (["portal.example.com:18000", "[::1]:18001"], "edge-1")
    assert Chosen.parse(told.as_json()) == told


def test_where_a_gateway_ends_tls_its_agent_is_told(settings: Settings) -> None:
    settings.GATEWAY_TLS_ADDRESS = None
    assert envoy.chosen_agent().listener.https is None
    settings.GATEWAY_TLS_ADDRESS, settings.GATEWAY_HTTP3, settings.GATEWAY_HTTPS_REDIRECT = ("::", 8443), True, True
    told = envoy.chosen_agent()
    assert told.listener.https == Https(host="::", port=8443, http3=True, instead_of_http=True)
    assert Chosen.parse(told.as_json()) == told


def test_envoy_is_the_one_that_pip_has_installed() -> None:
    said = subprocess.run([envoy.binary(), "--version"], capture_output=True, text=True, check=True).stdout
    assert "/1.40.0/" in said


def test_restarting_a_gateway_that_does_not_run_is_refused(tmp_path: Path, settings: Settings) -> None:
    settings.PORTAL_HOME = tmp_path
    with pytest.raises(CommandError, match="No gateway runs"):
        call_command("gateway", "restart")
