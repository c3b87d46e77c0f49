"""The pages: channels, when is told, owners, acknowledging."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from certificates.actions import delete
from notices.models import Acknowledgement, Channel, ChannelKind, Contact, Schedule
from portal.models import Activity, Event
from tests.makers import issue, lines, make_certificate, make_channel, make_server_certificate
from tests.notices.receivers import Receiver
from tests.whole.mailbox import Mailbox

pytestmark = pytest.mark.django_db
URL = "https://hooks.example.com/services/very-secret-token"


@pytest.fixture
def office(administrator: User) -> Client:
    """Return a test client signed in as an Administrator."""
    client = Client()
    client.force_login(administrator)
    return client


def posted(client: Client, page: str, **fields: Any) -> Any:
    return client.post(page, fields)


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_channel_is_added_shown_and_told_in_the_log_without_its_secret(office: Client) -> None:
    answer = posted(office, "/notices/channels/new/", name="Team", kind="slack", url=URL, language="en")
    assert (answer.status_code, answer["Location"]) == (303, "/notices/channels/Team/")
    pages = text_of(office.get("/notices/")) + text_of(office.get("/notices/channels/Team/"))
    assert "hooks.example.com" in pages
    assert "very-secret-token" not in pages
    (line,) = lines()
    assert (line.event, line.subject_name) == ("notice.channel-added", "Team")
    assert "very-secret-token" not in str(Activity.objects.values_list("changes", "details"))
    assert "Team" in text_of(office.get("/activity/"))


def test_the_secret_of_a_webhook_is_made_and_shown_once(office: Client) -> None:
    answer = posted(office, "/notices/channels/new/", name="hook", kind="webhook", url=URL, language="en")
    assert answer["Cache-Control"] == "no-store"
    (secret,) = re.findall(r"<code[^>]*>([0-9a-f]{64})</code>", text_of(answer))
    assert Channel.objects.get().secret.told()[1].value.decode() == secret
    assert secret not in text_of(office.get("/notices/channels/hook/"))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "slack"}, "Enter the URL that notices are posted to."),
        ({"kind": "mail"}, "Enter the mail address that notices go to."),
        ({"kind": "mail", "address": "nobody"}, "Enter a valid email address."),
        ({"kind": "slack", "url": "http://169.254.169.254/latest"}, "Notices are not posted to this address"),
        ({"kind": "slack", "url": "hooks.example.com"}, "This is not a URL"),
        ({"kind": "slack", "url": URL, "secret": "long-enough-secret"}, "Messages of this kind are not signed."),
        ({"kind": "webhook", "url": URL, "secret": "short"}, "at least 8 characters"),
        ({"kind": "pager", "url": URL}, "Select a valid choice"),
        ({"kind": "slack", "url": URL, "name": "there"}, "There is already a channel of this name."),
        ({"kind": "slack", "url": URL, "name": "new"}, "This name is an address of the portal itself."),
        ({"kind": "slack", "url": URL, "name": "a/b"}, "Use 1 to 80 characters"),
        ({"kind": "slack", "url": URL, "language": "xx"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_stored(office: Client, fields: dict[str, str], words: str) -> None:
    make_channel("there")
    answer = office.post("/notices/channels/new/", {"name": "Team", "language": "en", **fields})
    assert answer.status_code == 422
    page = text_of(answer)
    assert words in page
    assert "very-secret-token" not in page
    assert "long-enough-secret" not in page
    assert Channel.objects.count() == 1


def test_what_is_left_empty_stays_as_it_was(office: Client) -> None:
    channel = make_channel("hook", ChannelKind.WEBHOOK, URL, "the-first-secret")
    assert posted(office, "/notices/channels/hook/", url="", secret="", language="zh-hans").status_code == 303
    channel.refresh_from_db()
    assert (channel.language, channel.secret.told()[0]) == ("zh-hans", URL)
    posted(office, "/notices/channels/hook/", url="https://other.example.com/x", secret="", language="en")
    channel = Channel.objects.get()
    url, secret = channel.secret.told()
    assert (channel.place, url, secret.value) == ("other.example.com", "https://other.example.com/x", b"the-first-secret")
    newest = Activity.objects.order_by("-id")[0]
    assert newest.changes == {
        "place": ["hooks.example.com", "other.example.com"],
        "language": ["zh-hans", "en"],
        "url": {"hidden": True},
    }


def test_a_channel_whose_key_is_lost_wants_its_url_again(office: Client) -> None:
    channel = make_channel("hook", ChannelKind.WEBHOOK, URL, "the-first-secret")
    type(channel.secret).objects.update(ring_key="gone")
    answer = posted(office, "/notices/channels/hook/", url="", secret="another-secret", language="en")
    assert answer.status_code == 422
    assert "cannot be opened any more" in text_of(answer)
    assert posted(office, "/notices/channels/hook/", url=URL, secret="another-secret", language="en").status_code == 303
    assert Channel.objects.get().secret.told()[1].value == b"another-secret"


def test_the_test_button_says_what_became_of_it(office: Client) -> None:
    with Receiver(answers=[(200, b"ok"), (403, b"no")]) as receiver:
        make_channel("team", ChannelKind.SLACK, receiver.url())
        for words in ("team: Delivered.", "team: It was refused: HTTP 403."):
            answer = office.post("/notices/channels/team/test/", follow=True)
            assert words in text_of(answer)
    assert "It was refused: HTTP 403." in text_of(office.get("/notices/"))
    assert len(receiver.posts) == 2


def test_a_mailbox_is_tried_like_any_channel(office: Client, mailbox: Mailbox) -> None:
    make_channel("team", address="team@example.com")
    assert "team: Delivered." in text_of(office.post("/notices/channels/team/test/", follow=True))
    assert b"A test of the publisher portal" in mailbox.mails[0]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"550 5.1.1 No such user", "The mail server does not take this address."),
        (b"553 5.1.3 Bad address", "The mail server does not take this address."),
        (b"450 4.2.0 Greylisted", "The mail server refused the mail: SMTP 450."),
        (b"530 5.7.0 Authentication required", "The mail server refused the mail: SMTP 530."),
        (b"554 5.7.1 Relay access denied", "The mail server refused the mail: SMTP 554."),
    ],
)
def test_an_address_is_blamed_only_for_what_is_about_it(office: Client, mailbox: Mailbox, said: bytes, words: str) -> None:
    mailbox.to_recipients = said
    make_channel("team", address="team@example.com")
    assert f"team: {words}" in text_of(office.post("/notices/channels/team/test/", follow=True))


def test_a_deleted_channel_is_gone_with_its_secret(office: Client) -> None:
    channel = make_channel("team", ChannelKind.SLACK, URL)
    assert "Delete team?" in text_of(office.get("/notices/channels/team/delete/"))
    assert office.post("/notices/channels/team/delete/")["Location"] == "/notices/"
    assert not Channel.objects.exists()
    assert not type(channel.secret).objects.exists()
    assert office.get("/notices/channels/team/").status_code == 404
    line = Activity.objects.get(event=Event.CHANNEL_DELETED)
    assert line.changes == {"kind": ["slack", None], "place": ["hooks.example.com", None], "language": ["en", None]}
    assert "very-secret-token" not in text_of(office.get(f"/activity/{line.id}/"))


def undo(client: Client) -> None:
    """Press the button beside what the page of notices says was done."""
    button = re.search(r'action="(/activity/[0-9]+/undo/)"', text_of(client.get("/notices/")))
    assert button
    assert client.post(button[1])["Location"] == "/notices/"


def test_when_and_of_what_is_told_is_undone_and_put_back(office: Client) -> None:
    posted(office, "/notices/schedule/", thresholds="90, 10", weekly="")
    line = Activity.objects.get(event=Event.NOTICES_SCHEDULED)
    undo(office)
    current = Schedule.objects.get()
    assert (current.thresholds, current.weekly) == ([60, 30, 14, 7, 1, 0], 0)
    assert office.post(f"/activity/{line.id}/restore/", {"values": "after"}).status_code == 303
    assert "Restored." in text_of(office.get("/notices/"))
    current.refresh_from_db()
    assert (current.thresholds, current.weekly) == ([90, 10], None)
    posted(office, "/notices/alerts/", gateways="on")
    undo(office)
    current.refresh_from_db()
    assert (current.calls, current.gateways, current.sources, current.thresholds) == (True, True, True, [90, 10])


@pytest.mark.parametrize("typed", ["", "soon", "60, -1", "731", ",".join(map(str, range(13))), "60; 30"])
def test_thresholds_are_days(office: Client, typed: str) -> None:
    answer = posted(office, "/notices/schedule/", thresholds=typed, weekly="0")
    assert answer.status_code == 422
    assert not Schedule.objects.exists()


def test_the_schedule_is_kept_and_told(office: Client) -> None:
    assert posted(office, "/notices/schedule/", thresholds="7, 90 7,0", weekly="").status_code == 303
    kept = Schedule.objects.get()
    assert (kept.thresholds, kept.weekly) == ([90, 7, 0], None)
    (line,) = lines()
    assert line.changes["thresholds"] == [["60", "30", "14", "7", "1", "0"], ["90", "7", "0"]]
    assert 'value="90, 7, 0"' in text_of(office.get("/notices/"))


def soon(name: str) -> Any:
    return issue(name, not_after=datetime.now(UTC) + timedelta(days=3))


def test_owners_and_contacts_are_added_and_removed_on_the_entrys_page(signed_in: Client, publisher: User) -> None:
    make_certificate("orders", soon("orders"))
    page = "/notices/of/client/orders/"
    assert posted(signed_in, page, person="publisher", address="", language="en").status_code == 303
    assert posted(signed_in, page, person="", address="team@example.com", language="zh-hans").status_code == 303
    assert posted(signed_in, page, person="publisher", address="", language="en").status_code == 303, "once more does no harm"
    shown = text_of(signed_in.get("/security/client-certificates/orders/"))
    assert "publisher" in shown
    assert "team@example.com" in shown
    assert Contact.objects.count() == 2
    contact = Contact.objects.get(address="team@example.com")
    assert signed_in.post(f"{page}remove/", {"contact": contact.pk}).status_code == 303
    assert signed_in.post(f"{page}remove/", {"contact": "x"}).status_code == 303
    assert [str(one) for one in Contact.objects.all()] == ["publisher"]
    assert [line.event for line in lines()][1:] == ["telling.contact-added", "telling.contact-added", "telling.contact-removed"]


def test_that_somebody_is_told_or_no_longer_is_undone_and_restored_from_the_log(signed_in: Client, publisher: User) -> None:
    make_certificate("orders", soon("orders"))
    page = "/notices/of/client/orders/"
    posted(signed_in, page, person="publisher", address="", language="en")
    added = signed_in.post(page, {"person": "", "address": "team@example.com", "language": "zh-hans"}, follow=True)
    owner, address = lines()[-2:]
    assert f"/activity/{address.pk}/undo/" in added.content.decode()
    assert signed_in.post(f"/activity/{address.pk}/undo/").headers["Location"] == page
    assert [str(one) for one in Contact.objects.all()] == ["publisher"]
    assert signed_in.post(f"/activity/{owner.pk}/restore/", {"values": "before"}).status_code == 303
    assert not Contact.objects.exists()
    for line in (owner, address):
        assert signed_in.post(f"/activity/{line.pk}/restore/", {"values": "after"}).status_code == 303
    assert [(str(one), one.language) for one in Contact.objects.all()] == [("publisher", ""), ("team@example.com", "zh-hans")]
    assert "values of now already" in text_of(signed_in.post(f"/activity/{address.pk}/restore/", {"values": "after"}))


def test_what_was_saved_as_it_was_offers_no_way_back_from_what_was_changed_before(office: Client) -> None:
    days = {"thresholds": "60, 7", "weekly": ""}
    for offered in (True, False):
        saved = office.post("/notices/schedule/", days, follow=True).content.decode()
        assert ("/undo/" in saved) is offered


def test_who_has_left_is_not_told_again(signed_in: Client, publisher: User) -> None:
    make_certificate("orders", soon("orders"))
    gone = User.objects.create_user("gone", "gone@example.com")
    posted(signed_in, "/notices/of/client/orders/", person="gone", address="", language="en")
    signed_in.post("/notices/of/client/orders/remove/", {"contact": Contact.objects.get().pk})
    line = lines()[-1]
    User.objects.filter(pk=gone.pk).update(is_active=False)
    refused = signed_in.post(f"/activity/{line.pk}/undo/")
    assert refused.status_code == 409
    assert "gone has no account that is active" in text_of(refused)
    assert not Contact.objects.exists()


def test_contacts_of_what_was_deleted_are_not_restored(signed_in: Client) -> None:
    entry = make_certificate("orders", soon("orders"))
    posted(signed_in, "/notices/of/client/orders/", person="", address="team@example.com", language="en")
    line = lines()[-1]
    delete(entry, by=None, now=timezone.now())
    assert signed_in.post(f"/activity/{line.pk}/restore/", {"values": "after"}).status_code == 409


@pytest.mark.parametrize(("make", "kind"), [(make_certificate, "client"), (make_server_certificate, "server")])
def test_publishers_read_who_is_told_and_get_to_the_entry_and_to_no_channel(signed_in: Client, make: Any, kind: str) -> None:
    entry = make("orders")
    type(make_channel("team", address="team@example.com")).objects.update(id=entry.pk)
    posted(signed_in, f"/notices/of/{kind}/orders/", person="", address="team@example.com", language="en")
    signed_in.post("/notices/acknowledge/", {"subject": f"{kind}:{entry.pk}"})
    activity = text_of(signed_in.get("/activity/?kind=telling"))
    assert activity.count(f'<a href="/security/{kind}-certificates/orders/">') == 2
    assert "had somebody else told of" in activity
    assert "/notices/channels/" not in activity


def test_who_cannot_be_reached_is_no_owner(signed_in: Client, publisher: User) -> None:
    make_certificate("orders")
    User.objects.filter(pk=publisher.pk).update(email="")
    for fields in (
        {"person": "publisher"},
        {},
        {"person": "publisher", "address": "a@example.com"},
        {"address": "nobody"},
        {"person": "x"},
    ):
        assert posted(signed_in, "/notices/of/client/orders/", **fields).status_code == 422
    assert not Contact.objects.exists()


def test_an_entry_is_acknowledged_and_told_of_again(signed_in: Client) -> None:
    for entry, kind in ((make_certificate("orders"), "client"), (make_server_certificate("api.example.com"), "server")):
        page = f"/notices/of/{kind}/{entry.name}/"
        (key,) = re.findall(r'name="subject" value="([^"]+)"', text_of(signed_in.get(page)))
        answer = signed_in.post("/notices/acknowledge/", {"subject": key, "next": page})
        assert (answer.status_code, answer["Location"]) == (303, page)
        assert Acknowledgement.objects.get().by == "publisher"
        assert "Acknowledged by publisher" in text_of(signed_in.get(page))
        signed_in.post("/notices/acknowledge/", {"subject": key, "next": "https://evil.example.com/", "resume": "yes"})
        assert not Acknowledgement.objects.exists()


@pytest.mark.parametrize("page", ["now", "a:b", "dashboard", "<b>", "٢"])
def test_whatever_page_it_is_said_to_have_been_on_is_gone_back_to_as_an_address(signed_in: Client, page: str) -> None:
    entry = make_certificate("orders")
    assert signed_in.post("/notices/acknowledge/", {"subject": f"client:{entry.pk}", "next": page}).status_code == 303


@pytest.mark.parametrize("key", ["", "client:999", "client:x", "gateway:1", "client:99999999999999999999999"])
def test_what_is_not_there_cannot_be_acknowledged(signed_in: Client, key: str) -> None:
    assert signed_in.post("/notices/acknowledge/", {"subject": key, "next": "//evil.example.com"})["Location"] == "/"
    assert not Acknowledgement.objects.exists()


def test_the_page_lists_what_is_due_and_says_that_nobody_gets_mail(office: Client) -> None:
    make_certificate("orders", soon("orders"))
    make_certificate("fine")
    page = text_of(office.get("/notices/"))
    assert "orders" in page
    assert "fine" not in page
    assert "PORTAL_MAIL_HOST" in page
    assert "nobody yet" in page


def test_the_pages_speak_chinese(office: Client, administrator: User) -> None:
    make_channel("team")
    page = text_of(office.get("/notices/", headers={"accept-language": "zh-hans"}))
    assert "每周摘要" in page
    assert "发送测试" in page
