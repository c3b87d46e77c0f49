"""Probes: a handshake from a gateway's own place, and what the portal is told of it."""

from __future__ import annotations

import ssl
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from apis.handshake.question import Question, Target
from apis.handshake.seen import Seen, Stage
from apis.handshake.shaking import shake_hands
from certificates.models import ClientCertificate
from certificates.rollout import actions as rollout
from certificates.sealing import Secret
from gateway.models import Gateway, Probe
from gateway.probes import NoAnswer, ask
from gateway.streams.probing import answer, answered
from kit.issuing import Issued, issue
from kit.ports import free_ports
from tests.gateway.backends import Backend
from tests.gateway.plant import Plant, eventually
from tests.makers import make_certificate, make_gateway

_TEXTS = st.text(max_size=20)


@given(st.builds(Seen, stage=st.none() | st.sampled_from(Stage), error=_TEXTS, issuers=st.tuples(_TEXTS), chain=st.tuples(st.binary())))
def test_what_was_seen_arrives_as_it_was(seen: Seen) -> None:
    assert answered(answer("id", seen)) == ("id", seen)


@given(_TEXTS, st.integers(1, 65535), _TEXTS, st.lists(_TEXTS).map(tuple))
def test_a_question_arrives_as_it_was_and_does_not_print_the_key(host: str, port: int, name: str, protocols: tuple[str, ...]) -> None:
    target = Target(host=host, port=port, server_name=name, protocols=protocols)
    question = Question(id="1", target=target, certificate=b"PEM", private_key=Secret(b"a private key"))
    assert Question.decoded(question.encoded()) == question
    assert "a private key" not in repr(question)


@pytest.mark.parametrize(
    "said", [b"", b"[]", b"{}", b'{"id": 1, "seen": {}}', b'{"id": "1", "seen": {}}', b'{"id": "1", "target": {"protocols": 3}}']
)
def test_nonsense_is_told_from_what_was_asked_and_seen(said: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of whatever kind, json's own among them
        answered(said)
    with pytest.raises(ValueError):  # noqa: PT011
        Question.decoded(said)


def _question(port: int, presents: Issued | None = None, *, host: str = "localhost") -> Question:
    certificate, key = (presents.pem.encode(), presents.key_pem.encode()) if presents else (b"", b"")
    return Question(id="1", target=Target(host=host, port=port), certificate=certificate, private_key=Secret(key))


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_handshake_shows_protocol_chain_and_that_a_certificate_is_asked_for(
    server_certificate: Issued, authority: Issued, client_certificate: Issued, newest: ssl.TLSVersion
) -> None:
    with Backend(server_certificate, authority, newest=newest, offers=("http/1.1",)) as backend:
        seen = shake_hands(_question(backend.port, client_certificate))
    assert (seen.stage, seen.error) == (None, "")
    assert seen.protocol == newest.name.replace("_", ".")
    assert seen.application_protocol == "http/1.1"
    assert seen.asked_for_certificate
    assert x509.load_der_x509_certificate(seen.chain[0]) == server_certificate.certificate
    assert seen.address == "127.0.0.1"


@pytest.mark.parametrize(("newest", "stage"), [(ssl.TLSVersion.TLSv1_2, Stage.HANDSHAKE), (ssl.TLSVersion.TLSv1_3, Stage.AFTER)])
def test_a_certificate_that_is_refused_or_missing_is_told_with_the_alert(
    server_certificate: Issued, authority: Issued, newest: ssl.TLSVersion, stage: Stage
) -> None:
    stranger = issue("stranger", by=issue("another authority", authority=True))
    with Backend(server_certificate, authority, newest=newest) as backend:
        refused, missing = shake_hands(_question(backend.port, stranger)), shake_hands(_question(backend.port))
    assert (refused.stage, missing.stage) == (stage, stage)
    assert "unknown ca" in refused.error
    assert "certificate required" in missing.error or "handshake failure" in missing.error
    assert refused.asked_for_certificate
    assert missing.asked_for_certificate


def test_a_server_that_asks_for_no_certificate_is_told_from_one_that_does(server_certificate: Issued) -> None:
    with Backend(server_certificate) as backend:
        seen = shake_hands(_question(backend.port))
    assert (seen.stage, seen.asked_for_certificate) == (None, False)


def test_who_is_not_there_speaks_no_tls_or_is_not_known_is_told_with_how_far_it_came(plain: Backend) -> None:
    assert shake_hands(_question(free_ports(1)[0])).stage is Stage.CONNECT
    assert shake_hands(_question(443, host="no-such-host.invalid")).stage is Stage.NAME
    seen = shake_hands(_question(plain.port))
    assert seen.stage is Stage.HANDSHAKE
    assert seen.error
    assert not seen.protocol


def test_a_key_that_does_not_fit_is_told(server_certificate: Issued, client_certificate: Issued) -> None:
    with Backend(server_certificate) as backend:
        question = _question(backend.port, client_certificate)
        unfit = Question(
            id="1", target=question.target, certificate=question.certificate, private_key=Secret(server_certificate.key_pem.encode())
        )
        assert shake_hands(unfit).stage is Stage.HANDSHAKE


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_the_portal_asks_a_gateway_and_is_answered_within_seconds(plant: Plant, server_certificate: Issued, authority: Issued) -> None:
    make_certificate("client", issued=issue("orders-client", by=authority))
    version = ClientCertificate.objects.get(name="client").current
    gateway = eventually(lambda: Gateway.objects.filter(disconnected_at=None).first())
    with Backend(server_certificate, authority) as backend:
        began = time.monotonic()
        seen = ask(gateway, Target(host="localhost", port=backend.port), version=version)
        assert time.monotonic() - began < 5
        refused = ask(gateway, Target(host="localhost", port=backend.port))
    assert (seen.stage, seen.asked_for_certificate) == (None, True)
    assert seen.chain[0] == server_certificate.certificate.public_bytes(Encoding.DER)
    assert refused.stage is Stage.AFTER
    assert not Probe.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_gateway_that_is_not_there_is_not_waited_for_long() -> None:
    with pytest.raises(NoAnswer, match="gateway-9 has not answered"):
        ask(make_gateway("gateway-9", connected=False), Target(host="localhost", port=1), seconds=0.2)
    assert not Probe.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_discarded_while_a_gateway_tries_it_is_waited_for_no_longer() -> None:
    gateway, now = make_gateway("north"), timezone.now()
    candidate = rollout.propose(make_certificate(), issue("orders-client").as_pfx(), by=None, now=now)

    def discard_it_then() -> None:
        while not Probe.objects.exists():
            time.sleep(0.01)
        rollout.discard(candidate, by=None, now=now)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        discarded = pool.submit(discard_it_then)
        with pytest.raises(NoAnswer, match="was removed meanwhile"):
            ask(gateway, Target(host="127.0.0.1", port=1), version=candidate)
        discarded.result()
    with pytest.raises(NoAnswer, match="was removed meanwhile"):
        ask(gateway, Target(host="127.0.0.1", port=1), version=candidate)
