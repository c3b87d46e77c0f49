"""What each service is sent, and under which guard."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from django.utils import timezone
from pytest_django.fixtures import Settings

from certificates.models import ClientCertificate
from kit.issuing import issue
from notices import posting
from notices.messages import trial
from notices.models import Channel, ChannelKind, ChannelSecret, Outcome, Recipient
from notices.places import BadUrl, place_of
from notices.recipients import Addressee, addressee_of
from notices.sending import send, send_due
from portal import troubles
from portal.troubles import Trouble
from tests.makers import make_certificate, make_channel
from tests.notices.conftest import NOW, certificate
from tests.notices.receivers import Post, Receiver

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
SECRET = "0123456789abcdef"
TAKEN = {
    ChannelKind.FEISHU: b'{"code":0,"msg":"success"}',
    ChannelKind.DINGTALK: b'{"errcode":0,"errmsg":"ok"}',
    ChannelKind.WECOM: b'{"errcode":0,"errmsg":"ok"}',
}
CARDS = [ChannelKind.SLACK, ChannelKind.TEAMS, *TAKEN]
POSTED = [ChannelKind.WEBHOOK, *CARDS]
# A name of ill will: markup of each service, and a link.
EVIL = "x](https://evil.example) *b* <!channel> <https://evil.example|b>"


def told(kind: ChannelKind, *, now: datetime = NOW, secret: str = SECRET, number: int = 1) -> Post:
    """Tell a channel of that kind of *number* certificates that end, and return what it was sent."""
    for one in range(number):
        certificate(f"orders-{one}", days=3)
    signed = secret if kind in {ChannelKind.WEBHOOK, ChannelKind.FEISHU, ChannelKind.DINGTALK} else ""
    with Receiver(answers=[(200, TAKEN.get(kind, b"ok"))]) as receiver:
        make_channel("team", kind, receiver.url("/hook/very-secret-token?access_token=abc"), signed)
        assert send_due(now=now) == 1, Recipient.objects.get().sentence
        assert send_due(now=now + timedelta(hours=1)) == 0
    (post,) = receiver.posts
    assert post.path.startswith("/hook/very-secret-token?access_token=abc")
    return post


def send_test(addressee: Addressee, *, now: datetime) -> Recipient:
    """Do what the test button does."""
    return send(trial(language="en"), addressee, now=now)


def texts(content: Any) -> list[str]:
    """Return every text in what was sent."""
    if isinstance(content, dict):
        return [text for value in content.values() for text in texts(value)]
    if isinstance(content, list):
        return [text for value in content for text in texts(value)]
    return [str(content)]


def test_a_webhook_is_signed_over_moment_and_body() -> None:
    post = told(ChannelKind.WEBHOOK)
    moment = post.headers["X-Portal-Timestamp"]
    assert 0 <= int(moment) - NOW.timestamp() < 60
    expected = hmac.new(SECRET.encode(), f"{moment}.".encode() + post.body, hashlib.sha256).hexdigest()
    assert post.headers["X-Portal-Signature"] == f"sha256={expected}"
    assert post.headers["X-Portal-Delivery"] == post.json["id"]


def test_a_webhook_tells_programs_what_people_read() -> None:
    sent = told(ChannelKind.WEBHOOK).json
    (notice,) = sent["notices"]
    assert (sent["type"], notice["kind"], notice["name"], notice["daysLeft"]) == ("notice", "client-certificate", "orders-0", 3)
    assert (notice["threshold"], notice["failing"], notice["apis"], notice["expires"]) == (7, False, [], "2027-03-06T12:00:00Z")
    assert len(notice["thumbprint"]) == 40
    assert notice["link"].endswith("/security/client-certificates/orders-0/replace/")


@pytest.mark.parametrize("kind", CARDS)
def test_a_card_names_the_entry_its_thumbprint_and_leads_to_the_button(kind: ChannelKind) -> None:
    sent = told(kind).json
    everything = "\n".join(texts(sent)).replace("\\", "")
    thumbprint = _thumbprint("orders-0")
    assert "orders-0 expires in 3 days" in everything
    assert thumbprint in everything
    assert "/security/client-certificates/orders-0/replace/" in everything


def _thumbprint(name: str) -> str:
    entry = ClientCertificate.objects.select_related("current").get(name=name)
    assert entry.current
    return entry.current.thumbprint


def test_slack_gets_blocks_of_plain_text() -> None:
    sent = told(ChannelKind.SLACK).json
    assert [block["type"] for block in sent["blocks"]] == ["header", "section", "section", "actions", "divider", "actions"]
    assert {block["text"]["type"] for block in sent["blocks"] if "text" in block} == {"plain_text"}
    assert sent["text"].startswith("Client certificate")


def test_teams_gets_an_adaptive_card() -> None:
    (attachment,) = told(ChannelKind.TEAMS).json["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"], card["actions"][0]["type"]) == ("AdaptiveCard", "1.4", "Action.OpenUrl")
    assert {part["type"] for part in card["body"]} == {"TextBlock", "FactSet", "ActionSet"}


def test_feishu_gets_an_interactive_card_signed_with_moment_and_secret() -> None:
    sent = told(ChannelKind.FEISHU).json
    assert sent["msg_type"] == "interactive"
    key = f"{sent['timestamp']}\n{SECRET}".encode()
    assert sent["sign"] == base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()


def test_dingtalk_gets_an_action_card_signed_in_the_address() -> None:
    post = told(ChannelKind.DINGTALK)
    assert post.json["msgtype"] == "actionCard"
    query = {name: values[0] for name, values in parse_qs(urlsplit(post.path).query).items()}
    digest = hmac.new(SECRET.encode(), f"{query['timestamp']}\n{SECRET}".encode(), hashlib.sha256).digest()
    assert query["sign"] == base64.b64encode(digest).decode()
    assert query["access_token"] == "abc"


def test_wecom_gets_a_template_card_within_its_limits() -> None:
    sent = told(ChannelKind.WECOM, number=9).json
    card = sent["template_card"]
    assert (sent["msgtype"], card["card_type"]) == ("template_card", "text_notice")
    assert len(card["horizontal_content_list"]) == 6
    assert len(card["jump_list"]) == 3
    assert card["sub_title_text"] == "And 3 more."


@pytest.mark.parametrize("kind", [ChannelKind.FEISHU, ChannelKind.DINGTALK])
def test_without_a_secret_nothing_is_signed(kind: ChannelKind) -> None:
    post = told(kind, secret="")
    assert "sign" not in post.json
    assert "sign=" not in post.path


@pytest.mark.parametrize("kind", [kind for kind in CARDS if kind != ChannelKind.WECOM])
def test_a_card_shows_ten_and_counts_the_rest(kind: ChannelKind) -> None:
    everything = "\n".join(texts(told(kind, number=12).json)).replace("\\", "")
    assert "And 2 more." in everything
    assert everything.count("expires in 3 days") == 10


@pytest.mark.parametrize(("kind", "most"), [(ChannelKind.TEAMS, 28_000), (ChannelKind.FEISHU, 20_000), (ChannelKind.DINGTALK, 20_000)])
def test_a_card_is_never_longer_than_its_service_takes(kind: ChannelKind, most: int) -> None:
    failing = [Trouble(key=f"source:{number}", episode="1", name=f"orders-{number}", reason="文件夹_" * 400) for number in range(12)]
    troubles.register("tests", lambda: failing)
    with Receiver(answers=[(200, TAKEN.get(kind, b"ok"))]) as receiver:
        make_channel("team", kind, receiver.url())
        assert send_due(now=NOW) == 1
    troubles.register("tests", list)
    (post,) = receiver.posts
    assert len(post.body) <= most
    everything = "\n".join(texts(post.json)).replace("\\", "")
    told = everything.count(" fails: ")
    assert 0 < told <= 10
    assert f"And {12 - told} more." in everything


@pytest.mark.parametrize("kind", [ChannelKind.TEAMS, ChannelKind.DINGTALK])
def test_names_of_ill_will_are_no_markup(kind: ChannelKind) -> None:
    make_certificate("orders", issue(EVIL, not_before=NOW - timedelta(days=9), not_after=NOW + timedelta(days=3)))
    with Receiver(answers=[(200, TAKEN.get(kind, b"ok"))]) as receiver:
        make_channel("team", kind, receiver.url())
        assert send_due(now=NOW) == 1
    sent = "\n".join(texts(receiver.posts[0].json))
    assert not re.search(r"(?<!\\)[\[\]<*]", sent.replace("[Open the API]", "").replace("**", "").replace("[Replace the certificate]", ""))


@pytest.mark.parametrize("kind", POSTED)
@pytest.mark.parametrize("status", [400, 404, 429, 500])
def test_a_status_that_refuses_is_shown_and_tried_again(kind: ChannelKind, status: int) -> None:
    certificate("orders", days=3)
    with Receiver(answers=[(status, b"<b>secret words of somebody</b>"), (200, TAKEN.get(kind, b"ok"))]) as receiver:
        make_channel("team", kind, receiver.url())
        assert send_due(now=NOW) == 0
        row = Recipient.objects.get()
        assert row.sentence == f"It was refused: HTTP {status}."
        assert send_due(now=NOW + timedelta(seconds=1)) == 0
        assert len(receiver.posts) == 1, "not before its time"
        assert send_due(now=NOW + timedelta(minutes=1)) == 1
    first, second = receiver.posts
    if kind == ChannelKind.WEBHOOK:
        assert first.headers["X-Portal-Delivery"] == second.headers["X-Portal-Delivery"]
        assert first.headers["X-Portal-Signature"] != second.headers["X-Portal-Signature"]


@pytest.mark.parametrize(
    ("kind", "answer", "words"),
    [
        (ChannelKind.FEISHU, b'{"code":19021,"msg":"sign match fail"}', "code 19021"),
        (ChannelKind.FEISHU, b'{"StatusCode":9499}', "code 9499"),
        (ChannelKind.DINGTALK, b'{"errcode":310000,"errmsg":"sign not match"}', "errcode 310000"),
        (ChannelKind.WECOM, b'{"errcode":93000}', "errcode 93000"),
        (ChannelKind.WECOM, b'{"errcode":"<script>"}', "errcode ?"),
        (ChannelKind.WECOM, b"[1]", "errcode ?"),
        (ChannelKind.DINGTALK, b"not JSON", "JSON?"),
    ],
)
def test_services_that_refuse_with_200_are_not_believed(kind: ChannelKind, answer: bytes, words: str) -> None:
    with Receiver(answers=[(200, answer)]) as receiver:
        result = send_test(addressee_of(make_channel("team", kind, receiver.url())), now=timezone.now())
    assert result.sentence == f"It was refused: {words}."


def test_the_test_message_tells_that_it_is_one() -> None:
    with Receiver() as receiver:
        channel = make_channel("team", ChannelKind.WEBHOOK, receiver.url(), SECRET)
        assert send_test(addressee_of(channel), now=timezone.now()).delivered
    assert (receiver.posts[0].json["type"], receiver.posts[0].json["notices"]) == ("test", [])


# --- the guard ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_an_address_that_is_not_allowed_gets_nothing_however_it_is_named(settings: Settings, host: str) -> None:
    with Receiver() as receiver:
        channel = make_channel("team", ChannelKind.SLACK, receiver.url(host=host))
        settings.ALLOWED_BACKEND_NETWORKS = ()
        result = send_test(addressee_of(channel), now=timezone.now())
    assert result.outcome == Outcome.NOT_ALLOWED
    assert receiver.posts == []


@pytest.mark.parametrize(
    "url",
    [
        *("http://169.254.169.254/latest", "http://metadata.google.internal/", "http://[::1]/", "http://127.1/", "http://0x7f000001/"),
        *("http://[::ffff:169.254.169.254]/", "https://0.0.0.0/", "https://224.0.0.1/", "http://2130706433/"),
        *(
            "ftp://hooks.example.com/",
            "hooks.example.com",
            "https://",
            "https://user:password@hooks.example.com/",
            "https://h.example.com/#x",
        ),
        *(
            "https://hooks.example.com/a b",
            "https://hooks.example.com:99999/",
            "https://hooks.example.com:0/",
            "https://[::1",
            "https://1.2.3.999/",
        ),
        *("https://hooks.example.com/\r\nX-Evil: 1", "https://hooks.example.com/ü"),
    ],
)
def test_what_is_no_url_to_post_to_is_refused_at_once(url: str) -> None:
    with pytest.raises(BadUrl) as refusal:
        place_of(url, allowed=())
    assert str(refusal.value.fault)
    assert "example.com/" not in str(refusal.value)


def test_a_redirect_is_not_followed() -> None:
    with Receiver() as other, Receiver(answers=[(302, b"")]) as receiver:
        receiver.headers = {"Location": other.url()}
        result = send_test(addressee_of(make_channel("team", ChannelKind.SLACK, receiver.url())), now=timezone.now())
    assert result.detail == "HTTP 302"
    assert other.posts == []


def test_an_answer_that_drips_is_waited_for_so_long_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "_TOTAL_SECONDS", 0.5)
    with Receiver(drips=True) as receiver:
        channel = make_channel("team", ChannelKind.SLACK, receiver.url())
        begun = time.monotonic()
        result = send_test(addressee_of(channel), now=timezone.now())
    assert result.outcome == Outcome.TOO_SLOW
    assert time.monotonic() - begun < 5


def test_a_server_is_trusted_by_the_authorities_that_the_operator_names(settings: Settings, tmp_path: Path) -> None:
    root = issue("Root", authority=True)
    served = issue("localhost", by=root, hosts=("localhost",))
    files = tmp_path / "server.pem", tmp_path / "root.pem"
    files[0].write_text(_pem(served) + served.key_pem)
    files[1].write_text(_pem(root))
    with Receiver(tls=files[0]) as receiver:
        channel = make_channel("team", ChannelKind.SLACK, receiver.url(host="localhost"))
        assert send_test(addressee_of(channel), now=timezone.now()).outcome == Outcome.NO_TLS
        settings.NOTICES_CA = str(files[1])
        assert send_test(addressee_of(channel), now=timezone.now()).delivered
        other = make_channel("other", ChannelKind.SLACK, receiver.url(host="127.0.0.1"))
        assert send_test(addressee_of(other), now=timezone.now()).outcome == Outcome.NO_TLS, "it was not issued for the address"
    assert len(receiver.posts) == 1


def _pem(issued: Any) -> str:
    return str(issued.certificate.public_bytes(Encoding.PEM).decode())


@pytest.mark.parametrize(
    ("url", "outcome"), [("http://127.0.0.1:1/x", Outcome.UNREACHABLE), ("http://nowhere.invalid/x", Outcome.UNKNOWN_NAME)]
)
def test_what_cannot_be_reached_is_said_and_the_url_is_not(url: str, outcome: Outcome, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    channel = make_channel("team", ChannelKind.WEBHOOK, f"{url}very-secret-token", SECRET)
    result = send_test(addressee_of(channel), now=timezone.now())
    assert result.outcome == outcome
    assert "very-secret-token" not in caplog.text
    assert SECRET not in caplog.text


def test_secrets_lie_sealed() -> None:
    channel = make_channel("team", ChannelKind.WEBHOOK, "https://hooks.example.com/very-secret-token", SECRET)
    everything = str([*ChannelSecret.objects.values(), *Channel.objects.values()]) + str(bytes(ChannelSecret.objects.get().ciphertext))
    assert "very-secret-token" not in everything
    assert SECRET not in everything
    assert channel.place == "hooks.example.com"


def test_a_secret_whose_key_is_lost_is_said(settings: Settings) -> None:
    with Receiver() as receiver:
        channel = make_channel("team", ChannelKind.SLACK, receiver.url())
        ChannelSecret.objects.update(ring_key="gone")
        result = send_test(addressee_of(Channel.objects.get(pk=channel.pk)), now=datetime.now(UTC))
    assert result.outcome == Outcome.SEALED
    assert receiver.posts == []
