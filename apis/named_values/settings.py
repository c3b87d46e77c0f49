"""Named values in settings: addresses, user names, passwords. What they come to is kept beside what was written, and follows them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from apis.named_values.models import NamedValue
from apis.policy.references import NAME_PATTERN, names_in, resolved_text
from apis.service_url import LONGEST, TOO_LONG, BadServiceUrl, ServiceUrl, check, refusals_of_resolved
from certificates.sealing import SealingError, Secret

_ALONE = re.compile(r"\{\{\s*(" + NAME_PATTERN + r")\s*\}\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
LONGEST_USERNAME = 255
USERNAME, PASSWORD = "username", "password"


class Unusable(Exception):
    """What was written cannot stand in a setting.

    :ivar faults: sentences, each with the field that it is about; empty: the only one there is
    """

    def __init__(self, *faults: tuple[str, str]) -> None:
        """Hold them."""
        super().__init__(" ".join(sentence for _field, sentence in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Basic:
    """User name and password of HTTP basic.

    :ivar password: ``None``: the stored one
    :ivar written_username, written_password: what was written for them, where that names values; a password names one and nothing else
    """

    username: str
    password: Secret | None
    written_username: str = ""
    written_password: str = ""


def meant(text: str) -> str:
    """Return what the text of a setting comes to, which everybody may read.

    :raises Unusable: if it names a value that there is not, or a secret
    """
    if not (names := names_in(text)):
        return text
    rows = _rows(names)
    for name in sorted(names):
        if rows[name].secret:
            raise Unusable(
                ("", _("%(name)s is a secret, and what stands here is shown on pages and in logs. Take a plain value.") % {"name": name})
            )
    return resolved_text(text, {name: row.value for name, row in rows.items()})


def address_of(text: str) -> ServiceUrl:
    """Return the address that a text comes to, in its normal form.

    :raises Unusable: if the gateway may not call it, or as :func:`meant`
    """
    allowed = settings.ALLOWED_BACKEND_NETWORKS
    if len(text) > LONGEST:
        raise Unusable(("", str(TOO_LONG)))
    try:
        url = check(meant(text), allowed=allowed)
    except BadServiceUrl as refusal:
        raise Unusable(*(("", str(fault)) for fault in refusal.faults)) from refusal
    if refusals := refusals_of_resolved(url.host, allowed=allowed):
        raise Unusable(*(("", str(refusal)) for refusal in refusals))
    return url


def as_written(text: str) -> str:
    """Return *text* if it names values, else nothing: then there is nothing to follow."""
    return text if names_in(text) else ""


def basic_of(username: str, password: Secret | None, *, literal: bool = False) -> Basic:
    """Return the user name and password that were written. A password that is ``{{name}}`` and nothing else is that named value.

    :param literal: what is given names no values: they are put in already
    :raises Unusable: if they cannot be sent as HTTP basic (RFC 7617), or name a value that there is not
    """
    faults: list[tuple[str, str]] = []
    text, reference = username, not literal and password and _ALONE.fullmatch(password.value.decode())
    if literal and names_in(username):  # it would name them wherever it is shown and saved
        raise Unusable((USERNAME, _("The value of a user name cannot hold {{…}} itself.")))
    try:
        text = meant(username)
    except Unusable as refusal:
        faults += [(USERNAME, sentence) for _field, sentence in refusal.faults]
    if reference:
        try:
            password = _secret(reference[1])
        except Unusable as refusal:
            faults += [(PASSWORD, sentence) for _field, sentence in refusal.faults]
    if faults := [*faults, *_faults_of(text, password, written=username)]:
        raise Unusable(*faults)
    return Basic(
        username=text,
        password=password,
        written_username=as_written(username),
        written_password=f"{{{{{reference[1]}}}}}" if reference else "",
    )


def _faults_of(username: str, password: Secret | None, *, written: str) -> Iterable[tuple[str, str]]:
    if not username:
        yield USERNAME, _("Enter the user name.")
    elif ":" in username:
        yield USERNAME, _("A user name for HTTP basic holds no colon.")
    elif max(len(username), len(written)) > LONGEST_USERNAME:
        yield USERNAME, _("A user name has at most %(most)d characters.") % {"most": LONGEST_USERNAME}
    for field, text in ((USERNAME, username), (PASSWORD, password.value.decode() if password else "")):
        if _CONTROL.search(text):
            yield field, _("Control characters cannot be sent.")


def hold(*texts: str) -> None:
    """Keep the values that *texts* name from being deleted until the transaction ends. Before what is to name them is locked."""
    if names := frozenset().union(*map(names_in, texts)):
        list(NamedValue.objects.select_for_update().filter(display_name__in=names).order_by("pk").values_list("pk"))


def _secret(name: str) -> Secret:
    row = _rows({name})[name]
    try:
        return Secret(row.text().encode())
    except SealingError as damaged:
        raise Unusable(("", _("The value %(name)s does not open; enter it anew.") % {"name": name})) from damaged


def _rows(names: Iterable[str]) -> dict[str, NamedValue]:
    """Return the values of these *names*.

    :raises Unusable: if one of them is missing
    """
    rows = {row.display_name: row for row in NamedValue.objects.filter(display_name__in=names).select_related("sealed")}
    if missing := sorted(set(names) - rows.keys()):
        words = _("There is no named value %(name)s; make it first, or write the value itself.")
        raise Unusable(*(("", words % {"name": name}) for name in missing))
    return rows
