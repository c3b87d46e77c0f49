"""The Settings tab."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from apis import actions
from apis.models import Api, Credentials
from tests.makers import make_api, make_certificate

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
CHANGED = {"display_name": "Orders 2", "service_url": "https://two.example.com", "path": "two", "subscription_required": "on"}


def test_what_is_saved_is_shown(signed_in: Client, publisher: User) -> None:
    api = make_api("orders")
    answer = signed_in.post("/apis/orders/settings/", CHANGED | {"revision": str(Api.objects.get().revision)}, follow=True)
    assert answer.redirect_chain == [("/apis/orders/settings/", 303)]
    assert "Saved." in answer.content.decode()
    assert 'value="https://two.example.com"' in answer.content.decode()
    api.refresh_from_db()
    assert (api.path, api.changed_by) == ("two", publisher)


def test_an_api_without_a_back_end_says_so_and_may_stay_so(signed_in: Client) -> None:
    make_api("orders", service_url="")
    for page in ("/apis/orders/", "/apis/orders/settings/", "/apis/orders/security/", "/apis/orders/policy/", "/apis/"):
        answer = signed_in.get(page)
        assert answer.status_code == 200
        assert page == "/apis/" or "This API has no Web service URL yet" in answer.content.decode()
    assert signed_in.post("/apis/orders/settings/", CHANGED | {"service_url": ""}).status_code == 303
    assert signed_in.post("/apis/orders/settings/", CHANGED).status_code == 303
    assert signed_in.post("/apis/orders/settings/", CHANGED | {"service_url": ""}).status_code == 422


def test_without_a_revision_it_is_saved_unasked(signed_in: Client) -> None:
    make_api("orders")
    assert signed_in.post("/apis/orders/settings/", CHANGED).status_code == 303


def test_the_second_of_two_people_sees_both_values_and_who_saved(signed_in: Client) -> None:
    api = make_api("orders")
    seen = str(Api.objects.get().revision)
    other = User.objects.create_user("somebody-else")
    theirs = actions.ApiSettings(display_name="Theirs", service_url=api.service_url, path=api.path)
    actions.change_api(api, theirs, by=other, now=timezone.now())
    answer = signed_in.post("/apis/orders/settings/", CHANGED | {"revision": seen})
    page = answer.content.decode()
    assert answer.status_code == 409
    for words in ("somebody-else saved this API", "Theirs", "Orders 2", "https://orders.example.com", "https://two.example.com"):
        assert words in page
    api.refresh_from_db()
    assert api.display_name == "Theirs"
    # The way to go on: the page holds what was typed and the revision it would now save over.
    again = CHANGED | {"revision": str(api.revision)}
    assert f'name="revision" value="{api.revision}"' in page
    assert signed_in.post("/apis/orders/settings/", again).status_code == 303


def test_http_is_refused_while_a_client_certificate_is_presented(signed_in: Client, publisher: User) -> None:
    chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=make_certificate())
    actions.secure_api(make_api("orders"), chosen, by=publisher, now=timezone.now())
    answer = signed_in.post("/apis/orders/settings/", CHANGED | {"service_url": "http://two.example.com"})
    assert answer.status_code == 422
    assert "only possible over https" in answer.content.decode()


def test_another_apis_suffix_is_refused_but_its_own_is_not(signed_in: Client) -> None:
    make_api("orders")
    make_api("two")
    assert signed_in.post("/apis/orders/settings/", CHANGED).status_code == 422
    assert signed_in.post("/apis/orders/settings/", CHANGED | {"path": "orders"}).status_code == 303


def test_viewers_look_but_do_not_change(client: Client, viewer: User) -> None:
    make_api("orders")
    client.force_login(viewer)
    page = client.get("/apis/orders/settings/").content.decode()
    assert "disabled" in page
    assert ">Save<" not in page
    assert client.post("/apis/orders/settings/", CHANGED).status_code == 403
