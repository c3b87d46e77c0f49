"""Tokens through a running gateway: fetched by its agent, put into calls by Envoy, renewed, changed, and missed."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from apis import actions
from apis.models import Api, Credentials
from apis.policy.oauth import AuthenticationOAuth2, ClientAuthentication
from certificates.sealing import Secret
from gateway.agent.kept import TOKENS
from gateway.tokens import TokenStanding
from kit.issuing import Issued
from tests.gateway.backends import Backend
from tests.gateway.plant import Plant, eventually
from tests.gateway.token_endpoints import TokenEndpoint
from tests.makers import make_api, make_authority, make_certificate

pytestmark = pytest.mark.any_database


@pytest.fixture
def endpoint(server_certificate: Issued, authority: Issued) -> Iterator[TokenEndpoint]:
    with TokenEndpoint(server_certificate, authority, clients={"me": "first"}) as running:
        yield running


@pytest.fixture
def chosen(endpoint: TokenEndpoint, authority: Issued, transactional_db: None) -> actions.ApiSecurity:
    """Return the security of an API that sends a token of the endpoint."""
    proof = AuthenticationOAuth2(
        token_endpoint=endpoint.url, client_id="me", secret=Secret(b"first"), authority=make_authority("login", authority).name
    )
    return actions.ApiSecurity(credentials=Credentials.OAUTH2, proof=proof)


def _secured(api: Api, chosen: actions.ApiSecurity, **changes: Any) -> Api:
    proof = chosen.proof
    assert isinstance(proof, AuthenticationOAuth2)
    return actions.secure_api(api, dataclasses.replace(chosen, proof=dataclasses.replace(proof, **changes)), by=None, now=timezone.now())


def _open(name: str, plain: Backend, chosen: actions.ApiSecurity, **changes: Any) -> Api:
    api = make_api(name, service_url=f"http://127.0.0.1:{plain.port}")
    api = _secured(api, chosen, **changes)
    settings = actions.ApiSettings(display_name=name, service_url=api.service_url, path=api.path, subscription_required=False)
    return actions.change_api(api, settings, by=None, now=timezone.now())


def _sent(plant: Plant, api: Api) -> str:
    """Return the token that a call has carried; empty if it was not let through."""
    answer = plant.call(f"/{api.path}/a")
    return dict(json.loads(answer.body)["headers"])["authorization"] if answer.status == 200 else ""


def _standing(api: Api) -> TokenStanding | None:
    return TokenStanding.objects.filter(api=api).first()


def test_apis_of_the_same_client_share_a_token_which_is_renewed_before_it_ends(
    plant: Plant, plain: Backend, endpoint: TokenEndpoint, chosen: actions.ApiSecurity
) -> None:
    endpoint.answers.seconds = 3
    one, other = _open("one", plain, chosen), _open("other", plain, chosen)
    first = eventually(lambda: _sent(plant, one))
    assert first.startswith("Bearer me-")
    eventually(lambda: _sent(plant, other) == _sent(plant, one))
    with plant.callers(f"/{one.path}/a", key="") as traffic:
        eventually(lambda: len(endpoint.asked) >= 4)
    assert set(traffic.statuses) == {200}
    assert eventually(lambda: (found := _standing(one)) and found.fetched)


def test_a_wrong_secret_refuses_calls_and_is_told_until_it_is_right(
    plant: Plant, plain: Backend, endpoint: TokenEndpoint, chosen: actions.ApiSecurity
) -> None:
    api = _open("wrong", plain, chosen, secret=Secret(b"wrong"))
    told = eventually(lambda: (found := _standing(api)) and found.error and found)
    assert (told.error, told.ends_at) == ("invalid_client", None)
    answer = eventually(lambda: (found := plant.call(f"/{api.path}/a")).status == 502 and found)
    assert answer.message == "The gateway has no credentials to send to the back end."
    assert not plain.calls
    _secured(api, chosen)
    assert eventually(lambda: _sent(plant, api)).startswith("Bearer me-")
    eventually(lambda: (found := _standing(api)) and not found.error and found.ends_at)


def test_another_secret_is_taken_without_a_call_that_is_lost(
    plant: Plant, plain: Backend, endpoint: TokenEndpoint, chosen: actions.ApiSecurity
) -> None:
    api = _open("switched", plain, chosen)
    before = eventually(lambda: _sent(plant, api))
    with plant.callers(f"/{api.path}/a", key="") as traffic:
        endpoint.answers.clients = {"me": "second"}
        _secured(api, chosen, secret=Secret(b"second"))
        eventually(lambda: _sent(plant, api) not in {"", before})
    assert set(traffic.statuses) == {200}
    assert endpoint.asked[-1].secret == "second"


def test_tokens_go_on_without_a_control_plane_and_end_when_the_endpoint_refuses(
    plant: Plant, plain: Backend, endpoint: TokenEndpoint, chosen: actions.ApiSecurity
) -> None:
    endpoint.answers.seconds = 3
    api = _open("alone", plain, chosen)
    eventually(lambda: _sent(plant, api))
    plant.end("xds")
    try:
        known = len(endpoint.asked)
        eventually(lambda: len(endpoint.asked) > known + 1)
        assert _sent(plant, api)
        endpoint.answers.clients = {}
        eventually(lambda: plant.call(f"/{api.path}/a").status == 502)
        endpoint.answers.clients = {"me": "first"}
        eventually(lambda: _sent(plant, api))
    finally:
        plant.start("xds")
        eventually(plant.xds_listens)


def test_a_client_proves_itself_by_the_certificate_that_the_api_presents(
    plant: Plant, backend: Backend, endpoint: TokenEndpoint, chosen: actions.ApiSecurity, client_certificate: Issued, authority: Issued
) -> None:
    certificate = make_certificate("orders-client", client_certificate)
    api = make_api("mutual", service_url=f"https://localhost:{backend.port}")
    settings = actions.ApiSettings(display_name="mutual", service_url=api.service_url, path=api.path, subscription_required=False)
    actions.change_api(api, settings, by=None, now=timezone.now())
    chosen = dataclasses.replace(chosen, trusted_ca=authority.pem, certificate=certificate)
    api = _secured(api, chosen, secret=None, authenticates_by=ClientAuthentication.CERTIFICATE, client_id="by-certificate")
    assert eventually(lambda: _sent(plant, api)).startswith("Bearer by-certificate-")
    assert (endpoint.asked[-1].certificate, endpoint.asked[-1].secret) == (True, "")
    assert "open" not in plant.log_of("gateway")


@pytest.mark.parametrize("ends", ["agent", "gateway"])
def test_what_starts_anew_while_the_endpoint_is_away_goes_on_with_the_token(
    plant: Plant, plain: Backend, endpoint: TokenEndpoint, chosen: actions.ApiSecurity, ends: str
) -> None:
    api = _open(f"again-{ends}", plain, chosen)
    token = eventually(lambda: _sent(plant, api))
    eventually((plant.home / TOKENS).exists)
    endpoint.answers.instead = (503, b"")
    known = len(endpoint.asked)
    if ends == "agent":
        (agent,) = plant.agents()
        os.kill(agent, signal.SIGKILL)
    else:
        plant.end("gateway")
        plant.start("gateway", "run")
        eventually(plant.is_ready)
    eventually(lambda: len(endpoint.asked) > known + 1)  # more than once, to no avail
    assert eventually(lambda: _sent(plant, api)) == token
    eventually(lambda: (found := _standing(api)) and found.error and found.ends_at)


def test_a_token_that_a_back_end_refuses_is_replaced_before_its_end(
    plant: Plant, plain: Backend, endpoint: TokenEndpoint, chosen: actions.ApiSecurity
) -> None:
    api = _open("revoked", plain, chosen)
    token = eventually(lambda: _sent(plant, api))

    def refused_until_another() -> bool:
        assert plant.call(f"/{api.path}/status/401").status == 401
        return bool(_sent(plant, api) != token)

    eventually(refused_until_another)

    assert len(endpoint.asked) == 2
