"""The Policy tab."""

from __future__ import annotations

import html
import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from apis import actions
from apis.models import Credentials
from apis.policy import as_xml
from certificates.sealing import Secret
from tests.makers import make_api, make_certificate

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def shown(client: Client) -> str:
    """Return the document as a reader of the page copies it."""
    page = client.get("/apis/orders/policy/").content.decode()
    match = re.search(r'<pre id="policy"[^>]*>(.*?)</pre>', page, re.DOTALL)
    assert match
    return html.unescape(re.sub(r"<[^>]+>", "", match[1]))


def test_the_certificate_stands_in_the_document(signed_in: Client, publisher: User) -> None:
    certificate = make_certificate("orders-client")
    chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)
    api = actions.secure_api(make_api("orders"), chosen, by=publisher, now=timezone.now())
    assert shown(signed_in) == as_xml(api.policy())
    assert certificate.current is not None
    assert f'thumbprint="{certificate.current.thumbprint}"' in shown(signed_in)


def test_a_basic_password_is_masked(client: Client, viewer: User) -> None:
    chosen = actions.ApiSecurity(credentials=Credentials.BASIC, username="u", password=Secret(b"opensesame"))
    actions.secure_api(make_api("orders"), chosen, by=viewer, now=timezone.now())
    client.force_login(viewer)
    assert 'password="***"' in shown(client)
    assert "opensesame" not in shown(client)
