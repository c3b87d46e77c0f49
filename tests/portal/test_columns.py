"""Columns of a list: kept per person, named by an address, and nothing else changes."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from portal.models import Preferences
from tests.makers import make_api, make_certificate

CERTIFICATES, APIS = "/security/client-certificates/", "/apis/"


def _headings(page: bytes) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.decode().partition("<thead>")[2].partition('class="acts"')[0]).split())


def _keep(client: Client, name: str, every: str, shown: str) -> None:
    answer = client.post("/accounts/columns/", {"list": name, "all": every.split(), "shown": shown.split(), "next": CERTIFICATES})
    assert (answer.status_code, answer.headers["Location"]) == (303, CERTIFICATES)


def test_columns_are_left_out_for_the_person_who_said_so_alone(signed_in: Client, publisher: User, administrators_pages: Client) -> None:
    make_certificate("orders-client")
    _keep(signed_in, "client", "thumbprint issuer expires used", "expires used")

    mine, others = _headings(signed_in.get(CERTIFICATES).content), _headings(administrators_pages.get(CERTIFICATES).content)

    assert "Issuer" not in mine
    assert "Thumbprint" not in mine
    assert "Expires" in mine
    assert "Issuer" in others
    elsewhere = Client()
    elsewhere.force_login(publisher)
    assert "Issuer" not in _headings(elsewhere.get(CERTIFICATES).content)


def test_as_many_cells_as_headings_whatever_is_left_out(signed_in: Client) -> None:
    make_certificate("orders-client")
    make_api("orders")
    for path, columns in ((CERTIFICATES, ("", "issuer", "used,thumbprint")), (APIS, ("", "path", "calls,credentials", "changed"))):
        for named in columns:
            page = signed_in.get(path, {"columns": named}).content.decode()
            head, row = page.partition("<thead>")[2].partition("</thead>")[0], page.partition("<tbody>")[2].partition("</tr>")[0]
            assert len(re.findall(r"<t[hd][ >]", head)) == len(re.findall(r"<t[hd][ >]", row)), (path, named)


def test_an_address_that_names_columns_comes_before_what_is_kept(signed_in: Client) -> None:
    make_certificate("orders-client")
    _keep(signed_in, "client", "thumbprint issuer expires used", "expires used")
    assert "Issuer" in _headings(signed_in.get(CERTIFICATES, {"columns": "issuer"}).content)


def test_one_list_is_kept_beside_another(signed_in: Client, publisher: User) -> None:
    _keep(signed_in, "client", "issuer", "")
    _keep(signed_in, "apis", "path changed", "changed")
    assert Preferences.objects.get(user=publisher).hidden_columns == {"client": ["issuer"], "apis": ["path"]}


@pytest.mark.parametrize("nonsense", ["\0", "A" * 500, "<b>", "../..", ""])
def test_what_can_be_no_name_of_a_list_or_column_is_not_kept(signed_in: Client, publisher: User, nonsense: str) -> None:
    _keep(signed_in, "apis", f"path {nonsense}", "")
    answer = signed_in.post("/accounts/columns/", {"list": nonsense, "all": ["path"]})
    assert answer.status_code == 303
    assert Preferences.objects.get(user=publisher).hidden_columns == {"apis": ["path"]}
