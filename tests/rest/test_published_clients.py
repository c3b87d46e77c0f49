"""The published SDK, unmodified and in two versions, lists, creates, reads, updates, pages, fails with and deletes everything."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from tests.makers import issue
from tests.rest.conftest import token_for
from tests.rest.https import serving

HERE = Path(__file__).resolve().parent
KINDS = ("certificates", "apis", "operations", "policies", "subscriptions", "backends")
OLDER = HERE / "requirements-older-sdk.txt"


@pytest.fixture(scope="session")
def older_sdk() -> Path:
    """Return the folder of SDK 4.0.0, installed once, beside the environment's packages."""
    folder = Path(sys.prefix) / "azure-mgmt-apimanagement-4.0.0"
    folder.mkdir(exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "azure").is_dir():
            pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-deps"]
            subprocess.run([*pip, "--target", folder, "-r", OLDER], check=True)
    return folder


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Return a folder of PFX files."""
    for name in ("first", "second", "third"):
        (tmp_path / f"{name}.pfx").write_bytes(issue(name).pfx_file("secret"))
    return tmp_path


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", ["5.0.0", "4.0.0"])
def test_the_published_sdk_manages_every_entity(
    kind: str, version: str, publisher: User, files: Path, request: pytest.FixtureRequest
) -> None:
    older = [str(request.getfixturevalue("older_sdk"))] if version == "4.0.0" else []
    with serving(files) as server:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(older),
            "PORTAL_URL": server.url,
            "PORTAL_TOKEN": token_for(publisher),
            "PORTAL_CA": str(server.authority),
            "PORTAL_FILES": str(files),
        }
        command = [sys.executable, str(HERE / "sdk" / "walk.py"), kind, version]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
