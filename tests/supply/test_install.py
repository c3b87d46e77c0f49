"""`install.py`, as a fresh clone meets it: from a folder of wheels, by hash, and not from a lock that is out of date."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import install


def wheel(folder: Path, content: str) -> str:
    """Put a wheel of a distribution named *pebble* into *folder*; return the SHA-256 hash of it."""
    files = {
        "pebble.py": content,
        "pebble-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: pebble\nVersion: 1.0\n",
        "pebble-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: none\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')},{len(text)}"
        for name, text in files.items()
    ]
    files["pebble-1.0.dist-info/RECORD"] = "\n".join([*record, "pebble-1.0.dist-info/RECORD,,"]) + "\n"
    folder.mkdir(exist_ok=True)
    path = folder / "pebble-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a clone that needs a pebble, with a folder that holds it."""
    here = tmp_path / "clone"
    here.mkdir()
    shutil.copy(install.__file__, here)
    (here / "requirements.txt").write_text("pebble~=1.0  # to skip\n", encoding="utf-8")
    relock(here, wheel(tmp_path / "wheels", "FROM = 'the folder'\n"))
    return here


def relock(clone: Path, sha256: str) -> None:
    head = install.digest(clone / "requirements.txt")
    (clone / "requirements.lock").write_text(f"# {head}\npebble==1.0 \\\n    --hash=sha256:{sha256}\n", encoding="utf-8")


def set_up(clone: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PORTAL_WHEELS": str(clone.parent / "wheels")}
    command = [sys.executable, "install.py", "requirements.txt"]
    return subprocess.run(command, cwd=clone, env=environment, text=True, capture_output=True, check=False)


def pebble(clone: Path) -> str:
    command: list[str | Path] = [clone / ".venv" / "bin" / "python", "-c", "import pebble; print(pebble.FROM)"]
    return subprocess.run(command, text=True, capture_output=True, check=True).stdout.strip()


def test_all_comes_from_the_folder_of_wheels_and_only_once(clone: Path) -> None:
    assert set_up(clone).returncode == 0
    assert pebble(clone) == "the folder"
    again = set_up(clone)
    assert (again.returncode, again.stderr) == (0, "")


def test_a_file_that_is_not_the_one_that_was_locked_is_not_installed(clone: Path) -> None:
    wheel(clone.parent / "wheels", "FROM = 'somebody else'\n")
    done = set_up(clone)
    assert done.returncode == 1
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert done.stderr.endswith("The installation failed; pip says why above.\n")
    assert not (clone / ".venv" / ".requirements.lock").exists()


def test_a_list_that_has_changed_since_is_not_installed_from_the_old_lock(clone: Path) -> None:
    (clone / "requirements.txt").write_text("pebble~=2.0\n", encoding="utf-8")
    done = set_up(clone)
    assert (done.returncode, done.stderr) == (1, "requirements.txt has changed since requirements.lock was made; make lock\n")
    assert not (clone / ".venv").exists()


def test_a_reason_in_the_list_may_change_without_a_new_lock(clone: Path) -> None:
    (clone / "requirements.txt").write_text("# What we need.\npebble~=1.0  # to throw\n", encoding="utf-8")
    assert set_up(clone).returncode == 0
