"""Callers' certificates in the management API: by the policy, and in exported configurations."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone

from apis import actions
from apis.actions import ApiCallers
from apis.callers import CallerCertificate
from apis.models import Api
from kit.issuing import issue
from tests.makers import make_api
from tests.rest.conftest import Wire
from tests.rest.test_configuration import exported, imported

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
POLICY = "apis/orders/policies/policy"
AUTHORITY = issue("Partners", authority=True)
THUMBPRINT = "2F1A9C04E7B35D6688A1C2E94F07B3D5A6E8CA06"
REQUIRED = ApiCallers(
    hosts=("api.example.com",),
    caller_certificate=CallerCertificate.REQUIRED,
    caller_authorities=AUTHORITY.pem,
    caller_identities=("partner.example.com",),
)


def _callers() -> ApiCallers:
    return ApiCallers.of(Api.objects.get())


def _put(wire: Wire, element: str) -> int:
    return wire.put(POLICY, {"value": f"<policies><inbound><base />{element}</inbound></policies>"}).status_code


def test_a_document_says_who_is_let_in(wire: Wire) -> None:
    make_api("orders")
    identities = f'<identities><identity thumbprint="{THUMBPRINT}" /></identities>'
    element = f'<validate-client-certificate validate-trust="false">{identities}</validate-client-certificate>'
    assert _put(wire, element) == 201
    assert _callers() == ApiCallers(caller_certificate=CallerCertificate.REQUIRED, caller_identities=(THUMBPRINT,))
    assert _put(wire, '<validate-client-certificate ignore-error="true" />') == 200
    assert _callers() == ApiCallers(caller_certificate=CallerCertificate.PASSED_ON)
    assert wire.delete(POLICY).status_code in {200, 204}
    assert _callers() == ApiCallers()


def test_trust_needs_authorities_that_the_api_has(wire: Wire) -> None:
    api = make_api("orders")
    assert _put(wire, "<validate-client-certificate />") == 400
    assert _callers() == ApiCallers()
    actions.change_callers(api, REQUIRED, by=None, now=timezone.now())
    assert _put(wire, "<validate-client-certificate />") in {200, 201}
    assert _callers() == ApiCallers(hosts=REQUIRED.hosts, caller_certificate=CallerCertificate.REQUIRED, caller_authorities=AUTHORITY.pem)


def test_a_configuration_holds_them_both_ways(tmp_path: Path) -> None:
    actions.change_callers(make_api("orders"), REQUIRED, by=None, now=timezone.now())
    configuration = exported()
    assert configuration["apis"][0]["callers"]["hosts"] == ["api.example.com"]
    actions.change_callers(Api.objects.get(), ApiCallers(), by=None, now=timezone.now())
    assert imported(configuration, tmp_path) == ["~ apis/orders/callers"]
    assert _callers() == REQUIRED
    assert imported(configuration, tmp_path) == []
