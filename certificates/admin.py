"""Certificates in Django's admin: facts to read, never key material. They are added and replaced on the portal's pages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from certificates import actions
from certificates.kinds import CLIENT_CERTIFICATES, SERVER_CERTIFICATES, Pages
from certificates.models import Certificate, CertificateVersion, ClientCertificate, ExpiryNotice, SealedText, ServerCertificate
from certificates.rollout.models import Candidate, Probation, Receipt, Rules, Tried
from portal.read_only_admin import ReadOnlyAdmin
from portal.responses import see_other

_FACTS = ("number", "subject", "thumbprint", "thumbprint_sha256", "issuer", "serial", "key_type")
_MOMENTS = ("not_before", "not_after", "created_at", "created_by")


@admin.register(CertificateVersion)
class CertificateVersionAdmin(ReadOnlyAdmin):
    """The versions, without what is sealed."""

    fields = ("certificate", *_FACTS, *_MOMENTS, "ring_key")
    list_display = ("certificate", "number", "label", "thumbprint", "not_after")
    list_select_related = ("certificate",)
    search_fields = ("certificate__name", "label", "thumbprint")


@admin.register(SealedText)
class SealedTextAdmin(ReadOnlyAdmin):
    """Secrets of other rooms, of which there is nothing to see but the key."""

    fields = list_display = ("id", "ring_key")


@admin.register(ExpiryNotice)
class ExpiryNoticeAdmin(ReadOnlyAdmin):
    """Who was told what."""

    list_display = ("version", "person", "days", "sent_at")
    list_select_related = ("version", "person")


@admin.register(Candidate)
class CandidateAdmin(ReadOnlyAdmin):
    """What shall become versions, without what is sealed."""

    fields = ("certificate", "thumbprint", "source", "proposed_at", "proposed_by", "when", "at", "confirmed_at", "confirmed_by", "ring_key")
    list_display = ("certificate", "thumbprint", "proposed_at", "when", "at")
    list_select_related = ("certificate",)


@admin.register(Tried)
class TriedAdmin(ReadOnlyAdmin):
    """What back ends made of candidates."""

    list_display = ("candidate", "api", "gateway", "outcome")
    list_select_related = ("candidate__certificate",)


@admin.register(Rules)
class RulesAdmin(ReadOnlyAdmin):
    """How entries' versions are switched to."""

    list_display = ("certificate", "sources", "another_person")
    list_select_related = ("certificate",)


@admin.register(Probation)
class ProbationAdmin(ReadOnlyAdmin):
    """How new versions have stood the time after their switch."""

    list_display = ("certificate", "version", "canary", "began_at", "ended_at", "outcome")
    list_select_related = ("certificate", "version__certificate")


@admin.register(Receipt)
class ReceiptAdmin(ReadOnlyAdmin):
    """What proves switches."""

    list_display = ("certificate", "change", "at")
    list_select_related = ("certificate",)


class CertificateAdmin(ReadOnlyAdmin):
    """The entries of a kind; deleting one goes the way of the portal's own page."""

    pages: Pages

    fields = ("name", "current", "created_at")
    list_display = ("name", "current", "expires")
    list_select_related = ("current",)
    search_fields = ("name", "current__label", "current__thumbprint")
    actions = ("delete_chosen",)

    def has_delete_permission(self, request: HttpRequest, _obj: Any = None) -> bool:
        """Whoever may delete on the portal's page may delete here."""
        return request.user.has_perm(self.pages.permission("delete"))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer our deletion in place of Django's, which neither asks nor tells the activity log."""
        offered = super().get_actions(request)
        offered.pop("delete_selected", None)
        return offered

    def delete_view(self, request: HttpRequest, object_id: str, _extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send to the portal's page, which asks, and refuses what is in use."""
        certificate = self.get_object(request, object_id)
        if certificate is None or not self.has_delete_permission(request):
            raise PermissionDenied
        return see_other(self.pages.to["delete"], certificate.name)

    @admin.display(description=gettext_lazy("Expires"), ordering="current__not_after")
    def expires(self, certificate: Certificate) -> Any:
        """Return when the current version expires."""
        return certificate.current.not_after if certificate.current else None

    @admin.action(description=gettext_lazy("Delete the selected certificates"), permissions=["delete"])
    def delete_chosen(self, request: HttpRequest, chosen: QuerySet[Certificate]) -> None:
        """Delete each through its action; what is in use stays."""
        for certificate in chosen:
            try:
                actions.delete(certificate, by=request.user, now=timezone.now())  # type: ignore[arg-type]  # the admin is for people signed in
            except actions.InUse as refusal:
                names = ", ".join([*(api.name for api in refusal.apis), *(one.name for one in refusal.holders)])
                sentence = _("%(name)s is used by these and was not deleted: %(apis)s. Remove it from them first.")
                self.message_user(request, sentence % {"name": certificate.name, "apis": names}, messages.ERROR)
            except Certificate.DoesNotExist:  # somebody else was faster, which is what was wanted
                continue
            else:
                self.message_user(request, _("%(name)s was deleted.") % {"name": certificate.name}, messages.SUCCESS)


@admin.register(ClientCertificate)
class ClientCertificateAdmin(CertificateAdmin):
    """The client certificates."""

    pages = CLIENT_CERTIFICATES


@admin.register(ServerCertificate)
class ServerCertificateAdmin(CertificateAdmin):
    """The server certificates."""

    pages = SERVER_CERTIFICATES
