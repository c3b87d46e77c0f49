"""Trusted authorities: an address of our own, beside the published ones. A PUT of one that exists replaces what it holds."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from certificates import problems
from certificates.authorities import actions
from certificates.authorities.bundle import Bundle
from certificates.authorities.forms import loadable
from certificates.authorities.models import Authority
from certificates.authorities.reading import BadAuthorities, read_authorities, read_file
from certificates.models import folded, not_reserved
from certificates.pfx import Problem, UnreadablePfx
from portal.live import Kind
from rest import etags
from rest.bodies import Properties
from rest.collection import Collection
from rest.entities.certificates import BUSY_SECONDS, HELD_BY_BACK_ENDS, decoded
from rest.envelope import Conflict, Fault, Invalid, TooManyRequests
from rest.fields import Moment, Text

_TRUST = gettext_lazy("These APIs trust the authority: %(names)s. Choose another one there first.")


class Authorities(Collection[Authority, Bundle]):
    """The trusted authorities."""

    segment = "trustedAuthorities"
    id_name = "authorityId"
    permission = "authorities.{}_authority"
    fields: ClassVar = {
        "name": Text("folded_name", normal=folded),
        "subject": Text("current__label"),
        "expirationDate": Moment("current__not_after"),
    }
    shown_only = ("id", "thumbprints")
    entity_methods = ("GET", "HEAD", "PUT", "DELETE")
    live_kind = Kind.AUTHORITY

    def rows(self) -> QuerySet[Authority]:
        """Return all entries, by name."""
        return Authority.objects.filter(current__isnull=False).select_related("current").order_by("name")

    def name_of(self, row: Authority) -> str:
        """Return the entry's name."""
        return row.name

    def etag(self, row: Authority) -> str:
        """Return the ETag; it changes with each version and when versions are rolled back."""
        return etags.etag(row.pk, row.revision)

    def show(self, row: Authority) -> dict[str, Any]:
        """Return the current version."""
        assert row.current is not None  # noqa: S101 - rows() leaves out those without
        version = row.current
        return {
            "subject": version.label,
            "thumbprints": [one.thumbprint for one in version.facts],
            "expirationDate": version.not_after,
            "certificates": version.pem,
        }

    def _named(self, rows: QuerySet[Authority], name: str) -> QuerySet[Authority]:
        return rows.filter(folded_name=folded(name))

    def read(self, sent: Properties, row: Authority | None, *, whole: bool) -> Bundle:  # noqa: ARG002 - certificates are whole
        """Read the certificates that were sent: PEM, or a file in base64."""
        text = sent.text("certificates")
        data = decoded(sent, "data", needed=not text)
        if text and data:
            sent.refuse("data", _("Send certificates or data, not both."))
        sent.check()
        target = "certificates" if text else "data"
        try:
            return loadable(read_authorities(text, now=self.call.now) if text else read_file(data, now=self.call.now))
        except BadAuthorities as refusal:
            raise Invalid(Fault(target, str(refusal))) from None
        except UnreadablePfx as refusal:
            if refusal.problem is Problem.BUSY:
                raise TooManyRequests(problems.sentence(refusal), seconds=BUSY_SECONDS) from None
            raise Invalid(Fault(target, problems.sentence(refusal))) from None

    def create(self, name: str, draft: Bundle) -> Authority:
        """Add an entry."""
        if not_reserved.regex.match(name):  # type: ignore[union-attr]  # compiled when first used
            raise Invalid(Fault(self.id_name, str(not_reserved.message)))
        try:
            return actions.add(draft, name=name, by=self.call.user, now=self.call.now)
        except actions.AlreadyHeld as refusal:
            raise _held(refusal) from refusal
        except actions.NameTaken as refusal:  # at this very moment
            raise Conflict(str(refusal)) from refusal

    def change(self, row: Authority, draft: Bundle) -> Authority:
        """Let the entry hold what was sent; what it holds already stays."""
        if row.digest == draft.digest:
            return row
        try:
            return actions.replace(row, draft, by=self.call.user, now=self.call.now)
        except actions.AlreadyHeld as refusal:
            raise _held(refusal) from refusal

    def remove(self, row: Authority) -> None:
        """Delete an entry that no API trusts."""
        try:
            actions.delete(row, by=self.call.user, now=self.call.now)
        except actions.InUse as refusal:
            raise Conflict(in_use(refusal)) from refusal


def in_use(refusal: actions.InUse) -> str:
    """Return what trusts an entry that was to be deleted, in the active language."""
    found = ((_TRUST, refusal.apis), (HELD_BY_BACK_ENDS, refusal.holders))
    return " ".join(str(words) % {"names": ", ".join(one.name for one in which)} for words, which in found if which)


def _held(refusal: actions.AlreadyHeld) -> Invalid:
    message = _("These certificates are the trusted authority %(name)s already.") % {"name": refusal.authority.name}
    return Invalid(Fault("certificates", message))
