"""ETags, made from revisions, and the conditions that clients put on them (RFC 9110, as far as the published clients use it)."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _

from rest.envelope import Fault, Invalid, PreconditionFailed

ANY = "*"


def etag(*parts: int) -> str:
    """Return the ETag of an entity: its row's id first, so that it differs from that of an earlier entity of the same name."""
    return f'"{"-".join(format(part, "x") for part in parts)}"'


def check_write(request: HttpRequest, current: str | None) -> None:
    """Check the conditions of a PUT, PATCH or DELETE.

    ``If-Match: *`` on what does not exist is no fault: the command-line client creates entities with it.

    :param current: the entity's ETag; ``None`` if there is none
    :raises PreconditionFailed: if one does not hold
    """
    wanted = _named(request, "If-Match")
    if wanted and ANY not in wanted and (current is None or _bare(current) not in wanted):
        raise PreconditionFailed
    unwanted = _named(request, "If-None-Match")
    if current is not None and (ANY in unwanted or _bare(current) in unwanted):
        raise PreconditionFailed


def check_named(request: HttpRequest) -> None:
    """Refuse a request that names no ETag, which the older form needs to delete.

    :raises Invalid: if ``If-Match`` is missing
    """
    if not _named(request, "If-Match"):
        raise Invalid(Fault("If-Match", _("Name the ETag of the entity, or * for whatever it is.")))


def is_known(request: HttpRequest, current: str) -> bool:
    """Tell whether the client of a GET has this state of the entity already."""
    return bool({ANY, _bare(current)} & _named(request, "If-None-Match"))


def _named(request: HttpRequest, header: str) -> set[str]:
    """Return the ETags in a header, without quotes and the mark of weak ones; clients send all these forms."""
    return {_bare(tag) for tag in request.headers.get(header, "").split(",") if tag.strip()}


def _bare(tag: str) -> str:
    return tag.strip().removeprefix("W/").strip('"')
