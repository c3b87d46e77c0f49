"""Entries that order their renewals by ACME, in a configuration file: exported, brought back, and ordered from a real authority."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.utils import timezone
from pytest_django.fixtures import Settings

from certificates.models import ClientCertificate
from certificates.sources.acme.binding import binding_of
from certificates.sources.acme.keeper import AcmeKeeper
from certificates.sources.acme.ordering import two_thirds
from certificates.sources.models import AcmeAccount, AcmeBinding, Source
from kit.issuing import issue
from portal.models import Activity, Event
from tests.certificates.sources.authority import BINDING_KEY, KEY_IDENTIFIER, Authority
from tests.makers import make_certificate
from tests.rest.test_configuration import exported, imported

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
DIRECTORY = "https://acme.example.com/directory"
SOURCE = {
    "kind": "acme",
    "directory": DIRECTORY,
    "names": ["orders.example.com"],
    "key": "ec-p256",
    "challenge": "http-01",
    "email": "ops@example.com",
}
BINDING = {"identifier": KEY_IDENTIFIER, "key": {"env": "EAB_KEY"}}


@pytest.fixture
def entry(settings: Settings) -> ClientCertificate:
    settings.ACME_DIRECTORIES = [DIRECTORY]
    return make_certificate("orders", issue("orders", hosts=("orders.example.com",)))


def _document(source: Any) -> dict[str, Any]:
    return {"version": 1, "certificates": [{"name": "orders", "source": source}]}


def _ordering(tmp_path: Path, **more: Any) -> list[str]:
    return imported(_document(SOURCE | more), tmp_path)


def test_what_was_applied_is_exported_without_keys_and_changes_nothing_again(
    entry: ClientCertificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EAB_KEY", BINDING_KEY)
    assert _ordering(tmp_path, binding=BINDING) == ["~ certificates/orders/source"]
    document, account = exported(), AcmeAccount.objects.get()
    assert document["certificates"][0]["source"] == SOURCE
    assert BINDING_KEY not in str(document)
    assert (held := binding_of(account))
    assert (held.identifier, held.key.value.decode()) == (KEY_IDENTIFIER, BINDING_KEY)
    monkeypatch.delenv("EAB_KEY")
    assert imported(document, tmp_path) == []
    assert _ordering(tmp_path, binding=BINDING) == [], "the key is not asked for again"
    assert AcmeAccount.objects.get() == account
    assert Activity.objects.filter(event=Event.CERTIFICATE_SOURCE_SET).count() == 1


def test_what_was_lost_is_brought_back(entry: ClientCertificate, tmp_path: Path) -> None:
    _ordering(tmp_path)
    document = exported()
    Source.objects.all().delete()
    assert imported(document, tmp_path) == ["~ certificates/orders/source"]
    assert exported() == document
    document["certificates"][0]["source"] = None
    assert imported(document, tmp_path) == ["~ certificates/orders/source"]
    assert not Source.objects.exists()


def test_a_certificate_for_the_names_is_renewed_in_time_and_one_for_others_at_once(entry: ClientCertificate, tmp_path: Path) -> None:
    _ordering(tmp_path)
    version, source = entry.current, Source.objects.get()
    assert version
    assert source.due_at == two_thirds(version.not_before, version.not_after)
    _ordering(tmp_path, names=["orders.example.com", "shop.example.com"])
    due_at = Source.objects.get().due_at
    assert due_at
    assert due_at <= timezone.now()


def test_files_of_the_release_before_wrote_names_as_one_text(entry: ClientCertificate, tmp_path: Path) -> None:
    _ordering(tmp_path, names="orders.example.com shop.example.com")
    assert exported()["certificates"][0]["source"]["names"] == ["orders.example.com", "shop.example.com"]


@pytest.mark.usefixtures("entry")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"directory": "https://elsewhere.example/directory"}, "source.directory: Select a valid choice"),
        ({"names": []}, "source.names"),
        ({"names": ["a..b"]}, "source.names: .* is no host name"),
        ({"key": "rsa-512"}, "source.key"),
        ({"challenge": "dns-01"}, "source.challenge"),
        ({"email": "nobody"}, "source.email"),
        ({"path": "/etc"}, "source.path: This is not known"),
        ({"binding": {"identifier": "me"}}, "source.binding.key: .* enter both"),
        ({"binding": {"identifier": "me", "key": "plain"}}, "source.binding.key: A secret does not stand in the file itself"),
        ({"binding": {"identifier": "me", "key": {"env": "NOT_SET"}}}, "source.binding.key.env: .* is not set"),
        ({"binding": {"key": {"file": "key"}}}, "source.binding.identifier"),
    ],
)
def test_what_cannot_be_ordered_is_named_and_nothing_is_changed(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    (tmp_path / "key").write_text(BINDING_KEY)
    with pytest.raises(CommandError, match=words):
        _ordering(tmp_path, **change)
    assert not Source.objects.exists()


def test_an_entry_that_is_not_there_is_not_ordered_by_a_file(settings: Settings, tmp_path: Path) -> None:
    settings.ACME_DIRECTORIES = [DIRECTORY]
    with pytest.raises(CommandError, match=r"orders\.source: There is no such certificate yet"):
        _ordering(tmp_path)


@pytest.mark.django_db(transaction=True)
def test_the_account_is_registered_with_the_first_order_and_what_tied_it_is_forgotten(
    entry: ClientCertificate, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(f"{BINDING_KEY}\n")
    (folder := tmp_path / "authority").mkdir()
    with Authority(folder, binding=True) as authority:
        settings.ACME_DIRECTORIES = [authority.directory]
        wanted = {"directory": authority.directory, "names": ["127.0.0.1"]}
        _ordering(tmp_path, **wanted, binding={"identifier": KEY_IDENTIFIER, "key": {"file": "key"}})
        assert entry.versions.count() == 1, "an import orders nothing"
        AcmeKeeper().step()
        source, account = Source.objects.get(), AcmeAccount.objects.get()
        assert (source.trouble, entry.versions.count()) == ("", 2)
        assert account.url.startswith(authority.directory.removesuffix("directory"))
        assert not AcmeBinding.objects.exists()
        Source.objects.update(due_at=timezone.now(), ask_at=None)
        AcmeKeeper().step()
    assert entry.versions.count() == 3


@pytest.mark.django_db(transaction=True)
def test_an_authority_that_wants_an_account_bound_says_so_on_the_entrys_page(
    entry: ClientCertificate, settings: Settings, tmp_path: Path
) -> None:
    with Authority(tmp_path, binding=True) as authority:
        settings.ACME_DIRECTORIES = [authority.directory]
        (folder := tmp_path / "files").mkdir()
        _ordering(folder, directory=authority.directory, names=["127.0.0.1"])
        AcmeKeeper().step()
    assert "enter the identifier and the key" in Source.objects.get().trouble
