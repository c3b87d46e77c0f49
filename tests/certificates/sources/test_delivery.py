"""What sources bring goes on by the entry's rules: tried first where APIs present the entry, and confirmed by whom it says."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.test import Client
from django.utils import timezone

from apis.actions import ApiSecurity, secure_api
from apis.models import Credentials
from certificates.models import Certificate, ClientCertificate
from certificates.rollout import actions as rollout
from certificates.rollout import keeper
from certificates.rollout.failing import troubles
from certificates.rollout.models import Candidate, Outcome, Rules, Tried, When
from certificates.rollout.steps import open_of, put_back
from certificates.sources.delivery import Origin, deliver
from certificates.sources.trouble import Trouble, Why
from portal.kept_sentences import told
from tests.makers import Issued, issue, make_api, make_certificate

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

LIST = "/security/client-certificates/"
FIRST, SECOND, THIRD = issue("orders"), issue("orders"), issue("orders")


@pytest.fixture
def entry() -> ClientCertificate:
    """Return an entry without APIs."""
    return make_certificate("orders", FIRST)


@pytest.fixture
def presented(entry: ClientCertificate) -> ClientCertificate:
    """Return an entry that an API presents."""
    return _present(entry)


def _present(entry: ClientCertificate) -> ClientCertificate:
    chosen = ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=entry)
    secure_api(make_api(), chosen, by=None, now=timezone.now())
    return entry


def _number_of(entry: ClientCertificate) -> int:
    """Return the number of the current version."""
    current = Certificate.objects.get(pk=entry.pk).current
    assert current is not None
    return current.number


def _brought(entry: ClientCertificate, issued: Issued = SECOND, source: Origin = Origin.WATCHED, by: User | None = None) -> int:
    """Return the number of the current version after a source has brought one."""
    deliver(entry, issued.as_pfx(), source=source, by=by, now=timezone.now())
    return _number_of(entry)


def test_what_nobody_presents_is_switched_at_once(entry: ClientCertificate) -> None:
    assert _brought(entry) == 2
    assert not Candidate.objects.exists()


def test_what_comes_by_itself_is_tried_before_it_is_presented(presented: ClientCertificate) -> None:
    assert _brought(presented) == 1
    candidate = Candidate.objects.get()
    assert (candidate.source, candidate.when, candidate.is_being_tried) == ("watched", When.AFTER_TRY, True)


def test_what_is_brought_again_is_the_same_candidate(presented: ClientCertificate) -> None:
    _brought(presented)
    before = Candidate.objects.get()
    _brought(presented)
    assert Candidate.objects.get() == before


def test_a_newer_one_takes_its_place(presented: ClientCertificate) -> None:
    _brought(presented)
    _brought(presented, THIRD)
    assert Candidate.objects.get().thumbprint == THIRD.thumbprint


def test_what_is_current_already_is_no_candidate(presented: ClientCertificate) -> None:
    _brought(presented, FIRST)
    assert not Candidate.objects.exists()


@pytest.mark.parametrize("source", [Origin.COMMAND, Origin.SIGNING_REQUEST])
def test_what_a_person_brings_is_switched_at_once(presented: ClientCertificate, source: Origin) -> None:
    assert _brought(presented, source=source) == 2


@pytest.mark.parametrize("is_presented", [True, False])
@pytest.mark.parametrize("rule", Rules.Sources)
@pytest.mark.parametrize("source", Origin)
def test_nothing_passes_by_the_other_person(entry: ClientCertificate, source: Origin, rule: Rules.Sources, is_presented: bool) -> None:
    if is_presented:
        _present(entry)
    times = {"window_from": time(0), "window_to": time(0)}
    rollout.set_rules(entry, {"another_person": True, "sources": rule, **times}, by=None, now=timezone.now())
    assert _brought(entry, source=source) == 1
    Candidate.objects.update(tried_for=F("try_asked_at"), tried_at=timezone.now())
    keeper.Switches().step()
    assert _number_of(entry) == 1
    assert Candidate.objects.get().when == When.UNDECIDED


def test_what_was_on_its_way_waits_once_another_person_has_to_confirm(presented: ClientCertificate) -> None:
    _brought(presented)
    rollout.set_rules(presented, {"another_person": True}, by=None, now=timezone.now())
    assert Candidate.objects.get().when == When.UNDECIDED


def test_what_its_own_bringer_has_planned_waits_once_another_person_has_to_confirm(presented: ClientCertificate, publisher: User) -> None:
    now = timezone.now()
    mine = rollout.propose(presented, THIRD.as_pfx(), by=publisher, now=now)
    rollout.plan(mine, when=When.AT, at=now + timedelta(days=1), by=publisher, now=now)
    rollout.set_rules(presented, {"another_person": False}, by=None, now=now)
    assert Candidate.objects.get().when == When.AT
    rollout.set_rules(presented, {"another_person": True}, by=None, now=now)
    assert (Candidate.objects.get().when, Candidate.objects.get().confirmed_by) == (When.UNDECIDED, None)


def test_a_switch_that_a_person_has_planned_is_not_swept_away(presented: ClientCertificate) -> None:
    planned = rollout.propose(presented, THIRD.as_pfx(), by=None, now=timezone.now())
    rollout.plan(planned, when=When.AFTER_TRY, by=None, now=timezone.now())
    with pytest.raises(Trouble) as trouble:
        _brought(presented)
    assert trouble.value.why is Why.PLANNED
    assert Candidate.objects.get().thumbprint == THIRD.thumbprint


def test_a_source_that_has_what_is_current_again_takes_back_what_it_had_brought(presented: ClientCertificate) -> None:
    _brought(presented)
    assert _brought(presented, FIRST) == 1
    assert not Candidate.objects.exists()


def test_what_a_person_has_confirmed_is_taken_back_by_no_source(presented: ClientCertificate, publisher: User) -> None:
    _brought(presented)
    rollout.plan(Candidate.objects.get(), when=When.AFTER_TRY, by=publisher, now=timezone.now())
    _brought(presented, FIRST)
    assert Candidate.objects.get().thumbprint == SECOND.thumbprint


def test_what_was_put_back_comes_again_only_by_a_person(presented: ClientCertificate, publisher: User) -> None:
    _brought(presented, source=Origin.COMMAND)
    put_back(open_of(presented), because=(), by=None, now=timezone.now())
    rollout.set_rules(presented, {"another_person": True}, by=None, now=timezone.now())
    presented.refresh_from_db()
    assert _brought(presented) == 1
    assert not Candidate.objects.exists()
    assert _brought(presented, source=Origin.COMMAND, by=publisher) == 1
    assert Candidate.objects.get().thumbprint == SECOND.thumbprint


def test_what_becomes_current_on_another_way_is_a_candidate_no_longer(presented: ClientCertificate) -> None:
    now = timezone.now()
    planned = rollout.propose(presented, SECOND.as_pfx(), by=None, now=now)
    rollout.plan(planned, when=When.AT, at=now + timedelta(days=1), by=None, now=now)
    assert _brought(presented, THIRD, Origin.COMMAND) == 2
    assert Candidate.objects.get().thumbprint == SECOND.thumbprint
    assert _brought(presented, SECOND, Origin.COMMAND) == 3
    assert not Candidate.objects.exists()


def _refused_by(back_end: str) -> None:
    """Let a back end refuse the candidate in the try, as one does that does not know its authority."""
    candidate = Candidate.objects.get()
    Tried.objects.create(candidate=candidate, api="orders", display_name="Orders", back_end=back_end, outcome=Outcome.REFUSED)
    Candidate.objects.update(tried_for=F("try_asked_at"), tried_at=timezone.now())


def test_a_renewal_that_a_back_end_refuses_is_told_wherever_the_entry_is_shown(signed_in: Client, presented: ClientCertificate) -> None:
    _brought(presented)
    assert "Switch planned" in signed_in.get(LIST).content.decode()
    assert "do not renew themselves" not in signed_in.get("/").content.decode()
    _refused_by("orders.example:443")
    keeper.Switches().step()
    assert _number_of(presented) == 1
    assert "New version not presented" in signed_in.get(LIST).content.decode()
    assert "not every back end has accepted the new version" in signed_in.get("/").content.decode()
    page = signed_in.get(f"{LIST}orders/").content.decode()
    assert "not every back end has accepted the version" in page
    assert "A switch is planned" not in page


def test_a_renewal_that_waits_for_a_person_is_told(signed_in: Client, presented: ClientCertificate) -> None:
    rollout.set_rules(presented, {"sources": "person"}, by=None, now=timezone.now())
    _brought(presented)
    assert "New version waits" in signed_in.get(LIST).content.decode()
    assert "waits for a person to confirm it" in signed_in.get("/").content.decode()
    assert [trouble.name for trouble in troubles()] == ["orders"]


def _told() -> list[tuple[str, bool]]:
    """Return what somebody is told of: the reason, and whether it is just being looked at again."""
    return [(str(one.reason), one.is_asked_again) for one in troubles()]


def test_a_switch_that_its_owner_has_planned_and_a_back_end_refuses_is_told_until_somebody_decides(
    presented: ClientCertificate, publisher: User
) -> None:
    now = timezone.now()
    rollout.plan(rollout.propose(presented, SECOND.as_pfx(), by=publisher, now=now), when=When.AFTER_TRY, by=publisher, now=now)
    assert _told() == []
    _refused_by("orders.example.com:443")
    ((refused, _),) = _told()
    assert "not every back end has accepted" in refused
    Candidate.objects.update(tried_at=now - rollout.TRIED_AGAIN_EVERY)
    keeper.Switches().step()
    assert _told() == [(refused, True)], "while it is tried again, it is neither over nor news"
    Candidate.objects.update(tried_for=F("try_asked_at"), until=now)
    keeper.Switches().step()
    assert [words for words, _ in _told()] == [told(keeper.GIVEN_UP)], "nobody is told that it is over because it is tried no more"
    keeper.Switches().step()
    assert _number_of(presented) == 1
    rollout.propose(presented, THIRD.as_pfx(), by=publisher, now=now)
    assert _told() == [], "another one takes its place"
