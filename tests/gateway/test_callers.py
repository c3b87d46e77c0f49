"""Callers' certificates: asked for, passed on, required; and nobody else's word for them is believed."""

from __future__ import annotations

import base64
import dataclasses
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from apis.policy.model import CallerIdentity, Policy, ValidateClientCertificate
from gateway.compile import Served
from kit.issuing import Issued, impersonated, issue, rsa_key
from tests.debian import program
from tests.gateway.backends import Backend
from tests.gateway.gateways import KEY, Answer, Gateway, open_to_all, policy
from tests.gateway.tls_callers import call_on, connected, context_of

HOST, SILENT_HOST = "api.example.com", "silent.example.com"
MISSING, INVALID = "Access denied due to missing client certificate", "Access denied due to invalid client certificate"


@pytest.fixture(scope="module")
def partners() -> Issued:
    """Return the authority of partners."""
    return issue("Partners", authority=True)


@pytest.fixture(scope="module")
def strangers() -> Issued:
    """Return an authority that another API trusts."""
    return issue("Strangers", authority=True)


@pytest.fixture
def edge(gateway: Gateway, authority: Issued) -> Gateway:
    """Return the gateway with two host names, of which one asks callers for certificates."""
    gateway.serve_https(
        (issue("edge", by=authority, hosts=(HOST,)), Served(certificate_id=1, hosts=(HOST,), asks=True)),
        (issue("silent", by=authority, hosts=(SILENT_HOST,)), Served(certificate_id=2, hosts=(SILENT_HOST,), rest=True)),
    )
    return gateway


Publish = Callable[..., str]


@pytest.fixture
def publish(edge: Gateway, plain: Backend, new_api: Callable[[], int]) -> Iterator[Publish]:
    """Return what publishes an API with a rule about callers' certificates and returns its path; it goes when the test ends."""
    published: list[Policy] = []

    def publish(rule: ValidateClientCertificate, *, authorities: str = "", key: bool = False, path: str | None = None) -> str:
        number = new_api()
        one = policy(number, f"callers-{number}" if path is None else path, port=plain.port, scheme="http", presents=False, inbound=(rule,))
        one = dataclasses.replace(one if key else open_to_all(one), caller_authorities=authorities)
        assert not edge.publish(one)
        published.append(one)
        return f"/{one.path}" if one.path else ""

    yield publish
    for one in published:
        edge.withdraw(one)


def _call(
    edge: Gateway,
    authority: Issued,
    path: str,
    certificate: Issued | None = None,
    *,
    sni: str = HOST,
    host: str = HOST,
    key: str = "",
    forged: str = "",
) -> Answer:
    context = context_of(authority, certificate=certificate)
    with connected(edge.https_port, context, name=sni) as connection:
        headers = {**({"Ocp-Apim-Subscription-Key": key} if key else {}), **({forged: "forged"} if forged else {})}
        return call_on(connection, f"{path}/x", host=host, headers=headers)


def _named(name: str, by: Issued, **more: object) -> Issued:
    return issue(name, by=by, hosts=(f"{name}.example.com",), **more)  # type: ignore[arg-type]


def test_of_a_certificate_that_is_passed_on_the_back_end_reads_everything(
    edge: Gateway, authority: Issued, partners: Issued, plain: Backend, publish: Publish
) -> None:
    path = publish(ValidateClientCertificate(required=False, trusted=False))
    partner = _named("partner", partners)
    assert _call(edge, authority, path, dataclasses.replace(partner, chain=(partners.certificate,))).status == 200
    call = plain.calls[-1]
    assert call.header("client-cert") == f":{base64.b64encode(partner.der).decode()}:"
    assert call.header("client-cert-chain") == f":{base64.b64encode(partners.der).decode()}:"
    assert call.header("x-client-cert-thumbprint") == partner.thumbprint
    assert call.header("x-client-cert-subject") == "CN=partner,O=Example"
    assert call.header("x-client-cert-issuer") == "CN=Partners,O=Example"
    assert call.header("x-client-cert-san") == "DNS:partner.example.com"
    assert not [name for name, _ in call.headers if name.startswith("x-portal")]


