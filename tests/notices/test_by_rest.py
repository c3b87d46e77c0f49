"""Notices by REST: what is due is listed, acknowledged and told of again by scripts as by people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from certificates.models import ClientCertificate
from gateway.models import Gateway
from kit.issuing import issue
from notices.models import Acknowledgement
from portal.models import Activity, Event
from rest.openapi import document
from tests.makers import make_authority, make_certificate, make_gateway
from tests.rest.conftest import Wire, read, token_for
from tests.rest.test_access_matrix import NOTICES

pytestmark = pytest.mark.django_db
SOON = datetime.now(UTC) + timedelta(days=20)
ENDING = issue("orders-client", not_after=SOON)


@pytest.fixture
def wire(publisher: User) -> Wire:
    return Wire(token_for(publisher))


@pytest.fixture
def entry() -> ClientCertificate:
    return make_certificate(issued=ENDING)


def _listed(wire: Wire) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read(wire.get("notices"))["value"]
    return found


def test_what_is_due_is_listed_and_what_is_acknowledged_names_who_did(wire: Wire, entry: ClientCertificate) -> None:
    make_certificate("lasting")
    (notice,) = _listed(wire)
    shown = notice["properties"]
    assert (shown["kind"], shown["name"], shown["thumbprint"]) == ("client-certificate", "orders-client", ENDING.thumbprint)
    assert shown["acknowledgedBy"] is None
    answer = wire.request("POST", f"notices/{notice['name']}/acknowledge", b"")
    assert read(answer)["properties"]["acknowledgedBy"] == "publisher"
    assert Activity.objects.latest("id").event == Event.NOTICE_ACKNOWLEDGED
    assert _listed(wire)[0]["properties"]["acknowledgedBy"] == "publisher"
    again = wire.request("POST", f"notices/{notice['name']}/resume", b"")
    assert read(again)["properties"]["acknowledgedBy"] is None
    assert not Acknowledgement.objects.exists()


def test_an_entry_that_is_not_due_can_be_acknowledged_as_on_its_page(wire: Wire) -> None:
    entry = make_certificate("lasting")
    assert wire.request("POST", f"notices/client:{entry.pk}/acknowledge", b"").status_code == 200


def test_authorities_are_among_them(wire: Wire) -> None:
    make_authority("root", issue("Root", authority=True, not_after=SOON))
    (notice,) = _listed(wire)
    assert notice["properties"]["kind"] == "trusted-authority"
    assert wire.request("POST", f"notices/{notice['name']}/acknowledge", b"").status_code == 200


@pytest.mark.parametrize("key", ["client:4711", "client:x", "nothing", "trouble:0", "client:" + "9" * 40])
def test_what_is_not_told_of_is_not_found(wire: Wire, key: str) -> None:
    assert wire.get(f"notices/{key}").status_code == 404
    assert wire.request("POST", f"notices/{key}/acknowledge", b"").status_code == 404


def test_a_token_that_may_only_look_acknowledges_nothing(viewer: User, entry: ClientCertificate) -> None:
    looking = Wire(token_for(viewer))
    assert looking.request("POST", f"notices/client:{entry.pk}/acknowledge", b"").status_code == 403
    assert not Acknowledgement.objects.exists()


def test_each_sees_what_they_may_do_something_about(wire: Wire, administrator: User) -> None:
    Gateway.objects.filter(pk=make_gateway("north").pk).update(enrolled_until=SOON)
    assert not _listed(wire), "enrolments are for those who manage gateways"
    assert [one["properties"]["name"] for one in _listed(Wire(token_for(administrator)))] == ["north"]


def test_every_address_is_described() -> None:
    paths = document()["paths"]
    for path, reads, writes in NOTICES:
        (described,) = (paths[one] for one in paths if one.endswith(f"/{path.replace('client:1', '{noticeKey}')}"))
        assert described.keys() - {"parameters"} == {verb.lower() for verb in (*reads, *writes)} - {"head"}
