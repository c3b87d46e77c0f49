"""Builds the image from this checkout without a registry: its base is Debian, as mmdebstrap makes it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import debian
from tests.processes import PROJECT

# Debian's release by its Python: what was downloaded for this Python has to fit.
_RELEASES = {(3, 11): "bookworm", (3, 13): "trixie"}
_BASE, _IMAGE = "localhost/publisher-portal-tests-base", "localhost/publisher-portal-tests"
_ENVIRONMENT = os.environ | {"BUILDAH_ISOLATION": "chroot"}


@dataclass(frozen=True, kw_only=True)
class Image:
    """What was built.

    :ivar root: the folder where its files are mounted; not to be written
    :ivar configuration: of the image specification: Env, Entrypoint, Cmd, User, WorkingDir
    """

    root: Path
    configuration: dict[str, Any]
    container: str

    def environment(self, more: Mapping[str, str]) -> list[str]:
        """Return the image's environment with *more* over it."""
        return [f"{name}={value}" for name, value in (dict(one.split("=", 1) for one in self.configuration["Env"]) | dict(more)).items()]

    def release(self) -> None:
        """Take mount and image away; the base stays, so that the next build is quicker."""
        _buildah("rm", self.container)
        _buildah("rmi", _IMAGE)


def build(folder: Path) -> Image:
    """Build the image and mount it. What it takes from elsewhere comes by apt and pip, as this machine is set up for them."""
    if os.geteuid():
        words = "needs root: it mounts, and makes namespaces of the network"
        pytest.fail(words) if os.environ.get("CI") else pytest.skip(words)
    if sys.version_info[:2] not in _RELEASES:
        pytest.skip(f"needs one of these Pythons, which a Debian has too: {', '.join(f'{a}.{b}' for a, b in _RELEASES)}")
    _make_base(folder)
    _download_wheels()
    file = PROJECT / "deploy" / "image" / "Containerfile"
    arguments = (f"BASE={_BASE}", "WHEELS=wheels")
    _buildah("bud", "--file", str(file), *(f"--build-arg={one}" for one in arguments), "--tag", _IMAGE, str(PROJECT))
    told = json.loads(_buildah("inspect", "--type", "image", _IMAGE))
    container = _buildah("from", "--pull-never", _IMAGE)
    return Image(root=Path(_buildah("mount", container)), configuration=told["OCIv1"]["config"], container=container)


def _make_base(folder: Path) -> None:
    if _buildah("images", "--quiet", "--filter", f"reference={_BASE}"):
        return
    archive, release = folder / "base.tar", _RELEASES[sys.version_info[:2]]
    subprocess.run(
        [debian.program("mmdebstrap"), "--quiet", "--variant=minbase", release, archive, "http://deb.debian.org/debian"], check=True
    )
    container = _buildah("from", "scratch")
    _buildah("add", container, str(archive), "/")
    _buildah("commit", "--rm", container, _BASE)
    archive.unlink()


def _download_wheels() -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    lock = ["--require-hashes", "--no-deps", "--dest", "wheels", "--requirement", "requirements.lock"]
    subprocess.run([*pip, "download", *lock], cwd=PROJECT, check=True)


def _buildah(*arguments: str) -> str:
    done = subprocess.run([debian.program("buildah"), *arguments], env=_ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout.strip()
