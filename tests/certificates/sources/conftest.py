"""What tests of sources share: a folder that may be watched, and an authority to order from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.certificates.sources.authority import NOBODY, Authority


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    """Return a folder that may be watched."""
    settings.WATCHED_FOLDERS = (tmp_path / "watched",)
    (tmp_path / "watched").mkdir()
    return tmp_path / "watched"


@pytest.fixture(scope="module")
def one_authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with Authority(tmp_path_factory.mktemp("authority")) as running:
        yield running


@pytest.fixture
def authority(one_authority: Authority, settings: Settings) -> Authority:
    """Return an authority that may be ordered from; there is another one, which is not there."""
    settings.ACME_DIRECTORIES = [one_authority.directory, NOBODY]
    return one_authority
