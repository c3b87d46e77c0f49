"""Replacing a certificate and rolling back."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from apis import actions as api_actions
from apis.models import Credentials
from certificates.models import ClientCertificate
from portal.models import Activity, Event
from tests.makers import issue, make_api, make_certificate, make_counts
from tests.types import Page

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
PAGE = "/security/client-certificates/orders-client/"


def send(client: Client, file: bytes, password: str = "secret") -> Page:
    """Send the form."""
    return client.post(f"{PAGE}replace/", {"file": SimpleUploadedFile("client.pfx", file), "password": password})


def current(name: str = "orders-client") -> tuple[int, str]:
    """Return number and thumbprint of the current version."""
    version = ClientCertificate.objects.select_related("current").get(name=name).current
    assert version is not None
    return version.number, version.thumbprint


def test_a_new_file_becomes_the_current_version_of_the_same_entry(signed_in: Client, publisher: User) -> None:
    make_certificate()
    renewed = issue("renewed")
    answer = send(signed_in, renewed.pfx_file())
    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
    assert current() == (2, renewed.thumbprint)
    assert b"was replaced" in signed_in.get(PAGE).content
    line = Activity.objects.order_by("-id")[0]
    assert (line.event, line.actor, line.details["version"]) == (Event.CERTIFICATE_REPLACED, publisher, 2)


def test_a_wrong_password_changes_nothing(signed_in: Client) -> None:
    make_certificate()
    page = send(signed_in, issue("renewed").pfx_file(), "wrong")
    assert page.status_code == 422
    assert set(page.context["form"].errors) == {"password"}
    assert current()[0] == 1


def test_the_same_file_again_is_refused_with_a_link(signed_in: Client) -> None:
    first, other = issue(), issue("other")
    make_certificate(issued=first)
    make_certificate("other", other)
    for holder, issued in (("orders-client", first), ("other", other)):
        page = send(signed_in, issued.pfx_file())
        assert page.status_code == 422
        assert page.context["held_by"].name == holder
    assert current()[0] == 1


def test_an_earlier_version_is_presented_again(signed_in: Client, publisher: User) -> None:
    first = issue()
    make_certificate(issued=first)
    send(signed_in, issue("renewed").pfx_file())
    answer = signed_in.post(f"{PAGE}roll-back/", {"version": "1"})
    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
    assert current() == (1, first.thumbprint)
    assert Activity.objects.order_by("-id")[0].event == Event.CERTIFICATE_ROLLED_BACK


def undo(client: Client) -> None:
    """Press the button beside what the entry's page says was done."""
    button = re.search(r'action="(/activity/[0-9]+/undo/)"', client.get(PAGE).content.decode())
    assert button
    assert client.post(button[1]).status_code == 303


def test_what_was_done_is_undone_beside_the_words_that_say_so(signed_in: Client) -> None:
    make_certificate()
    send(signed_in, issue("renewed").pfx_file())
    undo(signed_in)
    assert current()[0] == 1
    undo(signed_in)  # which was a change itself
    assert current()[0] == 2
    signed_in.get(PAGE)
    signed_in.post(f"{PAGE}roll-back/", {"version": "1"})
    undo(signed_in)
    assert current()[0] == 2


def test_a_file_that_is_an_earlier_version_offers_to_roll_back_to_it(signed_in: Client) -> None:
    first = issue()
    make_certificate(issued=first)
    send(signed_in, issue("renewed").pfx_file())
    page = send(signed_in, first.pfx_file())
    assert page.status_code == 422
    assert page.context["form"].errors["file"] == ["This is version 1 of orders-client. Roll back to it in place of uploading it again."]
    assert f'action="{PAGE}roll-back/"'.encode() in page.content
    assert b"Roll back to version 1" in page.content
    assert b"Yes, roll back" in signed_in.get(f"{PAGE}roll-back/", {"version": "1"}).content
    assert current()[0] == 2
    signed_in.post(f"{PAGE}roll-back/", {"version": str(page.context["earlier"].number)})
    assert current() == (1, first.thumbprint)


def test_a_file_that_is_the_current_version_offers_nothing(signed_in: Client) -> None:
    first = issue()
    make_certificate(issued=first)
    page = send(signed_in, first.pfx_file())
    assert page.context["form"].errors["file"] == ["This is the current version of orders-client already."]
    assert b"Roll back to version" not in page.content


def test_rolling_back_to_the_current_version_is_no_event(signed_in: Client) -> None:
    make_certificate()
    assert signed_in.post(f"{PAGE}roll-back/", {"version": "1"}).status_code == 303
    assert Activity.objects.filter(kind="certificate").count() == 1


@pytest.mark.parametrize("version", ["", "0", "7", "x", "-1", "1e3", "99999999999999999999"])
def test_a_version_that_is_not_there_is_refused(signed_in: Client, version: str) -> None:
    make_certificate()
    assert signed_in.post(f"{PAGE}roll-back/", {"version": version}).status_code == 422
    assert current()[0] == 1


def test_only_publishers_replace_and_roll_back(client: Client, viewer: User) -> None:
    make_certificate()
    client.force_login(viewer)
    assert client.get(f"{PAGE}replace/").status_code == 403
    assert send(client, issue("renewed").pfx_file()).status_code == 403
    assert client.post(f"{PAGE}roll-back/", {"version": "1"}).status_code == 403


def test_rolling_back_asks_first_and_says_whom_it_hits(signed_in: Client) -> None:
    certificate = make_certificate(issued=(first := issue()))
    send(signed_in, (second := issue("renewed")).pfx_file())
    api = make_api()
    chosen = api_actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)
    make_counts(api_actions.secure_api(api, chosen, by=None, now=timezone.now()), ok=1500)
    page = signed_in.get(f"{PAGE}roll-back/", {"version": "1"}).content.decode()
    for words in (
        "Roll orders-client back to version 1?",
        "1,500 calls in the last 24 hours",
        first.thumbprint[-4:],
        second.thumbprint[-4:],
    ):
        assert words in page
    assert current()[0] == 2
    assert signed_in.get(f"{PAGE}roll-back/").status_code == 422


def test_what_is_not_there_is_not_found(signed_in: Client) -> None:
    assert signed_in.get(f"{PAGE}replace/").status_code == 404
    assert signed_in.post(f"{PAGE}roll-back/", {"version": "1"}).status_code == 404
