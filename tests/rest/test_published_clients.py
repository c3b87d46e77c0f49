"""The published SDK, unmodified, in each version in use, lists, creates, reads, updates, pages, fails with and deletes everything."""

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

pytestmark = pytest.mark.any_database

HERE = Path(__file__).resolve().parent
OLDER = HERE / "sdk" / "older"
NEWEST = "5.0.0"
VERSIONS = (NEWEST, *sorted(path.stem for path in OLDER.glob("*.txt")))


@pytest.fixture
def sdk(version: str) -> list[str]:
    """Return where the SDK of this version is, besides the environment's packages; an older one is installed once."""
    if version == NEWEST:
        return []
    folder = Path(sys.prefix) / f"azure-mgmt-apimanagement-{version}"
    folder.mkdir(exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "azure").is_dir():
            pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-deps"]
            subprocess.run([*pip, "--target", folder, "-r", OLDER / f"{version}.txt"], check=True)
    return [str(folder)]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Return a folder of PFX files."""
    for name in ("first", "second", "third"):
        (tmp_path / f"{name}.pfx").write_bytes(issue(name).pfx_file("secret"))
    return tmp_path


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("version", VERSIONS)
def test_the_published_sdk_manages_every_entity(version: str, sdk: list[str], publisher: User, files: Path) -> None:
    with serving(files) as server:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sdk),
            "PORTAL_URL": server.url,
            "PORTAL_TOKEN": token_for(publisher),
            "PORTAL_CA": str(server.authority),
            "PORTAL_FILES": str(files),
        }
        command = [sys.executable, str(HERE / "sdk" / "walk.py"), version]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