def test_curl_and_node_show_theirs(
    edge: Gateway, authority: Issued, partners: Issued, plain: Backend, publish: Publish, tmp_path: Path
) -> None:
    path = publish(ValidateClientCertificate(), authorities=partners.pem)
    partner = _named("partner", partners)
    trusted, own = tmp_path / "authority.pem", tmp_path / "partner.pem"
    trusted.write_text(authority.pem)
    own.write_text(partner.pem + partner.key_pem)
    address = f"https://{HOST}:{edge.https_port}{path}/x"
    curl: list[str | Path] = [
        "curl",
        "-s",
        "--resolve",
        f"{HOST}:{edge.https_port}:127.0.0.1",
        "--cacert",
        trusted,
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
    ]
    assert _said(*curl, "--http2", "--cert", own, address) == "200"
    assert _said(*curl, "--http2", address) == "403"
    script = (
        "const https = require('https'), fs = require('fs');"
        f"const pem = fs.readFileSync('{own}');"
        f"https.get({{host: '127.0.0.1', servername: '{HOST}', port: {edge.https_port}, path: '{path}/x', headers: {{host: '{HOST}'}},"
        f" ca: fs.readFileSync('{trusted}'), cert: pem, key: pem}}, answer => {{ console.log(answer.statusCode); answer.resume(); }});"
    )
    assert _said("node", "-e", script) == "200"
    assert [call.header("x-client-cert-thumbprint") for call in plain.calls] == [partner.thumbprint] * 2


def test_java_shows_its_own(edge: Gateway, authority: Issued, partners: Issued, plain: Backend, publish: Publish, tmp_path: Path) -> None:
    path = publish(ValidateClientCertificate(), authorities=partners.pem)
    partner = _named("partner", partners)
    trusted, own, hosts = tmp_path / "authority.pem", tmp_path / "partner.pfx", tmp_path / "hosts"
    trusted.write_text(authority.pem)
    own.write_bytes(partner.pfx_file("for Java"))
    hosts.write_text(f"127.0.0.1 {HOST}\n")
    classes = Path(__file__).parent / "cases"
    java = (program("java"), f"-Djdk.net.hosts.file={hosts}", "-cp", classes, "Call", f"https://{HOST}:{edge.https_port}{path}/x", trusted)
    assert _said(*java, own, "for Java") == "200 HTTP_2"
    assert plain.calls[-1].header("x-client-cert-thumbprint") == partner.thumbprint
    assert _said(*java) == "403 HTTP_2"


def _said(*command: str | Path) -> str:
    assert shutil.which(command[0]), f"{command[0]} is not installed; on Debian: apt-get install curl nodejs"
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()


def test_without_one_such_a_call_passes_and_nothing_is_said(edge: Gateway, authority: Issued, plain: Backend, publish: Publish) -> None:
    path = publish(ValidateClientCertificate(required=False, trusted=False))
    assert _call(edge, authority, path).status == 200
    assert edge.call(f"{path}/x").status == 200
    assert not [name for call in plain.calls for name, _ in call.headers if "client" in name]


@pytest.mark.parametrize("name", ["Client-Cert", "Client_Cert", "X-Client-Cert-Thumbprint", "x_client_cert_subject", "X-Client-Cert-SAN"])
@pytest.mark.parametrize("by_tls", [True, False])
def test_a_caller_cannot_say_it_itself(edge: Gateway, authority: Issued, plain: Backend, publish: Publish, name: str, by_tls: bool) -> None:
    path = publish(ValidateClientCertificate(required=False, trusted=False))
    if by_tls:
        assert _call(edge, authority, path, forged=name).status == 200
    assert edge.call(f"{path}/x", headers={name: "forged"}).status == 200
    assert "forged" not in str([call.headers for call in plain.calls])


def test_where_one_is_required_a_call_without_it_is_refused(
    edge: Gateway, authority: Issued, partners: Issued, plain: Backend, publish: Publish
) -> None:
    path = publish(ValidateClientCertificate(), authorities=partners.pem)
    answer = _call(edge, authority, path)
    assert answer.status == 403
    assert answer.message.startswith(MISSING)
    by_http = edge.call(f"{path}/x")
    assert by_http.status == 403
    assert "HTTPS" in by_http.message
    assert not plain.calls


