"""The JSON schema for editors: made of the definition that reads files, so both say the same."""

from __future__ import annotations

import io
import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from notices import actions as notices
from rest.configuration.text import write
from tests.makers import make_api, make_authority, make_certificate, make_channel, make_server_certificate, make_subscription
from tests.rest.declared.files import exported, ran

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@cache
def _schema() -> Any:
    output = io.StringIO()
    call_command("configuration", "schema", stdout=output)
    return json.loads(output.getvalue())


def _is_taken(document: Any) -> bool:
    """Return whether another reader of JSON schemas, such as an editor has, takes *document*."""
    return bool(jsonschema.Draft202012Validator(_schema()).is_valid(document))


def test_it_is_a_schema_and_describes_what_it_names() -> None:
    jsonschema.Draft202012Validator.check_schema(_schema())
    api = _schema()["properties"]["apis"]["items"]["properties"]
    assert api["path"]["description"] == "Web API URL suffix"
    assert api["security"]["properties"]["credentials"]["enum"] == ["none", "basic", "client-certificate", "shared-secret", "oauth2"]
    assert api["calls"]["properties"]["connect_seconds"] | {"description": ""} == {
        "type": "integer",
        "minimum": 1,
        "maximum": 60,
        "description": "",
    }


def test_whatever_is_exported_is_taken() -> None:
    make_certificate("client")
    make_server_certificate("api.example.com")
    make_authority("root")
    make_subscription("shop", api=make_api("orders"))
    make_channel("team")
    notices.schedule(thresholds=[30, 0], weekly=None, by=None, now=timezone.now())
    assert _is_taken(exported())
    assert _is_taken(exported("--secrets", "environment"))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"version": 2}, "version"),
        ({"products": []}, "products"),
        ({"apis": {}}, "apis"),
        ({"apis": [{"path": "x"}]}, "apis.1.name"),
        ({"apis": [{"name": ""}]}, "apis.1.name"),
        ({"apis": [{"name": "a", "colour": "red"}]}, "apis.a.colour"),
        ({"apis": [{"name": "a", "security": {"credentials": "magic"}}]}, "apis.a.security.credentials"),
        ({"apis": [{"name": "a", "security": {"password": "plain"}}]}, "apis.a.security.password"),
        ({"apis": [{"name": "a", "calls": {"connect_seconds": 61}}]}, "apis.a.calls.connect_seconds"),
        ({"apis": [{"name": "a", "calls": {"idle_seconds": "5"}}]}, "apis.a.calls.idle_seconds"),
        ({"apis": [{"name": "a", "callers": {"hosts": ["x", 5]}}]}, "apis.a.callers.hosts"),
        ({"apis": [{"name": "a", "operations": [{"name": "o", "method": 5}]}]}, "apis.a.operations.o.method"),
        ({"apis": [{"name": "a", "documentation": {"spelled": {"path": "x"}}}]}, "apis.a.documentation.spelled.path"),
        ({"subscriptions": [{"name": "s", "state": "sleeping"}]}, "subscriptions.s.state"),
        ({"certificates": [{"name": "c", "rules": {"window_from": "25:00"}}]}, "certificates.c.rules.window_from"),
        ({"certificates": [{"name": "c", "source": {}}]}, "certificates.c.source.kind"),
        ({"channels": [{"name": "c", "kind": "pigeon"}]}, "channels.c.kind"),
        ({"notices": {"weekly": 7}}, "notices.weekly"),
        ({"sign_in": {"second_factor": ["Everybody"]}}, "sign_in.second_factor.1"),
    ],
)
def test_what_an_editor_marks_is_refused_there_and_what_it_does_not_mark_is_read(change: Any, named: str, tmp_path: Path) -> None:
    document = {"version": 1, **change}
    assert not _is_taken(document)
    with pytest.raises(CommandError, match="Nothing was changed") as refusal:
        ran("apply", document, tmp_path)
    assert f"\n{named}: " in str(refusal.value)


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    document = {
        "version": 3,
        "colour": "red",
        "apis": [{"name": "a", "path": 5}, {"name": "a"}],
        "authorities": [{"name": "X"}, {"name": "x"}],
    }
    with pytest.raises(CommandError) as refusal:
        ran("apply", document, tmp_path)
    told = str(refusal.value)
    assert "\napis.a: There are two entries of this name" in told
    del document["apis"], document["authorities"]
    (tmp_path / "other.yaml").write_text(write(document))
    with pytest.raises(CommandError) as refusal:
        call_command("configuration", "plan", str(tmp_path / "other.yaml"))
    assert "\nversion: " in str(refusal.value)
    assert "\ncolour: This is not known." in str(refusal.value)


@pytest.mark.parametrize(
    "document",
    [
        {"apis": [{"name": "a"}, {"name": "a"}]},
        {"authorities": [{"name": "Root"}, {"name": "root"}]},
        {"apis": [{"name": "a", "operations": [{"name": "o"}, {"name": "o"}]}]},
    ],
)
def test_a_name_stands_once(document: Any, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There are two entries of this name"):
        ran("apply", {"version": 1, **document}, tmp_path)
