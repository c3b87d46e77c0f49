"""Export and import as pages, for administrators: a download, what a file changes in sentences, its confirmation."""

from __future__ import annotations

import base64
import re
import zlib
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from apis import actions
from apis.models import Api, Subscription
from portal.models import Activity, Event
from rest.configuration.text import read, write
from tests.makers import make_api, make_counts, make_subscription

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
HOME = "/settings/configuration/"
WORDS = "four words of passphrase"


@pytest.fixture
def desk(client: Client, administrator: User) -> Client:
    """Return an administrator's browser."""
    client.force_login(administrator)
    return client


def _uploaded(desk: Client, document: Any, **fields: Any) -> Any:
    text = document if isinstance(document, bytes) else write(document).encode()
    return desk.post(f"{HOME}import/", {"file": SimpleUploadedFile("configuration.yaml", text), **fields})


def _confirmed(desk: Client, shown: Any, **fields: Any) -> Any:
    hidden = dict(re.findall(r'type="hidden" name="(kept|digest|delete_unmentioned)" value="([^"]*)"', shown.content.decode()))
    return desk.post(f"{HOME}import/", {**hidden, **fields}, follow=True)


def _words(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_the_configuration_is_downloaded_and_that_is_noted(desk: Client, administrator: User) -> None:
    make_api("orders")
    answer = desk.post(f"{HOME}download/", {"secrets": "left-out"})
    assert re.fullmatch(r'attachment; filename="configuration-.+\.yaml"', answer["Content-Disposition"])
    assert [api["name"] for api in read(answer.content.decode())["apis"]] == ["orders"]
    assert Activity.objects.filter(event=Event.CONFIGURATION_EXPORTED).get().actor == administrator


def test_secrets_are_encrypted_by_a_passphrase_and_open_when_the_file_comes_back(desk: Client) -> None:
    make_subscription("shop")
    key = Subscription.objects.get().keys.get(kind="primary").unseal()
    file = desk.post(f"{HOME}download/", {"secrets": "passphrase", "passphrase": WORDS}).content
    assert key.value not in file
    Subscription.objects.all().delete()
    shown = _uploaded(desk, file, opens=WORDS)
    assert "Subscription “shop” is added." in _words(shown)
    assert WORDS not in shown.content.decode()
    closed = _confirmed(desk, shown, opens="another passphrase")
    assert (closed.status_code, Subscription.objects.exists()) == (422, False)
    assert "do not open with what was given" in _words(closed)
    assert "1 change was made." in _words(_confirmed(desk, closed, opens=WORDS))
    assert Subscription.objects.get().keys.get(kind="primary").unseal() == key


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"secrets": "passphrase", "passphrase": "short"}, "Enter at least 12 characters"),
        ({"secrets": "keys"}, "Enter a public key of age"),
        ({"secrets": "keys", "recipients": "age1nonsense"}, "“age1nonsense” is no public key"),
    ],
)
def test_what_cannot_encrypt_is_said_at_its_field(fields: dict[str, str], words: str, desk: Client) -> None:
    answer = desk.post(f"{HOME}download/", fields)
    assert answer.status_code == 422
    assert words in _words(answer)


def test_a_file_is_shown_in_sentences_with_deletions_and_touched_calls_and_changes_nothing_until_confirmed(desk: Client) -> None:
    make_subscription("shop", api=make_api("gone"))
    make_counts(make_api("orders"), ok=8)
    document = {"version": 1, "apis": [{"name": "orders", "path": "buy"}]}
    shown = _uploaded(desk, document, delete_unmentioned="on")
    told = _words(shown)
    assert "2 deletions" in told
    assert "Subscription “shop” is deleted. Both its keys open nothing from then on." in told
    assert "“Web API URL suffix” becomes “buy”; it was “orders”. It touches 8 calls of the last hour: orders (8)." in told
    assert Api.objects.count() == 2
    assert "3 changes were made." in _words(_confirmed(desk, shown))
    assert dict(Api.objects.values_list("name", "path")) == {"orders": "buy"}


def test_what_was_changed_meanwhile_is_shown_before_anything_happens(desk: Client) -> None:
    api = make_api("orders")
    shown = _uploaded(desk, {"version": 1, "apis": [{"name": "orders", "path": "buy", "description": "Ours."}]})
    settings = actions.ApiSettings(display_name="Orders", service_url=api.service_url, path="purchases")
    actions.change_api(api, settings, by=None, now=timezone.now())
    again = _confirmed(desk, shown)
    assert again.status_code == 409
    assert "it was “purchases”" in _words(again)
    assert Api.objects.get().path == "purchases"
    _confirmed(desk, again)
    assert Api.objects.get().path == "buy"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"version: 1\nversion: 1\n", "stands twice"),
        (b"\xff\xfe", "no text in UTF-8"),
        (b"- a\n", "no configuration"),
        ({"version": 1, "colour": "red"}, "This is not known."),
        ({"version": 1, "apis": [{"name": "orders", "path": "a b"}]}, "apis.orders.path"),
        ({"version": 1, "certificates": [{"name": "c", "pfx": "/etc/passwd"}]}, "Files and the environment are read by the command alone"),
        (
            {"version": 1, "subscriptions": [{"name": "s", "display_name": "S", "primary_key": {"env": "HOME"}}]},
            "read by the command alone",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said_and_nothing_is_changed(document: Any, words: str, desk: Client) -> None:
    make_api("orders")
    lines = Activity.objects.count()
    answer = _uploaded(desk, document)
    assert answer.status_code == 422
    assert words in _words(answer)
    assert Activity.objects.count() == lines


def test_a_file_that_says_what_is_changes_nothing(desk: Client) -> None:
    make_api("orders")
    shown = _uploaded(desk, desk.post(f"{HOME}download/", {"secrets": "left-out"}).content, delete_unmentioned="on")
    assert "Nothing would change" in _words(shown)


@pytest.mark.parametrize("text", ['{"version": 1, "apis": [{"name": "\\ud800"}]}', "[" * 5000, '{"version": 1, "version": 1}', "\0", "5"])
def test_what_comes_back_altered_is_refused_and_changes_nothing(desk: Client, text: str) -> None:
    make_api("orders")
    kept = base64.b64encode(zlib.compress(text.encode())).decode()
    answer = desk.post(f"{HOME}import/", {"kept": kept, "digest": "0" * 64}, follow=True)
    assert answer.status_code in {200, 422}
    assert [api.name for api in Api.objects.all()] == ["orders"]
