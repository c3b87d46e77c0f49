"""Certificates. A PUT of one that exists adds a version, and the APIs that present it switch at once."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables

from certificates import actions, problems
from certificates.doubts import UNPROTECTED
from certificates.loading import open_loadable
from certificates.models import CertificateVersion, ClientCertificate, ServerCertificate, folded, not_reserved
from certificates.pfx import Pfx, Problem, UnreadablePfx, password_of
from certificates.rollout import actions as rollout
from certificates.rollout.steps import NoCanary
from portal.live import Kind
from rest import etags
from rest.bodies import Properties
from rest.collection import Collection
from rest.envelope import Conflict, Fault, Invalid, TooManyRequests
from rest.fields import Moment, Text

BUSY_SECONDS = 5
_PRESENT = gettext_lazy("These APIs present the certificate: %(names)s. Remove it from them first.")
_LIMITED = gettext_lazy("These APIs are limited to host names that only this certificate is for: %(names)s. Change them first.")
HELD_BY_BACK_ENDS = gettext_lazy("These back ends hold it: %(names)s. Remove it from them first.")
ANOTHER_PERSON_CONFIRMS = gettext_lazy("This certificate demands that another person confirms a new version: replace it on its page.")

Entry = ClientCertificate | ServerCertificate


class Certificates(Collection[Entry, Pfx]):
    """The client certificates. Neither ``data`` nor ``password`` ever comes back."""

    segment = "certificates"
    id_name = "certificateId"
    permission = "certificates.{}_clientcertificate"
    fields: ClassVar = {
        "name": Text("folded_name", normal=folded),
        "subject": Text("current__label"),
        "thumbprint": Text("current__thumbprint", normal=str.upper),
        "expirationDate": Moment("current__not_after"),
    }
    shown_only = ("id", "keyUsage", "extendedKeyUsage", "signatureAlgorithm", "warnings")
    entity_methods = ("GET", "HEAD", "PUT", "DELETE")
    live_kind = Kind.CERTIFICATE
    model: ClassVar[type[ClientCertificate | ServerCertificate]] = ClientCertificate
    _notes: Sequence[str] = ()  # on the file that was sent

    def rows(self) -> QuerySet[Entry]:
        """Return all entries, by name."""
        return self.model.objects.filter(current__isnull=False).select_related("current").order_by("name")

    def listed(self) -> QuerySet[Entry]:
        """Return all entries; none to whoever asks for those whose key vault failed, because none comes from one."""
        failed_only = self.call.request.GET.get("isKeyVaultRefreshFailed", "").lower() == "true"
        return self.rows().none() if failed_only else self.rows()

    def name_of(self, row: Entry) -> str:
        """Return the entry's name."""
        return row.name

    def etag(self, row: Entry) -> str:
        """Return the ETag; it changes with each version and when versions are rolled back."""
        return etags.etag(row.pk, row.revision)

    def show(self, row: Entry) -> dict[str, Any]:
        """Return what is public of the current version; what it is good for in the newer form only."""
        version = _current(row)
        shown = {"subject": version.label, "thumbprint": version.thumbprint, "expirationDate": version.not_after}
        return shown if self.call.service.direct else {**shown, **self._judged(version)}

    def warnings(self, row: Entry) -> list[str]:
        """Return why back ends may refuse the certificate, and that the file just sent was unprotected."""
        return [*_current(row).doubts(now=self.call.now), *self._notes]

    def answer_refresh(self, name: str) -> HttpResponse:
        """Answer ``POST …/refreshSecret``: no certificate comes from a key vault."""
        self.answer_refused(name, Fault("keyVault", _("This certificate comes from no key vault; send a new file with PUT.")))

    def _named(self, rows: QuerySet[Entry], name: str) -> QuerySet[Entry]:
        return rows.filter(folded_name=folded(name))

    def _judged(self, version: CertificateVersion) -> dict[str, Any]:
        leaf = version.path[0]
        return {
            "keyUsage": leaf.key_usage,
            "extendedKeyUsage": leaf.purposes,
            "signatureAlgorithm": str(leaf.signature_algorithm),
            "warnings": version.doubts(now=self.call.now),
        }

    @sensitive_variables()
    def read(self, sent: Properties, row: Entry | None, *, whole: bool) -> Pfx:  # noqa: ARG002 - a file is whole
        """Open the PFX file that was sent in base64."""
        sent.unsupported(["keyVault"], _("This portal does not read key vaults; send data and password."))
        data = decoded(sent, "data", needed="keyVault" not in sent)
        password = password_of(sent.text("password"))
        sent.check()
        try:
            pfx = open_loadable(data, password, now=self.call.now)
        except UnreadablePfx as refusal:
            if refusal.problem is Problem.BUSY:
                raise TooManyRequests(problems.sentence(refusal), seconds=BUSY_SECONDS) from None
            target = "password" if problems.field(refusal) == "password" else "data"
            raise Invalid(Fault(target, problems.sentence(refusal))) from None
        self._notes = [str(UNPROTECTED)] if pfx.unprotected else []
        return pfx

    def create(self, name: str, draft: Pfx) -> Entry:
        """Upload an entry."""
        if not_reserved.regex.match(name):  # type: ignore[union-attr]  # compiled when first used
            raise Invalid(Fault(self.id_name, str(not_reserved.message)))
        try:
            return actions.upload_as(self.model, draft, name=name, by=self.call.user, now=self.call.now)
        except actions.AlreadyUploaded as refusal:
            raise _already_uploaded(refusal) from refusal
        except actions.NameTaken as refusal:  # at this very moment
            raise Conflict(str(refusal)) from refusal

    def change(self, row: Entry, draft: Pfx) -> Entry:
        """Add a version. What the entry has held before becomes current again; what is current stays."""
        try:
            return rollout.renew(row, draft, by=self.call.user, now=self.call.now)
        except actions.AlreadyUploaded as refusal:
            raise _already_uploaded(refusal) from refusal
        except actions.AnotherPersonConfirms as refusal:
            raise Conflict(str(ANOTHER_PERSON_CONFIRMS)) from refusal
        except (rollout.AlreadyPlanned, NoCanary) as refusal:
            raise Conflict(str(refusal.sentence)) from refusal

    def remove(self, row: Entry) -> None:
        """Delete an entry that no API presents."""
        try:
            actions.delete(row, by=self.call.user, now=self.call.now)
        except actions.InUse as refusal:
            raise Conflict(in_use(refusal), status=400 if self.call.service.direct else 409) from refusal


def in_use(refusal: actions.InUse) -> str:
    """Return what needs an entry that was to be deleted, in the active language."""
    of_apis = _PRESENT if refusal.certificate.kind == ClientCertificate.KIND else _LIMITED
    found = ((of_apis, refusal.apis), (HELD_BY_BACK_ENDS, refusal.holders))
    return " ".join(str(words) % {"names": ", ".join(one.name for one in which)} for words, which in found if which)


def _current(row: Entry) -> CertificateVersion:
    assert row.current is not None  # noqa: S101 - rows() leaves out those without
    return row.current


def decoded(sent: Properties, name: str, *, needed: bool) -> bytes:
    """Return what was sent in base64; line breaks in it are fine."""
    text = "".join(sent.text(name, needed=needed).removeprefix("\ufeff").split())
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):  # ValueError: not ASCII
        sent.refuse(name, _("This is not base64."))
        return b""


def _already_uploaded(refusal: actions.AlreadyUploaded) -> Invalid:
    return Invalid(Fault("data", _("This certificate is already uploaded as %(name)s.") % {"name": refusal.certificate.name}))
