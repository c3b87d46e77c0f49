"""Moving APIs to another certificate, by REST."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from apis.models import Api, Credentials
from apis.moving.models import Move
from certificates.models import ClientCertificate
from certificates.rollout.keeper import Tries
from certificates.rollout.models import Rules
from tests.makers import issue, lead, make_api, make_back_end, make_certificate
from tests.rest.conftest import Wire, read, targets

BASE = "certificates/new-client/moves"


@pytest.fixture(autouse=True)
def entry(publisher: User) -> ClientCertificate:
    """Return an entry that two APIs present; there is another one."""
    made = make_certificate("old-client", issue("client"))
    make_certificate("new-client", issue("client"))
    for name in ("orders", "invoices"):
        make_api(name, service_url="https://127.0.0.1:1")
    Api.objects.update(credentials=Credentials.CLIENT_CERTIFICATE, certificate=made)
    return made


def post(wire: Wire, path: str, body: dict[str, Any] | None = None) -> Any:
    return wire.request("POST", path, body if body is not None else b"")


def presented() -> dict[str, str]:
    """Return which entry each API presents."""
    return dict(Api.objects.values_list("name", "certificate__name"))


def proposed(wire: Wire, **chosen: Any) -> str:
    """Propose a move and return its address."""
    answer = post(wire, BASE, chosen)
    assert answer.status_code == 201, answer.content
    return f"{BASE}/{read(answer)['name']}"


def test_all_apis_of_an_entry_are_moved_in_one_change(wire: Wire) -> None:
    move = proposed(wire, **{"from": "old-client"})
    shown = read(wire.get(move))["properties"]
    assert (shown["apis"], shown["try"], shown["when"]) == (["invoices", "orders"], "running", None)
    assert read(wire.get(BASE))["count"] == 1
    assert read(post(wire, f"{move}/confirm", {"when": "now"})) == {"moved": ["orders", "invoices"], "staying": []}
    assert presented() == {"orders": "new-client", "invoices": "new-client"}
    assert wire.get(move).status_code == 404


def test_those_that_refuse_stay(wire: Wire) -> None:
    move = proposed(wire, apis=["orders"])
    assert post(wire, f"{move}/confirm", {"when": "accepted"}).status_code == 409
    Tries(Move).step()
    shown = read(wire.get(move))["properties"]
    assert (shown["try"], shown["accepted"], shown["tries"][0]["outcome"]) == ("done", False, "unreachable")
    assert post(wire, f"{move}/confirm", {"when": "accepted"}).status_code in {200, 409}
    assert presented()["invoices"] == "old-client"


def test_a_move_is_planned_tried_again_and_discarded(wire: Wire) -> None:
    move = proposed(wire, apis=["orders"])
    at = (timezone.now() + timedelta(days=3)).isoformat()
    assert read(post(wire, f"{move}/confirm", {"when": "at", "at": at}))["properties"]["when"] == "at"
    assert post(wire, f"{move}/try").status_code == 202
    assert [wire.delete(move).status_code for _ in range(2)] == [200, 204]
    assert presented()["orders"] == "old-client"


def test_what_was_changed_meanwhile_is_not_moved(wire: Wire) -> None:
    move = proposed(wire, apis=["orders"])
    Api.objects.filter(name="orders").update(service_url="https://elsewhere.example.com")
    refused = post(wire, f"{move}/confirm", {"when": "now"})
    assert refused.status_code == 409
    assert "Orders" in read(refused)["error"]["message"]


def test_where_another_person_confirms_that_holds_here_too(wire: Wire) -> None:
    move = proposed(wire, apis=["orders"])
    Rules.objects.create(certificate=ClientCertificate.objects.get(name="new-client"), another_person=True)
    assert post(wire, f"{move}/confirm", {"when": "now"}).status_code == 409
    assert presented()["orders"] == "old-client"


@pytest.mark.parametrize(
    ("sent", "target"),
    [
        ({}, "apis"),
        ({"apis": ["orders"], "from": "old-client"}, "apis"),
        ({"apis": "orders"}, "apis"),
        ({"apis": ["orders", "nobody"]}, "apis"),
        ({"from": "nobody"}, "from"),
    ],
)
def test_what_cannot_be_moved_is_named(wire: Wire, sent: dict[str, Any], target: str) -> None:
    refused = post(wire, BASE, sent)
    assert refused.status_code == 400
    assert target in targets(refused)
    assert not Move.objects.exists()


def test_an_api_that_has_it_from_a_back_end_of_others_is_not_moved_alone(wire: Wire, entry: ClientCertificate) -> None:
    back_end = make_back_end("shared", "https://127.0.0.1:1", certificate=entry)
    for api in Api.objects.all():
        lead(api, back_end)
    answer = post(wire, BASE, {"apis": ["orders"]})
    assert (answer.status_code, "other APIs use" in answer.content.decode()) == (409, True)
    assert presented() == {"orders": "old-client", "invoices": "old-client"}


def test_apis_that_present_it_already_are_nothing_to_move(wire: Wire) -> None:
    assert post(wire, "certificates/old-client/moves", {"from": "old-client"}).status_code == 409
