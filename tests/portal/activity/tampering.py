"""Tampering with the log as somebody can who has the database's password, but not the ring of keys."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from random import Random
from typing import Any

from django.db import connection

from portal.activity import chain
from portal.activity.guards import TABLE
from portal.models import Activity, ActivityHead

_TEXTS = ("actor_name", "event", "kind", "subject_id", "subject_name", "seal", "link")


def anything(random: Random) -> str:
    """Do one thing, chosen at random; return what was done."""
    return random.choice(WAYS)(random)


def change_a_text(random: Random) -> str:
    column, line = random.choice(_TEXTS), _any(random)
    value = getattr(line, column)
    other = random.choice([f"{value}x"[-40:] if len(value) >= 40 else f"{value}x", value[:-1] if value else "y", value.swapcase()])
    _set(line.id, column, other if other != value else f"z{value[1:]}")
    return f"{column} of {line.id}"


def change_a_number(random: Random) -> str:
    line = _any(random)
    actor = None if line.actor_id is not None and random.random() < 0.5 else (line.actor_id or 0) + random.randint(1, 5)
    _set(line.id, "actor_id", actor)
    return f"actor_id of {line.id}"


def change_a_moment(random: Random) -> str:
    line = _any(random)
    moment = connection.ops.adapt_datetimefield_value(
        line.at.replace(microsecond=(line.at.microsecond + random.randint(1, 999_999)) % 10**6)
    )
    _set(line.id, "at", moment)
    return f"at of {line.id}"


def change_values(random: Random) -> str:
    line, column = _any(random), random.choice(["details", "changes", "through"])
    _set(line.id, column, json.dumps({**getattr(line, column), f"k{random.randint(0, 9)}": random.choice([1, None, "x", [], {}])}))
    return f"{column} of {line.id}"


def renumber(random: Random) -> str:
    line, last = _any(random), _last()
    _set(line.id, "id", random.choice([0, -1, last + 1, last + 50]))
    return f"number of {line.id}"


def delete(random: Random) -> str:
    first = _any(random).id
    last = first + random.choice([0, 0, 1, 5])
    _run(f"DELETE FROM {TABLE} WHERE id BETWEEN %s AND %s", first, last)
    return f"deleted {first} to {last}"


def cut_the_beginning(random: Random) -> str:
    last = random.randint(1, _last() - 1)
    _run(f"DELETE FROM {TABLE} WHERE id <= %s", last)
    return f"deleted up to {last}"


def cut_the_end(random: Random) -> str:
    """Delete the newest lines, and perhaps do to the head what one can who does not know the key."""
    first = random.randint(1, _last())
    _run(f"DELETE FROM {TABLE} WHERE id >= %s", first)
    kept = Activity.objects.order_by("-id").first()
    match random.randint(0, 3):
        case 1 if kept:
            ActivityHead.objects.update(line=kept.id, link=kept.link)
        case 2 if kept:
            own = secrets.token_bytes(32)
            ActivityHead.objects.update(line=kept.id, link=kept.link, seal=chain.head_of(own, kept.id, kept.link))
        case 3 if kept:
            ActivityHead.objects.all().delete()
    return f"deleted from {first}"


def insert(random: Random) -> str:
    """Insert a copy of a line, or one of one's own, sealed with a key of one's own."""
    line, last = _any(random), _last()
    line.id = random.choice([0, last + 1, last + 2])
    if random.random() < 0.5:
        own = secrets.token_bytes(32)
        line.seal = chain.seal_of(own, vars(line))
        line.link = chain.link_of(own, random.choice([chain.BEGINNING, line.link]), line.seal)
    Activity.objects.bulk_create([line])
    return f"inserted {line.id}"


def replace(random: Random) -> str:
    """Put a line of one's own in the place of another."""
    line = _any(random)
    _run(f"DELETE FROM {TABLE} WHERE id = %s", line.id)
    own = secrets.token_bytes(32)
    line.subject_name = "forged"
    line.seal = chain.seal_of(own, vars(line))
    line.link = random.choice([line.link, chain.link_of(own, line.link, line.seal)])
    Activity.objects.bulk_create([line])
    return f"replaced {line.id}"


def swap(random: Random) -> str:
    """Let two lines change places, with or without their numbers."""
    one, other = _any(random), _any(random)
    while other.id == one.id:
        other = _any(random)
    _run(f"DELETE FROM {TABLE} WHERE id IN (%s, %s)", one.id, other.id)
    one.id, other.id = other.id, one.id
    if random.random() < 0.5:
        one.link, other.link = other.link, one.link
    Activity.objects.bulk_create([one, other])
    return f"swapped {one.id} and {other.id}"


def spoil_the_head(random: Random) -> str:
    head = ActivityHead.objects.get()
    match random.randint(0, 3):
        case 0:
            ActivityHead.objects.all().delete()
        case 1:
            ActivityHead.objects.update(line=head.line + random.choice([-1, 1]))
        case 2:
            ActivityHead.objects.update(link=_any(random).link[::-1])
        case _:
            ActivityHead.objects.update(seal=head.seal[::-1])
    return "head"


def pretend_a_trimming(random: Random) -> str:
    """Delete the oldest lines, and let another line say that they were trimmed."""
    line, last = _any(random), _last() - 1
    cut = Activity.objects.get(id=random.randint(1, last))
    _set(line.id, "event", "log.trimmed")
    _set(line.id, "kind", "log")
    _set(line.id, "subject_id", str(cut.id))
    _set(line.id, "details", json.dumps({"link": cut.link}))
    _run(f"DELETE FROM {TABLE} WHERE id <= %s", cut.id)
    return f"pretended that {cut.id} lines were trimmed"


WAYS: tuple[Callable[[Random], str], ...] = (
    change_a_text,
    change_a_text,
    change_a_number,
    change_a_moment,
    change_values,
    renumber,
    delete,
    cut_the_beginning,
    cut_the_end,
    insert,
    replace,
    swap,
    spoil_the_head,
    pretend_a_trimming,
)


def _any(random: Random) -> Activity:
    return Activity.objects.get(id=random.choice(list(Activity.objects.values_list("id", flat=True))))


def _last() -> int:
    return Activity.objects.order_by("-id").values_list("id", flat=True)[0]


def _set(number: int, column: str, value: Any) -> None:
    _run(f"UPDATE {TABLE} SET {column} = %s WHERE id = %s", value, number)


def _run(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(values))
