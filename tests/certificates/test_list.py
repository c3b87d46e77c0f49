"""Security → Client certificates."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apis import actions as api_actions
from apis.models import Credentials
from certificates import actions as certificate_actions
from certificates.models import CertificateVersion, ClientCertificate
from certificates.sources.models import Source, SourceKind
from certificates.templatetags.certificates import common_name, common_name_first
from tests.certificates import odd
from tests.makers import issue, make_api, make_certificate, make_counts

pytestmark = pytest.mark.django_db
LIST = "/security/client-certificates/"


def names(client: Client, **asked: str) -> list[str]:
    """Return the names on the page, in its order."""
    return [certificate.name for certificate in client.get(LIST, asked).context["page"]]


def seen_in(page: str) -> str:
    """Return what a page that asks before something is deleted knows that by."""
    (seen,) = re.findall(r'name="seen" value="(\w+)"', page)
    return str(seen)


def test_an_empty_list_says_what_to_do(signed_in: Client) -> None:
    page = signed_in.get(LIST)
    assert b"No client certificates yet" in page.content
    assert b'href="/security/client-certificates/upload/"' in page.content


def test_a_viewer_reads_the_list_and_is_offered_no_change(client: Client, viewer: User) -> None:
    make_certificate()
    client.force_login(viewer)
    page = client.get(LIST)
    assert b"orders-client" in page.content
    assert b"/upload/" not in page.content
    assert b"/delete/" not in page.content


def test_a_row_shows_what_certificates_are_told_apart_by(signed_in: Client) -> None:
    issued = issue("orders-client", not_after=datetime.now(UTC) + timedelta(days=13, hours=1))
    certificate = make_certificate("orders", issued)
    api = make_api()
    chosen = api_actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)
    api_actions.secure_api(api, chosen, by=None, now=timezone.now())
    page = signed_in.get(LIST).content.decode()
    assert "CN=orders-client, O=Example" in page
    assert f"<b>{issued.thumbprint[-4:]}</b>" in page
    assert "13 days left" in page
    assert "1 API" in page
    assert "self-signed" in page


def test_expired_certificates_bear_a_badge(signed_in: Client) -> None:
    now = datetime.now(UTC)
    make_certificate("old", issue(not_before=now - timedelta(days=9), not_after=now - timedelta(days=4, hours=1)))
    assert b"Expired 4 days ago" in signed_in.get(LIST).content


def test_what_back_ends_refuse_all_the_same_is_not_called_valid(signed_in: Client) -> None:
    made = odd.odd(extensions=(odd.purposes(odd.SERVER_AUTH),))
    pfx = dataclasses.replace(made.key.as_pfx(), certificate=made.der)
    certificate_actions.upload(pfx, name="for-servers", by=None, now=timezone.now())
    api = make_api()
    chosen = api_actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=ClientCertificate.objects.get())
    api_actions.secure_api(api, chosen, by=None, now=timezone.now())
    for address in (LIST, f"{LIST}for-servers/", f"{LIST}for-servers/replace/", "/apis/orders/", "/apis/orders/security/"):
        page = signed_in.get(address).content.decode()
        assert "May be refused" in page, address
        assert "lacks clientAuth" in page, address
        assert ">Valid<" not in page, address


def test_certificates_of_the_future_bear_a_badge(signed_in: Client) -> None:
    make_certificate("next", issue(not_before=datetime.now(UTC) + timedelta(days=3)))
    assert b"Not valid yet" in signed_in.get(LIST).content


@pytest.fixture
def three(db: None) -> dict[str, CertificateVersion]:
    """Store three certificates whose names, subjects and expiry are ordered differently."""
    now = datetime.now(UTC)
    for name, subject, days in (("alpha", "zebra", 200), ("beta", "yak", 100), ("gamma", "xerus", 300)):
        make_certificate(name, issue(subject, not_after=now + timedelta(days=days)))
    return {version.certificate.name: version for version in CertificateVersion.objects.select_related("certificate")}


def test_it_is_sorted_as_the_address_says(signed_in: Client, three: dict[str, CertificateVersion]) -> None:
    assert names(signed_in) == ["alpha", "beta", "gamma"]
    assert names(signed_in, sort="-name") == ["gamma", "beta", "alpha"]
    assert names(signed_in, sort="subject") == ["gamma", "beta", "alpha"]
    assert names(signed_in, sort="expires") == ["beta", "alpha", "gamma"]
    assert names(signed_in, sort="-expires") == ["gamma", "alpha", "beta"]
    assert names(signed_in, sort="used") == ["alpha", "beta", "gamma"]
    assert names(signed_in, sort="; drop") == ["alpha", "beta", "gamma"]
    page = signed_in.get(LIST, {"sort": "expires", "q": "a"}).content.decode()
    assert 'aria-sort="ascending"' in page
    assert "sort=-expires" in page


@pytest.mark.parametrize("words", ["ALPHA", "alph", "zebra", "cn=zebra", " alpha ", "\u200ealpha"])
def test_it_finds_names_and_subjects(signed_in: Client, three: dict[str, CertificateVersion], words: str) -> None:
    assert names(signed_in, q=words) == ["alpha"]


@pytest.mark.parametrize(
    "written",
    [
        "{0}",
        "\u200e{0}",
        "{0}\u200f\ufeff",
        "{spaced}",
        "{colons}",
        "{lower}",
        "\u200e{lower_spaced} ",
        "{end}",
    ],
)
def test_it_finds_thumbprints_however_they_were_pasted(signed_in: Client, three: dict[str, CertificateVersion], written: str) -> None:
    for thumbprint in (three["beta"].thumbprint, three["beta"].thumbprint_sha256):
        pairs = [thumbprint[start : start + 2] for start in range(0, len(thumbprint), 2)]
        forms = {
            "spaced": " ".join(pairs),
            "colons": ":".join(pairs),
            "lower": thumbprint.lower(),
            "lower_spaced": " ".join(pairs).lower(),
            "end": thumbprint[-12:],
        }
        assert names(signed_in, q=written.format(thumbprint, **forms)) == ["beta"]


@pytest.mark.parametrize("words", ["%", "_", "\0", "nothing like it", "x" * 5000])
def test_what_nothing_matches_says_so(signed_in: Client, three: dict[str, CertificateVersion], words: str) -> None:
    page = signed_in.get(LIST, {"q": words})
    assert page.status_code == 200
    found = names(signed_in, q=words)
    assert found == ([] if words.strip("\0") else ["alpha", "beta", "gamma"])


def test_a_search_by_htmx_answers_the_list_alone(signed_in: Client, three: dict[str, CertificateVersion]) -> None:
    part = signed_in.get(LIST, {"q": "beta"}, headers={"HX-Request": "true"})
    assert b"<html" not in part.content
    assert b"beta" in part.content
    assert b"1 certificate found" in part.content
    whole = signed_in.get(LIST, {"q": "beta"}, headers={"HX-Request": "true", "HX-Boosted": "true"})
    assert b"<html" in whole.content


def _store_many(number: int) -> None:
    """Store entries as the action does, without opening so many files; the sealed key is the same bytes for all."""
    model = make_certificate("model").current
    assert model is not None
    now = timezone.now()
    entries = ClientCertificate.objects.bulk_create(ClientCertificate(name=f"c{row:05}", created_at=now) for row in range(number))
    versions = []
    for row, entry in enumerate(entries):
        version = CertificateVersion(
            certificate=entry, number=1, der=model.der, chain=[], thumbprint=f"{row:040X}", thumbprint_sha256=f"{row:064X}"
        )
        version.subject, version.issuer, version.serial, version.key_type = f"CN=c{row:05}", model.issuer, "1", model.key_type
        version.not_before, version.not_after, version.created_at = now, now + timedelta(days=row % 900 + 40), now
        version.ring_key, version.wrapped_key, version.ciphertext = model.ring_key, model.wrapped_key, model.ciphertext
        versions.append(version)
    CertificateVersion.objects.bulk_create(versions, batch_size=500)
    for entry, version in zip(entries, versions, strict=True):
        entry.current = version
    ClientCertificate.objects.bulk_update(entries, ["current"], batch_size=500)


def test_the_number_of_queries_does_not_grow_with_the_list(
    signed_in: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    _store_many(60)
    signed_in.get(LIST)  # when they end is remembered
    for asked in ({}, {"q": "c000", "sort": "-used"}, {"page": "3", "sort": "expires"}):
        with django_assert_max_num_queries(19):
            page = signed_in.get(LIST, asked)
        assert len(page.content) < 60_000


def test_pages_keep_search_and_order(signed_in: Client) -> None:
    _store_many(60)
    page = signed_in.get(LIST, {"q": "c0", "sort": "-name"}).content.decode()
    assert "Page 1 of 3" in page
    assert "q=c0&amp;sort=-name&amp;page=2" in page
    assert names(signed_in, q="c0", sort="-name", page="2")[0] == "c00034"
    assert names(signed_in, page="999")
    assert names(signed_in, page="x")


class TestStates:
    """The chips above the list."""

    @pytest.fixture(autouse=True)
    def entries(self) -> None:
        now = datetime.now(UTC)
        ends = {"past": timedelta(days=-1), "soon": timedelta(days=9), "later": timedelta(days=400)}
        for name, end in ends.items():
            make_certificate(name, issue(name, not_before=now - timedelta(days=90), not_after=now + end))
        chosen = api_actions.ApiSecurity(
            credentials=Credentials.CLIENT_CERTIFICATE, certificate=ClientCertificate.objects.get(name="later")
        )
        self.api = api_actions.secure_api(make_api(), chosen, by=None, now=timezone.now())

    def test_they_count_and_narrow(self, signed_in: Client) -> None:
        listing = signed_in.get(LIST).context["listing"]
        assert {chip.key: chip.number for chip in listing.chips} == {"expired": 1, "expiring": 1, "failing": 0, "unused": 2, "behind": 0}
        assert names(signed_in, show="expired") == ["past"]
        assert names(signed_in, show="expiring") == ["soon"]
        assert names(signed_in, show="unused") == ["past", "soon"]
        assert names(signed_in, show="unused", q="soo") == ["soon"]

    def test_failing_are_those_that_back_ends_refuse_or_that_do_not_renew_themselves(self, signed_in: Client) -> None:
        make_counts(self.api, refused_certificate=1)
        Source.objects.create(certificate=ClientCertificate.objects.get(name="soon"), kind=SourceKind.WATCHED, failing_since=timezone.now())
        assert names(signed_in, show="failing") == ["later", "soon"]

    def test_the_number_of_apis_leads_to_them(self, signed_in: Client) -> None:
        assert 'href="/apis/?certificate=later"' in signed_in.get(LIST).content.decode()

    def test_those_that_nothing_uses_are_deleted_together_and_those_in_use_are_named_and_stay(self, signed_in: Client) -> None:
        address = f"{LIST}chosen/removal/?certificates=past&certificates=soon&certificates=later"
        page = signed_in.get(address).content.decode()
        assert "Delete 2 certificates?" in page
        assert "1 certificate is in use and stays" in page
        assert "/apis/moves/new/?certificates=later" in page
        assert signed_in.post(address, {"seen": seen_in(page)}).status_code == 303
        assert names(signed_in) == ["later"]

    def test_where_others_would_be_deleted_than_those_that_were_shown_none_is(self, signed_in: Client) -> None:
        address = f"{LIST}chosen/removal/?certificates=soon&certificates=later"
        page = signed_in.get(address).content.decode()
        assert "Delete 1 certificate?" in page
        type(self.api).objects.update(certificate=ClientCertificate.objects.get(name="soon"))
        answer = signed_in.post(address, {"seen": seen_in(page)}, follow=True).content.decode()
        assert "The list has changed meanwhile, and nothing was deleted" in answer
        assert ClientCertificate.objects.count() == 3

    def test_a_file_holds_what_the_address_shows(self, signed_in: Client) -> None:
        rows = signed_in.get(f"{LIST}chosen/list.csv", {"show": "expired"}).content.decode().splitlines()
        assert [row.split(",")[0] for row in rows] == ["name", "past"]
        thumbprint = CertificateVersion.objects.get(certificate__name="past").thumbprint
        assert thumbprint in rows[1]


def test_the_common_name_stands_first_and_the_rest_behind_it() -> None:
    assert common_name_first(r"O=Contoso\, Ltd, CN=shared-client, C=DE") == r"CN=shared-client, O=Contoso\, Ltd, C=DE"
    assert common_name(r"O=Contoso, CN=Issuing CA") == "Issuing CA"
    assert common_name("O=No common name") == "O=No common name"
