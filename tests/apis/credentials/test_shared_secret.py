"""A shared secret: chosen on the Security tab, sealed, never shown, changed, and taken along to where it belongs."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apis import actions
from apis.backends.models import BackEnd
from apis.credentials.models import SharedSecret
from apis.credentials.words import sent_in_words
from apis.models import Api, Credentials
from apis.policies.actions import put_api_document
from apis.policies.own import own_document
from apis.policies.proving import Unsuitable
from apis.policy.proofs import AuthenticationSharedSecret, SecretPlace
from certificates.sealing import Secret
from portal.models import Activity, Event
from tests.makers import lead, make_api, make_back_end, make_certificate, make_named_value

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
URL = "/apis/orders/security/"
CHECKED = {"validate_certificate_chain": "on", "validate_certificate_name": "on"}
SHARED = CHECKED | {"credentials": "shared-secret", "secret_place": "header", "secret_name": "X-API-Key", "shared_secret": "open sesame"}


def _proof(secret: bytes | None = b"open sesame", place: SecretPlace = SecretPlace.HEADER, name: str = "X-API-Key") -> Any:
    return AuthenticationSharedSecret(place=place, name=name, secret=None if secret is None else Secret(secret))


def _secured(api: Api, **chosen: Any) -> Api:
    security = actions.ApiSecurity(**{"credentials": Credentials.SHARED_SECRET, "proof": _proof()} | chosen)
    return actions.secure_api(api, security, by=None, now=timezone.now())


def _document(inbound: str) -> str:
    return f"<policies><inbound><base />{inbound}</inbound></policies>"


def test_a_shared_secret_is_sealed_and_never_shown(signed_in: Client) -> None:
    make_api()
    answer = signed_in.post(URL, SHARED, follow=True)
    assert answer.redirect_chain == [(URL, 303)]
    row = SharedSecret.objects.get()
    assert (row.api, row.secret_name, row.unseal()) == (Api.objects.get(), "X-API-Key", Secret(b"open sesame"))
    for address in (URL, "/apis/orders/policy/", "/apis/orders/", "/activity/", f"/admin/apis/sharedsecret/{row.pk}/change/"):
        assert "open sesame" not in signed_in.get(address, follow=True).content.decode()
    page = signed_in.get(URL).content.decode()
    assert 'value="X-API-Key"' in page
    assert "Left empty, the stored secret stays." in page


def test_where_it_is_sent_changes_without_the_secret_and_the_secret_without_that(signed_in: Client) -> None:
    make_api()
    signed_in.post(URL, SHARED)
    assert signed_in.post(URL, SHARED | {"secret_place": "query", "secret_name": "key", "shared_secret": ""}).status_code == 303
    row = SharedSecret.objects.get()
    assert (row.secret_place, row.secret_name, row.unseal()) == ("query", "key", Secret(b"open sesame"))
    signed_in.post(URL, SHARED | {"secret_place": "query", "secret_name": "key", "shared_secret": "another"})
    line = Activity.objects.filter(event=Event.API_SECURED).order_by("-id")[0]
    assert set(line.changes) == {"secret"}
    assert "another" not in str(line.changes)
    assert SharedSecret.objects.get().unseal() == Secret(b"another")


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"secret_name": ""}, "secret_name", "Enter the name"),
        ({"secret_name": "two words"}, "secret_name", "no header that can be set"),
        ({"secret_name": "Host"}, "secret_name", "no header that can be set"),
        ({"secret_name": "Content-Length"}, "secret_name", "no header that can be set"),
        ({"secret_name": "x-portal-scope"}, "secret_name", "no header that can be set"),
        ({"secret_name": "key\x7f", "secret_place": "query"}, "secret_name", "is not seen"),
        ({"secret_name": "{{key}}", "secret_place": "query"}, "secret_name", "Named values are not put in here"),
        ({"shared_secret": "{{word}}"}, "shared_secret", "Named values are not put in here"),
        ({"shared_secret": ""}, "shared_secret", "Enter the secret."),
        ({"shared_secret": "two\nlines"}, "shared_secret", "control characters"),
        ({"shared_secret": " blank"}, "shared_secret", "blanks at its ends"),
        ({"shared_secret": "two\nlines", "secret_place": "query"}, "shared_secret", "Control characters"),
        ({"secret_place": "body"}, "secret_place", "Select a valid choice"),
        ({"certificate": "nobody"}, "certificate", "There is no client certificate"),
    ],
)
def test_a_mistake_is_told_at_its_field_and_nothing_is_stored(signed_in: Client, changes: dict[str, str], field: str, words: str) -> None:
    make_api()
    answer = signed_in.post(URL, SHARED | changes)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in page
    assert words in page
    assert "open sesame" not in page
    assert not SharedSecret.objects.exists()


def test_a_certificate_may_stand_beside_it_over_https_only(signed_in: Client) -> None:
    api = make_api()
    certificate = make_certificate()
    signed_in.post(URL, SHARED | {"certificate": certificate.name})
    api.refresh_from_db()
    assert (api.credentials, api.certificate) == (Credentials.SHARED_SECRET, certificate)
    make_api("plain", service_url="http://plain.example.com")
    answer = signed_in.post("/apis/plain/security/", SHARED | {"certificate": certificate.name})
    assert answer.status_code == 422
    assert "only be presented over https" in answer.content.decode()


@pytest.mark.parametrize("credentials", ["none", "basic"])
def test_other_credentials_forget_it(signed_in: Client, credentials: str) -> None:
    make_api()
    signed_in.post(URL, SHARED)
    signed_in.post(URL, CHECKED | {"credentials": credentials, "username": "a", "password": "b"})
    assert not SharedSecret.objects.exists()


def test_a_secret_that_went_meanwhile_is_asked_for() -> None:
    with pytest.raises(actions.PasswordMissing):
        _secured(make_api(), proof=_proof(None))


def test_the_policy_says_it_masked_and_is_taken_back() -> None:
    api = make_api()
    _secured(api, certificate=make_certificate())
    api = Api.objects.get()
    document = own_document(api)
    assert '<authentication-shared-secret header="X-API-Key" secret="***" />' in document
    put_api_document(api, document, by=None, now=timezone.now())
    assert SharedSecret.objects.get().unseal() == Secret(b"open sesame")
    assert Api.objects.get().certificate is not None


def test_a_document_brings_a_secret_which_is_not_kept_in_it() -> None:
    api = make_api()
    put_api_document(api, _document('<authentication-shared-secret query="key" secret="open sesame" />'), by=None, now=timezone.now())
    api = Api.objects.get()
    assert (api.credentials, SharedSecret.objects.get().unseal()) == (Credentials.SHARED_SECRET, Secret(b"open sesame"))
    assert "sesame" not in api.document
    assert "sesame" not in own_document(api)


def test_a_secret_in_a_comment_of_the_document_is_not_kept_either() -> None:
    api = make_api()
    text = _document('<!-- secret="open sesame" --><authentication-shared-secret query="key" secret="open sesame" />')
    put_api_document(api, text, by=None, now=timezone.now())
    assert "sesame" not in Api.objects.get().document


def test_a_secret_named_value_may_stand_in_it_and_a_new_one_counts() -> None:
    api = make_api()
    make_named_value("key", "open sesame", secret=True)
    written = _document('<authentication-shared-secret header="X-API-Key" secret="{{key}}" />')
    put_api_document(api, written, by=None, now=timezone.now())
    assert own_document(Api.objects.get()) == written
    assert SharedSecret.objects.get().unseal() == Secret(b"open sesame")


def test_the_mask_of_nothing_is_refused() -> None:
    api, text = make_api(), _document('<authentication-shared-secret header="X-API-Key" secret="***" />')
    with pytest.raises(Unsuitable, match="none is stored"):
        put_api_document(api, text, by=None, now=timezone.now())


def test_apis_have_it_from_their_back_end_and_lose_it_with_it() -> None:
    back_end = make_back_end(credentials=Credentials.SHARED_SECRET, proof=_proof())
    api = lead(make_api(), back_end)
    assert SharedSecret.objects.get(api=api).unseal() == Secret(b"open sesame")
    assert api.credentials == Credentials.SHARED_SECRET
    api = lead(api, None)
    assert not SharedSecret.objects.filter(api=api).exists()
    assert api.credentials == Credentials.NONE


def test_a_new_secret_of_a_back_end_reaches_its_apis(signed_in: Client) -> None:
    api = lead(make_api(), make_back_end(credentials=Credentials.SHARED_SECRET, proof=_proof()))
    fields = SHARED | {"title": "", "addresses": "https://shop.example.com", "shared_secret": "another", "connect_seconds": "5"}
    answer = signed_in.post("/back-ends/shop/edit/", fields)
    assert answer.status_code == 303, answer.content.decode()
    assert SharedSecret.objects.get(api=api).unseal() == Secret(b"another")
    assert SharedSecret.objects.get(back_end=BackEnd.objects.get()).unseal() == Secret(b"another")


def test_what_is_sent_is_told_in_words() -> None:
    assert sent_in_words(_secured(make_api())) == "a secret in the header X-API-Key"
    assert sent_in_words(make_api("open")) == ""


def test_the_preview_says_the_document_without_the_secret(signed_in: Client) -> None:
    make_api()
    page = signed_in.post("/apis/orders/security/policy/", SHARED).content.decode()
    assert "authentication-shared-secret" in page
    assert "open sesame" not in page
