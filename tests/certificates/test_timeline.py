"""The next twelve months of certificates, on the list, the dashboard and a page of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format
from pytest_django.fixtures import DjangoAssertNumQueries

from apis import actions as api_actions
from apis.models import Credentials
from certificates.models import CertificateVersion, ClientCertificate
from certificates.rollout import actions
from certificates.rollout.models import When
from kit.issuing import issue
from portal.roles import Role
from tests.makers import make_api, make_certificate, make_person, make_server_certificate

pytestmark = pytest.mark.django_db
PAGE = "/security/timeline/"
LIST = "/security/client-certificates/"
ISSUED = issue("orders-client")


def _ends(name: str, *, days: int, number: int = 1) -> None:
    """Store entries that end in so many days."""
    for place in range(number):
        called = name if number == 1 else f"{name}-{place}"
        make_certificate(called, ISSUED if number == 1 else issue(called))
        CertificateVersion.objects.filter(certificate__name=called).update(not_after=timezone.now() + timedelta(days=days))


def _words(client: Client, page: str = PAGE) -> str:
    answer = client.get(page)
    assert answer.status_code == 200
    return answer.content.decode()


def _rows(client: Client, query: str = "") -> list[tuple[str, str]]:
    return [(one["called"], one["what"]) for one in client.get(f"{PAGE}?{query}").context["happenings"]]


def _plan(name: str, *, days: int) -> None:
    entry = make_certificate(name, issue(name))
    candidate = actions.propose(entry, issue(name).as_pfx(), by=None, now=timezone.now())
    actions.plan(candidate, when=When.AT, at=timezone.now() + timedelta(days=days), by=None, now=timezone.now())


@pytest.mark.parametrize("page", [PAGE, LIST, "/"])
def test_each_entry_is_a_mark_that_leads_to_it_and_says_what_it_is(signed_in: Client, page: str) -> None:
    _ends("orders-client", days=100)
    chosen = api_actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=ClientCertificate.objects.get())
    api_actions.secure_api(make_api(), chosen, by=None, now=timezone.now())
    day = date_format((datetime.now(UTC) + timedelta(days=100)).date(), "DATE_FORMAT")
    assert f'<a href="{LIST}orders-client/" aria-label="orders-client: Expires, {day}, 1 API">' in _words(signed_in, page)


def test_what_planned_switches_bring_is_on_it(signed_in: Client) -> None:
    _plan("billing", days=3)
    assert ("billing", "switch") in _rows(signed_in)
    assert "billing: Switch planned" in _words(signed_in, "/")


def test_many_of_one_week_are_one_mark_that_leads_to_their_table(signed_in: Client) -> None:
    _ends("fleet", days=100, number=3)
    day = (datetime.now(UTC) + timedelta(days=100)).date().isoformat()
    address = f"?from={day}&amp;to={day}"
    words = _words(signed_in, LIST)
    assert address in words
    assert "3 certificates: Expires" in words
    assert _rows(signed_in, f"from={day}&to={day}") == [("fleet-0", "expires"), ("fleet-1", "expires"), ("fleet-2", "expires")]
    assert _rows(signed_in, "from=2020-01-01&to=2020-02-01") == []


@pytest.mark.parametrize("query", ["from=nonsense", "from=2026-02-31", "to=&page=x", "from=0001-01-01&to=9999-12-31", "page=99"])
def test_nonsense_in_the_address_is_ignored(signed_in: Client, query: str) -> None:
    _ends("orders-client", days=9)
    assert _rows(signed_in, query) == [("orders-client", "expires")]


def test_an_empty_portal_has_no_strip_and_says_so(signed_in: Client) -> None:
    assert "Nothing happens then" in _words(signed_in)
    assert 'class="timeline"' not in _words(signed_in, LIST)


def test_a_list_has_the_entries_of_its_kind(signed_in: Client) -> None:
    make_server_certificate()
    make_certificate()
    assert "api.example.com: Expires" not in _words(signed_in, LIST)
    assert "api.example.com: Expires" in _words(signed_in, "/security/server-certificates/")
    assert {name for name, _ in _rows(signed_in)} == {"api.example.com", "orders-client"}


def test_what_ends_later_is_counted(signed_in: Client) -> None:
    _ends("orders-client", days=800)
    assert "Later: 1" in _words(signed_in)


def test_it_costs_as_many_queries_with_many_entries(signed_in: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    _ends("orders-client", days=9)
    signed_in.get(PAGE)
    with django_assert_num_queries(13):
        signed_in.get(PAGE)
    _ends("fleet", days=99, number=30)
    signed_in.get(PAGE)
    with django_assert_num_queries(13):
        signed_in.get(PAGE)


def test_who_may_see_no_certificates_sees_none(signed_in: Client) -> None:
    client = Client()
    client.force_login(make_person("viewer", Role.VIEWER))
    assert client.get(PAGE).status_code == 200
    Group.objects.get(name=Role.VIEWER).permissions.filter(codename__startswith="view_").delete()
    client.force_login(User.objects.get(username="viewer"))
    assert client.get(PAGE).status_code == 403
