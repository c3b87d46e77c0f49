"""The Security tab."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apis import actions
from apis.models import Api, BasicCredentials, Credentials
from certificates.sealing import Secret
from portal.models import Activity, Event
from tests.apis.bulk import many_certificates
from tests.makers import issue, make_api, make_certificate

pytestmark = pytest.mark.django_db
URL = "/apis/orders/security/"
CHECKED = {"validate_certificate_chain": "on", "validate_certificate_name": "on"}
CERTIFICATE = CHECKED | {"credentials": "client-certificate", "certificate": "orders-client"}
BASIC = CHECKED | {"credentials": "basic", "username": "gateway", "password": "correct horse"}


def test_a_certificate_is_chosen_by_subject_and_the_end_of_its_thumbprint(signed_in: Client, publisher: User) -> None:
    make_api("orders")
    certificate = make_certificate("orders-client")
    assert certificate.current is not None
    option = f'<option value="orders-client">CN=orders-client, O=Example — {certificate.current.last_four}</option>'
    assert option in signed_in.get(URL).content.decode()
    answer = signed_in.post(URL, CERTIFICATE, follow=True)
    assert answer.redirect_chain == [(URL, 303)]
    page = answer.content.decode()
    assert "Saved." in page
    assert '<option value="orders-client" selected>' in page
    assert Api.objects.get().certificate == certificate
    line = Activity.objects.get(event=Event.API_SECURED)
    assert (line.actor, line.details["certificate"]) == (publisher, "orders-client")


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"credentials": "magic"}, "credentials", "Select a valid choice"),
        ({"credentials": ""}, "credentials", "This field is required."),
        ({"certificate": ""}, "certificate", "Choose a client certificate."),
        ({"certificate": "nobody"}, "certificate", "There is no client certificate of this name."),
        ({"credentials": "basic"}, "username", "Enter the user name."),
        ({"credentials": "basic"}, "password", "Enter the password."),
        ({"credentials": "basic", "username": "a:b", "password": "x"}, "username", "holds no colon"),
        ({"credentials": "basic", "username": "a", "password": "x\ny"}, "password", "Control characters"),
        ({"trusted_ca": "not PEM"}, "trusted_ca", "in PEM form"),
    ],
)
def test_a_mistake_is_told_at_its_field_and_nothing_is_stored(signed_in: Client, changes: dict[str, str], field: str, words: str) -> None:
    make_api("orders")
    make_certificate("orders-client")
    answer = signed_in.post(URL, CERTIFICATE | changes)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert f'id="id_{field}_error"' in page
    assert words in page
    assert Api.objects.get().credentials == Credentials.NONE


def test_a_client_certificate_over_http_is_refused(signed_in: Client) -> None:
    make_api("orders", service_url="http://orders.example.com")
    make_certificate("orders-client")
    answer = signed_in.post(URL, CERTIFICATE)
    assert answer.status_code == 422
    assert "can only be presented over https" in answer.content.decode()


def test_a_basic_password_is_sealed_and_never_shown_again(signed_in: Client) -> None:
    make_api("orders")
    assert signed_in.post(URL, BASIC).status_code == 303
    assert BasicCredentials.objects.get().unseal() == Secret(b"correct horse")
    page = signed_in.get(URL).content.decode()
    assert 'value="gateway"' in page
    assert "correct horse" not in page
    assert "Left empty, the stored password stays." in page
    assert signed_in.post(URL, BASIC | {"username": "other", "password": ""}).status_code == 303
    assert BasicCredentials.objects.get().unseal() == Secret(b"correct horse")


def test_a_password_that_was_typed_does_not_come_back_with_the_mistake(signed_in: Client) -> None:
    make_api("orders")
    answer = signed_in.post(URL, BASIC | {"username": "a:b"})
    assert answer.status_code == 422
    assert "correct horse" not in answer.content.decode()


def test_leaving_basic_forgets_the_password(signed_in: Client) -> None:
    make_api("orders")
    signed_in.post(URL, BASIC)
    signed_in.post(URL, CHECKED | {"credentials": "none"})
    assert not BasicCredentials.objects.exists()


def test_chain_off_switches_the_name_off_and_says_so(signed_in: Client) -> None:
    make_api("orders")
    answer = signed_in.post(URL, {"credentials": "none", "validate_certificate_name": "on"}, follow=True)
    assert "both checks are off now" in answer.content.decode()
    api = Api.objects.get()
    assert (api.validate_certificate_chain, api.validate_certificate_name) == (False, False)


def test_authorities_are_kept_as_pem_without_what_stands_around_them(signed_in: Client) -> None:
    make_api("orders")
    authority = issue("Example CA", authority=True)
    signed_in.post(URL, CHECKED | {"credentials": "none", "trusted_ca": f"Our CA\r\n{authority.pem}{authority.pem}"})
    assert Api.objects.get().trusted_ca == authority.pem


def test_a_private_key_pasted_by_mistake_is_refused_and_not_shown_again(signed_in: Client) -> None:
    make_api("orders")
    authority = issue("Example CA", authority=True)
    answer = signed_in.post(URL, CHECKED | {"credentials": "none", "trusted_ca": authority.pem + authority.key_pem})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "This holds a private key" in page
    assert "PRIVATE KEY-----" not in page


def test_an_expired_certificate_may_be_chosen_and_is_warned_of(signed_in: Client) -> None:
    make_api("orders")
    now = datetime.now(UTC)
    make_certificate("orders-client", issue(not_before=now - timedelta(days=9), not_after=now - timedelta(days=1)))
    page = signed_in.post(URL, CERTIFICATE, follow=True).content.decode()
    assert "The client certificate has expired" in page


def test_the_second_of_two_people_sees_both_values(signed_in: Client, viewer: User) -> None:
    api = make_api("orders")
    make_certificate("orders-client")
    seen = str(Api.objects.get().revision)
    basic = actions.ApiSecurity(credentials=Credentials.BASIC, username="theirs", password=Secret(b"their password"))
    actions.secure_api(api, basic, by=viewer, now=timezone.now())
    answer = signed_in.post(URL, BASIC | {"username": "mine", "revision": seen})
    assert answer.status_code == 409
    page = answer.content.decode()
    for words in ("viewer saved this API", "theirs", "mine", "another password", 'type="password"'):
        assert words in page
    for secret in ("their password", "correct horse"):
        assert secret not in page


def test_viewers_look_but_do_not_change(client: Client, viewer: User) -> None:
    make_api("orders")
    client.force_login(viewer)
    assert client.get(URL).status_code == 200
    assert client.post(URL, CHECKED | {"credentials": "none"}).status_code == 403


def test_ten_thousand_certificates_are_searched_instead_of_listed(
    signed_in: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make_api("orders")
    current = make_certificate("orders-client").current
    assert current is not None
    many_certificates(10_000, like=current)
    with django_assert_max_num_queries(17):
        page = signed_in.get(URL).content
    assert len(page) < 60_000
    assert b'<input type="text" name="certificate"' in page
    with django_assert_max_num_queries(7):
        found = signed_in.get("/apis/suggestions/certificates/", {"certificate": "many-0999"}).content.decode()
    assert found.count('role="option"') == 10
    assert 'data-value="CN=many-09990 — 2706"' in found
    assert signed_in.post(URL, CERTIFICATE | {"certificate": "many-09990"}).status_code == 303
    assert 'value="CN=many-09990 — 2706"' in signed_in.get(URL).content.decode()


@pytest.mark.parametrize("changes", [{"revision": "x"}, {"revision": "-1"}, {"revision": "9" * 30}])
def test_a_revision_that_is_none_is_refused(signed_in: Client, changes: dict[str, Any]) -> None:
    make_api("orders")
    assert signed_in.post(URL, CHECKED | {"credentials": "none"} | changes).status_code in {409, 422}
