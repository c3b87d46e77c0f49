"""A rich configuration comes back as it was, and from any configuration any other one is reached, with nothing left to change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apis.backends.models import BackEnd, BackEndPassword
from apis.models import Api, BasicCredentials
from apis.named_values.actions import Chosen, change
from apis.named_values.models import NamedValue
from apis.policies.actions import put_service_document
from certificates.sealing import Secret
from kit.issuing import issue
from rest.configuration.context import Context
from rest.configuration.exporting import configuration
from rest.configuration.importing import bring_about
from rest.configuration.secrets.given import Given
from rest.configuration.secrets.sealed import Keys
from rest.configuration.text import read, write
from tests.rest.declared.files import applied, exported

pytestmark = pytest.mark.django_db
ROOTS = [issue(name, authority=True).pem for name in ("one", "two", "three")]
_NAMES = st.sampled_from(["a", "b", "c", "证书", "D 1"])
_TEXTS = st.text(
    st.characters(categories=["L", "N", "P", "Zs"], exclude_characters="\u3164\uffa0\u115f\u1160"), min_size=1, max_size=12
).filter(lambda text: text.strip() == text)


def _named(entries: st.SearchStrategy[dict[str, Any]], most: int = 4) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.dictionaries(_NAMES, entries, max_size=most).map(lambda found: [{"name": name, **one} for name, one in sorted(found.items())])


_OPERATIONS = st.lists(st.tuples(_NAMES, st.sampled_from(["GET", "POST", "*"]), st.sampled_from(["/", "/x", "/{id}"])), max_size=3).map(
    lambda found: [
        {
            "name": name,
            "display_name": name,
            "method": method,
            "url_template": template,
            "documentation": {"responses": [{"statusCode": 200}]},
        }
        for name, method, template in {one[0]: one for one in {one[1:]: one for one in found}.values()}.values()
    ]
)
_CALLS = st.fixed_dictionaries(
    {
        "connect_seconds": st.integers(1, 60),
        "idle_seconds": st.none() | st.integers(1, 3600),
        "retry_calls": st.booleans(),
        "cors": st.sampled_from(["none", "back-end"]),
    }
)
_SECURITY = st.fixed_dictionaries(
    {
        "validate_certificate_chain": st.just(True),
        "validate_certificate_name": st.booleans(),
        "trusted_authority": st.just(""),
        "protocol": st.sampled_from(["auto", "http1"]),
        "older_servers": st.booleans(),
    }
)
_URLS = ["https://a.example.com", "https://b.example.com/base", "http://c.example.com", "https://{{stage}}/base"]
_BACKENDS = _named(
    st.fixed_dictionaries({"title": _TEXTS, "connect_seconds": st.integers(1, 60)}).flatmap(
        lambda one: st.sampled_from([{"url": url} for url in _URLS]).map(lambda where: one | where)
    )
)
_APIS = _named(
    st.fixed_dictionaries(
        {
            "display_name": _TEXTS,
            "service_url": st.sampled_from(_URLS),
            "subscription_required": st.booleans(),
            "security": _SECURITY,
            "calls": _CALLS,
            "documentation": st.sampled_from([{}, {"contact": {"name": "Ann"}, "termsOfServiceUrl": "https://a.example.com/terms"}]),
            "operations": _OPERATIONS,
        }
    )
)


@st.composite
def _documents(draw: st.DrawFn) -> dict[str, Any]:
    """Make a consistent configuration: paths and certificates are each somebody's alone, what is named is there."""
    apis = draw(_APIS)
    for api, path in zip(apis, draw(st.permutations(["", "p", "q", "r/s", "t"])), strict=False):
        api["path"] = path
    authorities = draw(_named(st.just({}), 3))
    for authority, pem in zip(authorities, draw(st.permutations(ROOTS)), strict=False):
        authority["certificates"] = pem
    scopes = ["all-apis", *(f"api:{api['name']}" for api in apis)]
    states = st.sampled_from(["active", "suspended"])
    subscriptions = draw(_named(st.fixed_dictionaries({"display_name": _TEXTS, "scope": st.sampled_from(scopes), "state": states})))
    channels = draw(_named(st.sampled_from([{"kind": "mail", "address": "a@example.com", "language": code} for code in ("en", "zh-hans")])))
    return {
        "version": 1,
        "named_values": [{"name": "stage", "display_name": "stage", "value": draw(st.sampled_from(["a.example.com", "d.example.com"]))}],
        "authorities": authorities,
        "backends": draw(_BACKENDS),
        "apis": apis,
        "subscriptions": subscriptions,
        "channels": channels,
        "notices": {"thresholds": draw(st.sampled_from([[30, 7], [0]])), "weekly": draw(st.none() | st.integers(0, 6))},
        "sign_in": {"second_factor": draw(st.sampled_from([[], ["Administrators"]]))},
    }


