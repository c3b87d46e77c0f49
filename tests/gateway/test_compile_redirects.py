"""Redirects and cookies of a back end, as callers of a real Envoy get them."""

from __future__ import annotations

import dataclasses
import http.client
from collections.abc import Callable, Iterator

import pytest

from apis.policy.model import Forwarding, Policy
from tests.gateway.backends import Backend
from tests.gateway.gateways import Gateway, open_to_all, policy

Publish = Callable[..., Policy]


@pytest.fixture
def publish(gateway: Gateway, plain: Backend, new_api: Callable[[], int]) -> Iterator[Publish]:
    """Return what publishes an API; it goes when the test ends."""
    published = []

    def publish(path: str, *, service: str = "/base", leads_back: bool = True) -> Policy:
        one = open_to_all(policy(new_api(), path, port=plain.port, scheme="http", presents=False, backend_path=service))
        one = dataclasses.replace(one, forwarding=Forwarding(rewrite_redirects=leads_back))
        assert not gateway.publish(one)
        published.append(one)
        return one

    yield publish
    for one in published:
        gateway.withdraw(one)


def answered(gateway: Gateway, target: str, *headers: str) -> list[tuple[str, str]]:
    """Return the headers ``Location`` and ``Set-Cookie`` of the answer when the back end sends *headers*."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    connection.putrequest("GET", target)
    for header in headers:
        connection.putheader("X-Answer", header)
    connection.endheaders()
    response = connection.getresponse()
    response.read()
    connection.close()
    return [(name.lower(), value) for name, value in response.getheaders() if name.lower() in {"location", "set-cookie"}]


@pytest.mark.parametrize(
    ("service", "sent", "expected"),
    [
        ("/base", "http://localhost:{port}/base/other?x=1#y", "/moved/other?x=1#y"),
        ("/base", "HTTP://LocalHost:{port}/base", "/moved"),
        ("/base", "//localhost:{port}/base/other", "/moved/other"),
        ("/base", "http://127.0.0.1:{gateway}/base/other", "/moved/other"),
        ("/base", "https://127.0.0.1:{gateway}/base/other?x=1", "/moved/other?x=1"),
        ("/base", "http://127.0.0.1:{gateway}/moved/other", "http://127.0.0.1:{gateway}/moved/other"),
        ("/base", "http://127.0.0.1:{gateway}/other", "http://127.0.0.1:{gateway}/other"),
        ("", "http://127.0.0.1:{gateway}/other", "/moved/other"),
        ("", "http://127.0.0.1:{gateway}/moved/other", "http://127.0.0.1:{gateway}/moved/other"),
        ("/base", "/base/a|b", "/moved/a|b"),
        ("/base", "/base/other", "/moved/other"),
        ("/base", "/base?x=1", "/moved?x=1"),
        ("/base", "/based/other", "/based/other"),
        ("/base", "/other", "/other"),
        ("/base", "http://localhost:{port}/other", "http://localhost:{port}/other"),
        ("/base", "https://localhost:{port}/base/other", "https://localhost:{port}/base/other"),
        ("/base", "http://localhost/base/other", "http://localhost/base/other"),
        ("/base", "http://localhost:{port}.example.com/base/x", "http://localhost:{port}.example.com/base/x"),
        ("/base", "http://login.example.com/base", "http://login.example.com/base"),
        ("/base", "other", "other"),
        ("/base", "../other", "../other"),
        ("/base", "?page=2", "?page=2"),
        ("", "http://localhost:{port}", "/moved"),
        ("", "http://localhost:{port}/", "/moved/"),
        ("", "/other", "/moved/other"),
        ("", "//other.example.com/x", "//other.example.com/x"),
        ("", "http://localhost:{port}?x=1", "/moved?x=1"),
    ],
)
def test_a_redirect_below_the_web_service_url_leads_back_to_the_api(
    gateway: Gateway, plain: Backend, publish: Publish, service: str, sent: str, expected: str
) -> None:
    publish("moved", service=service)
    found = answered(gateway, "/moved/x", "Location: " + sent.format(port=plain.port, gateway=gateway.port))
    assert found == [("location", expected.format(port=plain.port, gateway=gateway.port))]


@pytest.mark.parametrize(
    ("service", "sent", "expected"),
    [
        ("/base", "a=b; Path=/base", "a=b; Path=/moved"),
        ("/base", "a=b; path=/base/deep; Domain=localhost; Secure; HttpOnly", "a=b; Path=/moved/deep; Secure; HttpOnly"),
        ("/base", "a=b; Domain=.LOCALHOST;Path=/", "a=b;Path=/moved"),
        ("/base", "a=b; Domain=example.com; Path=/other", "a=b; Domain=example.com; Path=/other"),
        ("/base", "a=b", "a=b"),
        ("/base", "Path=/base; Max-Age=3", "Path=/base; Max-Age=3"),
        (
            "/base",
            'a="x, y"; Expires=Wed, 09 Jun 2032 10:18:14 GMT; Path=/base',
            'a="x, y"; Expires=Wed, 09 Jun 2032 10:18:14 GMT; Path=/moved',
        ),
        ("/base", "__Host-a=b; Secure; Path=/", "__Host-a=b; Secure; Path=/"),
        ("", "a=b; Path=/", "a=b; Path=/moved"),
        ("", "a=b; Path=/x", "a=b; Path=/moved/x"),
        ("/deep/base", "a=b; Path=/deep/", "a=b; Path=/moved"),
    ],
)
def test_a_cookie_of_the_back_end_comes_back_with_the_next_call_of_the_api(
    gateway: Gateway, publish: Publish, service: str, sent: str, expected: str
) -> None:
    publish("moved", service=service)
    assert answered(gateway, "/moved/x", "Set-Cookie: " + sent) == [("set-cookie", expected)]


def test_several_cookies_and_a_redirect_keep_their_order(gateway: Gateway, publish: Publish) -> None:
    publish("moved")
    found = answered(
        gateway, "/moved/x", "Set-Cookie: a=1; Path=/base", "Location: /base/y", "Set-Cookie: b=2", "Set-Cookie: c=3; Path=/base"
    )
    assert [value for name, value in found if name == "set-cookie"] == ["a=1; Path=/moved", "b=2", "c=3; Path=/moved"]
    assert ("location", "/moved/y") in found


def test_in_an_api_that_shares_its_first_segment_each_leads_back_to_itself(gateway: Gateway, publish: Publish) -> None:
    publish("moved")
    publish("moved/deep")
    assert answered(gateway, "/moved/x", "Location: /base/y") == [("location", "/moved/y")]
    assert answered(gateway, "/moved/deep/x", "Location: /base/y") == [("location", "/moved/deep/y")]


def test_an_api_at_the_root_leads_back_to_the_root(gateway: Gateway, publish: Publish) -> None:
    publish("")
    assert answered(gateway, "/x", "Location: /base/y", "Set-Cookie: a=b; Path=/base") == [
        ("location", "/y"),
        ("set-cookie", "a=b; Path=/"),
    ]
    assert answered(gateway, "/x", "Location: /base//other.example.com/") == [("location", "/base//other.example.com/")]


def test_switched_off_everything_passes_as_the_back_end_has_sent_it(gateway: Gateway, publish: Publish) -> None:
    publish("moved", leads_back=False)
    sent = ("Location: /base/y", "Set-Cookie: a=b; Path=/base; Domain=localhost")
    assert answered(gateway, "/moved/x", *sent) == [("location", "/base/y"), ("set-cookie", "a=b; Path=/base; Domain=localhost")]
