"""Django admin: who gets in, what they see and what nobody sees."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from apis import actions
from apis.models import Credentials, SubscriptionKey
from certificates import actions as certificate_actions
from certificates.models import Certificate, SealedSecret
from certificates.sealing import Secret
from portal import preferences
from portal.models import FailedGuess
from rest import actions as rest_actions
from tests.makers import issue, make_api, make_certificate, make_subscription


@pytest.fixture
def office(administrator: User) -> Client:
    """Return a test client signed in as an Administrator."""
    client = Client()
    client.force_login(administrator)
    return client


MODELS = [model for model in apps.get_models() if admin.site.is_registered(model)]


def _address(model: type[Model]) -> str:
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/"


def test_administrators_open_every_list(office: Client) -> None:
    assert office.get("/admin/").status_code == 200
    for page in map(_address, MODELS):
        assert office.get(page).status_code == 200, page


def test_every_table_of_ours_is_there() -> None:
    rooms = {"portal", "certificates", "apis", "gateway", "rest", "notices"}
    ours = {model for model in apps.get_models() if model.__module__.partition(".")[0] in rooms and model._meta.default_permissions}
    assert ours - {Certificate} <= set(MODELS), "the common table of certificates is seen by its kinds"


def test_publishers_and_viewers_are_refused(signed_in: Client) -> None:
    for page in ("/admin/", *map(_address, MODELS)):
        assert signed_in.get(page, follow=True).status_code == 403, page


def test_there_is_one_sign_in_for_all(client: Client, db: None) -> None:
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == "/accounts/login/?next=%2Fadmin%2F"


def test_no_page_shows_or_offers_a_secret(office: Client) -> None:
    issued = issue("guarded")
    make_certificate("guarded", issued)
    api = make_api("orders")
    chosen = actions.ApiSecurity(credentials=Credentials.BASIC, username="svc", password=Secret(b"pa55-of-the-back-end"))
    actions.secure_api(api, chosen, by=None, now=timezone.now())
    subscription = make_subscription("all")
    keys = [key.unseal().value.decode() for key in SubscriptionKey.objects.filter(subscription=subscription)]
    secrets = ["pa55-of-the-back-end", *keys, *issued.key_pem.splitlines()[1:-1]]
    for model in MODELS:
        address = _address(model)
        rows = [f"{address}{pk}/change/" for pk in model._default_manager.values_list("pk", flat=True)[:5]]
        for page in (address, *rows):
            shown = office.get(page).content.decode()
            assert not [secret for secret in secrets if secret in shown], page
            if issubclass(model, SealedSecret):
                assert 'name="ciphertext"' not in shown
                assert 'name="wrapped_key"' not in shown


def test_only_superusers_touch_superusers(office: Client) -> None:
    boss = User.objects.create_superuser("boss", password="a long enough sentence")
    assert office.post(f"/admin/auth/user/{boss.pk}/password/", {"password1": "x", "password2": "x"}).status_code == 403
    assert office.post(f"/admin/auth/user/{boss.pk}/delete/", {"post": "yes"}).status_code == 403
    someone = User.objects.create_user("someone")
    page = office.get(f"/admin/auth/user/{someone.pk}/change/").content
    assert b'name="is_superuser"' not in page
    assert b'name="groups"' in page


def test_an_administrator_adds_a_publisher(office: Client) -> None:
    role = Group.objects.get(name="Publishers")
    fields = {
        "username": "newcomer",
        "usable_password": "true",
        "password1": "orchid-lantern-42",
        "password2": "orchid-lantern-42",
        "groups": [role.pk],
    }
    assert office.post("/admin/auth/user/add/", fields).status_code == 302
    assert User.objects.get(username="newcomer").has_perm("apis.change_api")


def test_nothing_typed_at_a_failed_sign_in_is_kept(office: Client, client: Client) -> None:
    client.post("/accounts/login/", {"username": "nearly-right-1", "password": "nearly-right-2"})
    row = FailedGuess.objects.values().get()
    assert "nearly-right" not in str(row)
    assert b"nearly-right" not in office.get(f"/admin/portal/failedguess/{row['id']}/change/").content


def test_failed_sign_ins_have_chinese_captions(office: Client, client: Client) -> None:
    client.post("/accounts/login/", {"username": "administrator", "password": "nearly-right-1"})
    for address in ("/admin/", "/admin/portal/failedguess/"):
        page = office.get(address, headers={"accept-language": "zh-hans"}).content.decode()
        assert "登录失败" in page
        assert re.findall(r"ailed sign-in|ddress", re.sub(r"<[^>]*>", "", page)) == []


def test_a_person_is_deleted_with_what_they_prefer_and_their_tokens(office: Client, publisher: User) -> None:
    preferences.keep(publisher, theme="dark")
    rest_actions.create_token(publisher, name="Deployment", by=None, now=timezone.now())
    assert office.post(f"/admin/auth/user/{publisher.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(username="publisher").exists()


def test_a_superuser_is_not_deleted_by_an_administrator(office: Client) -> None:
    root = User.objects.create_superuser("root")
    chosen = {"action": "delete_selected", "_selected_action": [root.pk], "post": "yes"}
    for page, sent in ((f"/admin/auth/user/{root.pk}/delete/", {"post": "yes"}), ("/admin/auth/user/", chosen)):
        office.post(page, sent)
        assert User.objects.filter(username="root").exists()


def test_a_certificate_that_somebody_else_has_just_deleted_is_passed_over(office: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = make_certificate("orders-client")
    delete = certificate_actions.delete

    def delete_twice(*arguments: Any, **options: Any) -> None:
        delete(*arguments, **options)
        delete(*arguments, **options)

    monkeypatch.setattr(certificate_actions, "delete", delete_twice)
    chosen = {"action": "delete_chosen", "_selected_action": [certificate.pk]}
    assert office.post("/admin/certificates/clientcertificate/", chosen, follow=True).status_code == 200
