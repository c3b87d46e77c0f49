"""The Operations tab."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apis.models import Operation
from tests.makers import make_api

pytestmark = pytest.mark.django_db
ORDER = {"display_name": "Get order", "method": "get", "url_template": "/orders/{id}"}


def test_an_operation_is_added_in_its_normal_form(signed_in: Client) -> None:
    make_api("orders", everything=False)
    answer = signed_in.post("/apis/orders/operations/new/", ORDER, follow=True)
    assert answer.redirect_chain == [("/apis/orders/operations/", 303)]
    operation = Operation.objects.get()
    assert (operation.name, operation.method, operation.url_template) == ("get-order", "GET", "/orders/{id}")
    assert "/orders/{id}" in answer.content.decode()


def test_one_click_adds_everything(signed_in: Client) -> None:
    make_api("orders", everything=False)
    page = signed_in.get("/apis/orders/operations/").content.decode()
    assert "Add everything" in page
    signed_in.post("/apis/orders/operations/new/", {"display_name": "Everything", "method": "*", "url_template": "/*"})
    assert "Add everything" not in signed_in.get("/apis/orders/operations/").content.decode()


@pytest.mark.parametrize(
    ("typed", "kept"), [("", "/"), ("Orders({id})", "/Orders({id})"), ("/{*rest}", "/{*rest}"), ("/o?q={q}", "/o?q={q}")]
)
def test_templates_of_other_tools_are_taken(signed_in: Client, typed: str, kept: str) -> None:
    make_api("orders", everything=False)
    answer = signed_in.post("/apis/orders/operations/new/", ORDER | {"url_template": typed})
    assert answer.status_code == 303
    assert Operation.objects.get().url_template == kept


def test_a_nameless_operation_is_named_by_its_signature(signed_in: Client) -> None:
    make_api("orders", everything=False)
    signed_in.post("/apis/orders/operations/new/", ORDER | {"display_name": ""})
    assert Operation.objects.get().display_name == "GET /orders/{id}"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("method", "GET POST", "one word"),
        ("method", "", "This field is required."),
        ("url_template", "/orders//x", "Two slashes"),
        ("url_template", "/v{id", "in braces"),
        ("url_template", "/a/{b}", "already matches the same calls"),
    ],
)
def test_a_mistake_is_told_at_its_field(signed_in: Client, field: str, value: str, words: str) -> None:
    make_api("orders", everything=False)
    signed_in.post("/apis/orders/operations/new/", {"display_name": "first", "method": "GET", "url_template": "/a/{id}"})
    answer = signed_in.post("/apis/orders/operations/new/", ORDER | {field: value})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert f'id="id_{field}_error"' in page
    assert words in page
    assert Operation.objects.count() == 1


def test_an_operation_is_changed_and_keeps_its_name(signed_in: Client) -> None:
    make_api("orders")
    answer = signed_in.post("/apis/orders/operations/everything/", ORDER)
    assert answer.status_code == 303
    operation = Operation.objects.get()
    assert (operation.name, operation.method, operation.display_name) == ("everything", "GET", "Get order")


def test_an_operation_is_deleted_once_it_is_confirmed(signed_in: Client) -> None:
    make_api("orders")
    assert "Yes, delete it" in signed_in.get("/apis/orders/operations/everything/delete/").content.decode()
    assert Operation.objects.exists()
    assert signed_in.post("/apis/orders/operations/everything/delete/").status_code == 303
    assert not Operation.objects.exists()


def test_an_operation_of_another_api_is_404(signed_in: Client) -> None:
    make_api("orders")
    make_api("returns", everything=False)
    assert signed_in.get("/apis/returns/operations/everything/").status_code == 404


def test_viewers_see_them_and_change_nothing(client: Client, viewer: User) -> None:
    make_api("orders")
    client.force_login(viewer)
    assert "Everything" in client.get("/apis/orders/operations/").content.decode()
    for path in ("new/", "everything/", "everything/delete/"):
        assert client.post(f"/apis/orders/operations/{path}", ORDER).status_code == 403


def test_two_who_edit_one_operation_do_not_overwrite_each_other(signed_in: Client) -> None:
    make_api("orders", everything=False)
    signed_in.post("/apis/orders/operations/new/", ORDER)
    page = "/apis/orders/operations/get-order/"
    seen = signed_in.get(page).context["form"]["revision"].value()
    theirs = ORDER | {"url_template": "/orders/{id}/theirs", "description": "theirs", "revision": seen}
    assert signed_in.post(page, theirs).status_code == 303
    answer = signed_in.post(page, ORDER | {"url_template": "/orders/{id}/mine", "revision": seen})
    assert answer.status_code == 409
    assert "while you were editing it" in answer.content.decode()
    assert "/orders/{id}/mine" in answer.content.decode()
    assert Operation.objects.get().url_template == "/orders/{id}/theirs"
    again = answer.context["revision"]
    assert signed_in.post(page, ORDER | {"url_template": "/orders/{id}/mine", "revision": again}).status_code == 303
    assert Operation.objects.get().url_template == "/orders/{id}/mine"
