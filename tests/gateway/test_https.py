"""The gateway ends TLS: each host name with its certificate, switched without a lost call or connection."""

from __future__ import annotations

import socket
import ssl
import threading
from collections import Counter

import pytest
from cryptography import x509
from django.utils import timezone

from apis import actions as api_actions
from apis.callers import CallerCertificate
from apis.models import Api
from certificates import actions
from certificates.models import ServerCertificate
from gateway.compile import STATUS_PATH
from kit.issuing import Issued, issue
from portal.activity import last_line
from portal.live import Kind, State, live_status
from tests.gateway.backends import Backend
from tests.gateway.plant import Plant, eventually
from tests.gateway.tls_callers import call_on, connected, context_of
from tests.makers import make_api, make_server_certificate

pytestmark = pytest.mark.any_database


def _open_api(plain: Backend, name: str = "orders") -> Api:
    api = make_api(name, service_url=f"http://localhost:{plain.port}")
    settings = api_actions.ApiSettings(display_name=name, service_url=api.service_url, path=api.path, subscription_required=False)
    return api_actions.change_api(api, settings, by=None, now=timezone.now())


def _limit(api: Api, *hosts: str) -> None:
    api_actions.change_callers(api, api_actions.ApiCallers(hosts=hosts), by=None, now=timezone.now())


def _serve(plant: Plant, issued: Issued, *names: str) -> ServerCertificate:
    certificate = make_server_certificate(names[0] if names else "certificate", issued)
    eventually(lambda: plant.applied(last_line()))
    return certificate


def _shown(plant: Plant, authority: Issued, name: str | None) -> bytes:
    """Return the certificate that a caller who asks for *name* is shown."""
    context = context_of(authority)
    context.check_hostname = False
    with connected(plant.https_port, context, name=name) as connection:
        return connection.getpeercert(binary_form=True) or b""


@pytest.fixture
def named(authority: Issued) -> Issued:
    """Return a server certificate for one host name."""
    return issue("api.example.com", by=authority, hosts=("api.example.com",))


def test_a_caller_is_shown_the_certificate_of_the_name_it_asks_for(plant: Plant, authority: Issued, named: Issued) -> None:
    below = issue("below", by=authority, hosts=("*.shop.example.com", "shop.example.com"))
    _serve(plant, named, "first")
    _serve(plant, below, "second")
    assert _shown(plant, authority, "api.example.com") == named.der
    assert _shown(plant, authority, "API.example.com") == named.der
    assert _shown(plant, authority, "shop.example.com") == below.der
    assert _shown(plant, authority, "a.shop.example.com") == below.der
    assert _shown(plant, authority, "unknown.example.com") == named.der, "the oldest entry, where no certificate is for the name"
    assert _shown(plant, authority, None) == named.der


def test_without_a_server_certificate_nothing_listens_for_https(plant: Plant, authority: Issued, named: Issued) -> None:
    certificate = _serve(plant, named, "first")
    assert live_status(Kind.SERVER_CERTIFICATE, certificate.pk).state is State.LIVE
    actions.delete(certificate, by=None, now=timezone.now())
    eventually(lambda: not _listens(plant))


def _listens(plant: Plant) -> bool:
    try:
        socket.create_connection(("127.0.0.1", plant.https_port), timeout=5).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_of_tls_are_spoken_and_http_2_is_offered(
    plant: Plant, authority: Issued, named: Issued, version: ssl.TLSVersion
) -> None:
    _serve(plant, named)
    context = context_of(authority, protocols=("h2", "http/1.1"))
    context.minimum_version = context.maximum_version = version
    with connected(plant.https_port, context, name="api.example.com") as connection:
        assert connection.selected_alpn_protocol() == "h2"
        cipher, _, bits = connection.cipher() or ("", "", 0)
        assert "GCM" in cipher or "CHACHA20" in cipher
        assert bits >= 128


def test_older_tls_is_refused(plant: Plant, authority: Issued, named: Issued) -> None:
    _serve(plant, named)
    context = context_of(authority)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError), connected(plant.https_port, context, name="api.example.com"):
        pass


def test_a_call_by_https_says_so_to_the_back_end(plant: Plant, plain: Backend, authority: Issued, named: Issued) -> None:
    _open_api(plain)
    _serve(plant, named)
    with connected(plant.https_port, context_of(authority), name="api.example.com") as connection:
        answer = call_on(connection, "/orders/1", host="api.example.com")
    assert answer.status == 200
    assert plain.calls[-1].header("x-forwarded-proto") == "https"
    assert plain.calls[-1].header("x-forwarded-host") == "api.example.com"


