"""History of back ends and named values: old and new on their pages, former values put back; of secrets nothing is kept."""

from __future__ import annotations

import html
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apis import actions
from apis.backends import actions as back_ends
from apis.backends.actions import BackEndSettings
from apis.backends.models import BackEnd
from apis.models import Api, Credentials, NamedValue
from apis.moving import actions as moving
from apis.named_values import actions as named_values
from apis.policies.actions import put_service_document
from certificates.sealing import Secret
from portal.models import Activity, Event
from tests.makers import lead, make_api, make_back_end, make_certificate, make_named_value

pytestmark = pytest.mark.django_db


def newest(kind: str) -> Activity:
    return Activity.objects.filter(kind=kind).latest("id")


def change(**chosen: Any) -> Activity:
    back_end = BackEnd.objects.get(name="shop")
    back_ends.change_back_end(back_end, replace(BackEndSettings.of(back_end), **chosen), by=None, now=timezone.now())
    return Activity.objects.filter(kind="backend", subject_id=str(back_end.pk)).latest("id")


def say(text: str, *, secret: bool = False, name: str = "word") -> Activity:
    value = NamedValue.objects.get(name="word")
    chosen = named_values.Chosen(display_name=name, value=Secret(text.encode()), secret=secret)
    named_values.change(value, chosen, by=None, now=timezone.now())
    return newest("named-value")


def put_back(client: Client, line: Activity, values: str = "before") -> Any:
    return client.post(f"/activity/{line.id}/restore/", {"values": values})


def refusal(answer: Any) -> str:
    assert answer.status_code == 409
    return html.unescape(answer.content.decode())


def addresses(*lines: tuple[str, int, int]) -> tuple[dict[str, Any], ...]:
    return tuple({"url": url, "weight": weight, "priority": priority} for url, weight, priority in lines)


@pytest.mark.parametrize("page", ["/back-ends/shop/", "/named-values/word/"])
def test_a_page_leads_to_its_history_which_tells_old_and_new(signed_in: Client, page: str) -> None:
    make_back_end(title="Before")
    make_named_value("word", "Before")
    change(title="After")
    say("After")
    assert f'href="{page}history/"' in signed_in.get(page).content.decode()
    told = signed_in.get(f"{page}history/").content.decode()
    assert "Before" in told
    assert "After" in told


def test_what_a_line_changed_of_a_back_end_goes_back_and_what_others_changed_stays(signed_in: Client) -> None:
    make_certificate("client")
    make_back_end(title="Shop", connect_seconds=3)
    line = change(title="Store", connect_seconds=9, health_path="/up")
    change(description="kept")
    assert put_back(signed_in, line).headers["Location"] == "/back-ends/shop/"
    row = BackEnd.objects.get()
    assert (row.title, row.connect_seconds, row.health_path, row.description) == ("Shop", 3, "", "kept")


def test_addresses_go_back_with_their_weights_and_by_the_values_that_they_name(signed_in: Client) -> None:
    make_named_value("stage", "one.example.com")
    kept = addresses(("https://one.example.com", 3, 0), ("https://two.example.com", 1, 1))
    make_back_end()
    change(url=kept[0]["url"], addresses=kept)
    line = change(addresses=(), url="https://one.example.com", spelled_url="https://{{stage}}")
    assert put_back(signed_in, line).status_code == 303
    assert BackEnd.objects.get().addresses == list(kept)
    assert put_back(signed_in, line, "after").status_code == 303
    row = BackEnd.objects.get()
    assert (row.addresses, row.url, row.spelled_url) == ([], "https://one.example.com", "https://{{stage}}")


def test_the_members_of_a_pool_go_back(signed_in: Client) -> None:
    first, second = (make_back_end(name, f"https://{name}.example.com") for name in ("first", "second"))
    member = [{"member": one.name, "url": one.url, "weight": 2, "priority": 0} for one in (first, second)]
    make_back_end("shop")
    change(addresses=tuple(member))
    line = change(addresses=(member[1],))
    assert put_back(signed_in, line).status_code == 303
    assert [(one["member"], one["weight"]) for one in BackEnd.objects.get(name="shop").addresses] == [("first", 2), ("second", 2)]


def test_a_certificate_of_a_back_end_goes_back_and_a_lost_password_does_not(signed_in: Client) -> None:
    certificate = make_certificate("client")
    make_back_end(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)
    line = change(credentials=Credentials.BASIC, certificate=None, username="shop", password=Secret(b"open sesame"))
    assert line.changes["password"] == {"hidden": True}
    assert put_back(signed_in, line).status_code == 303
    assert BackEnd.objects.get().certificate == certificate
    assert "password of then is not kept" in refusal(put_back(signed_in, line, "after"))
    assert BackEnd.objects.get().certificate == certificate


