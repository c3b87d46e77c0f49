"""A certificate's life by REST: what the pages can do with entries, scripts can."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from apis import actions as api_actions
from apis.models import Api, Credentials
from certificates import actions as certificate_actions
from certificates.authorities.models import Authority, AuthorityCandidate
from certificates.models import ClientCertificate, ServerCertificate
from certificates.rollout.models import Candidate, Outcome, Rules, Tried, When
from kit.issuing import Issued, issue
from tests.makers import make_api, make_authority, make_certificate
from tests.rest.conftest import Wire

FIRST, SECOND = issue("orders-client"), issue("orders-client")
ROOT, OTHER = issue("Root", authority=True), issue("Other", authority=True)


def _file(issued: Issued) -> dict[str, str]:
    return {"data": base64.b64encode(issued.pfx_file()).decode(), "password": "secret"}


def _presents(entry: ClientCertificate) -> api_actions.ApiSecurity:
    return api_actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=entry)


def _post(wire: Wire, path: str, body: dict[str, Any] | None = None) -> Any:
    return wire.request("POST", path, body if body is not None else b"")


def _properties(answer: Any) -> dict[str, Any]:
    assert answer.status_code < 300, answer.content
    found: dict[str, Any] = json.loads(answer.content)["properties"]
    return found


@pytest.fixture
def entry(publisher: object) -> ClientCertificate:
    return make_certificate(issued=FIRST)


@pytest.mark.usefixtures("entry")
class TestCertificates:
    BASE = "certificates/orders-client"

    def test_those_that_accept_a_version_switch_and_the_others_are_named(self, wire: Wire, entry: ClientCertificate) -> None:
        for name in ("accepts", "refuses"):
            api_actions.secure_api(make_api(name), _presents(entry), by=None, now=timezone.now())
        wire.put(f"{self.BASE}/candidate", _file(SECOND))
        assert _post(wire, f"{self.BASE}/candidate/confirm", {"when": "accepted"}).status_code == 409, "not tried yet"
        candidate = Candidate.objects.get()
        for name, outcome in (("accepts", Outcome.ACCEPTED), ("refuses", Outcome.REFUSED)):
            Tried.objects.create(candidate=candidate, api=name, display_name=name, back_end="orders.example.com:443", outcome=outcome)
        Candidate.objects.update(tried_for=candidate.try_asked_at)
        switched = json.loads(_post(wire, f"{self.BASE}/candidate/confirm", {"when": "accepted"}).content)
        assert switched == {"switched": ["accepts"], "staying": ["refuses"]}
        versions = json.loads(wire.get(f"{self.BASE}/versions").content)["value"]
        assert {one["properties"]["version"]: one["properties"]["staying"] for one in versions} == {2: [], 1: ["refuses"]}
        moved = _post(wire, f"{self.BASE}/moves", {"apis": ["refuses"]})
        assert moved.status_code == 201, "what stays can be moved to the current version"

    def test_a_version_is_proposed_looked_at_and_confirmed(self, wire: Wire) -> None:
        proposed = wire.put(f"{self.BASE}/candidate", _file(SECOND))
        assert proposed.status_code == 201
        shown = _properties(proposed)
        assert (shown["thumbprint"], shown["try"], shown["when"]) == (SECOND.thumbprint, "running", None)
        assert "data" not in shown
        assert _properties(wire.get(self.BASE))["thumbprint"] == FIRST.thumbprint
        assert _properties(_post(wire, f"{self.BASE}/candidate/confirm", {"when": "now"}))["thumbprint"] == SECOND.thumbprint
        assert wire.get(f"{self.BASE}/candidate").status_code == 404

    def test_warnings_have_to_be_confirmed(self, wire: Wire) -> None:
        shown = _properties(wire.put(f"{self.BASE}/candidate", _file(issue("somebody else"))))
        assert shown["hasToBeConfirmed"]
        assert "bears another subject" in shown["warnings"][0]
        refused = _post(wire, f"{self.BASE}/candidate/confirm", {"when": "now"})
        assert refused.status_code == 400
        assert json.loads(refused.content)["error"]["details"][0]["target"] == "confirmed"
        assert _post(wire, f"{self.BASE}/candidate/confirm", {"when": "now", "confirmed": True}).status_code == 200

    def test_a_switch_is_planned_and_discarded(self, wire: Wire) -> None:
        wire.put(f"{self.BASE}/candidate", _file(SECOND))
        at = (timezone.now() + timedelta(days=3)).isoformat()
        assert _properties(_post(wire, f"{self.BASE}/candidate/confirm", {"when": "at", "at": at}))["when"] == "at"
        assert wire.put(f"{self.BASE}/candidate", _file(issue("orders-client"))).status_code == 409
        assert _post(wire, f"{self.BASE}/candidate/try").status_code == 202
        assert [wire.delete(f"{self.BASE}/candidate").status_code for _ in range(2)] == [200, 204]
        assert not Candidate.objects.exists()

    @pytest.mark.parametrize(
        ("body", "target"),
        [({}, "when"), ({"when": "soon"}, "when"), ({"when": "at"}, "at"), ({"when": "at", "at": "2020-01-01T00:00Z"}, "at")],
    )
    def test_what_cannot_be_decided_is_named(self, wire: Wire, body: dict[str, Any], target: str) -> None:
        wire.put(f"{self.BASE}/candidate", _file(SECOND))
        refused = _post(wire, f"{self.BASE}/candidate/confirm", body)
        assert refused.status_code == 400
        assert target in {one["target"] for one in json.loads(refused.content)["error"]["details"]}
        assert Candidate.objects.get().when == When.UNDECIDED

    def test_versions_are_listed_rolled_back_to_and_lose_their_keys(self, wire: Wire, entry: ClientCertificate) -> None:
        certificate_actions.replace(entry, SECOND.as_pfx(), by=None, now=timezone.now())
        found = json.loads(wire.get(f"{self.BASE}/versions").content)
        assert found["count"] == 2
        assert [(one["properties"]["version"], one["properties"]["isCurrent"]) for one in found["value"]] == [(2, True), (1, False)]
        assert _properties(_post(wire, f"{self.BASE}/rollBack", {"version": 1}))["thumbprint"] == FIRST.thumbprint
        assert _post(wire, f"{self.BASE}/versions/1/destroyKey").status_code == 409
        assert _properties(_post(wire, f"{self.BASE}/versions/2/destroyKey"))["keyDestroyedDate"]
        assert _post(wire, f"{self.BASE}/rollBack", {"version": 2}).status_code == 409
        assert _post(wire, f"{self.BASE}/versions/7/destroyKey").status_code == 404
        for nonsense in (7, "1", True, None, -1, 10**12):
            assert _post(wire, f"{self.BASE}/rollBack", {"version": nonsense}).status_code == 400

    def test_an_earlier_version_is_proposed_by_its_number(self, wire: Wire, entry: ClientCertificate) -> None:
        certificate_actions.replace(entry, SECOND.as_pfx(), by=None, now=timezone.now())
        assert _properties(wire.put(f"{self.BASE}/candidate", {"version": 1}))["thumbprint"] == FIRST.thumbprint
        assert wire.put(f"{self.BASE}/candidate", {"version": 2}).status_code == 400

    def test_where_another_person_confirms_that_holds_here_too(self, wire: Wire, entry: ClientCertificate) -> None:
        Rules.objects.create(certificate=entry, another_person=True)
        wire.put(f"{self.BASE}/candidate", _file(SECOND))
        assert _post(wire, f"{self.BASE}/candidate/confirm", {"when": "now"}).status_code == 409

    def test_receipts_are_listed_and_signed(self, wire: Wire, entry: ClientCertificate) -> None:
        certificate_actions.replace(entry, SECOND.as_pfx(), by=None, now=timezone.now())
        (one,) = json.loads(wire.get(f"{self.BASE}/receipts").content)["value"]
        assert one["properties"]["thumbprint"] == SECOND.thumbprint
        assert b"signature" in wire.get(f"{self.BASE}/receipts/{one['name']}").content
        assert wire.get(f"{self.BASE}/receipts/1").status_code == 404

    def test_a_watched_place_is_set_shown_and_taken_away(self, wire: Wire, settings: Settings, tmp_path: Path) -> None:
        settings.WATCHED_FOLDERS = [tmp_path]
        place = tmp_path / "client.pem"
        place.write_text(SECOND.pem + SECOND.key_pem)
        assert wire.get(f"{self.BASE}/source").status_code == 404
        outside = wire.put(f"{self.BASE}/source", {"kind": "watched", "path": "/etc/passwd"})
        assert json.loads(outside.content)["error"]["details"][0]["target"] == "path"
        set_now = wire.put(f"{self.BASE}/source", {"kind": "watched", "path": str(place)})
        assert set_now.status_code == 201, set_now.content
        assert _properties(wire.get(f"{self.BASE}/source"))["settings"]["path"] == str(place)
        assert [wire.delete(f"{self.BASE}/source").status_code for _ in range(2)] == [200, 204]


class TestServerCertificates:
    def test_they_are_uploaded_listed_and_deleted_by_their_own_address(self, wire: Wire) -> None:
        shop = issue("shop", hosts=("shop.example.com",))
        assert wire.put("serverCertificates/shop", _file(shop)).status_code == 201
        assert ServerCertificate.objects.get().name == "shop"
        assert not ClientCertificate.objects.exists()
        assert json.loads(wire.get("serverCertificates").content)["count"] == 1
        assert json.loads(wire.get("certificates").content)["count"] == 0
        assert wire.delete("serverCertificates/shop", If_Match="*").status_code == 200


class TestAuthorities:
    BASE = "trustedAuthorities/ours"

    def test_they_are_added_replaced_and_deleted(self, wire: Wire) -> None:
        assert wire.put(self.BASE, {"certificates": ROOT.pem}).status_code == 201
        api = make_api("orders")
        chosen = api_actions.ApiSecurity(credentials=Credentials.NONE, trusted_ca=ROOT.pem)
        api_actions.secure_api(api, chosen, by=None, now=timezone.now())
        shown = _properties(wire.put(self.BASE, {"data": base64.b64encode(OTHER.der).decode()}))
        assert shown["thumbprints"] == [OTHER.thumbprint]
        assert Api.objects.get().trusted_ca == OTHER.pem
        refused = wire.delete(self.BASE, If_Match="*")
        assert refused.status_code == 409
        assert "orders" in refused.content.decode()
        Api.objects.all().delete()
        assert wire.delete(self.BASE, If_Match="*").status_code == 200

    @pytest.mark.parametrize(
        ("sent", "target"),
        [
            ({}, "data"),
            ({"certificates": "nonsense"}, "certificates"),
            ({"certificates": issue("leaf", by=ROOT).pem}, "certificates"),
            ({"data": base64.b64encode(ROOT.pfx_file()).decode()}, "data"),
            ({"certificates": ROOT.pem, "data": base64.b64encode(ROOT.der).decode()}, "data"),
            ({"certificates": OTHER.pem}, "certificates"),
        ],
    )
    def test_what_cannot_be_is_named(self, wire: Wire, sent: dict[str, str], target: str) -> None:
        make_authority("theirs", OTHER)
        refused = wire.put(self.BASE, sent)
        assert refused.status_code == 400
        assert target in {one["target"] for one in json.loads(refused.content)["error"]["details"]}
        assert Authority.objects.count() == 1

    def test_a_replacement_is_compared_tried_and_confirmed(self, wire: Wire) -> None:
        make_authority("ours", ROOT)
        shown = _properties(wire.put(f"{self.BASE}/candidate", {"certificates": OTHER.pem}))
        assert shown["hasToBeConfirmed"]
        assert "is no longer trusted" in shown["warnings"][0]
        assert _post(wire, f"{self.BASE}/candidate/confirm", {"when": "now"}).status_code == 400
        assert _post(wire, f"{self.BASE}/candidate/confirm", {"when": "now", "confirmed": True}).status_code == 200
        assert not AuthorityCandidate.objects.exists()
        assert json.loads(wire.get(f"{self.BASE}/versions").content)["count"] == 2
        assert _properties(_post(wire, f"{self.BASE}/rollBack", {"version": 1}))["thumbprints"] == [ROOT.thumbprint]
        receipts = json.loads(wire.get(f"{self.BASE}/receipts").content)["value"]
        assert [one["properties"]["what"] for one in receipts] == ["rolled-back", "replaced"]
        assert b"signature" in wire.get(f"{self.BASE}/receipts/{receipts[0]['name']}").content
