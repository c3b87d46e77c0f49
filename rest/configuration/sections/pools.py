"""Pools of a configuration file: back ends that have the addresses and the security of others, which they name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from apis.backends.actions import BackEndSettings
from apis.backends.addresses import MOST, MOST_PRIORITY, MOST_WEIGHT
from apis.backends.forms import FIELDS_OF_MEMBERS, OF_MEMBERS, BackEndForm
from apis.backends.models import BackEnd
from apis.models import Credentials
from rest.bodies import Properties
from rest.configuration.document import Document
from rest.configuration.shape import making
from rest.envelope import Fault, Invalid

_MEMBER = {"member": "", "weight": 1, "priority": 0}
_SHARING = ("health_path", "health_seconds", "eject_after", "eject_seconds", "most_connections", "most_waiting", "most_calls")
_OWN = ("title", "description", *_SHARING, "by_url")


class _PoolForm(BackEndForm):
    """What a pool has of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Leave out what its members have."""
        super().__init__(*args, **kwargs)
        for name in ("name", *FIELDS_OF_MEMBERS):
            self.fields.pop(name, None)


def members_shape() -> making.Shape:
    """Return what the members of a pool may look like."""
    whole = {"weight": making.whole(least=1, most=MOST_WEIGHT), "priority": making.whole(least=0, most=MOST_PRIORITY)}
    return making.several(making.record({"member": making.text(), **whole}, needed=["member"]), "A pool: other entries share the calls.")


def show(pool: BackEnd) -> Document:
    """Return a pool without what its members have."""
    members = [{name: one.get(name, usual) for name, usual in _MEMBER.items()} for one in pool.addresses]
    return {**{name: getattr(pool, name) for name in ("name", *_OWN)}, "members": members}


def check_own(wanted: Document, before: Document, place: str) -> None:
    """Go on only if nothing is said of a pool that its members have.

    :param before: the entry as it was, a new one as it is when nothing is said
    :raises Invalid: naming what they have
    """
    others = sorted(name for name in wanted if name not in {"name", "members", *_OWN} and wanted[name] != before.get(name, ""))
    if others:
        raise Invalid(*(Fault(f"{place}{name}", OF_MEMBERS) for name in others))


def chosen(wanted: Document, row: BackEnd | None, place: str) -> BackEndSettings:
    """Return the settings of a pool.

    :param row: what it was, if it was there
    :raises Invalid: naming what cannot be
    """
    usual = show(BackEnd(by_url=False))
    wanted = usual | wanted
    form = _PoolForm(wanted, back_end=row)
    Properties(wanted, within=place).check_by(form, {})
    addresses = _members(wanted, place)
    base = BackEndSettings.of(row) if row else BackEndSettings(url="")
    plain = replace(base, credentials=Credentials.NONE, certificate=None, username="", password=None, proof=None, spelled_url="")
    own = {name: form.cleaned_data[name] for name in _OWN if name in form.cleaned_data}
    return replace(plain, **own, by_url=wanted["by_url"], url=addresses[0]["url"], addresses=addresses)


def _members(wanted: Document, place: str) -> tuple[dict[str, Any], ...]:
    names = [one["member"] for one in wanted["members"]]
    sent = Properties(wanted, within=place)
    if len(names) > MOST:
        sent.refuse("members", _("A pool has 1 to %(most)d members.") % {"most": MOST})
    if len(set(names)) < len(names):
        sent.refuse("members", _("Name each member once."))
    singles = {row.name: row.url for row in BackEnd.objects.exclude(name=wanted["name"]) if not row.is_pool}
    for name in sorted(set(names) - singles.keys()):
        sent.refuse("members", _("There is no single back end %(name)s.") % {"name": name})
    sent.check()
    return tuple({**_MEMBER, **one, "url": singles[one["member"]]} for one in wanted["members"])
