"""What tests of the REST API stand on: tokens, and a client that speaks as others do on the wire."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from rest import actions

S = "/subscriptions/0000/resourceGroups/group/providers/Microsoft.ApiManagement/service/portal"
VERSION = "2024-05-01"
# Runs on SQLite alone, and makes its cases while it is collected: ten seconds of a processor in each worker.
collect_ignore = ["test_openapi.py"] if connection.vendor == "postgresql" else []


def token_for(user: User, *, role: str = "", **options: Any) -> str:
    """Return a new token that acts for *user*."""
    made = actions.create_token(user, name="tests", role=role, by=user, now=timezone.now(), **options)
    return made.token.value.decode()


@dataclass
class Wire:
    """A client of the REST API: requests as they are on the wire, answers as they come."""

    token: str
    version: str = VERSION
    prefix: str = f"/management{S}"
    client: Client = field(default_factory=Client)

    def request(self, method: str, path: str, body: Any = b"", /, **headers: str) -> HttpResponse:
        """Send a request for a path below the service; a *body* of bytes is sent as it is; header names are keywords (``If_Match``)."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self.token}"} | {name.replace("_", "-"): value for name, value in headers.items()}
        kind = sent.pop("Content-Type", "application/json")
        address = f"{self.prefix}/{path}"
        address += ("&" if "?" in path else "?") + f"api-version={self.version}" if self.version else ""
        answer = self.client.generic(method, address, content, content_type=kind, headers=sent)
        assert not answer.cookies
        assert isinstance(answer, HttpResponse)
        return answer

    def get(self, path: str, /, **headers: str) -> HttpResponse:
        return self.request("GET", path, **headers)

    def put(self, path: str, properties: dict[str, Any], /, **headers: str) -> HttpResponse:
        return self.request("PUT", path, {"properties": properties}, **headers)

    def patch(self, path: str, properties: dict[str, Any], /, **headers: str) -> HttpResponse:
        return self.request("PATCH", path, {"properties": properties}, **headers)

    def delete(self, path: str, /, **headers: str) -> HttpResponse:
        return self.request("DELETE", path, **headers)

    def post(self, path: str, /, **headers: str) -> HttpResponse:
        return self.request("POST", path, **headers)


def read(answer: Any) -> Any:
    """Return the JSON of an answer."""
    return json.loads(answer.content)


def targets(answer: HttpResponse) -> list[str]:
    """Return the fields that a refusal names."""
    return [detail["target"] for detail in read(answer)["error"]["details"]]


@pytest.fixture
def wire(publisher: User) -> Wire:
    """Return a client with a publisher's token."""
    return Wire(token_for(publisher))


@pytest.fixture
def wire_of() -> Callable[[User], Wire]:
    """Return a maker of clients with a person's token."""
    return lambda user: Wire(token_for(user))
