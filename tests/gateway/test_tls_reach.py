"""What OpenSSL and curl reach is reached, and what cannot be is said: servers of every kind of key and with next to no parameters."""

from __future__ import annotations

import dataclasses
import socket
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from gateway.compile import compile_cluster
from gateway.compile.answers.failures import FAILURES
from kit.issuing import Issued, PrivateKey, issue, rsa_key
from tests import debian
from tests.gateway.foreign import OpenSsl
from tests.gateway.gateways import KEY, Answer, Gateway, identity_of, policy

NO_COMMON_PARAMETERS = (
    "The back end and the gateway have no TLS parameters in common (version, cipher suite, curve or kind of certificate)."
)
TLS_1_2, TLS_1_3 = "-tls1_2", "-tls1_3"
ANYTHING = ("-cipher", "ALL:@SECLEVEL=0")
_TRIPLE_DES = bytes((0x00, 0x0A))
Call = Callable[..., Answer]


@pytest.fixture
def call(gateway: Gateway, authority: Issued, client_certificate: Issued, new_api: Callable[[], int]) -> Call:
    """Return what calls a server over an API of its own, which presents a certificate."""

    def call(server: OpenSsl, *, older_servers: bool = False) -> Answer:
        number = new_api()
        one = policy(number, f"reach-{number}", port=server.port, trusted=authority)
        one = dataclasses.replace(one, backend=dataclasses.replace(one.backend, older_servers=older_servers))
        assert not gateway.put(one, compile_cluster(one, identity_of(client_certificate)))
        answer = gateway.call(f"/{one.path}/", key=KEY)
        gateway.withdraw(one)
        return answer

    return call


@pytest.fixture(scope="module")
def rsa_certificate(authority: Issued) -> Issued:
    """Return a server's certificate that every cipher suite with RSA works with."""
    return issue("server", by=authority, hosts=("localhost",), key=rsa_key())


def server_of(certificate: Issued, *options: str) -> OpenSsl:
    return OpenSsl(certificate=certificate.pem, key=certificate.key_pem, options=options)


@pytest.mark.parametrize(
    "suite",
    [
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-RSA-CHACHA20-POLY1305",
        "ECDHE-RSA-AES128-SHA256",
        "ECDHE-RSA-AES128-SHA",
        "ECDHE-RSA-AES256-SHA",
        "AES128-GCM-SHA256",
        "AES256-GCM-SHA384",
        "AES128-SHA",
        "AES256-SHA",
    ],
)
def test_a_server_that_knows_one_cipher_suite_is_reached(call: Call, rsa_certificate: Issued, suite: str) -> None:
    with server_of(rsa_certificate, TLS_1_2, "-cipher", suite) as server:
        assert call(server).status == 200


