"""What tests of sources share: a folder that may be watched."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    """Return a folder that may be watched."""
    settings.WATCHED_FOLDERS = (tmp_path / "watched",)
    (tmp_path / "watched").mkdir()
    return tmp_path / "watched"
