"""Adding an API."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from apis.models import Api
from portal.models import Activity, Event
from tests.makers import make_api

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
GOOD = {
    "display_name": "Orders",
    "name": "orders",
    "service_url": "https://orders.example.com/v2",
    "path": "orders",
    "description": "All about orders.",
    "subscription_required": "on",
}


def test_it_is_stored_and_the_operations_come_next(signed_in: Client, publisher: User) -> None:
    answer = signed_in.post("/apis/new/", GOOD)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/apis/orders/operations/"
    api = Api.objects.get(name="orders")
    assert (api.display_name, api.service_url, api.path, api.subscription_required) == (
        "Orders",
        "https://orders.example.com/v2",
        "orders",
        True,
    )
    line = Activity.objects.get(event=Event.API_CREATED)
    assert (line.actor, line.subject_name) == (publisher, "orders")


@pytest.mark.parametrize(
    ("display_name", "name"),
    [
        ("Orders & Returns", "orders-returns"),
        ("订单", "订单"),
        ("!?", "api"),
        ("new", "new-2"),
        ("taken", "taken-2"),
        ("x" * 300, "x" * 72),
    ],
)
def test_a_name_is_made_from_the_display_name(signed_in: Client, display_name: str, name: str) -> None:
    make_api("taken")
    assert signed_in.post("/apis/new/", GOOD | {"display_name": display_name, "name": ""}).status_code == 303
    assert signed_in.get(f"/apis/{name}/").status_code == 200


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("display_name", "", "This field is required."),
        ("name", "a/b", "none of"),
        ("name", "new", "cannot be a name"),
        ("name", "other", "already has this name"),
        ("service_url", "", "This field is required."),
        ("service_url", "orders.example.com", "Begin with https://"),
        ("service_url", "https://a:b@orders.example.com", "no user name or password"),
        ("service_url", "https://169.254.169.254", "metadata service"),
        ("path", "//", "letters, digits"),
        ("path", "a b", "letters, digits"),
        ("path", "a//b", "letters, digits"),
        ("path", "a/../b", "letters, digits"),
        ("path", "/other/", "already has this URL suffix"),
        ("path", "status-0123456789abcdef", "answers this path itself"),
    ],
)
def test_a_mistake_is_told_at_its_field_and_what_was_typed_is_kept(signed_in: Client, field: str, value: str, words: str) -> None:
    make_api("other")
    answer = signed_in.post("/apis/new/", GOOD | {field: value})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert f'id="id_{field}_error"' in page
    assert words in page
    assert "<title>Error:" in page
    assert "All about orders." in page
    assert Api.objects.count() == 1


def test_several_mistakes_are_told_at_once(signed_in: Client) -> None:
    page = signed_in.post("/apis/new/", {"display_name": "", "service_url": "x", "path": "a b"}).content.decode()
    for field in ("display_name", "service_url", "path"):
        assert f'id="id_{field}_error"' in page


@pytest.mark.parametrize("suffix", ["", "/"])
def test_an_empty_suffix_is_the_root_of_the_gateway(signed_in: Client, suffix: str) -> None:
    assert signed_in.post("/apis/new/", GOOD | {"path": suffix}).status_code == 303
    api = Api.objects.get()
    assert (api.path, api.gateway_path) == ("", "")
    assert signed_in.get(f"/apis/{api.name}/").status_code == 200
    assert "already has this URL suffix" in signed_in.post("/apis/new/", GOOD | {"name": "second", "path": ""}).content.decode()


def test_slashes_at_the_ends_of_the_suffix_do_no_harm(signed_in: Client) -> None:
    signed_in.post("/apis/new/", GOOD | {"path": "/sales/orders/"})
    assert Api.objects.get().path == "sales/orders"


def test_loopback_back_ends_need_the_operators_leave(signed_in: Client, settings: Settings) -> None:
    settings.ALLOWED_BACKEND_NETWORKS = ()
    assert signed_in.post("/apis/new/", GOOD | {"service_url": "https://127.0.0.1:9443"}).status_code == 422


def test_an_unchecked_box_lets_callers_in_without_a_key(signed_in: Client) -> None:
    signed_in.post("/apis/new/", {name: value for name, value in GOOD.items() if name != "subscription_required"})
    assert Api.objects.get().subscription_required is False


def test_viewers_may_not(client: Client, viewer: User) -> None:
    client.force_login(viewer)
    assert client.post("/apis/new/", GOOD).status_code == 403
    assert not Api.objects.exists()
