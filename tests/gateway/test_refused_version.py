"""A new version of a certificate that a gateway refuses takes nothing down: the version before stays in force, and pages say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from apis import actions as api_actions
from apis.models import Api, Credentials, KeyKind
from certificates import actions as certificate_actions
from certificates.models import ClientCertificate
from gateway.models import Refusal
from kit.issuing import Issued, issue
from portal.activity import last_line
from portal.live import Kind, LiveStatus, State, live_status
from tests import unloadable
from tests.gateway.backends import Backend
from tests.gateway.plant import Plant, Traffic, eventually
from tests.makers import make_api, make_certificate, make_subscription

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]
_NOT_REACHED = 0  # while an Envoy is away, its callers are not answered at all


@dataclass
class Bound:
    """APIs that present one certificate, and what calls them."""

    certificate: ClientCertificate
    apis: list[Api]
    key: str
    plant: Plant
    first: Issued
    authority: Issued

    def replace(self, issued: Issued) -> None:
        """Add a version as if no loader had been asked, and wait until the gateways have settled it."""
        certificate_actions.replace(self.certificate, issued.as_pfx(), by=None, now=timezone.now())
        self.settle()

    def roll_back(self, number: int) -> None:
        certificate_actions.roll_back(self.certificate, version=number, by=None, now=timezone.now())
        self.settle()

    def settle(self) -> None:
        line = last_line()
        eventually(lambda: self.plant.applied(line) and self.status().settled)

    def status(self) -> LiveStatus:
        return live_status(Kind.CERTIFICATE, self.certificate.pk)

    def presented(self) -> set[tuple[int, str]]:
        """Call each API; return statuses and the certificates the back end saw."""
        answers = [self.plant.call(f"/{api.path}/x", key=self.key) for api in self.apis]
        return {(answer.status, answer.json["thumbprint"] if answer.status == 200 else answer.message) for answer in answers}

    def refused(self) -> Issued:
        """Return a certificate that the back end would accept and the gateway does not load."""
        return unloadable.with_large_exponent(by=self.authority)


@pytest.fixture
def bind(plant: Plant, backend: Backend, authority: Issued) -> Callable[[int], Bound]:
    """Return what binds so many APIs to one certificate."""

    def _bind(number: int) -> Bound:
        first = issue("first", by=authority)
        certificate = make_certificate("renewed", first)
        key = make_subscription().keys.get(kind=KeyKind.PRIMARY).unseal().value.decode()
        chosen = api_actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate, trusted_ca=authority.pem)
        apis = [make_api(f"api-{one}", service_url=f"https://localhost:{backend.port}", path=f"sales/{one}") for one in range(number)]
        for api in apis:
            api_actions.secure_api(api, chosen, by=None, now=timezone.now())
        bound = Bound(certificate, apis, key, plant, first, authority)
        bound.settle()
        assert bound.presented() == {(200, first.thumbprint)}
        return bound

    return _bind


def _only(traffic: Traffic, *issued: Issued) -> None:
    """Check that every call was answered and carried one of these certificates."""
    assert {found for _, status, found in traffic.calls if status != _NOT_REACHED} <= {one.thumbprint for one in issued}


def test_of_very_many_apis_none_is_forgotten(bind: Callable[[int], Bound], plant: Plant) -> None:
    bound = bind(150)  # the gateway's answer names no more than some 70
    bound.replace(bound.refused())
    assert eventually(lambda: Refusal.objects.filter(presents__number=1).count()) == 150
    plant.hot_restart()
    assert bound.presented() == {(200, bound.first.thumbprint)}


def test_fifty_apis_go_on_with_the_version_before_and_a_restarted_gateway_does_so_too(
    bind: Callable[[int], Bound], plant: Plant, signed_in: Client
) -> None:
    bound = bind(50)
    with plant.callers("/sales/7/x", key=bound.key) as traffic:
        bound.replace(bound.refused())
        assert bound.presented() == {(200, bound.first.thumbprint)}
        status = bound.status()
        assert (status.state, status.version, status.presented_instead) == (State.REFUSED, 2, 1)
        assert Refusal.objects.filter(presents__number=1, api__isnull=False).count() == 50
        plant.hot_restart()
        assert bound.presented() == {(200, bound.first.thumbprint)}
    assert set(traffic.statuses) == {200}
    _only(traffic, bound.first)
    with plant.callers("/sales/7/x", key=bound.key) as traffic:
        plant.end("gateway")
        plant.start("gateway", "run")
        eventually(plant.is_ready)
        assert bound.presented() == {(200, bound.first.thumbprint)}
    assert set(traffic.statuses) <= {200, _NOT_REACHED}
    _only(traffic, bound.first)
    assert eventually(lambda: bound.status().state is State.REFUSED and bound.status().presented_instead) == 1
    page = signed_in.get("/security/client-certificates/renewed/").content.decode()
    assert "its key is not written as X.509 wants it" in page


def test_a_control_plane_that_starts_again_meanwhile_changes_nothing(bind: Callable[[int], Bound], plant: Plant) -> None:
    bound = bind(3)
    bound.replace(bound.refused())
    with plant.callers("/sales/1/x", key=bound.key) as traffic:
        plant.end("xds")
        plant.serve()
        plant.hot_restart()
        eventually(lambda: bound.status().state is State.REFUSED and bound.status().presented_instead == 1)
    assert set(traffic.statuses) == {200}
    _only(traffic, bound.first)


def test_rolling_back_ends_it_and_a_later_good_version_goes_live(bind: Callable[[int], Bound]) -> None:
    bound = bind(3)
    with bound.plant.callers("/sales/1/x", key=bound.key) as traffic:
        bound.replace(bound.refused())
        bound.roll_back(1)
        assert (bound.status().state, bound.presented()) == (State.LIVE, {(200, bound.first.thumbprint)})
        eventually(lambda: not Refusal.objects.exists())
        bound.roll_back(2)
        assert (bound.status().state, bound.status().presented_instead) == (State.REFUSED, 1)
        good = issue("good", by=bound.authority)
        bound.replace(good)
        assert (bound.status().state, bound.presented()) == (State.LIVE, {(200, good.thumbprint)})
    assert set(traffic.statuses) == {200}
    _only(traffic, bound.first, good)


def test_after_several_refused_versions_the_last_good_one_is_presented(bind: Callable[[int], Bound]) -> None:
    bound = bind(2)
    for _ in range(3):
        bound.replace(bound.refused())
    assert (bound.status().version, bound.status().presented_instead) == (4, 1)
    assert bound.presented() == {(200, bound.first.thumbprint)}


def test_a_change_of_the_api_goes_live_although_its_certificates_newest_version_does_not(
    bind: Callable[[int], Bound], server_certificate: Issued
) -> None:
    bound = bind(2)
    bound.replace(bound.refused())
    with Backend(server_certificate, bound.authority) as other:
        chosen = api_actions.ApiSettings(display_name="Moved", service_url=f"https://localhost:{other.port}", path="sales/0")
        api_actions.change_api(bound.apis[0], chosen, by=None, now=timezone.now())
        line = last_line()
        eventually(lambda: bound.plant.applied(line))
        assert bound.presented() == {(200, bound.first.thumbprint)}
        assert [call.thumbprint for call in other.calls] == [bound.first.thumbprint]


def test_another_entry_that_is_refused_is_never_replaced_by_the_one_before(bind: Callable[[int], Bound]) -> None:
    bound = bind(1)
    chosen = api_actions.ApiSecurity(
        credentials=Credentials.CLIENT_CERTIFICATE,
        certificate=make_certificate("other", bound.refused()),
        trusted_ca=bound.authority.pem,
    )
    api_actions.secure_api(bound.apis[0], chosen, by=None, now=timezone.now())
    line = last_line()
    eventually(lambda: bound.plant.applied(line))
    assert {status for status, _ in bound.presented()} == {502}
    status = eventually(lambda: (one := live_status(Kind.API, bound.apis[0].pk)).state is State.REFUSED and one)
    assert (status.certificate, status.presented_instead) == ("other", None)


@pytest.fixture
def stuck(bind: Callable[[int], Bound]) -> Bound:
    """Return an entry whose second version is refused."""
    bound = bind(2)
    bound.replace(bound.refused())
    return bound


def test_the_pages_say_what_is_refused_why_and_what_is_presented(stuck: Bound, signed_in: Client) -> None:
    for address in ("/security/client-certificates/renewed/", "/apis/api-0/", "/apis/api-0/security/"):
        page = " ".join(signed_in.get(address).content.decode().split())
        assert "Version 2 of the certificate was refused by gateway-1. The gateway cannot load this certificate: its key" in page, address
        assert "Version 1 is presented." in page
        assert "Roll back to version 1" in page
    for address in ("/security/client-certificates/", "/apis/"):
        assert "Refused; version 1 is presented" in signed_in.get(address).content.decode()
    assert "Version 1 is presented." in signed_in.get("/gateways/").content.decode()
    dashboard = " ".join(signed_in.get("/").content.decode().split())
    assert "2 APIs present an earlier version" in dashboard
    assert "Version 2 of the certificate was refused by gateway-1. Version 1 is presented." in dashboard
    assert stuck.status().settled


def test_the_button_on_the_page_rolls_back(stuck: Bound, signed_in: Client) -> None:
    answer = signed_in.post("/security/client-certificates/renewed/roll-back/", {"version": "1"}, follow=True)
    assert "Version 1 goes to the gateways; below stands where it is presented." in answer.content.decode()
    stuck.settle()
    page = signed_in.get("/security/client-certificates/renewed/").content.decode()
    assert "Live on 1 of 1 gateway" in page
    assert "was refused" not in page


def test_a_viewer_reads_it_without_the_button(stuck: Bound, viewer: User) -> None:
    client = Client()
    client.force_login(viewer)
    page = client.get("/security/client-certificates/renewed/").content.decode()
    assert "Version 1 is presented." in page
    assert "Roll back" not in page
    assert stuck.status().version == 2
