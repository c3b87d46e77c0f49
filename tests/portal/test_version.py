"""The version: in one place, and told wherever somebody who looks for a fault asks."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib

from django.test import Client

from portal import __version__
from supply.bill import bill
from tests.processes import PROJECT


def test_the_command_line_tells_it() -> None:
    told = subprocess.run([sys.executable, "manage.py", "--version"], cwd=PROJECT, capture_output=True, text=True, check=True)

    assert told.stdout == f"{__version__}\n"


def test_every_page_tells_it_to_whoever_is_signed_in_and_to_nobody_else(signed_in: Client) -> None:
    assert f"Publisher portal {__version__}" in signed_in.get("/").text
    assert __version__ not in Client().get("/accounts/login/").text


def test_health_and_the_bill_of_materials_tell_it(db: None) -> None:
    assert Client().get("/readyz").json()["version"] == __version__
    assert json.loads(bill([], {}))["metadata"]["component"]["version"] == __version__


def test_the_project_file_takes_it_from_the_package() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))

    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "portal.__version__"}