def test_an_api_that_is_limited_to_host_names_is_found_under_these_alone(
    plant: Plant, plain: Backend, authority: Issued, named: Issued
) -> None:
    _limit(_open_api(plain), "api.example.com", "*.shop.example.com")
    _serve(plant, named)
    found = {
        "api.example.com": 200,
        f"API.example.com:{plant.https_port}": 200,
        "a.shop.example.com": 200,
        "shop.example.com": 404,
        "a.b.shop.example.com": 404,
        "other.example.com": 404,
        "api.example.com.evil.example": 404,
        "apiXexample.com": 404,
    }
    with connected(plant.https_port, context_of(authority), name="api.example.com") as connection:
        assert {host: call_on(connection, "/orders/1", host=host).status for host in found} == found


def test_a_switch_loses_no_call_and_no_connection_and_new_connections_have_the_new_certificate(
    plant: Plant, plain: Backend, authority: Issued, named: Issued
) -> None:
    _open_api(plain)
    certificate = _serve(plant, named)
    context, over, statuses = context_of(authority), threading.Event(), Counter[object]()

    def keep_calling() -> None:
        while not over.is_set():
            try:
                with connected(plant.https_port, context, name="api.example.com") as connection:
                    for _ in range(5):
                        statuses[call_on(connection, "/orders/1", host="api.example.com").status] += 1
            except OSError as error:
                statuses[repr(error)] += 1

    callers = [threading.Thread(target=keep_calling) for _ in range(3)]
    with connected(plant.https_port, context, name="api.example.com") as kept:
        for caller in callers:
            caller.start()
        eventually(lambda: statuses[200] > 50)
        for number in range(5):
            renewed = issue(f"renewed-{number}", by=authority, hosts=("api.example.com",))
            actions.replace(certificate, renewed.as_pfx(), by=None, now=timezone.now())
            eventually(lambda: plant.applied(last_line()))
            assert _shown(plant, authority, "api.example.com") == renewed.der
            assert call_on(kept, "/orders/1", host="api.example.com").status == 200
        over.set()
        for caller in callers:
            caller.join()
    assert set(statuses) == {200}, statuses


def test_a_host_asks_for_certificates_as_soon_as_an_api_of_its_wants_them(
    plant: Plant, plain: Backend, authority: Issued, named: Issued
) -> None:
    api = _open_api(plain)
    _serve(plant, named)
    partners = issue("Partners", authority=True)
    partner = issue("partner", by=partners)
    required = api_actions.ApiCallers(
        hosts=("*.example.com",), caller_certificate=CallerCertificate.REQUIRED, caller_authorities=partners.pem
    )
    api_actions.change_callers(api, required, by=None, now=timezone.now())
    eventually(lambda: plant.applied(last_line()))
    assert _status(plant, authority, partner) == 200
    assert _status(plant, authority, None) == 403
    api_actions.change_callers(api, api_actions.ApiCallers(), by=None, now=timezone.now())
    eventually(lambda: plant.applied(last_line()))
    assert _status(plant, authority, None) == 200


def _status(plant: Plant, authority: Issued, certificate: Issued | None) -> int:
    with connected(plant.https_port, context_of(authority, certificate=certificate), name="api.example.com") as connection:
        return call_on(connection, "/orders/1", host="api.example.com").status


def test_rolled_back_the_version_before_is_shown(plant: Plant, authority: Issued, named: Issued) -> None:
    certificate = _serve(plant, named)
    actions.replace(certificate, issue("renewed", by=authority, hosts=("api.example.com",)).as_pfx(), by=None, now=timezone.now())
    actions.roll_back(certificate, version=1, by=None, now=timezone.now())
    eventually(lambda: plant.applied(last_line()))
    assert _shown(plant, authority, "api.example.com") == named.der


def test_another_host_name_leaves_the_connections_of_those_there_are_alone(
    plant: Plant, plain: Backend, authority: Issued, named: Issued
) -> None:
    _open_api(plain)
    _serve(plant, named, "first")
    context = context_of(authority)
    with connected(plant.https_port, context, name="api.example.com") as kept:
        assert call_on(kept, "/orders/1", host="api.example.com").status == 200
        other = _serve(plant, issue("other", by=authority, hosts=("other.example.com",)), "other")
        assert x509.load_der_x509_certificate(_shown(plant, authority, "other.example.com"))
        actions.delete(other, by=None, now=timezone.now())
        eventually(lambda: plant.applied(last_line()))
        answer = call_on(kept, "/orders/1", host="api.example.com")
    assert (answer.status, answer.headers.get("connection")) == (200, None), "it is not being drained"


def test_the_status_address_answers_by_https(plant: Plant, authority: Issued, named: Issued) -> None:
    _serve(plant, named)
    with connected(plant.https_port, context_of(authority), name="api.example.com") as connection:
        assert call_on(connection, STATUS_PATH, host="api.example.com").status == 200
