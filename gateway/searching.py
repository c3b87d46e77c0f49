"""Where the search over everything finds failed calls, by the activity id that a caller quotes, and gateways."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from gateway.models import FailedCall, FailureKind, Gateway
from portal.finding import ids_in
from portal.search import MOST, Found, Group, May

_BEGINS_AN_ID = re.compile(r"[0-9a-f-]{4,64}\Z", re.IGNORECASE)


def look(words: str, may: May) -> Iterator[Group]:
    """Yield what the reader may see."""
    if may("gateway.view_failedcall"):
        quoted = Q(activity_id__in=ids_in(words))
        if _BEGINS_AN_ID.match(words):
            quoted |= Q(activity_id__startswith=words.lower())
        found = [_found(call) for call in FailedCall.objects.filter(quoted)[: MOST + 1]]
        everything = f"{reverse('failures:index')}?{urlencode({'q': words})}"
        yield Group(label=pgettext_lazy("page", "Failures"), icon="exclamation-triangle", found=found, all=everything)
    if may("gateway.view_gateway"):
        gateways = Gateway.objects.filter(name__icontains=words)[: MOST + 1]
        found = [Found(name=gateway.name, path=reverse("gateways:index")) for gateway in gateways]
        yield Group(label=_("Gateways"), icon="server-stack", found=found, all=reverse("gateways:index"))


def _found(call: FailedCall) -> Found:
    return Found(name=call.activity_id, detail=FailureKind(call.kind).label, path=reverse("failures:call", args=[call.activity_id]))
