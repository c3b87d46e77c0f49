"""Who is told of what, and when: once."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django.fixtures import Settings

from apis.actions import ApiSecurity, secure_api
from apis.models import Api, Credentials
from certificates import actions as certificate_actions
from gateway.models import Gateway
from notices import actions
from notices.models import CLAIMED_FOR, Contact, Recipient, Told
from notices.recipients import recipients
from notices.sending import send_due
from notices.subjects.entries import subject_of
from portal import troubles
from portal.models import Preferences
from portal.troubles import Trouble
from tests.makers import issue, make_api, make_certificate, make_channel, make_gateway, make_server_certificate
from tests.notices.conftest import NOW, Telling, certificate
from tests.whole.mailbox import Mailbox

pytestmark = pytest.mark.django_db


def test_those_who_may_renew_are_told_once_at_each_threshold(telling: Telling, publisher: User, viewer: User) -> None:
    certificate("orders", days=61)
    told = {days: telling(NOW + timedelta(days=61 - days)) for days in (61, 60, 59, 31, 30, 15, 14, 13, 8, 7, 2, 1, 0.5, 0, -5, -60)}
    assert {days for days, mails in told.items() if mails} == {60, 30, 14, 7, 1, 0}
    assert {mail.to for mails in told.values() for mail in mails} == {"publisher@example.com"}
    assert "expires in 60 days" in told[60][0].subject
    assert "expires within a day" in told[1][0].subject
    assert "has expired" in told[0][0].subject


def test_whoever_comes_late_tells_the_narrowest_threshold_only(telling: Telling, publisher: User) -> None:
    certificate("orders", days=6)
    assert len(telling()) == 1
    assert telling(NOW + timedelta(days=1)) == []


def test_the_thresholds_are_a_setting(telling: Telling, publisher: User, administrator: User) -> None:
    actions.schedule(thresholds=[90, 3], weekly=None, by=administrator, now=NOW)
    certificate("orders", days=90)
    told = {left: len(telling(NOW + timedelta(days=90 - left))) for left in (91, 90, 60, 4, 3, 0)}
    assert told == {91: 0, 90: 2, 60: 0, 4: 0, 3: 2, 0: 0}


def test_a_mail_names_entry_thumbprint_apis_and_the_button_to_press(telling: Telling, publisher: User) -> None:
    entry = certificate("orders", days=3)
    for name in ("first", "second"):
        make_api(name)
    Api.objects.update(certificate=entry, credentials=Credentials.CLIENT_CERTIFICATE)
    (mail,) = telling()
    assert entry.current
    assert mail.subject == "[Publisher portal] Client certificate orders expires in 3 days"
    for held in (
        "CN=orders",
        entry.current.thumbprint,
        "first, second",
        "https://portal.example.com/security/client-certificates/orders/replace/",
    ):
        assert held in mail.text


def test_one_mail_tells_of_all_the_most_urgent_first(telling: Telling, publisher: User) -> None:
    for name, days in (("later", 20), ("soon", 3), ("gone", -3), ("fine", 90)):
        certificate(name, days=days)
    shop = issue("shop", hosts=("shop.example.com",), not_before=NOW - timedelta(days=1), not_after=NOW + timedelta(days=10))
    make_server_certificate("shop.example.com", shop)
    (mail,) = telling()
    assert "4 matters need attention" in mail.subject
    places = [mail.text.index(f"certificate {name} ") for name in ("gone", "soon", "shop.example.com", "later")]
    assert places == sorted(places)
    assert "fine" not in mail.text


def test_a_renewed_certificate_is_not_told_of_and_its_next_version_is(telling: Telling, publisher: User) -> None:
    entry = certificate("orders", days=3)
    assert len(telling()) == 1
    renewed = issue("renewed", not_before=NOW - timedelta(days=1), not_after=NOW + timedelta(days=100))
    certificate_actions.replace(entry, renewed.as_pfx(), by=None, now=NOW)
    assert telling(NOW + timedelta(days=10)) == []
    assert len(telling(NOW + timedelta(days=97))) == 1


def test_owners_and_contacts_are_told_in_their_languages_and_nobody_else(telling: Telling, publisher: User, administrator: User) -> None:
    Preferences.objects.create(user=administrator, language="zh-hans")
    entry = certificate("orders", days=3)
    actions.add_contact(entry, person=administrator, by=None, now=NOW)
    actions.add_contact(entry, address="team@example.com", language="zh-hans", by=None, now=NOW)
    actions.add_contact(entry, address="ops@example.com", language="en", by=None, now=NOW)
    mails = {mail.to: mail for mail in telling()}
    assert set(mails) == {"administrator@example.com", "team@example.com", "ops@example.com"}
    assert "将在 3 天内过期" in mails["administrator@example.com"].subject
    assert "替换证书: https://" in mails["team@example.com"].text
    assert "Replace the certificate: https://" in mails["ops@example.com"].text


def test_a_contact_at_an_owners_address_is_not_told_twice(telling: Telling, publisher: User) -> None:
    entry = certificate("orders", days=3)
    actions.add_contact(entry, person=publisher, by=None, now=NOW)
    actions.add_contact(entry, address="Publisher@example.com", by=None, now=NOW)
    assert [mail.to for mail in telling()] == ["publisher@example.com"]


def test_a_contact_that_is_spelled_in_two_ways_is_told_once(telling: Telling) -> None:
    entry = certificate("orders", days=3)
    assert [actions.add_contact(entry, address=one, by=None, now=NOW) for one in ("team@example.com", "Team@Example.com")] == [True, False]
    Contact.objects.create(certificate=entry, address="TEAM@example.com", language="en")  # as rows were stored once
    assert [mail.to for mail in telling()] == ["team@example.com"]


def test_where_the_mail_server_is_away_only_one_mail_waits_for_it_in_each_round(
    telling: Telling, publisher: User, administrator: User, settings: Settings
) -> None:
    certificate("orders", days=3)
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    telling()
    assert Recipient.objects.count() == 1
    telling(NOW + timedelta(seconds=1))
    assert Recipient.objects.count() == 2
    settings.EMAIL_PORT = port
    assert len(telling(NOW + timedelta(minutes=1))) == 2


def test_a_round_ends_between_two_messages_when_its_process_is_to_end(mailbox: Mailbox, publisher: User, administrator: User) -> None:
    certificate("orders", days=3)
    assert send_due(now=NOW, going=lambda: not mailbox.mails) == 1
    assert send_due(now=NOW) == 1


def test_where_no_owner_can_be_reached_everybody_who_may_renew_is_told(telling: Telling, publisher: User, administrator: User) -> None:
    entry = certificate("orders", days=3)
    actions.add_contact(entry, person=administrator, by=None, now=NOW)
    User.objects.filter(pk=administrator.pk).update(is_active=False)
    assert [mail.to for mail in telling()] == ["publisher@example.com"]


def test_an_owner_who_is_deleted_or_may_look_at_nothing_any_more_is_not_told_and_others_are(
    telling: Telling, publisher: User, administrator: User
) -> None:
    for name in ("orders", "shop"):
        actions.add_contact(certificate(name, days=3), person=administrator, by=None, now=NOW)
    administrator.groups.clear()
    assert {mail.to for mail in telling()} == {"publisher@example.com"}
    administrator.delete()
    certificate("later", days=3)
    assert {mail.to for mail in telling()} == {"publisher@example.com"}


@pytest.mark.parametrize("gone", ["deactivated", "deleted"])
def test_what_somebody_has_acknowledged_who_is_gone_is_told_again(
    telling: Telling, publisher: User, administrator: User, gone: str
) -> None:
    entry = certificate("orders", days=13)
    actions.acknowledge(subject_of(entry), by=administrator, now=NOW)
    assert telling() == []
    if gone == "deleted":
        administrator.delete()
    else:
        User.objects.filter(pk=administrator.pk).update(is_active=False)
    assert [mail.to for mail in telling()] == ["publisher@example.com"]
    actions.acknowledge(subject_of(entry), by=publisher, now=NOW)
    assert telling(NOW + timedelta(days=7)) == []


def test_what_was_acknowledged_is_not_told_until_it_is_renewed(telling: Telling, publisher: User) -> None:
    entry = certificate("orders", days=13)
    certificate("other", days=13)
    actions.acknowledge(subject_of(entry), by=publisher, now=NOW)
    (mail,) = telling()
    assert "other" in mail.text
    assert "orders" not in mail.text
    actions.resume(subject_of(entry), by=publisher, now=NOW)
    assert "orders" in telling()[0].text
    actions.acknowledge(subject_of(entry), by=publisher, now=NOW)
    shorter = issue("renewed", not_before=NOW - timedelta(days=1), not_after=NOW + timedelta(days=5))
    certificate_actions.replace(entry, shorter.as_pfx(), by=None, now=NOW)
    assert "orders" in telling()[0].text


def test_a_mail_server_that_is_away_is_tried_again_ever_more_slowly(
    mailbox: Mailbox, telling: Telling, publisher: User, settings: Settings
) -> None:
    certificate("orders", days=3)
    port, settings.EMAIL_PORT = mailbox.port, 1
    tried = []
    for seconds in range(0, 200, 5):
        telling(NOW + timedelta(seconds=seconds))
        row = Recipient.objects.get()
        assert "could not be reached" in row.sentence
        tried.append(row.failures)
    assert tried[-1] == 5, "at 0, 10, 30, 70 and 150 seconds"
    settings.EMAIL_PORT = port
    assert [mail.to for mail in telling(NOW + timedelta(hours=1))] == ["publisher@example.com"]
    assert telling(NOW + timedelta(hours=2)) == []
    assert Recipient.objects.get().failures == 0


def test_one_address_that_is_refused_keeps_no_other_from_being_told(telling: Telling, publisher: User, administrator: User) -> None:
    User.objects.filter(pk=publisher.pk).update(email="nobody\n@example.com")
    certificate("orders", days=3)
    assert [mail.to for mail in telling()] == ["administrator@example.com"]
    assert "does not take this address" in Recipient.objects.get(key=f"person:{publisher.pk}").sentence


def test_what_another_process_is_sending_is_left_to_it_unless_it_has_died(telling: Telling, publisher: User) -> None:
    entry = certificate("orders", days=3)
    subject = subject_of(entry)
    claimed = Told.objects.create(
        subject=subject.key, version=subject.version, mark="7", recipient=f"person:{publisher.pk}", delivery=uuid.uuid4()
    )
    assert telling() == []
    Told.objects.filter(pk=claimed.pk).update(claimed_at=timezone.now() - CLAIMED_FOR - timedelta(seconds=1))
    assert len(telling()) == 1


def test_each_attempt_bears_the_same_id(mailbox: Mailbox, telling: Telling, publisher: User) -> None:
    certificate("orders", days=3)
    (first,) = telling()
    Told.objects.all().delete()
    (second,) = telling()
    assert first.id == second.id != ""


def test_a_summary_is_sent_on_its_day_once(telling: Telling, publisher: User, administrator: User) -> None:
    entry = certificate("orders", days=50)
    actions.acknowledge(subject_of(entry), by=publisher, now=NOW)
    monday = datetime(2027, 3, 8, 7, tzinfo=NOW.tzinfo)
    told = [telling(monday + timedelta(hours=hours)) for hours in (0, 1, 2, 24, 24 * 7 + 1)]
    assert [len(mails) for mails in told] == [0, 2, 0, 0, 2]
    assert "Weekly summary" in told[1][0].subject
    assert "orders" in told[1][0].text
    actions.schedule(thresholds=[60], weekly=None, by=administrator, now=NOW)
    assert telling(monday + timedelta(days=21, hours=2)) == []


def test_a_trusted_authority_is_told_of_once_with_all_apis_that_trust_it(telling: Telling, publisher: User) -> None:
    ends = issue("Old Root", authority=True, not_before=NOW - timedelta(days=400), not_after=NOW + timedelta(days=6))
    fine = issue("New Root", authority=True, not_before=NOW - timedelta(days=400), not_after=NOW + timedelta(days=600))
    for name in ("first", "second"):
        trust = ApiSecurity(credentials=Credentials.NONE, trusted_ca=fine.pem + ends.pem)
        secure_api(make_api(name), trust, by=None, now=NOW)
    (mail,) = telling()
    assert "Trusted authority new-root expires in 6 days" in mail.subject
    assert "CN=Old Root, O=Example" in mail.text
    assert "first, second" in mail.text
    assert "https://portal.example.com/security/trusted-authorities/new-root/replace/" in mail.text
    assert telling(NOW + timedelta(hours=1)) == []


def test_enrolments_that_did_not_renew_are_told_to_administrators(telling: Telling, publisher: User, administrator: User) -> None:
    gateway = make_gateway("edge-1")
    Gateway.objects.filter(pk=gateway.pk).update(fingerprint="ab" * 32, enrolled_until=NOW + timedelta(days=29))
    renewed = make_gateway("edge-2")
    Gateway.objects.filter(pk=renewed.pk).update(
        fingerprint="cd" * 32,
        enrolled_until=NOW + timedelta(days=29),
        next_fingerprint="ef" * 32,
        next_enrolled_until=NOW + timedelta(days=700),
    )
    (mail,) = telling()
    assert mail.to == "administrator@example.com"
    assert "Enrolment of a gateway edge-1 expires in 29 days" in mail.subject


def test_what_fails_is_told_once_for_each_of_its_failures(telling: Telling, publisher: User, request: pytest.FixtureRequest) -> None:
    failing: list[Trouble] = []
    troubles.register("tests", lambda: failing)
    request.addfinalizer(lambda: troubles.register("tests", list))
    entry = make_certificate("orders")
    actions.add_contact(entry, address="team@example.com", by=None, now=NOW)
    trouble = Trouble(key="source:1", episode="2027-03-01", name="orders", reason="The folder is gone.", path="/somewhere/", entry=entry.pk)
    failing.append(trouble)
    (mail,) = telling()
    assert mail.to == "team@example.com"
    assert "orders fails: The folder is gone" in mail.subject
    assert telling(NOW + timedelta(days=1)) == []
    failing[:] = [Trouble(key="source:1", episode="2027-03-05", name="orders", reason="It is empty.", entry=entry.pk)]
    assert "It is empty." in telling(NOW + timedelta(days=2))[0].text


def test_without_a_mail_server_channels_are_told_all_the_same(settings: Settings, publisher: User) -> None:
    make_channel("team")
    settings.EMAIL_HOST = ""
    subject = subject_of(certificate("orders", days=3))
    assert [told.addressee.key.partition(":")[0] for told in recipients([subject])] == ["channel"]
