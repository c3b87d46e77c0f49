"""The case files by the form: what opens, what is said of it, and what is refused with its cause."""

from __future__ import annotations

import html
import itertools
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from apis import actions as api_actions
from apis.models import Credentials
from apis.pickers import certificate_options
from certificates.facts import Facts
from certificates.models import CertificateVersion, ClientCertificate
from tests.certificates.case_files import BAD, GOOD, NOW, REFUSED, SHOWN, WARNED, Case
from tests.makers import make_api, make_certificate
from tests.types import Page

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
PAGES = "/security/client-certificates/"


@pytest.fixture(autouse=True)
def november_2026(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the clock to when the files are valid."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def send(client: Client, case: Case, page: str = "upload/", password: str | None = None, **more: str) -> Page:
    """Send a form."""
    typed = case.password if password is None else password
    return client.post(f"{PAGES}{page}", {"file": SimpleUploadedFile(case.name, case.data), "password": typed, **more})


def text_of(page: bytes) -> str:
    """Return what a person reads, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", page.decode())).split())


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.entry)
def test_it_is_taken_shown_and_judged(signed_in: Client, case: Case) -> None:
    answer = send(signed_in, case, name=case.entry)
    assert answer.status_code == 303
    version = CertificateVersion.objects.get()
    assert tuple(Facts.of(der).subject for der in version.chain_der) == case.chain
    page = text_of(signed_in.get(answer.headers["Location"]).content)
    assert SHOWN.get(case.name, version.label) in page
    assert {words for words in WARNED.values() if words in page} == ({WARNED[case.name]} if case.name in WARNED else set())
    assert version.label in text_of(signed_in.get(PAGES).content)


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.entry)
@pytest.mark.parametrize("page", ["upload/", "held/replace/"])
def test_it_is_refused_with_the_cause_and_nothing_is_stored(signed_in: Client, case: Case, page: str) -> None:
    make_certificate("held")
    answer = send(signed_in, case, page)
    assert answer.status_code == 422
    (field, (sentence, *_)), *more = answer.context["form"].errors.items()
    assert more == []
    assert field == ("password" if case.name == "nomac-plain.pfx" else "file")
    assert REFUSED[case.name] in sentence
    assert CertificateVersion.objects.count() == 1


@pytest.mark.parametrize("case", [case for case in GOOD if case.name in WARNED], ids=lambda case: case.entry)
def test_a_replacement_that_back_ends_refuse_is_warned_of_on_its_page_and_on_the_apis(signed_in: Client, case: Case) -> None:
    entry = make_certificate("held")
    api = make_api()
    chosen = api_actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=entry)
    api_actions.secure_api(api, chosen, by=None, now=NOW)
    answer = send(signed_in, case, "held/replace/")
    assert answer.status_code == 303
    for page in (answer.headers["Location"], "/apis/orders/", "/apis/orders/security/"):
        assert WARNED[case.name] in text_of(signed_in.get(page).content)


def test_a_file_without_any_protection_opens_with_the_empty_password_and_says_so(signed_in: Client) -> None:
    case = next(case for case in BAD if case.name == "nomac-plain.pfx")
    answer = send(signed_in, case, password="")
    assert answer.status_code == 303
    assert "The file had no password" in text_of(signed_in.get(answer.headers["Location"]).content)


@pytest.mark.parametrize("wrong", [("",), ("wrong", "case-pass-8")])
def test_no_wrong_password_opens_any_of_them_or_is_called_damage(signed_in: Client, wrong: tuple[str, ...]) -> None:
    for case, password in zip(GOOD, itertools.cycle(wrong), strict=False):  # in turn: each costs what passwords are to cost
        answer = send(signed_in, case, password=password)
        assert answer.context["form"].errors == {"password": ["The password is not correct for this file."]}, case.name


def test_where_the_subject_is_empty_the_drop_down_shows_the_first_alternative_name(signed_in: Client) -> None:
    case = next(case for case in GOOD if case.name == "empty-subject-spiffe-san.pfx")
    send(signed_in, case)
    ((name, label),) = certificate_options()
    assert label.startswith("spiffe://corp/ns/orders/sa/client — ")
    assert certificate_options("spiffe://corp") == [(name, label)]
    assert ClientCertificate.objects.get().name == "spiffe-corp-ns-orders-sa-client"
