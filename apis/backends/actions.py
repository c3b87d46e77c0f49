"""Every change to back ends: rows and activity lines in one transaction, those of the APIs that use them among them."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Self

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from apis.actions import NotOverHttp, facts
from apis.actions.passwords import set_password
from apis.actions.rows import save_changed
from apis.backends import by_url
from apis.backends.addresses import is_alike, told
from apis.backends.leading import take_from
from apis.backends.models import BackEnd, BackEndPassword
from apis.calls import ProtocolChoice
from apis.credentials.keeping import keep, stored, values_of
from apis.models import BESIDE_CERTIFICATE, Api, Credentials
from apis.named_values.settings import Unusable, address_of, hold
from apis.policy.model import CONNECT_SECONDS
from apis.policy.proofs import Proof
from apis.policy.references import names_in
from apis.trust import trusted
from certificates.authorities.models import Authority
from certificates.models import ClientCertificate
from certificates.sealing import Secret
from portal.activity import differences, record
from portal.models import Event

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

UNALIKE = _("The addresses may differ in host and port only, not in http or https, and not in the path.")
_NOT_COLUMNS = ("username", "password", "proof")


class InUse(Exception):
    """APIs or pools use the back end, so it is not deleted.

    :ivar apis: those APIs, by name
    :ivar pools: those pools, by name
    """

    def __init__(self, back_end: BackEnd, apis: list[Api], pools: list[BackEnd]) -> None:
        """Hold the back end and who uses it."""
        names = ", ".join([*(api.name for api in apis), *(pool.name for pool in pools)])
        super().__init__(f"The back end {back_end.name} is used by {names}. Let them use another one first.")
        self.back_end = back_end
        self.apis = apis
        self.pools = pools


class EditedMeanwhile(Exception):
    """Somebody else saved the back end after the editor had opened it."""


class NameTaken(Exception):
    """Another back end bears the name."""


class MembersDiffer(Exception):
    """The members of a pool are not alike: the gateway proves itself to all of them in the same way, and calls the same path.

    :ivar pool: the name of the pool
    """

    def __init__(self, pool: str) -> None:
        """Hold the pool."""
        super().__init__(f"The members of the pool {pool} are not alike.")
        self.pool = pool


@dataclass(frozen=True, slots=True, kw_only=True)
class BackEndSettings:
    """What a back end holds, checked by the form or the REST body."""

    url: str
    spelled_url: str = ""  # what was written for it, if that differs; where it names values, they count
    title: str = ""
    description: str = ""
    addresses: tuple[dict[str, Any], ...] = ()  # the first is that of url; none: it alone
    credentials: Credentials = Credentials.NONE
    certificate: ClientCertificate | None = None
    username: str = ""
    password: Secret | None = None  # None: keep the one that is stored
    proof: Proof | None = None  # what is sent with credentials of its kind
    validate_certificate_chain: bool = True
    validate_certificate_name: bool = True
    trusted_ca: str = ""  # becomes an entry, or is one
    trusted_authority: Authority | None = None  # or an entry, whose certificates count in place of the text
    protocol: ProtocolChoice = ProtocolChoice.AUTO
    asks_later: bool = False
    older_servers: bool = False
    connect_seconds: int = CONNECT_SECONDS
    health_path: str = ""
    health_seconds: int = 10
    eject_after: int | None = None
    eject_seconds: int = 30
    most_connections: int | None = None
    most_waiting: int | None = None
    most_calls: int | None = None
    by_url: bool = False
    remarks: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, back_end: BackEnd) -> Self:
        """Return what *back_end* has now; its password or secret stays."""
        values = {one.name: getattr(back_end, one.name) for one in fields(cls) if one.name not in _NOT_COLUMNS}
        basic = BackEndPassword.objects.filter(back_end=back_end).only("username", "written_username").first()
        kinds: dict[str, Any] = {"credentials": back_end.proves_itself_by, "protocol": ProtocolChoice(back_end.protocol)}
        secret = stored(back_end)
        kinds |= {"username": basic.shown_username if basic else "", "proof": secret.proof(None) if secret else None}
        return cls(**{**values, **kinds, "addresses": tuple(back_end.addresses)})


@transaction.atomic
def create_back_end(name: str, chosen: BackEndSettings, *, by: User | None, now: datetime) -> BackEnd:
    """Add a back end; one that counts by its URL gives its settings to the APIs whose own address lies there.

    :raises NameTaken: if another one bears the name
    :raises NotOverHttp: if it has a certificate and is called by http, or an API at its URL is
    :raises PasswordMissing: if there is no password for HTTP basic, or no secret
    :raises MembersDiffer: if it is a pool of back ends that are not alike
    :raises apis.named_values.settings.Unusable: if it names values that cannot stand there
    :raises ClientCertificate.DoesNotExist: if the certificate is gone
    :raises Authority.DoesNotExist: if the trusted authority is gone
    """
    _hold_values(chosen)
    back_end = BackEnd(name=name, created_at=now, revision=0)
    hidden = _apply(back_end, chosen, by=by, now=now)
    changes = differences({}, facts_of(back_end), hidden=hidden)
    record(Event.BACKEND_CREATED, back_end, by=by, at=now, changes=changes, url=back_end.url)
    by_url.settle(back_end, None, by=by, now=now)
    return back_end


@transaction.atomic
def change_back_end(
    back_end: BackEnd,
    chosen: BackEndSettings,
    *,
    revision: int | None = None,
    pools_follow: bool = True,
    by: User | None,
    now: datetime,
) -> BackEnd:
    """Change a back end and all APIs and pools that use it.

    :param revision: the revision the editor saw; ``None`` skips the check
    :param pools_follow: whether its pools do so at once; whoever changes several members has them follow afterwards (:func:`follow`)
    :raises EditedMeanwhile: if it has another revision by now
    :raises BackEnd.DoesNotExist: if it is gone
    :raises NotOverHttp, PasswordMissing, MembersDiffer, ClientCertificate.DoesNotExist, Authority.DoesNotExist: see :func:`create_back_end`
    """
    _hold_values(chosen)
    before = BackEnd.objects.select_for_update().get(pk=back_end.pk)
    if revision is not None and revision != before.revision:
        raise EditedMeanwhile
    known = facts_of(before)
    back_end = BackEnd.objects.get(pk=back_end.pk)
    hidden = _apply(back_end, chosen, by=by, now=now)
    changes = differences(known, facts_of(back_end), hidden=hidden)
    record(Event.BACKEND_CHANGED, back_end, by=by, at=now, changes=changes, url=back_end.url)
    _pass_on(back_end, by=by, now=now)
    if pools_follow:
        follow(back_end, by=by, now=now)
    by_url.settle(back_end, before, by=by, now=now)
    return back_end


@transaction.atomic
def follow(member: BackEnd, *, by: User | None, now: datetime) -> None:
    """Bring the pools of *member* up to what it has become.

    :raises MembersDiffer: if it differs from the other members of one
    """
    for pool in pools_of(member):
        _follow(pool, member, by=by, now=now)


@transaction.atomic
def delete_back_end(back_end: BackEnd, *, by: User | None, now: datetime) -> None:
    """Delete a back end; APIs that have its settings by its URL go back to the usual ones, which check chain and name.

    :raises InUse: if APIs or pools use it; the error lists them
    :raises BackEnd.DoesNotExist: if it is gone
    """
    before = BackEnd.objects.select_for_update().get(pk=back_end.pk)
    apis, pools = list(before.apis.order_by("name")), pools_of(before)
    if apis or pools:
        raise InUse(before, apis, pools)
    record(Event.BACKEND_DELETED, before, by=by, at=now, changes=differences(facts_of(before), {}), url=before.url)
    BackEnd.objects.filter(pk=before.pk).delete()
    by_url.settle(None, before, by=by, now=now)


def pools_of(back_end: BackEnd) -> list[BackEnd]:
    """Return the pools that *back_end* is a member of."""
    pools = BackEnd.objects.exclude(addresses=[]).exclude(pk=back_end.pk).order_by("name")
    return [pool for pool in pools if back_end.name in pool.members]


def _apply(back_end: BackEnd, chosen: BackEndSettings, *, by: User | None, now: datetime) -> dict[str, bool]:
    """Write what was chosen and save; return which secrets are others now."""
    chosen = _with_values(chosen)
    found = trusted(chosen.trusted_ca, chosen.trusted_authority, by=by, now=now)
    if chosen.certificate:  # locked, so that nobody deletes it before the back end points at it
        ClientCertificate.objects.select_for_update().get(pk=chosen.certificate.pk)
    for one in fields(chosen):
        if one.name not in _NOT_COLUMNS:
            setattr(back_end, one.name, getattr(chosen, one.name))
    back_end.credentials = back_end.proves_itself_by
    back_end.addresses = [dict(one) for one in chosen.addresses]
    back_end.validate_certificate_name = chosen.validate_certificate_chain and chosen.validate_certificate_name
    back_end.trusted_ca, back_end.trusted_authority = found.pem, found.entry
    if back_end.certificate and back_end.is_plain_http:
        raise NotOverHttp
    if back_end.is_pool:
        _take_from_members(back_end)
    back_end.changed_at, back_end.changed_by = now, by
    back_end.revision += 1
    _save(back_end)
    found.tell(by=by, now=now)
    return {"password": set_password(BackEndPassword, chosen, back_end=back_end), "secret": keep(back_end, chosen.proof)}


def _hold_values(chosen: BackEndSettings) -> None:
    addresses = [str(one.get("written", "")) for one in chosen.addresses]
    hold(chosen.spelled_url, chosen.username, chosen.password.value.decode() if chosen.password else "", *addresses)


def _with_values(chosen: BackEndSettings) -> BackEndSettings:
    """Return what was chosen with what its addresses come to, where they name values.

    :raises Unusable: if one cannot stand there, or they are alike no more
    """
    addresses = tuple({**one, "url": _called(one["written"])} if one.get("written") else one for one in chosen.addresses)
    if addresses != chosen.addresses and not is_alike([one["url"] for one in addresses]):
        raise Unusable(("", str(UNALIKE)))
    url = _called(chosen.spelled_url) if names_in(chosen.spelled_url) else chosen.url
    return replace(chosen, url=addresses[0]["url"] if addresses else url, addresses=addresses)


def _called(written: str) -> str:
    return address_of(written).text.rstrip("/")


def _save(back_end: BackEnd) -> None:
    try:
        with transaction.atomic():
            back_end.save()
    except IntegrityError as error:
        if BackEnd.objects.exclude(pk=back_end.pk).filter(name=back_end.name).exists():
            raise NameTaken from error
        raise


def _pass_on(back_end: BackEnd, *, by: User | None, now: datetime) -> None:
    """Let each API that uses *back_end* have what it says."""
    back_end = BackEnd.objects.select_related("certificate", "trusted_authority", "password").get(pk=back_end.pk)
    for api in Api.objects.select_for_update(of=("self",)).filter(back_end=back_end).order_by("pk"):
        before = facts.of_api(api)
        hidden = take_from(api, back_end)
        save_changed(api, by=by, now=now)
        changes = differences(before, facts.of_api(api), hidden=hidden)
        record(Event.API_SECURED, api, by=by, at=now, changes=changes, back_end=back_end.name)


def _take_from_members(pool: BackEnd) -> None:
    """Let *pool* prove itself as its members do.

    :raises MembersDiffer: if they are not alike, not all of them are there, or one has a password or secret, which a pool has none of
    """
    members = list(BackEnd.objects.filter(name__in=pool.members).exclude(name=pool.name).order_by("name"))
    alike = {_alike(member) for member in members}
    if len(alike) != 1 or len(members) != len(set(pool.members)) or not all(map(_can_be_member, members)):
        raise MembersDiffer(pool.name)
    if not is_alike([member.url for member in members]):
        raise MembersDiffer(pool.name)
    urls = {member.name: member.url for member in members}
    for one in pool.addresses:
        one["url"] = urls[one["member"]]
    pool.url = pool.addresses[0]["url"]
    for name in _LIKE_MEMBERS:
        setattr(pool, name, getattr(members[0], name))


_LIKE_MEMBERS = (
    *("credentials", "certificate", "validate_certificate_chain", "validate_certificate_name", "trusted_ca", "trusted_authority"),
    *("protocol", "asks_later", "older_servers", "connect_seconds"),
)


def _can_be_member(back_end: BackEnd) -> bool:
    return not back_end.is_pool and back_end.proves_itself_by not in {Credentials.BASIC, *BESIDE_CERTIFICATE}


def _alike(member: BackEnd) -> tuple[Any, ...]:
    """Return what members of a pool must have in common."""
    return (member.proves_itself_by, *(getattr(member, name) for name in _LIKE_MEMBERS[1:]))


def _follow(pool: BackEnd, member: BackEnd, *, by: User | None, now: datetime) -> None:
    """Bring *pool* up to what *member* has become; one that is so already stays untouched.

    :raises MembersDiffer: if it differs from the others now
    """
    known, addresses = facts_of(pool), [dict(one) for one in pool.addresses]
    _take_from_members(pool)
    if facts_of(pool) == known and pool.addresses == addresses:
        return
    pool.changed_at, pool.changed_by, pool.revision = now, by, pool.revision + 1
    pool.save()
    record(Event.BACKEND_CHANGED, pool, by=by, at=now, changes=differences(known, facts_of(pool)), url=pool.url, member=member.name)
    _pass_on(pool, by=by, now=now)


def facts_of(back_end: BackEnd) -> dict[str, Any]:
    """Return what the activity log tells of a back end: plain values, no secrets."""
    left_out = {"spelled_url", "remarks", *_NOT_COLUMNS}
    found = {one.name: getattr(back_end, one.name) for one in fields(BackEndSettings) if one.name not in left_out}
    found["addresses"] = told(back_end.addresses)
    found["written_url"] = back_end.written_url if names_in(back_end.spelled_url) else ""
    found["certificate"] = back_end.certificate.name if back_end.certificate else None
    found["trusted_authority"] = back_end.trusted_authority.name if back_end.trusted_authority else None
    basic = BackEndPassword.objects.filter(back_end=back_end).only("username", "written_username").first() if back_end.pk else None
    found["username"] = basic.shown_username if basic else None
    found |= values_of(back_end)
    return found
