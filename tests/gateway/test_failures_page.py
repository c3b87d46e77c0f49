"""The page about failures: causes instead of rows, which version is to blame, what narrows them down."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apis import actions
from apis.models import Api, Credentials
from certificates import actions as certificate_actions
from certificates.models import ClientCertificate
from gateway.counts import Span, VersionCount
from gateway.models import FailedCall, FailureKind
from tests.makers import issue, make_api, make_certificate, make_failed_call

pytestmark = pytest.mark.django_db


def failed(api: Api, number: int, **values: Any) -> None:
    for one in range(number):
        call = make_failed_call(f"{api.name}-{values.get('kind', '')}-{one}", api=api)
        FailedCall.objects.filter(pk=call.pk).update(**values)


def renewed(api: Api) -> ClientCertificate:
    """Let *api* present the second version of a certificate."""
    certificate = make_certificate()
    chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)
    actions.secure_api(api, chosen, by=None, now=timezone.now())
    return certificate_actions.replace(certificate, issue("orders-client").as_pfx(), by=None, now=timezone.now())


def counted(api: Api, certificate: ClientCertificate, number: int, **outcomes: int) -> None:
    version = certificate.versions.get(number=number)
    now = timezone.now()
    VersionCount.objects.create(version=version, api=api, span=Span.DAY, at=Span.DAY.begin(now), last_at=now, **outcomes)


def test_many_calls_of_one_cause_are_one_row(signed_in: Client) -> None:
    orders, stock = make_api(), make_api("stock")
    failed(orders, 30, kind=FailureKind.TIMEOUT)
    failed(orders, 5, kind=FailureKind.UNREACHABLE)
    failed(stock, 2, kind=FailureKind.TIMEOUT)
    page = signed_in.get("/failures/")
    assert [(cause.kind, cause.api, cause.calls) for cause in page.context["causes"]] == [
        (FailureKind.TIMEOUT, orders, 30),
        (FailureKind.UNREACHABLE, orders, 5),
        (FailureKind.TIMEOUT, stock, 2),
    ]
    assert page.content.decode().count('data-label="First"') == 3


def test_calls_of_causes_too_rare_to_be_told_are_counted_all_the_same(signed_in: Client) -> None:
    for one in range(51):
        failed(make_api(f"api-{one:02}"), 1 + (one == 7), kind=FailureKind.TIMEOUT)
    for asked, number in ({}, 52), ({"q": "/"}, 52), ({"q": "api-07"}, 2), ({"q": "nowhere"}, 0):
        page = signed_in.get("/failures/", asked)
        assert (page.context["page"].paginator.count, len(page.context["causes"])) == (number, min(number, 25) if number != 2 else 1)
        assert ("The 25 most frequent causes are shown." in page.content.decode()) == (number > 25)
    last = signed_in.get("/failures/?page=100000").context["page"]
    assert [call.pk for call in last] == list(FailedCall.objects.values_list("pk", flat=True)[50:])


def test_they_are_narrowed_down_by_api_cause_time_and_words(signed_in: Client) -> None:
    orders, stock = make_api(), make_api("stock")
    failed(orders, 3, kind=FailureKind.TIMEOUT)
    failed(stock, 2, kind=FailureKind.UNREACHABLE, at=timezone.now() - timedelta(hours=3))

    def found(**asked: str) -> int:
        return sum(cause.calls for cause in signed_in.get("/failures/", asked).context["causes"])

    assert (found(), found(api="stock"), found(kind="timeout"), found(span="1h"), found(span="24h")) == (5, 2, 3, 3, 5)
    assert (found(q="stock"), found(q="/v1/orders"), found(q="nothing"), found(kind="nonsense", span="²")) == (2, 5, 0, 5)


def test_a_new_version_that_is_refused_where_the_one_before_was_not_is_said_to_be_to_blame(signed_in: Client) -> None:
    api = make_api()
    certificate = renewed(api)
    counted(api, certificate, 1, ok=100)
    counted(api, certificate, 2, refused_certificate=38)
    failed(api, 38, kind=FailureKind.CLIENT_CERTIFICATE_REFUSED, presented=certificate.current)
    page = signed_in.get("/failures/").content.decode()
    assert "Since version 2: 38 refusals. Version 1 had none." in page
    assert "/security/client-certificates/orders-client/#versions" in page


@pytest.mark.parametrize("first", [{"ok": 100, "refused_certificate": 2}, {"refused_certificate": 7}, {}])
def test_no_version_is_blamed_where_the_one_before_did_no_better(signed_in: Client, first: dict[str, int]) -> None:
    api = make_api()
    certificate = renewed(api)
    counted(api, certificate, 1, **first)
    failed(api, 3, kind=FailureKind.CLIENT_CERTIFICATE_REFUSED, presented=certificate.current)
    assert "Since version" not in signed_in.get("/failures/").content.decode()


def test_other_causes_blame_no_version(signed_in: Client) -> None:
    api = make_api()
    certificate = renewed(api)
    counted(api, certificate, 1, ok=100)
    failed(api, 3, kind=FailureKind.TIMEOUT, presented=certificate.current)
    assert "Since version" not in signed_in.get("/failures/").content.decode()


@pytest.mark.parametrize("quoted", ["3F0A-one", " 3f0a-ONE ", "3f0a-one"])
def test_an_activity_id_leads_to_its_call_however_it_is_written(signed_in: Client, quoted: str) -> None:
    make_failed_call("3f0a-one", api=make_api())
    found = signed_in.get("/failures/", {"q": quoted})
    assert found.headers["Location"] == "/failures/3f0a-one/"
    assert signed_in.get(f"/failures/{quoted.strip()}/").status_code == 200


@pytest.mark.parametrize("rest", ["", "?q=%2Fv1&page=2", "3f0a-one/"])
def test_where_failed_calls_were_once_leads_to_where_they_are(signed_in: Client, rest: str) -> None:
    moved = signed_in.get(f"/gateways/failed-calls/{rest}")
    assert (moved.status_code, moved.headers["Location"]) == (301, f"/failures/{rest}")


def test_a_cause_leads_to_its_own_calls_alone(signed_in: Client) -> None:
    api = make_api()
    first, other = make_certificate("first").current, make_certificate("other").current  # both are the version 1
    for number, presented in ((3, first), (4, other), (5, None)):
        for one in range(number):
            call = make_failed_call(f"{number}-{one}", api=api)
            FailedCall.objects.filter(pk=call.pk).update(kind=FailureKind.UNREACHABLE, presented=presented)
    page = signed_in.get("/failures/").content.decode()
    links = [html.unescape(link) for link in re.findall(r'class="subject" href="([^"]+)"', page)]
    found = [[cause.calls for cause in signed_in.get(f"/failures/{link}").context["causes"]] for link in links]
    assert found == [[5], [4], [3]]
