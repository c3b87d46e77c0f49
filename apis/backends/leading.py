"""Where an API's calls go: its own address, an address that its policy says, or a back end; and what it has from that back end.

An API never has credentials of a back end that it does not use: with the back end they go, too, and so does what was trusted for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from apis.calls import ProtocolChoice
from apis.credentials.keeping import take_over
from apis.models import Api, BasicCredentials, Credentials
from apis.policy.model import CONNECT_SECONDS
from certificates.models import CertificateVersion

if TYPE_CHECKING:
    from apis.backends.models import BackEnd, BackEndPassword

# What stands in the API's columns and is the back end's, with what it is where there is none.
BACK_ENDS = {
    "validate_certificate_chain": True,
    "validate_certificate_name": True,
    "trusted_ca": "",
    "trusted_authority": None,
    "protocol": ProtocolChoice.AUTO,
    "asks_later": False,
    "older_servers": False,
    "connect_seconds": CONNECT_SECONDS,
}


class BelongsToBackEnd(Exception):
    """Credentials, trust and protocol are the back end's, which the API uses; they are changed there.

    :ivar back_end: that back end
    """

    def __init__(self, back_end: BackEnd) -> None:
        """Hold the back end."""
        super().__init__(f"This belongs to the back end {back_end.name}; change it there.")
        self.back_end = back_end


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """Where calls shall go; nothing of both: to the API's own address."""

    back_end: BackEnd | None = None
    base_url: str = ""

    def locked(self) -> Lead:
        """Return the same with the back end as it is now, locked until the transaction ends.

        Called before the API is locked: whoever changes a back end locks it first, and its APIs then.

        :raises BackEnd.DoesNotExist: if it is gone
        """
        if self.back_end is None:
            return self
        rows = type(self.back_end).objects.select_related("certificate", "trusted_authority")
        return replace(self, back_end=rows.select_for_update(of=("self",)).get(pk=self.back_end.pk))


def lead(api: Api, to: Lead) -> dict[str, bool]:
    """Lead the calls of *api*, which is locked, elsewhere; the caller saves it.

    :return: which of its secrets are others now
    """
    own = api.own_address
    api.own_url = own if to.back_end or to.base_url else None
    if to.back_end:
        return take_from(api, to.back_end)
    api.service_url = to.base_url or own
    return _leave(api)


def point(api: Api, back_end: BackEnd) -> None:
    """Let *api* say of the connection what *back_end* does; its secrets are another matter. Nothing is stored."""
    for name in BACK_ENDS:
        setattr(api, name, getattr(back_end, name))
    api.back_end, api.service_url = back_end, back_end.url
    api.credentials = back_end.proves_itself_by
    api.present(back_end.certificate)


def take_from(api: Api, back_end: BackEnd) -> dict[str, bool]:
    """Write what *back_end* says into the columns of *api*; the caller saves it.

    :return: which of its secrets are others now
    :raises certificates.sealing.SealingError: if one of the back end's does not open
    """
    is_new_here = api.back_end_id != back_end.pk
    point(api, back_end)
    if is_new_here:
        api.stays_with = _accepted_by(back_end)
    password = _take_password(api, back_end.password if api.credentials == Credentials.BASIC else None)
    return {"password": password, "secret": take_over(api, back_end)}


def _accepted_by(back_end: BackEnd) -> CertificateVersion | None:
    """Return the earlier version of its certificate that all APIs which use *back_end* stay with, because it accepts no newer one."""
    versions = Api.objects.filter(back_end=back_end, certificate=back_end.certificate).order_by().values("stays_with").distinct()
    found = CertificateVersion.objects.filter(pk__in=versions) if len(versions) == 1 else ()
    return next(iter(found), None)


def _leave(api: Api) -> dict[str, bool]:
    if api.back_end_id is None:
        return {}
    for name, usual in BACK_ENDS.items():
        setattr(api, name, usual)
    api.back_end, api.credentials = None, Credentials.NONE
    api.present(None)
    return {"password": _take_password(api, None), "secret": take_over(api, None)}


def _take_password(api: Api, given: BackEndPassword | None) -> bool:
    stored = BasicCredentials.objects.filter(api=api).first()
    if given is None:
        if stored:
            stored.delete()
        return stored is not None
    password = given.unseal()
    if stored and stored.username == given.username and stored.opened() == password:
        return False
    if stored:
        stored.delete()
    fresh = BasicCredentials(api=api, username=given.username)
    fresh.seal(password)
    fresh.save()
    return True
