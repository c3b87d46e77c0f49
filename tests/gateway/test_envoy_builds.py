"""Another Envoy than the one from PyPI: which are taken, which are taken with a word of warning, and which are refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.core.checks import run_checks
from pytest_django.fixtures import Settings

from gateway.agent import envoy
from kit.ports import free_ports
from tests.processes import PROJECT, processes_of

pytestmark = pytest.mark.any_database


def one_that_says(folder: Path, edit: str) -> Path:
    """Return the real Envoy, which says of itself what ``sed`` makes of the truth."""
    script = folder / "envoy"
    truth = f"'{envoy.binary()}' --version | sed '{edit}'"
    script.write_text(f'#!/bin/sh\n[ "$1" != --version ] || exec sh -c "{truth}"\nexec \'{envoy.binary()}\' "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return script


def found(level: str) -> list[str]:
    """Return what the start says of Envoy."""
    return [str(one.msg) for one in run_checks(databases=["default"]) if one.id == f"gateway.{level}001"]


@pytest.mark.django_db
def test_the_version_that_was_tested_is_taken_from_wherever_it_lies(settings: Settings, tmp_path: Path) -> None:
    settings.GATEWAY_ENVOY = str(shutil.copy(envoy.binary(), tmp_path / "envoy-of-our-own"))

    assert envoy.binary() == str(tmp_path / "envoy-of-our-own")
    assert found("E") == found("W") == []
    assert envoy.chosen_agent().envoy == "1.40.0"


@pytest.mark.django_db
@pytest.mark.parametrize("version", ["1.41.0", "2.0.3", "1.100.1-dev"])
def test_a_later_one_is_taken_with_a_word(settings: Settings, tmp_path: Path, version: str) -> None:
    settings.GATEWAY_ENVOY = str(one_that_says(tmp_path, f"s/1[.]40[.]0/{version}/"))

    assert found("E") == []
    assert found("W") == [f"{tmp_path}/envoy is Envoy {version}; this portal was tested with 1.40."]
    assert envoy.chosen_agent().envoy == version


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        ("s/1[.]40[.]0/1.39.3/", "is Envoy 1.39.3, which knows too little: 1.40 or later is needed"),
        ("s/BoringSSL/OpenSSL/", "speaks TLS by OpenSSL: certificates and connections are judged as BoringSSL does"),
        ("s/version/variant/", "is no Envoy: it does not say its version as Envoy does"),
    ],
)
def test_one_that_would_misunderstand_is_refused_with_what_to_do(settings: Settings, tmp_path: Path, edit: str, reason: str) -> None:
    settings.GATEWAY_ENVOY = str(one_that_says(tmp_path, edit))

    (sentence,) = found("E")
    assert reason in sentence
    assert "GATEWAY_ENVOY" in sentence


@pytest.mark.django_db
def test_a_file_that_is_missing_is_named(settings: Settings, tmp_path: Path) -> None:
    settings.GATEWAY_ENVOY = str(tmp_path / "nothing")

    assert found("E")[0].startswith(f"{tmp_path}/nothing cannot be started: No such file or directory.")


def _gateway(binary: Path, home: Path) -> subprocess.Popen[str]:
    (port,) = free_ports(1)
    environment = os.environ | {"GATEWAY_ENVOY": str(binary), "PORTAL_HOME": str(home), "GATEWAY_ADDRESS": f"127.0.0.1:{port}"}
    command = [sys.executable, "manage.py", "gateway", "run"]
    return subprocess.Popen(command, cwd=PROJECT, env=environment, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _envoys_of(gateway: int) -> list[str]:
    """Return how the Envoys are run that do more than to say their version."""
    return [args for args in processes_of(gateway).values() if args.startswith(envoy.binary()) and "--version" not in args]


def test_a_gateway_does_not_run_one_that_is_refused(tmp_path: Path) -> None:
    with _gateway(one_that_says(tmp_path, "s/1[.]40[.]0/1.39.3/"), tmp_path / "home") as gateway:
        _, said = gateway.communicate(timeout=60)

    assert gateway.returncode == 1
    assert "knows too little" in said


def test_a_gateway_runs_the_one_that_is_named(tmp_path: Path) -> None:
    with _gateway(one_that_says(tmp_path, "s/1[.]40[.]0/1.41.0/"), tmp_path / "home") as gateway:
        until = time.monotonic() + 60
        while not (running := _envoys_of(gateway.pid)) and time.monotonic() < until:
            time.sleep(0.1)
        gateway.terminate()
        _, said = gateway.communicate(timeout=60)

    assert running
    assert "this portal was tested with 1.40" in said
