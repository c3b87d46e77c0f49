"""Entries that renew themselves by ACME: ordered at once, or with their next renewal."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from django.conf import settings
from django.db import transaction

from certificates.facts import Facts
from certificates.judgement import Purpose
from certificates.models import Certificate, folded
from certificates.pfx import Pfx
from certificates.sources.acme.binding import keep
from certificates.sources.acme.ordering import Authority, Binding, Wish, new_account_key, two_thirds
from certificates.sources.acme.proofs import proof_by
from certificates.sources.actions import deliver_to, renew_from
from certificates.sources.delivery import Origin, refuse_planned
from certificates.sources.models import AcmeAccount, Source, SourceKind

if TYPE_CHECKING:
    from django.contrib.auth.models import User

C = TypeVar("C", bound=Certificate)


def order(kind: type[C], wish: Wish, *, binding: Binding | None = None, name: str = "", by: User | None, now: datetime) -> C:
    """Order a certificate by ACME and let the entry *name* renew itself so from then on; where there is no such entry, add it.

    :param binding: what ties the new account to one that the authority knows
    :raises Trouble: if the authority does not issue it, or another switch of the entry is planned
    """
    if entry := kind.objects.filter(kind=kind.KIND, folded_name=folded(name)).first():
        refuse_planned(entry, source=Origin.ACME)
    account_key = new_account_key()
    authority = Authority(wish.directory, account_key, verify=settings.ACME_CA)
    pfx = authority.obtain(wish, Purpose(kind.KIND), proof_by(wish.challenge), binding=binding)
    account = AcmeAccount(url=authority.account)
    account.seal(account_key)
    return _keep(kind, wish, account, pfx, name=name, by=by, now=now)


@transaction.atomic
def _keep(kind: type[C], wish: Wish, account: AcmeAccount, pfx: Pfx, *, name: str, by: User | None, now: datetime) -> C:
    entry, digest = deliver_to(kind, name, pfx, Origin.ACME, by=by, now=now), hashlib.sha256(pfx.certificate).hexdigest()
    account.source = renew_from(entry, SourceKind.ACME, wish.settings(), digest, place=wish.directory, by=by, now=now, **next_renewal(pfx))
    account.save(force_insert=True)
    return entry


@transaction.atomic
def order_later(certificate: Certificate, wish: Wish, *, binding: Binding | None = None, by: User | None, now: datetime) -> Source:
    """Let an entry renew itself by ACME from now on, beginning with its next renewal; at once if it is not for the names of *wish*.

    The account is registered with the first order (:mod:`certificates.sources.acme.keeper`).

    :param binding: what ties the new account to one that the authority knows; sealed until then
    """
    due_at = _first_order(certificate, wish)
    source = renew_from(certificate, SourceKind.ACME, wish.settings(), "", place=wish.directory, by=by, now=now, due_at=due_at)
    account = AcmeAccount(source=source)
    account.seal(new_account_key())
    account.save(force_insert=True)
    if binding:
        keep(account, binding)
    return source


def _first_order(certificate: Certificate, wish: Wish) -> datetime:
    version = certificate.current
    assert version is not None  # noqa: S101 - an entry is made with its first version
    names = {str(name) for name in version.path[0].alternative_names}
    return two_thirds(version.not_before, version.not_after) if set(wish.names) <= names else version.not_before


def next_renewal(pfx: Pfx) -> dict[str, datetime]:
    """Return when a certificate that was just issued is renewed, and when its authority is asked about that: at once."""
    facts = Facts.of(pfx.certificate)
    return {"due_at": two_thirds(facts.not_before, facts.not_after), "ask_at": facts.not_before}
