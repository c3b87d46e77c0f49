"""From a checkout to the README's call, by the image and compose.yaml alone."""

from __future__ import annotations

import json
import os
import re
import shlex
import time
from dataclasses import dataclass

import pytest

from tests.image.building import Image
from tests.image.conftest import HEALTHY
from tests.image.containers import Engine, bound, services
from tests.image.lab import Lab
from tests.whole.visitor import Visitor

_MEGABYTE = 1024 * 1024
_LARGEST = 450 * _MEGABYTE  # beside the base
_LIVE_SECONDS, _ALONE_SECONDS = 20.0, 120.0
pytestmark = pytest.mark.allow_hosts(["127.0.0.1", "::1", *Lab.addresses])  # of this machine's own hosts


@dataclass(frozen=True)
class Place:
    """One of the portals."""

    url: str
    password: str
    user_name: str = "admin"


def visitor(engine: Engine, name: str) -> Visitor:
    password = (engine.volume("secrets") / "administrator-password").read_text()
    return Visitor(Place(f"http://{engine.lab.address[name]}:8000", password))


def call_to_try(engine: Engine) -> list[str]:
    """Return the curl line that the demonstration ends in, as a command."""
    (line,) = [line for line in engine.started["how-to-try"].said.splitlines() if line.startswith("curl ")]
    return shlex.split(line)


def answer_at(engine: Engine, gateway: str) -> tuple[int, str]:
    """Make the call on a gateway's own machine, whose port is the published one."""
    head, _, body = engine.lab.run(gateway, call_to_try(engine)).partition("\n\n")
    return int(head.split()[1]), body


def answer_that_comes(engine: Engine, gateway: str, status: int, words: str) -> str:
    until = time.monotonic() + _LIVE_SECONDS
    while (answer := answer_at(engine, gateway))[0] != status or words not in answer[1]:
        assert time.monotonic() < until, answer
        time.sleep(0.2)
    return answer[1]


def test_the_readmes_call_succeeds_once_the_certificate_is_chosen(engine: Engine) -> None:
    answer_that_comes(engine, "gateway-1", 502, "client certificate")

    folder = engine.volume("demonstration") / "demo"
    first, second = visitor(engine, "portal-1"), visitor(engine, "portal-2")
    password = (folder / "demo-client-password").read_text()
    uploaded = first.submit(
        "/security/client-certificates/upload/", {"password": password, "name": "demo"}, file=(folder / "demo-client.pfx").read_bytes()
    )
    assert uploaded.status_code == 303, uploaded.text
    chosen = second.submit("/apis/orders/security/", {"credentials": "client-certificate", "certificate": "demo"})
    assert chosen.status_code == 303, chosen.text

    for gateway in ("gateway-1", "gateway-2"):
        assert json.loads(answer_that_comes(engine, gateway, 200, "accepted"))["clientCertificate"]["subject"]


@pytest.mark.parametrize("name", HEALTHY)
def test_a_role_runs_as_nobody_in_particular_and_writes_to_its_own_folders_alone(engine: Engine, name: str) -> None:
    container = engine.started[name]
    assert container.run("id", "-u").stdout.strip() == "10001"
    assert {line.split()[1] for line in container.run("cat", "/proc/1/status").stdout.splitlines() if line.startswith("Cap")} == {"0" * 16}
    for place in ("/opt/publisher-portal/x", "/etc/x", "/usr/x"):
        assert container.run("touch", place).returncode
    assert container.run("touch", "/var/lib/publisher-portal/x").returncode == 0


def test_a_gateway_sees_no_secret_but_its_own(engine: Engine) -> None:
    container = engine.started["gateway-1"]
    assert container.run("ls", "/etc/publisher-portal").stdout == ""
    environment = container.run("cat", "/proc/1/environ").stdout
    assert "DATABASE" not in environment
    assert "SECRET" not in environment


def test_no_secret_stands_in_an_environment_or_an_argument(engine: Engine) -> None:
    secrets = [file.read_text().strip() for file in engine.volume("secrets").iterdir()]
    assert len(secrets) == 5
    told = json.dumps(services())
    for container in engine.started.values():
        told += container.said
    for name in HEALTHY:
        told += engine.started[name].run("cat", "/proc/1/environ", "/proc/1/cmdline").stdout
    assert not [secret for secret in secrets if secret in told]