def test_those_that_an_authority_has_issued_are_let_in_and_no_others(
    edge: Gateway, authority: Issued, partners: Issued, strangers: Issued, publish: Publish
) -> None:
    path = publish(ValidateClientCertificate(), authorities=partners.pem)
    other = publish(ValidateClientCertificate(), authorities=strangers.pem)
    partner, stranger = _named("partner", partners), _named("stranger", strangers)
    assert _call(edge, authority, path, partner).status == 200
    assert _call(edge, authority, other, stranger).status == 200
    for refused in (
        _call(edge, authority, path, stranger),
        _call(edge, authority, other, partner),
        _call(edge, authority, path, issue("self")),
    ):
        assert refused.status == 403
        assert refused.message.startswith(INVALID)
        assert "authorities" in refused.message


def test_an_authority_of_the_same_name_is_another(edge: Gateway, authority: Issued, partners: Issued, publish: Publish) -> None:
    path = publish(ValidateClientCertificate(), authorities=partners.pem)
    impostor = issue("Partners", authority=True)
    assert _call(edge, authority, path, _named("partner", impostor)).status == 403
    assert _call(edge, authority, path, dataclasses.replace(_named("partner", impostor), chain=(partners.certificate,))).status == 403


@pytest.mark.parametrize("key", [None, rsa_key()], ids=["P-256", "RSA"])
def test_a_path_leads_over_authorities_that_are_sent_along(
    edge: Gateway, authority: Issued, partners: Issued, publish: Publish, key: rsa.RSAPrivateKey | None
) -> None:
    path = publish(ValidateClientCertificate(), authorities=partners.pem)
    middle = issue("Middle", by=partners, authority=True, key=key)
    leaf = _named("partner", middle)
    assert _call(edge, authority, path, dataclasses.replace(leaf, chain=())).status == 403, "nobody knows who issued it"
    assert _call(edge, authority, path, dataclasses.replace(leaf, chain=(middle.certificate,))).status == 200
    lower = issue("Lower", by=middle, authority=True)
    assert _call(edge, authority, path, _named("below", lower)).status == 200
    lowest = issue("Lowest", by=lower, authority=True)
    assert _call(edge, authority, path, _named("too-far-below", lowest)).status == 403


@pytest.mark.parametrize("forged", [1, 2, 3])
def test_each_link_of_a_path_must_hold(edge: Gateway, authority: Issued, partners: Issued, publish: Publish, forged: int) -> None:
    """Certificates that say what the right ones say, key identifiers included, up to the link that nobody can forge."""
    path = publish(ValidateClientCertificate(), authorities=partners.pem)
    middle = issue("Middle", by=partners, authority=True)
    lower = issue("Lower", by=middle, authority=True)
    leaf = _named("partner", lower)
    assert _call(edge, authority, path, leaf).status == 200
    genuine, made = [leaf, lower, middle], issue("own")
    for place in reversed(range(forged)):
        made = impersonated(genuine[place], signed_by=made)
        genuine[place] = made
    shown = dataclasses.replace(genuine[0], chain=(genuine[1].certificate, genuine[2].certificate))
    assert _call(edge, authority, path, shown).status == 403


def test_who_is_no_authority_cannot_issue(edge: Gateway, authority: Issued, partners: Issued, publish: Publish) -> None:
    path = publish(ValidateClientCertificate(), authorities=partners.pem)
    partner = _named("partner", partners)
    forged = dataclasses.replace(_named("admin", partner), chain=(partner.certificate,))
    assert _call(edge, authority, path, forged).status == 403


def test_dates_count(edge: Gateway, authority: Issued, partners: Issued, publish: Publish) -> None:
    path = publish(ValidateClientCertificate(), authorities=partners.pem)
    now = datetime.now(UTC)
    expired = _named("expired", partners, not_before=now - timedelta(days=2), not_after=now - timedelta(days=1))
    early = _named("early", partners, not_before=now + timedelta(days=1), not_after=now + timedelta(days=2))
    assert "has expired" in _call(edge, authority, path, expired).message
    assert "not valid yet" in _call(edge, authority, path, early).message
    middle = issue("Old", by=partners, authority=True, not_before=now - timedelta(days=2), not_after=now - timedelta(days=1))
    below = dataclasses.replace(_named("below", middle), chain=(middle.certificate,))
    assert _call(edge, authority, path, below).status == 403


