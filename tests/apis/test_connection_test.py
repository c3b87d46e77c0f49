"""“Test this connection”: the page that tells step by step what a back end does, on real servers, with what is saved and what is not."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from ipaddress import ip_network

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from apis import actions
from apis.backends.models import BackEnd
from apis.handshake.kinds import Kind
from apis.microscope.fitting import issuers_of
from apis.microscope.words import WORDS
from apis.models import Api, Credentials
from certificates.models import ClientCertificate
from kit.issuing import Issued, issue
from kit.ports import free_ports
from tests.apis.tls_servers import by_tls, context_of, serving
from tests.gateway.backends import Backend
from tests.gateway.foreign import Nginx
from tests.makers import make_api, make_back_end, make_certificate

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
TEST, SECURITY = "/apis/orders/security/test/", "/apis/orders/security/"

AUTHORITY = issue("Test authority", authority=True)
BETWEEN = issue("Issuing authority", by=AUTHORITY, authority=True)
SERVER = issue("backend", by=AUTHORITY, hosts=("127.0.0.1",))


@pytest.fixture
def reachable(settings: Settings) -> None:
    settings.ALLOWED_BACKEND_NETWORKS = (ip_network("127.0.0.0/8"),)
    settings.GATEWAY_HOST, settings.GATEWAY_PORT = "127.0.0.1", free_ports(1)[0]


@pytest.fixture
def secured(reachable: None) -> Callable[..., Api]:
    """Return what stores an API whose back end is at a port of this machine."""

    def secured(port: int, *, presents: Issued | None = None) -> Api:
        api = make_api("orders", service_url=f"https://127.0.0.1:{port}")
        chosen = actions.ApiSecurity(credentials=Credentials.NONE, certificate=None, trusted_ca=AUTHORITY.pem)
        if presents:
            entry = make_certificate("presented", issued=presents)
            chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=entry, trusted_ca=AUTHORITY.pem)
        return actions.secure_api(api, chosen, by=None, now=timezone.now())

    return secured


def page_after(client: Client, fields: dict[str, str] | None = None, *, status: int = 200) -> str:
    answer = client.post(TEST, fields or {})
    assert answer.status_code == status
    return answer.content.decode()


def form(**more: str) -> dict[str, str]:
    """Return the fields of the Security tab."""
    return {"protocol": "auto", "validate_certificate_chain": "on", "validate_certificate_name": "on", "revision": "1"} | more


def test_a_page_shows_protocol_chain_and_answer_and_that_no_gateway_was_asked(signed_in: Client, secured: Callable[..., Api]) -> None:
    with Backend(SERVER, newest=ssl.TLSVersion.TLSv1_2) as backend:
        secured(backend.port)
        page = page_after(signed_in)
    for words in (
        "TLSv1.2",
        "CN=Test authority, O=Example",
        "trusted here",
        "HTTP 200",
        "From the portal",
        "The back end was reached without",
    ):
        assert words in page
    assert "From the gateway" not in page


def test_a_refusal_names_the_alert_the_issuers_and_the_entries_that_fit(signed_in: Client, secured: Callable[..., Api]) -> None:
    fitting = make_certificate("fitting", issued=issue("fitting", by=AUTHORITY))
    through = make_certificate("through", issued=issue("through", by=BETWEEN))
    stranger = issue("stranger", by=issue("Another authority", authority=True))
    with Nginx(SERVER, "ssl", "ssl_protocols TLSv1.3;", AUTHORITY) as nginx:
        secured(nginx.port, presents=stranger)
        page = page_after(signed_in)
        assert "The back end answered 400 with a page that refuses the client certificate" in page
        assert "CN=Test authority, O=Example" in page
        assert f'value="{fitting.name}"' in page
        assert f'value="{through.name}"' in page
        assert "The certificate presented is of CN=Another authority, O=Example, which it does not ask for." in page
        again = page_after(signed_in, form(credentials="client-certificate", certificate="fitting", trusted_ca=AUTHORITY.pem))
    assert str(WORDS[Kind.ACCEPTED].title) in again
    assert "is not saved" in again
    assert Api.objects.get().certificate == ClientCertificate.objects.get(name="presented"), "nothing was stored"


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_alert_is_told_by_number_and_name(signed_in: Client, secured: Callable[..., Api], newest: ssl.TLSVersion) -> None:
    stranger = issue("stranger", by=issue("Another authority", authority=True))
    with serving(by_tls(context_of(SERVER, accepts=AUTHORITY, newest=newest))) as server:
        secured(server.port, presents=stranger)
        page = page_after(signed_in)
    assert "48 unknown_ca" in page
    assert "The back end does not trust CN=Another authority, O=Example" in page


def test_what_is_wrong_in_the_form_is_told_and_nothing_is_called(signed_in: Client, secured: Callable[..., Api]) -> None:
    with Backend(SERVER) as backend:
        secured(backend.port)
        page = page_after(signed_in, form(credentials="client-certificate", certificate="nobody"), status=422)
        assert backend.calls == []
    assert "There is no client certificate of this name." in page


def test_what_was_typed_stays_and_is_not_stored(signed_in: Client, secured: Callable[..., Api]) -> None:
    make_certificate("chosen", issued=issue("chosen", by=AUTHORITY))
    with Backend(SERVER, AUTHORITY) as backend:
        before = secured(backend.port)
        page = page_after(signed_in, form(credentials="client-certificate", certificate="chosen", trusted_ca=AUTHORITY.pem))
        assert [call.thumbprint for call in backend.calls] == [thumbprint_of("chosen")]
    assert '<option value="client-certificate" selected>' in page
    after = Api.objects.get()
    assert (after.credentials, after.revision) == (before.credentials, before.revision)


def thumbprint_of(name: str) -> str:
    current = ClientCertificate.objects.select_related("current").get(name=name).current
    assert current
    return current.thumbprint


def test_a_service_url_is_tested_before_it_is_saved(signed_in: Client, secured: Callable[..., Api]) -> None:
    secured(free_ports(1)[0])
    with Backend(SERVER) as backend:
        page = page_after(signed_in, {"display_name": "Orders", "service_url": f"https://127.0.0.1:{backend.port}/v2", "revision": "1"})
        assert [call.target for call in backend.calls] == ["/v2/"]
    assert f"127.0.0.1:{backend.port}/v2" in page
    assert "is not saved" in page
    refused = page_after(signed_in, {"display_name": "Orders", "service_url": "https://169.254.169.254/"}, status=422)
    assert "metadata service" in refused


@pytest.mark.usefixtures("reachable")
class TestBeforeThereIsAnApi:
    """The same from the pages that add an API or a back end, and from those of a back end."""

    def test_where_a_new_api_would_lead(self, signed_in: Client) -> None:
        with Backend(SERVER, AUTHORITY) as backend:
            typed = {"display_name": "", "service_url": f"https://127.0.0.1:{backend.port}/v2", "subscription_required": "on"}
            page = signed_in.post("/apis/new/test/", typed).content.decode()
        for words in ("which is not saved", f"https://127.0.0.1:{backend.port}/v2", "CN=Test authority", 'value="https://127.0.0.1'):
            assert words in page
        assert "Test with it" not in page
        assert not Api.objects.exists()

    def test_what_is_wrong_with_it(self, signed_in: Client) -> None:
        for fields in ({}, {"service_url": "ftp://x"}, {"service_url": "https://a.example", "back_end": "nobody"}):
            assert signed_in.post("/apis/new/test/", fields).status_code == 422

    def test_a_back_end_that_a_new_api_or_the_settings_choose_is_tested_in_place_of_its_own_address(
        self, signed_in: Client, secured: Callable[..., Api]
    ) -> None:
        with Backend(SERVER, AUTHORITY) as backend:
            make_back_end("warehouse", f"https://127.0.0.1:{backend.port}", trusted_ca=AUTHORITY.pem)
            secured(free_ports(1)[0])
            chosen = {"service_url": "", "back_end": "warehouse"}
            for path in ("/apis/new/test/", TEST):
                page = signed_in.post(path, chosen).content.decode()
                assert f"https://127.0.0.1:{backend.port}/" in page
                assert "which is not saved" in page
                assert str(WORDS[Kind.DEMANDED].title) in page

    def test_a_new_back_end_with_what_is_in_its_form(self, signed_in: Client) -> None:
        make_certificate("fitting", issued=issue("fitting", by=AUTHORITY))
        with Nginx(SERVER, "ssl", "ssl_protocols TLSv1.3;", AUTHORITY) as nginx:
            shown = form(addresses=f"https://127.0.0.1:{nginx.port}", trusted_ca=AUTHORITY.pem)
            without = signed_in.post("/back-ends/new/test/", shown | {"credentials": "none"}).content.decode()
            presented = {"credentials": "client-certificate", "certificate": "fitting"}
            accepted = signed_in.post("/back-ends/new/test/", shown | presented).content.decode()
        assert "/security/client-certificates/fitting/" in without, "which fits"
        assert ">Accepted<" in accepted
        assert not BackEnd.objects.exists()
        assert signed_in.post("/back-ends/new/test/", form(addresses="nowhere", credentials="none")).status_code == 422

    def test_a_back_end_as_it_is_saved_and_as_its_form_has_it(self, signed_in: Client) -> None:
        with Backend(SERVER, AUTHORITY) as backend:
            url = f"https://127.0.0.1:{backend.port}"
            make_back_end("warehouse", url, trusted_ca=AUTHORITY.pem)
            assert "/back-ends/warehouse/test/" in signed_in.get("/back-ends/warehouse/").content.decode()
            saved = signed_in.post("/back-ends/warehouse/test/").content.decode()
            typed = form(addresses=url, trusted_authority="", credentials="none")  # without its authority
            changed = signed_in.post("/back-ends/warehouse/test/", typed).content.decode()
            piece = signed_in.post("/back-ends/warehouse/test/", typed, HTTP_HX_REQUEST="true").content.decode()
        assert str(WORDS[Kind.DEMANDED].title) in saved
        for page in (changed, piece):
            assert str(WORDS[Kind.DEMANDED].title) not in page
            assert "not trusted here" in page
        assert "<html" not in piece
        assert BackEnd.objects.get().trusted_ca == AUTHORITY.pem


def test_the_back_ends_chain_is_told_link_by_link(signed_in: Client, secured: Callable[..., Api]) -> None:
    unknown = issue("Unknown root", authority=True)
    between = issue("Unknown intermediate", by=unknown, authority=True)
    with serving(by_tls(context_of(issue("backend", by=between, hosts=("127.0.0.1",))))) as server:
        secured(server.port)
        page = page_after(signed_in)
    assert "Not trusted" in page
    assert "Its issuer was not sent and is not trusted here." in page
    assert "leads to CN=Unknown root, O=Example, which is not trusted here" in page


def test_a_back_end_without_tls_has_no_handshake_to_show(signed_in: Client, reachable: None) -> None:
    make_api("orders", service_url="http://127.0.0.1:1")
    assert "there is no handshake to look at" in page_after(signed_in)


def test_the_page_fits_into_what_asks_for_a_piece_of_it(signed_in: Client, secured: Callable[..., Api]) -> None:
    with Backend(SERVER) as backend:
        secured(backend.port)
        piece = signed_in.post(TEST, headers={"HX-Request": "true"}).content.decode()
    assert 'id="test"' in piece
    assert "<html" not in piece


def test_fitting_entries_are_found_with_few_queries_however_many_there_are(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(6):
        make_certificate(f"client-{number}", issued=issue(f"client-{number}", by=AUTHORITY))
    named = [AUTHORITY.certificate.subject.public_bytes(), issue("Nobody's").certificate.subject.public_bytes()]
    with django_assert_num_queries(4):
        first, second = issuers_of(named, None).named
    assert (len(first.entries), first.more, second.entries) == (3, 3, ())


def test_every_kind_has_words_and_every_sentence_can_be_said() -> None:
    values = {"host": "h", "port": 1, "status": 400, "alert": "48 unknown_ca", "issuer": "CN=x", "names": "n", "day": "today"}
    said = [str(WORDS[kind].sentence) % values for kind in Kind]
    assert len(set(said)) == len(said)
