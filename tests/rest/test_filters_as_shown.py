"""Whatever a list shows can be asked for as it is shown, and whoever deletes while walking through a list misses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.makers import make_api, make_certificate, make_subscription
from tests.rest.conftest import Wire, read

pytestmark = pytest.mark.django_db

KINDS = ("certificates", "apis", "apis/api-0/operations", "subscriptions", "backends")


@pytest.fixture
def filled(wire: Wire) -> Wire:
    """Return a client of a portal that has some of everything, with all that can be said of it and without."""
    for number in range(3):
        api = make_api(f"api-{number}", everything=False, service_url=f"https://{number}.example.com")
        make_certificate(f"certificate-{number}")
        make_subscription(f"subscription-{number}", api=api)
        wire.put(f"backends/backend-{number}", {"url": f"https://{number}.example.org", "protocol": "http"})
        wire.put(f"apis/api-0/operations/operation-{number}", {"displayName": "O", "method": "GET", "urlTemplate": f"/{number}"})
    said = {"description": "It's said", "termsOfServiceUrl": "https://a.example/terms", "contact": {"name": "Ö", "email": None}}
    settings = {"displayName": "A", "path": "a", "serviceUrl": "HTTPS://A.example", "subscriptionRequired": False}
    oauth = {"authenticationSettings": {"oAuth2": {"authorizationServerId": "company", "scope": None}}}
    assert wire.put("apis/said", {**settings, **said, **oauth, "license": {"name": "MIT"}}).status_code == 201
    operation = {"displayName": "Ö", "method": "POST", "urlTemplate": "größe", "description": "D", "request": {"description": "R"}}
    assert wire.put("apis/api-0/operations/said", operation).status_code == 201
    subscription = {"displayName": "S", "scope": "/apis", "state": "rejected", "allowTracing": True, "stateComment": "no", "ownerId": "me"}
    assert wire.put("subscriptions/said", subscription).status_code == 201
    backend = {
        "url": "https://B.example/",
        "protocol": "http",
        "title": "T",
        "description": "D",
        "tls": {"validateCertificateChain": False},
    }
    assert wire.put("backends/said", backend).status_code == 201
    return wire


def leaves(value: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield what an entity shows, with its path, but for lists."""
    for name, one in value.items():
        if isinstance(one, dict):
            yield from leaves(one, f"{path}{name}/")
        elif not isinstance(one, list):
            yield f"{path}{name}", one


def literal(value: Any) -> str:
    """Return how a value is written in a filter."""
    if value is None or isinstance(value, bool):
        return str(value).lower().replace("none", "null")
    return "'" + str(value).replace("'", "''") + "'"


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_shown_is_found_as_it_is_shown(filled: Wire, kind: str) -> None:
    entities = read(filled.get(kind))["value"]
    for entity in entities:
        for path, value in leaves({"id": entity["id"], "name": entity["name"], **entity["properties"]}):
            for word, found in (("eq", True), ("ne", False)):
                answer = filled.get(f"{kind}?$filter={quote(f'{path} {word} {literal(value)}')}")
                assert answer.status_code == 200, answer.content
                assert (entity["name"] in {one["name"] for one in read(answer)["value"]}) == found, (path, word, value)


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("subscriptionRequired eq false", {"said"}),
        ("properties/contact/name eq 'Ö' and contains(license/name,'mi')", {"said"}),
        ("termsOfServiceUrl ne null", {"said"}),
        ("description eq null or description eq ''", {"api-0", "api-1", "api-2"}),
        ("description gt null", set()),
        ("apiRevision eq '1' and type eq 'http' and isOnline eq true", {"api-0", "api-1", "api-2", "said"}),
        ("authenticationSettings/oAuth2/authorizationServerId eq 'company'", {"said"}),
        ("not (serviceUrl eq 'HTTPS://A.example')", {"api-0", "api-1", "api-2"}),
        ("endswith(id,'/API-1')", {"api-1"}),
        ("protocols ne 'http' and startswith(protocols,'HTTP')", {"api-0", "api-1", "api-2", "said"}),
    ],
)
def test_conditions_on_what_is_shown(filled: Wire, condition: str, found: set[str]) -> None:
    answer = filled.get(f"apis?$filter={quote(condition)}")
    assert {one["name"] for one in read(answer)["value"]} == found


@pytest.mark.parametrize("condition", ["subscriptionRequired eq 'perhaps'", "contains(subscriptionRequired,'t')", "inventions eq 'x'"])
def test_what_makes_no_sense_is_refused_by_name(filled: Wire, condition: str) -> None:
    answer = filled.get(f"apis?$filter={quote(condition)}")
    assert (answer.status_code, read(answer)["error"]["details"][0]["target"]) == (400, "$filter")


def test_whoever_deletes_while_walking_misses_nothing(wire: Wire) -> None:
    names = [f"certificate-{number}" for number in range(9)]
    for name in names:
        make_certificate(name)
    page = read(wire.get("certificates?$top=2&$filter=startswith(name,'certificate')"))
    seen = []
    while page["value"]:
        for one in page["value"]:
            seen.append(one["name"])
            assert wire.delete(f"certificates/{one['name']}").status_code == 200
        if page["nextLink"] is None:
            break
        answer = wire.client.get(page["nextLink"].removeprefix("http://testserver"), headers={"Authorization": f"Bearer {wire.token}"})
        page = answer.json()
        assert page["count"] == len(names) - len(seen)
    assert seen == names


@pytest.mark.parametrize("token", ["%FF", "a", "AA==", "ö"])
def test_a_token_of_somebody_else_is_refused(wire: Wire, token: str) -> None:
    answer = wire.get(f"apis?$skiptoken={token}")
    assert (answer.status_code, read(answer)["error"]["details"][0]["target"]) == (400, "$skiptoken")
