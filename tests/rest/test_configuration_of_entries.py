"""What certificate entries have besides their certificates, in the exported configuration: rules, sources, contacts."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError
from django.utils import timezone
from django.utils.translation import override
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from apis.actions import ApiSecurity, secure_api
from apis.backends.actions import BackEndSettings, create_back_end
from apis.models import Credentials
from certificates.models import ClientCertificate, ServerCertificate
from certificates.rollout.models import Rules
from certificates.sources import actions as sources
from certificates.sources.models import Source
from certificates.sources.watched import WatchedPlace
from kit.issuing import issue
from notices import actions as notices
from notices.models import Contact
from rest.configuration.exporting import configuration
from tests.makers import make_api, make_certificate, make_server_certificate
from tests.rest.test_configuration import exported, imported

pytestmark = pytest.mark.django_db
RULES = {
    "sources": "window",
    "window_days": [5, 6],
    "window_from": "22:00",
    "window_to": "04:00",
    "window_zone": "Europe/Berlin",
    "another_person": False,
    "destroy_after_days": 30,
    "canary": "",
    "canary_minutes": 15,
    "probation_minutes": 30,
    "paths": {"orders": "/health"},
}


@pytest.fixture
def entry(publisher: User, settings: Settings, tmp_path: Path) -> ClientCertificate:
    """Store an entry that has everything."""
    settings.WATCHED_FOLDERS = [tmp_path]
    issued = issue("client")
    (tmp_path / "client.pem").write_text(issued.pem + issued.key_pem)
    made = make_certificate("client", issued)
    times = {"window_from": time(22), "window_to": time(4)}
    Rules.objects.create(certificate=made, **RULES | times)
    place = WatchedPlace.of({"path": str(tmp_path / "client.pem")}, [tmp_path])
    sources.watch(ClientCertificate, place, name="client", by=None, now=timezone.now())
    notices.add_contact(made, person=publisher, by=None, now=timezone.now())
    notices.add_contact(made, address="team@example.com", language="zh-hans", by=None, now=timezone.now())
    return made


def _entry(document: Any) -> dict[str, Any]:
    (found,) = document["certificates"]
    return found  # type: ignore[no-any-return]  # of a file


@pytest.mark.usefixtures("entry")
class TestParts:
    def test_all_of_it_is_exported_and_importing_it_again_changes_nothing(self, tmp_path: Path) -> None:
        document = exported()
        found = _entry(document)
        assert found["rules"] == RULES
        assert found["source"]["kind"] == "watched"
        assert found["contacts"] == [{"address": "team@example.com", "language": "zh-hans"}, {"person": "publisher"}]
        assert imported(document, tmp_path) == []

    def test_what_was_lost_is_brought_back(self, tmp_path: Path) -> None:
        document = exported()
        Rules.objects.all().delete()
        Contact.objects.all().delete()
        Source.objects.all().delete()
        changes = imported(document, tmp_path)
        assert changes == [f"~ certificates/client/{part}" for part in ("rules", "source", "contacts")]
        assert exported() == document

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"rules": {"sources": "whenever"}}, "rules.sources"),
            ({"rules": {"paths": {"orders": "no slash"}}}, "rules.paths"),
            ({"rules": {"nonsense": 1}}, "rules.nonsense"),
            ({"rules": "all"}, "rules"),
            ({"contacts": [{"person": "nobody"}]}, "contacts.person"),
            ({"contacts": [{"address": "no address"}]}, "contacts.address"),
            ({"contacts": [{}]}, "contacts.person"),
            ({"source": {"kind": "watched", "path": "/etc/passwd"}}, "source.path"),
        ],
    )
    def test_what_cannot_be_is_named(self, tmp_path: Path, change: dict[str, Any], words: str) -> None:
        document = exported()
        document["certificates"][0] |= change
        with pytest.raises(CommandError, match=words):
            imported(document, tmp_path)

    def test_a_file_that_does_not_mention_them_leaves_them(self, tmp_path: Path) -> None:
        document = exported()
        for part in ("rules", "source", "contacts"):
            del document["certificates"][0][part]
        assert imported(document, tmp_path) == []
        assert Contact.objects.count() == 2

    def test_more_entries_take_no_more_queries(self, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
        for number in range(5):
            make_certificate(f"more-{number}")
        with django_assert_max_num_queries(25):
            configuration()


def test_server_certificates_are_named_and_brought_along_by_a_file(tmp_path: Path) -> None:
    make_server_certificate("api.example.com")
    document = exported()
    assert [one["name"] for one in document["server_certificates"]] == ["api.example.com"]
    assert imported(document, tmp_path) == []
    (tmp_path / "shop.pfx").write_bytes(issue("shop", hosts=("shop.example.com",)).pfx_file("secret"))
    (tmp_path / "password").write_text("secret\n")
    document["server_certificates"].append({"name": "shop", "pfx": "shop.pfx", "password_file": "password"})
    assert imported(document, tmp_path) == ["+ server_certificates/shop"]
    assert imported({"version": 1, "server_certificates": []}, tmp_path, "--delete-unmentioned") == [
        "- server_certificates/api.example.com",
        "- server_certificates/shop",
    ]
    assert not ServerCertificate.objects.exists()


def test_a_certificate_that_is_used_is_not_deleted_and_who_uses_it_is_said_in_the_readers_language(tmp_path: Path) -> None:
    entry = make_certificate("client")
    chosen = ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=entry)
    secure_api(make_api("orders"), chosen, by=None, now=timezone.now())
    create_back_end("shop", BackEndSettings(url="https://shop.example.com", certificate=entry), by=None, now=timezone.now())
    empty = {"version": 1, "certificates": []}
    with pytest.raises(
        CommandError, match=r"certificates\.client: These APIs present the certificate: orders.* These back ends hold it: shop"
    ):
        imported(empty, tmp_path, "--delete-unmentioned")
    with override("zh-hans"), pytest.raises(CommandError, match="以下 API"):
        imported(empty, tmp_path, "--delete-unmentioned")
    assert ClientCertificate.objects.get() == entry
