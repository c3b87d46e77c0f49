"""A portal that nobody can administer starts, says what to do, and is repaired by a command."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from portal import installation
from portal.administrators import administrators
from portal.models import Activity, Event, Invitation
from portal.people.invitations import invite
from portal.roles import Role
from portal.signin.providers import providers
from tests.makers import make_person

PASSWORD = "orchid-lantern-42-moss"


@pytest.fixture(autouse=True)
def home(db: None, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a ``PORTAL_HOME`` that is set up, with nothing given by the environment."""
    settings.PORTAL_HOME = tmp_path
    for name in ("PORTAL_ADMIN_USER", "PORTAL_ADMIN_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    installation.first_administrator()
    return tmp_path


def _people(*arguments: str, stdin: str = "", monkeypatch: pytest.MonkeyPatch | None = None) -> str:
    said = io.StringIO()
    if monkeypatch:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
    call_command("people", *arguments, stdout=said)
    return said.getvalue()


@pytest.mark.parametrize(
    "lost", [{"is_active": False}, {"is_superuser": False}, {"is_active": False, "is_superuser": False}, {"password": "!"}]
)
def test_setup_leaves_the_account_as_it_is_and_says_what_to_do(lost: dict[str, object]) -> None:
    User.objects.get().groups.clear()
    User.objects.update(**lost)
    before = list(User.objects.values())

    said = installation.first_administrator()

    assert said
    assert said.startswith("Nobody can administer the portal: admin is ")
    assert "`manage.py people restore-administrator admin`, the password on standard input" in said
    assert list(User.objects.values()) == before


def test_setup_makes_another_one_of_a_new_name(monkeypatch: pytest.MonkeyPatch) -> None:
    User.objects.update(is_active=False)
    monkeypatch.setenv("PORTAL_ADMIN_USER", "rescue")
    monkeypatch.setenv("PORTAL_ADMIN_PASSWORD", PASSWORD)

    assert installation.first_administrator() == "Made the first administrator, rescue."
    assert [person.username for person in administrators()] == ["rescue"]


def test_an_ordinary_person_of_that_name_is_not_made_an_administrator(monkeypatch: pytest.MonkeyPatch) -> None:
    User.objects.update(is_active=False)
    make_person("Mei", Role.VIEWER)
    monkeypatch.setenv("PORTAL_ADMIN_USER", "mei")

    said = installation.first_administrator()

    assert said
    assert "Mei is no Administrator" in said
    assert not administrators().exists()


def test_the_command_restores_an_administrator_who_then_signs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    User.objects.update(is_active=False, is_superuser=False)
    User.objects.get().groups.clear()

    said = _people("restore-administrator", "admin", stdin=f"{PASSWORD}\n", monkeypatch=monkeypatch)

    assert said == "admin is an active Administrator with the new password.\n"
    assert Client().post("/accounts/login/", {"username": "admin", "password": PASSWORD}).status_code == 302
    assert installation.first_administrator() is None
    told = set(Activity.objects.values_list("event", "subject_name", "actor_name"))
    assert {(Event.PERSON_ACTIVATED, "admin", ""), (Event.PERSON_ROLE_CHANGED, "admin", "")} <= told


@pytest.mark.parametrize("typed", ["", "\n", "short\n", "password\n"])
def test_a_poor_password_restores_nobody(typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    User.objects.update(is_active=False)

    with pytest.raises(CommandError, match="The password on standard input is refused"):
        _people("restore-administrator", "admin", stdin=typed, monkeypatch=monkeypatch)

    assert not administrators().exists()


def test_a_name_that_nobody_has_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="There is nobody called nobody"):
        _people("restore-administrator", "nobody", stdin=PASSWORD, monkeypatch=monkeypatch)


def test_the_command_does_not_deactivate_the_last_administrator() -> None:
    with pytest.raises(CommandError, match="Nobody else could administer the portal"):
        _people("deactivate", "admin")

    assert administrators().count() == 1


def test_the_command_deactivates_somebody_else() -> None:
    make_person("Mei", Role.PUBLISHER)

    assert json.loads(_people("deactivate", "Mei", "--json")) == {"deactivated": "Mei"}
    assert not User.objects.get(username="Mei").is_active


def test_the_command_takes_second_factors_away_and_signs_out() -> None:
    person = User.objects.get()
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={})
    client = Client()
    client.force_login(person)

    assert _people("reset-second-factor", "admin") == "admin signs in without a second factor until they set one up again.\n"
    assert not Authenticator.objects.exists()
    assert client.get("/").status_code == 302


def test_the_command_lists_people_with_their_roles() -> None:
    make_person("Mei", Role.PUBLISHER)

    people = json.loads(_people("list", "--json"))["people"]

    assert {(one["name"], one["role"], one["active"]) for one in people} == {("Mei", "Publishers", True), ("admin", "Administrators", True)}
    assert "Mei  Publishers  active  last sign-in never" in _people("list")


@pytest.fixture
def by_company(settings: Settings) -> User:
    """Return the only one who administers, with a company account."""
    given = {f"PORTAL_OIDC_ACME_{part}": "x" for part in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET")}
    settings.OIDC_PROVIDERS = providers(({"PORTAL_OIDC_PROVIDERS": "acme"} | given).get)
    User.objects.update(is_active=False)
    person = make_person("Mei", Role.ADMINISTRATOR)
    person.set_unusable_password()
    person.save()
    SocialAccount.objects.create(user=person, provider="acme", uid="1")
    return person


def test_who_administers_by_a_company_account_counts_and_setup_says_how_to_have_a_password(by_company: User) -> None:
    said = installation.first_administrator()

    assert said
    assert said.startswith("Company accounts alone administer the portal")
    assert "`manage.py people restore-administrator Mei`" in said
    assert set(User.objects.values_list("username", flat=True)) == {"admin", "Mei"}


def test_a_company_account_of_a_provider_that_is_not_set_does_not_count(by_company: User, settings: Settings) -> None:
    settings.OIDC_PROVIDERS = {}
    said = installation.first_administrator()

    assert said
    assert said.startswith("Nobody can administer the portal")


WAYS = {"role": {"role": "Viewers"}, "deactivate": {}}


@pytest.mark.parametrize("way", WAYS)
def test_the_last_one_by_a_company_account_stays_as_well(by_company: User, way: str) -> None:
    client = Client()
    client.force_login(by_company)

    assert client.post(f"/people/Mei/{way}/", WAYS[way]).status_code == 409
    assert list(administrators()) == [by_company]


@pytest.mark.parametrize("way", WAYS)
def test_one_of_several_by_company_accounts_goes_and_leaves_no_link(by_company: User, way: str) -> None:
    other = make_person("Li", Role.ADMINISTRATOR)
    User.objects.filter(pk=other.pk).update(password="!")
    SocialAccount.objects.create(user=other, provider="acme", uid="2")
    invite(username="later", email="", role=Role.ADMINISTRATOR, by=other, now=timezone.now())
    client = Client()
    client.force_login(by_company)

    assert client.post(f"/people/Li/{way}/", WAYS[way]).status_code == 303
    assert list(administrators()) == [by_company]
    assert not Invitation.objects.exists()
