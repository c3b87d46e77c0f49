"""Adds what gateways have read of their counters to the rows, and trims these."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from apis.models import Api, KeyKind, Subscription
from gateway.compile import api_of_cluster
from gateway.compile.calls.root import ROOT
from gateway.counts import OUTCOMES, ApiCount, CountedUpTo, Counts, KeyCount, Span, TotalCount, VersionCount
from gateway.seeing.failures import versions_by_thumbprint
from gateway.seeing.outcomes import Key, Outcome, Tally, differences, tally, tally_keys
from gateway.seeing.readings import NOWHERE, Reading

COLUMNS = dict(zip(Outcome, OUTCOMES, strict=True))
_CHUNK = 500
Owner = tuple[int | Any, ...]  # whose calls: the values of the table's foreign keys


@dataclass(slots=True)
class _Added:
    """What is added for one owner."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    latencies: Counter[str] = field(default_factory=Counter)

    def add(self, one: Tally) -> None:
        """Add *one*."""
        self.outcomes.update(one.sums())
        self.latencies.update(one.latencies)


def write(gateway: str, reading: Reading, *, at: datetime) -> None:
    """Add what has come since the reading before. Within a transaction.

    :param at: when it was read
    """
    added = _added(gateway, reading)
    _add(KeyCount, ("subscription", "api", "kind"), _by_key(added), at)
    tallies = {series: tally(series, counters, presented=reading.presented.get(series, "")) for series, counters in added.items()}
    by_api = _by_api(tallies)
    if not by_api:
        return
    total, apis, versions = _Added(), defaultdict[Owner, _Added](_Added), defaultdict[Owner, _Added](_Added)
    known = versions_by_thumbprint({thumbprint for ones in by_api.values() for one in ones for thumbprint in one.outcomes if thumbprint})
    for api, ones in by_api.items():
        for one in ones:
            total.add(one)
            if api is None:
                continue
            apis[api,].add(one)
            for thumbprint, outcomes in one.outcomes.items():
                if version := known.get(thumbprint):
                    versions[version, api].outcomes.update({one: number for one, number in outcomes.items() if one is not Outcome.GATEWAY})
    _add(TotalCount, (), {(): total}, at)
    _add(ApiCount, ("api",), apis, at)
    _add(VersionCount, ("version", "api"), versions, at)


def trim(*, now: datetime) -> None:
    """Delete what was kept long enough."""
    old = Q()
    for span in Span:
        old |= Q(span=span, at__lt=now - span.kept)
    for table in (TotalCount, ApiCount, VersionCount, KeyCount):
        table.objects.filter(old).delete()


def _added(gateway: str, reading: Reading) -> dict[str, dict[str, int]]:
    """Return what is new in *reading*, by series, and note that it is contained."""
    before = {row.series: row for row in CountedUpTo.objects.select_for_update().filter(gateway=gateway, series__in=list(reading.series))}
    added, contained = {}, []
    for series, counters in sorted(reading.series.items()):
        row = before.get(series)
        if row and row.envoy == reading.envoy and row.number >= reading.number:
            continue  # another control plane was quicker
        known = row.counters if row and row.envoy == reading.envoy else {}
        added[series] = differences(known, counters)
        contained.append(
            CountedUpTo(gateway=gateway, series=series, envoy=reading.envoy, number=reading.number, counters={**known, **counters})
        )
    CountedUpTo.objects.bulk_create(
        contained,
        batch_size=_CHUNK,
        update_conflicts=True,
        unique_fields=["gateway", "series"],
        update_fields=["envoy", "number", "counters"],
    )
    return added


def _by_key(added: Mapping[str, Mapping[str, int]]) -> dict[Owner, _Added]:
    """Return what was added by API and by whose key was shown; what is gone by now is left out."""
    counted: dict[tuple[int, Key], Counter[Outcome]] = {}
    for series, counters in added.items():
        if (api := api_of_cluster(series)) is not None:
            counted |= {(api, key): outcomes for key, outcomes in tally_keys(counters).items()}
    apis = _existing(Api, {api for api, _ in counted})
    subscriptions = _existing(Subscription, {subscription for _, (subscription, _) in counted})
    return {
        (subscription, api, kind): _Added(outcomes)
        for (api, (subscription, kind)), outcomes in counted.items()
        if api in apis and subscription in subscriptions and kind in KeyKind.values
    }


