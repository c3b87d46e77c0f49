"""Compare, try, confirm: a candidate's pages, and what is decided there. Who tries is told what back ends make of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone, translation

from certificates import actions as certificate_actions
from certificates.models import ClientCertificate
from certificates.rollout import actions, keeper
from certificates.rollout.failing import troubles
from certificates.rollout.models import Candidate, Rules, When
from kit.issuing import Issued, issue, rsa_key
from portal.models import Activity, Event
from portal.roles import Role
from tests.makers import make_api, make_certificate, make_person
from tests.types import Page

pytestmark = pytest.mark.django_db
PAGE = "/security/client-certificates/orders-client/"
CONFIRM = f"{PAGE}replace/confirm/"
RENEWED = issue("orders-client", not_after=datetime.now(UTC) + timedelta(days=700))


def _propose(client: Client, issued: Issued = RENEWED, **more: str) -> Page:
    file = SimpleUploadedFile("client.pfx", issued.pfx_file())
    return client.post(f"{PAGE}replace/", {"file": file, "password": "secret", "when": "try", **more})


def _current() -> str:
    version = ClientCertificate.objects.select_related("current").get().current
    assert version
    return version.thumbprint


def _words(client: Client, page: str = CONFIRM) -> str:
    answer = client.get(page)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def entry() -> ClientCertificate:
    return make_certificate()


def test_a_file_that_is_to_be_tried_first_becomes_a_candidate_and_is_presented_to_nobody(
    signed_in: Client, publisher: User, entry: ClientCertificate
) -> None:
    before = _current()
    answer = _propose(signed_in)
    assert (answer.status_code, answer.headers["Location"]) == (303, CONFIRM)
    assert _current() == before
    assert entry.versions.count() == 1
    candidate = Candidate.objects.get()
    assert (candidate.proposed_by, candidate.when, candidate.is_being_tried) == (publisher, When.UNDECIDED, True)
    assert candidate.unseal().value == RENEWED.key_der
    assert RENEWED.key_der not in bytes(candidate.ciphertext)
    assert Activity.objects.order_by("-id")[0].event == Event.CERTIFICATE_PROPOSED
    assert "A new version waits for your word" in _words(signed_in, PAGE)


def test_the_page_marks_what_differs_and_says_how_many_days_are_won(signed_in: Client, entry: ClientCertificate) -> None:
    _propose(signed_in)
    words = _words(signed_in)
    assert "335 days longer" in words or "334 days longer" in words
    assert "<ins>" in words
    assert "<del>" in words
    assert "Look at this before you confirm" not in words


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (issue("orders-client"), issue("orders-gateway"), "bears another subject: CN=orders-gateway, O=Example"),
        (issue("a", hosts=("a.example", "b.example")), issue("a", hosts=("a.example",)), "lacks alternative names: b.example"),
        (issue("a"), issue("a", not_after=datetime.now(UTC) + timedelta(days=10)), "expires earlier than the present one"),
        (issue("a"), issue("a", key=rsa_key()), "is weaker: RSA 2048 in place of P-256"),
        (
            issue("a"),
            issue("a", purpose=ExtendedKeyUsageOID.SERVER_AUTH),
            "not for client authentication",
        ),
    ],
)
def test_what_may_break_calls_is_warned_of_and_has_to_be_meant(
    signed_in: Client, publisher: User, before: Issued, after: Issued, sentence: str
) -> None:
    make_certificate(issued=before)
    _propose(signed_in, after, when="now")
    assert _current() == before.thumbprint
    assert sentence in _words(signed_in)
    refused = signed_in.post(CONFIRM, {"when": "now"})
    assert refused.status_code == 422
    assert set(refused.context["form"].errors) == {"confirmed"}
    assert _current() == before.thumbprint
    assert signed_in.post(CONFIRM, {"when": "now", "confirmed": "on"}).status_code == 303
    assert _current() == after.thumbprint
    assert not Candidate.objects.exists()


def test_two_that_were_made_on_one_day_last_as_long(signed_in: Client) -> None:
    ends = datetime.now(UTC) + timedelta(days=100)
    before, after = issue("a", not_after=ends), issue("a", not_after=ends - timedelta(seconds=90))
    make_certificate(issued=before)
    _propose(signed_in, after)
    assert "0 days longer" in _words(signed_in)
    assert signed_in.post(CONFIRM, {"when": "now"}).status_code == 303
    assert _current() == after.thumbprint


def test_another_issuer_is_warned_of(signed_in: Client) -> None:
    make_certificate(issued=issue("a", by=issue("root one", authority=True)))
    _propose(signed_in, issue("a", by=issue("root two", authority=True)))
    assert "comes from another issuer: CN=root two, O=Example" in _words(signed_in)


def test_replacing_now_replaces_at_once_what_nobody_has_to_be_warned_of(signed_in: Client, entry: ClientCertificate) -> None:
    assert _propose(signed_in, when="now").headers["Location"] == PAGE
    assert _current() == RENEWED.thumbprint


def test_a_difference_that_is_meant_from_the_start_is_replaced_at_once(signed_in: Client, entry: ClientCertificate) -> None:
    other = issue("another")
    assert _propose(signed_in, other, when="now", confirmed="on").headers["Location"] == PAGE
    assert _current() == other.thumbprint


def test_a_roll_back_is_tried_first_as_well(signed_in: Client, entry: ClientCertificate) -> None:
    first = _current()
    _propose(signed_in, when="now")
    answer = signed_in.post(f"{PAGE}roll-back/", {"version": "1", "when": "try"})
    assert answer.headers["Location"] == CONFIRM
    assert _current() == RENEWED.thumbprint
    signed_in.post(CONFIRM, {"when": "now", "confirmed": "on"})
    assert _current() == first
    assert entry.versions.count() == 2
    assert Activity.objects.order_by("-id")[0].event == Event.CERTIFICATE_ROLLED_BACK


def test_a_moment_is_kept_and_its_switch_made_once_in_the_name_of_who_confirmed(
    signed_in: Client, publisher: User, entry: ClientCertificate
) -> None:
    before = _current()
    _propose(signed_in)
    at = (datetime.now(UTC) + timedelta(hours=2)).replace(second=0, microsecond=0)
    answer = signed_in.post(CONFIRM, {"when": "at", "at": at.strftime("%Y-%m-%dT%H:%M"), "zone": "UTC"})
    assert answer.headers["Location"] == PAGE
    candidate = Candidate.objects.get()
    assert (candidate.at, candidate.confirmed_by) == (at, publisher)
    assert "A switch is planned" in _words(signed_in, PAGE)
    keeper.Switches().step()
    assert _current() == before
    Candidate.objects.update(at=timezone.now() - timedelta(seconds=1))
    keeper.Switches().step()
    keeper.Switches().step()
    assert _current() == RENEWED.thumbprint
    (line,) = Activity.objects.filter(event=Event.CERTIFICATE_REPLACED)
    assert line.actor == publisher


@pytest.mark.parametrize(
    ("at", "zone", "moment"),
    [
        ("2099-01-31T02:00", "Asia/Shanghai", None),
        ("2027-01-31T02:00", "Asia/Shanghai", datetime(2027, 1, 30, 18, tzinfo=UTC)),
        ("2027-01-31T02:00+05:30", "", datetime(2027, 1, 30, 20, 30, tzinfo=UTC)),
        ("2027-01-31T02:00Z", "Europe/Berlin", datetime(2027, 1, 31, 2, tzinfo=UTC)),
        ("2027-03-28T02:30", "Europe/Berlin", None),
        ("2020-01-01T00:00", "UTC", None),
        ("", "UTC", None),
        ("soon", "UTC", None),
        ("2027-02-30T02:00", "UTC", None),
        ("0001-01-01T00:00+23:00", "UTC", None),
    ],
)
def test_a_moment_is_one_of_its_zone_to_come_and_before_the_end(
    signed_in: Client, entry: ClientCertificate, at: str, zone: str, moment: datetime | None
) -> None:
    _propose(signed_in, issue("orders-client", not_after=datetime(2028, 1, 1, tzinfo=UTC)))
    answer = signed_in.post(CONFIRM, {"when": "at", "at": at, "zone": zone})
    assert answer.status_code == (303 if moment else 422)
    assert Candidate.objects.get().at == moment
    if moment is None:
        assert set(answer.context["form"].errors) == {"at"}
        assert answer.context["form"]["at"].value() == at


def test_a_try_is_made_by_one_process_and_taken_over_from_one_that_died(entry: ClientCertificate) -> None:
    candidate = actions.propose(entry, RENEWED.as_pfx(), by=None, now=timezone.now())
    Candidate.objects.update(holder="another", held_until=timezone.now() + timedelta(seconds=30))
    assert not keeper.Tries().step()
    Candidate.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    assert keeper.Tries().step()
    candidate.refresh_from_db()
    assert candidate.is_tried


def test_a_candidate_is_discarded_with_its_key(signed_in: Client, entry: ClientCertificate) -> None:
    _propose(signed_in)
    assert signed_in.post(f"{PAGE}replace/discard/").headers["Location"] == PAGE
    assert not Candidate.objects.exists()
    assert Activity.objects.order_by("-id")[0].event == Event.CERTIFICATE_DISCARDED
    assert signed_in.get(CONFIRM).headers["Location"] == PAGE
    assert "No new version of orders-client waits any more" in _words(signed_in, PAGE)
    for late in (CONFIRM, f"{PAGE}replace/discard/", f"{PAGE}replace/try/"):
        assert signed_in.post(late, {"when": "now"}).headers["Location"] == PAGE
    looked = signed_in.get(f"{PAGE}replace/try/", headers={"HX-Request": "true"})
    assert looked.headers["HX-Redirect"] == f"{PAGE}replace/confirm/"
    assert "waits any more" in signed_in.get(f"{PAGE}replace/confirm/", follow=True).content.decode()


def test_a_newer_file_takes_the_place_of_one_that_nobody_has_decided_upon(signed_in: Client, entry: ClientCertificate) -> None:
    _propose(signed_in)
    newer = issue("orders-client")
    _propose(signed_in, newer)
    assert Candidate.objects.get().thumbprint == newer.thumbprint


def _form(client: Client) -> dict[str, str]:
    """Return what the forms of the page say of themselves."""
    return dict(re.findall(r'<input type="hidden" name="(candidate)" value="([^"]+)"', _words(client)))


@pytest.mark.usefixtures("entry")
@pytest.mark.parametrize("form", ["confirm", "discard"])
def test_a_form_decides_only_upon_the_version_that_it_was_shown_with(signed_in: Client, form: str) -> None:
    before, newer = _current(), issue("orders-client", not_after=datetime.now(UTC) + timedelta(days=701))
    _propose(signed_in)
    seen = _form(signed_in)
    _propose(signed_in, newer)
    answer = signed_in.post(f"{PAGE}replace/{form}/", {**seen, "when": "now"})
    assert (answer.status_code, answer.headers["Location"]) == (303, CONFIRM)
    assert (_current(), Candidate.objects.get().thumbprint) == (before, newer.thumbprint)
    assert "Another version has taken the place of the one that you saw" in _words(signed_in)
    assert signed_in.post(f"{PAGE}replace/{form}/", {**_form(signed_in), "when": "now"}).headers["Location"] == PAGE
    assert not Candidate.objects.exists()
    assert _current() == (newer.thumbprint if form == "confirm" else before)


def test_a_planned_switch_is_not_replaced_by_another_file(signed_in: Client, entry: ClientCertificate) -> None:
    _propose(signed_in)
    signed_in.post(CONFIRM, {"when": "after-try"})
    page = _propose(signed_in, issue("orders-client"))
    assert page.status_code == 422
    assert page.context["form"].errors["file"] == ["A switch of this certificate is planned already. Discard it first."]
    assert CONFIRM.encode() in page.content
    assert Candidate.objects.get().thumbprint == RENEWED.thumbprint


def test_what_is_uploaded_already_is_no_candidate(signed_in: Client) -> None:
    first = issue("orders-client")
    make_certificate(issued=first)
    page = _propose(signed_in, first)
    assert page.context["form"].errors["file"] == ["This is the current version of orders-client already."]
    assert not Candidate.objects.exists()


def test_a_switch_that_cannot_be_made_is_told_and_not_tried_for_ever(signed_in: Client, entry: ClientCertificate) -> None:
    _propose(signed_in)
    signed_in.post(CONFIRM, {"when": "at", "at": "2027-01-31T02:00"})
    make_certificate("other", RENEWED)
    Candidate.objects.update(at=timezone.now() - timedelta(seconds=1))
    keeper.Switches().step()
    assert "The planned switch did not happen" in _words(signed_in)
    assert "already uploaded as other" in _words(signed_in)
    signed_in.cookies["django_language"] = "zh-hans"
    assert "此证书已作为 other 上载。" in _words(signed_in)
    with translation.override("zh-hans"):
        assert [one.reason for one in troubles()] == ["此证书已作为 other 上载。"]


def test_whoever_may_only_look_decides_nothing(client: Client, viewer: User, entry: ClientCertificate) -> None:
    actions.propose(entry, RENEWED.as_pfx(), by=None, now=timezone.now())
    client.force_login(viewer)
    for page in (CONFIRM, f"{PAGE}rules/"):
        assert client.get(page).status_code == 403
    for page in (CONFIRM, f"{PAGE}replace/try/", f"{PAGE}replace/discard/", f"{PAGE}rules/"):
        assert client.post(page, {"when": "now"}).status_code == 403
    assert "A new version waits" in _words(client, PAGE)


class TestRules:
    """How an entry's versions are switched to."""

    @pytest.mark.usefixtures("entry")
    def test_another_person_confirms_where_the_entry_says_so(self, signed_in: Client) -> None:
        assert signed_in.post(f"{PAGE}rules/", {"sources": "tried", "another_person": "on"}).headers["Location"] == PAGE
        before = _current()
        for when in ("", "now", "after-try"):
            assert _propose(signed_in, when=when).headers["Location"] == CONFIRM
            assert _current() == before
        for when in ("now", "after-try"):
            page = signed_in.post(CONFIRM, {"when": when})
            assert page.status_code == 422
            assert "another person confirms it" in page.content.decode()
        other = Client()
        other.force_login(make_person("other", Role.PUBLISHER))
        assert other.post(CONFIRM, {"when": "now"}).status_code == 303
        assert _current() == RENEWED.thumbprint
        assert signed_in.post(f"{PAGE}roll-back/", {"version": "1"}).headers["Location"] == CONFIRM
        assert _current() == RENEWED.thumbprint

    def test_no_action_goes_by_the_other_person(self, entry: ClientCertificate) -> None:
        Rules.objects.create(certificate=entry, another_person=True)
        for act in (certificate_actions.replace, certificate_actions.renew):
            with pytest.raises(certificate_actions.AnotherPersonConfirms):
                act(entry, RENEWED.as_pfx(), by=None, now=timezone.now())
        with pytest.raises(certificate_actions.AnotherPersonConfirms):
            certificate_actions.roll_back(entry, version=1, by=None, now=timezone.now())

    def test_what_a_source_brings_waits_for_its_times(self, signed_in: Client, entry: ClientCertificate) -> None:
        now = datetime.now(UTC)
        closed = {"window_from": (now + timedelta(hours=2)).time(), "window_to": (now + timedelta(hours=3)).time()}
        Rules.objects.create(certificate=entry, sources=Rules.Sources.WINDOW, **closed)
        actions.propose(entry, RENEWED.as_pfx(), by=None, now=timezone.now(), source="watched place")
        keeper.Tries().step()
        keeper.Switches().step()
        assert _current() != RENEWED.thumbprint
        assert "within the times that the rules of this certificate name" in _words(signed_in)
        assert "as soon as every back end accepts it" not in _words(signed_in)
        Rules.objects.update(window_from=(now - timedelta(hours=1)).time(), window_to=(now + timedelta(hours=1)).time())
        keeper.Switches().step()
        assert _current() == RENEWED.thumbprint

    def test_what_was_tried_before_its_times_began_is_tried_again_before_it_is_switched_to(self, entry: ClientCertificate) -> None:
        now = timezone.now()
        opened = {"window_from": (now - timedelta(hours=1)).time(), "window_to": (now + timedelta(hours=1)).time()}
        Rules.objects.create(certificate=entry, sources=Rules.Sources.WINDOW, **opened)
        actions.propose(entry, RENEWED.as_pfx(), by=None, now=now, source="watched place")
        keeper.Tries().step()
        Candidate.objects.update(tried_at=now - timedelta(hours=2))
        keeper.Switches().step()
        keeper.Switches().step()
        assert _current() != RENEWED.thumbprint
        assert Candidate.objects.get().is_being_tried
        keeper.Tries().step()
        keeper.Switches().step()
        assert _current() == RENEWED.thumbprint

    def test_what_a_source_brings_waits_for_a_person(self, entry: ClientCertificate) -> None:
        Rules.objects.create(certificate=entry, sources=Rules.Sources.PERSON)
        actions.propose(entry, RENEWED.as_pfx(), by=None, now=timezone.now(), source="watched place")
        keeper.Tries().step()
        keeper.Switches().step()
        assert Candidate.objects.get().is_tried
        assert _current() != RENEWED.thumbprint

    @pytest.mark.usefixtures("entry")
    def test_rules_are_kept_told_and_refused_where_they_make_no_sense(self, signed_in: Client) -> None:
        refused = signed_in.post(f"{PAGE}rules/", {"sources": "window", "window_from": "26:00"})
        assert refused.status_code == 422
        assert set(refused.context["form"].errors) == {"window_from", "window_to"}
        assert not Rules.objects.exists()
        chosen = {
            "sources": "window",
            "window_days": ["5", "6"],
            "window_from": "22:00",
            "window_to": "04:00",
            "window_zone": "Asia/Shanghai",
        }
        assert signed_in.post(f"{PAGE}rules/", chosen).status_code == 303
        rules = Rules.objects.get()
        assert (rules.window_days, rules.window_zone, str(rules.window_from)) == ([5, 6], "Asia/Shanghai", "22:00:00")
        line = Activity.objects.order_by("-id")[0]
        assert line.event == Event.CERTIFICATE_RULES_CHANGED
        assert line.changes["window_days"] == [[], ["5", "6"]]

    def test_rules_are_put_back_from_the_log(self, signed_in: Client, entry: ClientCertificate) -> None:
        nights = {"sources": "window", "window_days": ["5"], "window_from": "22:00", "window_to": "04:00", "window_zone": "Asia/Shanghai"}
        signed_in.post(f"{PAGE}rules/", nights)
        Rules.objects.update(paths={"orders": "/health: yes", "stock": "/ready"})
        saved = signed_in.post(f"{PAGE}rules/", {"sources": "tried", "window_zone": "UTC", "destroy_after_days": "9"}, follow=True)
        changed = Activity.objects.order_by("-id")[0]
        assert f"/activity/{changed.pk}/undo/" in saved.content.decode()
        actions.set_rules(entry, {"paths": {}}, by=None, now=timezone.now())
        for line in (Activity.objects.order_by("-id")[0], changed):
            assert signed_in.post(f"/activity/{line.pk}/restore/", {"side": "before"}).status_code == 303
        rules = Rules.objects.get()
        assert (rules.sources, rules.window_days, str(rules.window_from), rules.window_zone) == ("window", [5], "22:00:00", "Asia/Shanghai")
        assert (rules.destroy_after_days, rules.paths) == (None, {"orders": "/health: yes", "stock": "/ready"})
        again = signed_in.post(f"/activity/{changed.pk}/restore/", {"side": "before"})
        assert "These are the values of now already" in again.content.decode()

    def test_a_path_is_kept_for_each_api(self, signed_in: Client, entry: ClientCertificate) -> None:
        api = make_api()
        api.credentials, api.certificate = "client-certificate", entry
        api.save()
        refused = signed_in.post(f"{PAGE}rules/", {"sources": "tried", f"path-{api.pk}": "/a b\r\nX: y"})
        assert set(refused.context["form"].errors) == {f"path-{api.pk}"}
        signed_in.post(f"{PAGE}rules/", {"sources": "tried", f"path-{api.pk}": "/health?deep=1"})
        assert Rules.objects.get().paths == {"orders": "/health?deep=1"}
        assert "/health?deep=1" in _words(signed_in, f"{PAGE}rules/")


def test_a_plan_that_was_changed_meanwhile_is_not_carried_out(entry: ClientCertificate) -> None:
    candidate = actions.propose(entry, RENEWED.as_pfx(), by=None, now=timezone.now())
    seen = actions.plan(candidate, when=When.AT, at=timezone.now(), by=None, now=timezone.now())
    actions.plan(candidate, when=When.AT, at=timezone.now() + timedelta(days=1), by=None, now=timezone.now())
    with pytest.raises(actions.Gone):
        actions.switch_as_planned(seen, now=timezone.now())
    assert _current() != RENEWED.thumbprint