def test_a_back_end_that_was_moved_to_a_certificate_tells_of_the_password_that_went(signed_in: Client) -> None:
    back_end = make_back_end()
    lead(make_api(), back_end)
    chosen = change(credentials=Credentials.BASIC, username="shop", password=Secret(b"open sesame"))
    move = moving.propose(make_certificate(), Api.objects.all(), by=None, now=timezone.now())
    moving.carry_out(move, by=None, now=timezone.now())
    line = newest("backend")
    assert line.changes["username"] == ["shop", None]
    for gone, values in ((line, "before"), (chosen, "after")):
        assert "The password of then is not kept." in refusal(put_back(signed_in, gone, values))


def test_a_back_end_is_not_put_back_to_before_it_was_there_or_after_it_is_gone(signed_in: Client) -> None:
    row = make_back_end(title="Shop")
    made = Activity.objects.get(event=Event.BACKEND_CREATED)
    assert "Delete it" in refusal(put_back(signed_in, made))
    change(title="Store")
    assert put_back(signed_in, made, "after").status_code == 303
    assert BackEnd.objects.get().title == "Shop"
    back_ends.delete_back_end(row, by=None, now=timezone.now())
    assert "was deleted" in refusal(put_back(signed_in, made, "after"))


def test_a_plain_value_goes_back_and_saving_it_offers_the_way(signed_in: Client) -> None:
    make_named_value("word", "one")
    page = signed_in.post("/named-values/word/", {"display_name": "word", "value": "two"}, follow=True).content.decode()
    line = newest("named-value")
    assert f"/activity/{line.id}/undo/" in page
    assert signed_in.post(f"/activity/{line.id}/undo/").status_code == 303
    assert NamedValue.objects.get().text() == "one"


def test_a_secret_is_told_as_changed_and_not_put_back(signed_in: Client) -> None:
    make_named_value("word", "opensesame", secret=True)
    line = say("closesesame", secret=True)
    assert "nothing was changed" in refusal(put_back(signed_in, line))
    plain = say("everybody", secret=False)
    assert "The secret of then is not kept" in refusal(put_back(signed_in, plain))
    hidden = say("everybody", secret=True)
    assert hidden.changes["value"] == {"hidden": True}
    assert "sesame" not in str(list(Activity.objects.values_list("changes", "details")))
    assert NamedValue.objects.get().text() == "everybody"


def test_a_value_goes_back_only_where_what_uses_it_can_be_taken_with_it(signed_in: Client) -> None:
    make_named_value("word", "ten")
    line = say("10.0.0.1")
    text = '<policies><inbound><ip-filter action="allow"><address>{{word}}</address></ip-filter><base /></inbound></policies>'
    put_service_document(text, by=None, now=timezone.now())
    assert "The policy of All APIs cannot be taken with it." in refusal(put_back(signed_in, line))
    assert NamedValue.objects.get().text() == "10.0.0.1"


def test_an_address_that_followed_a_value_is_not_put_back_but_the_value_is(signed_in: Client) -> None:
    make_named_value("word", "one.example.com")
    written = "https://{{word}}"
    api = make_api()
    actions.change_api(api, replace(actions.ApiSettings.of(api), service_url=written), by=None, now=timezone.now())
    named = newest("api")
    change_of_value = say("two.example.com")
    followed = newest("api")
    assert "has followed what it names" in refusal(put_back(signed_in, followed))
    assert put_back(signed_in, change_of_value).status_code == 303
    api.refresh_from_db()
    assert (api.service_url, api.written_url) == ("https://one.example.com", written)
    assert put_back(signed_in, named).status_code == 303
    assert put_back(signed_in, named, "after").status_code == 303
    api.refresh_from_db()
    assert (api.service_url, api.written_url) == ("https://one.example.com", written)


def test_an_address_of_a_back_end_that_followed_a_value_is_not_put_back(signed_in: Client) -> None:
    make_named_value("word", "one.example.com")
    make_back_end()
    change(url="https://one.example.com", spelled_url="https://{{word}}")
    say("two.example.com")
    assert "has followed what it names" in refusal(put_back(signed_in, newest("backend")))
    assert BackEnd.objects.get().url == "https://two.example.com"
