"""What clients of the resource manager ask before they ask for anything of ours, in the order that az and PowerShell ask for it."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from rest import actions
from rest.actions import MadeToken
from tests.rest.conftest import Wire

pytestmark = pytest.mark.django_db
TOKEN = "/adfs/oauth2/token"
AROUND = (
    *("tenants", "Subscriptions/any", "subscriptions/any/resourceGroups/any"),
    "subscriptions/any/providers/Microsoft.ApiManagement",
    "subscriptions/any/providers/Microsoft.ApiManagement/deletedservices",
)
SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"


def test_whether_a_group_is_there_is_told_without_a_word(wire: Wire) -> None:
    wire.prefix, wire.version = "/management/subscriptions/any", ""
    answer = wire.request("HEAD", "resourceGroups/any")
    assert (answer.status_code, answer.content) == (204, b"")
    assert wire.request("HEAD", "resourceGroups").status_code == 200


@pytest.fixture
def made(publisher: User) -> MadeToken:
    """Return an access token."""
    return actions.create_token(publisher, name="az", role="", by=publisher, now=timezone.now())


def asking(made: MadeToken, **other: str) -> dict[str, str]:
    """Return what a service principal signs in with."""
    secret = made.token.value.decode()
    return {"grant_type": "client_credentials", "client_id": made.row.identifier, "client_secret": secret} | other


def around(token: str, path: str, version: str = "2022-12-01") -> Any:
    answer = Client().get(f"/management/{path}?api-version={version}", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.content
    return json.loads(answer.content)


@pytest.mark.parametrize("version", ["2015-01-01", "2019-05-01", "2022-09-01"])
def test_the_metadata_lead_to_the_token_and_the_token_to_the_service(client: Client, made: MadeToken, version: str) -> None:
    found = json.loads(client.get(f"/management/metadata/endpoints?api-version={version}").content)
    assert found["resourceManager"] == "http://testserver/management"
    login = found["authentication"]["loginEndpoint"].removeprefix("http://testserver")
    configuration = json.loads(client.get(f"{login}/.well-known/openid-configuration").content)
    token = json.loads(client.post(configuration["token_endpoint"].removeprefix("http://testserver"), asking(made)).content)
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 3600)
    subscriptions = around(token["access_token"], "subscriptions")["value"]
    assert [one["subscriptionId"] for one in subscriptions] == [SUBSCRIPTION]
    groups = around(token["access_token"], f"subscriptions/{SUBSCRIPTION}/resourcegroups")["value"]
    services = around(token["access_token"], f"subscriptions/{SUBSCRIPTION}/providers/Microsoft.ApiManagement/service", "2024-05-01")
    assert services["value"][0]["id"].startswith(groups[0]["id"])


@pytest.mark.parametrize("path", AROUND)
def test_what_lies_around_the_service_is_there_under_any_name(wire: Wire, path: str) -> None:
    assert around(wire.token, path)
    assert Client().get(f"/management/{path}").status_code == 401


def test_a_client_may_name_itself_in_a_header(client: Client, made: MadeToken) -> None:
    pair = base64.b64encode(f"{made.row.identifier}:{made.token.value.decode()}".encode()).decode()
    answer = client.post(TOKEN, {"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {pair}"})
    assert json.loads(answer.content)["access_token"] == made.token.value.decode()


@pytest.mark.parametrize(
    "other", [{"client_secret": "wrong"}, {"client_id": "wrong"}, {"client_id": ""}, {"client_secret": "\0"}, {"client_id": "ü"}]
)
def test_a_wrong_secret_or_somebody_elses_gets_nothing(client: Client, made: MadeToken, other: dict[str, str]) -> None:
    answer = client.post(TOKEN, asking(made, **other))
    assert (answer.status_code, json.loads(answer.content)["error"]) == (401, "invalid_client")


def test_a_revoked_token_gets_nothing(client: Client, made: MadeToken, publisher: User) -> None:
    actions.revoke(made.row, by=publisher, now=timezone.now())
    assert client.post(TOKEN, asking(made)).status_code == 401


def test_a_token_is_kept_no_longer_than_it_opens_anything(client: Client, publisher: User) -> None:
    soon = timezone.now() + timedelta(minutes=5)
    made = actions.create_token(publisher, name="az", role="", expires_at=soon, by=publisher, now=timezone.now())
    assert json.loads(client.post(TOKEN, asking(made)).content)["expires_in"] <= 300


@pytest.mark.parametrize("grant", ["password", "authorization_code", "device_code", ""])
def test_people_do_not_sign_in_here(client: Client, made: MadeToken, grant: str) -> None:
    answer = client.post(TOKEN, asking(made, grant_type=grant))
    assert (answer.status_code, json.loads(answer.content)["error"]) == (400, "unsupported_grant_type")
    assert "service principal" in json.dumps(json.loads(answer.content))


def test_guesses_are_counted(client: Client, made: MadeToken) -> None:
    answers = [client.post(TOKEN, asking(made, client_secret="wrong")).status_code for _guess in range(12)]
    assert answers[0] == 401
    assert answers[-1] == 429
    assert client.post(TOKEN, asking(made)).status_code == 200


def test_nothing_else_is_at_the_sign_in_address(client: Client) -> None:
    assert client.get("/adfs/").status_code == 401
    assert client.get(TOKEN).status_code == 405
