"""What the pages of each kind of entry are called and say: the same screens, written once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from certificates.models import ClientCertificate, Kind, ServerCertificate
from portal import live

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

_PAGES = (
    *("index", "upload", "detail", "replace", "confirm", "tries", "discard", "rules", "roll_back", "destroy", "delete"),
    *("go_on", "put_back"),
    *("receipt", "receipt_file"),
    *("public_file", "hand_over"),
    *("request", "pending", "request_file", "answer", "discard_request"),
    *("watch", "unwatch", "acme"),
    "history",
    *("export", "removal", "replacement"),
)


@dataclass(frozen=True, kw_only=True)
class Pages:
    """The pages of one kind."""

    model: type[ClientCertificate | ServerCertificate]
    namespace: str  # of their addresses
    live_kind: live.Kind
    title: str | Promise
    lead: str | Promise
    none_yet: str | Promise
    first_step: str | Promise
    back: str | Promise
    replacing: str | Promise
    expired: str | Promise
    not_yet_valid: str | Promise
    replace_in_time: str | Promise
    not_used: str | Promise
    nobody_uses_it: str | Promise  # where it may be deleted
    users: str | Promise
    goes: str | Promise
    goes_nowhere: str | Promise
    name_help: str | Promise

    def permission(self, action: str) -> str:
        """Return the permission to do something (``view``, ``add``, ``change``, ``delete``) to entries of this kind."""
        return f"certificates.{action}_{self.model._meta.model_name}"

    @property
    def presented(self) -> bool:
        """Whether APIs present it to their back ends."""
        return self.model is ClientCertificate

    @property
    def orders(self) -> bool:
        """Whether there is an authority to order from by ACME."""
        return bool(settings.ACME_DIRECTORIES)

    @cached_property
    def to(self) -> dict[str, str]:
        """The names of their addresses, by page: ``index``, ``detail``…"""
        return {page: f"{self.namespace}:{page}" for page in _PAGES}


CLIENT_CERTIFICATES = Pages(
    model=ClientCertificate,
    namespace="certificates",
    live_kind=live.Kind.CERTIFICATE,
    title=_("Client certificates"),
    lead=_("Certificates the gateway presents to back-end services. Private keys stay sealed; no page shows them."),
    none_yet=_("No client certificates yet"),
    first_step=_("Upload the .pfx file that your back end knows, then choose it on the Security tab of an API."),
    back=_("Back to client certificates"),
    replacing=_(
        "The file becomes a new version of this entry. APIs keep pointing at the entry and present the new version as soon as their "
        "gateways have taken it; until then they present the version before. You can roll back."
    ),
    expired=_(
        "The gateway still presents it, but back ends will refuse it. Replace it with a renewed one; the APIs that use it switch at once."
    ),
    not_yet_valid=_("The gateway presents it already, but back ends will refuse it until then."),
    replace_in_time=_("Replace it with a renewed one in time; the APIs that use it switch at once."),
    not_used=_("No API presents this certificate. Choose it on the Security tab of an API."),
    nobody_uses_it=_("The certificate, all its versions and their private keys are deleted. This cannot be undone. No API uses it."),
    users=_("APIs that present this certificate"),
    goes=_("Version %(number)d goes to the gateways; below stands where it is presented."),
    goes_nowhere=_("Version %(number)d is current; no API presents it yet."),
    name_help=_("APIs refer to the certificate by this name; a renewal keeps it. Empty: made from the common name."),
)
SERVER_CERTIFICATES = Pages(
    model=ServerCertificate,
    namespace="server_certificates",
    live_kind=live.Kind.SERVER_CERTIFICATE,
    title=_("Server certificates"),
    lead=_("Certificates the gateway shows to callers that come by HTTPS, each for the host names in it."),
    none_yet=_("No server certificates yet"),
    first_step=_("Upload the .pfx file, or the PEM files, of a certificate for the host name that callers use."),
    back=_("Back to server certificates"),
    replacing=_(
        "The file becomes a new version of this entry. New connections get it as soon as the gateways have taken it; those that are open "
        "go on. You can roll back."
    ),
    expired=_("The gateway still shows it, but callers refuse it. Replace it with a renewed one; new connections get it at once."),
    not_yet_valid=_("The gateway shows it already, but callers refuse it until then."),
    replace_in_time=_("Replace it with a renewed one in time; new connections get it at once."),
    not_used=_("No API depends on this certificate alone for its host names."),
    nobody_uses_it=_(
        "The certificate, all its versions and their private keys are deleted. This cannot be undone. "
        "Callers of its host names get another certificate, or none."
    ),
    users=_("APIs that are limited to host names of this certificate"),
    goes=_("Version %(number)d goes to the gateways."),
    goes_nowhere=_("Version %(number)d goes to the gateways."),
    name_help=_("What it is called here; a renewal keeps it. Empty: made from the common name."),
)
PAGES = {Kind.CLIENT: CLIENT_CERTIFICATES, Kind.SERVER: SERVER_CERTIFICATES}


def seen_by(person: User | AnonymousUser) -> list[Kind]:
    """Return the kinds of entries that *person* may see."""
    return [kind for kind, pages in PAGES.items() if person.has_perm(pages.permission("view"))]
