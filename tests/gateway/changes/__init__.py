"""Changes of every kind, made to whatever there happens to be, for tests that make many in any order."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from django.core.exceptions import ObjectDoesNotExist

from apis import actions as api_actions
from apis.actions import NotOverHttp, Taken
from apis.backends import actions as back_ends
from apis.models import Api, Credentials
from apis.moving.refusals import NothingToMove, OverHttp, SharesBackEnd
from apis.named_values import actions as named_values
from certificates import actions
from certificates.authorities import actions as authorities
from certificates.models import KeyDestroyed
from certificates.rollout.actions import AlreadyPlanned
from certificates.rollout.destroying import StillPresented
from certificates.rollout.staying import NobodyAccepts
from certificates.rollout.steps import Ended
from tests.gateway.changes import of_apis, of_certificates
from tests.gateway.changes.chance import Impossible, done
from tests.gateway.changes.of_certificates import AUTHORITIES, ISSUED, SERVERS
from tests.makers import (
    make_api,
    make_authority,
    make_back_end,
    make_certificate,
    make_named_value,
    make_server_certificate,
    make_subscription,
)

# Why a change cannot be made just now.
REFUSALS = (
    Impossible,
    ObjectDoesNotExist,
    actions.AlreadyUploaded,
    authorities.AlreadyHeld,
    AlreadyPlanned,
    actions.InUse,
    back_ends.InUse,
    NobodyAccepts,
    Ended,
    StillPresented,
    NothingToMove,
    SharesBackEnd,
    OverHttp,
    NotOverHttp,
    Taken,
    named_values.Taken,
    back_ends.NameTaken,
    KeyDestroyed,
)
Change = Callable[[Random], object]
CHANGES: tuple[Change, ...] = (
    of_certificates.certificate_uploaded,
    of_certificates.certificate_replaced,
    of_certificates.certificate_rolled_back,
    of_certificates.certificate_deleted,
    of_certificates.key_destroyed,
    of_certificates.switched,
    of_certificates.canary,
    of_certificates.canary_goes_on,
    of_certificates.put_back,
    of_certificates.some_stay,
    of_certificates.moved,
    of_certificates.some_moved,
    of_certificates.authority_changed,
    of_certificates.server_certificate_changed,
    of_certificates.sealed_anew,
    of_apis.secured,
    of_apis.presents,
    of_apis.api_created,
    of_apis.api_changed,
    of_apis.api_deleted,
    of_apis.api_led,
    of_apis.callers_changed,
    of_apis.calls_changed,
    of_apis.documents_changed,
    of_apis.operations_changed,
    of_apis.value_changed,
    of_apis.value_created_and_named,
    of_apis.subscription_created,
    of_apis.subscription_changed,
    of_apis.back_end_created,
    of_apis.back_end_changed,
    of_apis.back_end_deleted,
)


def begin() -> None:
    """Have some of everything."""
    make_server_certificate("server-0", SERVERS[0])
    make_named_value("greeting", "hello")
    make_named_value("host", "192.0.2.1")
    entries = [make_certificate(f"entry-{number}", ISSUED[number]) for number in range(2)]
    make_authority("trusted", AUTHORITIES[0])
    back_end = make_back_end("shop", "https://192.0.2.9", certificate=entries[0], credentials=Credentials.CLIENT_CERTIFICATE)
    for number in range(4):
        api = make_api(f"api-{number}", path=f"shop/api-{number}" if number % 2 else "", service_url="https://192.0.2.1")
        chosen = api_actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=entries[number % 2])
        api_actions.secure_api(api, chosen, **done())
    api_actions.lead_api(Api.objects.get(name="api-3"), api_actions.Lead(back_end=back_end), **done())
    make_subscription()
