"""Reading the JSON body of a request: its properties, one by one, with every fault noted under the name the client gave it.

``Content-Type`` is not insisted on: a published sample sends its JSON as text/plain, curl as a form.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Never

from django.forms import BaseForm
from django.http import HttpRequest, UnreadablePostError
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from portal.callers import BODY_REFUSED
from portal.characters import first_deceiving
from portal.validators import UNSEEN
from portal.whole_numbers import length_said
from rest.envelope import Fault, Invalid, Refused, TooLarge, TooSlow, UnsupportedMediaType

MIB = 1024 * 1024
MOST_BYTES = MIB  # a PFX file of 256 KiB is 350,000 characters of base64
_DEEPEST = 50
_PERHAPS_JSON = ("application/json", "text/", "application/x-www-form-urlencoded", "application/octet-stream", "application/*+json")


class NotJson(Refused):
    """The body is no JSON object."""

    code = "InvalidRequestContent"


@sensitive_variables("content", "found")
def read(request: HttpRequest, *, most: int = MOST_BYTES, strict: Callable[[str], str] = str) -> dict[str, Any]:
    """Return the JSON object that the request brings.

    :param most: bytes that the largest entity of the kind takes
    :param strict: makes JSON of what the client sends, where that is a little more than JSON
    :raises TooLarge: if it is larger than any entity
    :raises TooSlow: if it did not come in time
    :raises UnsupportedMediaType: if it says that it is no JSON, and is none
    :raises NotJson: if it is no JSON object
    :raises Invalid: if a text in it cannot be stored
    """
    content = _content(request, most)
    try:
        found = json_of(strict(content.decode(json.detect_encoding(content), "surrogatepass")))
    except (ValueError, RecursionError) as error:
        kind = request.content_type or ""
        if kind and not kind.startswith(_PERHAPS_JSON) and not kind.endswith("+json"):
            raise UnsupportedMediaType(_("The body is %(kind)s; send JSON.") % {"kind": kind}) from None
        raise NotJson(_("The body is not valid JSON: %(reason)s.") % {"reason": _reason(error)}) from None
    if not isinstance(found, dict):
        raise NotJson(_("The body is JSON, but no object."))
    refuse_unstorable(found)
    return found


def json_of(text: str) -> Any:
    """Return what *text* says, in which every number is one that JSON has.

    :raises ValueError: if it is no JSON
    """
    return json.loads(text, parse_constant=_no_number, parse_float=_finite)


class Properties:
    """Properties of an entity as a client sent them. Reading notes faults; :meth:`check` raises them all at once."""

    def __init__(self, values: Mapping[str, Any], *, faults: list[Fault] | None = None, within: str = "") -> None:
        """Read *values*; *within* is what nested ones are named after."""
        self.values = values
        self.faults = [] if faults is None else faults
        self._within = within

    def __contains__(self, name: str) -> bool:
        """Tell whether a property was sent, ``null`` included."""
        return name in self.values

    def text(self, name: str, default: str = "", *, needed: bool = False, empty: bool = False, longest: int = 0) -> str:
        """Return a text; ``null`` counts as absent.

        :param empty: whether an empty one will do where one is *needed*
        """
        value = self.values.get(name)
        if value is None:
            if needed:
                self.refuse(name, _("This is required."))
            return default
        if not isinstance(value, str):
            self.refuse(name, _("This must be a text."))
            return default
        if needed and not empty and not value.strip():
            self.refuse(name, _("This must not be empty."))
        if longest and len(value) > longest:
            self.refuse(name, _("This has at most %(longest)d characters.") % {"longest": longest})
        return value

    def plain(self, name: str) -> None:
        """Refuse the property *name* if it holds a character that deceives whoever reads it."""
        value = self.values.get(name)
        if isinstance(value, str) and (character := first_deceiving(value)):
            self.refuse(name, UNSEEN % {"character": character})

    def flag(self, name: str, default: bool = False) -> bool:
        """Return true or false; ``null`` counts as absent."""
        value = self.values.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.refuse(name, _("This must be true or false."))
            return default
        return value

    def texts(self, name: str) -> list[str]:
        """Return a list of texts; ``null`` counts as absent."""
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self.refuse(name, _("This must be a list of texts."))
            return []
        return value

    def records(self, name: str) -> list[dict[str, Any]]:
        """Return a list of objects; ``null`` counts as absent."""
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self.refuse(name, _("This must be a list of objects."))
            return []
        return value

    def nested(self, name: str) -> Properties:
        """Return the properties of a property; ``null`` counts as absent."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, dict):
            self.refuse(name, _("This must be an object."))
            value = None
        return Properties(value or {}, faults=self.faults, within=f"{self._within}{name}.")

    def unsupported(self, names: Iterable[str], reason: str | Promise) -> None:
        """Refuse those of *names* that hold anything: ``null``, empty texts, lists and objects are what clients send for nothing."""
        for name in names:
            if self.values.get(name) not in (None, "", [], {}):
                self.refuse(name, reason)

    def refuse(self, name: str, message: str | Promise) -> None:
        """Note that the property *name* is wrong; the same fault once, however often the property is read."""
        if (fault := Fault(f"{self._within}{name}", message)) not in self.faults:
            self.faults.append(fault)

    def check_by(self, form: BaseForm, targets: Mapping[str, str]) -> None:
        """Go on only if nothing is wrong, and *form*, which holds what was sent, finds nothing either.

        :param targets: the properties that the form's fields hold
        :raises Invalid: with every fault; of several at one property those noted before
        """
        known = {fault.target for fault in self.faults}
        for field, messages in form.errors.items():
            if (target := targets.get(field, field)) not in known:
                self.refuse(target, " ".join(str(message) for message in messages))
        self.check()

    def check(self) -> None:
        """Go on only if nothing is wrong.

        :raises Invalid: with every fault noted
        """
        if self.faults:
            raise Invalid(*self.faults)


