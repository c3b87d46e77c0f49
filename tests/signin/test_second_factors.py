"""Apps that show codes, recovery codes, and roles that have to have a second factor."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from certificates.models import SealedText
from portal.guesses import LIMIT
from portal.models import Activity, Event, FailedGuess
from portal.roles import ADMINISTRATORS, PUBLISHERS
from portal.signin.second_factors import demand, has_second_factor, reset_second_factor
from portal.signin.sessions import sessions_of
from tests.signin.codes import code_of

pytestmark = pytest.mark.any_database

PASSWORD = "correct horse battery staple"
SIGN_IN, SECOND, OWN = "/accounts/login/", "/accounts/login/second-factor/", "/accounts/second-factors/"
APP, CODES = f"{OWN}app/", f"{OWN}recovery-codes/"


def set_up_app(client: Client) -> tuple[str, list[str]]:
    """Set up an app as a person does; return its secret and the recovery codes."""
    secret = re.search(r'id="key">([A-Z2-7 ]+)<', client.get(APP).content.decode())
    assert secret
    key = secret[1].replace(" ", "")
    answer = client.post(APP, {"code": code_of(key, steps=-1)})
    assert (answer.status_code, answer.headers["Location"]) == (303, CODES), answer.content.decode()
    return key, re.findall(r"^\s*(?:<pre[^>]*>)?(\d{8})$", client.get(CODES).content.decode(), re.MULTILINE)


def enter(name: str = "publisher", password: str = PASSWORD, address: str = "127.0.0.1") -> tuple[Client, Any]:
    client = Client(REMOTE_ADDR=address)
    return client, client.post(SIGN_IN, {"username": name, "password": password, "next": "/apis/"})


def test_after_the_password_comes_the_code(signed_in: Client) -> None:
    key, _ = set_up_app(signed_in)
    client, answer = enter()
    assert (answer.status_code, answer.headers["Location"]) == (302, SECOND)
    assert client.get("/apis/").headers["Location"].startswith(SIGN_IN), "the password alone opens nothing"
    assert client.post(SECOND, {"code": "000000"}).status_code == 422

    answer = client.post(SECOND, {"code": code_of(key)})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/apis/")
    assert client.get("/apis/").status_code == 200


def test_without_a_password_there_is_no_second_step(client: Client, db: None) -> None:
    assert client.get(SECOND).headers["Location"] == SIGN_IN
    assert client.post(SECOND, {"code": "123456"}).headers["Location"] == SIGN_IN


def test_a_code_works_once(signed_in: Client) -> None:
    key, _ = set_up_app(signed_in)
    code = code_of(key)
    assert enter()[0].post(SECOND, {"code": code}).status_code == 302
    assert enter()[0].post(SECOND, {"code": code}).status_code == 422


def test_a_recovery_code_works_once_in_its_place(signed_in: Client) -> None:
    _, codes = set_up_app(signed_in)
    assert len(codes) == 10
    assert codes[0] not in signed_in.get(CODES).content.decode(), "they are shown once"
    assert enter()[0].post(SECOND, {"code": codes[0]}).status_code == 302
    assert enter()[0].post(SECOND, {"code": codes[0]}).status_code == 422
    assert "9 are left" in signed_in.get(OWN).content.decode()


def test_new_recovery_codes_replace_the_old(signed_in: Client) -> None:
    _, codes = set_up_app(signed_in)
    assert signed_in.post(f"{CODES}make/").status_code == 303
    new = re.findall(r"\b\d{8}\b", signed_in.get(CODES).content.decode())
    assert enter()[0].post(SECOND, {"code": codes[0]}).status_code == 422
    assert enter()[0].post(SECOND, {"code": new[0]}).status_code == 302


def test_wrong_codes_close_the_account_to_every_address(signed_in: Client) -> None:
    key, codes = set_up_app(signed_in)
    for number in range(LIMIT):
        client, _ = enter(address=f"192.0.2.{number}")
        assert client.post(SECOND, {"code": f"{number:06}"}).status_code == 422
    client, answer = enter(address="198.51.100.1")
    assert answer.status_code == 302, "the password itself is not closed"
    for code in (code_of(key), codes[0]):
        answer = client.post(SECOND, {"code": code})
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) > 0


def test_a_right_code_forgives(signed_in: Client) -> None:
    key, _ = set_up_app(signed_in)
    client, _ = enter()
    client.post(SECOND, {"code": "000000"})
    client.post(SECOND, {"code": code_of(key)})
    assert not FailedGuess.objects.exists()


def test_setting_up_needs_the_code_of_the_app(signed_in: Client) -> None:
    signed_in.get(APP)
    answer = signed_in.post(APP, {"code": "000000"})
    assert answer.status_code == 422
    assert "This is not right" in answer.content.decode()
    assert not Authenticator.objects.exists()


def test_secrets_are_sealed_and_go_with_the_account(signed_in: Client, publisher: User) -> None:
    key, codes = set_up_app(signed_in)
    stored = "\n".join(_everything_stored())
    assert key not in stored
    assert not [code for code in codes if code in stored]
    assert SealedText.objects.count() == 2
    call_command("encryption", "report")

    publisher.delete()
    assert SealedText.objects.count() == 0


def test_removing_the_app_takes_the_recovery_codes_along(signed_in: Client) -> None:
    set_up_app(signed_in)
    assert signed_in.post(f"{APP}remove/").status_code == 303
    assert not Authenticator.objects.exists()
    assert SealedText.objects.count() == 0
    assert enter()[1].headers["Location"] == "/apis/"


def test_the_log_tells_of_it(signed_in: Client, publisher: User) -> None:
    set_up_app(signed_in)
    signed_in.post(f"{APP}remove/")
    told = Activity.objects.exclude(event=Event.SIGN_IN_SUCCEEDED).order_by("id").values_list("event", "actor", "subject_name")
    assert list(told) == [(event, publisher.pk, "publisher") for event in (Event.SECOND_FACTOR_ADDED, Event.SECOND_FACTOR_REMOVED)]


def test_an_administrator_takes_a_lost_one_away(signed_in: Client, publisher: User, administrator: User) -> None:
    set_up_app(signed_in)
    reset_second_factor(publisher, by=administrator, now=timezone.now())
    assert not has_second_factor(publisher)
    assert signed_in.get("/apis/").status_code == 302
    assert enter()[1].headers["Location"] == "/apis/"
    assert Activity.objects.filter(event=Event.SECOND_FACTOR_RESET).count() == 1


def test_a_role_that_has_to_have_one_sets_it_up_first(publisher: User, administrator: User) -> None:
    demand({PUBLISHERS}, by=administrator, now=timezone.now())
    client, _ = enter()
    for path in ("/", "/apis/", "/access-tokens/", "/accounts/preferences/", "/accounts/sessions/"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, OWN), path
    assert client.post("/apis/new/", {}).status_code == 303
    assert client.get("/apis/", headers={"HX-Request": "true"}).headers["HX-Redirect"] == OWN
    assert "Your role has to have a second factor" in client.get(OWN).content.decode()

    set_up_app(client)
    assert client.get("/apis/").status_code == 200
    office = Client()
    office.force_login(administrator)
    assert office.get("/").status_code == 200, "of Administrators nothing is demanded"


def test_a_superuser_is_an_administrator(db: None) -> None:
    demand({ADMINISTRATORS}, by=None, now=timezone.now())
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    assert client.get("/").status_code == 303


def test_administrators_choose_the_roles(administrator: User) -> None:
    client = Client()
    client.force_login(administrator)
    assert client.post("/settings/sign-in/", {"roles": [PUBLISHERS, "Bosses"]}).status_code == 422
    assert client.post("/settings/sign-in/", {"roles": [PUBLISHERS]}).status_code == 303
    assert re.search(r'value="Publishers"[^>]*checked', client.get("/settings/sign-in/").content.decode())
    line = Activity.objects.get(event=Event.SECOND_FACTOR_DEMANDED)
    assert (line.event, line.actor, line.subject_name) == (Event.SECOND_FACTOR_DEMANDED, administrator, PUBLISHERS)
    assert line.changes == {"roles": [[], [PUBLISHERS]]}
    assert client.post("/settings/sign-in/", {}).status_code == 303
    lifted = Activity.objects.filter(event=Event.SECOND_FACTOR_DEMANDED).latest("id")
    assert lifted.changes == {"roles": [[PUBLISHERS], []]}
    assert re.search(r"Roles.*Publishers.*nothing", client.get(f"/activity/{lifted.id}/").content.decode(), re.DOTALL)


def test_no_page_of_the_library_is_open(signed_in: Client) -> None:
    for path in ("signup/", "email/", "2fa/", "3rdparty/", "social/connections/", "confirm-email/", "reauthenticate/", "password/reset/"):
        assert signed_in.get(f"/accounts/{path}").status_code == 404, path


@pytest.mark.parametrize(
    "credential", ["", "[]", "{}", '"x"', "null", '{"response": []}', '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {}}']
)
def test_what_is_no_passkey_is_refused_in_words(signed_in: Client, publisher: User, client: Client, credential: str) -> None:
    answer = client.post(f"{SIGN_IN}passkey/", {"credential": credential})
    assert (answer.status_code, answer.headers["Location"]) == (303, SIGN_IN)
    assert "This passkey does not open an account here" in client.get(SIGN_IN).content.decode()
    signed_in.get(f"{OWN}passkeys/add/")
    assert signed_in.post(f"{OWN}passkeys/add/", {"name": "x", "credential": credential}).status_code == 422
    assert signed_in.post("/accounts/confirm/", {"credential": credential}).status_code == 422
    assert sessions_of(publisher).count() == 1


@pytest.mark.parametrize(
    ("host", "secure", "offered"),
    [
        ("portal.example.com", True, True),
        ("portal.example.com:8443", True, True),
        ("portal.example.com", False, False),
        ("localhost:8000", False, True),
        ("127.0.0.1:8000", False, False),
        ("192.0.2.1", True, False),
        ("[::1]:8000", True, False),
    ],
)
def test_passkeys_are_offered_where_browsers_take_them(db: None, settings: Settings, host: str, secure: bool, offered: bool) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    page = Client(HTTP_HOST=host).get(SIGN_IN, secure=secure).content.decode()
    assert ("Sign in with a passkey" in page) is offered


def _everything_stored() -> list[str]:
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows += [str(row) for row in cursor.fetchall()]
    return rows


STANDINGS: dict[str, dict[str, Any]] = {"another password": {"password": "!"}, "deactivated": {"is_active": False}}


@pytest.mark.parametrize("since", STANDINGS)
def test_whoever_waits_at_the_second_step_does_not_come_in_with_what_holds_no_more(publisher: User, signed_in: Client, since: str) -> None:
    key, _ = set_up_app(signed_in)
    waiting, _ = enter()
    User.objects.filter(pk=publisher.pk).update(**STANDINGS[since])
    waiting.post(SECOND, {"code": code_of(key, steps=1)})
    assert waiting.get("/apis/").status_code == 302
    assert "while you signed in. Begin again." in waiting.get(SIGN_IN).content.decode()
    assert Activity.objects.filter(event=Event.SIGN_IN_SUCCEEDED).count() == 1, "of the browser that set it up"
