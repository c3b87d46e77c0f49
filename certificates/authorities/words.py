"""What comparisons and tries of trusted authorities say to people."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from certificates.authorities.comparison import Caution, CautionKind, Fate
from certificates.authorities.models import AuthorityTry
from certificates.authorities.trying import Reason

CAUTIONS: dict[CautionKind, Promise] = {
    CautionKind.NO_LONGER_TRUSTED: _(
        "%(subject)s is no longer trusted. Back ends and callers whose certificates lead to it alone are refused from the switch on."
    ),
    CautionKind.OTHER_KEY: _(
        "%(subject)s comes with another key. What its present key has signed is refused from the switch on: keep both until all have "
        "new certificates."
    ),
    CautionKind.NOT_YET_VALID: _("%(subject)s is not valid yet: what leads to it is refused until then."),
    CautionKind.ENDS_EARLIER: _("The new certificates end earlier than the present ones."),
}
FATES: dict[Fate, tuple[str, Promise]] = {
    Fate.STAYS: ("plain", _("Stays")),
    Fate.COMES: ("good", _("Comes")),
    Fate.GOES: ("warn", _("Goes")),
}
REASONS: dict[Reason, Promise] = {
    Reason.TRUSTED: _("The back end's certificate leads to these authorities."),
    Reason.NOT_TRUSTED: _("The back end's certificate does not lead to these authorities: calls would be refused."),
    Reason.NO_NAME: _("The host name has no address that may be called from there."),
    Reason.NO_CONNECTION: _("Nobody answers at the address."),
    Reason.NO_HANDSHAKE: _("No TLS connection came about, and so no certificate was seen."),
    Reason.NO_GATEWAY: _("The gateway did not answer in time."),
}
OUTCOMES: dict[str, Promise] = {"accepted": _("Trusted"), "refused": _("Not trusted")}  # where the words of other tries do not fit


def caution_sentence(caution: Caution) -> str:
    """Return what to think of twice, in the active language."""
    return str(CAUTIONS[caution.kind]) % {"subject": caution.subject}


def reason_sentence(tried: AuthorityTry) -> str:
    """Return why a try has come out as it has, in the active language; empty while it has not."""
    return str(REASONS[Reason(tried.reason)]) if tried.reason else ""


def outcome_word(tried: AuthorityTry) -> str:
    """Return how a try has come out, in the active language."""
    return str(OUTCOMES.get(tried.outcome) or tried.get_outcome_display())
