"""A worker makes what it needs for a back end at its first call: whichever meets a call first after a switch, none is behind."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from django.utils import timezone

from apis import actions as api_actions
from apis.models import Credentials, KeyKind
from certificates import actions as certificate_actions
from kit.issuing import Issued, issue
from portal.activity import last_line
from tests.gateway.backends import Backend
from tests.gateway.plant import Plant, eventually
from tests.makers import make_api, make_certificate, make_subscription

pytestmark = pytest.mark.any_database

WORKERS, CALLS, SWITCHES = 4, 24, 5


@pytest.fixture
def workers(transactional_db: None) -> Iterator[Plant]:
    """Return a gateway of several workers."""
    plant = Plant()
    plant.environment["GATEWAY_CONCURRENCY"] = str(WORKERS)
    plant.start("gateway", "run")
    try:
        plant.serve()
        yield plant
        plant.end("xds")
    finally:
        plant.end_all()


def test_after_a_switch_every_worker_presents_the_new_certificate_at_its_first_call(
    workers: Plant, backend: Backend, authority: Issued
) -> None:
    entry = make_certificate(issued=issue("version-0", by=authority))
    for number in range(SWITCHES + 1):
        chosen = api_actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=entry, trusted_ca=authority.pem)
        api = make_api(f"api-{number}", service_url=f"https://localhost:{backend.port}")
        api_actions.secure_api(api, chosen, by=None, now=timezone.now())
    key = api_actions.show_keys(make_subscription(), by=None, now=timezone.now())[KeyKind.PRIMARY].value.decode()
    eventually(lambda: workers.call("/api-0/1", key=key).status == 200)
    for number in range(1, SWITCHES + 1):
        following = issue(f"version-{number}", by=authority)
        with workers.callers("/api-0/1", key=key, number=2) as traffic:
            certificate_actions.replace(entry, following.as_pfx(), by=None, now=timezone.now())
            applied = eventually(partial(workers.applied, last_line()))
            answers = [workers.call(f"/api-{api}/1", key=key) for _ in range(CALLS) for api in (0, number)]  # each on a new connection
            eventually(partial(traffic.since, applied))
        assert {answer.status for answer in answers} == set(traffic.statuses) == {200}
        assert {answer.json["thumbprint"] for answer in answers} == traffic.since(applied) == {following.thumbprint}
