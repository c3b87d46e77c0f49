"""Why the other side may refuse a certificate, in sentences. Used by the pages, by the APIs' pages and by the REST API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from certificates.facts import Facts
from certificates.judgement import Doubt, DoubtKind, Ending, Purpose, breaks_at_renewal, ending_of

_OF_CLIENTS: dict[DoubtKind, Promise] = {
    DoubtKind.EXPIRED: _("The client certificate has expired; back ends usually refuse it."),
    DoubtKind.NOT_YET_VALID: _("The client certificate is not valid yet; back ends usually refuse it until then."),
    DoubtKind.WRONG_PURPOSE: _(
        "The certificate is not for client authentication (its extended key usage lacks clientAuth); most back ends refuse it. "
        "Have one issued for client authentication."
    ),
    DoubtKind.NO_SIGNATURES: _(
        "The certificate is not for signatures (its key usage lacks digitalSignature), but TLS asks a client for one; "
        "most back ends refuse it. Have one issued with that key usage."
    ),
    DoubtKind.WEAK_SIGNATURE: _("The certificate or one above it is signed by %(detail)s, which most back ends no longer accept."),
    DoubtKind.UNKNOWN_EXTENSION: _(
        "The certificate or one above it has a critical extension that back ends hardly know (%(detail)s); those that do not must refuse "
        "it. Have it issued without."
    ),
    DoubtKind.DATE_WITH_OFFSET: _(
        "A date of the certificate or of one above it is not written in UTC but with a time zone, which X.509 forbids; "
        "many back ends refuse it. Have it issued again."
    ),
    DoubtKind.ISSUER_EXPIRED: _(
        "The certificate of %(detail)s, which is sent along, has expired or is not valid yet; back ends may refuse it."
    ),
    DoubtKind.ISSUER_WEAK: _("The key of %(detail)s, whose certificate is sent along, is too small for most back ends."),
}
_OF_SERVERS: dict[DoubtKind, Promise] = {
    DoubtKind.EXPIRED: _("The server certificate has expired; callers refuse it."),
    DoubtKind.NOT_YET_VALID: _("The server certificate is not valid yet; callers refuse it until then."),
    DoubtKind.WRONG_PURPOSE: _(
        "The certificate is not for server authentication (its extended key usage lacks serverAuth); callers refuse it. "
        "Have one issued for server authentication."
    ),
    DoubtKind.NO_NAMES: _(
        "The certificate names no host among its alternative names, where callers look for it; they refuse it. "
        "Have one issued with the host names as alternative names."
    ),
    DoubtKind.NO_SIGNATURES: _(
        "The certificate is not for signatures (its key usage lacks digitalSignature), but TLS asks a server for one; "
        "many callers refuse it. Have one issued with that key usage."
    ),
    DoubtKind.WEAK_SIGNATURE: _("The certificate or one above it is signed by %(detail)s, which callers no longer accept."),
    DoubtKind.UNKNOWN_EXTENSION: _(
        "The certificate or one above it has a critical extension that callers hardly know (%(detail)s); those that do not must refuse "
        "it. Have it issued without."
    ),
    DoubtKind.DATE_WITH_OFFSET: _(
        "A date of the certificate or of one above it is not written in UTC but with a time zone, which X.509 forbids; "
        "many callers refuse it. Have it issued again."
    ),
    DoubtKind.ISSUER_EXPIRED: _(
        "The certificate of %(detail)s, which is sent along, has expired or is not valid yet; callers may refuse it."
    ),
    DoubtKind.ISSUER_WEAK: _("The key of %(detail)s, whose certificate is sent along, is too small for most callers."),
}
_SENTENCES = {Purpose.CLIENT: _OF_CLIENTS, Purpose.SERVER: _OF_SERVERS}

_ON_DEMAND = _("%(authority)s issues certificates for clients only on demand since %(default_ends)s, and none from %(ends)s on.")
_ENDS = _("%(authority)s issues no certificates for clients from %(ends)s on.")
_ENDED = _("%(authority)s has issued no certificates for clients since %(ends)s.")
_AT_RENEWAL = _(
    "The renewal, due by %(due)s, will probably lack clientAuth, and most back ends refuse that. Have it issued by an authority of your "
    "own or of the back end, and try it before you replace this one."
)

UNPROTECTED = _("The file had no password: whoever has it can use the private key. Keep it safe, or delete it.")


def at_renewal(path: Sequence[Facts], purpose: Purpose, *, now: datetime) -> list[str]:
    """Return why the next renewal of a certificate breaks, as one sentence, or none."""
    ending, not_after = ending_of(path, purpose), path[0].not_after
    return [ending_sentence(ending, not_after, now=now)] if ending and breaks_at_renewal(ending, not_after) else []


def ending_sentence(ending: Ending, not_after: datetime, *, now: datetime) -> str:
    """Return what becomes of a certificate at its next renewal, and what to do, in the active language."""
    said = _ENDED if ending.ends <= now.date() else _ON_DEMAND if ending.default_ends <= now.date() else _ENDS
    dates = {"default_ends": ending.default_ends, "ends": ending.ends, "due": not_after.date()}
    values = {name: date_format(day, "DATE_FORMAT") for name, day in dates.items()} | {"authority": ending.authority}
    return " ".join(str(words) % values for words in (said, _AT_RENEWAL))


def sentence(doubt: Doubt, purpose: Purpose = Purpose.CLIENT) -> str:
    """Return why the other side may refuse a certificate of that *purpose*, in the active language."""
    return str(_SENTENCES[purpose][doubt.kind]) % {"detail": doubt.detail}
