"""What has failed and fails no more: those who were told of it are told that it is over, once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from notices.models import Episode
from notices.subject import Kind, Subject

_KEPT = timedelta(days=7)  # whoever cannot be reached for so long is not told any more


def follow(subjects: Iterable[Subject], *, now: datetime) -> list[Subject]:
    """Note what of *subjects* fails, and return what has failed and fails no more. Several processes may do so at once."""
    failing = {(one.key, one.version): one for one in subjects if one.ends_at is None}
    known = {(row.subject, row.version): row for row in Episode.objects.all()}
    Episode.objects.bulk_create([_row(one) for key, one in failing.items() if key not in known], ignore_conflicts=True)
    again = [row.pk for key, row in known.items() if row.over_at and key in failing]
    old = [row.pk for row in known.values() if row.over_at and row.over_at < now - _KEPT]
    begun_anew = {subject for subject, _ in failing}
    followed = [row.pk for key, row in known.items() if key[0] in begun_anew and key not in failing]
    over = [row.pk for key, row in known.items() if not row.over_at and key not in failing]
    Episode.objects.filter(pk__in=followed).delete()  # it fails again, which is told; that it was over in between is no news
    Episode.objects.filter(pk__in=again).update(over_at=None)
    Episode.objects.filter(pk__in=over, over_at=None).update(over_at=now)
    Episode.objects.filter(pk__in=old).delete()
    return list(_over())


def settled(subjects: Iterable[Subject]) -> list[Subject]:
    """Leave out what is being looked at again and has not failed before; what has, fails until that has shown something else."""
    found = list(subjects)
    if not any(one.is_asked_again for one in found):
        return found
    failing = set(Episode.objects.filter(over_at=None).values_list("subject", "version"))
    return [one for one in found if not one.is_asked_again or (one.key, one.version) in failing]


def _row(one: Subject) -> Episode:
    return Episode(subject=one.key, version=one.version, name=one.name[:300], path=one.path[:500], told_to=one.told_to, entry=one.entry)


def _over() -> Iterator[Subject]:
    for row in Episode.objects.filter(over_at__isnull=False).order_by("over_at", "pk"):
        yield Subject(
            kind=Kind.TROUBLE,
            key=row.subject,
            version=row.version,
            name=row.name,
            path=row.path,
            told_to=row.told_to,
            entry=row.entry,
            is_over=True,
        )
