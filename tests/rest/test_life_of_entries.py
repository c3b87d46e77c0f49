"""What certificate entries are renewed from and by which rules, who is told of them, and switches in steps, by REST."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from apis.models import Api, Credentials
from certificates.models import ClientCertificate, ServerCertificate
from certificates.rollout.models import Probation, Rules, rules_of
from certificates.sources.models import SigningRequest, Source
from notices.models import Contact
from portal.models import Activity, Event
from tests.certificates.sources.test_signing_requests import INTERMEDIATE, signed
from tests.makers import issue, make_api, make_certificate, make_server_certificate
from tests.rest.conftest import Wire, read, targets, token_for

FIRST, SECOND = issue("orders-client"), issue("orders-client")
NOBODY = "http://127.0.0.1:1/directory"
BASE = "certificates/orders-client"
FILE = {"data": base64.b64encode(SECOND.pfx_file()).decode(), "password": "secret"}
ORDER = {"kind": "acme", "directory": NOBODY, "names": ["127.0.0.1"]}


@pytest.fixture
def entry(publisher: object) -> ClientCertificate:
    """Return an entry that two APIs present."""
    made = make_certificate(issued=FIRST)
    for name in ("orders", "invoices"):
        make_api(name)
    Api.objects.update(credentials=Credentials.CLIENT_CERTIFICATE, certificate=made)
    return made


def shown(answer: Any) -> dict[str, Any]:
    assert answer.status_code < 300, answer.content
    properties: dict[str, Any] = read(answer)["properties"]
    return properties


def post(wire: Wire, path: str, body: dict[str, Any] | None = None) -> Any:
    return wire.request("POST", path, body if body is not None else b"")


@pytest.mark.usefixtures("entry")
class TestRules:
    def test_an_entry_without_rules_shows_those_of_every_entry(self, wire: Wire) -> None:
        rules = shown(wire.get(f"{BASE}/rules"))
        assert (rules["sources"], rules["anotherPerson"], rules["canary"], rules["probationMinutes"]) == ("tried", False, "", 30)

    def test_rules_are_set_and_what_is_not_sent_is_as_for_every_entry(self, wire: Wire, entry: ClientCertificate) -> None:
        times = {"sources": "window", "windowDays": [0, 6], "windowFrom": "02:00", "windowTo": "04:30", "windowZone": "Europe/Berlin"}
        asked = {**times, "canary": "orders", "canaryMinutes": 20, "destroyAfterDays": 90, "paths": {"orders": "/health"}}
        first = shown(wire.put(f"{BASE}/rules", asked))
        assert {name: first[name] for name in asked} == asked
        assert shown(wire.get(f"{BASE}/rules")) == first
        assert rules_of(entry).canary == "orders"
        assert shown(wire.put(f"{BASE}/rules", {"sources": "person"}))["canary"] == ""
        assert Activity.objects.filter(event=Event.CERTIFICATE_RULES_CHANGED).count() == 2

    @pytest.mark.parametrize(
        ("sent", "target"),
        [
            ({"sources": "never"}, "sources"),
            ({"sources": "window", "windowTo": "04:00"}, "windowFrom"),
            ({"windowDays": [7]}, "windowDays.1"),
            ({"windowDays": "Monday"}, "windowDays"),
            ({"anotherPerson": "no"}, "anotherPerson"),
            ({"canary": "nobody"}, "canary"),
            ({"probationMinutes": -1}, "probationMinutes"),
            ({"windowZone": "Mars/Olympus"}, "windowZone"),
            ({"paths": {"orders": "health"}}, "paths"),
            ({"paths": ["/health"]}, "paths"),
            ({"windowdays": [1]}, "windowdays"),
            ({"another_person": True}, "another_person"),
        ],
    )
    def test_what_cannot_be_is_named_as_it_was_sent(self, wire: Wire, sent: dict[str, Any], target: str) -> None:
        refused = wire.put(f"{BASE}/rules", sent)
        assert refused.status_code == 400
        assert targets(refused) == [target]
        assert not Rules.objects.exists()

    def test_server_certificates_have_rules_without_steps(self, wire: Wire) -> None:
        make_server_certificate("shop")
        assert shown(wire.put("serverCertificates/shop/rules", {"anotherPerson": True}))["anotherPerson"] is True


@pytest.mark.usefixtures("entry")
class TestContacts:
    def test_who_is_told_is_set_as_a_whole(self, wire: Wire, publisher: User) -> None:
        assert shown(wire.get(f"{BASE}/contacts")) == {"contacts": []}
        told = [{"address": "team@example.com", "language": "zh-hans"}, {"person": publisher.get_username()}]
        assert sorted(map(str, shown(wire.put(f"{BASE}/contacts", {"contacts": told}))["contacts"])) == sorted(map(str, told))
        assert shown(wire.put(f"{BASE}/contacts", {"contacts": told[:1]})) == {"contacts": told[:1]}
        assert Contact.objects.get().address == "team@example.com"
        assert shown(wire.put(f"{BASE}/contacts", {"contacts": []})) == {"contacts": []}

    @pytest.mark.parametrize(
        ("sent", "target"),
        [
            ({}, "contacts"),
            ({"contacts": "team@example.com"}, "contacts"),
            ({"contacts": [{"address": "no address"}]}, "contacts.address"),
            ({"contacts": [{"person": "nobody"}]}, "contacts.person"),
            ({"contacts": [{"address": "team@example.com", "language": "tlh"}]}, "contacts.language"),
            ({"contacts": [{"mail": "team@example.com"}]}, "contacts.1.mail"),
        ],
    )
    def test_who_cannot_be_told_is_named_and_nobody_is_lost(self, wire: Wire, sent: dict[str, Any], target: str) -> None:
        wire.put(f"{BASE}/contacts", {"contacts": [{"address": "kept@example.com", "language": "en"}]})
        refused = wire.put(f"{BASE}/contacts", sent)
        assert refused.status_code == 400
        assert target in targets(refused)
        assert Contact.objects.get().address == "kept@example.com"


class TestSigningRequests:
    ASKED = {"subject": "CN=orders,O=Example", "key": "ec-p256"}  # noqa: RUF012 - read only

    def test_a_key_is_made_its_request_signed_and_the_certificate_brought_as_pkcs7(self, wire: Wire) -> None:
        made = wire.put(f"{BASE}/request", {**self.ASKED, "names": ["orders.example.com"]})
        assert made.status_code == 201
        asked = shown(made)
        assert (asked["keyType"], asked["names"]) == ("P-256", ["orders.example.com"])
        assert "PRIVATE" not in made.content.decode()
        assert shown(wire.get(f"{BASE}/request")) == asked
        certificate = signed(x509.load_pem_x509_csr(asked["request"].encode()))
        answer = pkcs7.serialize_certificates([certificate, INTERMEDIATE.certificate], Encoding.DER)
        brought = post(wire, f"{BASE}/request/answer", {"data": base64.b64encode(answer).decode()})
        assert shown(brought)["subject"] == "CN=orders, O=Example"
        assert ClientCertificate.objects.get().name == "orders-client"
        assert wire.get(f"{BASE}/request").status_code == 404

    def test_it_is_the_next_version_of_an_entry_that_is_there(self, wire: Wire, entry: ClientCertificate) -> None:
        asked = shown(wire.put(f"{BASE}/request", self.ASKED))
        certificate = signed(x509.load_pem_x509_csr(asked["request"].encode()))
        post(wire, f"{BASE}/request/answer", {"certificate": certificate.public_bytes(Encoding.PEM).decode()})
        entry.refresh_from_db()
        assert entry.current is not None
        assert entry.current.number == 2

    def test_one_waits_at_a_time_and_is_discarded(self, wire: Wire) -> None:
        wire.put(f"{BASE}/request", self.ASKED)
        assert wire.put(f"{BASE}/request", self.ASKED).status_code == 409
        assert [wire.delete(f"{BASE}/request").status_code for _ in range(2)] == [200, 204]
        assert not SigningRequest.objects.exists()
        assert post(wire, f"{BASE}/request/answer", {"certificate": FIRST.pem}).status_code == 404

    @pytest.mark.parametrize(
        ("sent", "target"),
        [
            ({}, "subject"),
            ({"subject": "orders"}, "subject"),
            ({"subject": "CN=orders", "key": "rsa-1024"}, "key"),
            ({"subject": "CN=orders", "names": ["orders example"]}, "names"),
            ({"subject": "CN=orders", "names": "orders.example.com"}, "names"),
        ],
    )
    def test_what_cannot_be_asked_for_is_named(self, wire: Wire, sent: dict[str, Any], target: str) -> None:
        refused = wire.put(f"{BASE}/request", sent)
        assert refused.status_code == 400
        assert target in targets(refused)
        assert not SigningRequest.objects.exists()

    def test_a_name_that_no_entry_can_have_is_refused(self, wire: Wire) -> None:
        assert targets(wire.put("certificates/upload/request", self.ASKED)) == ["certificateId"]

    @pytest.mark.parametrize(
        ("sent", "target"),
        [
            ({}, "certificate"),
            ({"certificate": FIRST.pem, "data": "AA=="}, "certificate"),
            ({"certificate": FIRST.pem}, "certificate"),
            ({"data": "?"}, "data"),
        ],
    )
    def test_what_was_not_signed_for_it_is_refused_and_the_request_stays(self, wire: Wire, sent: dict[str, str], target: str) -> None:
        wire.put(f"{BASE}/request", self.ASKED)
        refused = post(wire, f"{BASE}/request/answer", sent)
        assert refused.status_code == 400
        assert target in targets(refused)
        assert SigningRequest.objects.exists()

    def test_viewers_do_not_see_it(self, viewer: User, wire: Wire) -> None:
        wire.put(f"{BASE}/request", self.ASKED)
        assert Wire(token_for(viewer)).get(f"{BASE}/request").status_code == 403


class TestSources:
    def test_a_watched_place_adds_the_entry_that_is_not_there(self, wire: Wire, settings: Settings, tmp_path: Path) -> None:
        settings.WATCHED_FOLDERS = [tmp_path]
        (tmp_path / "shop.pem").write_text(SECOND.pem + SECOND.key_pem)
        set_now = wire.put("serverCertificates/shop/source", {"path": str(tmp_path / "shop.pem")})
        assert set_now.status_code == 201, set_now.content
        assert ServerCertificate.objects.get().name == "shop"
        assert wire.put("serverCertificates/upload/source", {"path": str(tmp_path / "shop.pem")}).status_code == 400

    @pytest.mark.parametrize(
        ("sent", "target"),
        [
            ({"kind": "vault", "path": "/x"}, "kind"),
            ({**ORDER, "directory": None}, "directory"),
            ({**ORDER, "directory": "https://elsewhere.example.com"}, "directory"),
            ({**ORDER, "names": []}, "names"),
            ({**ORDER, "names": "127.0.0.1"}, "names"),
            ({**ORDER, "names": ["127.0.0.1 127.0.0.2"]}, "names"),
            ({**ORDER, "names": ["somebody@example.com"]}, "names"),
            ({**ORDER, "challenge": "tls"}, "challenge"),
            ({**ORDER, "accountKey": "AAAA"}, "accountIdentifier"),
            (ORDER, "directory"),
        ],
    )
    @pytest.mark.usefixtures("entry")
    def test_what_cannot_be_is_named(self, wire: Wire, settings: Settings, sent: dict[str, Any], target: str) -> None:
        settings.ACME_DIRECTORIES = [NOBODY]
        refused = wire.put(f"{BASE}/source", sent)
        assert refused.status_code == 400
        assert target in targets(refused)
        assert "AAAA" not in refused.content.decode()
        assert not Source.objects.exists()


@pytest.mark.usefixtures("entry")
class TestSteps:
    def test_a_candidate_is_confirmed_in_steps_looked_at_and_goes_on(self, wire: Wire) -> None:
        assert wire.get(f"{BASE}/probation").status_code == 404
        wire.put(f"{BASE}/candidate", FILE)
        answer = post(wire, f"{BASE}/candidate/confirm", {"when": "now", "canary": "orders", "canaryMinutes": 20})
        assert shown(answer)["thumbprint"] == FIRST.thumbprint
        began = shown(wire.get(f"{BASE}/probation"))
        assert (began["version"], began["before"], began["canary"], began["outcome"]) == (2, 1, "orders", None)
        assert shown(post(wire, f"{BASE}/probation/goOn"))["thumbprint"] == SECOND.thumbprint
        assert shown(wire.get(f"{BASE}/probation"))["canary"] is None
        assert shown(post(wire, f"{BASE}/probation/putBack"))["thumbprint"] == FIRST.thumbprint
        assert shown(wire.get(f"{BASE}/probation"))["outcome"] == "put-back"
        for verb in ("goOn", "putBack"):
            assert post(wire, f"{BASE}/probation/{verb}").status_code == 409

    def test_steps_of_the_rules_are_left_out_by_an_empty_canary(self, wire: Wire) -> None:
        wire.put(f"{BASE}/rules", {"canary": "orders"})
        wire.put(f"{BASE}/candidate", FILE)
        assert shown(post(wire, f"{BASE}/candidate/confirm", {"when": "now", "canary": ""}))["thumbprint"] == SECOND.thumbprint

    @pytest.mark.parametrize(
        ("sent", "target"),
        [
            ({"canary": "nobody"}, "canary"),
            ({"canary": 7}, "canary"),
            ({"canary": "orders", "canaryMinutes": 0}, "canaryMinutes"),
            ({"canary": "orders", "canaryMinutes": True}, "canaryMinutes"),
            ({"canaryMinutes": 20}, "canaryMinutes"),
        ],
    )
    def test_steps_that_cannot_be_are_named(self, wire: Wire, sent: dict[str, Any], target: str) -> None:
        wire.put(f"{BASE}/candidate", FILE)
        refused = post(wire, f"{BASE}/candidate/confirm", {"when": "now", **sent})
        assert refused.status_code == 400
        assert targets(refused) == [target]
        assert not Probation.objects.exists()

    def test_server_certificates_do_not_go_in_steps(self, wire: Wire) -> None:
        make_server_certificate("shop")
        wire.put("serverCertificates/shop/candidate", FILE)
        refused = post(wire, "serverCertificates/shop/candidate/confirm", {"when": "now", "confirmed": True, "canary": "orders"})
        assert targets(refused) == ["canary"]