def _content(request: HttpRequest, most: int) -> bytes:
    length = request.META.get("CONTENT_LENGTH") or ""
    refused = request.META.get(BODY_REFUSED)
    if refused == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or length_said(length) > most:
        raise TooLarge(_("The body is larger than %(most)d MiB.") % {"most": most // MIB})
    if refused == HTTPStatus.REQUEST_TIMEOUT:
        raise TooSlow(_("The body took too long. Send the call again."))
    if encoding := request.headers.get("Content-Encoding", ""):
        raise UnsupportedMediaType(_("The body is encoded (%(encoding)s); send it plain.") % {"encoding": encoding})
    try:
        return request.body
    except UnreadablePostError:
        raise NotJson(_("The body ended too early.")) from None


def _reason(error: ValueError | RecursionError) -> str:
    """Return where it went wrong; never what stands there, which may be a password."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, line {error.lineno}, column {error.colno}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else "it holds what can be read neither as text nor as number"


def _no_number(name: str) -> Never:
    raise ValueError(name)  # NaN and Infinity, which Python's reader takes


def _finite(text: str) -> float:
    """Return a number, unless it is so large that it would be stored as Infinity, which no database takes as JSON.

    :raises ValueError: if it is
    """
    if math.isinf(number := float(text)):
        raise ValueError(text)
    return number


def refuse_unstorable(found: dict[str, Any]) -> None:
    """Refuse NUL, half characters and endless numbers, which no database takes, and nesting that no entity has.

    :raises Invalid: naming the property
    """
    waiting: list[tuple[str, Any, int]] = [("", found, 0)]
    while waiting:
        place, value, depth = waiting.pop()
        if depth > _DEEPEST:
            raise Invalid(Fault(place, _("This is nested too deeply.")))
        if isinstance(value, dict):
            waiting += [(_target(place, key), one, depth + 1) for key, one in value.items()]
            waiting += [(_target(place, key), key, depth + 1) for key in value]
        elif isinstance(value, list):
            waiting += [(place, one, depth + 1) for one in value]
        elif isinstance(value, str) and ("\0" in value or not _is_whole(value)):
            raise Invalid(Fault(place.encode(errors="replace").decode(), _("This holds a NUL or half a character.")))
        elif isinstance(value, float) and not math.isfinite(value):
            raise Invalid(Fault(place, _("This holds a number that is too large.")))


def _target(place: str, key: str) -> str:
    """Return the name of a property as faults name it: without the ``properties`` around all of them."""
    return key if place in {"", "properties"} else f"{place}.{key}"


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
