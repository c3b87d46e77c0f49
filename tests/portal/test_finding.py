"""An activity id leads to the failed call, in whatever search box it is pasted and with whatever is around it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.makers import make_api, make_failed_call

pytestmark = pytest.mark.django_db
ID = "6f1c1f0e-2f0b-4b1a-9d3e-0123456789ab"
CALL = f"/failures/{ID}/"
BOXES = ["/failures/", "/activity/", "/apis/"]
BODY = json.dumps({"statusCode": 502, "message": "The back end refused the client certificate. " * 9, "activityId": ID}, indent=2)


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize(
    "pasted",
    [ID, ID.upper(), f"  {ID}\r\n", f"x-activity-id: {ID}", f'"{ID}",', BODY, f"HTTP/1.1 502 Bad Gateway\nX-Activity-Id: {ID}\n\n{BODY}"],
)
def test_it_leads_to_the_call_from_every_box(signed_in: Client, box: str, pasted: str) -> None:
    make_failed_call(ID)
    answer = signed_in.get(box, {"q": pasted})
    assert (answer.status_code, answer.headers["Location"]) == (302, CALL)


@pytest.mark.parametrize("box", BOXES)
def test_htmx_is_led_there_as_a_whole(signed_in: Client, box: str) -> None:
    make_failed_call(ID)
    assert signed_in.get(box, {"q": ID}, headers={"HX-Request": "true"}).headers["HX-Redirect"] == CALL


def test_the_page_of_an_api_has_such_a_box(signed_in: Client) -> None:
    make_api()
    page = signed_in.get("/apis/orders/").content.decode()
    assert 'action="/failures/"' in page
    make_failed_call(ID)  # of another API
    assert signed_in.get("/failures/", {"q": ID, "api": "orders"}).headers["Location"] == CALL


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("text", ["orders", ID[:-1], f"0{ID}", "\0", "-", "6f1c1f0e-2f0b-4b1a-9d3e-ffffffffffff", "x" * 20_000])
def test_other_words_are_searched_for(signed_in: Client, box: str, text: str) -> None:
    make_failed_call(ID)
    assert signed_in.get(box, {"q": text}).status_code == 200


def test_an_id_that_is_not_kept_is_said_to_be_that(signed_in: Client) -> None:
    page = signed_in.get("/failures/", {"q": ID}).content.decode()
    assert "No call of this activity id is kept" in page


def test_it_leads_nobody_where_they_may_not_look(client: Client, viewer: User, monkeypatch: Any) -> None:
    make_failed_call(ID)
    viewer.groups.clear()
    client.force_login(viewer)
    assert [client.get(box, {"q": ID}).status_code for box in BOXES] == [403] * 3
