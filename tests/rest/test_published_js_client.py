"""The published JavaScript client, unmodified, in each version in use, walks through every kind of entity and takes an inventory."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from tests.debian import program
from tests.makers import issue
from tests.rest.conftest import token_for
from tests.rest.https import serving

pytestmark = pytest.mark.any_database

HERE = Path(__file__).resolve().parent / "sdk"
CLIENTS = {folder.name: folder for folder in sorted((HERE / "js").iterdir())}


def installed(version: str) -> Path:
    """Return the folder of a client, installed once beside the environment's packages, as its lock file says."""
    npm = program("npm")
    folder = Path(sys.prefix) / f"arm-apimanagement-{version}"
    folder.mkdir(exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "node_modules" / "@azure").is_dir():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(CLIENTS[version] / name, folder)
            subprocess.run([npm, "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True, timeout=300)
    return folder


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("version", CLIENTS)
def test_the_published_javascript_client_manages_every_entity(version: str, publisher: User, tmp_path: Path) -> None:
    (tmp_path / "first.pfx").write_bytes(issue("first").pfx_file("secret"))
    client = installed(version)
    with serving(tmp_path) as server:
        environment = {
            **os.environ,
            "PORTAL_URL": server.url,
            "PORTAL_TOKEN": token_for(publisher),
            "PORTAL_FILES": str(tmp_path),
            "NODE_EXTRA_CA_CERTS": str(server.authority),
        }
        command = ["node", str(HERE / "walk.mjs"), str(client)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
