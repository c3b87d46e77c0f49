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
from certificates.sources.acme.ordering import Authority, Wish, two_thirds
from certificates.sources.models import Source
from certificates.sources.trouble import Trouble, Why
from kit.issuing import Issued, issue
from tests.makers import make_api, make_certificate

pytestmark = pytest.mark.django_db
WISH = Wish(directory="https://acme.example/directory", names=("127.0.0.1",), key=KeyKind.EC_P256, challenge="http-01")


@pytest.fixture
def ordered(monkeypatch: pytest.MonkeyPatch) -> list[Issued]:
    """Return what an authority issues, which does not say when it wants renewals (RFC 9773)."""
    issued: list[Issued] = []

    def obtain(*_: Any, **__: Any) -> Any:
        issued.append(issue("orders-client", not_after=datetime.now(UTC) + timedelta(days=90)))
        return issued[-1].as_pfx()

    monkeypatch.setattr(Authority, "obtain", obtain)
    monkeypatch.setattr(Authority, "renewal_of", lambda *_: (None, datetime.now(UTC) + timedelta(hours=6)))
    return issued


@pytest.fixture
def entry() -> ClientCertificate:
    """Return an entry that an API presents and that is to be renewed."""
    now = datetime.now(UTC)
    made = make_certificate(issued=issue("orders-client", not_before=now - timedelta(days=80), not_after=now + timedelta(days=10)))
    CertificateVersion.objects.update(created_at=now - timedelta(days=80))
    api = make_api("orders")
    type(api).objects.filter(pk=api.pk).update(credentials="client-certificate", certificate=made)
    order_later(made, WISH, by=None, now=timezone.now())
    return made


def _look(times: int = 1) -> Source:
    """Look as the thread does, each time as if it were time to ask the authority and to try again."""
    for _ in range(times):
        Source.objects.update(ask_at=timezone.now())
        Source.objects.exclude(failing_since=None).update(due_at=timezone.now())
        AcmeKeeper().step()
    return Source.objects.get()


@pytest.mark.parametrize("rules", [{"sources": "person"}, {"sources": "tried"}, {"another_person": True}])
def test_what_waits_to_become_current_is_not_ordered_again(entry: ClientCertificate, ordered: list[Issued], rules: dict[str, Any]) -> None:
    Rules.objects.create(certificate_id=entry.pk, **rules)
    source = _look(5)
    assert len(ordered) == 1
    (facts, *_) = Candidate.objects.get().path
    assert facts.thumbprint == ordered[0].thumbprint
    assert source.due_at == two_thirds(facts.not_before, facts.not_after)
    assert not source.failure


def test_while_a_person_has_planned_another_switch_nothing_is_ordered(
    entry: ClientCertificate, ordered: list[Issued], publisher: User
) -> None:
    now = timezone.now()
    planned = rollout.propose(entry, issue("orders-client").as_pfx(), by=publisher, now=now)
    rollout.plan(planned, when=When.AT, at=now + timedelta(days=6), by=publisher, now=now)
    source = _look(4)
    assert (ordered, source.failure["why"]) == ([], Why.PLANNED)
    with pytest.raises(Trouble):
        order(ClientCertificate, WISH, name=entry.name, by=publisher, now=now)
    assert ordered == []


def test_while_its_canary_presents_it_nothing_else_is_ordered_and_nothing_is_wrong(entry: ClientCertificate, ordered: list[Issued]) -> None:
    Rules.objects.create(certificate_id=entry.pk, canary="orders", canary_minutes=60)
    _look()
    candidate = Candidate.objects.get()
    Tried.objects.create(candidate=candidate, api="orders", display_name="Orders", back_end="b", outcome=Outcome.ACCEPTED)
    Candidate.objects.update(tried_for=candidate.try_asked_at, tried_at=timezone.now())
    keeper.Switches().step()
    ahead = ClientCertificate.objects.get().ahead
    assert ahead
    assert _look(3).due_at == two_thirds(ahead.not_before, ahead.not_after)
    Source.objects.update(due_at=timezone.now())
    AcmeKeeper().step()
    source = Source.objects.get()
    assert (len(ordered), source.failure) == (1, {})
    assert source.due_at
    assert source.due_at > timezone.now()
