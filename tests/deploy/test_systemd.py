"""The systemd units: systemd finds no fault with them, their sandbox is as tight as is said, and they start what there is."""

from __future__ import annotations

import re
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest

from portal.serving import procfile
from tests.debian import program
from tests.processes import PROJECT

UNITS = sorted((PROJECT / "deploy" / "systemd").glob("*.service"))
SECRETS = {"encryption-keys", "secret-key"}
MOST_EXPOSED = 25  # of 100, as `systemd-analyze security` reckons; above 50 it says "medium"
_PYTHON = "/usr/lib/publisher-portal/.venv/bin/python"


def said(unit: Path, name: str) -> list[str]:
    """Return what a unit says under *name*, as often as it does."""
    return re.findall(rf"^{name}=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)


def installed(folder: Path) -> list[Path]:
    """Return the units as on a machine where Python is where they look for it."""
    units = [folder / unit.name for unit in UNITS]
    for unit, source in zip(units, UNITS, strict=True):
        unit.write_text(source.read_text(encoding="utf-8").replace(_PYTHON, sys.executable), encoding="utf-8")
    return units


def test_systemd_finds_no_fault_with_them(tmp_path: Path) -> None:
    command: list[str | Path] = [program("systemd-analyze"), "verify", "--man=no", *installed(tmp_path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    ours = [line for line in answer.stderr.splitlines() if "publisher-" in line]
    assert (answer.returncode, ours) == (0, [])


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_each_is_sandboxed(unit: Path) -> None:
    command: list[str | Path] = [
        program("systemd-analyze"),
        "security",
        "--offline=true",
        "--no-pager",
        f"--threshold={MOST_EXPOSED}",
        unit,
    ]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert answer.returncode == 0, answer.stdout
    assert said(unit, "ProtectSystem") == ["strict"]
    assert said(unit, "NoNewPrivileges") == ["yes"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_each_starts_what_the_procfile_does(unit: Path) -> None:
    commands = {command.removeprefix("exec python ") for command in procfile((PROJECT / "Procfile").read_text(encoding="utf-8")).values()}

    assert said(unit, "ExecStart")[0].removeprefix(f"{_PYTHON} ") in commands | {"manage.py setup"}


def test_secrets_come_as_credentials_and_the_gateway_gets_none() -> None:
    for unit in UNITS:
        credentials = {line.partition(":")[0] for line in said(unit, "LoadCredential")}
        assert credentials == (set() if unit.stem == "publisher-gateway" else SECRETS)
        for line in said(unit, "Environment"):
            assert not re.search(r"(KEYS?|PASSWORD|DATABASE_URL)=", line)


def test_the_drop_in_for_postgresql_adds_its_address() -> None:
    parser = RawConfigParser()
    parser.read(PROJECT / "deploy" / "systemd" / "postgresql.conf")

    assert parser["Service"]["LoadCredential"].startswith("database-url:")
    assert parser["Service"]["Environment"] == "DATABASE_URL_FILE=%d/database-url"


def test_only_the_processes_that_tell_are_waited_for() -> None:
    waited = {unit.stem for unit in UNITS if said(unit, "Type") == ["notify"]}

    assert waited == {"publisher-portal", "publisher-portal-xds", "publisher-gateway"}
