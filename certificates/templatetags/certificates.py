"""What pages say about a certificate's validity."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from django import template
from django.utils import timezone

from certificates import problems
from certificates.facts import Facts
from certificates.models import EXPIRES_SOON, Certificate, CertificateVersion
from certificates.pfx import Aside
from certificates.rollout.models import Candidate
from certificates.sources.models import Source

register = template.Library()

_SEPARATOR = re.compile(r"(?<!\\), ")  # of a name as RFC 4514 writes it, with a blank; a comma within a value is escaped


@register.filter
def why(aside: Aside) -> str:
    """Return why a certificate of the file is not sent."""
    return problems.reason(aside.reason)


@register.filter
def common_name_first(name: str) -> str:
    """Return a distinguished name with its common name in front, where people look for it; the rest in its order."""
    parts = _SEPARATOR.split(name)
    return ", ".join(sorted(parts, key=lambda part: not part.startswith("CN=")))


@register.filter
def common_name(name: str) -> str:
    """Return the common name of a distinguished name; where it has none, all of it."""
    return next((part.removeprefix("CN=") for part in _SEPARATOR.split(name) if part.startswith("CN=")), name)


@register.simple_tag
def doubts_of(version: CertificateVersion) -> list[str]:
    """Return why the other side may refuse a version, in sentences."""
    return version.doubts(now=timezone.now())


@register.simple_tag
def doubts_among(rows: Iterable[Certificate]) -> dict[int, list[str]]:
    """Return why the other side may refuse what *rows* present, by the entry's id. Lists are sorted without the columns it takes."""
    now = timezone.now()
    current = CertificateVersion.objects.filter(pk__in=[row.current_id for row in rows]).only("certificate", "kind", "der", "chain")
    return {version.certificate_id: version.doubts(now=now) for version in current}


@register.simple_tag
def sources_among(rows: Iterable[Certificate]) -> dict[int, Source]:
    """Return what *rows* renew themselves from, by the entry's id; those that people renew are missing."""
    return {source.certificate_id: source for source in Source.objects.filter(certificate__in=[row.pk for row in rows])}


@register.simple_tag
def candidates_among(rows: Iterable[Certificate]) -> dict[int, Candidate]:
    """Return what shall become the next version of *rows*, by the entry's id."""
    found = Candidate.objects.filter(certificate__in=[row.pk for row in rows]).prefetch_related("tries")
    return {candidate.certificate_id: candidate for candidate in found}


@register.filter
def validity(facts: Facts, now: datetime) -> str:
    """Return ``expired``, ``not-yet-valid``, ``expires-soon`` or ``valid``."""
    if facts.not_after <= now:
        return "expired"
    if facts.not_before > now:
        return "not-yet-valid"
    return "expires-soon" if facts.not_after < now + EXPIRES_SOON else "valid"
