"""The list of APIs: its columns, its chips, what its search finds, and which of its rows an address names."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from apis.models import Api, Credentials
from apis.standing import Standing, that_stand
from certificates.models import folded, holding_words
from portal.entered_chips import entered
from portal.listing import ALL, Chip, Column, holding, narrowed

COLUMNS = (
    Column(key="name", label=_("Web API name"), field="display_name", any_case=True, may_hide=False),
    Column(key="path", label=_("Web API URL suffix"), field="path", any_case=True),
    Column(key="service_url", label=_("Web service URL"), field="service_url", any_case=True),
    Column(key="changed", label=_("Changed"), field="changed_at", room="widest"),
)
UNSORTED = (("credentials", _("With credentials")), ("calls", _("24 hours")))
_OWN = holding("display_name", "name", "path", "service_url")
# What a list needs of each row; certificates' bytes and sealed keys stay in the database.
SHOWN = (
    "name",
    "display_name",
    "path",
    "service_url",
    "credentials",
    "changed_at",
    "subscription_required",
    "validate_certificate_chain",
    "certificate__name",
    "certificate__current__label",
    "certificate__current__thumbprint",
    "certificate__current__not_after",
    "certificate__canary",
    "certificate__ahead__label",
    "certificate__ahead__thumbprint",
    "certificate__ahead__not_after",
    "stays_with__label",
    "stays_with__thumbprint",
    "stays_with__not_after",
)


PRESENTED = ("certificate__current", "certificate__ahead", "stays_with")  # what those are of


LAST_FOUR = 4  # characters of a thumbprint, by which people tell certificates apart


def _with(credentials: Credentials) -> Callable[[], Q]:
    return lambda: Q(credentials=credentials)


_CHIPS = (
    Chip(key="failing", label=_("Failing"), condition=partial(that_stand, Standing.FAILING), tone="bad"),
    Chip(key="behind", label=_("Behind"), condition=partial(that_stand, Standing.BEHIND), tone="warn"),
    Chip(key="client-certificate", label=_("Client certificates"), condition=_with(Credentials.CLIENT_CERTIFICATE)),
    Chip(key="basic", label=_("HTTP basic"), condition=_with(Credentials.BASIC)),
    Chip(key="shared-secret", label=_("Shared secret"), condition=_with(Credentials.SHARED_SECRET)),
    Chip(key="oauth2", label=_("OAuth 2.0"), condition=_with(Credentials.OAUTH2)),
    Chip(key="none", label=_("No credentials"), condition=_with(Credentials.NONE)),
)


def chips(asked: QueryDict) -> tuple[Chip, ...]:
    """Return the states by which the list can be narrowed, those that gateways tell last."""
    return (*_CHIPS, *entered("apis", asked.get("show", "")))


def search(words: str) -> Q:
    """Return the condition that an API's name, path or URL holds *words*, or what stands of its certificate, the last four included."""
    return _OWN(words) | holding_words(words, of="certificate__") | _kept(words)


def _kept(words: str) -> Q:
    """Return the condition that an API stays with a version whose thumbprint ends so."""
    return Q(stays_with__thumbprint__iendswith=words) if len(words) == LAST_FOUR else Q(pk__in=())


def rows(asked: QueryDict) -> QuerySet[Api]:
    """Return the APIs that a list is about: all, or those that present the entry that ``certificate`` names."""
    found = Api.objects.all()
    if name := asked.get("certificate", ""):
        found = found.filter(certificate__folded_name=folded(name))
    return found


def chosen(asked: QueryDict) -> QuerySet[Api]:
    """Return the APIs that are ticked in the list: those that ``apis`` names, or with ``chosen=all`` all that the address shows."""
    if asked.get("chosen") == ALL:
        return narrowed(rows(asked), asked, search=search, chips=chips(asked))
    if names := asked.getlist("certificates"):
        return Api.objects.filter(certificate__folded_name__in=[folded(name) for name in names])
    return Api.objects.filter(name__in=asked.getlist("apis"))
