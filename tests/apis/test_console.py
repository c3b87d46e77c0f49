"""The Test tab and "Test this connection", against a server that answers as a gateway does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from apis import actions
from apis.gateway_call import MAX_BYTES
from apis.models import Credentials, KeyKind, SubscriptionState
from apis.policy.failure import FAILURE_HEADER, Failure
from tests.makers import make_api, make_certificate, make_subscription

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
URL = "/apis/orders/console/"
TRY = "/apis/orders/security/test/"


@dataclass
class Gateway:
    """Answers every call alike and remembers what came in."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "text/plain"})
    content: bytes = b"hello"
    calls: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    def refuses(self, status: int, message: str, activity_id: str = "", *, failure: str = "") -> None:
        """Answer as the gateway does by itself."""
        self.headers = self.headers | ({FAILURE_HEADER: failure} if failure else {})
        body = {"statusCode": status, "message": message} | ({"activityId": activity_id} if activity_id else {})
        self.status, self.content = status, json.dumps(body).encode()


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Gateway]:
    gateway = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            gateway.calls.append((self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(gateway.status)
            for name, value in gateway.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(gateway.content)

        do_GET = do_POST = do_DELETE = handle_any  # noqa: N815 - the server's names for them

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    settings.GATEWAY_HOST, settings.GATEWAY_PORT = "127.0.0.1", server.server_port
    yield gateway
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_call_is_put_together_from_the_operation_and_its_answer_is_shown(signed_in: Client, gateway: Gateway) -> None:
    api = make_api("orders", everything=False)
    actions.add_operation(api, name="line", display_name="Line", method="POST", url_template="/orders/{id}/*", by=None, now=timezone.now())
    key = actions.show_keys(make_subscription("all"), by=None, now=timezone.now())[KeyKind.PRIMARY].value.decode()
    asked = {
        "operation": "line",
        "parameter-id": "a/b ü",
        "rest": "lines",
        "query": "page=2",
        "subscription": "all",
        "headers": "X-One: 1\r\nX-Two:  two ",
        "body": '{"a": 1}',
    }
    answer = signed_in.post(URL, asked)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Response status" in page
    assert "hello" in page
    assert key not in page
    method, path, headers, body = gateway.calls[0]
    assert (method, path, body) == ("POST", "/orders/orders/a%2Fb%20%C3%BC/lines?page=2", b'{"a": 1}')
    assert (headers["x-one"], headers["x-two"], headers["ocp-apim-subscription-key"]) == ("1", "two", key)


def test_htmx_gets_the_answer_alone(signed_in: Client, gateway: Gateway) -> None:
    make_api("orders")
    answer = signed_in.post(URL, {"operation": "everything", "method": "GET"}, headers={"HX-Request": "true"})
    assert b"<html" not in answer.content
    assert gateway.content in answer.content


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("method", "SPY", "Select a valid choice"),
        ("headers", "no colon", "This is not a header"),
        ("headers", "Host: elsewhere", "is not set here"),
        ("headers", "X: \x01", "This is not a header"),
        ("query", "a b", "percent-encoded"),
        ("subscription", "nobody", "Select a valid choice"),
    ],
)
def test_a_mistake_is_told_at_its_field_and_nothing_is_sent(
    signed_in: Client, gateway: Gateway, field: str, value: str, words: str
) -> None:
    make_api("orders")
    answer = signed_in.post(URL, {"operation": "everything", "method": "GET"} | {field: value})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert gateway.calls == []


def test_redirects_are_shown_and_not_followed(signed_in: Client, gateway: Gateway) -> None:
    make_api("orders")
    gateway.status, gateway.headers = 302, {"Location": "/elsewhere"}
    page = signed_in.post(URL, {"operation": "everything", "method": "GET"}).content.decode()
    assert "302" in page
    assert "/elsewhere" in page
    assert len(gateway.calls) == 1


def test_a_large_answer_is_cut_off_and_bytes_are_shown_as_digits(signed_in: Client, gateway: Gateway) -> None:
    make_api("orders")
    gateway.content = b"\xff\x00" * MAX_BYTES
    page = signed_in.post(URL, {"operation": "everything", "method": "GET"}).content.decode()
    assert "The content was cut off" in page
    assert "ff00 ff00" in page


def test_an_answer_is_escaped(signed_in: Client, gateway: Gateway) -> None:
    make_api("orders")
    gateway.content = b"<script>alert(1)</script>"
    assert "<script>alert" not in signed_in.post(URL, {"operation": "everything", "method": "GET"}).content.decode()


