"""How calls go on to an API's back end: times, retries, redirects, browsers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Self

from django.db import transaction

from apis.actions import facts
from apis.actions.rows import locked, save_changed
from apis.calls import CorsChoice
from apis.models import Api
from apis.policy.model import CONNECT_SECONDS, Cors
from portal.activity import differences, record
from portal.models import Event

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCalls:
    """What the Calls tab holds, checked by the form or the policy document. Named as the columns of :class:`apis.calls.Calls`."""

    connect_seconds: int = CONNECT_SECONDS
    idle_seconds: int | None = None
    longest_seconds: int | None = None
    retry_calls: bool = True
    rewrite_redirects: bool = True
    cors: CorsChoice = CorsChoice.NONE
    cors_origins: tuple[str, ...] = ()
    cors_methods: tuple[str, ...] = ()
    cors_headers: tuple[str, ...] = ()
    cors_exposed: tuple[str, ...] = ()
    cors_max_age: int | None = None
    cors_credentials: bool = False
    count_by_subscription: bool = False
    log_calls: bool = False
    trace_percent: int | None = None

    @classmethod
    def of(cls, api: Api) -> Self:
        """Return what *api* has now."""
        values = {field.name: getattr(api, field.name) for field in fields(cls)}
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return cls(**{**values, **lists, "cors": CorsChoice(api.cors)})

    def without_rules(self) -> Self:
        """Return these without what policy documents hold: the time without a byte, and the gateway's answers to browsers."""
        cors = CorsChoice.NONE if self.cors == CorsChoice.GATEWAY else self.cors
        return replace(self, idle_seconds=None).with_cors(None, otherwise=cors)

    def with_cors(self, rule: Cors | None, *, otherwise: CorsChoice = CorsChoice.NONE) -> Self:
        """Return these with the gateway's answers to browsers.

        :param otherwise: who answers them where there is no rule
        """
        shown = rule or Cors(origins=())
        return replace(
            self,
            cors=CorsChoice.GATEWAY if rule else otherwise,
            cors_origins=shown.origins,
            cors_methods=shown.methods,
            cors_headers=shown.headers,
            cors_exposed=shown.exposed,
            cors_max_age=shown.max_age_seconds,
            cors_credentials=shown.credentials,
        )


@transaction.atomic
def change_calls(api: Api, chosen: ApiCalls, *, revision: int | None = None, by: User | None, now: datetime) -> Api:
    """Change how calls go on to an API's back end.

    :param revision: the revision the editor saw; ``None`` skips the check
    :raises EditedMeanwhile: if it has another revision by now
    """
    api = locked(api, revision)
    before, known = asdict(ApiCalls.of(api)), facts.of_api(api)
    wanted = asdict(chosen)
    if api.back_end_id:  # it says how long connecting may take
        wanted["connect_seconds"] = api.connect_seconds
    for name, value in wanted.items():
        setattr(api, name, list(value) if isinstance(value, tuple) else value)
    save_changed(api, by=by, now=now)
    changed = {name: value for name, value in wanted.items() if value != before[name]}
    record(Event.API_CALLS_CHANGED, api, by=by, at=now, changes=differences(known, facts.of_api(api)), **changed)
    return api
