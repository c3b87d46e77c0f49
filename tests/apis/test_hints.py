"""What may help is said where a call has failed: on the page of the failed call, in the connection test and on the Test tab."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apis import actions
from apis.connection import explain
from apis.gateway_call import Answer
from apis.hints import hints_for
from apis.models import Api, Credentials
from apis.policy.failure import Failure
from gateway.models import FailedCall
from tests.makers import issue, make_api, make_certificate, make_failed_call

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
ASKS_LATER = "The back end asks for the certificate later"
OLDER = "Allow older servers"


def secured(api: Api, *, not_before: int = -9, not_after: int = 90, asks_later: bool = False) -> Api:
    """Return *api* with a client certificate that is valid from and until so many days from now."""
    now = datetime.now(UTC)
    issued = issue(not_before=now + timedelta(days=not_before), not_after=now + timedelta(days=not_after))
    certificate = make_certificate(issued=issued)
    security = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate, asks_later=asks_later)
    return actions.secure_api(api, security, by=None, now=timezone.now())


def hints(api: Api, failure: str) -> str:
    presented = api.certificate.current if api.certificate else None
    return " ".join(str(one.text) for one in hints_for(api, failure, presented=presented, at=timezone.now()))


def answered(status: int, content: bytes = b"") -> Answer:
    """Return an answer of the back end's own."""
    return Answer(status=status, reason="", headers=(), content=content, cut=False, milliseconds=1)


@pytest.mark.parametrize("failure", [Failure.MAYBE_REFUSED, Failure.DROPPED, Failure.RESET])
def test_a_connection_that_was_broken_off_may_have_been_asked_for_the_certificate_later(failure: Failure) -> None:
    assert ASKS_LATER in hints(secured(make_api("orders")), failure)


@pytest.mark.parametrize("failure", [Failure.CLIENT_CERTIFICATE_REFUSED, Failure.NO_COMMON_TLS, Failure.UNREACHABLE, Failure.TIMEOUT])
def test_other_failures_do_not_point_there(failure: Failure) -> None:
    assert ASKS_LATER not in hints(secured(make_api("orders")), failure)


def test_nor_does_an_api_that_says_so_already_or_has_no_certificate() -> None:
    assert not hints(secured(make_api("orders"), asks_later=True), Failure.DROPPED)
    assert not hints(make_api("open"), Failure.DROPPED)


def test_a_403_with_a_certificate_chosen_points_there_and_without_one_does_not() -> None:
    assert [ASKS_LATER in str(hint.text) for hint in explain(secured(make_api("orders")), answered(403)).hints] == [True]
    assert explain(make_api("open"), answered(403)).hints == []
    assert explain(make_api("another"), answered(200)).hints == []


@pytest.mark.parametrize("failure", [Failure.NO_COMMON_TLS, Failure.HANDSHAKE_BROKEN_OFF])
def test_a_handshake_that_came_to_nothing_points_to_older_servers_once(failure: Failure) -> None:
    api = make_api("orders")
    assert OLDER in hints(api, failure)
    allowed = actions.ApiSecurity(credentials=Credentials.NONE, older_servers=True)
    assert not hints(actions.secure_api(api, allowed, by=None, now=timezone.now()), failure)


def test_a_back_end_of_tls_1_3_alone_cannot_ask_later() -> None:
    assert "speaks only TLS 1.3" in hints(secured(make_api("orders"), asks_later=True), Failure.NO_COMMON_TLS)


@pytest.mark.parametrize(("dates", "words"), [((-9, -1), "expired on"), ((1, 90), "is not valid before")])
def test_a_certificate_out_of_its_time_is_named_where_it_may_have_been_refused(dates: tuple[int, int], words: str) -> None:
    api = secured(make_api("orders"), not_before=dates[0], not_after=dates[1])
    for failure in (Failure.CLIENT_CERTIFICATE_REFUSED, Failure.MAYBE_REFUSED):
        assert f"The client certificate {words}" in hints(api, failure)
    assert "The client certificate" not in hints(api, Failure.UNREACHABLE)
    page = explain(api, answered(400, b"<h1>The SSL certificate error</h1>"))
    assert f"The client certificate {words}" in str(page.hints[0].text)


def test_the_page_of_a_failed_call_names_the_certificate_that_was_presented_also_after_a_renewal(signed_in: Client) -> None:
    api = secured(make_api("orders"), not_after=-1)
    assert api.certificate is not None
    expired = api.certificate.current
    call = make_failed_call("5f3c-1", api=api)
    FailedCall.objects.filter(pk=call.pk).update(kind=Failure.MAYBE_REFUSED, presented=expired)
    make_certificate("renewed")
    page = signed_in.get("/failures/5f3c-1/").content.decode()
    assert "The client certificate expired on" in page
    assert ASKS_LATER in page
    assert 'href="/apis/orders/security/#id_asks_later"' in page
    assert 'href="/security/client-certificates/orders-client/replace/"' in page


def test_older_servers_are_warned_of_on_every_page_of_the_api(signed_in: Client) -> None:
    allowed = actions.ApiSecurity(credentials=Credentials.NONE, older_servers=True)
    actions.secure_api(make_api("orders"), allowed, by=None, now=timezone.now())
    for tab in ("", "settings/", "operations/", "security/", "policy/", "console/"):
        assert "Older servers are allowed" in signed_in.get(f"/apis/orders/{tab}").content.decode()