def test_a_failure_is_explained_with_its_activity_id(signed_in: Client, gateway: Gateway) -> None:
    make_api("orders")
    gateway.refuses(502, "The back end's certificate was issued for another host.", "0f8fad5b", failure=Failure.NAME_MISMATCH)
    page = signed_in.post(URL, {"operation": "everything", "method": "GET"}).content.decode()
    assert "its certificate bears another name than orders.example.com" in page
    assert "activity id 0f8fad5b" in page


def test_a_gateway_that_is_down_is_said_so(signed_in: Client, settings: Settings) -> None:
    settings.GATEWAY_HOST, settings.GATEWAY_PORT = "127.0.0.1", 9  # discard: nobody listens
    make_api("orders")
    assert "No gateway answers at http://127.0.0.1:9." in signed_in.post(URL, {"operation": "everything", "method": "GET"}).content.decode()


def test_without_operations_there_is_nothing_to_call(signed_in: Client) -> None:
    make_api("orders", everything=False)
    assert "There is nothing to call yet" in signed_in.get(URL).content.decode()


@pytest.mark.parametrize(
    ("status", "message", "failure", "words"),
    [
        (502, "It refused the certificate.", Failure.CLIENT_CERTIFICATE_REFUSED, "but refused the client certificate"),
        (502, "It has expired.", Failure.EXPIRED, "has expired"),
        (502, "It is not valid yet.", Failure.NOT_YET_VALID, "its certificate is not valid yet"),
        (502, "It cannot be verified.", Failure.UNVERIFIED, "leads to no trusted authority"),
        (502, "It was refused.", Failure.UNREACHABLE, "Nothing answers at orders.example.com"),
        (502, "The back end could not be reached: its host name has no address.", Failure.UNREACHABLE, "orders.example.com has no address"),
        (504, "The back end did not answer in time.", Failure.TIMEOUT, "did not answer in time"),
        (404, "Resource not found", "", "knows no such path or operation"),
        (401, "Access denied due to invalid subscription key.", "", "does not know the key"),
        (502, "Something new.", "something-new", "could not complete the call"),
    ],
)
def test_trying_the_connection_says_in_words_what_happened(
    signed_in: Client, gateway: Gateway, status: int, message: str, failure: str, words: str
) -> None:
    make_subscription("all", api=make_api("orders"))
    gateway.refuses(status, message, failure=failure)
    page = signed_in.post(TRY, headers={"HX-Request": "true"}).content.decode()
    assert words in page
    assert 'class="note bad"' in page


@pytest.mark.parametrize("failure", [one for one in Failure if one is not Failure.OTHER])
def test_every_failure_has_words_for_the_publisher(signed_in: Client, gateway: Gateway, failure: Failure) -> None:
    make_subscription("all", api=make_api("orders"))
    gateway.refuses(502, "It failed.", failure=failure)
    page = signed_in.post(TRY, headers={"HX-Request": "true"}).content.decode()
    assert "could not complete the call" not in page
    assert "%(" not in page


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (200, b"", "good"),
        (404, b"no such order", "good"),
        (403, b"", "warn"),
        (400, b"<h1>No required SSL certificate was sent</h1>", "bad"),
    ],
)
def test_an_answer_of_the_back_end_is_told_from_one_of_the_gateway(
    signed_in: Client, gateway: Gateway, status: int, content: bytes, kind: str
) -> None:
    api = make_api("orders")
    chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=make_certificate())
    actions.secure_api(api, chosen, by=None, now=timezone.now())
    make_subscription("all")
    gateway.status, gateway.content = status, content
    assert f'class="note {kind}"' in signed_in.post(TRY, headers={"HX-Request": "true"}).content.decode()
    assert gateway.calls[0][:2] == ("GET", "/orders/")


def test_trying_needs_a_subscription_that_opens_the_api(signed_in: Client, gateway: Gateway) -> None:
    make_api("orders")
    subscription = make_subscription("all")
    actions.set_subscription_state(subscription, SubscriptionState.SUSPENDED, by=None, now=timezone.now())
    page = signed_in.post(TRY).content.decode()
    assert "no active subscription opens this API" in page
    assert "<html" in page
    assert gateway.calls == []


def test_viewers_may_not(client: Client, viewer: User, gateway: Gateway) -> None:
    make_api("orders")
    client.force_login(viewer)
    assert client.post(URL, {"operation": "everything", "method": "GET"}).status_code == 403
    assert client.post(TRY).status_code == 403
    assert gateway.calls == []
