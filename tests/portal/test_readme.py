"""The README tells of every setting; what the page about the architecture names is there."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROOMS = ("portal", "certificates", "apis", "gateway", "rest", "demo", "notices")


def test_it_tells_of_every_setting_that_is_read() -> None:
    sources = (path.read_text(encoding="utf-8") for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    read = {name for source in sources for name in re.findall(r'\bread\w*\("([A-Z_]+)"', source)}

    assert {"PORTAL_HOME", "GATEWAY_ADDRESS"} <= read
    assert sorted(name for name in read if f"`{name}`" not in README) == []


def test_the_page_about_the_architecture_names_what_is_there() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`(\w+/[\w/]*(?:\.py)?)`", page)

    assert len(named) > 30
    assert [path for path in named if not (ROOT / path).exists()] == []
