"""What happened to a call through the gateway, in words; and one call to find out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apis.gateway_call import Answer, GatewayUnreachable, call
from apis.handshake.of_backend import asks_for_certificate
from apis.hints import Hint, asks_later, hints_for, hints_for_forbidden
from apis.models import KeyKind, Subscription, SubscriptionState
from apis.policy.failure import Failure
from apis.policy.refusal_pages import refuses_certificate
from apis.url_template import ANY_METHOD, sample_of
from certificates.sealing import SealingError

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from apis.models import Api

_FORBIDDEN = {401, 403}

# What a call failed of, for its publisher.
_FAILURES: dict[str, Promise] = {
    Failure.NAME_MISMATCH: _("The back end was reached, but its certificate bears another name than %(host)s. The call was not sent."),
    Failure.EXPIRED: _("The back end was reached, but its certificate has expired. The call was not sent."),
    Failure.NOT_YET_VALID: _("The back end was reached, but its certificate is not valid yet. The call was not sent."),
    Failure.WRONG_PURPOSE: _("The back end was reached, but its certificate was issued for another purpose. The call was not sent."),
    Failure.UNVERIFIED: _("The back end was reached, but its certificate leads to no trusted authority. The call was not sent."),
    Failure.NO_COMMON_TLS: _("The back end was reached, but it and the gateway have no TLS version, cipher suite or curve in common."),
    Failure.UNKNOWN_NAME: _("The back end was reached, but does not know the name %(host)s."),
    Failure.CLIENT_CERTIFICATE_DEMANDED: _("The back end was reached, but demands a client certificate, and this API presents none."),
    Failure.CLIENT_CERTIFICATE_REFUSED: _("The back end was reached, but refused the client certificate."),
    Failure.HANDSHAKE: _("The back end was reached, but no secure connection came about. Does %(host)s speak TLS at that port?"),
    Failure.HANDSHAKE_BROKEN_OFF: _("The back end was reached, but broke the TLS handshake off. Does %(host)s speak TLS at that port?"),
    Failure.UNREACHABLE: _("Nothing answers at %(host)s. Check the Web service URL, and that the gateway may reach it."),
    Failure.MAYBE_REFUSED: _(
        "The back end was reached, but broke off: most likely it refused the client certificate, or demands one and got none."
    ),
    Failure.DROPPED: _("The back end was reached, but broke the connection off before it answered."),
    Failure.RESET: _("The back end was reached, but broke the call off before it answered."),
    Failure.OVERLOADED: _("The back end takes no more calls at once than are under way."),
    Failure.NOT_HTTP: _("The back end was reached, but its answer is not valid HTTP, or has more than 100 headers."),
    Failure.NOT_CONFIGURED: _("The gateway could not use the settings of this API's back end."),
    Failure.NO_CREDENTIALS: _("The gateway has no credentials for this API yet."),
    Failure.TIMEOUT: _("The back end was reached, but did not answer in time."),
}
# The gateway's own words for what it does not let through.
_REFUSALS: tuple[tuple[str, Promise], ...] = (
    (
        "client certificate when calling",
        _("The gateway asks callers for a certificate, and the portal has none to show. Call it with one of yours."),
    ),
    ("it is called by HTTPS", _("The gateway asks callers for a certificate, so this API is called by HTTPS, with one of yours.")),
    ("no address", _("The host name %(host)s has no address where the gateway stands.")),
    ("missing subscription key", _("The gateway asks for a subscription key, and none was sent.")),
    (
        "invalid subscription key",
        _("The gateway does not know the key: the subscription is suspended, brand-new, or for another API."),
    ),
    ("Resource not found", _("The gateway knows no such path or operation. If it has just been added, try again in a moment.")),
)
# An answer where a certificate is chosen, by whether the back end asks for one in the handshake.
_ANSWERED: dict[bool | None, Promise] = {
    True: _("The back end was reached with the client certificate and answered %(status)d."),
    False: _(
        "The back end was reached and answered %(status)d. It does not ask for the client certificate in the handshake; whether it did "
        "later, for this path, the gateway does not tell."
    ),
    None: _(
        "The back end was reached and answered %(status)d. Whether it asked for the client certificate is not known: the portal could "
        "not shake hands with it to see."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a call came to."""

    kind: str  # "good", "warn" or "bad"
    words: Promise | str
    answer: Answer | None = None
    hints: list[Hint] = field(default_factory=list)


