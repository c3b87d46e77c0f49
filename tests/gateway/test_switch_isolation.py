"""Isolation as a guarantee: random configurations, changed at random under load; no call ever carries what is not its API's.

``ISOLATION_SECONDS`` (20) says how long, ``ISOLATION_SEED`` repeats a run; the seed is in every message.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone

from apis import actions as api_actions
from apis.models import Api, Credentials, KeyKind, Subscription, SubscriptionState
from certificates import actions as certificate_actions
from certificates.models import CertificateVersion, ClientCertificate
from gateway.models import Gateway
from kit.issuing import Issued, issue
from portal.activity import last_line
from tests.gateway.backends import Backend
from tests.gateway.plant import Plant, Traffic, eventually
from tests.makers import make_api, make_certificate, make_subscription

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]

_SECONDS = float(os.environ.get("ISOLATION_SECONDS", "20"))
_SEED = int(os.environ.get("ISOLATION_SEED", "0")) or random.randrange(1, 1_000_000)  # noqa: S311 - chance, not secrecy
_APIS, _CERTIFICATES, _CALLERS = 6, 3, 3
_OK, _KEY_REFUSED, _FAILED, _GONE = 200, 401, 502, 404


@dataclass
class Expectation:
    """What the portal says of one API; what calls must meet."""

    api: Api
    certificate: ClientCertificate | None = None
    trusts: str = ""  # "right", "wrong" or "unchecked"
    backend: int = 0


@dataclass
class House:
    """The portal's rows, the model of them, and random changes to both."""

    choose: random.Random
    authority: Issued
    stranger: Issued
    backends: list[Backend]
    certificates: list[ClientCertificate] = field(default_factory=list)
    broken: set[int] = field(default_factory=set)  # certificates whose current key does not open
    apis: dict[str, Expectation] = field(default_factory=dict)
    subscription: Subscription = field(init=False)
    restricted: Subscription = field(init=False)
    number: int = 0

    def __post_init__(self) -> None:
        """Fill the house."""
        self.subscription = make_subscription("all")
        for number in range(_CERTIFICATES):
            self.certificates.append(make_certificate(f"certificate-{number}", self._issue()))
        for _ in range(_APIS):
            self.add_api()
        self.restricted = make_subscription("one", api=next(iter(self.apis.values())).api)

    def key(self, subscription: Subscription) -> str:
        return subscription.keys.get(kind=KeyKind.PRIMARY).unseal().value.decode()

    def thumbprint(self, expected: Expectation) -> str:
        """Return the thumbprint that calls of an API must carry; empty if none can go out."""
        if expected.certificate is None or expected.certificate.pk in self.broken:
            return ""
        current = ClientCertificate.objects.select_related("current").get(pk=expected.certificate.pk).current
        return current.thumbprint if current else ""

    def status(self, expected: Expectation) -> int:
        """Return how a call with a good key must end."""
        return _OK if self.thumbprint(expected) and expected.trusts != "wrong" else _FAILED

    def add_api(self) -> None:
        self.number += 1
        name = f"api-{self.number}"
        segment = self.choose.choice(["", "shared/"])  # alone in its first segment, or with others
        backend = self.choose.randrange(len(self.backends))
        expected = Expectation(make_api(name, service_url=self._url(name, backend), path=f"{segment}{name}"), backend=backend)
        self.apis[name] = expected
        self.secure(expected)

    def delete_api(self) -> None:
        name = self.choose.choice([name for name, expected in self.apis.items() if expected.api.pk != self.restricted.api_id])
        api_actions.delete_api(self.apis.pop(name).api, by=None, now=timezone.now())
        self.add_api()

    def secure(self, expected: Expectation | None = None) -> None:
        expected = expected or self._some()
        expected.certificate = self.choose.choice([None, *self.certificates])
        expected.trusts = self.choose.choice(["right", "right", "wrong", "unchecked"])
        chosen = api_actions.ApiSecurity(
            credentials=Credentials.CLIENT_CERTIFICATE if expected.certificate else Credentials.NONE,
            certificate=expected.certificate,
            validate_certificate_chain=expected.trusts != "unchecked",
            trusted_ca=(self.stranger if expected.trusts == "wrong" else self.authority).pem,
        )
        api_actions.secure_api(expected.api, chosen, by=None, now=timezone.now())

    def move(self) -> None:
        expected = self._some()
        expected.backend = self.choose.randrange(len(self.backends))
        name = expected.api.name
        chosen = api_actions.ApiSettings(display_name=name, service_url=self._url(name, expected.backend), path=expected.api.path)
        api_actions.change_api(expected.api, chosen, by=None, now=timezone.now())

    def renew(self) -> None:
        certificate = self.choose.choice(self.certificates)
        certificate_actions.replace(certificate, self._issue().as_pfx(), by=None, now=timezone.now())
        self.broken.discard(certificate.pk)

    def roll_back(self) -> None:
        certificate = self.choose.choice(self.certificates)
        versions = [v.number for v in certificate.versions.all() if bytes(v.ciphertext) != b"damaged"]
        certificate_actions.roll_back(certificate, version=self.choose.choice(versions), by=None, now=timezone.now())
        self.broken.discard(certificate.pk)

    @transaction.atomic
    def damage(self) -> None:
        """Add a version whose sealed key does not open; calls must be refused, not go out with another certificate or none."""
        certificate = self.choose.choice(self.certificates)
        certificate_actions.replace(certificate, self._issue().as_pfx(), by=None, now=timezone.now())
        newest = certificate.versions.order_by("-number").values_list("pk", flat=True)[0]
        CertificateVersion.objects.filter(pk=newest).update(ciphertext=b"damaged")
        self.broken.add(certificate.pk)

    def regenerate(self) -> None:
        api_actions.regenerate_key(self.restricted, KeyKind.PRIMARY, by=None, now=timezone.now())

    def suspend_or_activate(self) -> None:
        active = self.restricted.state == SubscriptionState.ACTIVE
        state = SubscriptionState.SUSPENDED if active else SubscriptionState.ACTIVE
        self.restricted = api_actions.set_subscription_state(self.restricted, state, by=None, now=timezone.now())

    def _some(self) -> Expectation:
        return self.choose.choice(list(self.apis.values()))

    def _url(self, name: str, backend: int) -> str:
        return f"https://localhost:{self.backends[backend].port}/{name}"

    def _issue(self) -> Issued:
        self.number += 1
        return issue(f"identity-{self.number}", by=self.authority)


