"""What tests of the gateway share: an authority, back ends of several kinds, and an Envoy that every test adds its own APIs to."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apis.policy.model import KeyCheck, Policy
from kit.issuing import Issued, issue
from tests.gateway.backends import Backend, Http2Backend
from tests.gateway.gateways import Gateway, open_to_all, policy
from tests.gateway.plant import Plant

Publish = Callable[..., Policy]


@pytest.fixture(scope="session")
def authority() -> Issued:
    """Return the authority that has issued the back ends' certificates and the client certificates they accept."""
    return issue("Test authority", authority=True)


@pytest.fixture(scope="session")
def client_certificate(authority: Issued) -> Issued:
    """Return a client certificate that the back ends accept."""
    return issue("orders-client", by=authority)


@pytest.fixture(scope="session")
def server_certificate(authority: Issued) -> Issued:
    """Return a certificate for this machine."""
    return issue("backend", by=authority, hosts=("localhost", "127.0.0.1"))


@pytest.fixture
def backend(server_certificate: Issued, authority: Issued) -> Iterator[Backend]:
    """Return a back end that accepts nothing but mutual TLS."""
    with Backend(server_certificate, authority) as running:
        yield running


@pytest.fixture
def http2_backend(server_certificate: Issued, authority: Issued) -> Iterator[Http2Backend]:
    """Return a back end that accepts nothing but mutual TLS and offers HTTP/2."""
    with Http2Backend(server_certificate, authority) as running:
        yield running


@pytest.fixture(scope="session")
def gateway() -> Iterator[Gateway]:
    """Return a running gateway without APIs; tests add theirs under ids and paths of their own (``new_api``)."""
    with tempfile.TemporaryDirectory(prefix="gateway-") as home:
        running = Gateway(Path(home))
        yield running
        running.stop()


@pytest.fixture(scope="session")
def new_api() -> Callable[[], int]:
    """Return what gives an API id that no other test has."""
    return itertools.count(1).__next__


@pytest.fixture(scope="session")
def running_gateway(django_db_setup: None) -> Iterator[Plant]:
    """Return a gateway without an xDS process."""
    plant = Plant()
    plant.start("gateway", "run")
    yield plant
    plant.end_all()


@pytest.fixture
def plant(running_gateway: Plant, transactional_db: None) -> Iterator[Plant]:
    """Return a gateway with the xDS process on the tests' database."""
    running_gateway.serve()
    yield running_gateway
    running_gateway.end("xds")


@pytest.fixture
def plain() -> Iterator[Backend]:
    """Return a back end without TLS."""
    with Backend() as running:
        yield running


@pytest.fixture
def publish(gateway: Gateway, plain: Backend, new_api: Callable[[], int]) -> Iterator[Publish]:
    """Return what publishes an API at a path, with these operations; the API goes when the test ends."""
    published = []

    def publish(
        path: str, *operations: tuple[str, str], backend_path: str = "", key: bool = False, key_check: KeyCheck | None = None
    ) -> Policy:
        one = policy(
            new_api(),
            path,
            port=plain.port,
            scheme="http",
            presents=False,
            operations=operations or (("*", "/*"),),
            backend_path=backend_path,
            key_check=key_check,
        )
        one = one if key or key_check else open_to_all(one)
        assert not gateway.publish(one)
        published.append(one)
        return one

    yield publish
    for one in published:
        gateway.withdraw(one)
