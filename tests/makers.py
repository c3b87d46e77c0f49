"""Makers of what tests need: rows, and (from kit.issuing) authorities, certificates and PFX files. Plain functions, plain defaults."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group, User
from django.utils import timezone

from apis import actions as api_actions
from apis.backends import actions as back_end_actions
from apis.backends.actions import BackEndSettings
from apis.backends.models import BackEnd
from apis.console.models import TestedCall
from apis.models import Api, NamedValue, Subscription
from apis.moving.models import Chosen, Move
from apis.named_values import actions as named_values
from certificates import actions as certificate_actions
from certificates.authorities import actions as authority_actions
from certificates.authorities import switching as authority_switching
from certificates.authorities.bundle import Bundle, bundle_of
from certificates.authorities.models import Authority, AuthorityCandidate
from certificates.judgement import Purpose
from certificates.models import Certificate, ClientCertificate, Kind, ServerCertificate
from certificates.rollout import actions as rollout
from certificates.rollout.models import Candidate, Receipt
from certificates.sealing import Secret
from certificates.signing import KeyKind, Wanted
from certificates.signing.making import make
from certificates.sources.models import SigningRequest
from gateway.counts import ApiCount, Span, TotalCount
from gateway.models import FailedCall, FailureKind, Gateway
from kit.issuing import Issued, PrivateKey, issue
from notices import actions as notice_actions
from notices.models import Channel, ChannelKind
from portal.activity.writing import write
from portal.models import Activity, Event, Invitation
from portal.people import invitations
from portal.roles import Role
from rest import actions as rest_actions
from rest.models import SharedAccess

__all__ = [
    "Issued",
    "PrivateKey",
    "issue",
    "make_api",
    "make_candidate",
    "make_certificate",
    "make_server_certificate",
    "make_subscription",
]


def make_certificate(name: str = "orders-client", issued: Issued | None = None) -> ClientCertificate:
    """Store a client certificate."""
    return certificate_actions.upload((issued or issue(name)).as_pfx(), name=name, by=None, now=timezone.now())


def make_server_certificate(name: str = "api.example.com", issued: Issued | None = None) -> ServerCertificate:
    """Store a server certificate, by default for the host name that it is called by."""
    pfx = (issued or issue(name, hosts=(name,))).as_pfx()
    return certificate_actions.upload_as(ServerCertificate, pfx, name=name, by=None, now=timezone.now())


def make_authority(name: str = "example", *issued: Issued) -> Authority:
    """Store a trusted authority."""
    return authority_actions.add(bundle(*issued or (issue(name, authority=True),)), name=name, by=None, now=timezone.now())


def make_authority_candidate(authority: Authority, *issued: Issued) -> AuthorityCandidate:
    """Store what shall become the next version of an authority."""
    certificates = issued or (issue(authority.name, authority=True),)
    return authority_switching.propose(authority, bundle(*certificates), by=None, now=timezone.now())


def make_authority_receipt(authority: Authority, change: int) -> None:
    """Store the receipt of a switch under a number that is known."""
    authority_actions.replace(authority, bundle(issue(authority.name, authority=True)), by=None, now=timezone.now())
    authority.receipts.update(change=change)


def bundle(*issued: Issued) -> Bundle:
    """Return certificates that are trusted together."""
    return bundle_of("".join(one.pem for one in issued))


def make_signing_request(name: str = "orders-client", *, kind: Kind = Kind.CLIENT) -> SigningRequest:
    """Store a signing request that waits for its certificate."""
    made = make(Wanted(key=KeyKind.EC_P256, subject=f"CN={name},O=Example", names=(), purpose=Purpose(kind)))
    row = SigningRequest(
        kind=kind, name=name, der=made.request, subject=f"CN={name}, O=Example", key_type="P-256", created_at=timezone.now()
    )
    row.seal(made.private_key)
    row.save(force_insert=True)
    return row


def make_candidate(certificate: Certificate, issued: Issued | None = None) -> Candidate:
    """Store what shall become the next version of an entry."""
    return rollout.propose(certificate, (issued or issue(certificate.name)).as_pfx(), by=None, now=timezone.now())


def make_receipt(certificate: Certificate, change: int) -> None:
    """Store the receipt of a switch under a number that is known."""
    certificate_actions.replace(certificate, issue(certificate.name).as_pfx(), by=None, now=timezone.now())
    Receipt.objects.filter(certificate=certificate.pk).update(change=change)


def make_api(name: str = "orders", *, service_url: str = "https://orders.example.com", path: str = "", everything: bool = True) -> Api:
    """Store an API, by default with one operation that lets everything through."""
    chosen = api_actions.ApiSettings(display_name=name.title(), service_url=service_url, path=path or name)
    api = api_actions.create_api(name, chosen, by=None, now=timezone.now())
    if everything:
        api_actions.add_operation(
            api, name="everything", display_name="Everything", method="*", url_template="/*", by=None, now=timezone.now()
        )
    return api


def make_back_end(name: str = "shop", *urls: str, **chosen: Any) -> BackEnd:
    """Store a back end, by default at one address."""
    found = urls or ("https://shop.example.com",)
    addresses = tuple({"url": url, "weight": 1, "priority": 0} for url in found) if len(found) > 1 else ()
    settings = BackEndSettings(url=found[0], addresses=addresses, **chosen)
    return back_end_actions.create_back_end(name, settings, by=None, now=timezone.now())


def lead(api: Api, back_end: BackEnd | None) -> Api:
    """Let an API use a back end; ``None``: its own address."""
    return api_actions.lead_api(api, api_actions.Lead(back_end=back_end), by=None, now=timezone.now())


def make_move(number: int) -> Move:
    """Store a move, under a number that is known, of every API to the certificate that was stored first."""
    target = ClientCertificate.objects.earliest("pk")
    move = Move(pk=number, target=target, thumbprint=target.current.thumbprint if target.current else "", proposed_at=timezone.now())
    move.save(force_insert=True)
    Chosen.objects.bulk_create(Chosen(move=move, api=api, seen=Chosen.look_at(api)) for api in Api.objects.all())
    return move


def make_subscription(name: str = "all", *, api: Api | None = None) -> Subscription:
    """Store a subscription to *api*, or to all APIs."""
    return api_actions.create_subscription(name=name, display_name=name.title(), api=api, by=None, now=timezone.now())


def make_named_value(name: str, text: str, *, secret: bool = False) -> NamedValue:
    """Store a named value."""
    chosen = named_values.Chosen(display_name=name, value=Secret(text.encode()), secret=secret)
    return named_values.create(name, chosen, by=None, now=timezone.now())


def make_gateway(name: str = "gateway-1", *, connected: bool = True, applied_change: int = 0) -> Gateway:
    """Store a gateway, by default one that is connected."""
    now = timezone.now()
    return Gateway.objects.create(
        name=name,
        version="1.40.0",
        connected_at=now,
        seen_at=now,
        disconnected_at=None if connected else now,
        applied_change=applied_change,
        applied_at=now,
    )


def make_counts(api: Api | None, *, minutes_ago: int = 0, latencies: dict[str, int] | None = None, **outcomes: int) -> None:
    """Store how the calls of *api* (``None``: of none) in one minute have ended, as the control plane does it.

    :param outcomes: fields of :class:`gateway.counts.Counts`, and how many
    """
    at = timezone.now() - timedelta(minutes=minutes_ago)
    for span in Span:
        where: dict[str, Any] = {"span": span, "at": span.begin(at), "defaults": {"last_at": at}}
        rows: list[TotalCount | ApiCount] = [TotalCount.objects.get_or_create(**where)[0]]
        rows += [ApiCount.objects.get_or_create(api=api, **where)[0]] if api else []
        for row in rows:
            for name, number in outcomes.items():
                setattr(row, name, getattr(row, name) + number)
            row.latencies = dict(Counter(row.latencies) + Counter(latencies or {}))
            row.last_at = max(row.last_at, at)
            row.save()


def make_shared_access(identifier: str = "5cf1a7") -> SharedAccess:
    """Store a shared access of a person of its own."""
    owner = User.objects.create_user("orders")
    access = rest_actions.create_shared_access(owner, name="orders", by=None, now=timezone.now())
    SharedAccess.objects.filter(pk=access.pk).update(identifier=identifier)
    access.refresh_from_db()
    return access


def make_person(name: str = "someone", role: Role = Role.VIEWER) -> User:
    """Store a person who has a role and cannot sign in yet."""
    person = User.objects.create_user(name)
    person.groups.add(Group.objects.get(name=role))
    return person


def make_invitation(name: str = "newcomer", *, token: str = "") -> tuple[Invitation, str]:
    """Store an invitation; return it with the secret part of its link."""
    made = invitations.invite(username=name, email="", role=Role.PUBLISHER, by=None, now=timezone.now())
    if token:
        Invitation.objects.filter(pk=made.invitation.pk).update(digest=Invitation.digest_of(token))
    return made.invitation, token or made.token


def make_channel(name: str = "team", kind: ChannelKind = ChannelKind.MAIL, address: str = "team@example.com", secret: str = "") -> Channel:
    """Store a channel for notices, by default a mailbox."""
    made = notice_actions.add_channel(name=name, kind=kind, address=address, secret=secret, language="en", by=None, now=timezone.now())
    return made[0]


def make_failed_call(activity_id: str = "5f3c-1", *, api: Api | None = None, gateway: str = "gateway-1") -> FailedCall:
    """Store a failed call."""
    return FailedCall.objects.create(
        activity_id=activity_id,
        at=timezone.now(),
        gateway=gateway,
        api=api,
        method="GET",
        path="/v1/orders",
        status=502,
        kind=FailureKind.UNVERIFIED,
        flags="UF",
        details="upstream_reset_before_response_started",
        transport_failure="CERTIFICATE_VERIFY_FAILED",
        back_end="127.0.0.1:9443",
        milliseconds=3,
        presented=api.presented if api else None,
    )


def make_lines(number: int, **values: Any) -> None:
    """Write lines of the activity log."""
    usual = {"at": timezone.now(), "event": Event.API_CHANGED}
    write(Activity(**{**usual, "subject_id": str(one), "subject_name": f"api-{one}", **values}) for one in range(number))


def lines() -> list[Activity]:
    """Return the lines of the activity log, the oldest first, but for those about signing in, which each client's begin with."""
    return list(Activity.objects.exclude(kind="sign-in").order_by("id"))


def make_tested_call(trace: str, *, api: Api, person: User) -> TestedCall:
    """Store a call from the Test tab of which the gateway has told nothing yet."""
    return TestedCall.objects.create(
        person=person, api=api, trace=trace, at=timezone.now(), operation="everything", method="GET", path=f"/{api.path}/1", status=200
    )
