"""Back ends: settings for the APIs whose Web service URL lies at a URL. What an API cannot have here is refused by name."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _

from apis.actions import NotOverHttp
from apis.forms import NOT_OVER_HTTP
from apis.service_url import BadServiceUrl, check, refusals_of_resolved
from certificates.models import ClientCertificate, folded
from rest import backend_actions, etags
from rest.backend_actions import BackendSettings
from rest.bodies import Properties
from rest.collection import Collection
from rest.envelope import Fault, Invalid
from rest.fields import Fixed, Flag, Text
from rest.models import Backend

_NOT_HERE = ("resourceId", "properties", "proxy", "circuitBreaker", "pool")
_CERTIFICATES = ("certificateIds", "certificate")


class Backends(Collection[Backend, BackendSettings]):
    """The back end entities. They change APIs, so that the permissions on APIs decide."""

    segment = "backends"
    id_name = "backendId"
    permission = "apis.{}_api"
    fields: ClassVar = {
        "name": Text("name"),
        "title": Text("title"),
        "description": Text("description"),
        "protocol": Fixed("http"),
        "type": Fixed("Single"),
        "tls/validateCertificateChain": Flag("validate_certificate_chain"),
        "tls/validateCertificateName": Flag("validate_certificate_name"),
    }
    shown_only = ("id", "url")

    def rows(self) -> QuerySet[Backend]:
        """Return all back ends, by name."""
        return Backend.objects.select_related("certificate__current").order_by("name")

    def name_of(self, row: Backend) -> str:
        """Return the back end's name."""
        return row.name

    def etag(self, row: Backend) -> str:
        """Return the ETag; it changes with the certificate's versions, too."""
        return etags.etag(row.pk, row.revision, row.certificate.revision if row.certificate else 0)

    def show(self, row: Backend) -> dict[str, Any]:
        """Return the settings; the certificate by id and by its current thumbprint."""
        certificate = row.certificate
        presented = [certificate] if certificate and certificate.current else []
        return {
            "title": row.title or None,
            "description": row.description or None,
            "url": row.spelled_url or row.url,
            "protocol": "http",
            "type": "Single",
            "tls": {
                "validateCertificateChain": row.validate_certificate_chain,
                "validateCertificateName": row.validate_certificate_name,
            },
            "credentials": {
                "certificateIds": [self.call.service.id_of("certificates", one.name) for one in presented],
                "certificate": [one.current.thumbprint for one in presented if one.current],
            },
        }

    def read(self, sent: Properties, row: Backend | None, *, whole: bool) -> BackendSettings:
        """Check what was sent. Without the chain there is no name to check, so that both are off then."""
        before = None if whole else row
        sent.unsupported(_NOT_HERE, _("A back end has a URL and nothing of this kind here."))
        if sent.text("protocol", "http") != "http":
            sent.refuse("protocol", _("Only http (that is, REST) is possible here."))
        if sent.text("type", "Single") != "Single":
            sent.refuse("type", _("Only single back ends are possible here."))
        sent.plain("title")
        chain, name = _tls(sent, before)
        url = checked_url(sent, before.url if before else "")
        written = sent.text("url", before.spelled_url if before else "")
        draft = BackendSettings(
            title=sent.text("title", before.title if before and "title" not in sent else "", longest=300),
            description=sent.text("description", before.description if before and "description" not in sent else "", longest=2000),
            url=url,
            spelled_url=written if written != url else "",
            validate_certificate_chain=chain,
            validate_certificate_name=chain and name,
            certificate=before.certificate if before and "credentials" not in sent else _certificate(sent.nested("credentials")),
        )
        sent.check()
        return draft

    def create(self, name: str, draft: BackendSettings) -> Backend:
        """Add a back end; the APIs at its URL get its settings."""
        with _named_faults():
            return backend_actions.create_backend(name, draft, by=self.call.user, now=self.call.now)

    def change(self, row: Backend, draft: BackendSettings) -> Backend:
        """Change a back end, and the APIs at its URL."""
        with _named_faults():
            return backend_actions.change_backend(row, draft, by=self.call.user, now=self.call.now)

    def remove(self, row: Backend) -> None:
        """Delete a back end; APIs that still have its settings go back to the usual ones."""
        backend_actions.delete_backend(row, by=self.call.user, now=self.call.now)

    def answer_reconnect(self, name: str) -> HttpResponse:
        """Answer ``POST …/reconnect``: nobody can ask for it."""
        self.answer_refused(name, Fault("reconnect", _("Gateways open connections anew by themselves; nobody can ask them to.")))


class _named_faults:  # noqa: N801 - reads as a statement
    """Turns what the APIs' actions refuse into a fault of the back end's body."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Name the property."""
        if isinstance(error, NotOverHttp):
            raise Invalid(Fault("credentials.certificateIds", NOT_OVER_HTTP)) from error


def _tls(sent: Properties, before: Backend | None) -> tuple[bool, bool]:
    if before and "tls" not in sent:
        return before.validate_certificate_chain, before.validate_certificate_name
    tls = sent.nested("tls")
    return tls.flag("validateCertificateChain", True), tls.flag("validateCertificateName", True)


def checked_url(sent: Properties, before: str) -> str:
    """Return the URL that was sent, in its normal form; the one of *before*, if there was one, where none was sent."""
    text = sent.text("url", before, needed=not before, longest=2000)
    if not text or text == before:
        return text
    allowed = settings.ALLOWED_BACKEND_NETWORKS
    try:
        url = check(text, allowed=allowed)
    except BadServiceUrl as refusal:
        sent.refuse("url", str(refusal))
        return ""
    for refused in refusals_of_resolved(url.host, allowed=allowed):
        sent.refuse("url", refused)
    return url.text.rstrip("/")


def _certificate(credentials: Properties) -> ClientCertificate | None:
    """Return the one certificate that the credentials name, by id or thumbprint; ``None`` if they name none."""
    credentials.unsupported(("query", "header", "authorization"), _("A back end presents client certificates and nothing else here."))
    found: dict[int, ClientCertificate] = {}
    entries = ClientCertificate.objects.filter(current__isnull=False)
    for name in _CERTIFICATES:
        for text in credentials.texts(name):
            wanted = (
                {"folded_name": folded(text.rpartition("/")[2])} if name == "certificateIds" else {"versions__thumbprint": text.upper()}
            )
            if entry := entries.filter(**wanted).first():
                found[entry.pk] = entry
            else:
                credentials.refuse(name, _("There is no client certificate %(named)s.") % {"named": text})
    if len(found) > 1:
        credentials.refuse(_CERTIFICATES[0], _("An API presents one client certificate; name one."))
    return next(iter(found.values()), None)
