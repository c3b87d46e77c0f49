"""Lines say what was before and what is now, in the reader's language; of secrets only that they changed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone, translation

from apis import actions
from apis.models import Api, Credentials, KeyKind, SubscriptionState
from certificates import actions as certificate_actions
from certificates.sealing import Secret
from portal.activity import HIDDEN, differences
from portal.models import Activity, Event
from portal.sentences import tell
from tests.makers import issue, make_api, make_certificate, make_subscription

NOW = timezone.now()


def newest() -> Activity:
    return Activity.objects.order_by("-id")[0]


def read(line: Activity) -> list[tuple[str, str, str]]:
    with translation.override("en"):
        return [(change.label, change.old, change.new) for change in tell([line])[0].changes]


@pytest.fixture
def api(db: None) -> Api:
    return make_api("orders")


def secure(api: Api, **chosen: object) -> Activity:
    usual = actions.ApiSecurity(credentials=Credentials.NONE)
    actions.secure_api(api, replace(usual, **chosen), by=None, now=NOW)  # type: ignore[arg-type]
    return newest()


def test_security_tells_certificate_and_checks(api: Api) -> None:
    one, other = make_certificate("orders-2025"), make_certificate("orders-2026", issue("another"))
    secure(api, credentials=Credentials.CLIENT_CERTIFICATE, certificate=one)
    line = secure(
        api,
        credentials=Credentials.CLIENT_CERTIFICATE,
        certificate=other,
        validate_certificate_chain=False,
        validate_certificate_name=False,
    )
    assert line.changes == {
        "validate_certificate_chain": [True, False],
        "validate_certificate_name": [True, False],
        "certificate": ["orders-2025", "orders-2026"],
    }
    assert ("Client certificate", "orders-2025", "orders-2026") in read(line)
    assert ("Certificate chain validation", "on", "off") in read(line)


def test_passwords_are_only_said_to_have_changed(api: Api) -> None:
    line = secure(api, credentials=Credentials.BASIC, username="svc", password=Secret(b"first-pa55"))
    assert line.changes["password"] == HIDDEN
    assert line.changes["username"] == [None, "svc"]
    line = secure(api, credentials=Credentials.BASIC, username="other", password=None)
    assert line.changes == {"username": ["svc", "other"]}
    line = secure(api, credentials=Credentials.BASIC, username="other", password=Secret(b"second-pa55"))
    assert line.changes == {"password": HIDDEN}
    assert read(line) == [("Password", "", "")]
    assert not any("pa55" in str(row) for row in Activity.objects.values_list())


def test_settings_and_calls_tell_what_differs_and_nothing_else(api: Api) -> None:
    chosen = actions.ApiSettings(display_name="Orders", service_url="https://new.example.com", path="orders")
    actions.change_api(api, chosen, by=None, now=NOW)
    assert newest().changes == {"service_url": ["https://orders.example.com", "https://new.example.com"]}
    actions.change_calls(api, replace(actions.ApiCalls(), connect_seconds=3, cors_origins=("https://a", "https://b")), by=None, now=NOW)
    assert newest().changes["connect_seconds"][1] == 3
    assert ("Sites that may call", "nothing", "https://a, https://b") in read(newest())
    actions.change_calls(api, actions.ApiCalls.of(Api.objects.get()), by=None, now=NOW)
    assert newest().changes == {}


def test_operations_and_subscriptions_tell_theirs(api: Api) -> None:
    operation = api.operations.get()
    actions.change_operation(operation, display_name="Everything", method="GET", url_template="/x", by=None, now=NOW)
    assert newest().changes == {"method": ["*", "GET"], "url_template": ["/*", "/x"]}
    subscription = make_subscription("all")
    actions.change_subscription(subscription, display_name="All", api=api, by=None, now=NOW)
    assert newest().changes == {"api": [None, "orders"]}
    actions.regenerate_key(subscription, KeyKind.PRIMARY, by=None, now=NOW)
    assert newest().changes == {"primary": HIDDEN}
    actions.set_subscription_state(subscription, SubscriptionState.SUSPENDED, by=None, now=NOW)
    assert read(newest()) == [("State", "Active", "Suspended")]


def test_what_was_deleted_can_be_read_afterwards(api: Api) -> None:
    actions.delete_api(api, by=None, now=NOW)
    assert newest().changes["service_url"] == ["https://orders.example.com", None]


def test_a_new_version_tells_both_thumbprints(db: None) -> None:
    certificate = make_certificate("orders-client")
    assert certificate.current
    old, new = certificate.current.thumbprint, issue("next")
    certificate_actions.replace(certificate, new.as_pfx(), by=None, now=NOW)
    assert newest().changes["thumbprint"] == [old, new.thumbprint]
    assert newest().changes["number"] == [1, 2]


def test_the_page_shows_old_and_new_without_a_script_in_both_languages(signed_in: Client, api: Api) -> None:
    secure(api, validate_certificate_chain=False, validate_certificate_name=False, trusted_ca="<script>")
    page = signed_in.get("/activity/?kind=api.secured").content.decode()
    assert "3 values changed" in page
    assert "<dt>Certificate chain validation</dt><dd><del>on</del> → <ins>off</ins></dd>" in page
    assert "<script>" not in page.partition("<main")[2].partition("</main>")[0]
    page = signed_in.get("/activity/?kind=api.secured", headers={"Accept-Language": "zh-hans"}).content.decode()
    assert "<del>开</del> → <ins>关</ins>" in page


def test_nothing_is_nothing_however_it_is_written() -> None:
    assert differences({"a": "", "b": None, "c": []}, {"a": None, "b": "", "c": None}) == {}
    assert differences({"a": 0}, {"a": None}) == {"a": [0, None]}
    assert differences({"a": False}, {"a": True}, hidden={"b": True, "c": False}) == {"a": [False, True], "b": HIDDEN}


def test_a_long_value_is_shown_in_part(api: Api) -> None:
    secure(api, trusted_ca="x" * 5000)
    assert len(newest().changes["trusted_ca"][1]) == 5000
    assert max(len(new) for _label, _old, new in read(newest())) < 400


def test_a_field_that_no_model_has_is_called_by_its_name(publisher: User) -> None:
    line = Activity(event=Event.API_CHANGED, kind="api", changes={"gone_by_now": [1, 2]})
    assert read(line) == [("Gone_by_now", "1", "2")]
