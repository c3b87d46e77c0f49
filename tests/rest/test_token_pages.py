"""The pages about access tokens, and the command: a token is shown once and opens what its role allows."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from apis.pickers import FEW
from portal.listing import PAGE_SIZE
from portal.models import Activity, Event
from rest import actions
from rest.models import AccessToken, SharedAccess
from tests.makers import make_shared_access
from tests.rest.conftest import Wire, token_for

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
FORM = {"name": "Deployment", "user": "publisher", "role": "Viewers", "days": "90", "kind": "bearer"}


@pytest.fixture
def admin_pages(administrator: User) -> Client:
    client = Client()
    client.force_login(administrator)
    return client


def test_a_new_token_is_shown_once_and_opens_what_its_role_allows(admin_pages: Client, publisher: User) -> None:
    page = admin_pages.post("/access-tokens/new/", FORM)
    assert (page.status_code, page["Cache-Control"]) == (200, "no-store")
    found = re.search(r'id="token">(ppt_[\w-]+)<', page.content.decode())
    assert found
    wire = Wire(found[1])
    assert wire.get("apis").status_code == 200
    assert wire.delete("apis/none").status_code == 403
    assert found[1] not in admin_pages.get("/access-tokens/").content.decode()
    line = Activity.objects.get(event=Event.TOKEN_CREATED)
    assert (line.actor_name, line.details["user"]) == ("administrator", "publisher")
    assert found[1] not in json.dumps(line.details)


def test_a_form_with_mistakes_makes_nothing(admin_pages: Client, publisher: User) -> None:
    page = admin_pages.post("/access-tokens/new/", {**FORM, "name": "", "user": "nobody"})
    assert page.status_code == 422
    assert not AccessToken.objects.exists()


def test_shared_access_keys_are_shown_regenerated_and_revoked(admin_pages: Client, publisher: User) -> None:
    page = admin_pages.post("/access-tokens/new/", {**FORM, "kind": "shared"}).content.decode()
    access = SharedAccess.objects.get()
    first = _key(page)
    assert access.identifier in page
    assert _key(admin_pages.post(f"/access-tokens/{access.identifier}/keys/").content.decode()) == first
    again = admin_pages.post(f"/access-tokens/{access.identifier}/regenerate/", {"key": "primary"}).content.decode()
    assert _key(again) != first
    assert _key(again, "secondary") == _key(page, "secondary")
    assert admin_pages.post(f"/access-tokens/{access.identifier}/regenerate/", {"key": "third"}).status_code == 422
    assert admin_pages.post(f"/access-tokens/{access.identifier}/revoke/").status_code == 303
    access.refresh_from_db()
    assert access.revoked_at is not None


def _key(page: str, kind: str = "primary") -> str:
    found = re.search(rf'id="{kind}-key">([^<]+)<', page)
    assert found
    return found[1]


def test_owners_see_and_revoke_their_own_and_nobody_elses(publisher: User, viewer: User, signed_in: Client) -> None:
    token_for(publisher)
    token_for(viewer)
    mine, other = AccessToken.objects.get(user=publisher), AccessToken.objects.get(user=viewer)
    page = signed_in.get("/access-tokens/").content.decode()
    assert mine.identifier in page
    assert other.identifier not in page
    assert signed_in.post(f"/access-tokens/{other.identifier}/revoke/").status_code == 403
    assert signed_in.post("/access-tokens/none/revoke/").status_code == 403
    assert signed_in.post(f"/access-tokens/{mine.identifier}/revoke/").status_code == 303
    assert signed_in.post(f"/access-tokens/{make_shared_access().identifier}/keys/").status_code == 403


def token_command(*arguments: str) -> Any:
    output = io.StringIO()
    call_command("token", *arguments, "--json", stdout=output)
    return json.loads(output.getvalue())


def test_the_command_makes_lists_and_revokes(publisher: User) -> None:
    made = token_command("create", "--user", "publisher", "--role", "publisher", "--expires", "30d", "--name", "Deployment")
    wire = Wire(made["token"])
    assert wire.get("apis").status_code == 200
    (listed,) = token_command("list")["tokens"]
    assert "token" not in listed
    assert (listed["name"], listed["user"], listed["role"]) == ("Deployment", "publisher", "Publishers")
    token_command("revoke", listed["id"])
    assert wire.get("apis").status_code == 401


@pytest.mark.parametrize(
    "arguments",
    [
        ["create", "--user", "nobody"],
        ["create", "--user", "publisher", "--expires", "soon"],
        ["create", "--user", "publisher", "--expires", "2020-01-01"],
        ["revoke", "none"],
    ],
)
def test_the_command_refuses_what_makes_no_sense(arguments: list[str], publisher: User) -> None:
    with pytest.raises(CommandError):
        call_command("token", *arguments)


def test_many_are_paged_and_searched_the_newest_first(admin_pages: Client, publisher: User, viewer: User) -> None:
    begun = timezone.now()
    for number in range(30):
        actions.create_token(viewer, name=f"token-{number:02}", by=publisher, now=begun + timedelta(minutes=2 * number))
        later = begun + timedelta(minutes=2 * number + 1)
        actions.create_shared_access(viewer, name=f"access-{number:02}", by=publisher, now=later)
    names = [name for page in ("1", "2", "3", "nonsense") for name in _names(admin_pages, f"page={page}")]
    newest_first = [f"{kind}-{number:02}" for number in reversed(range(30)) for kind in ("access", "token")]
    assert names == newest_first + newest_first[:PAGE_SIZE]
    assert _names(admin_pages, "q=TOKEN-1") == [f"token-{number}" for number in reversed(range(10, 20))]
    assert len(_names(admin_pages, "q=viewer")) == len(_names(admin_pages, "q=publisher")) == PAGE_SIZE
    assert "Nothing is found" in admin_pages.get("/access-tokens/?q=nowhere").content.decode()
    assert b"<html" not in admin_pages.get("/access-tokens/?q=token", headers={"HX-Request": "true"}).content


def _names(client: Client, query: str) -> list[str]:
    return re.findall(r'<th scope="row"><bdi>([^<]+)</bdi>', client.get(f"/access-tokens/?{query}").content.decode())


def test_where_there_are_many_people_the_name_is_typed(admin_pages: Client, publisher: User) -> None:
    assert '<select name="user"' in admin_pages.get("/access-tokens/new/").content.decode()
    User.objects.bulk_create([User(username=f"person-{number}") for number in range(FEW)])
    page = admin_pages.get("/access-tokens/new/").content.decode()
    assert "person-7" not in page
    assert re.search(r'<input type="text" name="user" value="administrator"', page)
    wrong = admin_pages.post("/access-tokens/new/", FORM | {"user": "person-x"})
    assert wrong.status_code == 422
    assert "Nobody who may sign in has this user name." in wrong.content.decode()
    assert admin_pages.post("/access-tokens/new/", FORM | {"user": "person-7"}).status_code == 200
    assert AccessToken.objects.get().user.username == "person-7"
