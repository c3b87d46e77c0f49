"""Who may call, with what, and what others are told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from portal.guesses import LIMIT
from portal.models import Activity, Event
from portal.roles import VIEWERS
from rest import actions
from rest.models import AccessToken
from tests.makers import make_api, make_certificate, make_subscription
from tests.rest.conftest import S, Wire, read, token_for

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
NEW_API = {"displayName": "New", "path": "new", "serviceUrl": "https://new.example.com"}


def refused(answer: object) -> tuple[int, str]:
    return answer.status_code, read(answer)["error"]["code"]  # type: ignore[attr-defined]  # of HttpResponse


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic dTpw", "Bearer \udcff", "SharedAccessSignature x"])
def test_without_a_right_token_nothing_is_told(header: str, wire: Wire) -> None:
    for path in ("certificates", "nothing", "apis/none"):
        answer = wire.get(path, Authorization=header)
        assert refused(answer) == (401, "AuthenticationFailed")
        assert answer["WWW-Authenticate"] == "Bearer"


def test_a_browser_session_opens_nothing_here(signed_in: Client, wire: Wire) -> None:
    wire.client = signed_in
    assert refused(wire.get("certificates", Authorization="")) == (401, "AuthenticationFailed")


def test_a_token_expires_is_revoked_and_ends_with_the_account(publisher: User, wire: Wire) -> None:
    now = timezone.now()
    expired = token_for(publisher, expires_at=now - timedelta(seconds=1))
    assert wire.get("apis", Authorization=f"Bearer {expired}").status_code == 401
    assert wire.get("apis").status_code == 200
    publisher.is_active = False
    publisher.save()
    assert wire.get("apis").status_code == 401
    publisher.is_active = True
    publisher.save()
    token = AccessToken.objects.get(digest=AccessToken.digest_of(wire.token))
    assert token.last_used_at is not None
    actions.revoke(token, by=publisher, now=now)
    assert wire.get("apis").status_code == 401
    assert Activity.objects.filter(event=Event.TOKEN_REVOKED, actor=publisher).count() == 1


def test_only_a_digest_of_a_token_is_kept(wire: Wire) -> None:
    row = AccessToken.objects.get(digest=AccessToken.digest_of(wire.token))
    assert wire.token not in " ".join(str(value) for value in vars(row).values())


WRITES: list[tuple[str, str, object]] = [
    ("PUT", "certificates/{}", {"properties": {"data": ""}}),
    ("DELETE", "certificates/{}", b""),
    ("PUT", "apis/{}", {"properties": NEW_API}),
    ("PATCH", "apis/{}", {"properties": {}}),
    ("DELETE", "apis/{}", b""),
    ("PUT", "apis/{}/operations/everything", {"properties": {}}),
    ("DELETE", "apis/{}/operations/everything", b""),
    ("PUT", "apis/{}/policies/policy", {"properties": {}}),
    ("DELETE", "apis/{}/policies/policy", b""),
    ("PUT", "subscriptions/{}", {"properties": {}}),
    ("DELETE", "subscriptions/{}", b""),
    ("POST", "subscriptions/{}/listSecrets", b""),
    ("POST", "subscriptions/{}/regeneratePrimaryKey", b""),
    ("PUT", "backends/{}", {"properties": {"url": "https://a.example.com"}}),
    ("DELETE", "backends/{}", b""),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_a_viewer_reads_only_and_learns_nothing_by_writing(
    method: str, path: str, body: object, viewer: User, wire_of: Callable[[User], Wire]
) -> None:
    make_api("there")
    make_certificate("there")
    make_subscription("there")
    wire = wire_of(viewer)
    answers = [wire.request(method, path.format(name), body) for name in ("there", "missing")]
    assert [refused(answer) for answer in answers] == [(403, "AuthorizationFailed")] * 2
    assert answers[0].content == answers[1].content
    assert all(wire.get(path).status_code == 200 for path in ("apis", "apis/there", "certificates", "subscriptions", "backends"))


def test_a_role_limits_what_the_person_may(publisher: User, wire: Wire) -> None:
    limited = Wire(token_for(publisher, role=VIEWERS))
    assert limited.get("apis").status_code == 200
    assert limited.put("apis/fresh", NEW_API).status_code == 403
    assert wire.put("apis/fresh", NEW_API).status_code == 201


def test_the_activity_log_names_the_person(publisher: User, wire: Wire) -> None:
    wire.put("apis/fresh", NEW_API)
    line = Activity.objects.get(event=Event.API_CREATED)
    assert (line.actor, line.subject_name) == (publisher, "fresh")


def test_many_failures_are_slowed_down_but_a_right_token_is_not(wire: Wire) -> None:
    answers = [wire.get("apis", Authorization=f"Bearer wrong{number}") for number in range(LIMIT + 1)]
    assert [answer.status_code for answer in answers] == [401] * LIMIT + [429]
    assert 800 < int(answers[-1]["Retry-After"]) <= 900
    assert wire.get("apis").status_code == 200


def test_one_wrong_token_from_many_addresses_is_slowed_down(wire: Wire) -> None:
    statuses = []
    for number in range(LIMIT + 1):
        wire.client = Client(REMOTE_ADDR=f"192.0.2.{number}")
        statuses.append(wire.get("apis", Authorization="Bearer wrong").status_code)
    assert statuses[-2:] == [401, 429]


@pytest.mark.parametrize("version", ["", "2017-12-31", "2017-03-01", "2999-01-01", "2024-13-01", "latest", "2024-05-01x"])
def test_an_unknown_api_version_is_refused(version: str, wire: Wire) -> None:
    wire.version = version
    assert wire.get("apis").status_code == 400


@pytest.mark.parametrize(
    "version",
    [
        *("2018-01-01", "2019-12-01-preview", "2020-12-01", "2021-08-01", "2022-08-01"),
        *("2023-05-01-preview", "2023-05-01-Preview", "2024-05-01", "2025-03-01-preview"),
    ],
)
def test_the_versions_from_first_to_last_are_served(version: str, wire: Wire) -> None:
    wire.version = version
    assert wire.get("apis").status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        S.lower() + "/apis?api-version=2022-08-01",
        S.upper() + "/APIS/orders?API-Version=2022-08-01",
        S + "/Apis/orders/Operations/everything?api-version=2022-08-01",
    ],
)
def test_the_words_of_an_address_count_in_whatever_case(address: str, wire: Wire) -> None:
    make_api("orders")
    answer = wire.client.get(f"/management{address}", headers={"Authorization": f"Bearer {wire.token}"})
    assert answer.status_code == 200


def test_the_service_says_that_it_is_there_and_where_its_gateway_is_called(wire: Wire) -> None:
    wire.prefix = wire.prefix.rpartition("/")[0]
    shown = read(wire.get("portal"))
    assert (shown["id"], shown["type"], shown["name"]) == (S, "Microsoft.ApiManagement/service", "portal")
    assert shown["properties"]["provisioningState"] == "Succeeded"
    assert shown["properties"]["gatewayUrl"] == f"http://{settings.GATEWAY_HOST}:{settings.GATEWAY_PORT}"
    assert {"location", "sku", "tags"} <= set(shown)
    assert {"publisherName", "publisherEmail", "managementApiUrl", "virtualNetworkType"} <= set(shown["properties"])
    assert wire.request("HEAD", "portal").content == b""
    assert refused(wire.put("portal", {})) == (405, "MethodNotAllowed")
    assert refused(wire.get("other")) == (404, "ResourceNotFound")


@pytest.mark.parametrize("group", ["", "/resourceGroups/group"])
def test_the_list_of_services_holds_this_one(wire: Wire, group: str) -> None:
    wire.prefix = f"/management/subscriptions/0000{group}/providers/Microsoft.ApiManagement"
    (service,) = read(wire.get("service"))["value"]
    assert (
        wire.client.get(
            f"/management{service['id']}/apis?api-version=2024-05-01", headers={"Authorization": f"Bearer {wire.token}"}
        ).status_code
        == 200
    )
    assert refused(wire.put("service", {})) == (405, "MethodNotAllowed")


def test_another_service_is_not_found(wire: Wire) -> None:
    wire.prefix = wire.prefix.replace("/portal", "/other")
    assert refused(wire.get("apis")) == (404, "ResourceNotFound")


def test_messages_come_in_the_language_that_is_asked_for(wire: Wire) -> None:
    assert read(wire.get("apis/none", Accept_Language="en"))["error"]["message"].startswith("There is no entity")


def test_answers_are_kept_nowhere_and_carry_an_id(wire: Wire) -> None:
    answer = wire.get("apis")
    assert answer["Cache-Control"] == "no-store"
    assert answer["x-ms-request-id"]
    assert not answer.has_header("Vary")