def try_connection(api: Api) -> Trial:
    """Make the plainest call that *api* lets through and return what happened."""
    operation = next((one for one in api.operations.all() if one.method in {"GET", ANY_METHOD}), None)
    if operation is None:
        return Trial(kind="warn", words=_("No operation of this API can be called with GET. Add one, or call another on the Test tab."))
    headers = {}
    if api.subscription_required:
        subscription = usable_subscriptions(api).first()
        if subscription is None:
            return Trial(kind="warn", words=_("Calls need a subscription key, and no active subscription opens this API. Add one first."))
        try:
            headers[api.key_header] = primary_key_of(subscription)
        except SealingError:
            return key_damaged(subscription)
    try:
        answer = call("GET", api.gateway_path + sample_of(operation.url_template), headers=headers, host=api.host_to_call)
    except GatewayUnreachable as failure:
        return unreachable(failure)
    return explain(api, answer)


def usable_subscriptions(api: Api) -> QuerySet[Subscription]:
    """Return the active subscriptions that open *api*, those to it alone first."""
    opens = Q(api=api) | Q(api__isnull=True)
    return Subscription.objects.filter(opens, state=SubscriptionState.ACTIVE).order_by(
        F("api").desc(nulls_last=True), "display_name", "name"
    )


def primary_key_of(subscription: Subscription) -> str:
    """Return a key to send; it never reaches the page.

    :raises certificates.sealing.SealingError: if it does not open
    """
    return subscription.keys.get(kind=KeyKind.PRIMARY).unseal().value.decode()


def explain(api: Api, answer: Answer) -> Trial:
    """Return what *answer* means to the publisher of *api*."""
    now = timezone.now()
    if answer.own is not None:
        presented = api.presented
        return Trial(
            kind="bad", words=_own_words(api, answer), answer=answer, hints=hints_for(api, answer.failure, presented=presented, at=now)
        )
    words: Promise | str
    if refuses_certificate(answer.status, answer.content.decode("utf-8", "replace")):
        words = _("The back end answered that the client certificate is missing or not accepted.")
        return Trial(kind="bad", words=words, answer=answer, hints=hints_for_forbidden(api, at=now))
    if answer.status in _FORBIDDEN:
        words = _("The back end was reached and answered that the caller may not do this (%(status)d).") % {"status": answer.status}
        return Trial(kind="warn", words=words, answer=answer, hints=hints_for_forbidden(api, at=now))
    if api.certificate:
        return _answered_with_certificate(api, answer)
    words = _("The back end was reached and answered %(status)d.") % {"status": answer.status}
    return Trial(kind="good", words=words, answer=answer)


def _answered_with_certificate(api: Api, answer: Answer) -> Trial:
    """Return what an answer means where a certificate is chosen, which is sent only to a back end that asks for it."""
    status = {"status": answer.status}
    asked = asks_for_certificate(api.backend(), allowed=settings.ALLOWED_BACKEND_NETWORKS)
    if asked is False and not api.asks_later:
        words = _(
            "The back end was reached and answered %(status)d, but without the client certificate: it does not ask for one in the "
            "handshake, so that none was sent."
        )
        return Trial(kind="warn", words=words % status, answer=answer, hints=[asks_later(api)])
    return Trial(kind="good", words=_ANSWERED[asked] % status, answer=answer)


def _own_words(api: Api, answer: Answer) -> Promise | str:
    """Return what the gateway's own answer means."""
    by_message = next((words for mark, words in _REFUSALS if mark in answer.message), None)
    words = by_message or _FAILURES.get(answer.failure) or _("The gateway could not complete the call.")
    return words % {"host": urlsplit(api.service_url).hostname} if "%(" in str(words) else words


def unreachable(failure: GatewayUnreachable) -> Trial:
    """Return the words for a gateway that did not answer."""
    words = _("No gateway answers at %(address)s.") if failure.in_time else _("The gateway at %(address)s did not answer in time.")
    return Trial(kind="bad", words=words % {"address": failure.address})


def key_damaged(subscription: Subscription) -> Trial:
    """Return the words for a subscription whose key does not open."""
    words = _("The primary key of the subscription %(name)s was damaged and opens nothing. Regenerate it.")
    return Trial(kind="bad", words=words % {"name": subscription.display_name})
