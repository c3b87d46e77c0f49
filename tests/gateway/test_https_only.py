"""A gateway that sends callers to HTTPS, and speaks HTTP/3 there."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.checks import run_checks
from pytest_django.fixtures import Settings

from apis.gateway_call import GatewayUnreachable, call
from apis.policy.model import ValidateClientCertificate
from gateway.compile import STATUS_PATH, Served
from kit.issuing import Issued, issue
from tests.gateway import http3
from tests.gateway.backends import Backend
from tests.gateway.gateways import Gateway, open_to_all, policy
from tests.gateway.tls_callers import call_on, connected, context_of
from tests.makers import make_server_certificate

pytestmark = pytest.mark.any_database

HOST = "api.example.com"


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory, authority: Issued) -> Iterator[Gateway]:
    """Return a gateway of that kind."""
    running = Gateway(tmp_path_factory.mktemp("edge"), http3=True, instead_of_http=True)
    running.serve_https((issue("edge", by=authority, hosts=(HOST,)), Served(certificate_id=1, hosts=(HOST,), rest=True)))
    yield running
    running.stop()


@pytest.fixture
def api(edge: Gateway, plain: Backend) -> Iterator[str]:
    """Return the path of an API that is open to all."""
    one = open_to_all(policy(1, "orders", port=plain.port, scheme="http", presents=False))
    assert not edge.publish(one)
    yield "/orders"
    edge.withdraw(one)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_call_by_http_is_sent_to_the_same_address_by_https(edge: Gateway, api: str, plain: Backend, method: str) -> None:
    answer = edge.call(f"{api}/1?a=b%20c", method=method, headers={"Host": "api.example.com:80"})
    assert answer.status == 308
    assert answer.headers["location"] == f"https://api.example.com:{edge.https_port}/orders/1?a=b%20c"
    assert answer.json["statusCode"] == 308
    assert not plain.calls


def test_an_address_in_brackets_stays_one(edge: Gateway) -> None:
    answer = edge.call("/orders", headers={"Host": "[2001:db8::1]:8080"})
    assert answer.headers["location"] == f"https://[2001:db8::1]:{edge.https_port}/orders"


def test_the_status_address_answers_by_http(edge: Gateway) -> None:
    assert edge.call(STATUS_PATH).status == 200


def test_a_call_by_https_goes_on_and_is_told_of_http_3(edge: Gateway, api: str, authority: Issued) -> None:
    with connected(edge.https_port, context_of(authority), name=HOST) as connection:
        answer = call_on(connection, f"{api}/1", host=HOST)
    assert answer.status == 200
    assert answer.headers["alt-svc"] == f'h3=":{edge.https_port}"; ma=86400'


def test_a_call_by_http_3_reaches_the_back_end(edge: Gateway, api: str, authority: Issued, plain: Backend) -> None:
    answer = http3.get(edge.https_port, f"{api}/1", host=HOST, authority=authority)
    assert answer.status == 200
    assert plain.calls[-1].header("x-forwarded-proto") == "https"


def test_what_needs_a_certificate_is_not_answered_by_http_3(edge: Gateway, authority: Issued, plain: Backend) -> None:
    one = open_to_all(
        policy(2, "partners", port=plain.port, scheme="http", presents=False, inbound=(ValidateClientCertificate(trusted=False),))
    )
    assert not edge.publish(one)
    answer = http3.get(edge.https_port, "/partners/1", host=HOST, authority=authority)
    edge.withdraw(one)
    assert answer.status == 403
    assert not plain.calls


def test_no_private_key_is_seen_on_envoys_own_page(edge: Gateway, authority: Issued) -> None:
    issued = issue("secret", by=authority, hosts=("secret.example.com",))
    edge.serve_https(
        (issue("edge", by=authority, hosts=(HOST,)), Served(certificate_id=1, hosts=(HOST,), rest=True)),
        (issued, Served(certificate_id=2, hosts=("secret.example.com",))),
    )
    dump = edge.admin("/config_dump?include_eds")
    assert "server-2" in dump
    encoded = base64.b64encode(issued.key_pem.encode()).decode()
    for secret in (issued.key_pem.splitlines()[1], encoded[40:80], "BEGIN PRIVATE KEY"):
        assert secret not in dump


def test_the_usual_clients_call_it(edge: Gateway, api: str, authority: Issued, plain: Backend, tmp_path: Path) -> None:
    """Curl by HTTP/2 and HTTP/1.1, node by its own library, and openssl, which says what was agreed on."""
    for program in ("curl", "node", "openssl"):
        assert shutil.which(program), f"{program} is not installed; on Debian: apt-get install curl nodejs openssl"
    trusted = tmp_path / "authority.pem"
    trusted.write_text(authority.pem)
    resolve = ["--resolve", f"{HOST}:{edge.https_port}:127.0.0.1", "--cacert", str(trusted), "--silent"]
    for version, spoken in (("--http2", "2"), ("--http1.1", "1.1")):
        said = _output(
            "curl", *resolve, version, "-o", "/dev/null", "-w", "%{http_code} %{http_version}", f"https://{HOST}:{edge.https_port}{api}/1"
        )
        assert said == f"200 {spoken}"
    script = (
        "const https = require('https'), fs = require('fs');"
        f"https.get({{host: '127.0.0.1', servername: '{HOST}', port: {edge.https_port}, path: '{api}/1', headers: {{host: '{HOST}'}},"
        f" ca: fs.readFileSync('{trusted}')}}, answer => {{ console.log(answer.statusCode); answer.resume(); }});"
    )
    assert _output("node", "-e", script).strip() == "200"
    said = _output(
        "openssl", "s_client", "-connect", f"127.0.0.1:{edge.https_port}", "-servername", HOST, "-CAfile", str(trusted), "-brief"
    )
    assert "Protocol version: TLSv1.3" in said
    assert "Verification: OK" in said
    assert len(plain.calls) == 3


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True, input="", timeout=30)
    return done.stdout + done.stderr


def test_the_portal_itself_calls_it_by_https_and_knows_it_by_its_certificates(
    edge: Gateway, api: str, authority: Issued, db: None, settings: Settings
) -> None:
    shown = issue("edge", by=authority, hosts=(HOST,))
    edge.serve_https((shown, Served(certificate_id=1, hosts=(HOST,), rest=True)))
    settings.GATEWAY_PORT = edge.port
    settings.GATEWAY_TLS_ADDRESS = ("127.0.0.1", edge.https_port)
    settings.GATEWAY_HTTPS_REDIRECT = True
    make_server_certificate("another")
    with pytest.raises(GatewayUnreachable):
        call("GET", f"{api}/1", headers={})
    make_server_certificate("edge", shown)
    assert call("GET", f"{api}/1", headers={}).status == 200
    assert call("GET", f"{api}/1", headers={}, host=HOST).status == 200


@pytest.mark.django_db
def test_where_callers_are_sent_to_https_and_nobody_serves_it_the_start_warns(settings: Settings) -> None:
    def warnings() -> list[str]:
        return [str(one.msg) for one in run_checks(databases=["default"]) if one.id == "gateway.W002"]

    settings.GATEWAY_TLS_ADDRESS, settings.GATEWAY_HTTPS_REDIRECT = ("127.0.0.1", 8443), False
    assert warnings() == []
    settings.GATEWAY_HTTPS_REDIRECT = True
    assert "Security → Server certificates" in warnings()[0]
    make_server_certificate("edge")
    assert warnings() == []


def test_without_a_server_certificate_no_call_goes_on_unencrypted(tmp_path: Path, plain: Backend) -> None:
    lonely = Gateway(tmp_path, instead_of_http=True)
    try:
        assert not lonely.publish(open_to_all(policy(1, "orders", port=plain.port, scheme="http", presents=False)))
        assert lonely.call("/orders/1").status == 308
    finally:
        lonely.stop()
    assert not plain.calls
