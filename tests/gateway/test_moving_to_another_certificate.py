"""APIs that move to another certificate: tried where calls come from, moved together, and no call lost or carried by the wrong one."""

from __future__ import annotations

import pytest
from django.utils import timezone

from apis import actions as api_actions
from apis.models import Api, Credentials, KeyKind
from apis.moving import actions
from apis.moving.models import Move
from certificates.models import ClientCertificate
from certificates.rollout.models import Outcome
from gateway.models import Gateway
from kit.issuing import Issued, issue
from portal.activity import last_line
from tests.gateway.backends import Backend
from tests.gateway.plant import Plant, eventually
from tests.makers import make_api, make_certificate, make_subscription

pytestmark = pytest.mark.any_database


def _presenting(entry: ClientCertificate, name: str, backend: Backend, authority: Issued) -> Api:
    chosen = api_actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=entry, trusted_ca=authority.pem)
    api = make_api(name, service_url=f"https://localhost:{backend.port}")
    return api_actions.secure_api(api, chosen, by=None, now=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_those_whose_back_ends_accept_it_move_together_under_load_and_the_one_that_refuses_stays(
    plant: Plant, backend: Backend, authority: Issued, server_certificate: Issued
) -> None:
    old, new = make_certificate("old", issue("old", by=authority)), make_certificate("new", renewed := issue("new", by=authority))
    with Backend(server_certificate, issue("Another authority", authority=True)) as strict:
        for name, behind in (("one", backend), ("two", backend), ("three", strict)):
            _presenting(old, name, behind, authority)
        key = api_actions.show_keys(make_subscription(), by=None, now=timezone.now())[KeyKind.PRIMARY].value.decode()
        eventually(lambda: Gateway.objects.filter(disconnected_at=None).exists())
        eventually(lambda: plant.applied(last_line()))
        with plant.callers("/one/1", key=key) as traffic, plant.callers("/two/1", key=key) as more:
            move = actions.propose(new, Api.objects.all(), by=None, now=timezone.now())
            eventually(lambda: Move.objects.get().is_tried)
            tried = {(one.api, one.gateway): one.outcome for one in move.tries.all()}
            assert {tried[name, "gateway-1"] for name in ("one", "two")} == {Outcome.ACCEPTED}
            assert tried["three", "gateway-1"] == Outcome.REFUSED
            moved, staying = actions.carry_out(move, only_accepting=True, by=None, now=timezone.now())
            assert ({api.name for api in moved}, {api.name for api in staying}) == ({"one", "two"}, {"three"})
            applied = eventually(lambda: plant.applied(last_line()))
            for calls in (traffic, more):
                eventually(lambda calls=calls: calls.since(applied))  # type: ignore[misc]
                assert calls.since(applied) == {renewed.thumbprint}
        assert set(traffic.statuses) == set(more.statuses) == {200}
    assert dict(Api.objects.values_list("name", "certificate__name")) == {"one": "new", "two": "new", "three": "old"}
