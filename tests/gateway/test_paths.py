"""Paths that a back end might read in another way than the gateway, and those that are nobody's business."""

from __future__ import annotations

import pytest

from tests.gateway.backends import Backend
from tests.gateway.conftest import Publish
from tests.gateway.gateways import Gateway

DISGUISED = [
    "/../x",
    "/./x",
    "/a/..",
    "/a/.",
    "/..;/x",
    "/..;a=1/x",
    "/.;/x",
    "/%2e%2e/x",
    "/.%2E/x",
    "/%2e%2e;/x",
    "/..%3b/x",
    "/..%253Ba/x",
    "/%252e%252e/x",
    "/%25252e%25252e/x",
    "/%2%65%2%65/x",
    "/%%32%65%%32%65/x",
    "/%c0%ae%c0%ae/x",
    "/%e0%80%ae./x",
    "/%25c0%25ae./x",
    "/%ef%bc%8e%EF%BC%8E/x",
    "/%u002e%u002e/x",
    "/%e2%80%a5/x",
    "/..%2fx",
    "/a%2F..%2Fx",
    "/a%5c..%5cx",
    "/a\\..\\x",
    "/a%252f..%252fx",
    "/a%c0%af../x",
    "/a%ef%bc%8f../x",
    "/..%20/x",
    "/..%09",
    "/..%3fx",
    "/;x/secret",
    "/a/;/secret",
    "/a%2f;x",
    "/%3Bx/secret",
    "/a%00.json",
    "/a%2500",
]


@pytest.mark.parametrize("path", DISGUISED)
def test_a_disguised_path_is_refused_with_a_sentence(gateway: Gateway, plain: Backend, publish: Publish, path: str) -> None:
    publish("disguised")
    answer = gateway.raw(f"GET /disguised{path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'{ "statusCode": 400, "message": "The path holds a segment' in answer
    assert not plain.calls


@pytest.mark.parametrize(
    "path",
    [
        "/group%2Fname",
        "/a%2fb%5Cc",
        "/a\\b",
        "//a//b/",
        "/%7E%41|{x}^",
        "/a;b=1/c",
        "/a;b=..",
        "/%3A%zz%",
        "/.well-known/..a/a../...",
        "/a?b=/../%2e%2e;/%00",
    ],
)
def test_any_other_path_arrives_as_it_came(gateway: Gateway, plain: Backend, publish: Publish, path: str) -> None:
    publish("kept")
    answer = gateway.raw(f"GET /kept{path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    assert plain.calls[-1].target == path


def test_a_path_that_begins_with_two_slashes_belongs_to_no_api(gateway: Gateway, publish: Publish) -> None:
    publish("slashes")
    assert gateway.raw(b"GET //slashes/x HTTP/1.1\r\nHost: gateway\r\n\r\n").startswith(b"HTTP/1.1 404 ")
