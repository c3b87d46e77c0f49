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
from gateway.agent.bootstrap import GatewayBootstrap, MutualTls, UnixSocket, as_json, bootstrap
from gateway.management.commands.gateway import _write_bootstrap
from tests.issuing import issue


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
        node="here", control_plane=UnixSocket(path="xds.sock"), admin=UnixSocket(path="admin.sock"), trust_bundle=envoy.trust_bundle()
    )
    validate(as_json(bootstrap(chosen)), tmp_path)


@pytest.mark.parametrize("host", ["portal.example.com", "127.0.0.1", "::1"])
def test_envoy_takes_the_bootstrap_of_a_gateway_on_its_own(tmp_path: Path, host: str) -> None:
    identity = issue("gateway")
    for name, content in (("certificate.pem", identity.pem), ("private-key.pem", identity.key_pem), ("authority.pem", identity.pem)):
        (tmp_path / name).write_text(content, encoding="ascii")
    place = MutualTls(
        host=host,
        port=18000,
        certificate_file=tmp_path / "certificate.pem",
        private_key_file=tmp_path / "private-key.pem",
        authority_file=tmp_path / "authority.pem",
    )
    chosen = GatewayBootstrap(node="there", control_plane=place, admin=("127.0.0.1", 9901), trust_bundle=envoy.trust_bundle())
    text = as_json(bootstrap(chosen))
    assert "PRIVATE KEY" not in text
    validate(text, tmp_path)


def test_the_bootstrap_is_written_for_nobody_else_to_read(tmp_path: Path, settings: Settings) -> None:
    settings.PORTAL_HOME = tmp_path / "home"
    _write_bootstrap()
    written = settings.PORTAL_HOME / "gateway.json"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    made = json.loads(written.read_text(encoding="utf-8"))
    assert made["admin"]["address"]["pipe"] == {"path": "gateway-admin.sock", "mode": 0o600}
    assert made["node"]["id"] == os.uname().nodename


def test_the_settings_say_where_admin_page_and_control_plane_are(tmp_path: Path, settings: Settings) -> None:
    settings.GATEWAY_ADMIN_ADDRESS = ("127.0.0.1", 9901)
    settings.GATEWAY_XDS_ADDRESS = ("portal.example.com", 18000)
    settings.GATEWAY_NAME = "edge-1"
    chosen = envoy.chosen_bootstrap()
    assert chosen.admin == ("127.0.0.1", 9901)
    assert isinstance(chosen.control_plane, MutualTls)
    assert (chosen.control_plane.host, chosen.control_plane.port, chosen.node) == ("portal.example.com", 18000, "edge-1")


def test_envoy_is_the_one_that_pip_has_installed() -> None:
    said = subprocess.run([envoy.binary(), "--version"], capture_output=True, text=True, check=True).stdout
    assert "/1.40.0/" in said


def test_restarting_a_gateway_that_does_not_run_is_refused(tmp_path: Path, settings: Settings) -> None:
    settings.PORTAL_HOME = tmp_path
    with pytest.raises(CommandError, match="No gateway runs"):
        call_command("gateway", "restart")
