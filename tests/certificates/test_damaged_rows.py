"""One damaged sealed row closes what depends on it, by name, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from apis import actions as api_actions
from apis.models import Api, BasicCredentials, Credentials, KeyKind, Subscription, SubscriptionKey
from certificates.models import SealedSecret
from certificates.sealing import Secret
from gateway.actions import enrol
from gateway.models import NodeAuthority
from portal.roles import PUBLISHERS
from rest.authentication import signature
from rest.models import SharedAccess, SharedAccessKey
from tests.makers import make_api, make_shared_access, make_subscription
from tests.rest.conftest import Wire, token_for

pytestmark = pytest.mark.any_database

DAMAGED = "It was damaged and opens nothing. Regenerate it."


def damage(model: type[SealedSecret], **which: Any) -> None:
    """Change the ciphertext of the rows that are meant."""
    assert model._default_manager.filter(**which).update(ciphertext=b"\0" * 60)


@pytest.fixture
def subscription(db: None) -> Subscription:
    """Return a subscription whose primary key is damaged."""
    subscription = make_subscription()
    damage(SubscriptionKey, kind=KeyKind.PRIMARY)
    return subscription


def test_of_two_keys_the_intact_one_is_shown(signed_in: Client, subscription: Subscription) -> None:
    intact = subscription.keys.get(kind=KeyKind.SECONDARY).unseal().value.decode()

    page = signed_in.post("/subscriptions/all/keys/")

    assert page.status_code == 200
    assert intact in page.content.decode()
    assert DAMAGED in page.content.decode()


def test_a_regenerated_key_is_whole_again(signed_in: Client, subscription: Subscription) -> None:
    assert signed_in.post("/subscriptions/all/regenerate/", {"key": "primary"}).status_code == 303
    assert DAMAGED not in signed_in.post("/subscriptions/all/keys/").content.decode()


def test_the_test_tab_and_the_connection_test_name_the_subscription(signed_in: Client, subscription: Subscription) -> None:
    make_api()
    sent = {"operation": "everything", "subscription": subscription.name, "method": "GET", "path": "/"}
    words = "The primary key of the subscription All was damaged and opens nothing. Regenerate it."

    assert words in signed_in.post("/apis/orders/console/", sent).content.decode()
    assert words in signed_in.post("/apis/orders/security/test/").content.decode()


@pytest.fixture
def basic_api(db: None) -> None:
    """Store an API whose password is damaged."""
    chosen = api_actions.ApiSecurity(credentials=Credentials.BASIC, username="u", password=Secret(b"p"))
    api_actions.secure_api(make_api(), chosen, by=None, now=timezone.now())
    damage(BasicCredentials)


def test_a_page_that_needs_a_damaged_password_says_which(signed_in: Client, basic_api: None) -> None:
    make_api("other")

    page = signed_in.get("/apis/orders/policy/")

    assert page.status_code == 409
    assert "basic credentials, API orders was damaged" in page.content.decode()
    for whole in ("/", "/apis/", "/apis/orders/", "/apis/orders/security/", "/apis/other/policy/"):
        assert signed_in.get(whole).status_code == 200, whole


def test_a_new_password_heals_its_api(signed_in: Client, basic_api: None) -> None:
    page = signed_in.get("/apis/orders/security/")
    sent = page.context["form"].initial | {"password": "new", "revision": Api.objects.get().revision}
    assert signed_in.post("/apis/orders/security/", {name: value for name, value in sent.items() if value}).status_code == 303
    assert signed_in.get("/apis/orders/policy/").status_code == 200


Signed = Callable[[KeyKind], str]


@pytest.fixture
def access(db: None) -> SharedAccess:
    """Return a shared access of a publisher."""
    access = make_shared_access()
    access.user.groups.add(Group.objects.get(name=PUBLISHERS))
    return access


@pytest.fixture
def signed(access: SharedAccess) -> Signed:
    """Return what signs with one of the keys, as they are before one is damaged."""
    keys = {KeyKind(key.kind): key.unseal() for key in access.keys.all()}
    expiry = datetime(2099, 1, 1, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")

    def sign(kind: KeyKind) -> str:
        return f"SharedAccessSignature uid={access.identifier}&ex={expiry}&sn={signature(keys[kind], access.identifier, expiry)}"

    return sign


def test_a_signature_by_the_intact_key_is_taken_and_one_by_the_damaged_is_not(client: Client, access: SharedAccess, signed: Signed) -> None:
    damage(SharedAccessKey, kind=KeyKind.PRIMARY)

    def status(kind: KeyKind) -> int:
        page = "/management/certificates?api-version=2014-02-14"
        return client.get(page, headers={"authorization": signed(kind)}).status_code

    assert status(KeyKind.SECONDARY) == 200
    assert status(KeyKind.PRIMARY) == 401


def test_of_two_access_keys_the_intact_one_is_shown(client: Client, access: SharedAccess) -> None:
    damage(SharedAccessKey, kind=KeyKind.SECONDARY)
    client.force_login(access.user)

    page = client.post(f"/access-tokens/{access.identifier}/keys/").content.decode()

    assert 'id="primary-key"' in page
    assert DAMAGED in page


def test_the_rest_api_names_what_is_damaged(basic_api: None, publisher: User) -> None:
    answer = Wire(token_for(publisher)).get("apis/orders/policies/policy")

    assert answer.status_code == 409
    assert "API orders: A sealed value does not open" in answer.content.decode()


def test_where_the_gateway_authority_is_damaged_enrolling_says_so(administrator: User, client: Client) -> None:
    enrol("first", by=None, now=timezone.now())
    damage(NodeAuthority)
    client.force_login(administrator)

    page = client.post("/gateways/enrol/", {"name": "second"})

    assert page.status_code == 409
    assert "gateway authority" in page.content.decode()
    with pytest.raises(CommandError, match="gateway authority"):
        call_command("gateway", "enrol", "second", "--directory", "unused")