@pytest.fixture
def house(plant: Plant, server_certificate: Issued, authority: Issued) -> Iterator[House]:
    """Return a house with two back ends that accept every certificate of the authority."""
    with Backend(server_certificate, authority) as one, Backend(server_certificate, authority) as two:
        yield House(random.Random(_SEED), authority, issue("stranger", authority=True), [one, two])  # noqa: S311 - chance, not secrecy


def test_no_call_ever_carries_what_is_not_its_apis(house: House, plant: Plant) -> None:
    changes: list[Callable[[], None]] = [
        house.secure,
        house.secure,
        house.renew,
        house.renew,
        house.roll_back,
        house.damage,
        house.move,
        house.delete_api,
        house.regenerate,
        house.suspend_or_activate,
    ]
    eventually(partial(_is_settled, last_line()))
    read = [0 for _ in house.backends]
    before = {name: house.thumbprint(expected) for name, expected in house.apis.items()}
    until = time.monotonic() + _SECONDS
    step = 0
    while time.monotonic() < until:
        step += 1
        change = house.choose.choice(changes)
        told = f"seed {_SEED}, step {step}: {change.__name__}"
        steady = {name for name, expected in house.apis.items() if house.status(expected) == _OK}
        with _everybody_calls(plant, house, steady) as traffic:
            change()
            line = last_line()
            eventually(partial(_is_settled, line))
        for name in steady & {name for name, expected in house.apis.items() if house.status(expected) == _OK}:
            assert set(traffic[name].statuses) <= {_OK}, f"{told}: a call of {name} was lost: {traffic[name].calls}"
        after = {name: house.thumbprint(expected) for name, expected in house.apis.items()}
        _check_what_arrived(house, read, before, after, told)
        _check_each_call(plant, house, told)
        _check_what_arrived(house, read, after, after, told)
        before = after


def _is_settled(line: int) -> bool:
    return Gateway.objects.filter(applied_change__gte=line).exists()


def _everybody_calls(plant: Plant, house: House, names: set[str]) -> _Calls:
    return _Calls(plant, house.key(house.subscription), {name: house.apis[name].api.path for name in names})


class _Calls:
    """Calls of several APIs while a change is made; a context manager that gives the traffic by API."""

    def __init__(self, plant: Plant, key: str, paths: dict[str, str]) -> None:
        self._open = [plant.callers(f"/{path}/x", key=key, number=1) for path in list(paths.values())[:_CALLERS]]
        self._names = list(paths)

    def __enter__(self) -> dict[str, Traffic]:
        traffic = dict(zip(self._names, [one.__enter__() for one in self._open], strict=False))
        return {name: traffic.get(name, Traffic()) for name in self._names}

    def __exit__(self, *_: object) -> None:
        for one in self._open:
            one.__exit__(None, None, None)


def _check_what_arrived(house: House, read: list[int], before: dict[str, str], after: dict[str, str], told: str) -> None:
    """Every call at a back end carried the certificate that its API had before the change or has since."""
    for position, backend in enumerate(house.backends):
        arrived = backend.calls[read[position] :]
        read[position] += len(arrived)
        for call in arrived:
            name = call.target.split("/")[1]
            assert call.thumbprint, f"{told}: a call of {name} carried no certificate"
            assert call.thumbprint in {before.get(name), after.get(name)}, f"{told}: a call of {name} carried a certificate not its own"


def _check_each_call(plant: Plant, house: House, told: str) -> None:
    """Each API answers as its settings say, with the key for all, the key for one, and without."""
    everything, only_one = house.key(house.subscription), house.key(house.restricted)
    active = house.restricted.state == SubscriptionState.ACTIVE
    for name, expected in house.apis.items():
        target, status = f"/{expected.api.path}/x", house.status(expected)
        answer = plant.call(target, key=everything)
        assert answer.status == status, f"{told}: {name} ({expected}) answered {answer.status}: {answer.body!r}"
        if status == _OK:
            assert answer.json["thumbprint"] == house.thumbprint(expected), f"{told}: {name}"
        opened = active and expected.api.pk == house.restricted.api_id
        assert plant.call(target, key=only_one).status == (status if opened else _KEY_REFUSED), f"{told}: {name} with the key for one"
        assert plant.call(target).status == _KEY_REFUSED, f"{told}: {name} without a key"
