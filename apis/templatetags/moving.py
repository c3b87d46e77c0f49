"""What pages say about moves of APIs to another certificate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template

from apis.models import Api
from apis.moving.failing import fails
from apis.moving.models import Move
from certificates.models import ClientCertificate
from certificates.rollout.staying import named
from certificates.rollout.trying import refusing

register = template.Library()


@register.filter
def comes_not_about(move: Move) -> bool:
    """Return whether a move was planned and does not come about."""
    return fails(move)


@register.simple_tag
def refusing_apis(move: Move) -> dict[str, Any]:
    """Return how many APIs' back ends do not accept the certificate, and their names as far as a sentence can hold them; or nothing."""
    names = refusing(move)
    apis = Api.objects.filter(name__in=names).only("name", "display_name").order_by("display_name", "name")
    return {"number": len(names), "names": named(list(apis))} if names else {}


@register.simple_tag
def moves_concerning(certificate: ClientCertificate) -> Iterable[Move]:
    """Return the moves to and from an entry that wait."""
    return Move.objects.concerning(certificate.pk).select_related("target").prefetch_related("tries")
