"""Other credentials in a configuration file: exported without the secret, brought by reference, planned and applied without difference."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone

from apis import actions
from apis.credentials.models import OAuthClient, SharedSecret
from apis.models import Api, Credentials
from apis.policy.proofs import AuthenticationSharedSecret, SecretPlace
from certificates.sealing import Secret
from tests.makers import make_api, make_authority, make_back_end
from tests.rest.declared.files import applied, exported

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def _proof(secret: bytes = b"open sesame") -> AuthenticationSharedSecret:
    return AuthenticationSharedSecret(place=SecretPlace.QUERY, name="key", secret=Secret(secret))


@pytest.fixture(autouse=True)
def configured() -> None:
    """Store an API and a back end that send one."""
    security = actions.ApiSecurity(credentials=Credentials.SHARED_SECRET, proof=_proof())
    actions.secure_api(make_api(), security, by=None, now=timezone.now())
    make_back_end(credentials=Credentials.SHARED_SECRET, proof=_proof())


def test_what_was_exported_changes_nothing_and_holds_no_secret(tmp_path: Path) -> None:
    document = exported()
    assert "sesame" not in str(document)
    before = set(SharedSecret.objects.values_list("pk", flat=True))
    applied(document, tmp_path)
    assert set(SharedSecret.objects.values_list("pk", flat=True)) == before


def test_a_secret_is_brought_by_reference_once(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("another\n")
    document = exported()
    for entry in (document["apis"][0]["security"], document["backends"][0]):
        entry["shared_secret"] = {"file": "word"}
    applied(document, tmp_path)
    assert {row.unseal() for row in SharedSecret.objects.all()} == {Secret(b"another")}
    before = set(SharedSecret.objects.values_list("pk", flat=True))
    applied(document, tmp_path)
    assert set(SharedSecret.objects.values_list("pk", flat=True)) == before


def test_other_credentials_forget_it(tmp_path: Path) -> None:
    document = exported()
    document["apis"][0]["security"]["credentials"] = "none"
    applied(document, tmp_path)
    assert Api.objects.get().credentials == Credentials.NONE
    assert not SharedSecret.objects.filter(api__isnull=False).exists()


def test_a_client_of_a_token_endpoint_goes_there_and_back(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("open sesame\n")
    make_authority("login")
    document = exported()
    client = {"credentials": "oauth2", "token_endpoint": "https://192.0.2.7/token", "client_id": "me", "token_authority": "login"}
    for entry in (document["apis"][0]["security"], document["backends"][0]):
        entry.update(client | {"scope": "a b", "client_authentication": "body", "client_secret": {"file": "word"}})
    applied(document, tmp_path)
    assert {row.unseal() for row in OAuthClient.objects.all()} == {Secret(b"open sesame")}
    assert {row.token_authority and row.token_authority.name for row in OAuthClient.objects.all()} == {"login"}
    applied(exported(), tmp_path)
    assert OAuthClient.objects.count() == 2
    assert not SharedSecret.objects.exists()
