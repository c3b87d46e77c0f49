"""Why a source brings nothing, as it is stored and in sentences."""

from __future__ import annotations

import enum
from typing import Self

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from certificates import problems
from certificates.pfx import Problem, UnreadablePfx
from portal.characters import shown


class Why(enum.StrEnum):
    """Why there is nothing to read. What was read and is no certificate with its key, :class:`Problem` says."""

    NOT_WHOLE = "not-whole"
    NOT_BELOW = "not-below"
    LEADS_OUT = "leads-out"
    NOT_THERE = "not-there"
    NOT_READABLE = "not-readable"
    NO_FILE = "no-file"
    EMPTY_FOLDER = "empty-folder"
    SEVERAL = "several"
    HELD = "held"
    PLANNED = "planned"
    ACME_UNREACHABLE = "acme-unreachable"
    ACME_REFUSED = "acme-refused"
    ACME_UNPROVEN = "acme-unproven"
    ACME_TIMEOUT = "acme-timeout"
    ACME_NO_CHALLENGE = "acme-no-challenge"
    ACME_BINDING = "acme-binding"
    HOOK = "hook"
    DAMAGED = "damaged"


_SENTENCES: dict[Why, Promise] = {
    Why.NOT_WHOLE: _("Give the whole path, from / on."),
    Why.NOT_BELOW: _(
        "%(path)s does not lie below a folder that may be watched: %(detail)s. Administrators set them in PORTAL_WATCHED_FOLDERS."
    ),
    Why.LEADS_OUT: _("%(path)s leads by a link out of the folders that may be watched (%(detail)s), so it was not read."),
    Why.NOT_THERE: _("There is nothing at %(path)s."),
    Why.NOT_READABLE: _("%(path)s cannot be read (%(detail)s). Let the account that the portal runs as read it."),
    Why.NO_FILE: _("%(path)s is neither a file nor a folder with files."),
    Why.EMPTY_FOLDER: _("The folder %(path)s holds no file that ends in .pfx, .p12, .pem, .crt, .cer, .key or .der."),
    Why.SEVERAL: _("The folder %(path)s holds several .pfx files (%(detail)s). Name the one that counts."),
    Why.HELD: _("The certificate at %(path)s is already uploaded as %(detail)s."),
    Why.PLANNED: _("A switch of %(detail)s to another version is planned. Discard it, or wait for it."),
    Why.ACME_UNREACHABLE: _("The authority at %(path)s cannot be reached (%(detail)s)."),
    Why.ACME_REFUSED: _("The authority at %(path)s has not issued the certificate: %(detail)s"),
    Why.ACME_UNPROVEN: _("The authority at %(path)s has not found the proof for these names, or did not accept it: %(detail)s."),
    Why.ACME_TIMEOUT: _("The authority at %(path)s did not come to an end in time."),
    Why.ACME_NO_CHALLENGE: _("The authority at %(path)s does not offer this way of proving names (%(detail)s)."),
    Why.ACME_BINDING: _("The authority at %(path)s wants to know whose account it is: enter the identifier and the key that it gave you."),
    Why.DAMAGED: _("The key of the account at %(path)s does not open; the log says why. Order the certificate anew."),
    Why.HOOK: _("The program %(path)s did not write the DNS record: %(detail)s"),
}


class Trouble(Exception):
    """A source that brings nothing.

    :ivar why: the reason
    :ivar path: where
    :ivar detail: what the sentence names besides
    :ivar field: what of its settings it lies in
    """

    def __init__(self, *, why: Why | Problem, path: str = "", detail: str = "", field: str = "path") -> None:
        """Hold all of it."""
        super().__init__(why.value)
        self.why = why
        self.path = path
        self.detail = detail
        self.field = field

    @classmethod
    def of(cls, refusal: UnreadablePfx, *, path: str, has_password: bool) -> Self:
        """Return what is wrong with what was read."""
        in_password = has_password and problems.field(refusal) == "password"
        return cls(why=refusal.problem, path=path, detail=refusal.detail, field="password_file" if in_password else "path")

    def as_json(self) -> dict[str, str]:
        """Return it as it is stored."""
        return {"why": self.why.value, "path": self.path, "detail": self.detail}

    @classmethod
    def from_json(cls, stored: dict[str, str]) -> Self:
        """Return what :meth:`as_json` gave.

        :raises ValueError: if it is of another version
        """
        why = stored["why"]
        known = Why(why) if why in set(map(str, Why)) else Problem(why)
        return cls(why=known, path=stored["path"], detail=stored["detail"])

    def __str__(self) -> str:
        """Return the sentence, in the active language."""
        if isinstance(self.why, Why):
            return str(_SENTENCES[self.why]) % {"path": shown(self.path), "detail": shown(self.detail)}
        return problems.sentence(UnreadablePfx(self.why, self.detail))
