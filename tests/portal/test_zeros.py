"""The character that PostgreSQL does not take, in what a browser or a stranger sends beside forms' own fields."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.makers import make_api, make_certificate

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.fixture
def desk(client: Client, administrator: User) -> Client:
    client.force_login(administrator)
    return client


@pytest.mark.parametrize(
    "address",
    [
        "/security/client-certificates/chosen/list.csv?certificates=shop%00",
        "/apis/chosen/list.csv?apis=shop%00",
        "/apis/?q=sh%00op",
        "/apis/?q=sh%0%000op",
    ],
)
def test_an_address_is_read_without_it(desk: Client, address: str) -> None:
    make_certificate("shop")
    make_api("shop")
    answer = desk.get(address)
    assert answer.status_code == 200
    assert "shop" in answer.getvalue().decode()


def test_a_box_that_was_ticked_for_nothing_is_named(desk: Client) -> None:
    make_certificate("old")
    answer = desk.post("/security/client-certificates/old/move/", {"apis": "a\0b", "to": "old"})
    assert answer.status_code == 422
    assert "There is no such API to move here" in answer.content.decode()


def test_a_download_of_the_activity_about_nothing_has_no_lines(desk: Client) -> None:
    answer = desk.post("/activity/download/", {"about": "api:\0", "format": "csv"})
    assert answer.status_code < 500


def test_a_contact_of_an_endless_number_is_none(desk: Client) -> None:
    make_certificate("old")
    answer = desk.post("/notices/of/client/old/remove/", {"contact": "9" * 5000})
    assert answer.status_code == 303
