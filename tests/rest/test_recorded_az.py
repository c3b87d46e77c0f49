"""The command-line client's requests, as ``walk_of_az.py`` has recorded them: each command of the portal's kinds, answered as it needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.rest.conftest import token_for
from tests.rest.walk_of_az import OURS

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
RECORDED: list[dict[str, Any]] = json.loads((Path(__file__).parent / "recorded" / "az.json").read_text(encoding="utf-8"))


_AS_PUBLISHED = {"apim api revision list"}  # its request is one of the published examples


def test_every_command_of_our_kinds_is_among_those_recorded() -> None:
    assert len(OURS) == 29
    assert OURS - {one["command"] for one in RECORDED} <= _AS_PUBLISHED


def test_what_each_command_asks_for_is_answered(client: Client, publisher: Any) -> None:
    token = token_for(publisher)
    for one in RECORDED:
        answer = client.generic(
            one["method"],
            one["path"],
            one["body"],
            content_type="application/json",
            headers={"authorization": f"Bearer {token}", **one["headers"]},
        )
        assert answer.status_code == one["status"], (one["command"], answer.content)
        _tells(answer.content, one["answer"])


def _tells(answer: bytes, recorded: dict[str, Any]) -> None:
    """Go on only if an answer holds the properties that were recorded, whatever moments and links it names."""
    found = json.loads(answer or b"{}")
    assert recorded.keys() <= found.keys()
    told = {name for name in recorded if name in {"properties", "value", "name", "type"}}
    for name in told - {"value"}:
        assert type(found[name]) is type(recorded[name])
        assert not isinstance(found[name], dict) or found[name].keys() == recorded[name].keys()
    if isinstance(recorded.get("value"), list):
        assert [one["name"] for one in found["value"]] == [one["name"] for one in recorded["value"]]
