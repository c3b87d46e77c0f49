"""The dates of a certificate: RFC 5280, section 4.1.2.5, and what is written instead. [pure]"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from certificates import ber
from certificates.ber import Element

EARLIEST = datetime(1, 1, 2, tzinfo=UTC)  # of what can be shown in every time zone; the year 0 is taken for it
_LATEST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_FORM = re.compile(
    r"(?P<year>\d{2}|\d{4})(?P<rest>\d{2}\d{2}\d{2}\d{2})(?P<second>\d{2})?(?P<fraction>[.,]\d+)?(?P<zone>Z|[+-](?:[01]\d|2[0-3])[0-5]\d)?",
    re.ASCII,
)
_CENTURY_TURNS = 50  # UTCTime: 50 is 1950, 49 is 2049


def moment(element: Element) -> datetime:
    """Return a UTCTime or GeneralizedTime.

    :raises ValueError: if it is none
    """
    match = _match(element)
    if match is None:
        raise ValueError("This is no date.")
    year = int(match["year"])
    if element.is_a(ber.UTC_TIME):
        year += 1900 if year >= _CENTURY_TURNS else 2000
    if year == 0:
        return EARLIEST
    seconds = match["second"] or "00"
    written = datetime.strptime(f"{year:04}{match['rest']}{seconds}", "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    try:
        return min(max(written - _offset(match["zone"]), EARLIEST), _LATEST)
    except OverflowError:
        return EARLIEST if year == 1 else _LATEST


def has_fraction(element: Element) -> bool:
    """Tell whether the date has a fraction of a second."""
    match = _match(element)
    return match is not None and match["fraction"] is not None


def has_offset(element: Element) -> bool:
    """Tell whether the date is written in another time zone than UTC."""
    match = _match(element)
    return match is not None and match["zone"] not in {None, "Z"}


def is_loaded(element: Element) -> bool:
    """Tell whether the gateway's TLS library takes the date: seconds are written out, only UTCTime may have an offset (BoringSSL)."""
    match = _match(element)
    if match is None or match["second"] is None or match["fraction"] or match["zone"] is None:
        return False
    if match["zone"] != "Z" and not element.is_a(ber.UTC_TIME):
        return False
    try:
        return bool(moment(element))
    except ValueError:
        return False


def _match(element: Element) -> re.Match[str] | None:
    digits = {ber.UTC_TIME: 2, ber.GENERALIZED_TIME: 4}.get(element.tag if element.tag_class == ber.UNIVERSAL else -1)
    match = _FORM.fullmatch(element.content.decode("latin-1"))
    if match is not None and digits == 2 and len(match["year"]) == 4:  # noqa: PLR2004 - seconds are missing
        match = re.fullmatch(_FORM.pattern.replace(r"\d{2}|\d{4}", r"\d{2}"), match.string, re.ASCII)
    return match if match is not None and len(match["year"]) == digits else None


def _offset(zone: str | None) -> timedelta:
    if zone in {None, "Z"}:
        return timedelta()
    assert zone is not None  # noqa: S101 - just excluded
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
    return -offset if zone[0] == "-" else offset
