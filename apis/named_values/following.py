"""Bringing what uses a named value up to what the value is now."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from apis.actions import ApiSecurity, ApiSettings, change_api, secure_api
from apis.backends.actions import BackEndSettings, change_back_end
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

    :param before: the named values as they were
    :raises apis.policy.UnreadablePolicy, apis.policies.applying.Unsuitable: if a document cannot be taken with those of now
    :raises apis.named_values.settings.Unusable, MembersDiffer: if a setting cannot
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
            change_back_end(back_end, BackEndSettings.of(back_end), by=by, now=now)
        case place, _:
            checked(use.text, place)
