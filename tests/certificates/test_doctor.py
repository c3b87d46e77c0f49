"""Security → Certificate doctor: every entry judged, the worst first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from certificates.doctor import diagnosing
from certificates.doctor.models import Diagnosis
from certificates.models import CertificateVersion
from kit.issuing import Issued, issue
from portal.roles import Role
from tests.makers import make_certificate, make_person, make_server_certificate

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
PAGE = "/security/doctor/"
BOTH = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


def _names(client: Client, query: str = "") -> list[str]:
    answer = client.get(f"{PAGE}?{query}")
    assert answer.status_code == 200
    return [one.entry.name for one in answer.context["judged"]]


@pytest.fixture(scope="module")
def issued() -> dict[str, Issued]:
    """Return one certificate of each kind that the doctor tells apart."""
    now = datetime.now(UTC)
    lets_encrypt = issue("R99", authority=True, organization="Let's Encrypt")
    begin, end = now - timedelta(days=9), now - timedelta(days=2)
    between = issue("Between", by=issue("Root", authority=True), authority=True, not_before=begin, not_after=end)
    return {
        "well": issue("well"),
        "soon": issue("soon", not_after=now + timedelta(days=9)),
        "public": issue("public", by=lets_encrypt, purposes=BOTH, hosts=("public.example.com",)),
        "for-servers": issue("for-servers", purpose=ExtendedKeyUsageOID.SERVER_AUTH),
        "expired": issue("expired", not_before=begin, not_after=end),
        "below-old": issue("Below", by=between),
    }


@pytest.fixture
def entries(issued: dict[str, Issued]) -> None:
    for name, one in issued.items():
        make_certificate(name, one)


def test_the_worst_is_first_and_each_says_why_and_what_to_do(signed_in: Client, entries: None) -> None:
    assert _names(signed_in) == ["below-old", "expired", "for-servers", "public", "soon", "well"]
    words = signed_in.get(PAGE).content.decode()
    assert "Have one issued for client authentication" in words
    assert "Let&#x27;s Encrypt has issued no certificates for clients since May 13, 2026" in words
    assert "https://letsencrypt.org/" in words


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("state=refused", ["below-old", "expired", "for-servers"]),
        ("state=breaks", ["public"]),
        ("state=soon", ["soon"]),
        ("state=well", ["well"]),
        ("state=nonsense", ["below-old", "expired", "for-servers", "public", "soon", "well"]),
        ("state=well&q=soon", []),
        ("q=public", ["public"]),
        ("sort=-name", ["well", "soon", "public", "for-servers", "expired", "below-old"]),
    ],
)
def test_the_list_is_chosen_from_searched_and_sorted(signed_in: Client, entries: None, query: str, names: list[str]) -> None:
    assert _names(signed_in, query) == names


def test_htmx_gets_the_list_alone(signed_in: Client, entries: None) -> None:
    answer = signed_in.get(PAGE, headers={"HX-Request": "true"})
    assert "<html" not in answer.content.decode()


def test_an_empty_portal_says_so(signed_in: Client) -> None:
    assert "No certificates yet" in signed_in.get(PAGE).content.decode()


def test_a_day_that_passes_needs_no_new_judgement(signed_in: Client, entries: None) -> None:
    _names(signed_in)
    CertificateVersion.objects.filter(certificate__name="well").update(not_after=timezone.now() - timedelta(hours=1))
    assert "well" in _names(signed_in, "state=refused")


def test_what_another_release_has_judged_is_judged_anew(signed_in: Client, entries: None) -> None:
    _names(signed_in)
    Diagnosis.objects.update(judged_by="another", is_doubtful=True)
    assert _names(signed_in, "state=well") == ["well"]
    assert not Diagnosis.objects.filter(judged_by="another").exists()


def test_what_is_too_much_for_a_page_is_judged_beside_it(signed_in: Client, entries: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosing, "_BATCH", 2)
    assert "not judged yet" in signed_in.get(PAGE).content.decode()
    assert diagnosing.diagnose_some(now=timezone.now())
    assert diagnosing.diagnose_some(now=timezone.now())
    assert not diagnosing.diagnose_some(now=timezone.now())
    assert "not judged yet" not in signed_in.get(PAGE).content.decode()


def test_a_damaged_row_keeps_nobody_else_from_being_judged(entries: None) -> None:
    CertificateVersion.objects.filter(certificate__name="well").update(der=b"nothing")
    assert diagnosing.diagnose_some(now=timezone.now())
    assert Diagnosis.objects.get(version__certificate__name="well").is_doubtful
    assert not Diagnosis.objects.get(version__certificate__name="soon").is_doubtful


def test_a_damaged_row_is_shown_as_one_that_cannot_be_read_among_the_others(signed_in: Client, entries: None) -> None:
    CertificateVersion.objects.filter(certificate__name="well").update(der=b"nothing")
    assert {"well", "soon"} <= set(_names(signed_in))
    page = signed_in.get(f"{PAGE}?q=well").content.decode()
    assert "What the database holds of it cannot be read." in page


def test_a_page_costs_as_many_queries_with_many_entries(
    signed_in: Client, entries: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    signed_in.get(PAGE)
    with django_assert_num_queries(11):
        signed_in.get(PAGE)
    for number in range(30):
        make_certificate(f"more-{number}", issue(f"more-{number}"))
    signed_in.get(PAGE)
    with django_assert_num_queries(11):
        signed_in.get(PAGE)


def test_server_certificates_are_judged_as_such(signed_in: Client) -> None:
    make_server_certificate()
    assert _names(signed_in, "state=well") == ["api.example.com"]


def test_who_may_see_no_certificates_sees_no_judgement() -> None:
    client = Client()
    client.force_login(make_person("viewer", Role.VIEWER))
    assert client.get(PAGE).status_code == 200
    Group.objects.get(name=Role.VIEWER).permissions.filter(codename__startswith="view_").delete()
    client.force_login(User.objects.get(username="viewer"))
    assert client.get(PAGE).status_code == 403


def test_uploads_and_candidates_are_told_the_same(signed_in: Client, issued: dict[str, Issued]) -> None:
    make_certificate("public", issued["public"])
    words = signed_in.get("/security/client-certificates/public/").content.decode()
    assert "has issued no certificates for clients since" in words
