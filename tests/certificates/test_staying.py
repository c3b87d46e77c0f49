"""Those APIs alone switch whose back ends accept a new version; the others stay with the version before until they are moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apis import actions as api_actions
from apis.models import Api, Credentials
from apis.moving import actions as moving
from apis.moving.models import Move, TriedMove
from apis.moving.refusals import ChangedMeanwhile
from certificates import actions as certificate_actions
from certificates.models import CertificateVersion, ClientCertificate
from certificates.rollout import actions, destroying, staying, trying
from certificates.rollout.models import Candidate, Outcome, Receipt, Rules, Tried, When
from certificates.rollout.steps import NoCanary, Steps
from gateway.trying import HandshakeTrier
from kit.issuing import Issued, issue
from notices.subjects import look
from portal.models import Activity, Event
from tests.makers import lead, make_api, make_back_end, make_certificate
from tests.rest.test_configuration import imported

pytestmark = pytest.mark.django_db
PAGE = "/security/client-certificates/orders-client/"
CONFIRM = f"{PAGE}replace/confirm/"
BACK_END = "orders.example.com:443"  # of the APIs that are made here
OLD, NEW, NEXT = (issue("orders-client") for _ in range(3))


@pytest.fixture
def entry() -> ClientCertificate:
    """Return an entry that three APIs present."""
    made = make_certificate(issued=OLD)
    for name in ("one", "two", "three"):
        _present(make_api(name), made)
    return made


def _present(api: Api, entry: ClientCertificate | None) -> Api:
    credentials = Credentials.CLIENT_CERTIFICATE if entry else Credentials.NONE
    return api_actions.secure_api(api, api_actions.ApiSecurity(credentials=credentials, certificate=entry), by=None, now=timezone.now())


def _tried(entry: ClientCertificate, issued: Issued, **outcomes: Outcome) -> Candidate:
    """Propose *issued*; store what a try has shown, as the process that tries does."""
    candidate = actions.propose(entry, issued.as_pfx(), by=None, now=timezone.now())
    Tried.objects.bulk_create(
        Tried(candidate=candidate, api=name, display_name=name.title(), back_end=BACK_END, gateway="north", outcome=outcome)
        for name, outcome in outcomes.items()
    )
    Candidate.objects.filter(pk=candidate.pk).update(tried_for=candidate.try_asked_at, tried_at=timezone.now())
    candidate.refresh_from_db()
    return candidate


def _two_of_three(entry: ClientCertificate) -> Candidate:
    return _tried(entry, NEW, one=Outcome.ACCEPTED, two=Outcome.NOT_ASKED, three=Outcome.REFUSED)


@pytest.fixture
def switched(entry: ClientCertificate) -> ClientCertificate:
    """Return the entry after the two that accept it were switched."""
    actions.switch_accepting(_two_of_three(entry), by=None, now=timezone.now())
    entry.refresh_from_db()
    return entry


def _presented() -> dict[str, str]:
    return {api.name: version.thumbprint for api in Api.objects.all() if (version := api.presented)}


def _replace(entry: ClientCertificate, issued: Issued) -> None:
    certificate_actions.replace(entry, issued.as_pfx(), by=None, now=timezone.now())


def test_a_button_on_what_the_try_has_shown_switches_those_that_accept_it_and_names_the_one_that_stays(
    signed_in: Client, publisher: User, entry: ClientCertificate
) -> None:
    _two_of_three(entry)
    page = signed_in.get(CONFIRM).content.decode()
    assert "Switch the 2 APIs that accept it" in page
    assert "Three: version 1 stays in force there" in page
    assert page.count(f'name="candidate" value="{Candidate.objects.get().pk}"') == 3, "to discard it, for some, for all"
    answer = signed_in.post(CONFIRM, {"when": "accepted"}, follow=True).content.decode()
    assert "These stay as they are, for their back ends did not accept it: Three." in answer
    assert _presented() == {"one": NEW.thumbprint, "two": NEW.thumbprint, "three": OLD.thumbprint}
    stay, switch = Activity.objects.order_by("-id")[:2]
    assert (switch.event, stay.event) == (Event.CERTIFICATE_REPLACED, Event.CERTIFICATE_APIS_STAY)
    assert (stay.actor, stay.changes["apis"], stay.details["version"]) == (publisher, ["", ["Three"]], 1)
    assert Receipt.objects.get().content["staying"] == ["three"]
    receipt = signed_in.get(f"{PAGE}receipts/{switch.id}/").content.decode()
    assert "Staying with version 1" in receipt


def test_what_is_warned_of_has_to_be_meant_here_too(signed_in: Client, entry: ClientCertificate) -> None:
    _tried(entry, issue("another"), one=Outcome.ACCEPTED, two=Outcome.ACCEPTED, three=Outcome.REFUSED)
    refused = signed_in.post(CONFIRM, {"when": "accepted"})
    assert (refused.status_code, set(refused.context["form"].errors)) == (422, {"confirmed"})
    assert 'value="accepted"' in refused.content.decode().partition('id="id_when"')[2].partition("checked")[0], "it stays chosen"
    assert set(_presented().values()) == {OLD.thumbprint}
    assert signed_in.post(CONFIRM, {"when": "accepted", "confirmed": "on"}).status_code == 303


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        ({}, "No back end accepts it"),
        ({"one": Outcome.REFUSED, "two": Outcome.UNREACHABLE, "three": Outcome.UNKNOWN}, "No back end accepts it"),
    ],
)
def test_where_nobody_accepts_it_nothing_switches(
    signed_in: Client, entry: ClientCertificate, outcomes: dict[str, Outcome], words: str
) -> None:
    _tried(entry, NEW, **outcomes)
    assert "that accept it</button>" not in signed_in.get(CONFIRM).content.decode()
    refused = signed_in.post(CONFIRM, {"when": "accepted"})
    assert refused.status_code == 422
    assert words in refused.content.decode()
    assert set(_presented().values()) == {OLD.thumbprint}


def test_before_the_try_has_ended_nobody_is_known_to_accept_it(signed_in: Client, entry: ClientCertificate) -> None:
    actions.propose(entry, NEW.as_pfx(), by=None, now=timezone.now())
    refused = signed_in.post(CONFIRM, {"when": "accepted"})
    assert (refused.status_code, set(refused.context["form"].errors)) == (422, {"when"})
    assert set(_presented().values()) == {OLD.thumbprint}


def test_where_another_person_confirms_the_one_who_brought_it_cannot(signed_in: Client, publisher: User, entry: ClientCertificate) -> None:
    Rules.objects.create(certificate=entry, another_person=True)
    Candidate.objects.filter(pk=_two_of_three(entry).pk).update(proposed_by=publisher)
    assert signed_in.post(CONFIRM, {"when": "accepted"}).status_code == 422
    assert set(_presented().values()) == {OLD.thumbprint}


def test_steps_that_the_rules_say_do_not_hold_for_those_that_have_accepted_it(entry: ClientCertificate) -> None:
    Rules.objects.create(certificate=entry, canary="one")
    actions.switch_accepting(_two_of_three(entry), by=None, now=timezone.now())
    assert _presented() == {"one": NEW.thumbprint, "two": NEW.thumbprint, "three": OLD.thumbprint}


def test_an_api_that_came_after_the_try_is_not_known_to_accept_it_and_stays(entry: ClientCertificate) -> None:
    candidate = _two_of_three(entry)
    _present(make_api("four"), entry)
    actions.switch_accepting(candidate, by=None, now=timezone.now())
    assert _presented()["four"] == OLD.thumbprint


def test_what_a_gateway_has_seen_of_one_api_says_nothing_of_another_that_it_has_not_come_to(entry: ClientCertificate) -> None:
    candidate = _two_of_three(entry)
    Tried.objects.filter(candidate=candidate, api="three").update(gateway="")  # the gateway went while it was to try it
    assert not trying.is_accepted(candidate)
    actions.switch_accepting(candidate, by=None, now=timezone.now())
    assert _presented() == {"one": NEW.thumbprint, "two": NEW.thumbprint, "three": OLD.thumbprint}


def test_an_api_that_leads_elsewhere_since_it_was_tried_is_not_known_to_accept_it_and_stays(entry: ClientCertificate) -> None:
    candidate = _two_of_three(entry)
    elsewhere = api_actions.ApiSettings(display_name="One", service_url="https://elsewhere.example.com", path="one")
    api_actions.change_api(Api.objects.get(name="one"), elsewhere, by=None, now=timezone.now())
    renamed = api_actions.ApiSettings(display_name="Second", service_url=f"https://{BACK_END}", path="two")
    api_actions.change_api(Api.objects.get(name="two"), renamed, by=None, now=timezone.now())
    actions.switch_accepting(candidate, by=None, now=timezone.now())
    assert _presented() == {"one": OLD.thumbprint, "two": NEW.thumbprint, "three": OLD.thumbprint}


def test_where_all_accept_it_none_stays(entry: ClientCertificate) -> None:
    candidate = _tried(entry, NEW, one=Outcome.ACCEPTED, two=Outcome.ACCEPTED, three=Outcome.ACCEPTED)
    actions.switch_accepting(candidate, by=None, now=timezone.now())
    assert set(_presented().values()) == {NEW.thumbprint}
    assert not Activity.objects.filter(event=Event.CERTIFICATE_APIS_STAY).exists()


def test_what_stays_does_so_through_the_next_switch_in_whose_try_it_is_not_asked(switched: ClientCertificate) -> None:
    candidate = actions.propose(switched, NEXT.as_pfx(), by=None, now=timezone.now())
    assert {place.api for place in HandshakeTrier().places(candidate)} == {"one", "two"}
    actions.switch(candidate, by=None, now=timezone.now())
    assert _presented() == {"one": NEXT.thumbprint, "two": NEXT.thumbprint, "three": OLD.thumbprint}


def test_what_is_rolled_back_leaves_nobody_behind(switched: ClientCertificate) -> None:
    certificate_actions.roll_back(switched, version=1, by=None, now=timezone.now())
    assert set(_presented().values()) == {OLD.thumbprint}
    switched.refresh_from_db()
    _replace(switched, NEXT)
    assert set(_presented().values()) == {NEXT.thumbprint}


def test_it_follows_once_its_back_end_accepts_it_compared_tried_and_confirmed(signed_in: Client, switched: ClientCertificate) -> None:
    page = signed_in.get(PAGE).content.decode()
    assert "Staying with an earlier version" in page
    assert OLD.thumbprint[-4:] in page.partition('class="fan"')[2].partition("</ul>")[0], "the picture says what it presents"
    assert "1 API stays" in page
    moved = signed_in.post(f"{PAGE}move/", {"to": switched.name, "apis": "three"}, follow=True)
    move = Move.objects.get()
    assert OLD.thumbprint[-4:] in (shown := moved.content.decode())
    assert NEW.thumbprint[-4:] in shown
    TriedMove.objects.create(move=move, api="three", display_name="Three", back_end="b", gateway="north", outcome=Outcome.ACCEPTED)
    Move.objects.update(tried_for=move.try_asked_at, tried_at=timezone.now())
    signed_in.post(f"/apis/moves/{move.pk}/", {"when": "accepted"})
    assert set(_presented().values()) == {NEW.thumbprint}
    assert Activity.objects.order_by("-id")[0].event == Event.CERTIFICATE_APIS_MOVED
    assert "Staying with an earlier version" not in signed_in.get(PAGE).content.decode()


def test_a_move_that_was_compared_with_what_it_stayed_with_is_not_made_once_that_is_another(switched: ClientCertificate) -> None:
    move = moving.propose(switched, Api.objects.filter(name="three"), by=None, now=timezone.now())
    staying.keep([Api.objects.get(name="three")], None)
    with pytest.raises(ChangedMeanwhile):
        moving.carry_out(move, by=None, now=timezone.now())


def test_its_page_and_the_list_show_what_it_presents(signed_in: Client, switched: ClientCertificate) -> None:
    assert switched.current
    page = signed_in.get("/apis/three/").content.decode()
    assert "Stays with version 1: its back end did not accept a newer one. Current is version 2." in page
    assert OLD.thumbprint[-4:] in signed_in.get("/apis/?q=three").content.decode()
    assert "Three" in signed_in.get("/apis/", {"q": OLD.thumbprint[-4:]}).content.decode(), "it is found by what it presents"
    assert NEW.thumbprint[-4:] not in signed_in.get("/apis/?q=three").content.decode()


def test_an_api_that_gets_another_certificate_keeps_nothing_of_the_one_before(switched: ClientCertificate) -> None:
    api = _present(Api.objects.get(name="three"), make_certificate("another", issue("another")))
    assert api.stays_with is None
    _present(api, switched)
    assert set(_presented().values()) == {NEW.thumbprint}


def test_an_api_that_is_led_to_a_back_end_presents_there_what_the_others_do(switched: ClientCertificate) -> None:
    ready, late = (make_back_end(name, f"https://{name}.example.com", certificate=switched) for name in ("ready", "late"))
    lead(Api.objects.get(name="three"), ready)
    assert _presented()["three"] == NEW.thumbprint, "that back end has nothing to do with what its own address did not accept"
    for name in ("three", "two"):
        lead(Api.objects.get(name=name), late)
    staying.keep(list(Api.objects.filter(back_end=late)), switched.versions.get(number=1))  # as a switch of those that accept it does
    lead(Api.objects.get(name="one"), late)
    assert set(_presented().values()) == {OLD.thumbprint}
    lead(Api.objects.get(name="one"), ready)
    assert _presented()["one"] == NEW.thumbprint


def test_saving_its_settings_with_the_same_certificate_changes_nothing(switched: ClientCertificate) -> None:
    _present(Api.objects.get(name="three"), switched)
    assert _presented()["three"] == OLD.thumbprint


def test_the_key_of_what_is_kept_is_not_destroyed_by_hand_or_by_rule(switched: ClientCertificate) -> None:
    with pytest.raises(destroying.StillPresented):
        destroying.destroy_key(switched, version=1, by=None, now=timezone.now())
    Rules.objects.create(certificate=switched, destroy_after_days=1)
    destroying.destroy_quiet_keys(now=timezone.now() + timedelta(days=9))
    assert not CertificateVersion.objects.exclude(destroyed_at=None).exists()


def test_the_days_until_a_key_is_destroyed_begin_once_nobody_stays_with_it(switched: ClientCertificate) -> None:
    Rules.objects.update_or_create(certificate_id=switched.pk, defaults={"destroy_after_days": 90})
    old = switched.versions.get(number=1)
    for days in (100, 20):
        CertificateVersion.objects.filter(pk=old.pk).update(current_until=timezone.now() - timedelta(days=days))
        destroying.destroy_quiet_keys(now=timezone.now())
        old.refresh_from_db()
        assert old.current_until
        assert old.current_until > timezone.now() - timedelta(minutes=5)
    Api.objects.update(stays_with=None)
    destroying.destroy_quiet_keys(now=timezone.now())
    old.refresh_from_db()
    assert not old.destroyed_at
    CertificateVersion.objects.filter(pk=old.pk).update(current_until=timezone.now() - timedelta(days=91))
    destroying.destroy_quiet_keys(now=timezone.now())
    old.refresh_from_db()
    assert old.destroyed_at


def test_the_end_of_what_is_kept_is_told_naming_the_apis_that_stay_with_it() -> None:
    soon = datetime.now(UTC) + timedelta(days=20)
    entry = make_certificate(issued=(ending := issue("orders-client", not_after=soon)))
    for name in ("one", "three"):
        _present(make_api(name), entry)
    actions.switch_accepting(_tried(entry, NEW, one=Outcome.ACCEPTED, three=Outcome.REFUSED), by=None, now=timezone.now())
    (subject,) = look(now=timezone.now(), within=timedelta(days=60))
    assert (subject.thumbprint, subject.apis(), subject.entry) == (ending.thumbprint, ["three"], entry.pk)


def test_a_candidate_that_waits_says_who_does_not_switch(signed_in: Client, switched: ClientCertificate) -> None:
    actions.propose(switched, NEXT.as_pfx(), by=None, now=timezone.now())
    assert "1 API stays with an earlier version: it is not tried here" in signed_in.get(CONFIRM).content.decode()


def test_the_page_that_takes_a_file_says_who_switches_and_who_stays(signed_in: Client, switched: ClientCertificate) -> None:
    page = signed_in.get(f"{PAGE}replace/").content.decode()
    assert "2 APIs present this certificate and switch to the new version." in page
    assert "1 API stays with an earlier version and does not switch." in page


def test_a_file_that_gives_its_certificate_to_another_entry_is_refused(switched: ClientCertificate, tmp_path: Path) -> None:
    for name, issued in (("orders-client", NEXT), ("another", OLD)):
        (tmp_path / f"{name}.pem").write_text(issued.pem + issued.key_pem)
    entries = [{"name": name, "pfx": f"{name}.pem"} for name in ("orders-client", "another")]
    with pytest.raises(CommandError, match="Another entry is to hold its certificate, which it presents"), transaction.atomic():
        imported({"version": 1, "certificates": entries}, tmp_path)
    assert _presented()["three"] == OLD.thumbprint


def test_a_planned_switch_after_the_try_does_not_wait_for_what_stays(switched: ClientCertificate) -> None:
    candidate = _tried(switched, NEXT, one=Outcome.ACCEPTED, two=Outcome.ACCEPTED)
    planned = actions.plan(candidate, when=When.AFTER_TRY, by=None, now=timezone.now())
    assert planned.when == When.AFTER_TRY
    actions.switch_as_planned(planned, now=timezone.now())
    assert _presented() == {"one": NEXT.thumbprint, "two": NEXT.thumbprint, "three": OLD.thumbprint}


def test_thousands_switch_and_stay_in_few_queries(entry: ClientCertificate, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    Api.objects.bulk_create(
        Api(
            name=f"api-{number}", display_name=str(number), path=f"api-{number}", service_url=f"https://{BACK_END}", certificate=entry,
            credentials=Credentials.CLIENT_CERTIFICATE, created_at=timezone.now(), changed_at=timezone.now(),
        )
        for number in range(2000)
    )  # fmt: skip
    candidate = _tried(entry, NEW, **{f"api-{number}": Outcome.ACCEPTED for number in range(1000)})
    with django_assert_max_num_queries(60):
        _, stay = actions.switch_accepting(candidate, by=None, now=timezone.now())
    assert len(stay) == 1003
    assert staying.staying_of(entry).count() == 1003


def test_what_stays_cannot_be_first_and_is_told_apart_from_what_does_not_present_it(signed_in: Client, switched: ClientCertificate) -> None:
    actions.propose(switched, NEXT.as_pfx(), by=None, now=timezone.now())
    for name, words in (("three", "This API stays with an earlier version"), ("four", "No API of this name presents")):
        refused = signed_in.post(CONFIRM, {"when": "now", "canary": name, "canary_minutes": "5"})
        assert refused.status_code == 422
        assert words in refused.content.decode()
    with pytest.raises(NoCanary, match="stays with an earlier version of orders-client"):
        actions.switch(Candidate.objects.get(), by=None, now=timezone.now(), in_steps=Steps("three", 5))
