"""Trusted authorities where they count: what real back ends present, what a real Envoy takes, and the calls after a replacement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from apis import actions as api_actions
from apis.models import Api, Credentials
from certificates.authorities import actions, switching
from certificates.authorities.keeper import AuthorityKeeper
from certificates.authorities.models import Authority, AuthorityCandidate, AuthorityTry
from certificates.rollout.models import When
from gateway.models import Gateway
from gateway.verification import verified
from kit.issuing import Issued, issue
from kit.ports import free_ports
from portal.activity import last_line
from portal.live import Kind, State, live_status
from tests import unloadable
from tests.gateway.backends import Backend
from tests.gateway.plant import Plant, eventually
from tests.makers import make_api, make_authority_candidate, make_subscription

ROOT = issue("Root", authority=True)
MIDDLE = issue("Middle", by=ROOT, authority=True)
ANOTHER = issue("Another root", authority=True)
AGO = datetime.now(UTC) - timedelta(days=30)


def _trusting(name: str, port: int, *issued: Issued, checked: bool = True) -> Api:
    """Store an API whose back end has to lead to these."""
    api = make_api(name, service_url=f"https://localhost:{port}")
    pem = "".join(one.pem for one in issued)
    chosen = api_actions.ApiSecurity(
        credentials=Credentials.NONE, trusted_ca=pem, validate_certificate_chain=checked, validate_certificate_name=checked
    )
    return api_actions.secure_api(api, chosen, by=None, now=timezone.now())


@pytest.mark.parametrize(
    ("chain", "trusted", "objection"),
    [
        ([issue("a", by=ROOT)], ROOT, ""),
        ([issue("a", by=MIDDLE), MIDDLE], ROOT, ""),
        ([issue("a", by=MIDDLE)], MIDDLE, ""),  # who ends a path need not be a root
        ([issue("a", by=MIDDLE)], ROOT, "unable to get local issuer certificate"),
        ([issue("a", by=ANOTHER)], ROOT, "unable to get local issuer certificate"),
        ([issue("a", by=ROOT, not_before=AGO, not_after=AGO + timedelta(days=1))], ROOT, "certificate has expired"),
        ([issue("a", by=ROOT, purpose=ExtendedKeyUsageOID.CLIENT_AUTH)], ROOT, "unsupported certificate purpose"),
    ],
)
def test_a_chain_is_judged_as_the_gateway_judges_it(chain: list[Issued], trusted: Issued, objection: str) -> None:
    assert objection in (said := verified([one.der for one in chain], [trusted.der]).objection)
    assert bool(said) == bool(objection)


@pytest.mark.django_db
def test_each_back_end_is_told_by_whether_the_new_authorities_are_enough(
    signed_in: Client, authority: Issued, server_certificate: Issued
) -> None:
    elsewhere = issue("elsewhere", by=ANOTHER, hosts=("localhost",))
    with Backend(server_certificate, authority) as kept, Backend(elsewhere) as lost:
        _trusting("kept", kept.port, authority, ANOTHER)
        _trusting("lost", lost.port, authority, ANOTHER)
        _trusting("away", free_ports(1)[0], authority, ANOTHER)
        _trusting("not-checked", kept.port, authority, ANOTHER, checked=False)
        entry = Authority.objects.get()
        make_authority_candidate(entry, authority)
        assert AuthorityKeeper().step()
        assert not kept.calls, "nothing but the handshake, and no client certificate"
    assert {one.api: (one.outcome, one.reason) for one in AuthorityTry.objects.all()} == {
        "kept": ("accepted", "trusted"),
        "lost": ("refused", "not-trusted"),
        "away": ("unreachable", "no-connection"),
    }
    page = signed_in.get(f"/security/trusted-authorities/{entry.name}/replace/confirm/").content.decode()
    assert "1 trusted, 1 not trusted, 1 unreachable" in page
    assert "CN=Another root,O=Example" in page


@pytest.mark.django_db
@pytest.mark.parametrize("pasted", [False, True])
def test_what_the_gateway_does_not_load_is_refused_with_the_reason(signed_in: Client, pasted: bool) -> None:
    refused = unloadable.of_version_1()
    if pasted:
        make_api("orders")
        answer = signed_in.post("/apis/orders/security/", {"credentials": "none", "protocol": "auto", "trusted_ca": refused.pem})
    else:
        file = SimpleUploadedFile("ca.der", refused.der)
        answer = signed_in.post("/security/trusted-authorities/upload/", {"file": file})
    assert answer.status_code == 422
    assert "it says X.509 version 1, but has extensions" in str(answer.context["form"].errors["trusted_ca" if pasted else "file"])
    assert not Authority.objects.exists()


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_a_replaced_authority_is_in_force_at_the_gateway_for_every_api_that_trusts_it(
    plant: Plant, authority: Issued, server_certificate: Issued
) -> None:
    with Backend(server_certificate) as backend:
        apis = [_trusting(name, backend.port, ANOTHER) for name in ("first", "second")]
        entry = Authority.objects.get()
        keys = {api.name: make_subscription(api.name, api=api).keys.get(kind="primary").unseal().value.decode() for api in apis}

        def statuses() -> set[int]:
            return {plant.call(f"/{name}/1", key=key).status for name, key in keys.items()}

        eventually(lambda: plant.applied(last_line()))
        assert statuses() == {502}
        eventually(lambda: Gateway.objects.filter(disconnected_at=None).exists())
        candidate = make_authority_candidate(entry, authority)
        switching.plan(candidate, when=When.AFTER_TRY, by=None, now=timezone.now())
        eventually(lambda: not AuthorityCandidate.objects.exists())
        eventually(lambda: plant.applied(last_line()))
        assert statuses() == {200}
        assert live_status(Kind.AUTHORITY, entry.pk).state is State.LIVE
        actions.roll_back(entry, version=1, by=None, now=timezone.now())
        eventually(lambda: plant.applied(last_line()))
        assert statuses() == {502}
