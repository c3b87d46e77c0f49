"""Names made from what people read, for whoever leaves the name empty."""

from __future__ import annotations

from django.db.models import Model, QuerySet
from django.utils.text import slugify

from certificates.models import NAME_MAX_LENGTH
from portal.characters import deceives

RESERVED_NAMES = frozenset({"new"})  # an address of its own where names stand
_ROOM_FOR_NUMBER = 8


def free_name(rows: QuerySet[Model], text: str, *, fallback: str) -> str:
    """Return a name that none of *rows* bears, made from *text* in whatever script.

    :param fallback: what to call it if nothing of *text* can stand in a name
    """
    stem = (
        slugify("".join(one for one in text if not deceives(one)), allow_unicode=True)[: NAME_MAX_LENGTH - _ROOM_FOR_NUMBER].strip("-_")
        or fallback
    )
    taken = RESERVED_NAMES | set(rows.filter(name__startswith=stem).values_list("name", flat=True))
    candidates = (stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in candidates if name not in taken)
