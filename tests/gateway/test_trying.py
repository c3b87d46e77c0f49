"""Trying a candidate: what real back ends make of it, from the portal's place and from a gateway's, and what follows."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from apis import actions as api_actions
from apis.handshake.question import Question, Target
from apis.handshake.seen import Seen, Stage
from apis.handshake.shaking import shake_hands
from apis.models import Api, Credentials
from apis.moving.models import Move
from apis.policy.model import Protocol
from certificates.models import ClientCertificate
from certificates.rollout import actions, keeper, trying
from certificates.rollout.models import Candidate, Outcome, Rules, Tried, When
from certificates.rollout.trying import Reason
from gateway.models import Gateway
from gateway.trying import judge
from kit.issuing import Issued, issue
from kit.ports import free_ports
from portal.models import Activity, Event
from tests.gateway.backends import Backend, Http2Backend
from tests.gateway.plant import Plant, eventually
from tests.makers import make_api, make_certificate, make_subscription

pytestmark = pytest.mark.any_database

PAGE = "/security/client-certificates/orders-client/"


@pytest.fixture
def entry(client_certificate: Issued) -> ClientCertificate:
    return make_certificate(issued=client_certificate)


@pytest.fixture
def renewed(authority: Issued) -> Issued:
    return issue("orders-client", by=authority)


@pytest.fixture(scope="module")
def another_authority() -> Issued:
    return issue("Another authority", authority=True)


def _present(entry: ClientCertificate, name: str, port: int, *, host: str = "127.0.0.1", path: str = "", **more: Any) -> Api:
    """Store an API that presents *entry* to the back end at *port*."""
    api = make_api(name, service_url=f"https://{host}:{port}{path}")
    chosen = api_actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=entry, **more)
    return api_actions.secure_api(api, chosen, by=None, now=timezone.now())


def _tried(entry: ClientCertificate, issued: Issued) -> dict[str, Tried]:
    """Try *issued* at all back ends of *entry*; return what came out, by API."""
    candidate = actions.propose(entry, issued.as_pfx(), by=None, now=timezone.now())
    assert keeper.Tries().step()
    return {one.api: one for one in candidate.tries.all()}


def _current() -> str:
    version = ClientCertificate.objects.select_related("current").get().current
    assert version
    return version.thumbprint


@pytest.mark.django_db
class TestFromThePortal:
    """Where no gateway is connected, the portal's own place is what there is."""

    @pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
    def test_each_back_end_is_told_by_what_it_makes_of_the_certificate(
        self,
        entry: ClientCertificate,
        renewed: Issued,
        authority: Issued,
        another_authority: Issued,
        server_certificate: Issued,
        newest: ssl.TLSVersion,
    ) -> None:
        with (
            Backend(server_certificate, authority, newest=newest) as taking,
            Backend(server_certificate, another_authority, newest=newest) as refusing,
            Backend(server_certificate, newest=newest) as not_asking,
            Backend() as plain,
        ):
            _present(entry, "taking", taking.port)
            _present(entry, "refusing", refusing.port)
            _present(entry, "not-asking", not_asking.port)
            _present(entry, "no-tls", plain.port)
            _present(entry, "away", free_ports(1)[0])
            _present(entry, "nowhere", 443, host="no-such-host.invalid")
            Api.objects.filter(pk=_present(entry, "no-name", 443).pk).update(service_url=f"https://{'a' * 64}.example:443")
            tried = _tried(entry, renewed)
            assert not taking.calls, "nothing but the handshake"
        assert {api: (one.outcome, one.reason) for api, one in tried.items()} == {
            "taking": (Outcome.ACCEPTED, Reason.HANDSHAKE),
            "refusing": (Outcome.REFUSED, Reason.ALERT),
            "not-asking": (Outcome.NOT_ASKED, Reason.NOT_ASKED),
            "no-tls": (Outcome.UNREACHABLE, Reason.NO_HANDSHAKE),
            "away": (Outcome.UNREACHABLE, Reason.NO_CONNECTION),
            "nowhere": (Outcome.UNREACHABLE, Reason.NO_NAME),
            "no-name": (Outcome.UNREACHABLE, Reason.NO_NAME),
        }
        assert "unknown ca" in tried["refusing"].said

    def test_a_back_end_that_names_its_issuers_is_quoted(
        self, signed_in: Client, entry: ClientCertificate, renewed: Issued, another_authority: Issued, server_certificate: Issued
    ) -> None:
        with Http2Backend(server_certificate, another_authority) as refusing:
            _present(entry, "orders", refusing.port)
            tried = _tried(entry, renewed)["orders"]
        assert (tried.outcome, tried.reason) == (Outcome.REFUSED, Reason.ALERT)
        assert tried.issuers == ["CN=Another authority,O=Example"]
        assert "CN=Another authority,O=Example" in signed_in.get(f"{PAGE}replace/confirm/").content.decode()

    @pytest.mark.parametrize(
        ("path", "outcome", "reason"),
        [
            ("/orders", Outcome.ACCEPTED, Reason.ANSWER),
            ("/status/404", Outcome.ACCEPTED, Reason.ANSWER),
            ("/status/403", Outcome.REFUSED, Reason.REFUSING_ANSWER),
            ("/status/401", Outcome.REFUSED, Reason.REFUSING_ANSWER),
            ("/status/400", Outcome.REFUSED, Reason.REFUSING_ANSWER),
            ("/status/503", Outcome.UNKNOWN, Reason.FAILING_ANSWER),
            ("/drop", Outcome.UNKNOWN, Reason.NO_ANSWER),
        ],
    )
    def test_a_path_that_is_named_is_asked_for_with_the_certificate(
        self,
        entry: ClientCertificate,
        renewed: Issued,
        authority: Issued,
        server_certificate: Issued,
        path: str,
        outcome: Outcome,
        reason: Reason,
    ) -> None:
        Rules.objects.create(certificate=entry, paths={"orders": path})
        with Backend(server_certificate, authority) as backend:
            _present(entry, "orders", backend.port, path="/v2")
            tried = _tried(entry, renewed)["orders"]
            assert (tried.outcome, tried.reason) == (outcome, reason)
            (call,) = backend.calls
        assert (call.method, call.target) == ("HEAD", f"/v2{path}")
        assert call.thumbprint == renewed.thumbprint
        assert call.header("host") == f"127.0.0.1:{backend.port}"

    def test_a_back_end_that_speaks_http2_alone_is_shaken_hands_with_and_not_asked(
        self, entry: ClientCertificate, renewed: Issued, http2_backend: Http2Backend
    ) -> None:
        Rules.objects.create(certificate=entry, paths={"orders": "/health"})
        _present(entry, "orders", http2_backend.port, protocol=Protocol.HTTP2)
        tried = _tried(entry, renewed)["orders"]
        assert (tried.outcome, tried.reason) == (Outcome.ACCEPTED, Reason.HANDSHAKE)

    def test_apis_that_call_the_same_back_end_share_one_handshake(
        self, entry: ClientCertificate, renewed: Issued, authority: Issued, server_certificate: Issued
    ) -> None:
        Rules.objects.create(certificate=entry, paths={"a": "/health", "b": "/health"})
        with Backend(server_certificate, authority) as backend:
            for name in ("a", "b"):
                _present(entry, name, backend.port)
            tried = _tried(entry, renewed)
            assert len(backend.calls) == 1
        assert {one.outcome for one in tried.values()} == {Outcome.ACCEPTED}
        assert set(tried) == {"a", "b"}

    def test_an_address_that_no_api_may_call_is_not_called(
        self, entry: ClientCertificate, renewed: Issued, authority: Issued, server_certificate: Issued, settings: Settings
    ) -> None:
        settings.ALLOWED_BACKEND_NETWORKS = ()
        with Backend(server_certificate, authority) as backend:
            _present(entry, "orders", backend.port)
            tried = _tried(entry, renewed)["orders"]
        assert (tried.outcome, tried.reason) == (Outcome.UNREACHABLE, Reason.NO_NAME)

    def test_what_every_back_end_accepts_is_switched_to_after_the_try(
        self, signed_in: Client, entry: ClientCertificate, renewed: Issued, authority: Issued, server_certificate: Issued
    ) -> None:
        with Backend(server_certificate, authority) as taking, Backend(server_certificate) as not_asking:
            _present(entry, "taking", taking.port)
            _present(entry, "not-asking", not_asking.port)
            actions.propose(entry, renewed.as_pfx(), by=None, now=timezone.now())
            assert signed_in.post(f"{PAGE}replace/confirm/", {"when": "after-try"}).status_code == 303
            keeper.Switches().step()
            assert _current() != renewed.thumbprint, "not tried yet"
            keeper.Tries().step()
            keeper.Switches().step()
        assert _current() == renewed.thumbprint

    def test_another_subject_is_warned_of_the_one_of_three_that_refuses_it_is_named_and_the_other_two_get_it(
        self,
        signed_in: Client,
        entry: ClientCertificate,
        authority: Issued,
        another_authority: Issued,
        server_certificate: Issued,
    ) -> None:
        renamed = issue("orders-client-2", by=authority)
        with (
            Backend(server_certificate, authority) as one,
            Backend(server_certificate, authority) as two,
            Backend(server_certificate, another_authority) as strict,
        ):
            for name, backend in (("one", one), ("two", two), ("strict", strict)):
                _present(entry, name, backend.port)
            file = SimpleUploadedFile("client.pfx", renamed.pfx_file())
            signed_in.post(f"{PAGE}replace/", {"file": file, "password": "secret", "when": "try"})
            keeper.Tries().step()
            page = signed_in.get(f"{PAGE}replace/confirm/").content.decode()
            assert "bears another subject: CN=orders-client-2" in page
            assert "2 accepted, 1 refused" in page
            (refusing,) = [one for one in page.split("<tr")[1:] if "Refused" in one]
            assert ">Strict<" in refusing
            assert signed_in.post(f"{PAGE}replace/confirm/", {"when": "accepted", "confirmed": "on"}).status_code == 303
            presented = {api.name: api.presented.number for api in Api.objects.all() if api.presented}
            assert presented == {"one": 2, "two": 2, "strict": 1}
            strict.trust(authority)
            asked = signed_in.post(f"{PAGE}move/", {"to": "orders-client", "apis": "strict"})
            keeper.Tries(Move).step()
            assert signed_in.post(asked.headers["Location"], {"when": "accepted"}).status_code == 303
        assert {api.presented.thumbprint for api in Api.objects.all() if api.presented} == {renamed.thumbprint}

    def test_what_a_source_brings_is_switched_to_once_it_is_accepted(
        self, entry: ClientCertificate, renewed: Issued, authority: Issued, server_certificate: Issued
    ) -> None:
        actions.propose(entry, renewed.as_pfx(), by=None, now=timezone.now(), source="watched place")
        with Backend(server_certificate, authority) as backend:
            _present(entry, "orders", backend.port)
            keeper.Tries().step()
        keeper.Switches().step()
        assert _current() == renewed.thumbprint
        assert Activity.objects.get(event=Event.CERTIFICATE_REPLACED).details["source"] == "watched place"

    def test_what_one_back_end_refuses_stays_out_is_told_and_tried_again_later(
        self,
        signed_in: Client,
        entry: ClientCertificate,
        renewed: Issued,
        authority: Issued,
        another_authority: Issued,
        server_certificate: Issued,
    ) -> None:
        with Backend(server_certificate, authority) as taking:
            _present(entry, "orders", taking.port)
            with Backend(server_certificate, another_authority) as refusing:
                _present(entry, "invoices", refusing.port)
                actions.propose(entry, renewed.as_pfx(), by=None, now=timezone.now())
                signed_in.post(f"{PAGE}replace/confirm/", {"when": "after-try"})
                keeper.Tries().step()
                keeper.Switches().step()
            words = signed_in.get(f"{PAGE}replace/confirm/").content.decode()
            assert "1 accepted, 1 refused" in words
            assert "alert unknown ca" in words
            assert _current() != renewed.thumbprint
            assert not keeper.Tries().step(), "not before its time"
            with Backend(server_certificate, authority, port=refusing.port):
                Candidate.objects.update(tried_at=timezone.now() - actions.TRIED_AGAIN_EVERY)
                keeper.Switches().step()
                assert keeper.Tries().step()
            keeper.Switches().step()
        assert _current() == renewed.thumbprint

    def test_after_a_week_of_refusals_it_is_left_to_people(self, entry: ClientCertificate, renewed: Issued) -> None:
        _present(entry, "orders", free_ports(1)[0])
        actions.propose(entry, renewed.as_pfx(), by=None, now=timezone.now(), source="watched place")
        keeper.Tries().step()
        Candidate.objects.update(until=timezone.now())
        keeper.Switches().step()
        candidate = Candidate.objects.get()
        assert not candidate.is_planned
        assert "within seven days" in candidate.why_not
        assert _current() != renewed.thumbprint

    def test_trying_again_tries_again_and_the_table_alone_goes_to_htmx(
        self, signed_in: Client, entry: ClientCertificate, renewed: Issued, authority: Issued, server_certificate: Issued
    ) -> None:
        port = free_ports(1)[0]
        _present(entry, "orders", port)
        assert _tried(entry, renewed)["orders"].outcome == Outcome.UNREACHABLE
        assert signed_in.post(f"{PAGE}replace/try/").headers["Location"] == f"{PAGE}replace/confirm/"
        fragment = signed_in.get(f"{PAGE}replace/try/", headers={"HX-Request": "true"}).content.decode()
        assert "hx-get" in fragment
        assert "<html" not in fragment
        with Backend(server_certificate, authority, port=port):
            keeper.Tries().step()
        fragment = signed_in.get(f"{PAGE}replace/try/", headers={"HX-Request": "true"}).content.decode()
        assert "1 accepted" in fragment
        assert "hx-get" not in fragment

    def test_tries_go_with_their_candidate(self, entry: ClientCertificate, renewed: Issued) -> None:
        _present(entry, "orders", free_ports(1)[0])
        assert _tried(entry, renewed)
        actions.discard(Candidate.objects.get(), by=None, now=timezone.now())
        assert not Tried.objects.exists()

    @pytest.mark.parametrize(("of_gateway", "accepted"), [(Outcome.ACCEPTED, True), (Outcome.REFUSED, False), (Outcome.UNKNOWN, False)])
    def test_what_the_portal_sees_counts_only_where_no_gateway_sees(
        self, entry: ClientCertificate, renewed: Issued, of_gateway: Outcome, *, accepted: bool
    ) -> None:
        _present(entry, "orders", free_ports(1)[0])
        _tried(entry, renewed)
        candidate = Candidate.objects.get()
        assert not trying.is_accepted(candidate)
        Tried.objects.create(candidate=candidate, api="orders", gateway="north", outcome=of_gateway)
        assert trying.is_accepted(candidate) is accepted


