"""Which versions of a certificate may stand in for its current one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from apis import actions as api_actions
from apis.models import Api, Credentials
from certificates import actions
from certificates.models import CertificateVersion, ClientCertificate
from gateway.control.fallbacks import earlier_versions, fallbacks_of
from tests.makers import issue, make_api, make_certificate

pytestmark = pytest.mark.django_db


@pytest.fixture
def certificate() -> ClientCertificate:
    """Return an entry that one API presents."""
    certificate = make_certificate()
    chosen = api_actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)
    api_actions.secure_api(make_api(), chosen, by=None, now=timezone.now())
    return certificate


def _replace(certificate: ClientCertificate, times: int) -> None:
    for _ in range(times):
        actions.replace(certificate, issue("renewed").as_pfx(), by=None, now=timezone.now())


def _rows() -> list[Api]:
    return list(Api.objects.select_related("certificate__current").prefetch_related("operations"))


def _entries() -> list[ClientCertificate]:
    return [api.certificate for api in _rows() if api.certificate]


def _numbers(certificate: ClientCertificate) -> list[int]:
    return [version.number for version in earlier_versions(_entries()).get(certificate.pk, ())]


def test_an_entry_with_one_version_has_none(certificate: ClientCertificate) -> None:
    assert _numbers(certificate) == []


def test_the_one_that_was_current_last_comes_first_and_there_are_three_at_most(certificate: ClientCertificate) -> None:
    _replace(certificate, 5)
    assert _numbers(certificate) == [5, 4, 3]
    actions.roll_back(certificate, version=2, by=None, now=timezone.now() + timedelta(seconds=1))
    assert _numbers(certificate) == [6, 5, 4]
    actions.roll_back(certificate, version=5, by=None, now=timezone.now() + timedelta(seconds=2))
    assert _numbers(certificate) == [2, 6, 4]


def test_each_of_several_entries_has_its_own(certificate: ClientCertificate) -> None:
    other = make_certificate("other")
    chosen = api_actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=other)
    api_actions.secure_api(make_api("sales"), chosen, by=None, now=timezone.now())
    _replace(certificate, 5)
    _replace(other, 2)
    assert (_numbers(certificate), _numbers(other)) == ([5, 4, 3], [2, 1])


def test_it_costs_one_query_however_many_there_are(
    certificate: ClientCertificate, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    _replace(certificate, 3)
    rows = _entries()
    with django_assert_num_queries(1):
        earlier_versions(rows)
    with django_assert_num_queries(0):
        earlier_versions([])


def test_one_whose_key_does_not_open_gives_no_cluster(certificate: ClientCertificate) -> None:
    _replace(certificate, 2)
    CertificateVersion.objects.filter(number=2).update(ciphertext=b"tampered" * 8)
    (api,) = _rows()
    broken, whole = fallbacks_of(api.policy(), api.certificate, api.presented, earlier_versions(_entries()))
    assert broken.resource is None
    assert whole.resource is not None
    assert whole.certificate_version == certificate.versions.get(number=1).pk
