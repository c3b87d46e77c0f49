"""Circuit breakers of back ends: one rule, as far as a gateway can do what it says.

A gateway counts failed calls in a row, of each address: no answer, or any 5xx. What asks for something else is refused by name; that it
does not look at an interval is said in a warning.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from apis.backends.models import MOST_FAILURES, MOST_SECONDS

if TYPE_CHECKING:
    from apis.backends.actions import BackEndSettings
    from apis.backends.models import BackEnd
    from rest.bodies import Properties

_BREAKER = "circuitBreaker"
_DURATION = re.compile(r"P(?:(?P<days>\d{1,3})D)?(?:T(?:(?P<hours>\d{1,4})H)?(?:(?P<minutes>\d{1,5})M)?(?:(?P<seconds>\d{1,6})S)?)?\Z")
_UNITS = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}


def shown(row: BackEnd) -> dict[str, Any]:
    """Return the rule as it was sent, while the back end does what it says; else what it does, if it does so."""
    if row.eject_after is None:
        return {}
    kept = row.remarks.get(_BREAKER)
    if kept and row.remarks.get("means") == [row.eject_after, row.eject_seconds]:
        return {_BREAKER: kept}
    condition = {"count": row.eject_after, "statusCodeRanges": [{"min": 500, "max": 599}]}
    return {_BREAKER: {"rules": [{"name": "failing", "failureCondition": condition, "tripDuration": f"PT{row.eject_seconds}S"}]}}


def warnings(row: BackEnd) -> list[str]:
    """Return what of the rule is read in another way here."""
    rules = row.remarks.get(_BREAKER, {}).get("rules", []) if row.eject_after is not None else []
    if any("interval" in (rule.get("failureCondition") or {}) for rule in rules):
        return [_("The gateway counts failed calls in a row, whatever the interval of circuitBreaker says.")]
    return []


def read(sent: Properties, draft: BackEndSettings, before: BackEnd | None) -> BackEndSettings:
    """Return *draft* with the rule that was sent; that of *before* where none was."""
    if before and _BREAKER not in sent:
        return draft
    others = {name: value for name, value in draft.remarks.items() if name not in {_BREAKER, "means"}}
    breaker = sent.nested(_BREAKER)
    rules = breaker.records("rules")
    if not rules:
        return replace(draft, eject_after=None, remarks=others)
    if len(rules) > 1:
        breaker.refuse("rules", _("A back end has one rule."))
    condition = rules[0].get("failureCondition")
    condition = condition if isinstance(condition, dict) else {}
    count, seconds = condition.get("count"), _seconds_of(rules[0].get("tripDuration"))
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST_FAILURES:
        breaker.refuse("rules", _("failureCondition.count is a number from 1 to %(most)d.") % {"most": MOST_FAILURES})
    if not 1 <= seconds <= MOST_SECONDS:
        breaker.refuse("rules", _("tripDuration is a time from PT1S to PT1H."))
    _refuse_other_conditions(breaker, rules[0], condition)
    means = [count, seconds]
    return replace(draft, eject_after=count, eject_seconds=seconds, remarks={**others, _BREAKER: dict(breaker.values), "means": means})


def _refuse_other_conditions(breaker: Properties, rule: dict[str, Any], condition: dict[str, Any]) -> None:
    if condition.get("percentage") or condition.get("errorReasons"):
        breaker.refuse("rules", _("A gateway counts failed calls in a row; percentage and errorReasons are not possible here."))
    if rule.get("acceptRetryAfter"):
        breaker.refuse("rules", _("A gateway does not look at Retry-After here."))
    ranges = condition.get("statusCodeRanges") or [{"min": 500, "max": 599}]
    if not isinstance(ranges, list) or not all(map(_is_every_5xx, ranges)):
        breaker.refuse("rules", _("A gateway counts every 5xx as a failed call: the one range is 500 to 599."))


def _is_every_5xx(one: Any) -> bool:
    return isinstance(one, dict) and (one.get("min"), one.get("max")) == (500, 599)


def _seconds_of(text: Any) -> int:
    found = _DURATION.match(text) if isinstance(text, str) else None
    return sum(int(found[name] or 0) * factor for name, factor in _UNITS.items()) if found else 0
