"""A folder that takes nothing more is told of before somebody's change fails over it."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from portal.disk import Lack, lack_of

NOBODY = 65534


def test_a_folder_with_room_lacks_nothing(tmp_path: Path) -> None:
    assert lack_of(tmp_path) is None


def test_one_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    assert lack_of(tmp_path / "gone") is Lack.GONE


def test_a_full_disk_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _folder: SimpleNamespace(f_bavail=100, f_frsize=4096))
    assert lack_of(tmp_path) is Lack.FULL


def test_one_that_is_closed_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o555)
    monkeypatch.chdir(tmp_path)  # the folders above it are closed to others
    if (child := os.fork()) == 0:
        if os.geteuid() == 0:  # who may write everywhere
            os.setresuid(NOBODY, NOBODY, NOBODY)
        os._exit(lack_of(Path()) is not Lack.CLOSED)
    assert os.waitpid(child, 0)[1] == 0