@pytest.mark.parametrize("suite", ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA"])
def test_so_is_one_with_an_elliptic_curve_certificate(call: Call, authority: Issued, suite: str) -> None:
    with server_of(issue("server", by=authority, hosts=("localhost",)), TLS_1_2, "-cipher", suite) as server:
        assert call(server).status == 200


def test_windows_server_2012_r2_as_it_is_installed_is_reached(call: Call, rsa_certificate: Issued) -> None:
    suites = "ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-SHA:ECDHE-RSA-AES128-SHA:AES256-GCM-SHA384:AES256-SHA"
    with server_of(rsa_certificate, TLS_1_2, "-serverpref", "-curves", "P-256:P-384", "-cipher", suites) as server:
        assert call(server).status == 200


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
@pytest.mark.parametrize("curve", ["X25519", "P-256", "P-384", "P-521"])
def test_a_server_that_knows_one_curve_is_reached(call: Call, rsa_certificate: Issued, version: str, curve: str) -> None:
    with server_of(rsa_certificate, version, "-curves", curve) as server:
        assert call(server).status == 200


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
@pytest.mark.parametrize(
    "key",
    [
        rsa_key(3072),
        rsa_key(4096),
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP521R1()),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["RSA 3072", "RSA 4096", "P-256", "P-384", "P-521", "Ed25519"],
)
def test_a_server_with_any_usual_kind_of_key_is_reached(call: Call, authority: Issued, version: str, key: PrivateKey) -> None:
    with server_of(issue("server", by=authority, hosts=("localhost",), key=key), version) as server:
        assert call(server).status == 200


OLD = {
    "TLS 1.0": ("-tls1", *ANYTHING),
    "TLS 1.1": ("-tls1_1", *ANYTHING),
    "signatures with SHA-1": (TLS_1_2, "-sigalgs", "RSA+SHA1", *ANYTHING),
}


@pytest.mark.parametrize("options", OLD.values(), ids=list(OLD))
def test_what_only_old_servers_need_is_a_choice(call: Call, rsa_certificate: Issued, options: tuple[str, ...]) -> None:
    with server_of(rsa_certificate, *options) as server:
        assert call(server).message == NO_COMMON_PARAMETERS
        assert call(server, older_servers=True).status == 200


def test_older_servers_are_also_offered_triple_des(gateway: Gateway, new_api: Callable[[], int]) -> None:
    """No OpenSSL of today knows it, so the handshake's first message is looked at (RFC 5246, 7.4.1.2)."""
    offered = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        for older_servers in (False, True):
            number = new_api()
            one = policy(number, f"hello-{number}", port=listening.getsockname()[1], presents=False)
            one = dataclasses.replace(one, backend=dataclasses.replace(one.backend, older_servers=older_servers))
            assert not gateway.publish(one)
            with ThreadPoolExecutor(1) as caller:
                caller.submit(gateway.call, f"/{one.path}/", key=KEY, method="POST")
                connection, _ = listening.accept()
                with connection:
                    offered.append(_TRIPLE_DES in _suites(connection.recv(4096)))
            gateway.withdraw(one)
    assert offered == [False, True]


def _suites(hello: bytes) -> list[bytes]:
    """Return the cipher suites of a ClientHello, which stand behind two headers, version, random and session id."""
    start = 5 + 4 + 2 + 32
    start += 1 + hello[start]
    length = int.from_bytes(hello[start : start + 2])
    return [hello[at : at + 2] for at in range(start + 2, start + 2 + length, 2)]


UNKNOWN = {
    "CBC with SHA-384": (TLS_1_2, "-cipher", "ECDHE-RSA-AES256-SHA384"),
    "Diffie-Hellman": (TLS_1_2, "-cipher", "DHE-RSA-AES256-GCM-SHA384"),
    "CCM": (TLS_1_2, "-cipher", "AES256-CCM"),
    "X448": (TLS_1_3, "-curves", "X448"),
    "a finite field": (TLS_1_3, "-curves", "ffdhe2048"),
}


@pytest.mark.parametrize("older_servers", [False, True])
@pytest.mark.parametrize("options", UNKNOWN.values(), ids=list(UNKNOWN))
def test_what_the_gateway_does_not_have_is_no_refusal_of_the_client_certificate(
    call: Call, rsa_certificate: Issued, options: tuple[str, ...], older_servers: bool
) -> None:
    with server_of(rsa_certificate, *options) as server:
        answer = call(server, older_servers=older_servers)
    assert answer.message == NO_COMMON_PARAMETERS
    assert answer.headers["x-failure-kind"] == "no-common-tls"


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
@pytest.mark.parametrize(
    "kind",
    [
        ("rsa-pss", "rsa_keygen_bits:2048"),
        ("ed448", ""),
        ("ec", "ec_paramgen_curve:brainpoolP256r1"),
        ("ec", "ec_paramgen_curve:secp256k1"),
    ],
    ids=["RSA-PSS", "Ed448", "brainpool", "secp256k1"],
)
def test_nor_is_a_server_key_that_it_does_not_have(
    call: Call, authority: Issued, tmp_path: Path, version: str, kind: tuple[str, str]
) -> None:
    key, certificate = _made_by_openssl(tmp_path, authority, *kind)
    with OpenSsl(certificate=certificate, key=key, options=(version,)) as server:
        assert call(server).message == NO_COMMON_PARAMETERS


def test_an_rsa_key_of_8192_bits_is_taken(call: Call, authority: Issued, tmp_path: Path) -> None:
    key, certificate = _made_by_openssl(tmp_path, authority, "rsa", "rsa_keygen_bits:8192")
    with OpenSsl(certificate=certificate, key=key) as server:
        assert call(server).status == 200


def test_no_two_kinds_of_failure_say_the_same() -> None:
    assert len({one.message for one in FAILURES}) == len({(one.kind, one.message) for one in FAILURES})


def _made_by_openssl(folder: Path, authority: Issued, algorithm: str, option: str) -> tuple[str, str]:
    """Return a key of a kind that the Python library does not make, and a certificate for it."""
    openssl = debian.program("openssl")
    for name, text in {"ca.pem": authority.pem, "ca.key": authority.key_pem, "san": "subjectAltName=DNS:localhost"}.items():
        (folder / name).write_text(text)
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "san")
    for arguments in (
        ("genpkey", "-algorithm", algorithm, *(("-pkeyopt", option) if option else ()), "-out", "key.pem"),
        ("req", "-new", "-key", "key.pem", "-subj", "/CN=server", "-out", "request.pem"),
        ("x509", "-req", "-in", "request.pem", *signed, "-out", "server.pem"),
    ):
        subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)
    return (folder / "key.pem").read_text(), (folder / "server.pem").read_text()
