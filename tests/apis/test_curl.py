"""The line for a shell does what the Test tab did, and holds no secret."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest

from apis.console.curl import Call, curl
from tests import debian
from tests.gateway.backends import Backend

KEY = "5e6f7a8b" * 4


def call(**more: Any) -> Call:
    chosen: dict[str, Any] = {"method": "GET", "url": "http://127.0.0.1:8080/orders/1", "headers": {}, "body": "", "sends_key": False}
    return Call(key_header="Ocp-Apim-Subscription-Key", key_query="subscription-key", **chosen | more)


def run(line: str, **variables: str) -> dict[str, Any]:
    """Carry the line out as a shell does; return what the server has seen."""
    said = subprocess.run(
        ["sh", "-c", line.replace("curl ", f"{debian.program('curl')} -s ", 1)],
        env={"PATH": os.environ["PATH"]} | variables,
        capture_output=True,
        check=True,
        timeout=30,
    )
    return dict(json.loads(said.stdout))


@pytest.mark.parametrize(
    ("method", "target", "headers", "body"),
    [
        ("GET", "/orders/1?page=2&size=10", {}, ""),
        ("POST", "/orders", {"Content-Type": "application/json"}, '{"it\'s": "$HOME `id` \\n"}'),
        ("POST", "/orders", {}, "@/etc/passwd"),
        ("PUT", "/a%20b/{x}/[1]", {"X-Quote": 'it\'s "$HOME" `id`'}, "two\nlines"),
        ("DELETE", "/orders/../1", {"X-$(id)`": "1"}, ""),
    ],
)
def test_a_shell_sends_what_was_sent(method: str, target: str, headers: dict[str, str], body: str) -> None:
    with Backend() as backend:
        url = f"http://127.0.0.1:{backend.port}{target}"
        seen = run(curl(call(method=method, url=url, headers=headers, body=body, sends_key=True)), SUBSCRIPTION_KEY=KEY)
    assert (seen["method"], seen["target"], seen["body"]) == (method, target, body)
    arrived = dict(tuple(pair) for pair in seen["headers"])
    assert arrived["ocp-apim-subscription-key"] == KEY
    assert {name.lower(): value for name, value in headers.items()}.items() <= arrived.items()
    assert ("content-type" in arrived) is ("Content-Type" in headers)


@pytest.mark.parametrize(
    "secret",
    [
        {"headers": {"Ocp-Apim-Subscription-Key": KEY}},
        {"headers": {"Authorization": f"Bearer {KEY}"}},
        {"headers": {"cookie": f"session={KEY}", "X-Auth-Token": KEY}},
        {"url": f"http://127.0.0.1:8080/orders?subscription-key={KEY}&page=2"},
        {"url": f"http://127.0.0.1:8080/orders?page=2&subscription%2Dkey={KEY}"},
        {"url": f"http://127.0.0.1:8080/orders?access_token={KEY}"},
    ],
)
def test_a_secret_that_was_typed_is_left_to_a_variable(secret: dict[str, Any]) -> None:
    line = curl(call(**secret))
    assert KEY not in line
    assert '"${' in line


def test_a_long_body_is_read_from_a_file() -> None:
    line = curl(call(method="POST", body="x" * 5000))
    assert "--data-binary @body" in line
    assert "xxx" not in line
