"""What was renewed by ACME and waits to become current: nothing else is ordered for it meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from certificates.models import CertificateVersion, ClientCertificate
from certificates.rollout import actions as rollout
from certificates.rollout import keeper
from certificates.rollout.models import Candidate, Outcome, Rules, Tried, When
from certificates.signing import KeyKind
from certificates.sources.acme.actions import order, order_later
from certificates.sources.acme.keeper import AcmeKeeper
from certificates.sources.acme.ordering import Wish
from certificates.sources.models import Source
from certificates.sources.trouble import Trouble, Why
from kit.issuing import issue
from tests.certificates.sources.authority import Authority
from tests.makers import make_api, make_certificate

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]


@pytest.fixture
def wish(authority: Authority) -> Wish:
    """Return what is ordered of a real authority."""
    return Wish(directory=authority.directory, names=("127.0.0.1",), key=KeyKind.EC_P256, challenge="http-01", email="ops@example.com")


@pytest.fixture
def entry(wish: Wish) -> ClientCertificate:
    """Return an entry that an API presents and that is to be renewed."""
    now = datetime.now(UTC)
    made = make_certificate(issued=issue("orders-client", not_before=now - timedelta(days=80), not_after=now + timedelta(days=10)))
    CertificateVersion.objects.update(created_at=now - timedelta(days=80))
    api = make_api("orders")
    type(api).objects.filter(pk=api.pk).update(credentials="client-certificate", certificate=made)
    order_later(made, wish, by=None, now=timezone.now())
    return made


def _look(times: int = 1) -> Source:
    """Look as the thread does, each time as if it were time to ask the authority and to try again."""
    for _ in range(times):
        Source.objects.update(ask_at=timezone.now())
        Source.objects.exclude(failing_since=None).update(due_at=timezone.now())
        AcmeKeeper().step()
    return Source.objects.get()


@pytest.mark.parametrize("rules", [{"sources": "person"}, {"sources": "tried"}, {"another_person": True}])
def test_what_waits_to_become_current_is_not_ordered_again(entry: ClientCertificate, authority: Authority, rules: dict[str, Any]) -> None:
    before = authority.issued
    Rules.objects.create(certificate_id=entry.pk, **rules)
    source = _look(5)
    assert authority.issued == before + 1
    (facts, *_) = Candidate.objects.get().path
    assert [str(name) for name in facts.alternative_names] == ["127.0.0.1"]
    assert source.due_at
    assert timezone.now() + timedelta(days=9) < source.due_at < facts.not_after
    assert not source.failure


def test_while_a_person_has_planned_another_switch_nothing_is_ordered(
    entry: ClientCertificate, authority: Authority, wish: Wish, publisher: User
) -> None:
    now, before = timezone.now(), authority.issued
    planned = rollout.propose(entry, issue("orders-client").as_pfx(), by=publisher, now=now)
    rollout.plan(planned, when=When.AT, at=now + timedelta(days=6), by=publisher, now=now)
    source = _look(4)
    assert source.failure["why"] == Why.PLANNED
    with pytest.raises(Trouble):
        order(ClientCertificate, wish, name=entry.name, by=publisher, now=now)
    assert authority.issued == before


def test_while_its_canary_presents_it_nothing_else_is_ordered_and_nothing_is_wrong(entry: ClientCertificate, authority: Authority) -> None:
    before = authority.issued
    Rules.objects.create(certificate_id=entry.pk, canary="orders", canary_minutes=60)
    _look()
    candidate = Candidate.objects.get()
    Tried.objects.create(candidate=candidate, api="orders", display_name="Orders", back_end="b", outcome=Outcome.ACCEPTED)
    Candidate.objects.update(tried_for=candidate.try_asked_at, tried_at=timezone.now())
    keeper.Switches().step()
    ahead = ClientCertificate.objects.get().ahead
    assert ahead
    assert (due_at := _look(3).due_at)
    assert timezone.now() + timedelta(days=9) < due_at < ahead.not_after
    Source.objects.update(due_at=timezone.now())
    AcmeKeeper().step()
    source = Source.objects.get()
    assert (authority.issued - before, source.failure) == (1, {})
    assert source.due_at
    assert source.due_at > timezone.now()
