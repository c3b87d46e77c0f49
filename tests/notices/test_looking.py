"""What back ends themselves present: looked at once a day, under the guard, and told of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from apis.models import Api
from kit.issuing import issue
from notices.looking import apis_at, look_around
from notices.models import BackendCertificate
from tests.gateway.backends import Backend
from tests.makers import make_api
from tests.notices.conftest import Telling

pytestmark = pytest.mark.django_db
TODAY = datetime.now(UTC)
AUTHORITY = issue("Test authority", authority=True)


def ending(days: float) -> Backend:
    """Return a back end whose certificate ends so many days after today; it demands a client certificate, which nobody shows."""
    served = issue(
        "backend", by=AUTHORITY, hosts=("127.0.0.1",), not_before=TODAY - timedelta(days=90), not_after=TODAY + timedelta(days=days)
    )
    return Backend(served, AUTHORITY)


def test_publishers_are_told_of_a_back_end_whose_own_certificate_ends(telling: Telling, publisher: User) -> None:
    with ending(days=5) as soon, ending(days=500) as fine:
        for name, port in (("first", soon.port), ("second", soon.port), ("fine", fine.port)):
            make_api(name, service_url=f"https://127.0.0.1:{port}")
        assert look_around(now=TODAY) == 2
        assert soon.calls == []
    (mail,) = telling(TODAY)
    assert f"Certificate of a back end 127.0.0.1:{soon.port} expires in 5 days" in mail.subject
    assert "first, second" in mail.text
    assert "/apis/first/" in mail.text
    assert telling(TODAY + timedelta(hours=1)) == []


def test_each_is_looked_at_once_a_day(db: None) -> None:
    with ending(days=5) as running:
        make_api("orders", service_url=f"https://127.0.0.1:{running.port}")
        assert [look_around(now=TODAY + timedelta(hours=hours)) for hours in (0, 1, 23, 25)] == [1, 0, 0, 1]


def test_what_was_seen_stays_while_a_back_end_is_away_and_goes_with_its_last_api(telling: Telling, publisher: User) -> None:
    with ending(days=5) as running:
        api = make_api("orders", service_url=f"https://127.0.0.1:{running.port}")
        look_around(now=TODAY)
    look_around(now=TODAY + timedelta(days=2))
    assert BackendCertificate.objects.get().not_after is not None
    Api.objects.filter(pk=api.pk).update(service_url="https://elsewhere.invalid")
    assert telling(TODAY) == []
    look_around(now=TODAY + timedelta(days=2))
    assert [row.host for row in BackendCertificate.objects.all()] == ["elsewhere.invalid"]
    assert BackendCertificate.objects.get().not_after is None


def test_where_the_portal_may_not_call_nothing_is_seen(settings: Settings) -> None:
    with ending(days=5) as running:
        make_api("orders", service_url=f"https://127.0.0.1:{running.port}")
        settings.ALLOWED_BACKEND_NETWORKS = ()
        look_around(now=TODAY)
    assert BackendCertificate.objects.get().not_after is None


def test_apis_are_found_by_their_back_end(db: None) -> None:
    for name, url in (
        ("default", "https://back.example.com/v1"),
        ("named", "https://back.example.com:443"),
        ("other-port", "https://back.example.com:8443"),
        ("longer", "https://back.example.com.evil.example"),
        ("six", "https://[2001:db8::1]/"),
    ):
        make_api(name, service_url=url)
    assert [api.name for api in apis_at("back.example.com", 443)] == ["default", "named"]
    assert [api.name for api in apis_at("2001:db8::1", 443)] == ["six"]
