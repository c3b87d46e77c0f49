"""Some switch and some stay, under load at a real gateway: each back end meets the certificate that is its own, and no call is lost."""

from __future__ import annotations

import pytest
from django.utils import timezone

from apis import actions as api_actions
from apis.models import Credentials, KeyKind
from certificates import actions as certificate_actions
from certificates.models import ClientCertificate
from certificates.rollout import actions
from certificates.rollout.models import Candidate
from gateway.models import Gateway
from kit.issuing import Issued, issue
from portal.activity import last_line
from tests.gateway.backends import Backend
from tests.gateway.plant import Plant, Traffic, eventually
from tests.makers import make_api, make_certificate, make_subscription

pytestmark = pytest.mark.any_database


def _presenting(entry: ClientCertificate, name: str, backend: Backend, authority: Issued) -> None:
    chosen = api_actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=entry, trusted_ca=authority.pem)
    api_actions.secure_api(make_api(name, service_url=f"https://localhost:{backend.port}"), chosen, by=None, now=timezone.now())


def _carries(plant: Plant, traffic: Traffic, issued: Issued) -> None:
    """See that every call that begins once the gateway has applied the last change carries *issued*."""
    applied = eventually(lambda: plant.applied(last_line()))
    eventually(lambda: traffic.since(applied))
    assert traffic.since(applied) == {issued.thumbprint}


@pytest.mark.django_db(transaction=True)
def test_one_stays_through_the_next_switch_until_all_are_rolled_back(plant: Plant, authority: Issued, server_certificate: Issued) -> None:
    another = issue("Another authority", authority=True)
    first, second, third = (issue("orders", by=by) for by in (another, authority, authority))
    entry = make_certificate("orders", first)
    with Backend(server_certificate, another, accepts_too=authority) as ready, Backend(server_certificate, another) as late:
        for name, behind in (("ready", ready), ("late", late)):
            _presenting(entry, name, behind, authority)
        key = api_actions.show_keys(make_subscription(), by=None, now=timezone.now())[KeyKind.PRIMARY].value.decode()
        eventually(lambda: Gateway.objects.filter(disconnected_at=None).exists())
        eventually(lambda: plant.applied(last_line()))
        with plant.callers("/ready/1", key=key) as fast, plant.callers("/late/1", key=key) as slow:
            candidate = actions.propose(entry, second.as_pfx(), by=None, now=timezone.now())
            eventually(lambda: Candidate.objects.get().is_tried)
            candidate.refresh_from_db()
            _, stay = actions.switch_accepting(candidate, by=None, now=timezone.now())
            assert [api.name for api in stay] == ["late"]
            _carries(plant, fast, second)
            _carries(plant, slow, first)
            certificate_actions.replace(entry, third.as_pfx(), by=None, now=timezone.now())
            _carries(plant, fast, third)
            _carries(plant, slow, first)
            certificate_actions.roll_back(entry, version=1, by=None, now=timezone.now())
            _carries(plant, fast, first)
            _carries(plant, slow, first)
        assert set(fast.statuses) == set(slow.statuses) == {200}
