"""What may help where a call has failed or was refused: a sentence and the way to the setting that it is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext_lazy as _

from apis.policy.failure import OF_THE_CLIENT_CERTIFICATE, Failure

if TYPE_CHECKING:
    from apis.models import Api
    from certificates.models import CertificateVersion

# Where a back end that asks for the certificate after the handshake ends up, as nobody answers it: it breaks off (TLS 1.2), resets the
# call (HTTP/2), or answers that the call is forbidden (TLS 1.3).
_PERHAPS_ASKED_LATER = frozenset({Failure.MAYBE_REFUSED, Failure.DROPPED, Failure.RESET})
_PERHAPS_OLD = frozenset({Failure.NO_COMMON_TLS, Failure.HANDSHAKE_BROKEN_OFF})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """A sentence and the way to what it is about."""

    text: Promise | str
    way_out: Promise
    url: str


def hints_for(api: Api, failure: str, *, presented: CertificateVersion | None, at: datetime) -> list[Hint]:
    """Return what may help after a *failure* (:class:`apis.policy.failure.Failure`) of a call of *api*.

    :param presented: the certificate that was shown to the back end, if any
    :param at: when it was called
    """
    hints = [*_of_dates(presented, at)] if failure in OF_THE_CLIENT_CERTIFICATE else []
    if failure in _PERHAPS_ASKED_LATER and _could_be_asked_later(api):
        hints.append(asks_later(api))
    if failure == Failure.NO_COMMON_TLS and api.asks_later:
        hints.append(_asked_at_once(api))
    if failure in _PERHAPS_OLD and not api.older_servers:
        hints.append(_older_servers(api))
    return hints


def hints_for_forbidden(api: Api, *, at: datetime) -> list[Hint]:
    """Return what may help where the back end itself answers that the call is not allowed."""
    hints = [*_of_dates(api.presented, at)]
    return [*hints, asks_later(api)] if _could_be_asked_later(api) else hints


def _could_be_asked_later(api: Api) -> bool:
    return api.certificate_id is not None and not api.is_plain_http and not api.asks_later


def _of_dates(presented: CertificateVersion | None, at: datetime) -> Iterator[Hint]:
    """Yield that the certificate was out of its time."""
    if presented is None:
        return
    if presented.not_after < at:
        text = _("The client certificate expired on %(day)s.") % {"day": _day(presented.not_after)}
    elif presented.not_before > at:
        text = _("The client certificate is not valid before %(day)s.") % {"day": _day(presented.not_before)}
    else:
        return
    yield Hint(text=text, way_out=_("Replace it"), url=reverse("certificates:replace", kwargs={"name": presented.certificate.name}))


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(get_current_timezone()):%Y-%m-%d}"


def asks_later(api: Api) -> Hint:
    """Return the way to the setting for back ends that ask after the handshake."""
    text = _(
        "If the back end asks for the client certificate only for some paths, as IIS and App Service do,"
        " switch on “The back end asks for the certificate later”."
    )
    return Hint(text=text, way_out=_("Security settings"), url=_security(api, "asks_later"))


def _asked_at_once(api: Api) -> Hint:
    text = _(
        "“The back end asks for the certificate later” is on, so that TLS 1.2 is the newest spoken. A back end that speaks only TLS 1.3"
        " must ask for the certificate in the handshake."
    )
    return Hint(text=text, way_out=_("Security settings"), url=_security(api, "asks_later"))


def _older_servers(api: Api) -> Hint:
    text = _("If the back end is an old server, “Allow older servers” may help.")
    return Hint(text=text, way_out=_("Security settings"), url=_security(api, "older_servers"))


def _security(api: Api, field: str) -> str:
    return f"{reverse('apis:security', kwargs={'name': api.name})}#id_{field}"
