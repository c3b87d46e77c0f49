"""A shared secret on its way through a real Envoy, in a header or a query parameter."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from apis.policy.model import Policy
from apis.policy.proofs import AuthenticationSharedSecret, SecretPlace
from certificates.sealing import Secret
from gateway.compile import compile_cluster
from kit.issuing import Issued
from tests.gateway.backends import Backend
from tests.gateway.conftest import Publish
from tests.gateway.gateways import Gateway, open_to_all, policy

HEADER, QUERY = SecretPlace.HEADER, SecretPlace.QUERY


def _sending(one: Policy, place: SecretPlace, name: str, secret: str) -> Policy:
    rule = AuthenticationSharedSecret(place=place, name=name, secret=Secret(secret.encode()))
    return dataclasses.replace(one, inbound=(*one.inbound, rule))


def test_a_secret_replaces_what_the_caller_sends_and_a_new_one_counts_at_once(gateway: Gateway, publish: Publish, plain: Backend) -> None:
    one = publish("with-secret")
    for secret in ("sésame:1", "2"):
        assert not gateway.publish(_sending(one, HEADER, "X-API-Key", secret))
        assert gateway.call("/with-secret/a", headers={"x-api-key": "the-callers"}).status == 200
    assert [call.header("x-api-key") for call in plain.calls] == ["s\u00c3\u00a9same:1", "2"]


@pytest.mark.parametrize(
    ("name", "secret", "asked", "arrived"),
    [
        ("api-key", "p&q=r #?%20é+", "/a", "/a?api-key=p%26q%3Dr%20%23%3F%2520%C3%A9%2B"),
        ("api-key", "s", "/a?x=%20&y=a+b&z", "/a?x=%20&y=a+b&z&api-key=s"),
        ("api-key", "s", "/a?api-key=mine&x=1&api%2Dkey=mine&api-key", "/a?x=1&api-key=s"),
        ('na"me]] \\é', "s", "/a?na%22me%5D%5D%20%5C%C3%A9=mine", "/a?na%22me%5D%5D%20%5C%C3%A9=s"),
    ],
)
def test_a_secret_in_the_query_leaves_the_rest_of_it_alone(
    gateway: Gateway, publish: Publish, plain: Backend, name: str, secret: str, asked: str, arrived: str
) -> None:
    one = publish("in-query")
    assert not gateway.publish(_sending(one, QUERY, name, secret))
    assert gateway.call(f"/in-query{asked}", headers={"x-portal-secret": "the-callers"}).status == 200
    assert [call.target for call in plain.calls] == [arrived]
    assert plain.calls[0].header("x-portal-secret") is None


def test_without_its_secret_an_api_refuses_its_calls(gateway: Gateway, publish: Publish, plain: Backend) -> None:
    one = _sending(publish("lacks-secret"), QUERY, "key", "s")
    gateway.put(one, [resource for resource in compile_cluster(one, None) if resource.name.startswith("api-")])
    answer = gateway.call("/lacks-secret/a")
    assert (answer.status, answer.message) == (502, "The gateway has no credentials to send to the back end.")
    assert not plain.calls


def test_a_certificate_stands_beside_it(
    gateway: Gateway, backend: Backend, authority: Issued, client_certificate: Issued, new_api: Callable[[], int]
) -> None:
    one = _sending(open_to_all(policy(new_api(), "both", port=backend.port, trusted=authority)), HEADER, "X-API-Key", "s")
    assert not gateway.publish(one, client_certificate)
    answer = gateway.call("/both/a")
    gateway.withdraw(one)
    assert answer.json["thumbprint"]
    assert backend.calls[0].header("x-api-key") == "s"


def test_what_envoy_shows_of_itself_holds_no_secret(gateway: Gateway, publish: Publish) -> None:
    for number, place in enumerate(SecretPlace):
        gateway.publish(_sending(publish(f"hidden-{number}"), place, "key", "an-open-secret"))
        gateway.call(f"/hidden-{number}/a")
    assert "an-open-secret" not in gateway.admin("/config_dump")
