"""Who may call an API: host names and callers' certificates."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Self

from django.db import transaction

from apis.actions import facts
from apis.actions.rows import locked, save_changed
from apis.callers import CallerCertificate
from apis.models import Api
from apis.trust import trusted
from certificates.authorities.models import Authority
from portal.activity import differences, record
from portal.models import Event

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCallers:
    """What the Callers tab holds, checked by the form or the policy document. Named as the columns of :class:`apis.callers.Callers`."""

    hosts: tuple[str, ...] = ()
    caller_certificate: CallerCertificate = CallerCertificate.NONE
    caller_authorities: str = ""
    caller_identities: tuple[str, ...] = ()
    caller_authority: Authority | None = field(default=None, compare=False)  # an entry, whose certificates count in place of the text

    @classmethod
    def of(cls, api: Api) -> Self:
        """Return what *api* has now."""
        values = {column: getattr(api, column) for column in cls.columns()}
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return cls(**{**values, **lists, "caller_certificate": CallerCertificate(api.caller_certificate)})

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """Return the names of the columns."""
        return tuple(one.name for one in fields(cls) if one.compare)

    def values(self) -> dict[str, Any]:
        """Return what is held, by column."""
        return {column: getattr(self, column) for column in self.columns()}


@transaction.atomic
def change_callers(api: Api, chosen: ApiCallers, *, revision: int | None = None, by: User | None, now: datetime) -> Api:
    """Change under which host names an API may be called, and which certificates callers must have.

    :param revision: the revision the editor saw; ``None`` skips the check
    :raises EditedMeanwhile: if it has another revision by now
    :raises Authority.DoesNotExist: if the chosen authority is gone
    """
    found = trusted(chosen.caller_authorities, chosen.caller_authority, by=by, now=now)
    api = locked(api, revision)
    before, known = ApiCallers.of(api).values(), facts.of_api(api)
    wanted = replace(chosen, caller_authorities=found.pem).values()
    api.caller_authority = found.entry
    for name, value in wanted.items():
        setattr(api, name, list(value) if isinstance(value, tuple) else value)
    save_changed(api, by=by, now=now)
    found.tell(by=by, now=now)
    changed = {name: value for name, value in wanted.items() if value != before[name]}
    if "caller_authorities" in changed:
        changed["caller_authorities"] = True  # certificates are long; that they are others is what counts
    record(Event.API_CALLERS_CHANGED, api, by=by, at=now, changes=differences(known, facts.of_api(api)), **changed)
    return api
