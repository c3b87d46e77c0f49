"""What becomes of a certificate at its next renewal: public authorities issue none for clients any more. [pure]

Chrome's root programme takes servers' certificates alone: subordinate authorities' since 2026-06-15, all by 2027-03-15. Authorities end
what is good for clients at dates of their own; ``authorities.json`` holds what they have published, each with its source.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

from certificates.facts import Facts
from certificates.judgement.doubts import Purpose

DATA = Path(__file__).with_name("authorities.json")
_ORGANIZATION = re.compile(r"(?:\A|, |\+)O=((?:\\.|[^\\,+])*)")
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """An authority that ends certificates for clients.

    :ivar default_ends: from when on it issues them only to those who ask for it
    :ivar ends: from when on to nobody
    :ivar source: where it says so
    """

    authority: str
    default_ends: date
    ends: date
    source: str


def ending_of(path: Sequence[Facts], purpose: Purpose) -> Ending | None:
    """Return the end of the kind of certificate that a client shows, ``None`` if its authority has told of none.

    Certificates of publicly trusted hierarchies are servers' too, and name hosts (Baseline Requirements, 7.1.2.7); one that is for clients
    alone comes from another hierarchy of the same house, which goes on.

    :param path: the certificate itself, then those that are sent along
    """
    leaf = path[0]
    is_servers = leaf.purposes is not None and {"clientAuth", "serverAuth"} <= set(leaf.purposes) and bool(leaf.host_names)
    if purpose is not Purpose.CLIENT or not is_servers:
        return None
    return next((found for facts in path for name in _organizations(facts.issuer) if (found := _endings().get(name))), None)


def breaks_at_renewal(ending: Ending, not_after: datetime) -> bool:
    """Return whether the next renewal, due by *not_after*, falls into the time after the end."""
    return not_after.date() >= ending.default_ends


def _organizations(name: str) -> list[str]:
    return [_ESCAPED.sub(r"\1", found).casefold() for found in _ORGANIZATION.findall(name)]


@cache
def _endings() -> dict[str, Ending]:
    """Return what authorities have published, by their organizations' names, in lower case."""
    return {
        organization.casefold(): Ending(
            authority=one.get("name", organization),
            default_ends=date.fromisoformat(one["default_ends"]),
            ends=date.fromisoformat(one["ends"]),
            source=one["source"],
        )
        for one in json.loads(DATA.read_text(encoding="utf-8"))
        for organization in one["organizations"]
    }
