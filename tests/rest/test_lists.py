"""Lists: pages, counts, filters, and how much a large one costs."""

from __future__ import annotations

import operator
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from django.db.models import Q
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from certificates.models import CertificateVersion, ClientCertificate
from rest import fields, filters
from rest.envelope import Fault, Invalid
from tests.makers import make_api, make_certificate, make_subscription
from tests.rest.conftest import Wire, read

FIELDS: dict[str, fields.Field] = {"name": fields.Text("name"), "born": fields.Moment("born"), "isCurrent": fields.Fixed("true")}


def many(count: int) -> None:
    """Store *count* entries by copying one."""
    one = make_certificate("seed").current
    assert one is not None
    entries = ClientCertificate.objects.bulk_create(
        ClientCertificate(name=f"entry-{number:05}", created_at=timezone.now()) for number in range(count)
    )
    versions = [_copy(one, entry) for entry in entries]
    CertificateVersion.objects.bulk_create(versions)
    for entry, version in zip(entries, versions, strict=True):
        entry.current = version
    ClientCertificate.objects.bulk_update(entries, ["current"], batch_size=500)


def _copy(version: CertificateVersion, entry: ClientCertificate) -> CertificateVersion:
    values = {field.attname: getattr(version, field.attname) for field in version._meta.concrete_fields}
    return CertificateVersion(**values | {"id": uuid.uuid4(), "certificate_id": entry.pk, "thumbprint_sha256": f"{entry.pk:064X}"})


def pages(wire: Wire, path: str) -> list[list[str]]:
    """Follow ``nextLink`` as clients do, and return the names on each page."""
    found = []
    answer: Any = wire.get(path)
    while True:
        page = read(answer)
        found.append([entity["name"] for entity in page["value"]])
        if page["nextLink"] is None:
            return found
        headers = {"Authorization": f"Bearer {wire.token}", "Accept": "*/*"}
        answer = wire.client.get(page["nextLink"].removeprefix("http://testserver"), headers=headers)
        assert answer.status_code == 200


@pytest.mark.django_db
def test_a_thousand_certificates_page_through(wire: Wire, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    many(1000)
    found = pages(wire, "certificates")
    assert [len(page) for page in found] == [100] * 10 + [1]
    names = [name for page in found for name in page]
    assert names == sorted(set(names))
    with django_assert_max_num_queries(5):
        wire.get("certificates?$top=1000")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("name eq 'ORDERS-größe'", ["Orders-Größe"]),
        ("name ne 'orders-GRÖSSE'", ["other"]),
        ("name gt 'ORDERS'", ["Orders-Größe", "other"]),
        ("startswith(name,'oRDERS-grÖ')", ["Orders-Größe"]),
        ("contains(name,'RÖSS')", ["Orders-Größe"]),
    ],
)
def test_names_of_certificates_are_compared_without_regard_to_case(wire: Wire, condition: str, expected: list[str]) -> None:
    for name in ("Orders-Größe", "other"):
        make_certificate(name)
    assert pages(wire, f"certificates?$filter={quote(condition)}") == [expected]


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["certificates", "apis", "apis/api-0/operations", "subscriptions", "backends"])
def test_pages_and_counts_are_those_that_were_asked_for(
    kind: str, wire: Wire, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(5):
        api = make_api(f"api-{number}", service_url=f"https://{number}.example.com", everything=False)
        make_subscription(f"subscription-{number}", api=api)
        make_certificate(f"certificate-{number}")
        wire.put(f"backends/back-end-{number}", {"url": f"https://{number}.example.org"})
        template = {"displayName": "x", "method": "GET", "urlTemplate": f"/{number}"}
        wire.put(f"apis/api-0/operations/operation-{number}", template)
    assert [len(page) for page in pages(wire, f"{kind}?$top=2")] == [2, 2, 1]
    assert [len(page) for page in pages(wire, f"{kind}?$top=2&$skip=3")] == [2]
    assert [len(page) for page in pages(wire, f"{kind}?$top=2&$filter={quote('endswith(name,')}%27-4%27)")] == [1]
    page = read(wire.get(f"{kind}?$top=2"))
    assert page["count"] == 5
    assert page["nextLink"].startswith("http://testserver/management/")
    assert read(wire.get(f"{kind}?$skip=10"))["value"] == []
    assert read(wire.get(f"{kind}?$skip=10"))["count"] == 5
    with django_assert_max_num_queries(6):
        wire.get(kind)


@pytest.mark.django_db
def test_the_next_page_is_asked_for_by_https_where_the_client_came_by_it(wire: Wire) -> None:
    make_api("one")
    make_api("two")
    for sent in ("https", "HTTPS", "https, http"):
        assert read(wire.get("apis?$top=1", X_Forwarded_Proto=sent))["nextLink"].startswith("https://testserver/management/")


@pytest.mark.django_db
def test_no_certificate_failed_to_come_from_a_key_vault(wire: Wire) -> None:
    make_certificate("one")
    assert read(wire.get("certificates?isKeyVaultRefreshFailed=true"))["value"] == []
    assert read(wire.get("certificates?isKeyVaultRefreshFailed=false"))["count"] == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("state eq 'submitted'", {"asked"}),
        ("state eq 'Suspended'", {"closed"}),
        ("state ne 'active'", {"asked", "closed"}),
        ("ownerId eq '/users/1' or contains(stateComment,'LATE')", {"asked", "open"}),
        ("ownerId ne '/users/1'", {"closed", "open"}),
        ("ownerId eq null", {"closed", "open"}),
        ("productId eq 'starter'", set()),
        ("endswith(scope,'/apis')", {"asked", "closed", "open"}),
    ],
)
def test_subscriptions_are_found_by_what_they_show(condition: str, found: set[str], wire: Wire) -> None:
    wire.put("subscriptions/asked", {"displayName": "A", "scope": "/apis", "state": "submitted", "ownerId": "/users/1"})
    wire.put("subscriptions/closed", {"displayName": "C", "scope": "/apis", "state": "suspended"})
    wire.put("subscriptions/open", {"displayName": "O", "scope": "/apis", "stateComment": "too late"})
    answer = wire.get(f"subscriptions?$filter={quote(condition)}")
    assert {entity["name"] for entity in read(answer)["value"]} == found


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("name eq 'alpha'", {"alpha"}),
        ("name ne 'alpha'", {"beta", "Gamma's"}),
        ("name ge 'alpha' and name lt 'beta'", {"alpha"}),
        ("contains(name,'AMMA')", {"Gamma's"}),
        ("substringof('et',properties/name)", {"beta"}),
        ("startswith(name,'al') or endswith(name,'ta')", {"alpha", "beta"}),
        ("not (name eq 'alpha' or name eq 'beta')", {"Gamma's"}),
        ("name eq 'Gamma''s'", {"Gamma's"}),
        ("contains(name,'%') or contains(name,'_')", set()),
        ("expirationDate gt 2020-01-01T00:00:00Z", {"alpha", "beta", "Gamma's"}),
        ("expirationDate lt datetime'2020-01-01T00:00:00'", set()),
        ("contains(subject,'CN=beta') and NOT contains(subject,'alpha')", {"beta"}),
    ],
)
def test_filters_find_what_they_say(condition: str, found: set[str], wire: Wire) -> None:
    for name in ("alpha", "beta", "Gamma's"):
        make_certificate(name)
    answer = wire.get(f"certificates?$filter={quote(condition)}")
    assert {entity["name"] for entity in read(answer)["value"]} == found


names = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=20)
comparisons = st.builds(
    lambda operator, value: f"name {operator} '{value.replace(chr(39), chr(39) * 2)}'",
    st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"]),
    names,
)
conditions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds("({})".format, inner),
        st.builds("not {}".format, inner),
        st.builds(lambda one, word, other: f"({one} {word} {other})", inner, st.sampled_from(["and", "or"]), inner),
    ),
    max_leaves=8,
)


@given(value=names)
def test_a_quoted_text_means_itself(value: str) -> None:
    quoted = value.replace("'", "''")
    assert filters.parse(f"name eq '{quoted}'", FIELDS) == Q(name=value)


@given(condition=conditions)
def test_whatever_is_built_by_the_grammar_is_read(condition: str) -> None:
    assert isinstance(filters.parse(condition, FIELDS), Q)


words = st.sampled_from(["name", "eq", "'a'", "(", ")", "not", "and", "or", "contains", ",", "born", "2026-01-01", "$"])


@given(text=st.text(max_size=60) | st.lists(words).map(" ".join))
def test_any_text_is_read_or_refused_by_name(text: str) -> None:
    faults: tuple[Fault, ...] = ()
    try:
        filters.parse(text, FIELDS)
    except Invalid as refusal:
        faults = refusal.faults
    assert {fault.target for fault in faults} <= {"$filter"}


MOMENTS = st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2026, 1, 1, 0, 0, 0, 5000), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants them so
COMPARED = {"eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge}


@given(moment=st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis wants them so
def test_moments_are_read_with_and_without_their_zone(moment: datetime) -> None:
    wanted = filters.parse(f"born ge {moment.isoformat()}", FIELDS)
    assert filters.parse(f"born ge datetime'{moment.replace(tzinfo=None).isoformat()}'", FIELDS) == wanted


@given(stored=MOMENTS, asked=MOMENTS)
def test_moments_are_compared_as_they_are_shown(stored: datetime, asked: datetime) -> None:
    """To the millisecond, with whatever is asked for and whatever is stored within it."""
    shown = stored.replace(microsecond=stored.microsecond // 1000 * 1000)
    for word, holds in COMPARED.items():
        condition = filters.parse(f"born {word} {asked.isoformat()}", FIELDS)
        assert _meets(condition, stored) == holds(shown, asked), word


def _meets(condition: Q, stored: datetime) -> bool:
    """Evaluate a condition on the column ``born`` as a database would."""
    holds = {"born__gte": operator.ge, "born__lt": operator.lt, "pk__in": lambda *_: False}
    parts = [_meets(one, stored) if isinstance(one, Q) else holds[str(one[0])](stored, one[1]) for one in condition.children]  # type: ignore[index]  # pairs
    return all(parts) != condition.negated


def test_both_of_a_constant_and_a_condition() -> None:
    assert not filters.parse("isCurrent eq true or name eq 'a'", FIELDS)
    assert filters.parse("isCurrent eq true and name eq 'a'", FIELDS) == Q(name="a")
    assert filters.parse("isCurrent eq false", FIELDS) == filters.parse("not isCurrent eq true", FIELDS)
