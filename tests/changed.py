"""`python -m tests.changed`: the folders with the tests of the rooms that have changed since main; on main, since the last commit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
_SHARED = {
    **dict.fromkeys(("locale", "static", "docs", "README", "CHANGELOG", "CONTRIBUTING", "SECURITY", "manage.py"), "portal"),
    **dict.fromkeys(("install.py", "requirements", "pyproject.toml", "Makefile", ".ci", "supply"), "supply"),
    "deploy": "helm",
    "kit": "certificates",
}
# Of templates that lie elsewhere than the room that shows them, and of rooms that have a folder of tests to themselves.
_ELSEWHERE = {
    **dict.fromkeys(("subscriptions", "backends", "named_values"), "apis"),
    **dict.fromkeys(("people", "history", "admin", "django"), "portal"),
    "configuration": "rest",
    "gateways": "gateway",
}
_APART = {"image"}  # takes minutes, and needs root


def rooms(paths: Iterable[str]) -> list[str]:
    """Return the test folders that *paths* concern, each once: of a room, of its templates, of its tests."""
    found = {_room(Path(path).parts) for path in paths}
    return sorted(f"tests/{room}" for room in found - _APART if room and (PROJECT / "tests" / room).is_dir())


def changed() -> list[str]:
    """Return the files that differ from main, or on main from the last commit, new ones included."""
    main = _git("rev-parse", "--verify", "--quiet", "main") or _git("rev-parse", "--verify", "--quiet", "origin/main")
    base = (_git("merge-base", "HEAD", main[0]) if main else []) or ["HEAD"]
    return _git("diff", "--name-only", base[0]) + _git("ls-files", "--others", "--exclude-standard")


def _room(parts: tuple[str, ...]) -> str:
    """Return the room of a file; that of a template, a test or of what all share stands elsewhere than its path begins."""
    first, *rest = parts
    if first in {"templates", "tests"}:  # those that all share are seen on every page
        return _ELSEWHERE.get(rest[0], rest[0]) if len(rest) > 1 else "portal"
    if parts[:2] == ("portal", "signin"):
        return "signin"
    return next((room for prefix, room in _SHARED.items() if first.startswith(prefix)), first)


def _git(*arguments: str) -> list[str]:
    return subprocess.run(["git", *arguments], cwd=PROJECT, capture_output=True, text=True, check=False).stdout.split()


if __name__ == "__main__":
    sys.stdout.write(" ".join(rooms(changed())) + "\n")