def test_when_a_control_plane_ends_changes_go_live_through_the_other(engine: Engine) -> None:
    publisher = visitor(engine, "portal-1")
    engine.started["control-plane-1"].stop()
    try:
        api = {
            "display_name": "Other",
            "name": "other",
            "path": "other",
            "service_url": "https://back-end:9443",
            "subscription_required": "on",
        }
        assert publisher.submit("/apis/new/", api).status_code == 303
        operation = {"display_name": "All", "method": "*", "url_template": "/*"}
        assert publisher.submit("/apis/other/operations/new/", operation).status_code == 303
        for gateway in ("gateway-1", "gateway-2"):
            _await(engine, gateway, "http://127.0.0.1:8080/other/x", 401)
    finally:
        engine.started["control-plane-1"] = engine.start("control-plane-1", services()["control-plane-1"])
        engine.await_healthy("control-plane-1")


def _await(engine: Engine, gateway: str, url: str, status: int) -> None:
    until = time.monotonic() + _LIVE_SECONDS
    command = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", url]
    while int(told := engine.lab.run(gateway, command)) != status:
        assert time.monotonic() < until, told
        time.sleep(0.2)


def test_a_new_start_keeps_what_there_is(engine: Engine) -> None:
    enrolled = (engine.volume("gateway-1") / "gateway-identity" / "certificate.pem").read_bytes()
    for name in ("secrets", "setup", "enrolment-1"):
        again = engine.start(name, services()[name])
        assert again.process.wait(60) == 0, again.said
    assert (engine.volume("gateway-1") / "gateway-identity" / "certificate.pem").read_bytes() == enrolled


@pytest.mark.parametrize("name", HEALTHY)
def test_a_role_ends_by_itself_when_it_is_asked_to(engine: Engine, name: str) -> None:
    try:
        assert engine.started[name].stop() == 0
    finally:
        engine.started[name] = engine.start(name, services()[name])
        engine.await_healthy(name)


def test_told_nothing_it_is_a_portal_with_a_gateway(engine: Engine) -> None:
    told = engine.image.configuration
    process = {"args": [*told["Entrypoint"], *told["Cmd"]], "env": engine.image.environment({})}
    temporary = {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["mode=1777"]}  # noqa: S108 - as engines mount it
    alone = engine.launch("alone", process, [temporary, bound(engine.volume("alone"), "/var/lib/publisher-portal", "rw")])
    try:
        until = time.monotonic() + _ALONE_SECONDS
        while "Ctrl-C ends it all." not in alone.said:
            assert time.monotonic() < until, alone.said
            time.sleep(0.2)
        page = engine.lab.run("alone", ["curl", "--fail", "http://localhost:8000/accounts/login/"])
        (style,) = re.findall(r'href="(/static/portal\.\w+\.css)"', page)
        assert engine.lab.run("alone", ["curl", "--fail", f"http://localhost:8000{style}"])
        engine.lab.run("alone", ["curl", "--fail", "http://localhost:8080/status-0123456789abcdef"])
    finally:
        assert alone.stop() == 0, alone.said


@pytest.mark.parametrize(("mode", "ends"), [(0o440, 0), (0o444, 1)])
def test_a_ring_that_is_mounted_for_its_group_is_taken_and_one_for_all_to_read_is_not(engine: Engine, mode: int, ends: int) -> None:
    ring = engine.volume("mounted") / "ring"
    ring.write_bytes((engine.volume("secrets") / "encryption-keys").read_bytes())
    os.chown(ring, 0, 10001)
    ring.chmod(mode)
    engine.volume("mounted").chmod(0o755)
    service = services()["setup"]
    service["environment"]["PORTAL_ENCRYPTION_KEYS_FILE"] = "/mnt/ring"
    service["volumes"].append("mounted:/mnt:ro")
    again = engine.start("setup", service | {"command": ["encryption", "report"]})
    assert again.process.wait(60) == ends, again.said
    assert ends == 0 or "Others may read the encryption keys in /mnt/ring" in again.said


def test_the_image_is_small_and_holds_the_product_alone(image: Image) -> None:
    product = image.root / "opt" / "publisher-portal"
    assert sum(file.stat().st_size for file in product.rglob("*") if file.is_file() and not file.is_symlink()) < _LARGEST
    assert not {"tests", "benchmarks", "wheels", ".git", "var", "docs/decisions"} & {
        str(path.relative_to(product)) for path in (*product.iterdir(), *(product / "docs").iterdir())
    }
    assert not [path for path in product.rglob("*") if path.stat().st_uid or path.stat().st_mode & 0o022]
