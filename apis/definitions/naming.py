"""Names of operations made from what a document calls them. [pure]

Source: the published service's rules for what it imports: a missing ``operationId`` is made of method and path in lower case, with a
hyphen for whatever is no letter or digit; 76 characters, so that a number fits behind. An ``operationId`` keeps its case.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 76
_NOT_WORD = re.compile(r"[^\w]+|_{2,}")
_NOT_NAME = re.compile(r"[^\w.-]+")


def name_for(operation_id: str, method: str, path: str) -> str:
    """Return the name that an operation would bear if no other did; never empty."""
    given = _NOT_NAME.sub("-", unicodedata.normalize("NFC", operation_id)).strip("-.")[:LONGEST].strip("-.")
    return given or derived(method, path)


def derived(method: str, path: str) -> str:
    """Return a name made of method and path: ``get-orders-id``."""
    verb = "any" if method == "*" else method
    return _NOT_WORD.sub("-", f"{verb} {path}".lower()).strip("-_")[:LONGEST].strip("-_") or "operation"


def free(name: str, taken: set[str]) -> str:
    """Return *name*, with a number behind it if another has it in whatever case, and add it to *taken* (in lower case)."""
    candidates = (name, *(f"{name}-{number}" for number in range(1, len(taken) + 2)))
    found = next(one for one in candidates if one.lower() not in taken)
    taken.add(found.lower())
    return found
