"""Named values in settings: addresses, user names and passwords say what the values say, at once, and count among their uses."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apis.backends import actions as back_ends
from apis.backends.actions import BackEndSettings
from apis.backends.models import BackEnd
from apis.models import Api, BasicCredentials, Credentials, NamedValue
from apis.named_values.actions import Chosen, change
from apis.named_values.settings import Unusable, basic_of
from apis.named_values.uses import uses_of
from certificates.sealing import Secret
from portal.models import Activity
from tests.makers import lead, make_api, make_back_end, make_named_value

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
SETTINGS = {"display_name": "Orders", "path": "orders"}
SECURITY = {"credentials": "basic", "validate_certificate_chain": "on", "validate_certificate_name": "on", "protocol": "auto"}
BACK_END = {"title": "Shop", "credentials": "none", "validate_certificate_chain": "on", "protocol": "auto"}


def say(client: Client, name: str, text: str, **more: str) -> Any:
    return client.post(f"/named-values/{name}/", {"display_name": name, "value": text, **more})


def used_by(name: str) -> list[str]:
    return [use.words for use in uses_of(NamedValue.objects.get(display_name=name))]


def test_a_web_service_url_says_what_a_value_says_now_and_later(signed_in: Client) -> None:
    make_api()
    make_named_value("stage", "test.example.com")
    assert signed_in.post("/apis/orders/settings/", SETTINGS | {"service_url": "https://{{stage}}:8443/v{{ stage }}"}).status_code == 303
    api = Api.objects.get()
    assert (api.service_url, api.written_url) == ("https://test.example.com:8443/vtest.example.com", "https://{{stage}}:8443/v{{ stage }}")
    assert 'value="https://{{stage}}:8443/v{{ stage }}"' in signed_in.get("/apis/orders/settings/").content.decode()
    assert say(signed_in, "stage", "live.example.com").status_code == 303
    assert Api.objects.get().service_url == "https://live.example.com:8443/vlive.example.com"
    assert used_by("stage") == ["Orders: Web service URL"]
    line = Activity.objects.filter(kind="api").latest("id")
    assert line.changes["service_url"] == [api.service_url, Api.objects.get().service_url]


def test_the_resolver_is_asked_once_for_a_host_however_many_apis_lead_there(signed_in: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    make_named_value("stage", "test.example.com")
    for name in ("orders", "returns", "sales"):
        make_api(name, service_url="https://{{stage}}")
    asked: list[str] = []

    def answer(host: str) -> list[str]:
        asked.append(host)
        return []

    monkeypatch.setattr("apis.service_url._asked", answer)
    assert say(signed_in, "stage", "live.example.com").status_code == 303
    assert asked == ["live.example.com"]
    assert set(Api.objects.values_list("service_url", flat=True)) == {"https://live.example.com"}


def test_a_literal_address_in_its_place_follows_no_more(signed_in: Client) -> None:
    make_api()
    make_named_value("stage", "test.example.com")
    for url in ("https://{{stage}}", "https://test.example.com"):
        signed_in.post("/apis/orders/settings/", SETTINGS | {"service_url": url})
    say(signed_in, "stage", "live.example.com")
    assert (Api.objects.get().service_url, used_by("stage")) == ("https://test.example.com", [])


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("https://{{nobody}}", "There is no named value nobody"),
        ("https://{{word}}", "word is a secret"),
        ("https://{{blank}}", "A URL has no spaces"),
        ("ftp://{{stage}}", "Back ends are called by https"),
        ("https://{{inside}}", "no API may reach"),
    ],
)
def test_what_cannot_be_an_address_is_refused_where_it_is_written(signed_in: Client, url: str, sentence: str) -> None:
    make_api()
    make_named_value("word", "hidden.example.com", secret=True)
    make_named_value("blank", "a b")
    make_named_value("stage", "test.example.com")
    make_named_value("inside", "169.254.169.254")
    for address, field, fields in (
        ("/apis/orders/settings/", "service_url", SETTINGS | {"service_url": url}),
        ("/back-ends/new/", "addresses", BACK_END | {"addresses": url}),
    ):
        answer = signed_in.post(address, fields)
        assert answer.status_code == 422
        assert sentence in " ".join(answer.context["form"].errors[field])
        assert "hidden.example.com" not in answer.content.decode()
    assert (Api.objects.get().service_url, BackEnd.objects.count()) == ("https://orders.example.com", 0)


def test_a_value_that_a_setting_cannot_be_taken_with_is_refused_naming_it(signed_in: Client) -> None:
    make_named_value("stage", "test.example.com")
    make_api(service_url="https://{{stage}}")
    for text, more in (("a b", {}), ("live.example.com", {"secret": "on"})):
        answer = say(signed_in, "stage", text, **more)
        assert answer.status_code == 422
        assert "Orders: Web service URL cannot be taken with it." in answer.content.decode()
    assert (NamedValue.objects.get().text(), NamedValue.objects.get().secret) == ("test.example.com", False)


def test_what_settings_use_is_not_deleted_and_the_page_says_by_what(signed_in: Client) -> None:
    make_named_value("stage", "test.example.com")
    make_api(service_url="https://{{stage}}")
    answer = signed_in.post("/named-values/stage/delete/")
    assert answer.status_code == 409
    assert 'href="/apis/orders/settings/"' in answer.content.decode()


def test_addresses_of_back_ends_follow_and_so_do_their_apis(signed_in: Client) -> None:
    make_named_value("one", "one.example.com")
    make_named_value("port", "8443")
    typed = "https://{{one}}:{{port}}/v2 weight=3\nhttps://two.example.com/v2 priority=1"
    assert signed_in.post("/back-ends/new/", BACK_END | {"name": "shop", "addresses": typed}).status_code == 303
    signed_in.post("/back-ends/new/", BACK_END | {"name": "alone", "addresses": "https://{{one}}/"})
    lead(make_api(), BackEnd.objects.get(name="shop"))
    say(signed_in, "one", "new.example.com")
    say(signed_in, "port", "9443")
    shop, alone = BackEnd.objects.get(name="shop"), BackEnd.objects.get(name="alone")
    assert [one["url"] for one in shop.addresses] == ["https://new.example.com:9443/v2", "https://two.example.com/v2"]
    assert (shop.url, alone.url, Api.objects.get().service_url) == (shop.addresses[0]["url"], "https://new.example.com", shop.url)
    assert signed_in.get("/back-ends/shop/edit/").context["form"]["addresses"].value() == typed
    assert signed_in.get("/back-ends/alone/edit/").context["form"]["addresses"].value() == "https://{{one}}/"
    assert used_by("one") == ["alone: Addresses", "Shop: Addresses"] or used_by("one") == ["Shop: Addresses", "Shop: Addresses"]


def test_a_pool_follows_the_values_of_its_members() -> None:
    value = make_named_value("one", "one.example.com")
    made = make_back_end("first", "https://one.example.com", spelled_url="https://{{one}}")
    back_ends.create_back_end(
        "pool",
        BackEndSettings(url="", addresses=({"member": "first", "url": made.url, "weight": 1, "priority": 0},)),
        by=None,
        now=timezone.now(),
    )
    change(value, Chosen(display_name="one", value=Secret(b"new.example.com")), by=None, now=timezone.now())
    assert BackEnd.objects.get(name="pool").url == "https://new.example.com"


def test_user_name_and_password_of_http_basic_may_be_values(signed_in: Client) -> None:
    make_api()
    make_named_value("person", "shop")
    make_named_value("word", "opensesame", secret=True)
    typed = SECURITY | {"username": "{{person}}-a", "password": "{{word}}"}
    assert signed_in.post("/apis/orders/security/", typed).status_code == 303
    basic = BasicCredentials.objects.get()
    assert (basic.username, basic.unseal().value) == ("shop-a", b"opensesame")
    say(signed_in, "person", "store")
    say(signed_in, "word", "closesesame", secret="on")
    basic = BasicCredentials.objects.get()
    assert (basic.username, basic.unseal().value) == ("store-a", b"closesesame")
    assert used_by("word") == used_by("person") == ["Orders: HTTP basic"]
    page = signed_in.get("/apis/orders/security/").content.decode()
    assert 'value="{{person}}-a"' in page
    assert not [line for line in Activity.objects.all() if "sesame" in str((line.details, line.changes))]
    signed_in.post("/apis/orders/security/", SECURITY | {"username": "{{person}}-a", "password": ""})
    say(signed_in, "word", "third", secret="on")
    assert BasicCredentials.objects.get().unseal().value == b"third"
    signed_in.post("/apis/orders/security/", SECURITY | {"username": "plain", "password": "literal"})
    assert used_by("word") == used_by("person") == []


def test_the_password_of_a_back_end_reaches_its_apis_when_its_value_changes(signed_in: Client) -> None:
    make_named_value("word", "opensesame", secret=True)
    chosen: dict[str, Any] = {"credentials": Credentials.BASIC, "username": "shop", "password": Secret(b"{{word}}")}
    lead(make_api(), make_back_end(**chosen))
    say(signed_in, "word", "closesesame", secret="on")
    assert BasicCredentials.objects.get().unseal().value == b"closesesame"
    assert used_by("word") == ["shop: HTTP basic"]


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("username", "{{word}}", "word is a secret"),
        ("username", "{{nobody}}", "There is no named value nobody"),
        ("username", "{{colon}}", "no colon"),
        ("password", "{{nobody}}", "There is no named value nobody"),
    ],
)
def test_what_cannot_be_sent_as_http_basic_is_refused_at_its_field(signed_in: Client, field: str, text: str, sentence: str) -> None:
    make_api()
    make_named_value("word", "opensesame", secret=True)
    make_named_value("colon", "a:b")
    answer = signed_in.post("/apis/orders/security/", SECURITY | {"username": "a", "password": "b"} | {field: text})
    assert answer.status_code == 422
    assert sentence in answer.context["form"].errors[field][0]
    assert not BasicCredentials.objects.exists()


def test_members_of_a_pool_that_name_the_same_value_change_together() -> None:
    value = make_named_value("version", "v1")
    for name in ("east", "west"):
        settings = BackEndSettings(url="", spelled_url=f"https://{name}.example.com/{{{{version}}}}")
        back_ends.create_back_end(name, settings, by=None, now=timezone.now())
    members = tuple({"member": name, "url": "", "weight": 1, "priority": 0} for name in ("east", "west"))
    pool = back_ends.create_back_end("pool", BackEndSettings(url="", addresses=members), by=None, now=timezone.now())
    api = lead(make_api(), pool)
    change(value, Chosen(display_name="version", value=Secret(b"v2")), by=None, now=timezone.now())
    pool.refresh_from_db()
    assert [one["url"] for one in pool.addresses] == ["https://east.example.com/v2", "https://west.example.com/v2"]
    assert Api.objects.get(pk=api.pk).service_url == "https://east.example.com/v2"


def test_what_a_setting_says_and_comes_to_has_an_end(signed_in: Client) -> None:
    make_api()
    make_named_value("long", "a" * 2000)
    make_named_value("stage", "test.example.com")
    for url in ("https://test.example.com/{{long}}", f"https://{{{{{' ' * 2000}stage}}}}", f"https://stage.example.com/{'a' * 2000}"):
        lines = signed_in.post("/back-ends/new/", BACK_END | {"addresses": url})
        assert (lines.status_code, "at most 2000 characters" in lines.content.decode()) == (422, True)
    answer = signed_in.post("/apis/orders/settings/", SETTINGS | {"service_url": "https://test.example.com/{{long}}"})
    assert (answer.status_code, "at most 2000 characters" in answer.content.decode()) == (422, True)
    make_named_value("user", "u")
    with pytest.raises(Unusable, match="at most 255 characters"):
        basic_of("{{user}}" * 40, Secret(b"open sesame"))
    assert basic_of("orders", Secret(b"{{" + b" " * 500 + b"user}}")).written_password == "{{user}}"
