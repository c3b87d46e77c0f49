"""``manage.py configuration``: plan in sentences, apply until it is live, overlays."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apis import actions
from apis.models import Api, Credentials
from kit.issuing import issue
from portal.activity import last_line
from tests.makers import make_api, make_certificate, make_counts, make_gateway
from tests.rest.declared.files import exported, ran, written

pytestmark = pytest.mark.django_db


def told(what: str, document: Any, folder: Path, *options: str) -> str:
    """Return what the command tells people."""
    output = io.StringIO()
    call_command("configuration", what, str(written(document, folder)), *options, stdout=output, stderr=output)
    return output.getvalue()


def orders(**values: Any) -> Any:
    return {"version": 1, "apis": [{"name": "orders", **values}]}


class TestPlan:
    def test_it_says_in_sentences_what_would_change_and_whose_calls_that_touches(self, tmp_path: Path) -> None:
        api = make_api("orders")
        make_counts(api, ok=7, server_error=1)
        document = orders(path="buy", calls={"idle_seconds": 5, "retry_calls": False})
        assert told("plan", document, tmp_path) == (
            "~ API “orders”: “Web API URL suffix” becomes “buy”; it was “orders”.\n"
            "  It touches 8 calls of the last hour: orders (8).\n"
            "~ API “orders”: “Time without a byte” becomes “5”; it was empty.\n"
            "~ API “orders”: “Try safe calls again” becomes off; it was on.\n"
            "  It touches 8 calls of the last hour: orders (8).\n"
            "2 changes would be made.\n"
        )
        assert Api.objects.get().path == "orders"

    def test_a_certificate_touches_the_calls_of_what_presents_it(self, tmp_path: Path) -> None:
        certificate = make_certificate("client")
        chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)
        make_counts(actions.secure_api(make_api("orders"), chosen, by=None, now=timezone.now()), ok=3)
        make_counts(make_api("others"), ok=100)
        (tmp_path / "renewed.pfx").write_bytes(issue("client").pfx_file(""))
        plan = ran("plan", {"version": 1, "certificates": [{"name": "client", "pfx": "renewed.pfx"}]}, tmp_path)
        assert plan["touched"] == {"~ certificates/client": {"orders": 3}}

    def test_the_exit_code_tells_whether_anything_would_change_if_asked(self, tmp_path: Path) -> None:
        make_api("orders")
        told("plan", exported(), tmp_path, "--exit-code")
        with pytest.raises(SystemExit) as code:
            told("plan", orders(path="buy"), tmp_path, "--exit-code")
        assert code.value.code == 2


class TestApply:
    def test_it_waits_until_everything_is_live(self, tmp_path: Path) -> None:
        make_api("orders")
        make_gateway(applied_change=last_line() + 100)
        assert "Live on every connected gateway." in told("apply", orders(path="buy"), tmp_path, "--wait")

    @pytest.mark.parametrize(
        ("connected", "words"), [(True, "not live everywhere after 0 seconds: orders"), (False, "no gateway is connected")]
    )
    def test_what_is_not_live_has_an_exit_code_of_its_own(self, tmp_path: Path, words: str, *, connected: bool) -> None:
        make_api("orders")
        make_gateway(connected=connected)
        with pytest.raises(CommandError, match=words) as refusal:
            told("apply", orders(path="buy"), tmp_path, "--wait", "--timeout", "0")
        assert refusal.value.returncode == 3
        assert Api.objects.get().path == "buy"

    def test_what_was_deleted_is_waited_for_as_well(self, tmp_path: Path) -> None:
        make_api("orders")
        make_gateway()
        with pytest.raises(CommandError, match="not live everywhere after 0 seconds: orders"):
            told("apply", {"version": 1, "apis": []}, tmp_path, "--delete-unmentioned", "--wait", "--timeout", "0")

    def test_an_overlay_says_what_differs_here(self, tmp_path: Path) -> None:
        make_api("orders")
        over = written(orders(service_url="https://production.example.com"), tmp_path, "prod.yaml")
        told("apply", orders(service_url="https://test.example.com", path="buy"), tmp_path, "--overlay", str(over))
        assert (Api.objects.get().service_url, Api.objects.get().path) == ("https://production.example.com", "buy")

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("- a\n", "is no object"),
            ("version: 1\nversion: 1\n", "stands twice"),
            ("version: 1\napis: [{name: a}, {name: a}]\n", "two entries of this name"),
        ],
    )
    def test_an_overlay_that_cannot_be_is_refused(self, text: str, words: str, tmp_path: Path) -> None:
        make_api("orders")
        (tmp_path / "prod.yaml").write_text(text)
        with pytest.raises(CommandError, match=words):
            told("apply", orders(path="buy"), tmp_path, "--overlay", str(tmp_path / "prod.yaml"))
        assert Api.objects.get().path == "orders"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"none\.yaml cannot be read"):
        call_command("configuration", "plan", str(tmp_path / "none.yaml"))
