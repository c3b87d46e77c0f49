"""Bringing what uses a named value up to what the value is now."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from apis.actions import ApiSecurity, ApiSettings, change_api, secure_api
from apis.backends.actions import BackEndSettings, change_back_end
from apis.backends.actions import follow as bring_pools_of
from apis.backends.by_url import apply_to
from apis.backends.models import BackEnd
from apis.models import Api
from apis.named_values.uses import Part, Use
from apis.policies.actions import apply_again
from apis.policies.checking import checked
from apis.policy.references import Values

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def follow(use: Use, before: Values, *, by: User | None, now: datetime) -> None:
    """Bring one of the places up to date, by the action of its page: what comes out is checked as if it were typed there.

    Pools are left alone until all of their members are as they shall be (:func:`pools_follow`).

    :param before: the named values as they were
    :raises apis.policy.UnreadablePolicy, apis.policies.applying.Unsuitable: if a document cannot be taken with those of now
    :raises apis.named_values.settings.Unusable: if a setting cannot
    :raises NotOverHttp: if a client certificate is presented and the address would be http
    """
    match use.place, use.part:
        case Api() as api, Part.POLICY:
            apply_again(api, before, by=by, now=now)
        case Api() as api, Part.ADDRESS:
            apply_to(change_api(api, ApiSettings.of(api), by=by, now=now), by=by, now=now)
        case Api() as api, _:
            secure_api(api, ApiSecurity.of(api), by=by, now=now)
        case BackEnd() as back_end, _:
            change_back_end(back_end, BackEndSettings.of(back_end), pools_follow=False, by=by, now=now)
        case place, _:
            checked(use.text, place)


def pools_follow(use: Use, *, by: User | None, now: datetime) -> None:
    """Bring the pools of a back end up to what it has become.

    :raises apis.backends.actions.MembersDiffer: if it differs from the other members of one
    """
    if isinstance(use.place, BackEnd):
        bring_pools_of(use.place, by=by, now=now)