def _existing(table: type[Api | Subscription], ids: set[int]) -> set[int]:
    return set(table._default_manager.filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()


def _by_api(tallies: Mapping[str, Mapping[str, Tally]]) -> dict[int | None, list[Tally]]:
    """Return the tallies by API (``None``: of none); those of APIs that are gone by now are none's."""
    paths = {route: "" if route == ROOT else route for route in tallies.get(NOWHERE, {}) if route}  # a route is called by its API's path
    by_path = dict(Api.objects.filter(path__in=paths.values()).values_list("path", "pk")) if paths else {}
    named = {api for series in tallies if (api := api_of_cluster(series)) is not None}
    known = set(Api.objects.filter(pk__in=named).values_list("pk", flat=True))
    found: defaultdict[int | None, list[Tally]] = defaultdict(list)
    for series, routes in tallies.items():
        for route, one in routes.items():
            if series == NOWHERE:
                api = by_path.get(paths[route]) if route in paths else None
            else:
                api = api if (api := api_of_cluster(series)) in known else None
            found[api].append(one)
    return dict(found)


def _add(table: type[Counts], owner: tuple[str, ...], added: Mapping[Owner, _Added], at: datetime) -> None:
    """Add to the rows of each owner's minute, hour and day, in the same order everywhere, so that no two writers wait for each other."""
    ordered = sorted(added.items(), key=lambda one: tuple(map(str, one[0])))
    ordered = [(whose, what) for whose, what in ordered if any(what.outcomes.values()) or what.latencies]
    if not ordered:
        return
    adapt = connection.ops.adapt_datetimefield_value
    moments = [adapt(at)] * len(table.MOMENTS)
    rows = [
        (*_as_stored(table, owner, whose), span.value, adapt(span.begin(at)), *moments, "{}", *(what.outcomes[one] for one in COLUMNS))
        for whose, what in ordered
        for span in Span
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_upsert(table, owner), rows)
    _add_latencies(table, owner, dict(ordered), at)


def _as_stored(table: type[Counts], owner: tuple[str, ...], whose: Owner) -> tuple[Any, ...]:
    keys: list[Any] = [table._meta.get_field(name) for name in owner]
    return tuple(key.get_db_prep_value(value, connection) for key, value in zip(keys, whose, strict=True))


def _upsert(table: type[Counts], owner: tuple[str, ...]) -> str:
    """Return the statement that adds to a row. Django's own replaces values, and several processes may count."""
    name = table._meta.db_table
    fields: list[Any] = [table._meta.get_field(one) for one in (*owner, "span", "at")]
    key = [field.column for field in fields]
    numbers = [f"{column} = {name}.{column} + excluded.{column}" for column in COLUMNS.values()]
    least, greatest = ("MIN", "MAX") if connection.vendor == "sqlite" else ("LEAST", "GREATEST")
    farther = {"first_at": least, "last_at": greatest}
    numbers += [f"{column} = {farther[column]}({name}.{column}, excluded.{column})" for column in table.MOMENTS]
    columns = [*key, *table.MOMENTS, "latencies", *COLUMNS.values()]
    return (
        f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"  # noqa: S608 - names of our own
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {', '.join(numbers)}"
    )


def _add_latencies(table: type[Counts], owner: tuple[str, ...], added: Mapping[Owner, _Added], at: datetime) -> None:
    """Add latencies to rows that this transaction has written already, so that no other has them."""
    with_latencies = {whose: what.latencies for whose, what in added.items() if what.latencies}
    spans = Q()
    for span in Span:
        spans |= Q(span=span, at=span.begin(at))
    chosen = {f"{owner[0]}__in": [whose[0] for whose in with_latencies]} if owner else {}
    changed = []
    for row in table._default_manager.filter(spans, **chosen) if with_latencies else ():
        row.latencies = dict(Counter(row.latencies) + with_latencies[tuple(getattr(row, f"{name}_id") for name in owner)])
        changed.append(row)
    table._default_manager.bulk_update(changed, ["latencies"], batch_size=_CHUNK)
