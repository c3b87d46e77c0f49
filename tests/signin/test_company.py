"""Company accounts, against a real provider."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from portal.environment import read
from portal.models import Activity, Event, Invitation
from portal.people.invitations import invite
from portal.roles import Role
from portal.signin.confirming import CONFIRMED_AT
from portal.signin.providers import BadProvider, providers
from tests.signin.provider import Provider

pytestmark = pytest.mark.any_database

START = "/accounts/login/company/acme/"
TOKENS = "/access-tokens/new/"
SECRET = "the-secret-of-the-client"
THREADS = 32  # of a worker
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


@pytest.mark.parametrize("name", ["invite", "..", "-", "a/b", "a\u202eb", "PUBLISHER", "x" * 300, ""])
def test_a_name_that_the_provider_gives_is_one_that_may_be_given_here(provider: Provider, publisher: User, name: str) -> None:
    provider.change("mallory", **ALICE | {"sub": "mallory", "preferred_username": name})
    assert sign_in(provider, "mallory")[1].status_code == 302
    named = SocialAccount.objects.get(uid="mallory").user.get_username()
    assert named.lower() not in {name.lower(), "publisher"}
    assert re.fullmatch(r"[\w.@+-]{1,150}", named, re.ASCII)


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


def test_who_is_signed_in_is_not_led_to_the_provider(signed_in: Client, settings: Settings) -> None:
    settings.OIDC_PROVIDERS = providers(_environment("http://127.0.0.1:9").get)
    assert signed_in.get(f"{START}?process=connect&next=/apis/").headers["Location"] == "/apis/"


def test_who_has_signed_in_meanwhile_is_not_connected_with_the_account(provider: Provider, publisher: User) -> None:
    client = Client()
    back = provider.sign_in(client.get(START).headers["Location"], "alice-1")
    client.post("/accounts/login/", {"username": "publisher", "password": "correct horse battery staple"})
    client.get(back)
    assert not SocialAccount.objects.filter(user=publisher).exists()


@pytest.mark.parametrize(
    "asked",
    ["process=connect", "process=redirect", "scope=offline_access", "auth_params=redirect_uri%3Dhttps%253A%252F%252Fevil%26state%3Dx"],
)
def test_what_the_provider_is_asked_is_not_the_callers_to_choose(provider: Provider, client: Client, asked: str) -> None:
    plain, other = (parse_qs(urlsplit(client.get(start).headers["Location"]).query) for start in (START, f"{START}?{asked}"))
    random = {"state", "code_challenge"}
    assert {name: set(value[0].split()) for name, value in other.items() if name not in random} == {
        name: set(value[0].split()) for name, value in plain.items() if name not in random
    }
    assert len(other["state"][0]) == len(plain["state"][0])


@pytest.mark.parametrize("host", ["elsewhere.example.com", "other.ours.example"])
def test_after_signing_in_nobody_is_led_to_another_host(provider: Provider, settings: Settings, host: str) -> None:
    settings.ALLOWED_HOSTS = ["testserver", ".ours.example"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://elsewhere.example.com"]
    for where in (f"https://{host}/", f"//{host}/", f"http:{host}", f"\\\\{host}"):
        assert sign_in(provider, start=f"{START}?{urlencode({'next': where})}")[1].headers["Location"] == "/"


@pytest.mark.parametrize("there", ["acme", "other"])
def test_an_answer_of_one_provider_is_not_taken_at_the_address_of_another(provider: Provider, settings: Settings, there: str) -> None:
    one = _environment(provider.url)
    other = {name.replace("ACME", "OTHER"): value for name, value in one.items()}
    settings.OIDC_PROVIDERS = providers((one | other | {"PORTAL_OIDC_PROVIDERS": "acme,other"}).get)
    client = Client()
    back = provider.sign_in(client.get(START).headers["Location"], "alice-1")
    answer = client.get(back.replace("/company/acme/", f"/company/{there}/"))
    assert answer.status_code == (302 if there == "acme" else 401)
    assert SocialAccount.objects.exists() is (there == "acme")


def test_an_answer_is_taken_once_and_in_the_browser_that_asked(provider: Provider) -> None:
    client = Client()
    back = provider.sign_in(client.get(START).headers["Location"], "alice-1")
    assert Client().get(back).status_code == 401
    assert client.get(back).status_code == 302
    client.post("/accounts/logout/")
    assert client.get(back).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_a_silent_provider_holds_few_threads(settings: Settings, client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.OIDC_PROVIDERS = providers(_environment(f"http://127.0.0.1:{silent.getsockname()[1]}").get)
        settings.SOCIALACCOUNT_REQUESTS_TIMEOUT = 5
        with ThreadPoolExecutor(THREADS) as pool:
            begun = [pool.submit(_status_of_start) for _ in range(THREADS)]
            assert client.get("/accounts/login/").status_code == 200
        statuses = Counter(one.result() for one in begun)
    assert set(statuses) == {401, 429}
    assert statuses[429] >= THREADS // 2


def _status_of_start() -> int:
    try:
        return Client().get(START).status_code
    finally:
        connections.close_all()


class _Discovery(BaseHTTPRequestHandler):
    """Says of a provider where its pages are."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """Answer."""
        self.asked.append(self.path)
        body = json.dumps(
            {"issuer": "https://id.example.com", "authorization_endpoint": "https://id.example.com/go", "token_endpoint": "x"}
        )
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


def test_what_a_provider_says_of_itself_is_not_asked_for_by_each_stranger(settings: Settings, db: None) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Discovery) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.OIDC_PROVIDERS = providers(_environment(f"http://127.0.0.1:{server.server_port}").get)
        led = {Client().get(START).headers["Location"].partition("?")[0] for _ in range(5)}
        server.shutdown()
    assert led == {"https://id.example.com/go"}
    assert _Discovery.asked == ["/.well-known/openid-configuration"]


def test_a_provider_that_nobody_has_named_is_not_there(client: Client, db: None) -> None:
    assert client.get("/accounts/login/company/nobody/").status_code == 404
    assert client.get("/accounts/login/company/nobody/callback/").status_code == 404


def test_who_has_no_password_confirms_with_the_company(provider: Provider) -> None:
    client, _ = sign_in(provider)
    page = client.get("/accounts/confirm/?next=/access-tokens/new/").content.decode()
    assert 'name="password"' not in page
    assert f"{START}?next=%2Faccess-tokens%2Fnew%2F&amp;confirm=1" in page
    assert "prompt=login&max_age=0" in client.get(f"{START}?confirm=1").headers["Location"]


def _long_ago(client: Client) -> Client:
    session = client.session
    session[CONFIRMED_AT] = 0
    session.save()
    return client


def _minutes_ago(minutes: float) -> int:
    return int(time.time() - minutes * 60)


def test_who_has_signed_in_there_anew_has_confirmed_and_is_back(provider: Provider) -> None:
    client = _long_ago(sign_in(provider)[0])
    session = client.session.session_key
    assert client.get(TOKENS).headers["Location"].startswith("/accounts/confirm/")
    _, answer = sign_in(provider, client=client, start=f"{START}?confirm=1&next={TOKENS}")
    assert (answer.status_code, answer.headers["Location"]) == (303, TOKENS)
    assert client.get(TOKENS).status_code == 200
    assert client.session.session_key != session
    assert Activity.objects.filter(event=Event.SIGN_IN_SUCCEEDED).count() == 1, "it was no sign-in"


@pytest.mark.parametrize("told", [_minutes_ago(20), None, "now", True, 0], ids=["20 minutes ago", "nothing", "a word", "true", "0"])
def test_whom_the_provider_has_let_through_has_confirmed_nothing(provider: Provider, told: Any, caplog: pytest.LogCaptureFixture) -> None:
    client = _long_ago(sign_in(provider)[0])
    provider.change("alice-1", **ALICE, auth_time=told)
    _, answer = sign_in(provider, client=client, start=f"{START}?confirm=1&next={TOKENS}")
    assert answer.status_code == 401
    assert "Acme &amp; Sons has not asked who you are" in answer.content.decode()
    assert "auth_time" in caplog.text
    assert client.get(TOKENS).headers["Location"].startswith("/accounts/confirm/")
    assert client.get("/apis/").status_code == 200, "still signed in"


@pytest.mark.parametrize(("minutes", "asked"), [(20, True), (1, False), (None, True)])
def test_a_sign_in_confirms_as_of_when_the_provider_asked(provider: Provider, minutes: int | None, asked: bool) -> None:
    provider.change("alice-1", **ALICE, auth_time=None if minutes is None else _minutes_ago(minutes))
    client, _ = sign_in(provider)
    assert (client.get(TOKENS).status_code == 303) is asked


def test_after_another_person_in_the_same_browser_it_counts_all_the_same(provider: Provider, publisher: User) -> None:
    provider.change("alice-1", **ALICE, auth_time=_minutes_ago(20))
    client = Client()
    back = provider.sign_in(client.get(START).headers["Location"], "alice-1")
    client.post("/accounts/login/", {"username": "publisher", "password": "correct horse battery staple"})
    client.get(back)
    assert client.get(TOKENS).status_code in {302, 303}


def test_after_a_second_factor_it_counts_all_the_same(provider: Provider) -> None:
    from tests.signin.codes import code_of
    from tests.signin.test_second_factors import set_up_app

    secret, _codes = set_up_app(sign_in(provider)[0])
    provider.change("alice-1", **ALICE, auth_time=_minutes_ago(20))
    client, _ = sign_in(provider)
    assert client.post("/accounts/login/second-factor/", {"code": code_of(secret, steps=1)}).status_code == 302
    assert client.get(TOKENS).status_code == 303


def test_a_provider_that_never_tells_is_believed_if_it_was_asked_to_have_somebody_sign_in(provider: Provider, settings: Settings) -> None:
    settings.OIDC_PROVIDERS = providers(_environment(provider.url, PORTAL_OIDC_ACME_TELLS_AUTH_TIME="0").get)
    client, _ = sign_in(provider)
    assert client.get(TOKENS).status_code == 303
    sign_in(provider, client=client, start=f"{START}?confirm=1&next={TOKENS}")
    assert client.get(TOKENS).status_code == 200


def test_nobody_confirms_for_somebody_else(provider: Provider) -> None:
    client = _long_ago(sign_in(provider)[0])
    provider.change("bob-1", **ALICE | {"sub": "bob-1", "preferred_username": "bob"})
    for _ in range(2):  # somebody new, and somebody who has an account
        _, answer = sign_in(provider, "bob-1", client=client, start=f"{START}?confirm=1&next={TOKENS}")
        assert answer.status_code == 403
        assert "That is the account of somebody else" in answer.content.decode()
        assert client.get(TOKENS).status_code == 303
        assert "alice" in client.get("/").content.decode()
        sign_in(provider, "bob-1")


def test_who_confirms_with_another_role_signs_in_again(provider: Provider) -> None:
    client = _long_ago(sign_in(provider)[0])
    provider.change("alice-1", **ALICE | {"roles": "staff"})
    _, answer = sign_in(provider, client=client, start=f"{START}?confirm=1&next={TOKENS}")
    assert answer.headers["Location"] == "/accounts/login/"
    assert client.get("/apis/").status_code == 302


def test_who_loses_the_role_leaves_no_link_behind(provider: Provider) -> None:
    sign_in(provider)
    invite(username="mallory", email="", role=Role.ADMINISTRATOR, by=User.objects.get(username="alice"), now=timezone.now())
    provider.change("alice-1", **ALICE | {"roles": "staff"})
    sign_in(provider)
    assert not Invitation.objects.exists()
    assert Activity.objects.filter(event=Event.INVITATION_WITHDRAWN, subject_name="mallory").exists()


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
