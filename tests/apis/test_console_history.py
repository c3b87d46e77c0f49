"""One's last calls on the Test tab: whose they are, how many, and what is not kept of them."""

from __future__ import annotations

import html
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from apis.console.deeds import deeds_of
from apis.console.marks import marked, new_trace, trace_of
from apis.console.models import MOST_KEPT, TestedCall, note
from apis.console.telling import Told
from apis.models import Api
from kit.ports import free_ports
from tests.makers import make_api, make_certificate

pytestmark = pytest.mark.django_db
URL = "/apis/orders/console/"


@pytest.fixture
def api(settings: Settings) -> Api:
    """Return an API; no gateway runs."""
    settings.GATEWAY_HOST, settings.GATEWAY_PORT = "127.0.0.1", free_ports(1)[0]
    return make_api("orders")


def send(client: Client, **fields: str) -> str:
    answer = client.post(URL, {"operation": "everything", "method": "GET", "subscription": ""} | fields)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def note_of(call: TestedCall, told: Told, *, api_id: int | None = None, ago: timedelta = timedelta(minutes=1)) -> TestedCall:
    """Note what a gateway tells of *call*; return what is known of it then."""
    note(call.trace, api_id=api_id, gateway="north", told=told.as_object(), since=timezone.now() - ago)
    return TestedCall.objects.get(pk=call.pk)


def test_a_call_stands_among_ones_last_calls_without_query_headers_and_body(api: Api, signed_in: Client) -> None:
    page = send(signed_in, rest="7", query="token=in-the-query", headers="X-Mine: in-a-header", body="in-the-body")
    made = TestedCall.objects.get()
    assert (made.method, made.path, made.status, made.key_sent) == ("GET", "/orders/7", None, False)
    assert not any("in-the" in str(value) or "in-a" in str(value) for value in vars(made).values())
    assert f"/console/calls/{made.trace}/" in page
    assert "${TOKEN}" in page, "the line for a shell"


def test_it_is_in_nobody_elses_list_but_its_address_can_be_passed_on(api: Api, signed_in: Client, administrator: User) -> None:
    send(signed_in)
    made = TestedCall.objects.get()
    other = Client()
    other.force_login(administrator)
    assert signed_in.get(f"{URL}calls/{made.trace}/").status_code == 200
    assert other.get(f"{URL}calls/{made.trace}/").status_code == 200
    assert "None yet." in other.get(URL).content.decode()


def test_no_more_than_the_last_are_kept(api: Api, signed_in: Client, publisher: User) -> None:
    now = timezone.now()
    for number in range(MOST_KEPT + 3):
        TestedCall.objects.create(
            person=publisher, api=api, trace=new_trace(), at=now - timedelta(hours=1), operation="x", method="GET", path=f"/orders/{number}"
        )
    send(signed_in, rest="the-last")
    assert TestedCall.objects.count() == MOST_KEPT
    assert TestedCall.objects.first().path == "/orders/the-last"  # type: ignore[union-attr]  # there is one


def test_the_list_takes_as_many_queries_however_long_it_is(api: Api, signed_in: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            signed_in.get(URL)
        return len(captured)

    send(signed_in)
    with_one = queries()
    for _ in range(4):
        send(signed_in)
    assert queries() == with_one


def test_what_a_gateway_tells_counts_once_for_its_api_and_in_time(api: Api, signed_in: Client) -> None:
    send(signed_in)
    call = TestedCall.objects.get()
    first, second = Told(operation="everything", details="via_upstream"), Told(operation="forged")
    assert note_of(call, first, api_id=api.pk + 1).told is None, "of another API"
    assert note_of(call, first, ago=timedelta(0)).told is None, "too late"
    assert note_of(call, first, api_id=api.pk).told == first.as_object()
    assert note_of(call, second, api_id=api.pk).told == first.as_object()


def test_until_something_has_come_that_is_said_and_looked_for_again(api: Api, signed_in: Client) -> None:
    send(signed_in)
    call = TestedCall.objects.get()
    address = f"{URL}calls/{call.trace}/"
    assert "has told nothing of this call" in signed_in.get(address).content.decode()
    piece = signed_in.get(f"{address}?looks=2", headers={"HX-Request": "true"}).content.decode()
    assert "?looks=1" in piece
    assert "<html" not in piece
    assert "has told nothing" in signed_in.get(f"{address}?looks=1", headers={"HX-Request": "true"}).content.decode()
    for looks in ("nonsense", "9" * 5000):
        assert signed_in.get(f"{address}?looks={looks}", headers={"HX-Request": "true"}).status_code == 200


@pytest.mark.parametrize(
    ("details", "operation", "words"),
    [
        ("missing_api_key", "everything", "Refused: the call held no key."),
        ("unknown_api_key", "everything", "Refused: no active subscription has this key."),
        ("client_not_allowed", "everything", "Refused: the key is of a subscription to another API."),
        ("via_upstream", "everything", "Passed: the key opens this API."),
        ("direct_response", "", "Not looked at: no operation matched."),
    ],
)
def test_the_key_check_is_told_in_words(api: Api, signed_in: Client, details: str, operation: str, words: str) -> None:
    send(signed_in)
    deeds = deeds_of(note_of(TestedCall.objects.get(), Told(details=details, operation=operation)))
    assert deeds
    assert deeds.key == words


def test_certificate_and_times_are_told_step_by_step(api: Api, signed_in: Client) -> None:
    version = make_certificate("presented").current
    assert version
    send(signed_in)
    told = Told(
        presents=version.thumbprint, is_kept=False, received=1000, connected=2000, shaken=3000, sent=9000, answered=4000, passed_on=0
    )
    deeds = deeds_of(note_of(TestedCall.objects.get(), told))
    assert deeds
    assert deeds.presented == version
    assert [time.milliseconds for time in deeds.times] == [1.0, 2.0, 3.0, 3.0, 4.0, 0.0]
    assert [time.begins for time in deeds.times] == [0, 8, 23, 46, 69, 99]


def test_what_a_person_traces_is_not_marked_over(api: Api, signed_in: Client) -> None:
    send(signed_in, headers="traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    assert not TestedCall.objects.exists()


def test_an_id_is_found_in_its_header_and_nothing_in_others() -> None:
    trace = new_trace()
    assert trace_of(marked(trace)["traceparent"]) == trace
    assert [trace_of(other) for other in ("", "00-xyz-1-00", f"01-{trace}-00f067aa0ba902b7-00", f"00-{trace}-00f067aa0ba902b7-00\n")] == [
        ""
    ] * 4
