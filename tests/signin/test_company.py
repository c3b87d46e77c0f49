"""Company accounts, against a real provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from portal.environment import read
from portal.models import Activity, Event
from portal.signin.providers import BadProvider, providers
from tests.signin.provider import Provider

START = "/accounts/login/company/acme/"
SECRET = "the-secret-of-the-client"
ALICE = {"sub": "alice-1", "preferred_username": "alice", "name": "Alice A.", "email": "alice@example.com", "roles": ["portal-admins", "x"]}


def _environment(issuer: str, **more: str) -> dict[str, str]:
    return {
        "PORTAL_OIDC_PROVIDERS": "acme",
        "PORTAL_OIDC_ACME_NAME": "Acme & Sons",
        "PORTAL_OIDC_ACME_ISSUER": issuer,
        "PORTAL_OIDC_ACME_CLIENT_ID": "the-portal",
        "PORTAL_OIDC_ACME_CLIENT_SECRET": SECRET,
        "PORTAL_OIDC_ACME_ROLES": "portal-admins=Administrators, staff=Viewers",
        **more,
    }


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture
def provider(running: Provider, settings: Settings, db: None) -> Provider:
    """Return a provider that knows Alice."""
    running.change("alice-1", **ALICE)
    settings.OIDC_PROVIDERS = providers(_environment(running.url).get)
    return running


def sign_in(provider: Provider, subject: str = "alice-1", client: Client | None = None, start: str = START) -> tuple[Client, Any]:
    """Walk from the portal to the provider and back; return the browser and the last answer."""
    client = client or Client()
    back = provider.sign_in(client.get(start).headers["Location"], subject)
    return client, client.get(back)


def roles_of(name: str) -> list[str]:
    return [group.name for group in User.objects.get(username=name).groups.all()]


def test_the_sign_in_page_offers_it(provider: Provider, client: Client) -> None:
    page = client.get("/accounts/login/").content.decode()
    assert f'href="{START}"' in page
    assert "Continue with Acme &amp; Sons" in page


def test_somebody_new_comes_in_with_the_role_of_the_claim(provider: Provider) -> None:
    client, answer = sign_in(provider)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert "alice" in client.get("/").content.decode()
    alice = User.objects.get(username="alice")
    assert (alice.get_full_name(), alice.email, alice.has_usable_password()) == ("Alice A.", "alice@example.com", False)
    assert roles_of("alice") == ["Administrators"]
    assert client.get("/settings/sign-in/").status_code == 200


def test_it_goes_on_to_the_page_that_was_asked_for(provider: Provider) -> None:
    assert sign_in(provider, start=f"{START}?next=/apis/")[1].headers["Location"] == "/apis/"


def test_the_way_there_is_by_code_and_pkce_with_a_state(provider: Provider, client: Client) -> None:
    address = client.get(START).headers["Location"]
    assert address.startswith(provider.url)
    for part in ("response_type=code", "code_challenge_method=S256", "code_challenge=", "state=", "client_id=the-portal"):
        assert part in address
    assert SECRET not in address


def test_behind_a_proxy_the_way_back_is_by_https(provider: Provider, client: Client, settings: Settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    address = client.get(START, headers={"X-Forwarded-Proto": "https", "Host": "testserver"}).headers["Location"]
    assert f"redirect_uri={quote(f'https://testserver{START}callback/', safe='')}" in address


def test_the_role_is_taken_anew_at_each_sign_in_and_ends_other_sessions(provider: Provider) -> None:
    earlier, _ = sign_in(provider)
    provider.change("alice-1", **ALICE | {"roles": "staff"})
    later, _ = sign_in(provider)

    assert roles_of("alice") == ["Viewers"]
    assert later.get("/settings/sign-in/").status_code == 403
    assert earlier.get("/apis/").status_code == 302, "it was an Administrator's"


def test_the_log_tells_who_came_and_as_what(provider: Provider) -> None:
    sign_in(provider)
    sign_in(provider)
    provider.change("alice-1", **ALICE | {"roles": "staff"})
    sign_in(provider)
    told = Activity.objects.filter(subject_name="alice").exclude(event__in=[Event.SIGN_IN_SUCCEEDED, Event.SIGN_IN_ENDED]).order_by("id")
    assert [(line.event, line.details.get("old"), line.details.get("new")) for line in told] == [
        (Event.COMPANY_ACCOUNT_MADE, None, None),
        (Event.COMPANY_ROLE_TAKEN, [], ["Administrators"]),
        (Event.COMPANY_ROLE_TAKEN, ["Administrators"], ["Viewers"]),
    ]


def test_the_last_administrator_stays_one(provider: Provider, caplog: pytest.LogCaptureFixture) -> None:
    sign_in(provider)
    alice = User.objects.get(username="alice")
    alice.set_password("orchid-lantern-42")
    alice.save()
    provider.change("alice-1", **ALICE | {"roles": []})
    client, answer = sign_in(provider)
    assert answer.status_code == 302
    assert roles_of("alice") == ["Administrators"]
    assert "alice stays an administrator although acme says otherwise" in caplog.text
    assert client.get("/settings/sign-in/").status_code == 200


def test_who_has_no_role_any_more_comes_in_without_one(provider: Provider) -> None:
    sign_in(provider)
    provider.change("alice-1", **ALICE | {"roles": ["others"]})
    client, answer = sign_in(provider)

    assert answer.status_code == 302
    assert roles_of("alice") == []
    assert client.get("/apis/").status_code == 403


def test_without_a_mapping_roles_are_given_in_the_portal(provider: Provider, settings: Settings) -> None:
    settings.OIDC_PROVIDERS = providers(_environment(provider.url, PORTAL_OIDC_ACME_ROLES="").get)
    sign_in(provider)
    assert roles_of("alice") == []
    User.objects.get(username="alice").groups.add(2)
    before = roles_of("alice")

    sign_in(provider)
    assert roles_of("alice") == before != []


def test_an_account_is_found_by_its_subject_alone(provider: Provider, publisher: User) -> None:
    impostor = {"sub": "mallory", "preferred_username": "publisher", "email": publisher.email, "email_verified": True, "roles": ["staff"]}
    provider.change("mallory", **impostor)
    sign_in(provider, "mallory")

    owner = SocialAccount.objects.get(uid="mallory").user
    assert owner != publisher
    assert owner.get_username() != "publisher"
    provider.change("mallory", **impostor | {"preferred_username": "somebody-else", "email": "other@example.com"})
    sign_in(provider, "mallory")
    assert SocialAccount.objects.get().user == owner


def test_a_deactivated_account_stays_outside(provider: Provider) -> None:
    sign_in(provider)
    User.objects.filter(username="alice").update(is_active=False)
    client, answer = sign_in(provider)

    assert answer.status_code == 403
    assert "Your account is deactivated" in answer.content.decode()
    assert client.get("/").status_code == 302


def test_a_second_factor_is_asked_for_here_as_well(provider: Provider) -> None:
    from tests.signin.test_second_factors import set_up_app

    client, _ = sign_in(provider)
    set_up_app(client)
    client, answer = sign_in(provider)

    assert answer.headers["Location"] == "/accounts/login/second-factor/"
    assert client.get("/apis/").status_code == 302


@pytest.mark.parametrize(
    "sent", ["?error=access_denied&state={state}", "?code=made-up&state={state}", "?code=x&state=y", "", "?state={state}"]
)
def test_what_fails_there_is_said_on_a_page_of_ours(
    provider: Provider, client: Client, sent: str, caplog: pytest.LogCaptureFixture
) -> None:
    address = client.get(START).headers["Location"]
    state = address.partition("state=")[2].partition("&")[0]
    answer = client.get(f"{START}callback/{sent.format(state=state)}")

    assert answer.status_code == 401
    assert "Signing in by Acme &amp; Sons did not work" in answer.content.decode()
    assert "Signing in by acme failed" in caplog.text
    assert SECRET not in caplog.text + answer.content.decode()
    assert not User.objects.exists()


def test_a_provider_that_is_away_is_said_on_a_page_of_ours(settings: Settings, client: Client, db: None) -> None:
    settings.OIDC_PROVIDERS = providers(_environment("http://127.0.0.1:9").get)
    answer = client.get(START)
    assert answer.status_code == 401
    assert "did not work" in answer.content.decode()


def test_a_company_account_is_not_connected_to_somebody_who_is_signed_in(provider: Provider, signed_in: Client) -> None:
    _, answer = sign_in(provider, client=signed_in, start=f"{START}?process=connect")
    assert answer.status_code == 401
    assert not SocialAccount.objects.exists()


def test_a_provider_that_nobody_has_named_is_not_there(client: Client, db: None) -> None:
    assert client.get("/accounts/login/company/nobody/").status_code == 404
    assert client.get("/accounts/login/company/nobody/callback/").status_code == 404


def test_who_has_no_password_confirms_with_the_company(provider: Provider) -> None:
    client, _ = sign_in(provider)
    page = client.get("/accounts/confirm/?next=/access-tokens/new/").content.decode()
    assert 'name="password"' not in page
    assert f"{START}?next=%2Faccess-tokens%2Fnew%2F&amp;auth_params=prompt%3Dlogin%26max_age%3D0" in page
    start = f"{START}?next=%2Faccess-tokens%2Fnew%2F&auth_params=prompt%3Dlogin%26max_age%3D0"
    assert "prompt=login" in client.get(start).headers["Location"]
    assert sign_in(provider, client=client, start=start)[1].headers["Location"] == "/access-tokens/new/"


def test_each_part_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in _environment("https://id.example.com/").items():
        (tmp_path / name).write_text(f"{value}\n")
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
    acme = providers(read)["acme"]
    assert (acme.client_secret, acme.issuer, acme.scopes) == (SECRET, "https://id.example.com", ("openid", "profile", "email"))


def test_of_several_roles_the_one_that_may_most_counts() -> None:
    acme = providers(_environment("https://id.example.com").get)["acme"]
    for claim, role in (
        (["staff", "portal-admins"], "Administrators"),
        ("staff", "Viewers"),
        ([], None),
        (None, None),
        ({"staff": 1}, None),
    ):
        assert acme.role_of({"roles": claim}) == role
    assert acme.role_of({}) is None


def test_the_secret_is_not_printed(provider: Provider, settings: Settings) -> None:
    assert SECRET not in repr(settings.OIDC_PROVIDERS)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"PORTAL_OIDC_ACME_CLIENT_SECRET": ""}, "PORTAL_OIDC_ACME_CLIENT_SECRET must be set"),
        (
            {"PORTAL_OIDC_ACME_ISSUER": "", "PORTAL_OIDC_ACME_CLIENT_ID": ""},
            "PORTAL_OIDC_ACME_ISSUER and PORTAL_OIDC_ACME_CLIENT_ID must be set",
        ),
        ({"PORTAL_OIDC_ACME_ROLES": "admins=Bosses"}, "'Bosses' is none"),
        ({"PORTAL_OIDC_ACME_ROLES": "Viewers"}, "PORTAL_OIDC_ACME_ROLES must be value=role"),
        ({"PORTAL_OIDC_PROVIDERS": "a b"}, "a b is no name for a provider"),
    ],
)
def test_what_is_not_fully_said_is_refused(changed: dict[str, str], said: str) -> None:
    environment = _environment("https://id.example.com") | changed
    with pytest.raises(BadProvider, match="PORTAL_OIDC") as refusal:
        providers(environment.get)
    assert said in str(refusal.value)
    assert SECRET not in str(refusal.value)
