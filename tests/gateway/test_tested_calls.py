"""What the gateway tells of the portal's test calls, and only of those."""

from __future__ import annotations

import html
import http.client

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from apis import actions
from apis.console.marks import STATE_HEADER, TRACE_HEADER, TRACE_STATE, marked, new_trace
from apis.console.models import TestedCall
from apis.console.telling import Told
from apis.models import Api, Credentials, KeyKind, Subscription
from kit.issuing import Issued
from portal.models import Activity
from tests.gateway.backends import Backend
from tests.gateway.plant import Plant, eventually
from tests.makers import make_api, make_certificate, make_subscription

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]
URL = "/apis/orders/console/"


@pytest.fixture
def api(plant: Plant, backend: Backend, client_certificate: Issued, authority: Issued, settings: Settings) -> Api:
    """Return an API on a running gateway, with a certificate and two operations."""
    settings.GATEWAY_HOST, settings.GATEWAY_PORT = "127.0.0.1", plant.port
    now = timezone.now()
    api = make_api("orders", service_url=f"https://localhost:{backend.port}")
    actions.add_operation(api, name="read", display_name="Read an order", method="GET", url_template="/{id}", by=None, now=now)
    make_subscription("all")
    entry = make_certificate(issued=client_certificate)
    chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=entry, trusted_ca=authority.pem)
    api = actions.secure_api(api, chosen, by=None, now=now)
    newest = Activity.objects.latest("pk").pk
    eventually(lambda: plant.applied(newest))
    return api


def made(client: Client, **fields: str) -> TestedCall:
    """Make a test call, and wait until the gateway has told."""
    before = set(TestedCall.objects.values_list("pk", flat=True))
    answer = client.post(URL, {"operation": "everything", "method": "GET", "subscription": "all"} | fields)
    assert answer.status_code == 200
    call = TestedCall.objects.exclude(pk__in=before).get()
    eventually(lambda: TestedCall.objects.filter(pk=call.pk, told__isnull=False).exists())
    return TestedCall.objects.get(pk=call.pk)


def shown(client: Client, call: TestedCall) -> str:
    return html.unescape(client.get(f"{URL}calls/{call.trace}/").content.decode())


def test_operation_certificate_connection_and_times_are_told(
    api: Api, signed_in: Client, client_certificate: Issued, backend: Backend, plant: Plant
) -> None:
    first, second = made(signed_in, rest="7"), made(signed_in, rest="7")
    page = shown(signed_in, first)
    for words in (
        "Read an order",
        "another than was chosen",
        "orders-client",
        "version 1",
        client_certificate.thumbprint[-4:],
        "gateway-1",
    ):
        assert words in page
    assert "Passed: the key opens this API." in page
    assert first.told
    assert second.told
    one, two = Told.of(first.told), Told.of(second.told)
    assert (one.is_kept, two.is_kept) == (False, True)
    assert one.details == two.details == "via_upstream"
    assert one.tls.startswith("TLSv1.3")
    assert None not in {one.connected, one.shaken, one.sent, one.answered, one.passed_on}
    assert (two.connected, two.shaken) == (None, None)
    assert {call.header(STATE_HEADER) for call in backend.calls} == {TRACE_STATE}, "the back end's own traces find the call"


def test_a_refused_key_is_told_and_that_no_back_end_was_called(api: Api, signed_in: Client) -> None:
    page = shown(signed_in, made(signed_in, subscription=""))
    assert "Refused: the call held no key." in page
    assert "None: the gateway answered by itself." in page


def test_whoever_marks_calls_by_themselves_learns_nothing_and_puts_nothing_in(
    api: Api, signed_in: Client, publisher: User, plant: Plant
) -> None:
    call = made(signed_in)
    assert call.told
    before = dict(call.told)
    key = actions.show_keys(Subscription.objects.get(name="all"), by=None, now=timezone.now())[KeyKind.PRIMARY].value.decode()
    for trace in (call.trace, new_trace()):
        connection = http.client.HTTPConnection("127.0.0.1", plant.port, timeout=10)
        connection.request("GET", "/orders/forged", headers={"Ocp-Apim-Subscription-Key": key} | marked(trace))
        response = connection.getresponse()
        assert response.status == 200
        assert not {TRACE_HEADER, STATE_HEADER} & {name.lower() for name, _ in response.getheaders()}
        connection.close()
    made(signed_in)  # what came before has arrived by then
    assert TestedCall.objects.get(pk=call.pk).told == before
    assert TestedCall.objects.count() == 2
