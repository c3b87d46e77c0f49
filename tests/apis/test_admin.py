"""APIs and subscriptions in Django admin: looked at, never changed, nothing secret."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from apis import actions
from apis.models import BasicCredentials, Credentials, Operation, SubscriptionKey
from certificates.sealing import Secret
from tests.makers import make_api, make_subscription

pytestmark = pytest.mark.django_db


def test_every_model_is_shown_without_what_is_sealed(client: Client, administrator: User) -> None:
    api = make_api("orders")
    basic = actions.ApiSecurity(credentials=Credentials.BASIC, username="u", password=Secret(b"opensesame"))
    actions.secure_api(api, basic, by=administrator, now=timezone.now())
    subscription = make_subscription("all")
    client.force_login(administrator)
    rows = {
        "api": api.pk,
        "operation": Operation.objects.get().pk,
        "basiccredentials": BasicCredentials.objects.get().pk,
        "subscription": subscription.pk,
        "subscriptionkey": SubscriptionKey.objects.all()[0].pk,
    }
    for model, pk in rows.items():
        for path in (f"/admin/apis/{model}/", f"/admin/apis/{model}/{pk}/change/"):
            answer = client.get(path)
            assert answer.status_code == 200
            page = answer.content.decode()
            for column in ("ciphertext", "wrapped_key", "digest", "opensesame"):
                assert column not in page
        assert client.get(f"/admin/apis/{model}/add/").status_code == 403
        assert client.post(f"/admin/apis/{model}/{pk}/delete/", {"post": "yes"}).status_code == 403
