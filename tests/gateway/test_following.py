"""What lines of the log amount to: exactly what reading everything anew gives, at a cost that does not grow with what is not concerned."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apis import actions as api_actions
from apis.models import Api, Credentials
from apis.named_values import actions as named_values
from apis.policies import actions as policies
from certificates import actions
from certificates.encryption import rewrap
from certificates.models import ClientCertificate
from certificates.sealing import Secret
from gateway.compile import GatewayListener, Resource
from gateway.control.alpn import Handshakes
from gateway.control.snapshot import Snapshot
from gateway.control.status_queue import StatusQueue
from gateway.streams.cache import Update
from gateway.streams.stream import Key
from kit.issuing import issue
from portal.activity import last_line, record
from portal.models import Activity, Event
from tests.makers import make_api, make_certificate, make_named_value

pytestmark = pytest.mark.django_db

APIS = 5
Change = Callable[[list[Api], ClientCertificate, datetime], object]


class Gateway:
    """What a gateway has that takes every update."""

    def __init__(self) -> None:
        """Read everything."""
        self.snapshot = Snapshot(GatewayListener(host="127.0.0.1", port=1), StatusQueue(), Handshakes(allowed=()))
        self.has: dict[Key, Resource] = {}
        self._take(self.snapshot.load(last_line()))

    def follow(self) -> Update:
        """Take all lines that have come, at once."""
        update = self.snapshot.follow(list(Activity.objects.filter(id__gt=self.snapshot.line).order_by("id")))
        self._take(update)
        return update

    def _take(self, update: Update) -> None:
        self.has |= _by_key(update.resources)
        for key in update.removed:
            self.has.pop(key, None)


def _by_key(resources: Iterable[Resource]) -> dict[Key, Resource]:
    return {(one.type_url, one.name): one for one in resources}


def _bind(api: Api, certificate: ClientCertificate | None, now: datetime) -> None:
    kind = Credentials.CLIENT_CERTIFICATE if certificate else Credentials.NONE
    api_actions.secure_api(api, api_actions.ApiSecurity(credentials=kind, certificate=certificate), by=None, now=now)


def _replace(_apis: list[Api], certificate: ClientCertificate, now: datetime) -> None:
    actions.replace(certificate, issue("renewed").as_pfx(), by=None, now=now)


def _roll_back(apis: list[Api], certificate: ClientCertificate, now: datetime) -> None:
    _replace(apis, certificate, now)
    actions.roll_back(certificate, version=1, by=None, now=now)


def _replace_what_one_no_longer_presents(apis: list[Api], certificate: ClientCertificate, now: datetime) -> None:
    _bind(apis[0], None, now)
    _replace(apis, certificate, now)


def _replace_what_another_presents_by_now(apis: list[Api], certificate: ClientCertificate, now: datetime) -> None:
    other = make_certificate("other", issue("other"))
    _bind(apis[0], other, now)
    _replace(apis, other, now)
    _replace(apis, certificate, now)


def _replace_and_move(apis: list[Api], certificate: ClientCertificate, now: datetime) -> None:
    _replace(apis, certificate, now)
    _bind(apis[1], make_certificate("other", issue("other")), now)


def _one_goes_ahead(apis: list[Api], certificate: ClientCertificate, now: datetime) -> None:
    actions.add_ahead(certificate, issue("renewed").as_pfx(), canary=apis[2].name, by=None, now=now)
    record(Event.CERTIFICATE_CANARY_BEGAN, certificate, by=None, at=now)


def _some_stay(apis: list[Api], certificate: ClientCertificate, now: datetime) -> None:
    before = certificate.current
    _replace(apis, certificate, now)
    Api.objects.filter(pk=apis[3].pk).update(stays_with=before)  # as a switch of some does, in the transaction of its line


def _a_policy_of_all_comes_before(apis: list[Api], certificate: ClientCertificate, now: datetime) -> None:
    document = '<policies><inbound><set-header name="x-one"><value>{{greeting}}</value></set-header></inbound></policies>'
    policies.put_service_document(document, by=None, now=now)
    _replace(apis, certificate, now)


def _a_named_value_changes_as_well(apis: list[Api], certificate: ClientCertificate, now: datetime) -> None:
    _a_policy_of_all_comes_before(apis, certificate, now)
    value = make_named_value("colour", "red")
    named_values.change(value, named_values.Chosen(display_name="colour", value=Secret(b"blue")), by=None, now=now)


def _sealed_anew(apis: list[Api], certificate: ClientCertificate, now: datetime) -> None:
    rewrap(now=now)
    _replace(apis, certificate, now)


CHANGES = {change.__name__.strip("_").replace("_", " "): change for change in (
    _replace,
    _roll_back,
    _replace_what_one_no_longer_presents,
    _replace_what_another_presents_by_now,
    _replace_and_move,
    _one_goes_ahead,
    _some_stay,
    _a_policy_of_all_comes_before,
    _a_named_value_changes_as_well,
    _sealed_anew,
)}  # fmt: skip


@pytest.fixture
def certificate() -> ClientCertificate:
    """Return an entry."""
    make_named_value("greeting", "hello")
    return make_certificate()


@pytest.fixture
def apis(certificate: ClientCertificate) -> list[Api]:
    """Return some APIs that present it."""
    apis = [make_api(f"api-{number}") for number in range(APIS)]
    for api in apis:
        _bind(api, certificate, timezone.now())
    return apis


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_lines_amount_to_what_reading_everything_anew_gives(change: Change, apis: list[Api], certificate: ClientCertificate) -> None:
    gateway = Gateway()
    change(apis, certificate, timezone.now())
    gateway.follow()
    assert gateway.has == Gateway().has
    _replace(apis, certificate, timezone.now())  # what is remembered of each API is what it is by now
    gateway.follow()
    assert gateway.has == Gateway().has


def test_a_switch_reads_no_api_however_many_present_the_certificate(
    apis: list[Api], certificate: ClientCertificate, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    gateway = Gateway()
    _replace(apis, certificate, timezone.now())
    lines = list(Activity.objects.filter(id__gt=gateway.snapshot.line))
    with django_assert_num_queries(3):  # the entry, who stays with another version, and what stands in
        update = gateway.snapshot.follow(lines)
    assert len(update.resources) == APIS


def test_an_api_whose_certificate_did_not_open_comes_back_with_the_next_version(apis: list[Api], certificate: ClientCertificate) -> None:
    damaged = certificate.current
    assert damaged
    whole, damaged.ciphertext = damaged.ciphertext, b"tampered" * 8
    damaged.save()
    gateway = Gateway()
    assert whole != damaged.ciphertext
    _replace(apis, certificate, timezone.now())
    gateway.follow()
    assert gateway.has == Gateway().has


def test_a_version_that_does_not_open_closes_what_presents_it(apis: list[Api], certificate: ClientCertificate) -> None:
    gateway = Gateway()
    _replace(apis, certificate, timezone.now())
    newest = certificate.versions.latest("number")
    newest.ciphertext = b"tampered" * 8
    newest.save()
    gateway.follow()
    assert gateway.has == Gateway().has


def _first_line_only(gateway: Gateway) -> Update:
    """Take the next line alone, while the rows are as all lines have made them: a change that is saved while others are read."""
    update = gateway.snapshot.follow(list(Activity.objects.filter(id__gt=gateway.snapshot.line).order_by("id")[:1]))
    gateway.has |= _by_key(update.resources)
    return update


def test_an_api_that_names_a_value_made_meanwhile_is_not_closed_until_the_line_of_that_comes(apis: list[Api]) -> None:
    gateway = Gateway()
    _bind(apis[0], None, timezone.now())
    make_named_value("later", "here")
    document = '<policies><inbound><set-header name="x-one"><value>{{later}}</value></set-header></inbound></policies>'
    policies.put_api_document(apis[0], document, by=None, now=timezone.now())
    _first_line_only(gateway)
    assert gateway.has == Gateway().has


def test_what_is_gone_before_its_line_comes_is_taken_from_the_gateways_all_the_same(apis: list[Api]) -> None:
    gateway = Gateway()
    policies.put_service_document("<policies><inbound /></policies>", by=None, now=timezone.now())  # concerns all APIs
    api_actions.delete_api(apis[0], by=None, now=timezone.now())
    gone = gateway.has.keys() - Gateway().has.keys()
    updates = (_first_line_only(gateway), gateway.follow())
    assert gone
    assert gone <= {key for update in updates for touched in update.touched.values() for key in touched}, "only what is touched is sent"
