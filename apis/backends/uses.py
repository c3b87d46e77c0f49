"""Which certificates and authorities back ends hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.urls import reverse_lazy

from apis.backends.models import BackEnd
from certificates import holders
from certificates.authorities.models import Authority
from certificates.holders import Holder

if TYPE_CHECKING:
    from certificates.models import Certificate


def hold() -> None:
    """Enter who holds what. Once, when the models are there."""
    holders.answer_with(_holding)


def _holding(entry: Certificate | Authority) -> list[Holder]:
    of_authority = Q(trusted_authority=entry.pk) | Q(oauthclient__token_authority=entry.pk)
    rows = (
        BackEnd.objects.filter(of_authority if isinstance(entry, Authority) else Q(certificate=entry.pk))
        .only("name", "title")
        .order_by("name")
    )
    return [Holder(name=one.name, shown=one.display_name, url=reverse_lazy("backends:detail", kwargs={"name": one.name})) for one in rows]
