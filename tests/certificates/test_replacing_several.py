"""Several certificates of the list get new versions at once: all that are sent or none, and nothing switches before it is confirmed."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.formats import date_format

from certificates.models import ClientCertificate
from certificates.rollout.models import Candidate
from kit.issuing import Issued, issue
from tests.makers import make_certificate

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
LIST = "/security/client-certificates/"


@pytest.fixture
def entries() -> dict[str, ClientCertificate]:
    """Return three entries by name."""
    return {name: make_certificate(name, issue(name)) for name in ("billing", "orders", "stock")}


def _address(*names: str) -> str:
    return f"{LIST}chosen/replacement/?" + "&".join(f"certificates={name}" for name in names)


def _sent(entry: ClientCertificate, issued: Issued, password: str = "secret") -> dict[str, object]:
    file = SimpleUploadedFile("client.pfx", issued.pfx_file())
    return {f"entry-{entry.pk}-file": file, f"entry-{entry.pk}-password": password}


def test_the_list_leads_there(signed_in: Client, entries: dict[str, ClientCertificate]) -> None:
    assert f'formaction="{LIST}chosen/replacement/"' in signed_in.get(LIST).content.decode()
    page = signed_in.get(_address("billing", "orders")).content.decode()
    assert [name for name in entries if f'href="{LIST}{name}/"' in page] == ["billing", "orders"]


def test_what_is_sent_is_tried_and_nothing_is_replaced(signed_in: Client, entries: dict[str, ClientCertificate]) -> None:
    new = {name: issue(name) for name in ("billing", "orders")}
    sent = {**_sent(entries["billing"], new["billing"]), **_sent(entries["orders"], new["orders"])}
    answer = signed_in.post(_address(*entries), sent, follow=True)
    page = answer.content.decode()
    assert "2 new versions are tried." in page
    assert page.count("Compare and confirm") == 2
    assert {one.certificate.name: one.thumbprint for one in Candidate.objects.all()} == {
        name: issued.thumbprint for name, issued in new.items()
    }
    assert all(entry.versions.count() == 1 for entry in entries.values())


def test_one_that_cannot_be_taken_keeps_all_from_being_taken(signed_in: Client, entries: dict[str, ClientCertificate]) -> None:
    good = _sent(entries["billing"], issue("billing"))
    wrong = signed_in.post(_address(*entries), {**good, **_sent(entries["orders"], issue("orders"), password="wrong")})
    assert wrong.status_code == 422
    assert wrong.content.decode().count('class="errorlist"') == 1
    held = issue("stock")
    make_certificate("holder", held)
    known = signed_in.post(_address(*entries), {**_sent(entries["billing"], issue("billing")), **_sent(entries["stock"], held)})
    assert known.status_code == 422
    assert "This certificate is already uploaded as holder." in known.content.decode()
    assert not Candidate.objects.exists()


def test_without_a_file_it_says_so(signed_in: Client, entries: dict[str, ClientCertificate]) -> None:
    answer = signed_in.post(_address(*entries), {})
    assert answer.status_code == 422
    assert "Choose at least one file." in answer.content.decode()


def test_without_a_tick_it_leads_back(signed_in: Client, entries: dict[str, ClientCertificate]) -> None:
    answer = signed_in.get(_address("nobody"), follow=True)
    assert answer.redirect_chain[-1][0] == LIST
    assert "Nothing is ticked that could be replaced." in answer.content.decode()


def test_no_more_than_some_are_asked_for_at_once(signed_in: Client) -> None:
    for number in range(23):
        make_certificate(f"client-{number:02}", issue(f"client-{number}"))
    page = signed_in.get(f"{LIST}chosen/replacement/?chosen=all").content.decode()
    assert page.count('type="file"') == 20
    assert "The first 20 are shown; 3 more are ticked." in page


def test_it_says_until_when_each_is_valid(signed_in: Client, entries: dict[str, ClientCertificate]) -> None:
    version = entries["billing"].current
    assert version
    page = signed_in.get(_address("billing")).content.decode()
    assert f"Valid until {date_format(version.not_after, 'j M Y')}<" in page