def test_thumbprints_and_names_say_who_is_let_in(edge: Gateway, authority: Issued, partners: Issued, publish: Publish) -> None:
    own = issue("self-signed")
    by_thumbprint = publish(ValidateClientCertificate(trusted=False, identities=(CallerIdentity(thumbprint=own.thumbprint),)))
    partner, other = _named("partner", partners), _named("other", partners)
    by_name = publish(ValidateClientCertificate(identities=(CallerIdentity(name="partner.example.com"),)), authorities=partners.pem)
    assert _call(edge, authority, by_thumbprint, own).status == 200
    assert _call(edge, authority, by_thumbprint, issue("self-signed")).status == 403
    assert _call(edge, authority, by_name, partner).status == 200
    refused = _call(edge, authority, by_name, other)
    assert (refused.status, "lets in" in refused.message) == (403, True)
    assert _call(edge, authority, by_name, issue("partner", hosts=("partner.example.com",))).status == 403, "anybody can write a name"


def _self_signed_for(uri: str) -> Issued:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "anybody")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, now - timedelta(days=1), now + timedelta(days=9))
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)])
    return Issued(certificate=builder.add_extension(names, critical=False).sign(key, hashes.SHA256()), key=key)


def test_a_thumbprint_that_somebody_bears_as_a_name_lets_nobody_in(edge: Gateway, authority: Issued, publish: Publish) -> None:
    own = issue("self-signed")
    path = publish(ValidateClientCertificate(trusted=False, identities=(CallerIdentity(thumbprint=own.thumbprint),)))
    for written in (own.thumbprint, own.thumbprint.lower()):
        assert _call(edge, authority, path, _self_signed_for(written)).status == 403


def test_the_key_is_needed_beside_it(edge: Gateway, authority: Issued, partners: Issued, publish: Publish) -> None:
    path = publish(ValidateClientCertificate(), authorities=partners.pem, key=True)
    partner = _named("partner", partners)
    assert _call(edge, authority, path, partner).status == 401
    assert _call(edge, authority, path, partner, key=KEY).status == 200
    assert _call(edge, authority, path, key=KEY).status == 403


def test_on_a_connection_to_another_host_a_caller_is_told_to_open_one_to_this(
    edge: Gateway, authority: Issued, partners: Issued, publish: Publish
) -> None:
    path = publish(ValidateClientCertificate(), authorities=partners.pem)
    partner = _named("partner", partners)
    assert _call(edge, authority, path, partner, sni=SILENT_HOST, host=HOST).status == 421
    assert _call(edge, authority, path, partner, sni=SILENT_HOST, host=SILENT_HOST).status == 403


def test_an_api_that_asks_nobody_passes_nothing_on(
    edge: Gateway, authority: Issued, partners: Issued, plain: Backend, new_api: Callable[[], int]
) -> None:
    one = open_to_all(policy(new_api(), "nobody-asked", port=plain.port, scheme="http", presents=False))
    assert not edge.publish(one)
    assert _call(edge, authority, "/nobody-asked", _named("partner", partners)).status == 200
    edge.withdraw(one)
    assert not [name for name, _ in plain.calls[-1].headers if "client" in name or "portal" in name]


def test_the_api_at_the_root_has_a_rule_too(edge: Gateway, authority: Issued, partners: Issued, publish: Publish) -> None:
    assert publish(ValidateClientCertificate(), authorities=partners.pem, path="") == ""
    assert _call(edge, authority, "/anything").status == 403
    assert _call(edge, authority, "/anything", _named("partner", partners)).status == 200


def test_a_session_is_not_resumed_where_certificates_are_asked_for(edge: Gateway, authority: Issued) -> None:
    context = context_of(authority)
    with connected(edge.https_port, context, name=HOST) as first:
        call_on(first, "/", host=HOST)
        session = first.session
    assert session is None or not session.has_ticket
