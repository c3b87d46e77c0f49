"""Passwords and secrets that documents name by a named value: the name is kept, the secret is not, and they follow the value."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from apis.credentials.models import OAuthClient, SharedSecret
from apis.models import Api, BasicCredentials, Credentials, NamedSecret
from apis.named_values.actions import Chosen, change
from apis.policies.actions import put_api_document
from apis.policies.own import own_document
from apis.policies.proving import Unsuitable
from apis.policy.proofs import AuthenticationSharedSecret, SecretPlace
from certificates.models import SealedSecret
from certificates.sealing import Secret
from tests.makers import lead, make_api, make_back_end, make_named_value

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
CLIENT = '<authentication-oauth2 token-endpoint="https://192.0.2.7/" client-id="{}" client-secret="{}" />'
ELEMENTS = [
    ('<authentication-basic username="orders" password="{{word}}" />', BasicCredentials),
    ('<authentication-shared-secret header="X-API-Key" secret="{{word}}" />', SharedSecret),
    (CLIENT.format("orders", "{{word}}"), OAuthClient),
]


def _put(inbound: str) -> str:
    text = f"<policies><inbound><base />{inbound}</inbound></policies>"
    put_api_document(make_api(), text, by=None, now=timezone.now())
    return text


@pytest.mark.parametrize(("element", "kind"), ELEMENTS)
@pytest.mark.parametrize("both", [False, True])
def test_a_value_that_does_not_open_is_entered_anew_and_documents_follow(element: str, kind: type[SealedSecret], *, both: bool) -> None:
    value = make_named_value("word", "open sesame", secret=True)
    _put(element)
    for damaged in (NamedSecret, kind) if both else (NamedSecret,):
        damaged._default_manager.update(ciphertext=b"damaged")
    change(value, Chosen(display_name="word", value=Secret(b"another"), secret=True), by=None, now=timezone.now())
    assert kind._default_manager.get().unseal() == Secret(b"another")


def test_a_document_that_speaks_of_secrets_elsewhere_goes_on_naming_its_value() -> None:
    make_named_value("word", "open sesame", secret=True)
    text = _put(CLIENT.format("secrets-reader", "{{word}}"))
    assert Api.objects.get().document == text


@pytest.mark.parametrize("given", ["open sesame", "{{open sesame}}", "{{open!}}", "open-{{word}}"])
@pytest.mark.parametrize("around", ["{}", "<!-- {} -->" + CLIENT.format("orders", "{{{{word}}}}")])
def test_a_document_that_tells_a_secret_is_not_kept_as_it_is(given: str, around: str) -> None:
    make_named_value("word", "sesame", secret=True)
    _put(around.format(CLIENT.format("orders", given)))
    assert "open" not in Api.objects.get().document.replace("https", "")


@pytest.mark.parametrize(
    "chosen",
    [
        {"credentials": Credentials.BASIC, "username": "shop", "password": Secret(b"open sesame")},
        {
            "credentials": Credentials.SHARED_SECRET,
            "proof": AuthenticationSharedSecret(place=SecretPlace.QUERY, name="key", secret=Secret(b"s")),
        },
    ],
)
def test_masks_beside_a_back_end_stand_for_what_is_stored_there(chosen: dict[str, Any]) -> None:
    document = own_document(lead(make_api(), make_back_end(**chosen)))
    other = put_api_document(make_api("other"), document, by=None, now=timezone.now())
    assert (other.back_end and other.back_end.name, other.credentials) == ("shop", chosen["credentials"])
    own = document.replace('<set-backend-service backend-id="shop" />', "")
    for api in Api.objects.all():
        with pytest.raises(Unsuitable, match="none is stored"):
            put_api_document(api, own, by=None, now=timezone.now())
