"""The Policy tab."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from apis.access import may
from apis.policy import as_xml
from apis.policy.highlight import highlight
from apis.views.common import api_of, tab
from portal.http import PortalRequest


@require_safe
@may("apis.view_api")
def policy(request: PortalRequest, name: str) -> HttpResponse:
    """Show the effective policy document, passwords masked."""
    api = api_of(name)
    text = as_xml(api.policy())
    return tab(request, api, "policy", document=text, pieces=highlight(text))
