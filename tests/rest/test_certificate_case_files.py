"""The case files by REST: what opens, what is warned of, and what is refused with its cause."""

from __future__ import annotations

import base64

import pytest
from django.utils import timezone

from certificates.facts import Facts
from certificates.models import CertificateVersion, ClientCertificate
from tests.certificates.case_files import BAD, GOOD, NOW, REFUSED, WARNED, Case
from tests.makers import issue
from tests.rest.conftest import Wire, read

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.fixture(autouse=True)
def november_2026(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the clock to when the files are valid."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def sent(case: Case, *, times: int = 1) -> dict[str, str]:
    data = case.data
    for _ in range(times):
        data = base64.b64encode(data)
    return {"data": data.decode(), "password": case.password}


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.entry)
def test_it_is_taken_and_judged(wire: Wire, case: Case) -> None:
    answer = wire.put(f"certificates/{case.entry}", sent(case))
    assert answer.status_code == 201
    version = CertificateVersion.objects.get()
    shown = read(answer)["properties"]
    assert (shown["subject"], shown["thumbprint"]) == (version.label, version.thumbprint)
    assert tuple(Facts.of(der).subject for der in version.chain_der) == case.chain
    words = WARNED.get(case.name)
    assert [words in one for one in shown["warnings"]] == ([True] if words else [])
    assert (words in answer["Warning"]) if words else "Warning" not in answer


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.entry)
def test_it_is_refused_with_the_cause(wire: Wire, case: Case) -> None:
    answer = wire.put(f"certificates/{case.entry}", sent(case))
    assert answer.status_code == 400
    (detail,) = read(answer)["error"]["details"]
    assert detail["target"] == ("password" if case.name == "nomac-plain.pfx" else "data")
    assert REFUSED[case.name] in detail["message"]
    assert not ClientCertificate.objects.exists()


def test_what_was_encoded_twice_is_taken(wire: Wire) -> None:
    assert wire.put("certificates/twice", sent(GOOD[0], times=2)).status_code == 201


def test_an_id_is_found_in_any_case(wire: Wire) -> None:
    first, second = issue("first"), issue("second")
    assert wire.put("certificates/Größe", {"data": base64.b64encode(first.pfx_file()).decode(), "password": "secret"}).status_code == 201
    again = wire.put("certificates/GRÖSSE", {"data": base64.b64encode(second.pfx_file()).decode(), "password": "secret"})
    assert again.status_code == 200
    assert read(wire.get("certificates/größe"))["name"] == "Größe"
    assert ClientCertificate.objects.get().versions.count() == 2
    assert wire.delete("certificates/GRÖßE").status_code == 200
    assert not ClientCertificate.objects.exists()


def test_a_file_without_a_password_is_warned_of_when_it_is_sent_and_not_later(wire: Wire) -> None:
    answer = wire.put("certificates/open", {"data": base64.b64encode(issue(not_before=NOW).pfx_file("")).decode()})
    assert "The file had no password" in answer["Warning"]
    assert "Warning" not in wire.get("certificates/open")
