"""What pages show of an API's policy beside other things."""

from __future__ import annotations

from collections.abc import Sequence

from django import template

from apis.models import Api
from apis.policy import as_xml
from apis.policy.highlight import Piece, highlight
from certificates.sealing import SealingError

register = template.Library()


@register.simple_tag
def policy_of(api: Api) -> Sequence[Piece]:
    """Return the policy document of *api* as it is saved, in pieces of one kind each; passwords are masked.

    Empty where the stored password does not open: the form beside it is where another one is entered.
    """
    try:
        return list(highlight(as_xml(api.policy())))
    except SealingError:
        return []
