"""The OpenAPI document says what is: schemathesis makes requests of it, right ones and wrong ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks as openapi_checks

from portal.models import FailedGuess
from rest.openapi import document
from tests.rest.conftest import token_for
from tests.rest.test_access_matrix import LIFE, LIFE_OF_KEYS, MOVES

pytestmark = pytest.mark.any_database

DOCUMENT = "/management/openapi.json"
# Left out: what no schema can say (a path that is taken, a PFX file that does not open) is refused although it fits the schema.
CHECKS = [
    not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.negative_data_rejection,
    openapi_checks.unsupported_method,
    openapi_checks.use_after_free,
    openapi_checks.ignored_auth,
]


def _described(*, boundaries: bool) -> Any:
    """Return what the document describes; with *boundaries*, a test tries those of each value: sixty requests and more for each verb."""
    schema = schemathesis.openapi.from_wsgi(DOCUMENT, WSGIHandler())
    schema.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE], allow_extra_parameters=False)
    schema.config.phases.coverage.enabled = boundaries
    return schema


@pytest.fixture
def one_transaction() -> Iterator[None]:
    """Leave the database connection open between requests, as Django's own test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


CHANGED_MOST = r"/service/[^/]+/(certificates|apis|subscriptions)(/\{\w+\})?$"
# A life of an entry is that of a client certificate.
ANOTHERS_LIFE = r"/(serverCertificates|trustedAuthorities)/\{\w+\}/"
generated = settings(deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck), derandomize=True)


@pytest.mark.django_db
@_described(boundaries=True).include(path_regex=CHANGED_MOST).parametrize()  # type: ignore[untyped-decorator]  # of an untyped package
@settings(generated, max_examples=2)
def test_every_request_up_to_the_boundaries_is_answered_as_described(
    case: schemathesis.Case, publisher: User, one_transaction: None
) -> None:
    FailedGuess.objects.all().delete()  # the checks make many
    case.call_and_validate(headers={"Authorization": f"Bearer {token_for(publisher)}"}, checks=CHECKS)


@pytest.mark.django_db
@_described(boundaries=False).exclude(path_regex=f"{CHANGED_MOST}|{ANOTHERS_LIFE}").parametrize()  # type: ignore[untyped-decorator]
@settings(generated, max_examples=8)
def test_every_request_is_answered_as_described(case: schemathesis.Case, publisher: User, one_transaction: None) -> None:
    FailedGuess.objects.all().delete()
    case.call_and_validate(headers={"Authorization": f"Bearer {token_for(publisher)}"}, checks=CHECKS)


def test_every_address_below_entries_is_described_with_its_verbs() -> None:
    paths = document()["paths"]
    for segment, table in (
        ("certificates/{certificateId}", (*LIFE, *LIFE_OF_KEYS, *MOVES)),
        ("serverCertificates/{serverCertificateId}", (*LIFE, *LIFE_OF_KEYS)),
        ("trustedAuthorities/{authorityId}", LIFE),
    ):
        for below, reads, writes in table:
            (described_there,) = (paths[path] for path in paths if path.endswith(f"/{segment}/{below.replace('1', '{number}')}"))
            verbs = {verb.lower() for verb in (*reads, *writes)} - {"head"}
            assert described_there.keys() - {"parameters"} == verbs


def test_the_document_is_open_to_anybody() -> None:
    answer = Client().get(DOCUMENT)
    assert answer.status_code == 200
    assert answer.json()["openapi"] == "3.1.0"
