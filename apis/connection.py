"""What happened to a call through the gateway, in words; and one call to find out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.db.models import F, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apis.gateway_call import Answer, GatewayUnreachable, call
from apis.models import Credentials, KeyKind, Subscription, SubscriptionState
from apis.url_template import ANY_METHOD, filled, parameters_of

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from apis.models import Api, Operation

_FORBIDDEN = {401, 403}
_CERTIFICATE_REFUSED_BY_NGINX = {495, 496}

# What the gateway's own words for a failure hold, and what to make of it.
_FAILURES: tuple[tuple[str, Promise], ...] = (
    (
        "refused the client certificate",
        _("The back end was reached, but broke off: most likely it refused the client certificate, or demands one and got none."),
    ),
    (
        "not issued for its host name",
        _("The back end was reached, but its certificate bears another name than %(host)s. The call was not sent."),
    ),
    ("it has expired", _("The back end was reached, but its certificate has expired. The call was not sent.")),
    ("could not be verified", _("The back end was reached, but its certificate leads to no trusted authority. The call was not sent.")),
    ("handshake failed", _("The back end was reached, but no secure connection came about. Does %(host)s speak TLS at that port?")),
    ("did not answer in time", _("The back end was reached, but did not answer in time.")),
    ("no address", _("The host name %(host)s has no address where the gateway stands.")),
    ("could not be reached", _("Nothing answers at %(host)s. Check the Web service URL, and that the gateway may reach it.")),
    ("no credentials", _("The gateway has no credentials for this API yet.")),
    ("missing subscription key", _("The gateway asks for a subscription key, and none was sent.")),
    (
        "invalid subscription key",
        _("The gateway does not know the key: the subscription is suspended, brand-new, or for another API."),
    ),
    ("Resource not found", _("The gateway knows no such path or operation. If it has just been added, try again in a moment.")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a call came to."""

    kind: str  # "good", "warn" or "bad"
    words: Promise | str
    answer: Answer | None = None


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
        headers[api.key_header] = primary_key_of(subscription)
    try:
        answer = call("GET", api.gateway_path + _sample_target(operation), headers=headers)
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
    host = {"host": urlsplit(api.service_url).hostname}
    words: Promise | str
    if answer.own is not None:
        words = next((words for mark, words in _FAILURES if mark in answer.message), _("The gateway could not complete the call."))
        return Trial(kind="bad", words=words % host if "%(" in str(words) else words, answer=answer)
    if _refused_certificate(answer):
        words = _("The back end answered that the client certificate is missing or not accepted.")
        return Trial(kind="bad", words=words, answer=answer)
    presented = api.credentials != Credentials.NONE
    if answer.status in _FORBIDDEN:
        words = _("The back end was reached and answered that the caller may not do this (%(status)d).") % {"status": answer.status}
        return Trial(kind="warn", words=words, answer=answer)
    if presented and api.credentials == Credentials.CLIENT_CERTIFICATE:
        words = _("The back end was reached with the client certificate and answered %(status)d.") % {"status": answer.status}
    else:
        words = _("The back end was reached and answered %(status)d.") % {"status": answer.status}
    return Trial(kind="good", words=words, answer=answer)


def unreachable(failure: GatewayUnreachable) -> Trial:
    """Return the words for a gateway that did not answer."""
    words = _("No gateway answers at %(address)s.") if failure.in_time else _("The gateway at %(address)s did not answer in time.")
    return Trial(kind="bad", words=words % {"address": failure.address})


def _refused_certificate(answer: Answer) -> bool:
    """Tell whether the answer is a web server's page about the client certificate (nginx says it with status 400)."""
    if answer.status in _CERTIFICATE_REFUSED_BY_NGINX:
        return True
    return answer.status == 400 and b"SSL certificate" in answer.content  # noqa: PLR2004


def _sample_target(operation: Operation) -> str:
    path, query = filled(operation.url_template, dict.fromkeys(parameters_of(operation.url_template), "1"))
    return f"{path}?{query}" if query else path
