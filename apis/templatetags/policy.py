"""What pages show of an API's policy beside other things."""

from __future__ import annotations

from collections.abc import Sequence

from django import template

from apis.models import Api
from apis.policy import as_xml
from apis.policy.highlight import Piece, highlight

register = template.Library()


@register.simple_tag
def policy_of(api: Api) -> Sequence[Piece]:
    """Return the policy document of *api* as it is saved, in pieces of one kind each; passwords are masked."""
    return list(highlight(as_xml(api.policy())))
