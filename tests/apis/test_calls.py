"""The Calls tab, and what of the Security tab says how calls go on; and what both come to in the policy."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from apis import actions
from apis.calls import CorsChoice
from apis.models import Api
from apis.policy.model import Cors, Forwarding, Preflights, Protocol
from portal.models import Activity, Event
from tests.makers import make_api

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
URL = "/apis/orders/calls/"
SECURITY = "/apis/orders/security/"
SHOP = "https://shop.example.com"
USUAL = {"connect_seconds": "5", "idle_seconds": "", "longest_seconds": "", "retry_calls": "on", "rewrite_redirects": "on", "cors": "none"}
LISTS = {"cors_origins": SHOP, "cors_methods": "GET", "cors_headers": "x-trace", "cors_exposed": "etag", "cors_max_age": "300"}
BY_GATEWAY = USUAL | LISTS | {"cors": "gateway"}
OPEN = {"credentials": "none", "validate_certificate_chain": "on", "validate_certificate_name": "on"}


def api() -> Api:
    return Api.objects.get(name="orders")


def secure(signed_in: Client, **changes: str) -> int:
    return signed_in.post(SECURITY, OPEN | changes).status_code


def test_the_tab_shows_how_calls_of_a_new_api_go_on(signed_in: Client) -> None:
    make_api("orders")
    page = signed_in.get(URL).content.decode()
    assert 'name="connect_seconds" value="5"' in page
    assert "the gateway&#x27;s 60 seconds" in page
    assert '<option value="none" selected>' in page
    for name in ("retry_calls", "rewrite_redirects"):
        assert f'name="{name}"' in page
        assert f'id="id_{name}" checked' in page or f'checked id="id_{name}"' in page
    assert signed_in.post(URL, USUAL | {"revision": str(api().revision)}).status_code == 303
    assert api().forwarding() == Forwarding()


def test_what_is_saved_is_shown_and_logged(signed_in: Client, publisher: User) -> None:
    make_api("orders")
    changes = {"connect_seconds": "10", "idle_seconds": "300", "longest_seconds": "7200", "retry_calls": "", "rewrite_redirects": ""}
    answer = signed_in.post(URL, USUAL | changes | {"revision": str(api().revision)}, follow=True)
    assert answer.redirect_chain == [(URL, 303)]
    page = answer.content.decode()
    assert "Saved." in page
    for name in ("connect_seconds", "idle_seconds", "longest_seconds"):
        assert f'name="{name}" value="{changes[name]}"' in page
    line = Activity.objects.get(event=Event.API_CALLS_CHANGED)
    assert line.actor == publisher
    assert line.details == {
        "connect_seconds": 10,
        "idle_seconds": 300,
        "longest_seconds": 7200,
        "retry_calls": False,
        "rewrite_redirects": False,
    }
    assert "changed how calls of the API " in signed_in.get("/activity/").content.decode()


def test_what_is_saved_comes_to_the_policy(signed_in: Client) -> None:
    make_api("orders")
    signed_in.post(URL, BY_GATEWAY | {"connect_seconds": "1", "idle_seconds": "3600", "longest_seconds": "604800", "retry_calls": ""})
    policy = api().policy()
    assert policy.backend.connect_seconds == 1
    assert policy.forwarding == Forwarding(idle_seconds=3600, longest_seconds=604800, retry=False, preflights=Preflights.GATEWAY)
    assert policy.cors == Cors(origins=(SHOP,), methods=("GET",), headers=("x-trace",), exposed=("etag",), max_age_seconds=300)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"connect_seconds": ""}, "connect_seconds", "Enter a whole number of seconds, from 1 to 60."),
        ({"connect_seconds": "0"}, "connect_seconds", "from 1 to 60"),
        ({"connect_seconds": "61"}, "connect_seconds", "from 1 to 60"),
        ({"connect_seconds": "soon"}, "connect_seconds", "from 1 to 60"),
        ({"idle_seconds": "0"}, "idle_seconds", "from 1 to 3600"),
        ({"idle_seconds": "3601"}, "idle_seconds", "from 1 to 3600"),
        ({"idle_seconds": "1.5"}, "idle_seconds", "from 1 to 3600"),
        ({"longest_seconds": "-1"}, "longest_seconds", "from 1 to 604800"),
        ({"longest_seconds": "604801"}, "longest_seconds", "from 1 to 604800"),
        ({"cors": "everybody"}, "cors", "Select a valid choice"),
        ({"cors": ""}, "cors", "This field is required."),
        ({"cors_origins": ""}, "cors_origins", "Name the sites that may call, or * for any."),
        ({"cors_origins": "shop.example.com"}, "cors_origins", "shop.example.com is not a site as browsers name it"),
        ({"cors_origins": SHOP + "/basket"}, "cors_origins", "is not a site as browsers name it"),
        ({"cors_origins": "https://*.*.example.com"}, "cors_origins", "is not a site as browsers name it"),
        ({"cors_origins": SHOP + ":70000"}, "cors_origins", "is not a site as browsers name it"),
        ({"cors_origins": " ".join(f"https://{n}.example.com" for n in range(101))}, "cors_origins", "At most 100 can be named."),
        ({"cors_methods": "G(ET"}, "cors_methods", "G(ET is not an HTTP verb"),
        ({"cors_headers": "x:trace"}, "cors_headers", "x:trace is not the name of a header"),
        ({"cors_exposed": "é"}, "cors_exposed", "is not the name of a header"),
        ({"cors_max_age": "86401"}, "cors_max_age", "from 0 to 86400"),
        ({"cors_max_age": "-1"}, "cors_max_age", "from 0 to 86400"),
        ({"cors_credentials": "on", "cors_origins": "*"}, "cors_credentials", "name the sites and the headers to read"),
        ({"cors_credentials": "on", "cors_origins": SHOP + " null"}, "cors_credentials", "neither * nor the site null counts"),
        ({"connect_seconds": "1_0"}, "connect_seconds", "Enter a whole number of seconds"),
        ({"connect_seconds": "²"}, "connect_seconds", "Enter a whole number of seconds"),
        ({"connect_seconds": "①"}, "connect_seconds", "Enter a whole number of seconds"),
        ({"connect_seconds": "١٠٠"}, "connect_seconds", "from 1 to 60"),
        ({"cors_credentials": "on", "cors_exposed": "*"}, "cors_credentials", "name the sites and the headers to read"),
    ],
)
def test_a_mistake_is_told_at_its_field_with_what_was_typed_and_nothing_is_stored(
    signed_in: Client, changes: dict[str, str], field: str, words: str
) -> None:
    make_api("orders")
    before = api().revision
    answer = signed_in.post(URL, BY_GATEWAY | {"idle_seconds": "77"} | changes)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert page.count('_error"') == page.count(f'id_{field}_error"') > 0
    assert words in page
    assert all(typed in page for typed in ({"idle_seconds": "77"} | changes).values())
    assert (api().revision, api().cors) == (before, CorsChoice.NONE)


@pytest.mark.parametrize("written", ["١٠", "１０", "१०", "+10", " 10 ", "10.0"])
def test_a_number_is_taken_in_the_digits_of_any_script(signed_in: Client, written: str) -> None:
    make_api("orders")
    assert signed_in.post(URL, USUAL | {"connect_seconds": written}).status_code == 303
    assert api().connect_seconds == 10


def test_a_mistake_in_what_does_not_count_is_none(signed_in: Client) -> None:
    make_api("orders")
    nonsense = {"cors_origins": "shop", "cors_methods": "(", "cors_headers": ":", "cors_exposed": "é", "cors_max_age": "long"}
    assert signed_in.post(URL, USUAL | nonsense | {"cors": "back-end"}).status_code == 303
    assert api().forwarding().preflights is Preflights.BACK_END


def test_what_holds_while_nothing_is_set_stands_in_grey_beside_its_unit(signed_in: Client, settings: Settings) -> None:
    settings.GATEWAY_IDLE_SECONDS = 45
    make_api("orders")
    page = signed_in.get(URL).content.decode()
    for held in ("45", "no limit", "GET HEAD POST", "5"):
        assert f'placeholder="{held}"' in page
    assert page.count('<span aria-hidden="true">seconds</span>') == page.count('<span class="hidden"> (seconds)</span>') == 4


@pytest.mark.parametrize("between", ["\r\n", "\n", ",", ", ", " ", ",\r\n\r\n"])
def test_lists_are_written_one_a_line_or_with_commas(signed_in: Client, between: str) -> None:
    make_api("orders")
    spellings = (SHOP, "HTTPS://Shop.Example.com/", "https://shop.example.com:443", "http://localhost:80", "https://*.example.org")
    origins = between.join(spellings)
    changes = {"cors_origins": origins, "cors_methods": between.join(["get", "GET", "put"]), "cors_headers": between.join(["x-a", "x-b"])}
    assert signed_in.post(URL, BY_GATEWAY | changes).status_code == 303
    rule = api().cors_rule()
    assert rule
    assert rule.origins == (SHOP, "http://localhost", "https://*.example.org")
    assert (rule.methods, rule.headers) == (("GET", "PUT"), ("x-a", "x-b"))
    assert f"{SHOP}\nhttp://localhost\nhttps://*.example.org</textarea>" in signed_in.get(URL).content.decode()


@pytest.mark.parametrize(("choice", "preflights"), [("none", Preflights.REFUSED), ("back-end", Preflights.BACK_END)])
def test_the_gateways_answers_are_forgotten_when_somebody_else_answers(signed_in: Client, choice: str, preflights: Preflights) -> None:
    make_api("orders")
    signed_in.post(URL, BY_GATEWAY | {"cors_credentials": "on"})
    assert api().cors_credentials
    assert signed_in.post(URL, BY_GATEWAY | {"cors": choice, "cors_credentials": "on"}).status_code == 303
    stored = api()
    assert (stored.cors_origins, stored.cors_methods, stored.cors_headers, stored.cors_exposed) == ([], [], [], [])
    assert (stored.cors_max_age, stored.cors_credentials) == (None, False)
    assert (stored.policy().forwarding.preflights, stored.policy().cors) == (preflights, None)


def test_the_second_of_two_people_sees_both_values_and_may_go_on(signed_in: Client) -> None:
    mine_was_of = str(make_api("orders").revision)
    other = User.objects.create_user("somebody-else")
    theirs = actions.ApiCalls(idle_seconds=120).with_cors(Cors(origins=("https://theirs.example.com",)))
    actions.change_calls(api(), theirs, by=other, now=timezone.now())
    changes = {"cors_origins": f"{SHOP}\r\nhttps://two.example.com", "cors_exposed": "", "revision": mine_was_of}
    answer = signed_in.post(URL, BY_GATEWAY | changes)
    assert answer.status_code == 409
    page = answer.content.decode()
    for words in ("somebody-else saved this API", "120", "https://theirs.example.com", SHOP, "https://two.example.com"):
        assert words in page
    assert "[&#x27;" not in page
    assert ("Sites that may call" in page, "Headers they may read" in page) == (True, False)
    assert api().cors_origins == ["https://theirs.example.com"]
    again = BY_GATEWAY | changes | {"revision": str(api().revision)}
    assert f'name="revision" value="{again["revision"]}"' in page
    assert signed_in.post(URL, again).status_code == 303
    assert (api().cors_origins, api().idle_seconds) == ([SHOP, "https://two.example.com"], None)


def test_without_a_revision_it_is_saved_unasked(signed_in: Client) -> None:
    make_api("orders")
    assert signed_in.post(URL, USUAL).status_code == 303


def test_viewers_look_but_do_not_change(client: Client, viewer: User) -> None:
    make_api("orders")
    client.force_login(viewer)
    page = client.get(URL).content.decode()
    assert '<fieldset class="pad form" disabled>' in page
    assert ">Save<" not in page
    assert client.post(URL, USUAL | {"idle_seconds": "9"}).status_code == 403
    assert api().idle_seconds is None


def test_an_api_that_is_not_there_is_not_found(signed_in: Client) -> None:
    assert signed_in.get(URL).status_code == 404
    assert signed_in.post(URL, USUAL).status_code == 404


@pytest.mark.parametrize("protocol", Protocol)
def test_the_chosen_http_is_shown_and_comes_to_the_policy(signed_in: Client, protocol: Protocol) -> None:
    make_api("orders")
    assert secure(signed_in, protocol=protocol.value) == 303
    assert f'<option value="{protocol}" selected>' in signed_in.get(SECURITY).content.decode()
    assert api().policy().backend.protocol is protocol


def test_a_client_that_names_none_of_the_three_leaves_them_as_they_are(signed_in: Client) -> None:
    make_api("orders")
    secure(signed_in, protocol="http1", older_servers="on", asks_later="on")
    backend = api().policy().backend
    assert (backend.protocol, backend.older_servers, backend.asks_later) == (Protocol.HTTP1, True, True)
    assert secure(signed_in) == 303
    backend = api().policy().backend
    assert (backend.protocol, backend.older_servers, backend.asks_later) == (Protocol.HTTP1, True, True)
    assert secure(signed_in, protocol="http1") == 303
    backend = api().policy().backend
    assert (backend.protocol, backend.older_servers, backend.asks_later) == (Protocol.HTTP1, False, False)


@pytest.mark.parametrize("named", [{"protocol": "http2"}, {}])
def test_http2_and_a_certificate_that_is_asked_for_later_exclude_each_other(signed_in: Client, named: dict[str, str]) -> None:
    make_api("orders")
    secure(signed_in, protocol="http2")
    answer = signed_in.post(SECURITY, OPEN | named | {"asks_later": "on"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'id="id_protocol_error"' in page
    assert "cannot be called by HTTP/2; choose Automatic." in page
    assert not api().asks_later


def test_a_protocol_that_does_not_exist_is_refused_at_its_field(signed_in: Client) -> None:
    make_api("orders")
    answer = signed_in.post(SECURITY, OPEN | {"protocol": "http3"})
    assert answer.status_code == 422
    assert 'id="id_protocol_error"' in answer.content.decode()


@pytest.mark.parametrize(
    ("scheme", "chosen", "spoken"),
    [
        ("https", {}, Protocol.AUTO),
        ("http", {}, Protocol.HTTP1),
        ("http", {"protocol": "http2"}, Protocol.HTTP2),
        ("https", {"protocol": "http1"}, Protocol.HTTP1),
        ("https", {"asks_later": "on"}, Protocol.HTTP1),
    ],
)
def test_what_is_spoken_follows_from_scheme_and_choice(signed_in: Client, scheme: str, chosen: dict[str, Any], spoken: Protocol) -> None:
    make_api("orders", service_url=f"{scheme}://orders.example.com")
    assert secure(signed_in, **chosen) == 303
    assert api().policy().backend.http is spoken


def test_the_securitys_line_in_the_log_says_what_was_chosen(signed_in: Client) -> None:
    make_api("orders")
    secure(signed_in, protocol="http1", older_servers="on")
    details = Activity.objects.get(event=Event.API_SECURED).details
    assert (details["protocol"], details["older_servers"], details["asks_later"]) == ("http1", True, False)
