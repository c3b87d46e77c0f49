"""From a folder that cannot be written, on a machine without a network: everything that is written lies below PORTAL_HOME."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import PROJECT, Portal

# Another mount namespace, where the checkout is read-only for root as well, and another network, which has nothing but its own loopback.
_ENTERS = "unshare --user --map-root-user --mount --net -- sh -ec"
_WITHIN = """
mount --bind {checkout} {checkout}
mount -o remount,bind,ro {checkout}
ip link set lo up
! touch {checkout}/written 2> /dev/null
cd {checkout}
exec {python} manage.py serve
"""


def copy_of_the_project(folder: Path) -> Path:
    """Return a copy of what is under version control."""
    copy = folder / "checkout"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / name, copy / name)
    return copy


def files_of(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("read_only", [True, False])
def test_it_starts_without_a_network_and_writes_nothing_but_its_home(tmp_path: Path, read_only: bool) -> None:
    checkout = copy_of_the_project(tmp_path)
    before = files_of(checkout)
    script = _WITHIN.format(checkout=checkout, python=sys.executable)
    if not read_only:  # what would be written if it could be
        script = "\n".join(line for line in script.splitlines() if "mount" not in line and "touch" not in line)

    with Portal(tmp_path / "home", {"PYTHONDONTWRITEBYTECODE": "1"}, command=(*_ENTERS.split(), script), bare=True) as portal:
        assert "Compiled the translations: zh_Hans." in portal.said
        assert "Traceback" not in portal.said
        assert (portal.home / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.mo").exists()

    assert files_of(checkout) == before
