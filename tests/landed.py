"""The migrations that have landed, with their digests: somebody's database was made by them, so they are never edited.

``python -m tests.landed`` adds those that are not on the list yet; it changes no line that is there.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
LIST = Path(__file__).with_name("landed_migrations.sha256")  # as sha256sum writes it
_ROOMS = ("portal", "certificates", "apis", "gateway", "rest", "notices", "demo")


def migrations() -> dict[str, str]:
    """Return the digest of each migration that is here, by its path."""
    found = (path for room in _ROOMS for path in (PROJECT / room).rglob("migrations/[0-9]*.py"))
    return {str(path.relative_to(PROJECT)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def landed() -> dict[str, str]:
    """Return the digest that each migration on the list had when it landed, by its path."""
    pairs = (line.split() for line in LIST.read_text(encoding="ascii").splitlines())
    return {path: digest for digest, path in pairs}


def edited() -> list[str]:
    """Return those on the list that are not what they were, or are gone."""
    here = migrations()
    return sorted(path for path, digest in landed().items() if here.get(path) != digest)


def main() -> int:
    """Add what is new."""
    if wrong := edited():
        sys.stderr.write(f"These have landed and may not be edited: {', '.join(wrong)}. Put them back, and write a new migration.\n")
        return 1
    LIST.write_text("".join(f"{digest}  {path}\n" for path, digest in sorted(migrations().items())), encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