def test_a_server_that_closes_in_place_of_an_alert_has_refused() -> None:
    seen = Seen(stage=Stage.AFTER, error="the connection was closed", asked_for_certificate=True)
    assert judge(seen).outcome is Outcome.REFUSED
    assert judge(seen).reason is Reason.BROKEN_OFF


def test_a_probe_asks_for_a_path_in_the_back_ends_own_name(server_certificate: Issued) -> None:
    with Backend(server_certificate) as backend:
        seen = shake_hands(Question(id="1", target=Target(host="localhost", port=backend.port, protocols=("http/1.1",)), path="/a"))
        assert (seen.stage, seen.status) == (None, 200)
        assert backend.calls[0].header("host") == f"localhost:{backend.port}"


def test_what_an_older_agent_has_seen_is_understood() -> None:
    said = Seen(protocol="TLSv1.3").as_object()
    del said["status"]
    assert Seen.of(said).protocol == "TLSv1.3"


@contextlib.contextmanager
def _the_process_restarted(plant: Plant) -> Iterator[None]:
    plant.end("xds")
    yield
    plant.start("xds")


@pytest.mark.django_db(transaction=True)
def test_a_gateway_tries_from_its_own_place_and_callers_get_the_new_version_only_then(
    plant: Plant, renewed: Issued, client_certificate: Issued, authority: Issued, server_certificate: Issued
) -> None:
    entry = make_certificate(issued=client_certificate)
    with Backend(server_certificate, authority) as backend:
        api = _present(entry, "orders", backend.port, trusted_ca=authority.pem)
        Rules.objects.create(certificate=entry, paths={"orders": "/health"})
        key = make_subscription(api=api).keys.get(kind="primary").unseal().value.decode()
        eventually(lambda: Gateway.objects.filter(disconnected_at=None).exists())
        eventually(lambda: plant.call("/orders/a", key=key).status == 200)
        candidate = actions.propose(entry, renewed.as_pfx(), by=None, now=timezone.now())
        eventually(lambda: Candidate.objects.get().is_tried)
        tried = {one.gateway: one for one in candidate.tries.all()}
        assert set(tried) == {"", "gateway-1"}
        assert {(one.outcome, one.status) for one in tried.values()} == {(Outcome.ACCEPTED, 200)}
        assert plant.call("/orders/a", key=key).json["thumbprint"] == client_certificate.thumbprint
        at = timezone.now() + timedelta(seconds=2)
        with _the_process_restarted(plant):
            actions.plan(candidate, when=When.AT, at=at, by=None, now=timezone.now())
        eventually(lambda: _current() == renewed.thumbprint)
        assert timezone.now() >= at
        eventually(lambda: plant.call("/orders/a", key=key).json["thumbprint"] == renewed.thumbprint)
    assert Activity.objects.filter(event=Event.CERTIFICATE_REPLACED).count() == 1
