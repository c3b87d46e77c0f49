"""Export and import of how calls go on to a back end: both ways the same, twice changes nothing, faults are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.utils import timezone

from apis import actions
from apis.actions import ApiCalls
from apis.calls import CorsChoice
from apis.models import Api, Credentials
from apis.policies.actions import put_operation_document
from apis.policy.model import Protocol
from portal.models import Activity
from tests.makers import make_api
from tests.rest.test_configuration import exported, imported

pytestmark = pytest.mark.django_db
CHOSEN = ApiCalls(
    connect_seconds=9,
    idle_seconds=300,
    longest_seconds=3600,
    retry_calls=False,
    rewrite_redirects=False,
    cors=CorsChoice.GATEWAY,
    cors_origins=("https://shop.example.com", "https://*.example.org"),
    cors_methods=("GET", "PUT"),
    cors_headers=("x-trace",),
    cors_exposed=("etag",),
    cors_max_age=300,
    cors_credentials=True,
    count_by_subscription=True,
    log_calls=True,
    trace_percent=5,
)
WRITTEN = {
    "connect_seconds": 9,
    "idle_seconds": 300,
    "longest_seconds": 3600,
    "retry_calls": False,
    "rewrite_redirects": False,
    "cors": "gateway",
    "cors_origins": ["https://shop.example.com", "https://*.example.org"],
    "cors_methods": ["GET", "PUT"],
    "cors_headers": ["x-trace"],
    "cors_exposed": ["etag"],
    "cors_max_age": 300,
    "cors_credentials": True,
    "count_by_subscription": True,
    "log_calls": True,
    "trace_percent": 5,
}
SPOKEN = {"protocol": "http1", "asks_later": True, "older_servers": True}


@pytest.fixture
def configured() -> None:
    """Store an API for which everything is chosen."""
    api = actions.change_calls(make_api("orders"), CHOSEN, by=None, now=timezone.now())
    security = actions.ApiSecurity(credentials=Credentials.NONE, protocol=Protocol.HTTP1, asks_later=True, older_servers=True)
    actions.secure_api(api, security, by=None, now=timezone.now())


def orders(**values: Any) -> dict[str, Any]:
    return {"version": 1, "apis": [{"name": "orders", **values}]}


def stored() -> ApiCalls:
    return ApiCalls.of(Api.objects.get())


def test_the_file_holds_what_was_chosen(configured: None) -> None:
    (api,) = exported()["apis"]
    assert api["calls"] == WRITTEN
    assert {name: api["security"][name] for name in SPOKEN} == SPOKEN


def test_what_was_exported_changes_nothing(configured: None, tmp_path: Path) -> None:
    lines = Activity.objects.exclude(kind="export").count()
    assert imported(exported(), tmp_path) == []
    assert imported(exported(), tmp_path, "--delete-unmentioned") == []
    assert Activity.objects.exclude(kind="export").count() == lines


def test_an_empty_portal_becomes_the_same_and_a_second_time_changes_nothing(configured: None, tmp_path: Path) -> None:
    document = exported()
    Api.objects.all().delete()
    changes = imported(document, tmp_path)
    assert changes == ["+ apis/orders", "~ apis/orders/security", "~ apis/orders/calls", "+ apis/orders/operations/everything"]
    assert imported(document, tmp_path) == []
    assert exported() == document
    assert stored() == CHOSEN


def test_only_what_is_mentioned_is_changed(configured: None, tmp_path: Path) -> None:
    assert imported(orders(calls={"idle_seconds": None, "cors_max_age": 0}), tmp_path) == ["~ apis/orders/calls"]
    assert (stored().idle_seconds, stored().cors_max_age, stored().connect_seconds) == (None, 0, 9)
    assert imported(orders(security={"older_servers": False}), tmp_path) == ["~ apis/orders/security"]
    api = Api.objects.get()
    assert (api.protocol, api.asks_later, api.older_servers) == ("http1", True, False)
    assert imported(orders(calls={}, security={}), tmp_path) == []


def test_another_one_that_answers_browsers_forgets_the_gateways_answers(configured: None, tmp_path: Path) -> None:
    document = orders(calls={"cors": "back-end"})
    assert imported(document, tmp_path) == ["~ apis/orders/calls"]
    assert (stored().cors, stored().cors_origins, stored().cors_credentials) == (CorsChoice.BACK_END, (), False)
    assert imported(document, tmp_path) == []


@pytest.mark.parametrize(
    "calls",
    [
        {"cors_origins": ["HTTPS://Shop.Example.com:443/", "https://shop.example.com", "https://*.example.org"]},
        {"cors_methods": ["get", "put"]},
        {"cors_headers": ["x-trace", "x-trace"]},
    ],
)
def test_another_spelling_of_the_same_changes_nothing(calls: dict[str, Any], configured: None, tmp_path: Path) -> None:
    assert imported(orders(calls=calls), tmp_path) == []


def test_a_plan_is_what_is_then_done(configured: None, tmp_path: Path) -> None:
    document = orders(calls={"connect_seconds": 3}, security={"protocol": "auto"})
    planned = imported(document, tmp_path, "--dry-run")
    assert stored() == CHOSEN
    assert imported(document, tmp_path) == planned == ["~ apis/orders/security", "~ apis/orders/calls"]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"calls": 5}, "calls"),
        ({"calls": {"colour": "red"}}, "calls.colour"),
        ({"calls": {"revision": 1}}, "calls.revision"),
        ({"calls": {"connect_seconds": 0}}, "calls.connect_seconds"),
        ({"calls": {"connect_seconds": None}}, "calls.connect_seconds"),
        ({"calls": {"connect_seconds": "soon"}}, "calls.connect_seconds"),
        ({"calls": {"connect_seconds": [5]}}, "calls.connect_seconds"),
        ({"calls": {"idle_seconds": 3601}}, "calls.idle_seconds"),
        ({"calls": {"idle_seconds": True}}, "calls.idle_seconds"),
        ({"calls": {"longest_seconds": -1}}, "calls.longest_seconds"),
        ({"calls": {"retry_calls": "yes"}}, "calls.retry_calls"),
        ({"calls": {"cors_credentials": "no"}}, "calls.cors_credentials"),
        ({"calls": {"rewrite_redirects": 1}}, "calls.rewrite_redirects"),
        ({"calls": {"cors": "everybody"}}, "calls.cors"),
        ({"calls": {"cors": None}}, "calls.cors"),
        ({"calls": {"cors_origins": []}}, "calls.cors_origins"),
        ({"calls": {"cors_origins": None}}, "calls.cors_origins"),
        ({"calls": {"cors_origins": ["shop"]}}, "calls.cors_origins"),
        ({"calls": {"cors_origins": [5]}}, "calls.cors_origins"),
        ({"calls": {"cors_origins": "https://shop.example.com"}}, "calls.cors_origins"),
        ({"calls": {"cors_origins": {"a": 1}}}, "calls.cors_origins"),
        ({"calls": {"cors_origins": ["*"]}}, "calls.cors_credentials"),
        ({"calls": {"cors_methods": ["G(ET"]}}, "calls.cors_methods"),
        ({"security": {"protocol": "http3"}}, "security.protocol"),
        ({"security": {"protocol": "http2"}}, "security.protocol"),
        ({"security": {"asks_later": "perhaps"}}, "security.asks_later"),
        ({"security": {"older_servers": "false"}}, "security.older_servers"),
        ({"security": {"older_servers": None}}, "security.older_servers"),
        ({"subscription_required": "no"}, "subscription_required"),
        ({"security": {"validate_certificate_chain": "no"}}, "security.validate_certificate_chain"),
    ],
)
def test_a_fault_is_named_and_nothing_is_changed(values: dict[str, Any], named: str, configured: None, tmp_path: Path) -> None:
    before = exported()
    with pytest.raises(CommandError, match="Nothing was changed") as refusal:
        imported(orders(display_name="Changed", **values), tmp_path)
    assert f"\napis.orders.{named}: " in str(refusal.value)
    assert exported() == before


def test_the_template_and_the_policy_of_an_operation_change_in_one_file(tmp_path: Path) -> None:
    operation = actions.add_operation(
        make_api(), name="own", display_name="Own", method="GET", url_template="/own/{id}", by=None, now=timezone.now()
    )
    policy = '<policies><inbound><rewrite-uri template="/{}" /></inbound></policies>'
    put_operation_document(operation, policy.replace("{}", "{id}"), by=None, now=timezone.now())
    wanted = exported()
    (own,) = (one for one in wanted["apis"][0]["operations"] if one["name"] == "own")
    own["url_template"] = "/own/{key}"
    with pytest.raises(CommandError, match="has no parameter"):
        imported(wanted, tmp_path)
    own["policy"] = policy.replace("{}", "{key}")
    imported(wanted, tmp_path)
    operation.refresh_from_db()
    assert (operation.url_template, operation.document) == (own["url_template"], own["policy"])
