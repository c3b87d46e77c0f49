"""Names that the portal makes for entries where nobody gives one."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django.db.models import QuerySet

from certificates.models import NAME_MAX_LENGTH, RESERVED_NAMES, folded
from portal.characters import deceives


def unused_name(text: str, entries: QuerySet[Any], *, otherwise: str = "certificate") -> str:
    """Return a name that none of *entries* bears, made from *text*: ``Orders Client`` gives ``orders-client``.

    :param otherwise: what it is made from where *text* gives nothing
    """
    seen = "".join(" " if deceives(one) else one for one in text)
    words = re.sub(r"[^\w.-]+", "-", unicodedata.normalize("NFC", seen).lower())
    stem = words[: NAME_MAX_LENGTH - 8].strip("-._") or otherwise
    taken = {*RESERVED_NAMES, *entries.filter(folded_name__startswith=folded(stem)).values_list("folded_name", flat=True)}
    candidates = (stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 2)))
    return next(name for name in candidates if folded(name) not in taken)
