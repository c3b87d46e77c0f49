"""The README tells of every setting, and its pictures and links are there."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROOMS = ("portal", "certificates", "apis", "gateway", "rest", "demo")


def test_it_tells_of_every_setting_that_is_read() -> None:
    sources = (path.read_text(encoding="utf-8") for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    read = {name for source in sources for name in re.findall(r'\bread\w*\("([A-Z_]+)"', source)}

    assert {"PORTAL_HOME", "GATEWAY_ADDRESS"} <= read
    assert sorted(name for name in read if f"`{name}`" not in README) == []


def test_it_links_to_what_is_there() -> None:
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in target]

    assert [target for target in targets if not (ROOT / target).exists()] == []
