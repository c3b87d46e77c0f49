"""Back ends. Those that clients make count by their URL, too: settings for the APIs whose own address lies there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables

from apis.actions import NotOverHttp, PasswordMissing
from apis.backends import actions
from apis.backends.actions import BackEndSettings
from apis.backends.models import BackEnd
from apis.forms import NOT_OVER_HTTP
from apis.named_values.settings import Unusable, address_of
from rest import etags
from rest.bodies import Properties
from rest.collection import Collection
from rest.entities import backend_pools, backend_tls, breakers
from rest.entities.backend_credentials import credentials_of, shown_credentials
from rest.envelope import Conflict, Fault, Invalid
from rest.fields import Fixed, Shown, Text

_NOT_HERE = ("resourceId", "properties", "proxy")
_SINGLE, _POOL = "Single", "Pool"


def _types() -> dict[Any, str]:
    return {row.pk: _POOL if row.is_pool else _SINGLE for row in BackEnd.objects.only("addresses")}


class BackEnds(Collection[BackEnd, BackEndSettings]):
    """The back end entities. They change APIs, so that the permissions on APIs decide."""

    segment = "backends"
    id_name = "backendId"
    permission = "apis.{}_api"
    fields: ClassVar = {
        "name": Text("name"),
        "title": Text("title"),
        "description": Text("description"),
        "protocol": Fixed("http"),
        "type": Shown(_types),
    }
    shown_only = ("id", "url", "tls", "tls/validateCertificateChain", "tls/validateCertificateName", "credentials")

    def rows(self) -> QuerySet[BackEnd]:
        """Return all back ends, by name."""
        return BackEnd.objects.select_related("certificate__current", "password", "sharedsecret", "oauthclient__token_authority").order_by(
            "name"
        )

    def name_of(self, row: BackEnd) -> str:
        """Return the back end's name."""
        return row.name

    def etag(self, row: BackEnd) -> str:
        """Return the ETag; it changes with the certificate's versions, too."""
        return etags.etag(row.pk, row.revision, row.certificate.revision if row.certificate else 0)

    def show(self, row: BackEnd) -> dict[str, Any]:
        """Return the settings; the certificate by id and by its current thumbprint. A pool has its members' and none of its own."""
        shown = {"title": row.title or None, "description": row.description or None, "protocol": "http"}
        if row.is_pool:
            return shown | {"type": _POOL, "pool": backend_pools.shown(row, self.call.service)}
        return {
            **shown,
            "url": row.spelled_url or row.url,
            "type": _SINGLE,
            "tls": backend_tls.shown(row),
            "credentials": shown_credentials(row, self.call.service),
            **breakers.shown(row),
        }

    def warnings(self, row: BackEnd) -> list[str]:
        """Return what is read in another way here, or not at all."""
        return backend_pools.warnings(row) if row.is_pool else [*backend_tls.warnings(row), *breakers.warnings(row)]

    @sensitive_variables("draft")
    def read(self, sent: Properties, row: BackEnd | None, *, whole: bool) -> BackEndSettings:
        """Check what was sent. What clients cannot say (times, health, limits, what is trusted) stays as it is."""
        before = None if whole else row
        sent.unsupported(_NOT_HERE, _("A back end has a URL and nothing of this kind here."))
        if sent.text("protocol", "http") != "http":
            sent.refuse("protocol", _("Only http (that is, REST) is possible here."))
        sent.plain("title")
        draft = replace(
            BackEndSettings.of(row) if row else BackEndSettings(url="", by_url=True),
            title=sent.text("title", before.title if before and "title" not in sent else "", longest=300),
            description=sent.text("description", before.description if before and "description" not in sent else "", longest=2000),
        )
        match sent.text("type", _POOL if before and before.is_pool else _SINGLE):
            case "Single":
                draft = self._single(sent, draft, row, before)
            case "Pool":
                draft = backend_pools.read(sent, draft, before)
            case _:
                sent.refuse("type", _("A back end is Single or Pool."))
        sent.check()
        return draft

    def _single(self, sent: Properties, draft: BackEndSettings, row: BackEnd | None, before: BackEnd | None) -> BackEndSettings:
        sent.unsupported(("pool",), _('Only a back end of type "Pool" has members.'))
        url = checked_url(sent, before)
        written = sent.text("url", before.spelled_url if before else "")
        several = row is not None and not row.is_pool and bool(row.addresses)
        if several and row and url != row.url:
            sent.refuse("url", _("This back end has several addresses; change them on its page in the portal."))
        draft = replace(
            draft,
            url=url,
            spelled_url=written if written != url else "",
            addresses=draft.addresses if several else (),
        )
        draft = breakers.read(sent, backend_tls.read(sent, draft, before), before)
        return draft if before and "credentials" not in sent else credentials_of(sent.nested("credentials"), draft, row)

    def create(self, name: str, draft: BackEndSettings) -> BackEnd:
        """Add a back end; the APIs at its URL get its settings."""
        with _named_faults():
            return actions.create_back_end(name, draft, by=self.call.user, now=self.call.now)

    def change(self, row: BackEnd, draft: BackEndSettings) -> BackEnd:
        """Change a back end, the APIs that use it, and those at its URL."""
        with _named_faults():
            return actions.change_back_end(row, draft, by=self.call.user, now=self.call.now)

    def remove(self, row: BackEnd) -> None:
        """Delete a back end that nobody uses; APIs that have its settings by its URL go back to the usual ones."""
        try:
            actions.delete_back_end(row, by=self.call.user, now=self.call.now)
        except actions.InUse as refusal:
            names = ", ".join([*(api.name for api in refusal.apis), *(pool.name for pool in refusal.pools)])
            raise Conflict(_("These use the back end: %(names)s. Let them use another one first.") % {"names": names}) from refusal

    def answer_reconnect(self, name: str) -> HttpResponse:
        """Answer ``POST …/reconnect``: nobody can ask for it."""
        self.answer_refused(name, Fault("reconnect", _("Gateways open connections anew by themselves; nobody can ask them to.")))


class _named_faults:  # noqa: N801 - reads as a statement
    """Turns what the actions refuse into a fault of the back end's body."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Name the property."""
        if isinstance(error, NotOverHttp):
            raise Invalid(Fault("credentials.certificateIds", NOT_OVER_HTTP)) from error
        if isinstance(error, PasswordMissing):
            raise Invalid(
                Fault("credentials.authorization.parameter", _("*** stands for the stored password, but none is stored."))
            ) from error
        if isinstance(error, Unusable):
            raise Invalid(*(Fault("credentials.authorization.parameter", sentence) for _field, sentence in error.faults)) from error
        if isinstance(error, actions.MembersDiffer):
            raise Invalid(Fault("pool.services", MEMBERS_DIFFER % {"pool": error.pool})) from error
        if isinstance(error, actions.NameTaken):
            raise Conflict(_("Another back end has this name.")) from error


MEMBERS_DIFFER = gettext_lazy(
    "The members of the pool %(pool)s have to be alike: single back ends with the same scheme, path, certificate, checks and protocol,"
    " and without password, secret or token."
)


def checked_url(sent: Properties, before: BackEnd | None) -> str:
    """Return the URL that was sent, in its normal form; the one of *before*, if there was one, where none was sent."""
    there = before.url if before else ""
    text = sent.text("url", there, needed=not there, longest=2000)
    if not text or text == there:
        return text
    try:
        return address_of(text).text.rstrip("/")
    except Unusable as refusal:
        for _field, sentence in refusal.faults:
            sent.refuse("url", sentence)
        return ""
