"""From a file that another program writes to the call that carries it: the xDS process watches, no call is lost."""

from __future__ import annotations

import pytest
from django.utils import timezone

from apis import actions as api_actions
from apis.models import Credentials, KeyKind
from certificates.models import ClientCertificate
from certificates.sources import actions
from certificates.sources.standing import failing
from certificates.sources.watched import WatchedPlace
from kit.issuing import Issued, issue
from tests.gateway.backends import Backend
from tests.gateway.plant import Plant, eventually
from tests.makers import make_api, make_subscription

pytestmark = pytest.mark.any_database


def _pem(issued: Issued) -> str:
    return issued.pem + issued.chain_pem + issued.key_pem


def test_a_renewed_file_is_presented_without_a_lost_call_and_a_broken_one_is_told_of(
    plant: Plant, backend: Backend, authority: Issued, client_certificate: Issued
) -> None:
    folder = plant.home / "watched"
    folder.mkdir(exist_ok=True)
    file = folder / "orders.pem"
    file.write_text(_pem(client_certificate))
    place = WatchedPlace.of({"path": str(file)}, (folder,))
    entry = actions.watch(ClientCertificate, place, name="orders", by=None, now=timezone.now())
    api = make_api(service_url=f"https://localhost:{backend.port}")
    chosen = api_actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=entry, trusted_ca=authority.pem)
    api_actions.secure_api(api, chosen, by=None, now=timezone.now())
    key = api_actions.show_keys(make_subscription(), by=None, now=timezone.now())[KeyKind.PRIMARY].value.decode()

    def presented() -> str:
        return str(plant.call("/orders/1", key=key).json.get("thumbprint"))

    eventually(lambda: presented() == client_certificate.thumbprint)
    with plant.callers("/orders/1", key=key) as traffic:
        for _ in range(3):
            renewed = issue("orders-client", by=authority)
            file.write_text(_pem(renewed))
            eventually(lambda renewed=renewed: presented() == renewed.thumbprint)  # type: ignore[misc]  # bound now
    assert set(traffic.statuses) == {200}
    file.write_text("not yet")
    eventually(lambda: failing().filter(certificate=entry).exists())
    assert presented() == renewed.thumbprint