def _bring(document: Any) -> list[str]:
    context = Context(given=Given(), by=None, now=timezone.now(), delete=True)
    return [str(change) for change in bring_about(document, context, Keys()).changes]


def _holds(found: Any, wanted: Any) -> bool:
    """Return whether *found* says what *wanted* says; it may say more."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(_holds(found.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, list) and wanted and isinstance(wanted[0], dict) and "name" in wanted[0]:
        there = {one["name"]: one for one in found}
        return there.keys() == {one["name"] for one in wanted} and all(_holds(there[one["name"]], one) for one in wanted)
    return bool(found == wanted)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(first=_documents(), second=_documents())
def test_from_any_configuration_any_other_is_reached_and_comes_back_as_it_was(first: Any, second: Any, db: None) -> None:
    with transaction.atomic():
        for document in (first, second):
            _bring(document)
            again = read(write(configuration()))
            assert _holds(again, document)
            assert _bring(again) == []
            assert _bring(document) == []
        transaction.set_rollback(True)


def test_named_values_and_policies_are_brought_to_an_empty_portal(rich: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    document = exported("--secrets", "files")
    kept = {section: document[section] for section in ("version", "named_values", "policy")}
    api = {name: document["apis"][0][name] for name in ("name", "display_name", "service_url", "path", "policy", "operations")}
    put_service_document("", by=None, now=timezone.now())
    Api.objects.all().delete()
    NamedValue.objects.all().delete()
    applied({**kept, "apis": [api]}, tmp_path)
    again = exported()
    assert again["policy"] == document["policy"]
    assert again["apis"][0]["operations"] == document["apis"][0]["operations"]
    assert NamedValue.objects.get(name="token").text() == "sesame"


def test_a_password_that_is_a_named_value_stays_one(rich: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    document = exported("--secrets", "files")
    reference = {"named_value": "token"}
    refunds = next(one for one in document["apis"] if one["name"] == "refunds")
    assert refunds["security"]["password"] == reference
    assert next(one for one in document["backends"] if one["name"] == "through")["password"] == reference
    assert "sesame" not in "".join(path.read_text() for path in tmp_path.rglob("*password*") if path.is_file())
    for rows in (Api, BackEnd, NamedValue):
        rows.objects.all().delete()
    put_service_document("", by=None, now=timezone.now())
    applied({name: document[name] for name in ("version", "named_values", "backends", "apis", "certificates", "authorities")}, tmp_path)
    changed = Chosen(display_name="token", value=Secret(b"open"), secret=True)
    change(NamedValue.objects.get(name="token"), changed, by=None, now=timezone.now())
    assert {row.opened() for kind in (BasicCredentials, BackEndPassword) for row in kind.objects.exclude(written_password="")} == {
        Secret(b"open")
    }


def test_a_password_becomes_a_named_value_and_a_word_again(rich: Api, tmp_path: Path) -> None:
    (tmp_path / "word").write_text("sesame\n")
    for reference, kept in (({"named_value": "token"}, "{{token}}"), ({"file": "word"}, "")):
        security = {"credentials": "basic", "username": "svc", "password": reference}
        applied({"version": 1, "apis": [{"name": "returns", "security": security}]}, tmp_path)
        assert Api.objects.get(name="returns").basic_credentials.written_password == kept


def test_a_rich_configuration_comes_back_with_no_differences(rich: Any, tmp_path: Any) -> None:
    document = exported("--secrets", "environment")
    assert all(
        document[section]
        for section in ("named_values", "certificates", "server_certificates", "authorities", "backends", "apis", "subscriptions")
    )
    document = exported()
    assert applied(document, tmp_path, "--delete-unmentioned") == []
    assert exported() == document
