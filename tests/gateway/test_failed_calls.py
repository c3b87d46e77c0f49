"""What is kept of a failed call: the path as its caller wrote it, its API whatever happened, the certificate that was presented."""

from __future__ import annotations

import dataclasses

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from apis import actions
from apis.models import Api, Credentials, KeyKind
from gateway.models import FailedCall, FailureKind, Refusal
from gateway.seeing.failures import callers_path, complete, paths_above
from tests.gateway.plant import Plant, eventually
from tests.makers import issue, make_api, make_certificate, make_subscription

segments = st.lists(st.text("abcXYZ019._~-", min_size=1, max_size=8), max_size=4).map("/".join)


def call_of(path: str, api: Api | None = None) -> FailedCall:
    return FailedCall(api=api, at=timezone.now(), path=path, status=502)


@given(base=segments, service=segments, rest=segments.filter(bool))
def test_the_path_is_the_callers_whatever_stands_before_it_at_the_back_end(base: str, service: str, rest: str) -> None:
    api = Api(path=base, service_url="https://h" + (f"/{service}" if service else ""))
    forwarded = (f"/{service}" if service else "") + f"/{rest}"
    assert callers_path(forwarded, api) == (f"/{base}" if base else "") + f"/{rest}"


@pytest.mark.parametrize(
    ("service_url", "forwarded", "callers"),
    [
        ("https://h/v2", "/v2/some/path", "/orders/some/path"),
        ("https://h/v2/", "/v2/some/path", "/orders/some/path"),
        ("https://h", "/", "/orders"),
        ("https://h/v2", "/v2", "/orders"),
        ("https://h/changed", "/v2/some/path", "/v2/some/path"),
    ],
)
def test_so_it_is_at_the_edges(service_url: str, forwarded: str, callers: str) -> None:
    assert callers_path(forwarded, Api(path="orders", service_url=service_url)) == callers


def test_an_api_is_looked_for_by_the_longest_path() -> None:
    assert paths_above("/a/b/c") == ["a/b/c", "a/b", "a", ""]
    assert paths_above("/" + "x" * 500) == [""]


@pytest.mark.django_db
def test_calls_are_completed_from_the_rows() -> None:
    chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=make_certificate())
    api = actions.secure_api(make_api("orders", path="sales/orders"), chosen, by=None, now=timezone.now())
    make_api("sales")
    known, before, refused, nobodys = call_of("/1", api), call_of("/1", api), call_of("/sales/orders/1"), call_of("/elsewhere/1")
    assert api.presented is not None
    known.presents = api.presented.thumbprint
    complete([known, before, refused, nobodys])
    for call in (known, refused):
        assert (call.api, call.path, call.presented_id) == (api, "/sales/orders/1", api.presented.pk)
    assert (before.api, before.presented_id) == (api, None)  # the call that made somebody choose the certificate
    assert (nobodys.api, nobodys.path, nobodys.presented_id) == (None, "/elsewhere/1", None)


def test_a_call_of_an_api_whose_settings_the_gateway_refused_names_it(plant: Plant) -> None:
    fits_not = dataclasses.replace(issue("orders-client"), key=issue("another").key)  # which the gateway refuses
    certificate = make_certificate(issued=fits_not)
    key = make_subscription("all").keys.get(kind=KeyKind.PRIMARY).unseal().value.decode()
    api = make_api("refused", path="some/refused", service_url="https://localhost:9/base")
    chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)
    actions.secure_api(api, chosen, by=None, now=timezone.now())
    eventually(lambda: Refusal.objects.filter(api=api).exists())
    answer = plant.call("/some/refused/1?page=2", key=key)
    assert "has refused the settings" in answer.message
    call = eventually(lambda: FailedCall.objects.filter(activity_id=answer.headers["x-activity-id"]).first())
    assert (call.api, call.path, call.kind) == (api, "/some/refused/1", FailureKind.NOT_CONFIGURED)
