"""What browsers are told by every kind of answer: pages, static files, the REST API, refusals."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.processes import PROJECT

# A portal of its own settings, which are read once: its answers to GET, by path.
_ASK = """
import json, sys
import django
django.setup()
from django.conf import settings
settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
settings.ALLOWED_HOSTS = ["testserver"]
from django.test import Client
client = Client(raise_request_exception=False, headers={"x-forwarded-proto": "https"})
answers = {}
for path in json.loads(sys.argv[1]):
    answer = client.get(path)
    answers[path] = {
        "status": answer.status_code,
        "headers": {name.lower(): value for name, value in answer.items()},
        "cookies": {name: [one["secure"], one["path"], one["domain"]] for name, one in answer.cookies.items()},
    }
print(json.dumps(answers))
"""
PATHS = {
    "/accounts/login/": 200,
    "/healthz": 200,
    "/readyz": 503,
    "/static/some.css": 200,
    "/static/missing.css": 404,
    "/management/apis?api-version=1": 401,
    "/apis/": 302,
}


@cache
def answers(home: Path, proxy: str) -> dict[str, Any]:
    static = home / "static"
    static.mkdir(exist_ok=True)
    (static / "some.css").write_text("a{}")
    own = {
        "PORTAL_HOME": str(home),
        "PORTAL_SECRET_KEY": "x",
        "PORTAL_BEHIND_TLS_PROXY": proxy,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }
    command = [sys.executable, "-c", _ASK, json.dumps(list(PATHS))]
    ended = subprocess.run(command, cwd=PROJECT, env={"PATH": os.environ["PATH"], **own}, capture_output=True, text=True, check=True)
    said: dict[str, Any] = json.loads(ended.stdout)
    return said


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("proxy", ["", "1"])
def test_every_answer_carries_the_policies(home: Path, proxy: str, path: str) -> None:
    answer = answers(home, proxy)[path]
    headers = answer["headers"]

    assert answer["status"] == PATHS[path]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"
    assert "access-control-allow-origin" not in headers
    assert headers.get("strict-transport-security", "") == ("max-age=31536000" if proxy else "")


def test_behind_tls_cookies_are_of_this_host_alone(home: Path) -> None:
    cookies = answers(home, "1")["/accounts/login/"]["cookies"]

    assert cookies
    for name, (secure, path, domain) in cookies.items():
        assert name.startswith("__Host-")
        assert (secure, path, domain) == (True, "/", "")


def test_without_tls_they_have_plain_names(home: Path) -> None:
    assert set(answers(home, "")["/accounts/login/"]["cookies"]) == {"csrftoken"}
