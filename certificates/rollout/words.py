"""What comparisons and tries say to people."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from certificates.models import Kind
from certificates.rollout.comparison import Caution, CautionKind, FieldName
from certificates.rollout.proposals import TriedAt
from certificates.rollout.trying import Reason

LABELS: dict[FieldName, Promise] = {
    FieldName.COMMON_NAME: _("Common name"),
    FieldName.THUMBPRINT: _("Thumbprint"),
    FieldName.SUBJECT: _("Subject"),
    FieldName.ISSUER: _("Issuer"),
    FieldName.NAMES: _("Alternative names"),
    FieldName.PURPOSES: _("Extended key usage"),
    FieldName.KEY_USAGE: _("Key usage"),
    FieldName.KEY: _("Key type"),
    FieldName.SIGNATURE: _("Signature algorithm"),
    FieldName.CHAIN: _("Chain"),
    FieldName.NOT_BEFORE: _("Valid from"),
    FieldName.NOT_AFTER: _("Expires"),
}
_OF_CLIENTS: dict[CautionKind, Promise] = {
    CautionKind.OTHER_SUBJECT: _(
        "The new certificate bears another subject: %(new)s. A back end that admits callers by subject refuses it until its list has it."
    ),
    CautionKind.OTHER_ISSUER: _(
        "The new certificate comes from another issuer: %(new)s. A back end that does not trust that issuer refuses it."
    ),
    CautionKind.NAMES_LOST: _("The new certificate lacks alternative names: %(old)s. A back end that admits callers by them refuses it."),
    CautionKind.PURPOSE_LOST: _("The new certificate is not for everything that the present one is for: %(old)s is missing."),
}
_OF_SERVERS: dict[CautionKind, Promise] = {
    CautionKind.OTHER_SUBJECT: _("The new certificate bears another subject: %(new)s."),
    CautionKind.OTHER_ISSUER: _("The new certificate comes from another issuer: %(new)s. Callers that do not trust that issuer refuse it."),
    CautionKind.NAMES_LOST: _("The new certificate lacks host names: %(old)s. Callers of these get another certificate, or none."),
    CautionKind.PURPOSE_LOST: _("The new certificate is not for everything that the present one is for: %(old)s is missing."),
}
_OF_ALL: dict[CautionKind, Promise] = {
    CautionKind.EXPIRES_EARLIER: _("The new certificate expires earlier than the present one, by days: %(old)s."),
    CautionKind.WEAKER_KEY: _("The key of the new certificate is weaker: %(new)s in place of %(old)s."),
    CautionKind.SHORTER_CHAIN: _("Fewer certificates are sent along: %(new)s in place of %(old)s. Whoever lacks the others refuses it."),
}
CAUTIONS = {Kind.CLIENT: _OF_CLIENTS | _OF_ALL, Kind.SERVER: _OF_SERVERS | _OF_ALL}
REASONS: dict[Reason, Promise] = {
    Reason.HANDSHAKE: _("The back end asked for the certificate and took it."),
    Reason.ANSWER: _("The back end asked for the certificate, took it and answered %(status)s."),
    Reason.NOT_ASKED: _("The back end did not ask for a certificate in the handshake; perhaps it does for some paths."),
    Reason.ALERT: _("The back end refused the certificate with an alert."),
    Reason.BROKEN_OFF: _("The back end asked for the certificate and broke off."),
    Reason.REFUSING_ANSWER: _("The back end answered %(status)s, as those do that refuse a certificate."),
    Reason.NO_NAME: _("The host name has no address that may be called from there."),
    Reason.NO_CONNECTION: _("Nobody answers at the address."),
    Reason.NO_HANDSHAKE: _("No TLS connection came about; the certificate was not asked for."),
    Reason.FAILING_ANSWER: _("The back end answered %(status)s: whether it takes the certificate is not known."),
    Reason.NO_ANSWER: _("The handshake succeeded, but the request had no answer."),
    Reason.NO_GATEWAY: _("The gateway did not answer in time."),
    Reason.NOT_OPENED: _("The private key could not be opened."),
}


NOT_TRIED = _("The try has not ended, so nobody knows who accepts the certificate. Wait for it, or try again.")
NOBODY_ACCEPTS = _("No back end accepts it, so no API would switch. The present version stays.")
STAYING = _("These stay as they are, for their back ends did not accept it: %(apis)s.")


def caution_sentence(caution: Caution, kind: Kind) -> str:
    """Return what to think of twice about an entry of this *kind*, in the active language."""
    return str(CAUTIONS[kind][caution.kind]) % {"old": caution.old, "new": caution.new}


def reason_sentence(tried: TriedAt) -> str:
    """Return why a try has come out as it has, in the active language; empty while it has not."""
    return str(REASONS[Reason(tried.reason)]) % {"status": tried.status} if tried.reason else ""
