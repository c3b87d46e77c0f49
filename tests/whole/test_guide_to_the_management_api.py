"""The examples of the guide are run as they stand, and a call through the gateway then carries the certificate that they uploaded."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from kit.issuing import Issued
from tests.processes import PROJECT, Portal

GUIDE = PROJECT / "docs" / "guide"
LANGUAGES = ("en", "zh-hans")


def examples(language: str) -> dict[str, str]:
    """Return the guide's examples by their language."""
    text = (GUIDE / language / "management-api.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^```(bash|python)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with Portal(tmp_path_factory.mktemp("portal") / "home") as running:
        yield running


def run(command: list[str], portal: Portal, folder: Path, certificate: Issued) -> str:
    """Run an example with *certificate* as ``client.pfx`` and return what it printed."""
    (folder / "client.pfx").write_bytes(certificate.pfx_file("open sesame"))
    token = json.loads(portal.manage("token", "create", "--user", portal.user_name, "--json"))["token"]
    given = {"PORTAL_URL": portal.url, "PORTAL_TOKEN": token, "PFX_PASSWORD": "open sesame", "BACKEND_URL": portal.backend_url}
    done = subprocess.run(command, cwd=folder, env={**os.environ, **given}, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def named_in_the_log(portal: Portal, key: str, name: str) -> bool:
    """Tell whether a call of the API soon reaches the back end with the certificate of that name."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        lines = len(portal.backend_log())
        if portal.call("/shop/window", key=key).status == 200 and any(name in line for line in portal.backend_log()[lines:]):
            return True
        time.sleep(0.1)
    return False


def trusting(portal: Portal) -> str:
    """Return the configuration, the demonstration's authority trusted by the API of the examples: nobody else trusts it."""
    document = yaml.safe_load(portal.manage("export"))
    (shop,) = [api for api in document["apis"] if api["name"] == "shop"]
    shop["security"]["trusted_ca"] = portal.demo.authority.read_text()
    text: str = yaml.safe_dump(document)
    return text


def test_both_languages_show_the_same_examples() -> None:
    assert examples("en") == examples("zh-hans")
    assert set(examples("en")) == {"bash", "python"}


def test_the_examples_bring_a_certificate_to_the_back_end(portal: Portal, tmp_path: Path) -> None:
    with urllib.request.urlopen(f"{portal.url}/management/openapi.json") as described:
        assert json.load(described)["openapi"] == "3.1.0"
    shell = run(["bash", "-euo", "pipefail", "-c", examples("en")["bash"]], portal, tmp_path, portal.client_certificate("from-the-shell"))
    assert '"count": 1' in shell
    portal.manage("import", "-", stdin=trusting(portal))
    assert named_in_the_log(portal, portal.subscription_key, "from-the-shell")
    printed = run([sys.executable, "-c", examples("en")["python"]], portal, tmp_path, portal.client_certificate("from-python"))
    assert "CN=from-python" in printed
    assert named_in_the_log(portal, printed.split()[-1], "from-python")
