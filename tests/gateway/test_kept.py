"""What a gateway keeps opens where it was sealed, and nowhere else."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.agent import kept
from gateway.compile import Resource

RESOURCES = (Resource("type", "orders", b"a private key"),)
AT = datetime(2026, 11, 28, 14, 7, tzinfo=UTC)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file that holds the machine's id, which is not there yet."""
    file = tmp_path / "machine-id"
    monkeypatch.setattr(kept, "_MACHINE", file)
    return file


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.mark.parametrize("machine_id", ["3d1219c7c4c5404aaa1f6d2a48adfda4\n", "", None])
def test_it_opens_where_it_was_sealed(machine: Path, home: Path, machine_id: str | None) -> None:
    if machine_id is not None:
        machine.write_text(machine_id)
    kept.keep(home, RESOURCES, at=AT)
    assert kept.kept(home) == (RESOURCES, AT)


def test_a_copy_does_not_open_on_another_machine(machine: Path, home: Path, tmp_path: Path) -> None:
    machine.write_text("3d1219c7c4c5404aaa1f6d2a48adfda4\n")
    kept.keep(home, RESOURCES, at=AT)
    copy = shutil.copytree(home, tmp_path / "copy")
    for other in ("00000000000000000000000000000001\n", ""):
        machine.write_text(other)
        with pytest.raises(kept.Unreadable, match="another machine"):
            kept.kept(copy)


def test_what_an_earlier_version_has_sealed_under_the_files_key_alone_opens(machine: Path, home: Path) -> None:
    kept.keep(home, RESOURCES, at=AT)
    machine.write_text("3d1219c7c4c5404aaa1f6d2a48adfda4\n")
    assert kept.kept(home) == (RESOURCES, AT)


def test_without_its_key_it_does_not_open(machine: Path, home: Path) -> None:
    machine.write_text("3d1219c7c4c5404aaa1f6d2a48adfda4\n")
    kept.keep(home, RESOURCES, at=AT)
    (home / kept.KEY).unlink()
    with pytest.raises(kept.Unreadable):
        kept.kept(home)
