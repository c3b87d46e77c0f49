"""The policy beside the Security tab's form: what is saved, and what the choice would make of it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from apis import actions
from apis.models import Api, Credentials
from certificates.models import ClientCertificate
from certificates.sealing import Secret
from tests.makers import make_api, make_certificate

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.fixture
def certificate() -> ClientCertificate:
    return make_certificate("orders-client")


@pytest.fixture
def api(certificate: ClientCertificate) -> Api:
    return make_api("orders")


def _preview(client: Client, **sent: str) -> str:
    fields = {"validate_certificate_chain": "on", "validate_certificate_name": "on", "revision": "1", **sent}
    answer = client.post("/apis/orders/security/policy/", fields)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_tab_shows_the_policy_that_is_saved(signed_in: Client, api: Api, certificate: ClientCertificate) -> None:
    chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)
    actions.secure_api(api, chosen, by=None, now=timezone.now())
    page = signed_in.get("/apis/orders/security/").content.decode()
    beside = page[page.index('id="policy-of-choice"') :]
    assert certificate.current
    assert "authentication-certificate" in beside
    assert certificate.current.thumbprint in beside
    assert "Not saved yet" not in beside


def test_the_rule_follows_the_choice_and_nothing_is_stored(signed_in: Client, api: Api, certificate: ClientCertificate) -> None:
    shown = _preview(signed_in, credentials="client-certificate", certificate="orders-client")
    assert certificate.current
    assert certificate.current.thumbprint in shown
    assert "Not saved yet" in shown
    assert Api.objects.get().credentials == Credentials.NONE


def test_what_is_typed_is_shown_and_a_password_never(signed_in: Client, api: Api) -> None:
    shown = _preview(signed_in, credentials="basic", username="hub", password="wonderland")
    assert "hub" in shown
    assert "wonderland" not in shown
    assert "***" in shown


def test_a_stored_password_stays_out_of_it_too(signed_in: Client, api: Api) -> None:
    chosen = actions.ApiSecurity(credentials=Credentials.BASIC, username="hub", password=Secret(b"wonderland"))
    actions.secure_api(api, chosen, by=None, now=timezone.now())
    shown = _preview(signed_in, credentials="basic", username="other", revision="2")
    assert "other" in shown
    assert "wonderland" not in shown


def test_a_choice_that_is_not_complete_says_so(signed_in: Client, api: Api) -> None:
    assert "Complete the form" in _preview(signed_in, credentials="client-certificate", certificate="")


def test_who_may_only_look_sees_the_policy_and_cannot_ask_for_another(viewer: object, api: Api) -> None:
    client = Client()
    client.force_login(viewer)  # type: ignore[arg-type]  # a User
    assert "policy-of-choice" in client.get("/apis/orders/security/").content.decode()
    assert client.post("/apis/orders/security/policy/", {"credentials": "none"}).status_code == 403
