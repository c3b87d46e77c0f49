"""`make advisories`: ask whether an advisory names a version that we lock. Exit status 1 if one does, 2 if nobody could be asked."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import install
from supply.lock import PRODUCT

_AUDIT = (sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--progress-spinner=off", "--format=json")
_NAMED, _NOT_ASKED = 1, 2


def main(options: list[str]) -> int:
    """Check the product's lock; *options* are pip-audit's, for instance ``--vulnerability-service osv``."""
    lock = install.lock_of(PRODUCT)
    ran = subprocess.run([*_AUDIT, "--requirement", str(lock), *options], capture_output=True, text=True, check=False)
    if not ran.stdout.strip():
        asked = re.search(r"host='([^']+)'", ran.stderr)
        return _say(f"Advisories were not checked: {asked[1] if asked else 'their feed'} cannot be reached from here.", _NOT_ASKED)
    return judge(json.loads(ran.stdout)["dependencies"])


def judge(checked: Iterable[Mapping[str, Any]]) -> int:
    """Say what pip-audit's report *checked* amounts to; return the exit status."""
    unknown = [one["name"] for one in checked if "skip_reason" in one]
    named = [(one, advisory) for one in checked for advisory in one.get("vulns", ())]
    for one, advisory in named:
        better = ", ".join(advisory["fix_versions"]) or "no version yet"
        _say(f"{one['name']} {one['version']}: {advisory['id']}, mended in {better}", _NAMED)
    if named:
        return _NAMED
    if unknown and len(unknown) == len(list(checked)):
        return _say("Advisories were not checked: the index that is reached from here has no feed of them.", _NOT_ASKED)
    if unknown:
        return _say(f"Advisories were not checked for {', '.join(unknown)}; none names the others.", _NOT_ASKED)
    return _say("No advisory names a version that is locked.", 0)


def _say(line: str, status: int) -> int:
    sys.stdout.write(f"{line}\n")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
