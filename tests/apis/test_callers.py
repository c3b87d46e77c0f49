"""The Callers tab: host names and callers' certificates, and what both come to in the policy."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from apis import actions
from apis.actions import ApiCallers
from apis.callers import CallerCertificate
from apis.models import Api
from apis.policy import as_xml, parse
from apis.policy.elements import UnreadablePolicy
from apis.policy.model import CallerIdentity, ValidateClientCertificate
from kit.issuing import issue
from portal.models import Activity, Event
from tests.makers import make_api

pytestmark = pytest.mark.django_db
URL = "/apis/orders/callers/"
AUTHORITY = issue("Partners", authority=True)
THUMBPRINT = "2F1A9C04E7B35D6688A1C2E94F07B3D5A6E8CA06"


def callers() -> ApiCallers:
    return ApiCallers.of(Api.objects.get())


def test_what_is_chosen_is_stored_shown_and_told(signed_in: Client, publisher: User) -> None:
    make_api("orders")
    chosen = {
        "hosts": "API.example.com\n*.shop.example.com",
        "caller_certificate": "required",
        "caller_authorities": AUTHORITY.pem,
        "caller_identities": "2f:1a:9c:04:e7:b3:5d:66:88:a1:c2:e9:4f:07:b3:d5:a6:e8:ca:06\nPartner.example.com, spiffe://example.com/partner",
    }
    assert signed_in.post(URL, chosen).status_code == 303
    assert callers() == ApiCallers(
        hosts=("api.example.com", "*.shop.example.com"),
        caller_certificate=CallerCertificate.REQUIRED,
        caller_authorities=AUTHORITY.pem,
        caller_identities=(THUMBPRINT, "partner.example.com", "spiffe://example.com/partner"),
    )
    page = signed_in.get(URL).content.decode()
    assert "*.shop.example.com" in page
    assert THUMBPRINT in page
    line = Activity.objects.get(event=Event.API_CALLERS_CHANGED)
    assert line.actor == publisher
    assert line.details["hosts"] == ["api.example.com", "*.shop.example.com"]
    assert "CERTIFICATE-----" not in str(line.details)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"hosts": "https://api.example.com"}, "hosts"),
        ({"hosts": "a.*.example.com"}, "hosts"),
        ({"caller_certificate": "required"}, "caller_authorities"),
        ({"caller_certificate": "required", "caller_identities": "partner.example.com"}, "caller_authorities"),
        ({"caller_certificate": "required", "caller_authorities": "nonsense"}, "caller_authorities"),
        ({"caller_certificate": "required", "caller_authorities": AUTHORITY.key_pem}, "caller_authorities"),
        ({"caller_certificate": "required", "caller_authorities": AUTHORITY.pem, "caller_identities": "CN=partner"}, "caller_identities"),
        ({"caller_certificate": "perhaps"}, "caller_certificate"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_and_nothing_is_stored(signed_in: Client, sent: dict[str, str], field: str) -> None:
    make_api("orders")
    before = callers()
    answer = signed_in.post(URL, {"caller_certificate": "none"} | sent)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {field}
    assert callers() == before


def test_what_does_not_count_is_forgotten(signed_in: Client) -> None:
    make_api("orders")
    sent = {"caller_certificate": "passed-on", "caller_authorities": "nonsense", "caller_identities": "no name"}
    assert signed_in.post(URL, sent).status_code == 303
    assert callers() == ApiCallers(caller_certificate=CallerCertificate.PASSED_ON)


def test_who_has_seen_an_earlier_state_is_told(signed_in: Client) -> None:
    api = make_api("orders")
    actions.change_callers(api, ApiCallers(hosts=("api.example.com",)), by=None, now=timezone.now())
    answer = signed_in.post(URL, {"caller_certificate": "passed-on", "revision": str(api.revision)})
    assert answer.status_code == 409


def test_the_policy_shows_it_as_the_published_element() -> None:
    api = make_api("orders")
    chosen = ApiCallers(
        caller_certificate=CallerCertificate.REQUIRED,
        caller_authorities=AUTHORITY.pem,
        caller_identities=(THUMBPRINT, "partner.example.com"),
    )
    api = actions.change_callers(api, chosen, by=None, now=timezone.now())
    xml = as_xml(api.policy())
    assert (
        '<validate-client-certificate validate-revocation="false" validate-trust="true" validate-not-before="true"'
        ' validate-not-after="true" ignore-error="false">'
    ) in xml
    assert f'<identity thumbprint="{THUMBPRINT}" />' in xml
    assert '<identity dns-name="partner.example.com" />' in xml
    assert parse(xml) == api.policy().inbound


def _document(element: str) -> str:
    return f"<policies><inbound><base />{element}</inbound></policies>"


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ("<validate-client-certificate />", ValidateClientCertificate()),
        ('<validate-client-certificate ignore-error="true" />', ValidateClientCertificate(required=False, trusted=False)),
        (
            (
                '<validate-client-certificate validate-trust="false" validate-revocation="false"><identities>'
                f'<identity thumbprint="{THUMBPRINT.lower()}"/></identities></validate-client-certificate>'
            ),
            ValidateClientCertificate(trusted=False, identities=(CallerIdentity(thumbprint=THUMBPRINT),)),
        ),
    ],
)
def test_the_published_element_is_read(element: str, expected: ValidateClientCertificate) -> None:
    assert parse(_document(element)) == (expected,)


@pytest.mark.parametrize(
    ("element", "reason"),
    [
        ('<validate-client-certificate validate-revocation="true" />', "revoked"),
        ('<validate-client-certificate validate-not-after="false" />', "validate-not-after"),
        ('<validate-client-certificate validate-trust="false" />', "thumbprints"),
        ('<validate-client-certificate validate-trust="maybe" />', "true or false"),
        ("<validate-client-certificate><identities><identity /></identities></validate-client-certificate>", "one of"),
        ('<validate-client-certificate><identities><identity subject="CN=x" /></identities></validate-client-certificate>', "subject"),
        ('<validate-client-certificate><identities><identity thumbprint="12" /></identities></validate-client-certificate>', "40 or 64"),
        (
            (
                '<validate-client-certificate validate-trust="false"><identities><identity dns-name="a.example.com" /></identities>'
                "</validate-client-certificate>"
            ),
            "validate-trust",
        ),
    ],
)
def test_what_the_gateway_would_not_keep_is_refused(element: str, reason: str) -> None:
    with pytest.raises(UnreadablePolicy, match=reason) as refusal:
        parse(_document(element))
    assert "Error in element" in str(refusal.value)
