"""Which authorities APIs trust: the text that an API holds, which the gateway gets, and the entry that it belongs to.

The text is what counts, also for processes of the release before, which know no entries and write it alone: :func:`adopt` finds the entry
of what they have written. Whoever changes a text through an action has its entry found, or made, at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q, QuerySet

from apis.backends.models import BackEnd
from apis.models import Api
from certificates.authorities import actions
from certificates.authorities.bundle import bundle_of
from certificates.authorities.models import Authority

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_PLACES = {"trusted_authority": "trusted_ca", "caller_authority": "caller_authorities"}  # the entry, and its text


class ApisThatTrust:
    """What :class:`certificates.authorities.uses.Uses` asks."""

    def trusting(self, authority: Authority) -> QuerySet[Api]:
        """Return the APIs whose back ends have to lead to it."""
        return Api.objects.filter(trusted_authority=authority)

    def admitting(self, authority: Authority) -> QuerySet[Api]:
        """Return the APIs whose callers have to lead to it."""
        return Api.objects.filter(caller_authority=authority)

    def needing(self, authority: Authority) -> QuerySet[Api]:
        """Return all of them, and those whose token endpoints have to, each once."""
        of_tokens = Q(oauthclient__token_authority=authority)
        return Api.objects.filter(Q(trusted_authority=authority) | Q(caller_authority=authority) | of_tokens)

    def pass_on(self, authority: Authority, *, before: str, after: str) -> None:
        """Let what trusts *authority* hold the PEM *after* in place of *before*, in the caller's transaction."""
        for entry, text in _PLACES.items():
            Api.objects.filter(**{entry: authority, text: before}).update(**{text: after})
        BackEnd.objects.filter(trusted_authority=authority, trusted_ca=before).update(trusted_ca=after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """What an API shall trust: text and entry that belong together."""

    pem: str = ""
    entry: Authority | None = None
    is_new: bool = False

    def tell(self, *, by: User | None, now: datetime) -> None:
        """Write the line of an entry that is new."""
        if self.entry and self.is_new:
            actions.tell_added(self.entry, by=by, now=now)


def trusted(pem: str, entry: Authority | None, *, by: User | None, now: datetime) -> Trusted:
    """Return what the certificates of a chosen *entry*, or else of the text *pem*, are, the entry locked; a text's is made if need be.

    Called in a transaction, before the API is locked: whoever replaces an entry locks it first, and its APIs then.

    :raises Authority.DoesNotExist: if the chosen entry is gone
    """
    if entry is not None:
        entry = actions.locked(entry)
        assert entry.current is not None  # noqa: S101 - an entry is made with its first version
        return Trusted(pem=entry.current.pem, entry=entry)
    try:
        bundle = bundle_of(pem)
    except ValueError:  # none, or what no form lets through
        return Trusted(pem=pem)
    found, is_new = actions.find_or_insert(bundle, by=by, now=now)
    assert found.current is not None  # noqa: S101 - likewise
    return Trusted(pem=found.current.pem, entry=found, is_new=is_new)


def adopt(*, now: datetime) -> None:
    """Let each text that belongs to no entry, or to another one than its API says, be an entry's."""
    for entry, text in _PLACES.items():
        Api.objects.filter(**{text: "", f"{entry}__isnull": False}).update(**{entry: None})
        strays = Api.objects.exclude(**{text: ""}).filter(Q(**{f"{entry}__isnull": True}) | ~Q(**{text: F(f"{entry}__current__pem")}))
        for pem in strays.order_by().values_list(text, flat=True).distinct():
            _adopt(entry, text, pem, now=now)


@transaction.atomic
def _adopt(entry: str, text: str, pem: str, *, now: datetime) -> None:
    found = trusted(pem, None, by=None, now=now)
    Api.objects.filter(**{text: pem}).update(**{text: found.pem, entry: found.entry})
    found.tell(by=None, now=now)
